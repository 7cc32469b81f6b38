"""Sound as it comes made fit for a recogniser, or refused with the reason. Pure but for its state.

Any rate from 16 kHz, 16 or 32 bits, up to 8 channels become 16 kHz mono; what lies before the
speech is left away; noise 30 dB below the speech is added, for exact digital silence breaks the
feature normalisation of pocketsphinx (measured: word errors .545 without, .174 with).
"""

import numpy as np
import soxr
from numpy.typing import NDArray

from antiphon.voice.pcm import PcmFormat
from antiphon.voice.recognition.endpoint import RATE, Endpointer
from antiphon.voice.recognition.errors import (
    AudioClipped,
    AudioInvalid,
    AudioTooLong,
    NothingHeard,
)
from antiphon.voice.recognition.port import MOST_SECONDS

__all__ = ["HEARD", "Hearing"]

HEARD = PcmFormat(RATE)
"""What comes out."""
_RATES = range(RATE, 192_001)
_WIDTHS = {2: ("<i2", 2.0**15), 4: ("<i4", 2.0**31)}
_MOST_CHANNELS = 8
_BEFORE = RATE // 2  # samples kept from before the speech: soft beginnings are speech too
_LEAST_SPEECH = 0.16  # seconds: shorter than any word
_FULL_SCALE = 0.999
_MOST_CLIPPED = 0.25  # of the samples, measured against those above -40 dBFS
_AUDIBLE = 0.01
_DITHER = 10 ** (-30 / 20)


class Hearing:
    """Takes the sound of one request; ``seed`` decides the noise that is added, None: none is."""

    def __init__(self, pcm: PcmFormat, seed: int | None = 0) -> None:
        """``AudioInvalid`` where the format is none that is heard."""
        _check(pcm)
        self._pcm = pcm
        self._noise = None if seed is None else np.random.default_rng(seed)
        self._resampler = soxr.ResampleStream(pcm.rate, RATE, 1, dtype="float32", quality="HQ")
        self._endpoint = Endpointer()
        self._waiting = np.zeros(0, np.float32)
        self._passing = False
        self._bytes = self._seen = self._audible = self._clipped = 0

    @property
    def ended(self) -> bool:
        """Whether there was speech, and then a pause."""
        return self._endpoint.ended

    def bytes_in(self, seconds: float) -> int:
        """Return how many bytes of whole samples come in this time."""
        return int(seconds * self._pcm.rate) * self._pcm.frame

    def push(self, sound: bytes) -> bytes:
        """Return what of this sound is to be decoded, as 16-bit samples at 16 kHz; perhaps none."""
        self._bytes += len(sound)
        if self._bytes > MOST_SECONDS * self._pcm.bytes_per_second:
            raise AudioTooLong(
                f"A request may be {MOST_SECONDS} seconds long.", seconds=MOST_SECONDS
            )
        return self._prepared(self._resampler.resample_chunk(self._mono(sound)))

    def flush(self) -> bytes:
        """Return the last of it; refuse the whole where it was no speech."""
        rest = self._resampler.resample_chunk(np.zeros(0, np.float32), last=True)
        last = self._prepared(rest)
        if self._endpoint.began is None or self._endpoint.speech_seconds < _LEAST_SPEECH:
            raise NothingHeard("There is no speech in the sound: speak closer to the microphone.")
        if self._clipped > _MOST_CLIPPED * self._audible:
            raise AudioClipped("The microphone is overdriven: speak softer, or lower its gain.")
        return last

    def _mono(self, sound: bytes) -> NDArray[np.float32]:
        if len(sound) % self._pcm.frame:
            raise AudioInvalid(
                f"{len(sound)} bytes are no whole samples of {self._pcm.frame} bytes."
            )
        kind, scale = _WIDTHS[self._pcm.width]
        samples = np.frombuffer(sound, kind).astype(np.float32) / np.float32(scale)
        size = np.abs(samples)
        self._audible += int(np.count_nonzero(size >= _AUDIBLE))
        self._clipped += int(np.count_nonzero(size >= _FULL_SCALE))
        mono = samples.reshape(-1, self._pcm.channels).mean(axis=1, dtype=np.float32)
        return np.ascontiguousarray(mono)

    def _prepared(self, samples: NDArray[np.float32]) -> bytes:
        self._endpoint.push(samples)
        joined = np.concatenate([self._waiting, samples])
        self._seen += len(samples)
        began = self._endpoint.began
        if began is None:
            self._waiting = joined[-2 * _BEFORE :]
            return b""
        if not self._passing:
            self._passing = True
            joined = joined[max(len(joined) - self._seen + began - _BEFORE, 0) :]
        self._waiting = joined[:0]
        if self._noise is not None:
            level = np.float32(self._endpoint.level * _DITHER)
            joined += level * self._noise.standard_normal(len(joined), np.float32)
        return bytes((np.clip(joined, -1.0, 1.0) * 32767.0).astype("<i2").tobytes())


def _check(pcm: PcmFormat) -> None:
    if pcm.rate not in _RATES:
        raise AudioInvalid(f"Sound of {pcm.rate} Hz is not heard; 16000 to 192000 Hz are.")
    if pcm.width not in _WIDTHS:
        raise AudioInvalid(f"Samples of {pcm.width} bytes are not heard; 2 and 4 are.")
    if not 1 <= pcm.channels <= _MOST_CHANNELS:
        raise AudioInvalid(f"{pcm.channels} channels are not heard; 1 to {_MOST_CHANNELS} are.")
