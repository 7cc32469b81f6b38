"""Reading heads that were measured: SOFA files (AES69), convention SimpleFreeFieldHRIR."""

from pathlib import Path

import h5py
import numpy as np

from antiphon.spatial.errors import MasterUnreadable
from antiphon.spatial.geometry import Vector, directions
from antiphon.spatial.headphones.hrtf import Hrtf

__all__ = ["read_sofa"]

_MAX_DIRECTIONS = 50_000
_MAX_TAPS = 16_384


def read_sofa(path: Path) -> Hrtf:
    """Return the head that a file holds; raise ``MasterUnreadable`` where it holds none."""
    try:
        with h5py.File(path, "r") as file:
            return _read(file, path.stem)
    except (OSError, KeyError, ValueError, IndexError, TypeError) as fault:
        raise MasterUnreadable(f"{path.name} is no SOFA file with responses of a head.") from fault


def _read(file: h5py.File, name: str) -> Hrtf:
    responses = file["Data.IR"]
    if responses.ndim != 3 or responses.shape[1] != 2:
        raise MasterUnreadable(f"{name}: a head has two ears.")
    if responses.shape[0] > _MAX_DIRECTIONS or responses.shape[2] > _MAX_TAPS:
        raise MasterUnreadable(f"{name}: too many directions, or responses that are too long.")
    rate = int(np.ravel(file["Data.SamplingRate"][()])[0])
    if not 8_000 <= rate <= 384_000:
        raise MasterUnreadable(f"{name}: {rate} Hz is no sampling rate.")
    places = np.asarray(file["SourcePosition"][()], np.float64)
    kind = file["SourcePosition"].attrs.get("Type", b"spherical")
    measured = np.asarray(responses[()], np.float64)
    delayed = _with_delays(measured, np.asarray(file["Data.Delay"][()], np.float64))
    return Hrtf(name, _directions(places, kind), delayed, rate)


def _directions(places: Vector, kind: bytes | str) -> Vector:
    text = kind.decode() if isinstance(kind, bytes) else str(kind)
    if text.lower() != "cartesian":
        return directions(places[:, 0], places[:, 1])
    front, left, up = places.T  # SOFA's axes: x ahead, y left, z up
    points = np.stack((-left, front, up), axis=1)
    return np.asarray(points / np.linalg.norm(points, axis=1, keepdims=True))


def _with_delays(responses: Vector, delays: Vector) -> Vector:
    """Shift responses by the whole samples that the file keeps apart from them."""
    shifts = np.broadcast_to(np.rint(delays).astype(int), responses.shape[:2])
    least = shifts.min()
    if (shifts == least).all():
        return responses
    longest = int((shifts - least).max())
    if longest > _MAX_TAPS:
        raise MasterUnreadable("its delays are longer than any head is wide.")
    shifted = np.zeros((*responses.shape[:2], responses.shape[2] + longest))
    for which in np.ndindex(responses.shape[:2]):
        begin = int(shifts[which] - least)
        shifted[which][begin : begin + responses.shape[2]] = responses[which]
    return shifted
