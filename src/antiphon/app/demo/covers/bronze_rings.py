"""Rings of dots, two of them nearly alike: where they drift apart a third pattern appears."""

import numpy as np

from antiphon.app.demo.covers.paint import Picture, canvas, colour, gradient, grained, over, soft


def paint() -> Picture:
    """The cover of the bells and phases album."""
    x, y = canvas()
    radius = np.hypot(x, y)
    picture = gradient(radius, (0.0, "17453f"), (0.7, "0d2c2b"), (1.5, "061514"))
    patina = _patina(x, y)
    picture = picture * (0.86 + 0.28 * patina[..., None])
    for count_shift, turn, tints in (
        (0, 0.0, ("f6d79b", "c8813f")),
        (1, 0.35, ("a8e0cf", "3f8f83")),
    ):
        picture = _dots(picture, x, y, count_shift, turn, tints)
    boss = soft(radius - 0.085)
    shade = gradient(x * 0.6 + y, (-0.09, "ffe9b8"), (0.1, "8d4f22"))
    return grained(over(picture, shade, boss), 0.012, 3)


def _dots(
    picture: Picture, x: Picture, y: Picture, more: int, turn: float, tints: tuple[str, str]
) -> Picture:
    """Eleven rings; ring n has 12 n dots (or one more), so the two sets run against each other."""
    angle, radius = np.arctan2(y, x), np.hypot(x, y)
    ring = np.round((radius - 0.16) / 0.072)
    inside = (ring >= 0) & (ring <= 10)
    middle = 0.16 + 0.072 * ring
    count = 12 + 6 * np.maximum(ring, 0) + more
    place = angle / (2 * np.pi) * count + turn * ring
    along = (place - np.round(place)) * 2 * np.pi * middle / count
    size = 0.0155 + 0.0045 * np.cos(2 * np.pi * np.round(place) / count * 3 + ring)
    distance = np.hypot(along, radius - middle) - size
    light = gradient(
        np.clip((along * -0.5 + (radius - middle)) / 0.02, -1, 1), (-1, tints[0]), (1, tints[1])
    )
    glow = np.exp(-np.maximum(distance, 0) * 110) * 0.16 * inside
    picture = picture + glow[..., None] * colour(tints[0])
    return over(picture, light, soft(distance) * inside * (0.92 if more == 0 else 0.78))


def _patina(x: Picture, y: Picture) -> Picture:
    """Clouds of corrosion: a few turned sines folded into each other."""
    rng = np.random.default_rng(5)
    warp = np.zeros(np.broadcast_shapes(x.shape, y.shape), dtype=np.float32)
    for octave in range(6):
        a, b, c = rng.uniform(0, 2 * np.pi, 3)
        scale = 1.8 * 1.75**octave
        warp += (
            np.sin(scale * (x * np.cos(a) + y * np.sin(a)) + 1.6 * warp + b)
            * np.cos(scale * 0.7 * y + c)
            / 1.6**octave
        )
    return 0.5 + 0.5 * np.tanh(warp)
