"""Painting with arrays: coordinates, colours, soft edges, grain.

Pictures are (height, width, 3) float arrays from 0 to 1.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.floating[Any]]
SIZE = 1200


def canvas() -> tuple[Picture, Picture]:
    """Both coordinates, x and y, of every pixel's centre, from -1 to 1, y downwards."""
    line = ((np.arange(SIZE, dtype=np.float32) + 0.5) / SIZE) * 2 - 1
    return line[None, :], line[:, None]


def colour(code: str) -> Picture:
    """A colour from ``rrggbb``."""
    return np.array([int(code[i : i + 2], 16) / 255 for i in (0, 2, 4)], dtype=np.float32)


def gradient(value: Picture, *stops: tuple[float, str]) -> Picture:
    """Colours through (value, ``rrggbb``) stops, smooth between them."""
    places = [place for place, _ in stops]
    colours = np.stack([colour(code) for _, code in stops])
    flat = np.stack([np.interp(value, places, colours[:, c]) for c in range(3)], axis=-1)
    return np.asarray(flat, dtype=np.float32)


def soft(distance: Picture, edge: Picture | float = 2.0 / SIZE) -> Picture:
    """1 inside (negative distance), 0 outside, one pixel or so of slope between."""
    return np.asarray(np.clip(0.5 - distance / (2 * edge), 0, 1))


def over(below: Picture, above: Picture, cover: Picture) -> Picture:
    """One picture laid over another where ``cover`` is 1."""
    share = cover[..., None]
    return below * (1 - share) + above * share


def grained(picture: Picture, amount: float, seed: int) -> Picture:
    """Film grain, so that smooth skies do not fall into bands."""
    rng = np.random.default_rng(seed)
    grain = rng.standard_normal(picture.shape[:2], dtype=np.float32)[..., None]
    return np.clip(picture + amount * grain, 0, 1)


def hills(seed: int, *, octaves: int = 6, roughness: float = 0.52, first: float = 1.4) -> Picture:
    """A skyline, one value per column: seeded sines of growing number and falling height."""
    rng = np.random.default_rng(seed)
    x = np.linspace(0, 1, SIZE, dtype=np.float32)
    line = np.zeros(SIZE, dtype=np.float32)
    for octave in range(octaves):
        count = first * 2**octave
        line += roughness**octave * np.sin(2 * np.pi * (count * x + rng.random()))
    return line
