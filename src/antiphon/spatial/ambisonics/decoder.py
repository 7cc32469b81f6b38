"""From ambisonics to loudspeakers: all-round decoding (BS.2127, section 9.3).

The scene is decoded to virtual loudspeakers all around, each of which is then panned. The virtual
ones are the spherical design of 5200 points of the Recommendation (Graef and Potts, 2011), kept
beside this file as azimuth and polar angle in radians.
"""

from collections.abc import Sequence
from functools import lru_cache
from importlib.resources import files

import numpy as np

from antiphon.spatial.ambisonics.harmonics import harmonics, norm
from antiphon.spatial.errors import SceneInvalid
from antiphon.spatial.geometry import Vector
from antiphon.spatial.layouts import Layout
from antiphon.spatial.panning.point_source import PointSourcePanner

__all__ = ["decoder"]

_DESIGN = "design_5200.npy"


def decoder(
    layout: Layout, orders: Sequence[int], degrees: Sequence[int], normalization: str
) -> Vector:
    """Return the decoding matrix (channels, components); LFE channels stay silent.

    Its mean power over all directions is 1.
    """
    for order, degree in zip(orders, degrees, strict=True):
        if not 0 <= abs(degree) <= order:
            raise SceneInvalid(f"There is no harmonic of order {order} and degree {degree}.")
    points = _virtual_loudspeakers()
    field = harmonics(points, orders, degrees, "N3D")
    matrix = _panned(layout.without_lfe).T @ field.T
    matrix /= np.sqrt(np.mean(np.sum((matrix @ field) ** 2, axis=0)))
    pairs = list(zip(orders, degrees, strict=True))
    matrix *= [norm(n, m, "N3D") / norm(n, m, normalization) for n, m in pairs]
    whole = np.zeros((len(layout.labels), len(pairs)))
    whole[~layout.is_lfe] = matrix
    return whole


@lru_cache(maxsize=1)
def _virtual_loudspeakers() -> Vector:
    with (files(__package__) / _DESIGN).open("rb") as file:
        around, down = np.load(file, allow_pickle=False).T
    flat = np.sin(down)
    return np.stack((flat * np.cos(around), flat * np.sin(around), np.cos(down)), axis=1)


@lru_cache(maxsize=16)
def _panned(layout: Layout) -> Vector:
    return PointSourcePanner(layout).pan(_virtual_loudspeakers())
