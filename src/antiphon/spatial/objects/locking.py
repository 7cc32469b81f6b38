"""Channel lock: an object moves into the nearest loudspeaker (BS.2127, section 7.3.5)."""

import numpy as np
from numpy.typing import NDArray

from antiphon.spatial.geometry import Point, Vector
from antiphon.spatial.layouts import Layout
from antiphon.spatial.scene import ChannelLock

__all__ = ["CUBE_WEIGHTS", "Locking"]

_SLACK = 1e-5
CUBE_WEIGHTS = (1.0 / 16.0, 4.0, 32.0)  # of x, y and z in the cube


class Locking:
    """Locks points to loudspeakers at ``positions`` (channels, 3).

    Of loudspeakers equally near, the one of lowest |elevation| wins, then of lower elevation, then
    of lower |azimuth|, then of lower azimuth.
    """

    def __init__(
        self, layout: Layout, positions: Vector, weights: tuple[float, float, float]
    ) -> None:
        azimuths = np.array([speaker.azimuth for speaker in layout.loudspeakers])
        elevations = np.array([speaker.elevation for speaker in layout.loudspeakers])
        order = np.lexsort((azimuths, abs(azimuths), elevations, abs(elevations)))
        self._rank = np.argsort(order)
        self._positions = positions
        self._weights = np.array(weights)

    def locked(
        self, point: Point, lock: ChannelLock, excluded: NDArray[np.bool_] | None = None
    ) -> Point:
        """Return the place of the nearest loudspeaker in reach, or the point itself."""
        away = self._positions - np.array(point)
        reachable = np.ones(len(away), bool) if excluded is None else ~excluded
        if lock.max_distance is not None:
            reachable &= np.linalg.norm(away, axis=1) < lock.max_distance + _SLACK
        if not reachable.any():
            return point
        weighted = np.where(reachable, np.sqrt((self._weights * away**2).sum(axis=1)), np.inf)
        nearest = np.flatnonzero(weighted < weighted.min() + _SLACK)
        chosen = self._positions[nearest[np.argmin(self._rank[nearest])]]
        return float(chosen[0]), float(chosen[1]), float(chosen[2])
