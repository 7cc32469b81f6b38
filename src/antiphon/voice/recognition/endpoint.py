"""Where speech begins and ends, by its energy over a noise floor that follows the room. Pure."""

from collections import deque

import numpy as np
from numpy.typing import NDArray

__all__ = ["FRAME", "RATE", "Endpointer"]

RATE = 16_000
FRAME = 320  # samples, 20 ms
_PER_SECOND = RATE // FRAME
_SMOOTH = 3  # frames, so that one quiet frame is not the room
_FLOOR_SECONDS = 2.0  # long enough to hold a gap between words
_OVER_FLOOR = 10 ** (9 / 20)  # amplitude; fluctuations of steady noise stay below 2 dB
_LEAST = 1e-3  # -60 dBFS: below it nothing is speech
_TO_BEGIN = 3  # frames of speech in a row
_TO_END = round(0.7 * _PER_SECOND)  # frames without speech: longer than pauses inside a request


class Endpointer:
    """Follows 16 kHz mono samples (-1..1).

    ``began``: index of the first sample of speech, or None. ``ended``: speech, then 0.7 s without.
    ``level``: rms of the frames of speech so far. ``speech_seconds``: how much there was of it.
    """

    def __init__(self) -> None:
        self.began: int | None = None
        self.ended = False
        self._rest = np.zeros(0, np.float32)
        self._recent: deque[float] = deque(maxlen=_SMOOTH)
        self._floor: deque[float] = deque(maxlen=round(_FLOOR_SECONDS * _PER_SECOND))
        self._frames = self._in_a_row = self._quiet = self._spoken = 0
        self._energy = 0.0

    @property
    def level(self) -> float:
        """Return the rms of speech so far, 0 without any."""
        return float(np.sqrt(self._energy / self._spoken)) if self._spoken else 0.0

    @property
    def speech_seconds(self) -> float:
        """Return how many seconds were speech."""
        return self._spoken / _PER_SECOND

    def push(self, samples: NDArray[np.float32]) -> None:
        """Take the next samples, any number of them: the outcome does not depend on the cuts."""
        joined = np.concatenate([self._rest, samples])
        whole = len(joined) // FRAME * FRAME
        self._rest = joined[whole:]
        frames = joined[:whole].reshape(-1, FRAME).astype(np.float64)
        for energy in np.mean(frames**2, axis=1):
            self._step(float(energy))

    def _step(self, energy: float) -> None:
        level = energy**0.5
        self._recent.append(level)
        self._floor.append(sum(self._recent) / len(self._recent))
        speech = level > max(min(self._floor) * _OVER_FLOOR, _LEAST)
        self._frames += 1
        self._in_a_row = self._in_a_row + 1 if speech else 0
        self._quiet = 0 if speech else self._quiet + 1
        if speech:
            self._spoken += 1
            self._energy += energy
        if self.began is None and self._in_a_row >= _TO_BEGIN:
            self.began = (self._frames - _TO_BEGIN) * FRAME
        if self.began is not None:
            self.ended = self._quiet >= _TO_END
