"""The point-source panner (BS.2127, section 6.1): a direction becomes loudspeaker gains."""

import math
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from antiphon.spatial.compiled import compiled
from antiphon.spatial.geometry import Vector, directions
from antiphon.spatial.layouts import Layout, Loudspeaker, bs2051_layout
from antiphon.spatial.panning.hull import facets, neighbours
from antiphon.spatial.panning.regions import RegionList, Regions, find_gains

__all__ = ["PannerTables", "PointSourcePanner", "pan_point"]

_AZIMUTH_SLACK = 1e-5
_LAYERS = ((-30.0, -70.0, -10.0), (30.0, 10.0, 70.0))  # nominal elevation, from, to
_SPREAD = 40.0  # degrees beyond a layer's widest azimuth
_CENTRE_TO_SIDES = math.sqrt(3.0) / 3.0
_REAR_TO_SIDES = math.sqrt(0.5)


class PannerTables(NamedTuple):
    """What the compiled panner reads; ``real`` maps a vertex of the hull to its channel."""

    regions: Regions
    real: NDArray[np.int64]
    channels: int
    is_stereo: bool


class PointSourcePanner:
    """Pans to the loudspeakers of one layout, LFE channels left out.

    Gains have unit energy; 0+2+0 falls to -3 dB behind the listener. The origin has no direction
    and gives NaN.
    """

    def __init__(self, layout: Layout) -> None:
        self.tables = _tables(layout.without_lfe)

    def pan(self, points: ArrayLike) -> Vector:
        """Return gains (..., channels) for points (..., 3)."""
        given = np.asarray(points, np.float64)
        flat = np.ascontiguousarray(given.reshape(-1, 3))
        gains = np.zeros((len(flat), self.tables.channels))
        _pan_all(self.tables, flat, gains)
        return gains.reshape(*given.shape[:-1], self.tables.channels)


@compiled
def pan_point(tables: PannerTables, x: float, y: float, z: float, gains: Vector) -> None:
    """Write the gains (channels,) of one point."""
    gains[:] = 0.0
    if x == 0.0 and y == 0.0 and z == 0.0:
        gains[:] = math.nan
        return
    vertices = np.zeros(len(tables.real))
    if not find_gains(tables.regions, x, y, z, vertices):
        gains[:] = math.nan
        return
    if tables.is_stereo:
        _fold_to_stereo(tables, vertices, gains)
        return
    real = tables.real
    for i in range(len(vertices)):
        gains[real[i]] += vertices[i]
    _normalise(gains)


@compiled
def _pan_all(tables: PannerTables, points: Vector, gains: Vector) -> None:
    for i in range(len(points)):
        pan_point(tables, points[i, 0], points[i, 1], points[i, 2], gains[i])


@compiled
def _normalise(gains: Vector) -> None:
    energy = 0.0
    for i in range(len(gains)):
        energy += gains[i] * gains[i]
    length = math.sqrt(energy)
    for i in range(len(gains)):
        gains[i] /= length


@compiled
def _fold_to_stereo(tables: PannerTables, vertices: Vector, gains: Vector) -> None:
    """Mix gains of 0+5+0, in the order L, R, C, Ls, Rs, into two (section 6.1.2.4)."""
    five = np.zeros(5)
    for i in range(len(vertices)):
        five[tables.real[i]] += vertices[i]
    _normalise(five)
    gains[0] = five[0] + _CENTRE_TO_SIDES * five[2] + _REAR_TO_SIDES * five[3]
    gains[1] = five[1] + _CENTRE_TO_SIDES * five[2] + _REAR_TO_SIDES * five[4]
    _normalise(gains)
    front = max(five[0], five[1], five[2])
    rear = max(five[3], five[4])
    level = 0.5 ** (0.5 * rear / (front + rear))
    gains[0] *= level
    gains[1] *= level


@lru_cache(maxsize=64)
def _tables(layout: Layout) -> PannerTables:
    if layout.name == "0+2+0":
        five = _tables(bs2051_layout("0+5+0").without_lfe)
        return PannerTables(five.regions, five.real, 2, is_stereo=True)
    speakers = [_nominal_screen_speaker(speaker) for speaker in layout.loudspeakers]
    added, real = _with_added(speakers)
    regions = _regions(added, layout.labels)
    return PannerTables(regions, np.array(real), len(speakers), is_stereo=False)


def _nominal_screen_speaker(speaker: Loudspeaker) -> Loudspeaker:
    """Return M+-SC with the nominal azimuth that keeps the order of the front loudspeakers."""
    if not speaker.label.endswith("SC"):
        return speaker
    nominal = math.copysign(45.0 if abs(speaker.azimuth) > 30.0 else 15.0, speaker.azimuth)
    return Loudspeaker(speaker.label, speaker.azimuth, speaker.elevation, nominal, 0.0)


def _with_added(speakers: list[Loudspeaker]) -> tuple[list[Loudspeaker], list[int]]:
    """Return the loudspeakers and those added below and above, and whose channel each one is."""
    added, real = list(speakers), list(range(len(speakers)))
    for nominal, low, high in _LAYERS:
        layer = [s for s in speakers if low <= s.nominal_elevation <= high]
        limit = max(abs(s.nominal_azimuth) for s in layer) + _SPREAD if layer else 0.0
        height = float(np.mean([s.elevation for s in layer])) if layer else nominal
        for channel, speaker in enumerate(speakers):
            is_middle = -10.0 <= speaker.nominal_elevation <= 10.0
            if is_middle and abs(speaker.nominal_azimuth) >= limit - _AZIMUTH_SLACK:
                azimuth = speaker.nominal_azimuth
                added.append(Loudspeaker("", speaker.azimuth, height, azimuth, nominal))
                real.append(channel)
    return added, real


def _regions(speakers: list[Loudspeaker], labels: tuple[str, ...]) -> Regions:
    virtual = [np.array((0.0, 0.0, -1.0))]
    if "T+000" not in labels and "UH+180" not in labels:
        virtual.append(np.array((0.0, 0.0, 1.0)))
    nominal = directions(
        [s.nominal_azimuth for s in speakers], [s.nominal_elevation for s in speakers]
    )
    real = directions([s.azimuth for s in speakers], [s.elevation for s in speakers])
    faces = facets(np.concatenate((nominal, virtual)))
    regions = RegionList(real)
    for vertex, centre in enumerate(virtual, start=len(speakers)):
        regions.add_ring(neighbours(faces, vertex), centre)
    for face in faces:
        if max(face) >= len(speakers):
            continue
        if len(face) == 3:
            regions.add_triplet(face)
        else:
            regions.add_quad(face)
    return regions.flattened()
