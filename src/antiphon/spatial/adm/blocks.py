"""From audioBlockFormat elements to the scene's blocks (BS.2076, 5.4)."""

from collections.abc import Callable
from fractions import Fraction
from typing import Final

from antiphon.spatial.adm.model import Block, Coefficient, HoaBlock, MatrixBlock, PackType
from antiphon.spatial.adm.times import read_time
from antiphon.spatial.adm.values import flag, gain, gain_of, number, number_in
from antiphon.spatial.adm.xml import Node
from antiphon.spatial.errors import MasterUnreadable
from antiphon.spatial.scene import (
    Bound,
    CartesianDivergence,
    CartesianPosition,
    CartesianZone,
    ChannelLock,
    Divergence,
    ObjectBlock,
    PolarDivergence,
    PolarPosition,
    PolarZone,
    Position,
    ScreenEdge,
    SpeakerBlock,
    SpeakerPosition,
    Zone,
)

_POLAR = ("azimuth", "elevation", "distance")
_CARTESIAN = ("X", "Y", "Z")
_BOUNDS = ("value", "min", "max")
_RANGES = {"azimuth": (-180.0, 180.0), "elevation": (-90.0, 90.0), "distance": (0.0, 1e6)}
_LABEL_PREFIX = "URN:ITU:BS:2051:"


def read_block(kind: PackType, node: Node) -> Block:
    """Return the block's value; raise ``MasterUnreadable`` with its id."""
    try:
        return _READERS[kind](node)
    except MasterUnreadable as fault:
        name = node.attributes.get("audioBlockFormatID", "audioBlockFormat")
        raise MasterUnreadable(f"{name[:40]}: {fault.detail.removeprefix('axml: ')}") from fault


def _times(node: Node) -> tuple[Fraction, Fraction | None]:
    start, duration = node.attributes.get("rtime"), node.attributes.get("duration")
    began = read_time(start) if start else Fraction(0)
    return began, None if duration is None else began + read_time(duration)


def _object_block(node: Node) -> ObjectBlock:
    start, end = _times(node)
    cartesian = flag(node.text_of("cartesian"))
    jump = next(node.every("jumpPosition"), None)
    length = None if jump is None else jump.attributes.get("interpolationLength")
    interpolation = None if length is None else Fraction(str(number_in(length, "time", 0, 1e6)))
    return ObjectBlock(
        start=start,
        end=end,
        position=_position(node, cartesian=cartesian),
        cartesian=cartesian,
        width=_size(node, "width"),
        height=_size(node, "height"),
        depth=_size(node, "depth"),
        gain=gain_of(node),
        diffuse=number_in(node.text_of("diffuse") or "0", "diffuse", 0, 1),
        channel_lock=_channel_lock(node),
        divergence=_divergence(node, cartesian=cartesian),
        zones=tuple(_zone(z) for outer in node.every("zoneExclusion") for z in outer.every("zone")),
        jump=jump is not None and flag(jump.text),
        interpolation=interpolation,
        screen_ref=flag(node.text_of("screenRef")),
        importance=int(number_in(node.text_of("importance") or "10", "importance", 0, 10)),
    )


def _size(node: Node, name: str) -> float:
    return number_in(node.text_of(name) or "0", name, 0, 360)


def _coordinates(node: Node) -> tuple[bool, dict[str, dict[str, str]], ScreenEdge]:
    """Return whether they are Cartesian, the texts by coordinate and bound, and the locks."""
    found: dict[str, dict[str, str]] = {}
    edges: dict[str, str] = {}
    for child in node.every("position"):
        name = child.attributes.get("coordinate", "")
        name = name.upper() if name.upper() in _CARTESIAN else name.lower()
        bound = child.attributes.get("bound", "value")
        if bound not in _BOUNDS:
            raise MasterUnreadable(f"a position is bound by {bound[:20]!r}: min and max are known.")
        found.setdefault(name, {})[bound] = child.text.strip()
        if edge := child.attributes.get("screenEdgeLock"):
            edges[edge] = name
    cartesian = any(name in _CARTESIAN for name in found)
    unknown = set(found) - set(_CARTESIAN if cartesian else _POLAR)
    if unknown:
        raise MasterUnreadable("the position mixes coordinates, or has one that is unknown.")
    horizontal = next((edge for edge in edges if edge in {"left", "right"}), None)
    vertical = next((edge for edge in edges if edge in {"top", "bottom"}), None)
    return cartesian, found, ScreenEdge(horizontal, vertical)


def _position(node: Node, *, cartesian: bool) -> Position:
    written, found, edge = _coordinates(node)
    first, second, third = _CARTESIAN if written else _POLAR
    if "value" not in found.get(first, {}) or "value" not in found.get(second, {}):
        raise MasterUnreadable(f"the position has no {first} or no {second}.")
    a, b = (_coordinate(name, found[name]["value"]) for name in (first, second))
    c = _coordinate(third, found.get(third, {}).get("value", "0" if written else "1"))
    if not found and cartesian:
        raise MasterUnreadable("the position is missing.")
    return CartesianPosition(a, b, c, edge) if written else PolarPosition(a, b, c, edge)


def _coordinate(name: str, text: str) -> float:
    if name in _RANGES:
        return number_in(text, name, *_RANGES[name])
    return number(text, name)


def _channel_lock(node: Node) -> ChannelLock | None:
    found = next(node.every("channelLock"), None)
    if found is None or not flag(found.text):
        return None
    distance = found.attributes.get("maxDistance")
    return ChannelLock(None if distance is None else number_in(distance, "maxDistance", 0, 1e6))


def _divergence(node: Node, *, cartesian: bool) -> Divergence | None:
    found = next(node.every("objectDivergence"), None)
    if found is None:
        return None
    value = number_in(found.text.strip() or "0", "objectDivergence", 0, 1)
    if cartesian:
        told = found.attributes.get("positionRange")
        return CartesianDivergence(value, None if told is None else number(told, "positionRange"))
    told = found.attributes.get("azimuthRange", "45")
    return PolarDivergence(value, number_in(told, "azimuthRange", 0, 180))


def _zone(node: Node) -> Zone:
    told = node.attributes
    if "minX" in told:
        box = ("minX", "maxX", "minY", "maxY", "minZ", "maxZ")
        return CartesianZone(*(number(told.get(name, ""), name) for name in box))
    sector = ("minAzimuth", "maxAzimuth", "minElevation", "maxElevation")
    return PolarZone(*(number(told.get(name, ""), name) for name in sector))


def _speaker_block(node: Node) -> SpeakerBlock:
    start, end = _times(node)
    cartesian, found, edge = _coordinates(node)
    names = _CARTESIAN if cartesian else _POLAR
    first, second, third = (_bound(name, found.get(name, {})) for name in names)
    return SpeakerBlock(
        start=start,
        end=end,
        position=SpeakerPosition(cartesian, first, second, third, edge),
        labels=tuple(_label(text) for text in node.texts("speakerLabel")),
        gain=gain_of(node),
        importance=int(number_in(node.text_of("importance") or "10", "importance", 0, 10)),
    )


def _label(text: str) -> str:
    return text.rpartition(":")[2] if text.upper().startswith(_LABEL_PREFIX) else text


def _bound(name: str, told: dict[str, str]) -> Bound:
    value = told.get("value", "1" if name == "distance" else "0")
    low, high = told.get("min"), told.get("max")
    return Bound(
        _coordinate(name, value),
        None if low is None else _coordinate(name, low),
        None if high is None else _coordinate(name, high),
    )


def _hoa_block(node: Node) -> HoaBlock:
    start, end = _times(node)
    order = int(number_in(node.text_of("order") or "", "order", 0, 50))
    degree = int(number_in(node.text_of("degree") or "", "degree", -order, order))
    distance, screen = node.text_of("nfcRefDist"), node.text_of("screenRef")
    return HoaBlock(
        start,
        end,
        order,
        degree,
        normalization=node.text_of("normalization"),
        nfc_distance=None if distance is None else number_in(distance, "nfcRefDist", 0, 1e6),
        screen_ref=None if screen is None else flag(screen),
        gain=gain_of(node),
    )


def _matrix_block(node: Node) -> MatrixBlock:
    terms = [term for outer in node.every("matrix") for term in outer.every("coefficient")]
    output = node.text_of("outputChannelFormatIDRef") or node.text_of("outputChannelIDRef")
    return MatrixBlock(output.upper() if output else None, tuple(_term(term) for term in terms))


def _term(node: Node) -> Coefficient:
    told = node.attributes
    return Coefficient(
        node.text.strip().upper(),
        gain(told.get("gain", "1"), told.get("gainUnit")),
        number_in(told.get("delay", "0"), "delay", 0, 10_000),
        variable=bool({"gainVar", "phaseVar", "delayVar", "phase"} & set(told)),
    )


def _binaural_block(node: Node) -> SpeakerBlock:
    start, end = _times(node)
    nowhere = SpeakerPosition(False, Bound(0.0), Bound(0.0), Bound(1.0))
    return SpeakerBlock(start, end, nowhere, gain=gain_of(node))


_READERS: Final[dict[PackType, Callable[[Node], Block]]] = {
    PackType.OBJECTS: _object_block,
    PackType.DIRECT_SPEAKERS: _speaker_block,
    PackType.HOA: _hoa_block,
    PackType.MATRIX: _matrix_block,
    PackType.BINAURAL: _binaural_block,
}
