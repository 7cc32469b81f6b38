"""Rings of gold and of silver cross in the middle: two choirs and the space between them."""

import numpy as np

from antiphon.app.demo.covers.paint import Picture, canvas, colour, gradient, grained

_RINGS = 12.0
_HEIGHT = 0.1


def paint() -> Picture:
    """The cover of the brass, string and keyboard album."""
    x, y = canvas()
    left = np.hypot(x + 1.0, y - _HEIGHT)
    right = left[:, ::-1]
    picture = _nave(x, y)
    gold = _waves(left)
    silver = gold[:, ::-1]
    picture = picture + gold[..., None] * colour("ffa62b") * 1.15
    picture = picture + silver[..., None] * colour("8fb4ff") * 1.0
    picture = picture + np.minimum(gold, silver)[..., None] * colour("fff0c8") * 1.5
    for radius, tint in ((left, "ff9a2e"), (right, "7fa8ff")):
        picture = picture + np.exp(-((radius / 0.10) ** 2))[..., None] * colour(tint) * 1.6
    return grained(np.asarray(1 - np.exp(-1.5 * np.maximum(picture, 0))), 0.012, 1)


def _nave(x: Picture, y: Picture) -> Picture:
    """Night blue, a shaft of light where the two sides are equally far, a floor below."""
    night = gradient(y + 0.3 * x**2, (-1.0, "04061a"), (0.0, "0b1238"), (1.3, "030414"))
    shaft = np.exp(-((x / 0.2) ** 2)) * np.clip(1.05 - np.abs(y - _HEIGHT) * 0.75, 0, 1)
    return np.asarray(night + shaft[..., None] * colour("24408f") * 0.6)


def _waves(radius: Picture) -> Picture:
    """Lines of light that grow thin and faint with distance, as a sound does; each with a glow."""
    turn = _RINGS * radius
    gap = np.abs(turn - np.round(turn)) / _RINGS
    width = 0.0075 * np.exp(-0.5 * radius) + 0.0012
    line = np.exp(-((gap / width) ** 2)) + 0.16 * np.exp(-gap / (5 * width))
    return np.asarray(line * np.exp(-0.85 * radius**1.5) * np.clip(radius * 14 - 0.9, 0, 1))
