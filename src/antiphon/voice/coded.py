"""Sound as clients record it (WebM, Ogg, MP4, WAV ...), as samples that a recogniser takes."""

import io
from typing import Final

import av

from antiphon.voice.pcm import PcmFormat
from antiphon.voice.recognition import AudioInvalid, AudioTooLong

HEARD_AS: Final = PcmFormat(16_000)
_MOST_SECONDS: Final = 30


def samples_of(coded: bytes) -> bytes:
    """Return the sound of a recording as ``HEARD_AS``; ``AudioInvalid`` where it is none.

    ``AudioTooLong`` beyond 30 seconds, however little it is coded in.
    """
    if not coded:
        raise AudioInvalid("There is no sound in this request.")
    resampler = av.AudioResampler("s16", "mono", HEARD_AS.rate)
    pcm = bytearray()
    try:
        with av.open(io.BytesIO(coded), format=None, mode="r") as recording:
            if not recording.streams.audio:
                raise AudioInvalid("There is no sound in this recording.")
            for frame in recording.decode(recording.streams.audio[0]):
                for part in resampler.resample(frame):
                    pcm += bytes(part.planes[0])[: part.samples * HEARD_AS.frame]
                if len(pcm) > _MOST_SECONDS * HEARD_AS.bytes_per_second:
                    raise AudioTooLong(f"A request has at most {_MOST_SECONDS} seconds of sound.")
            for part in resampler.resample(None):
                pcm += bytes(part.planes[0])[: part.samples * HEARD_AS.frame]
    except av.FFmpegError as fault:
        raise AudioInvalid(
            "This is no recording that can be read: send WAV, WebM or Ogg."
        ) from fault
    return bytes(pcm)
