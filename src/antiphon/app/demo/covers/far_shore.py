"""Hills at first light and again in the water; a lantern, and its answer across from it."""

import numpy as np

from antiphon.app.demo.covers.paint import (
    SIZE,
    Picture,
    canvas,
    colour,
    gradient,
    grained,
    hills,
    over,
    soft,
)

_LAYERS = (
    (31, 0.34, 0.10, "c9a9b4"),
    (32, 0.26, 0.10, "a9869f"),
    (33, 0.19, 0.09, "7b668f"),
    (34, 0.11, 0.075, "4e4a78"),
    (35, 0.045, 0.05, "2b2f57"),
)
_SHORE = 0.12


def paint() -> Picture:
    """The cover of the compilation."""
    x, y = canvas()
    above = np.clip(_land(x, y), 0, 1)
    picture = over(above, _water(above, x, y), soft(_SHORE - y + 0 * x))
    for place, strength, tint in ((-0.56, 1.0, "ffd58a"), (0.6, 0.5, "ffc48a")):
        picture = picture + _lantern(x, y, place, tint) * strength
    return grained(np.clip(picture, 0, 1), 0.014, 4)


def _land(x: Picture, y: Picture) -> Picture:
    sky = gradient(
        y + 0 * x,
        (-1.0, "3f5b8c"),
        (-0.55, "8f9cc0"),
        (-0.25, "e8c3b5"),
        (0.0, "fbe3c4"),
        (0.15, "fff0d8"),
    )
    sun = np.hypot(x - 0.18, y + 0.2)
    picture = sky + np.exp(-((sun / 0.5) ** 2))[..., None] * colour("ffb27a") * 0.28
    picture = over(
        picture, np.broadcast_to(colour("fffbf2"), picture.shape), soft(sun - 0.115, 0.004)
    )
    for seed, height, swing, tint in _LAYERS:
        line = _SHORE - height - swing * hills(seed)[None, :] * 0.55
        mist = np.clip((y - line) / (height + 0.12), 0, 1)[..., None]
        body = colour(tint) * (1 - 0.35 * mist) + colour("fbe3c4") * 0.35 * mist
        picture = over(picture, body, soft(line - y))
    return picture


def _water(above: Picture, x: Picture, y: Picture) -> Picture:
    """The land upside down, broken by ripples that grow towards the viewer, a little darker."""
    rng = np.random.default_rng(9)
    depth = np.maximum(y - _SHORE, 0)
    ripple = np.zeros(np.broadcast_shapes(x.shape, y.shape), dtype=np.float32)
    for _ in range(7):
        number, drift, phase = rng.uniform(14, 60), rng.uniform(-5, 5), rng.uniform(0, 6.3)
        ripple += np.sin(number * np.log(0.05 + depth) * 3 + drift * x + phase)
    mirrored = _SHORE - depth * 1.12 + ripple * 0.006 * (0.15 + depth)
    sideways = x + ripple * 0.004 * (0.2 + 2 * depth)
    rows = np.clip(((mirrored + 1) / 2 * SIZE).astype(int), 0, SIZE - 1)
    columns = np.clip(((sideways + 1) / 2 * SIZE).astype(int), 0, SIZE - 1)
    dark = np.clip(0.9 - 0.42 * depth, 0, 1)[..., None]
    return np.asarray(above[rows, columns] * dark + colour("3d4478") * (1 - dark))


def _lantern(x: Picture, y: Picture, place: float, tint: str) -> Picture:
    """A point of light on the shore, its halo, and its long broken trail over the water."""
    height = _SHORE - 0.03
    distance = np.hypot(x - place, y - height)
    halo = np.exp(-distance * 16) * 0.75 + np.exp(-((distance / 0.011) ** 2)) * 1.4
    depth = np.maximum(y - _SHORE, 0)
    wave = np.sin(46 * np.log(0.04 + depth) + 9 * np.sin(30 * depth)) * 0.5 + 0.5
    wide = 0.012 + 0.07 * depth
    trail = (
        np.exp(-(((x - place - 0.02 * np.sin(60 * depth)) / wide) ** 2))
        * wave
        * np.exp(-depth * 2.6)
        * (y > _SHORE)
    )
    return np.asarray((halo + 0.8 * trail)[..., None] * colour(tint))
