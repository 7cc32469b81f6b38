"""What a master is, in words, as data and as a picture."""

import math
from html import escape
from typing import Final

from antiphon.spatial import Bw64File, HoaItem, Item, ObjectItem, PolarPosition, Position, Scene

_WIDTH, _HEIGHT, _LEFT = 960, 260, 56
_COLOURS: Final = ("#8f5902", "#3a52b5", "#2f7d5b", "#a4343a", "#6d4aa0", "#1e7f8c", "#8a6d00")


def described(master: Bw64File, scene: Scene) -> dict[str, object]:
    """Return what a master is, for people and programs; times in seconds."""
    form = master.format
    return {
        "kind": scene.kind.value,
        "programme": scene.programme,
        "channels": form.channels,
        "sampleRate": form.sample_rate,
        "bits": form.bits,
        "seconds": round(master.frames / form.sample_rate, 3),
        "items": [_item(item) for item in scene.items],
        "repairs": list(scene.repairs),
    }


def _item(item: Item) -> dict[str, object]:
    times = {"start": float(item.start), "end": None if item.end is None else float(item.end)}
    if isinstance(item, HoaItem):
        return {"name": item.name, "type": "ambisonics", "order": max(item.orders), **times}
    told: dict[str, object] = {"name": item.name, "type": "object", "blocks": len(item.blocks)}
    if not isinstance(item, ObjectItem):
        labels = [label for block in item.blocks for label in block.labels]
        told |= {"type": "loudspeaker", "label": labels[0] if labels else None}
    return told | {"headphones": item.headphone, **times}


def plotted(scene: Scene, seconds: float) -> str:
    """Return an SVG of the objects over time: azimuth above, elevation below, in degrees."""
    objects = [item for item in scene.items if isinstance(item, ObjectItem)]
    upper = _axes("azimuth", 180, 20)
    lower = _axes("elevation", 90, 40 + _HEIGHT)
    lines, names = [], []
    for number, item in enumerate(objects):
        colour = _COLOURS[number % len(_COLOURS)]
        azimuths, elevations = _paths(item, max(seconds, 1e-9))
        lines += [_line(azimuths, colour, 180, 20), _line(elevations, colour, 90, 40 + _HEIGHT)]
        x, y = _LEFT + number % 6 * 150, 80 + 2 * _HEIGHT + number // 6 * 18
        names.append(f'<text x="{x}" y="{y}" fill="{colour}">{escape(item.name[:22])}</text>')
    height = 100 + 2 * _HEIGHT + (len(objects) // 6 + 1) * 18
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{height}" '
        f'font-family="sans-serif" font-size="12"><rect width="100%" height="100%" fill="#fff"/>'
        f"{upper}{lower}{''.join(lines)}{''.join(names)}</svg>\n"
    )


def _paths(item: ObjectItem, seconds: float) -> tuple[list[str], list[str]]:
    azimuths, elevations = [], []
    for block in item.blocks:
        azimuth, elevation = _direction(block.position)
        end = seconds if block.end is None else min(float(block.end), seconds)
        for moment in (float(block.start), end):
            x = _LEFT + moment / seconds * (_WIDTH - _LEFT - 20)
            azimuths.append(f"{x:.1f},{azimuth:.1f}")
            elevations.append(f"{x:.1f},{elevation:.1f}")
    return azimuths, elevations


def _direction(at: Position) -> tuple[float, float]:
    if isinstance(at, PolarPosition):
        return at.azimuth, at.elevation
    flat = math.hypot(at.x, at.y)
    return -math.degrees(math.atan2(at.x, at.y)), math.degrees(math.atan2(at.z, flat))


def _line(points: list[str], colour: str, most: int, top: int) -> str:
    placed = []
    for point in points:
        x, _, value = point.partition(",")
        placed.append(f"{x},{top + (most - float(value)) / (2 * most) * _HEIGHT:.1f}")
    return (
        f'<polyline points="{" ".join(placed)}" fill="none" stroke="{colour}" stroke-width="1.5"/>'
    )


def _axes(name: str, most: int, top: int) -> str:
    rows = []
    for value in (most, most // 2, 0, -most // 2, -most):
        y = top + (most - value) / (2 * most) * _HEIGHT
        rows.append(f'<line x1="{_LEFT}" y1="{y}" x2="{_WIDTH - 20}" y2="{y}" stroke="#ddd"/>')
        rows.append(f'<text x="{_LEFT - 8}" y="{y + 4}" text-anchor="end">{value}</text>')
    return "".join(rows) + f'<text x="{_LEFT}" y="{top - 6}">{name}</text>'
