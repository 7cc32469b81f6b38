"""Decodes a source file into PCM, in bounded chunks, whatever it claims to be.

PCM here is an array of shape (samples, channels): ``int16``, or ``int32`` holding 24 bits at the
top (low byte zero). Lossy sources come out as ``int16``, as FFmpeg decodes them, with the encoder's
delay and padding trimmed. DSD comes out at a quarter of its usual rate, 88.2 kHz, as 24 bits.
"""

import contextlib
import os
import types
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol, Self

import av
import av.error
import numpy as np
import soxr
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream
from av.codec import CodecContext
from av.container import InputContainer
from av.packet import Packet
from numpy.typing import NDArray

from antiphon.audio.model import AccessUnit
from antiphon.kernel import Corrupt, SampleRateHz

Pcm = NDArray[Any]
"""int16 or int32, (samples, channels)."""

CHUNK_SAMPLES = 65536

# Playlists and scripts that lead elsewhere are not audio files: only these demuxers may look.
_FORMATS = (
    "flac,mov,mp4,m4a,3gp,3g2,mj2,mp3,ogg,wav,w64,aiff,wv,ape,dsf,iff,aac,caf,tta,"
    "mpc,mpc8,tak,asf,matroska,webm"
)
_OPTIONS = {
    "protocol_whitelist": "file",
    "format_whitelist": _FORMATS,
    "max_size": "32768",  # of a packet of PCM: fewer, larger frames
    # Opening 16-bit WAV searches this much for disguised DTS, at 50 ms a megabyte.
    "probesize": "524288",
}
_LOSSY = {"mp3float", "mp3", "aac", "aac_fixed", "vorbis", "libvorbis", "opus", "libopus"} | {
    "mp2float",
    "mp2",
    "ac3",
    "eac3",
    "wmav1",
    "wmav2",
    "wmapro",
    "mpc7",
    "mpc8",
}
_EXACT_LENGTH = {"flac", "alac", "wavpack", "ape", "tta"}
_DSD_PREFIX = "dsd_"
_DSD_RATE = 88200
_MOST_CHANNELS = 64
_MOST_PLANES = 7  # PyAV runs past the plane list of a planar frame with eight channels or more
_MOST_BAD_PACKETS = 20
_COARSEST_TIMESCALE = 600
_DTYPES: dict[str, type] = {
    "u8": np.uint8,
    "s16": np.int16,
    "s32": np.int32,
    "flt": np.float32,
    "dbl": np.float64,
}


@dataclass(frozen=True, slots=True)
class SourceInfo:
    """What the decoder gives: ``bit_depth`` is 16 or 24; ``samples`` is the container's claim."""

    container: str
    codec: str
    sample_rate: SampleRateHz
    channels: int
    bit_depth: int
    samples: int | None


class PcmSource(Protocol):
    """What gives PCM; use as a context manager."""

    @property
    def info(self) -> SourceInfo:
        """Return what it gives."""
        ...

    def chunks(self) -> Iterator[Pcm]:
        """Yield the PCM in order; may be called once."""
        ...

    def __enter__(self) -> Self:
        """Return itself."""
        ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: types.TracebackType | None,
    ) -> None:
        """Close what is open."""
        ...


class SourceCorrupt(Corrupt):
    """The file is not audio that we can decode, or not all of it is there."""

    code = "source_corrupt"


class Source:
    """An open source file. Use as a context manager; ``chunks`` may be called once."""

    def __init__(self, path: str) -> None:
        self._end = 0  # of the packets so far, in the stream's time base
        self._container = _open(path)
        try:
            self._stream = _first_audio(self._container)
            self._frames = self._decoded_frames()
            self._head = self._first_frame()
            self._info = self._describe(self._head)
        except BaseException:
            self._container.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: types.TracebackType | None,
    ) -> None:
        self._container.close()

    @property
    def info(self) -> SourceInfo:
        """Return what the decoder gives."""
        return self._info

    def chunks(self, samples: int = CHUNK_SAMPLES) -> Iterator[Pcm]:
        """Yield the PCM in order, in chunks of at least ``samples`` until the last.

        Raises ``SourceCorrupt`` where the file is damaged, or ends before the length it claims.
        """
        total = 0
        for chunk in _gathered(self._trimmed(self._pcm()), samples):
            total += len(chunk)
            yield chunk
        self._check_length(total)

    def _pcm(self) -> Iterator[Pcm]:
        if self._is_dsd:
            yield from self._from_dsd()
            return
        info = self.info
        for frame in self._all_frames():
            yield to_pcm(_interleaved(frame), info.bit_depth)

    def _from_dsd(self) -> Iterator[Pcm]:
        info = self.info
        first = self._head
        stream = soxr.ResampleStream(
            first.rate, info.sample_rate, info.channels, dtype="float32", quality="VHQ"
        )
        for frame in self._all_frames():
            yield to_pcm(stream.resample_chunk(_interleaved(frame)), info.bit_depth)
        silence = np.zeros((0, info.channels), np.float32)
        yield to_pcm(stream.resample_chunk(silence, last=True), info.bit_depth)

    def _all_frames(self) -> Iterator[AudioFrame]:
        first = self._head
        alike = (first.rate, first.layout.nb_channels, first.format.name)
        yield first
        for frame in self._frames:
            if (frame.rate, frame.layout.nb_channels, frame.format.name) != alike:
                raise SourceCorrupt("The audio changes its rate or channels half way through.")
            yield frame

    def _trimmed(self, chunks: Iterator[Pcm]) -> Iterator[Pcm]:
        """Drop the padding that FFmpeg leaves at the end of AAC in MP4."""
        if self.info.codec != "aac" or "mp4" not in self.info.container:
            yield from chunks
            return
        done = 0
        for chunk in chunks:
            part = chunk[: max(0, self._presented() - done)]
            done += len(part)
            yield part

    def _presented(self) -> int:
        """Return at which sample the packets so far end, to the best that the file tells.

        iTunes writes a tag; FFmpeg shortens the last packet; others only have an edit list, whose
        unit may be as coarse as 1/600 s and is trusted where it says clearly less.
        """
        told = _itunes_samples(self._container.metadata)
        if told is not None:
            return told
        rate = self.info.sample_rate
        packets = round(self._end * (self._stream.time_base or 0) * rate)
        listed = self.info.samples
        clearly_less = listed is not None and packets - listed > rate / _COARSEST_TIMESCALE + 1
        return listed if listed is not None and clearly_less else packets

    @property
    def _is_dsd(self) -> bool:
        return self._stream.codec_context.name.startswith(_DSD_PREFIX)

    def _describe(self, frame: AudioFrame) -> SourceInfo:
        codec = self._stream.codec_context.name
        rate, channels = frame.rate, frame.layout.nb_channels
        if not 1 <= channels <= _MOST_CHANNELS or rate <= 0:
            raise SourceCorrupt(f"{channels} channels at {rate} Hz are not music.")
        claimed = _claimed_samples(self._stream, rate)
        if self._is_dsd:
            claimed = None if claimed is None else claimed * _DSD_RATE // rate
            rate = _DSD_RATE
        return SourceInfo(
            container=self._container.format.name,
            codec=codec,
            sample_rate=SampleRateHz(rate),
            channels=channels,
            bit_depth=_bit_depth(codec, frame.format.packed.name),
            samples=claimed,
        )

    def _first_frame(self) -> AudioFrame:
        frame = next(self._frames, None)
        if frame is None:
            raise SourceCorrupt("There is no audio in the file.")
        return frame

    def _decoded_frames(self) -> Iterator[AudioFrame]:
        """Yield non-empty frames; a lossy stream may lose a few packets, a lossless one none."""
        context = self._stream.codec_context
        context.thread_count = 1
        lossy = context.name in _LOSSY
        bad = 0
        for packet in self._packets():
            try:
                frames = context.decode(packet)
            except av.error.EOFError:
                return
            except av.error.FFmpegError as fault:
                bad += 1
                if not lossy or bad > _MOST_BAD_PACKETS:
                    raise SourceCorrupt(f"The audio is damaged: {_reason(fault)}.") from fault
                continue
            yield from (frame for frame in frames if frame.samples)

    def _packets(self) -> Iterator[Any]:
        try:
            for packet in self._container.demux(self._stream):
                if packet.pts is not None:
                    self._end = max(self._end, packet.pts + (packet.duration or 0))
                yield packet if packet.size else None
        except av.error.FFmpegError as fault:
            raise SourceCorrupt(f"The file cannot be read to its end: {_reason(fault)}.") from fault

    def _check_length(self, total: int) -> None:
        if total == 0:
            raise SourceCorrupt("There is no audio in the file.")
        info = self.info
        exact = info.codec in _EXACT_LENGTH or info.codec.startswith("pcm_")
        if info.container == "caf":  # counts whole packets
            exact = False
        if exact and info.samples is not None and total < info.samples:
            raise SourceCorrupt(
                f"The file is cut short: {total} of {info.samples} samples are there."
            )


class FlacDecoder:
    """Decodes the access units of our own FLAC rung: the mezzanine of all later rungs."""

    def __init__(self, streaminfo: bytes, bit_depth: int) -> None:
        self._context = CodecContext.create("flac", "r")
        self._context.extradata = streaminfo
        self._context.thread_count = 1
        self._bit_depth = bit_depth

    def decode(self, units: Iterable[AccessUnit]) -> Iterator[Pcm]:
        """Yield the PCM of each access unit."""
        try:
            for data, _ in units:
                for frame in self._context.decode(Packet(data)):
                    yield to_pcm(_interleaved(frame), self._bit_depth)
        except av.error.FFmpegError as fault:
            raise Corrupt(f"A FLAC segment in the store is damaged: {_reason(fault)}.") from fault


def open_source(path: str) -> Source:
    """Open a file for decoding; ``SourceCorrupt`` where it holds no audio that we know."""
    return Source(path)


def _open(path: str) -> InputContainer:
    try:
        if os.stat(path).st_size == 0:  # noqa: PTH116 - the path may hold undecodable bytes
            raise SourceCorrupt("The file is empty.")
        with open(path, "rb") as file:  # noqa: PTH123 - same
            name = path if _is_utf8(path) else f"/proc/self/fd/{file.fileno()}"
            return av.open(f"file:{name}", options=_OPTIONS)
    except av.error.FFmpegError as fault:
        raise SourceCorrupt(f"The file is not audio that we know: {_reason(fault)}.") from fault


def _is_utf8(path: str) -> bool:
    """Say whether FFmpeg can be given the name; it takes no undecodable bytes."""
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return True


def _first_audio(container: InputContainer) -> AudioStream:
    if not container.streams.audio:
        raise SourceCorrupt("There is no audio stream in the file.")
    return container.streams.audio[0]


def _claimed_samples(stream: AudioStream, rate: int) -> int | None:
    if stream.duration is None or stream.time_base is None or stream.duration <= 0:
        return None
    return round(stream.duration * stream.time_base * rate)


def _itunes_samples(metadata: dict[str, str]) -> int | None:
    """Return the sample count in an ``iTunSMPB`` tag: priming, padding and length in hex."""
    fields = metadata.get("iTunSMPB", "").split()
    with contextlib.suppress(ValueError, IndexError):
        return int(fields[3], 16) or None
    return None


def _bit_depth(codec: str, packed: str) -> int:
    return 16 if codec in _LOSSY or packed in {"u8", "s16"} else 24


def _gathered(parts: Iterator[Pcm], samples: int) -> Iterator[Pcm]:
    held: list[Pcm] = []
    count = 0
    for part in parts:
        held.append(part)
        count += len(part)
        if count >= samples:
            yield np.concatenate(held)
            held, count = [], 0
    if count:
        yield np.concatenate(held)


def _interleaved(frame: AudioFrame) -> NDArray[Any]:
    """Return the frame's samples as (samples, channels), a copy only where it is planar."""
    channels = frame.layout.nb_channels
    if frame.format.is_planar and channels > _MOST_PLANES:
        (frame,) = AudioResampler(format=frame.format.packed).resample(frame)
    dtype = np.dtype(_DTYPES[frame.format.packed.name])
    if not frame.format.is_planar:
        return _plane(frame, 0, dtype, frame.samples * channels).reshape(-1, channels)
    planes = [_plane(frame, i, dtype, frame.samples) for i in range(channels)]
    return np.stack(planes, axis=1)


def _plane(frame: AudioFrame, index: int, dtype: np.dtype[Any], count: int) -> NDArray[Any]:
    buffer: Any = frame.planes[index]  # has the buffer protocol, which PyAV's stubs do not say
    found: NDArray[Any] = np.frombuffer(buffer, dtype, count)
    return found


def to_pcm(x: NDArray[Any], bit_depth: int) -> Pcm:
    """Return ``x`` as int16, or as int32 rounded to its upper 24 bits; exact where it can be."""
    if x.dtype == np.int16:
        return x
    if x.dtype == np.uint8:
        return (x.astype(np.int16) - 128) << 8
    if x.dtype == np.int32:
        return _to_24(x) if bit_depth == 24 else (x >> 16).astype(np.int16)
    full = 2 ** (bit_depth - 1)
    rounded: NDArray[Any] = np.rint(np.nan_to_num(x) * full).clip(-full, full - 1)
    return rounded.astype(np.int16) if bit_depth == 16 else rounded.astype(np.int32) << 8


def _to_24(x: NDArray[np.int32]) -> NDArray[np.int32]:
    if not np.bitwise_or.reduce(x, axis=None) & 0xFF:
        return x
    most = np.int32(0x7FFFFF00)
    return np.where(x > most - 128, most, (x + np.int32(128)) & ~np.int32(0xFF)).astype(np.int32)


def _reason(fault: av.error.FFmpegError) -> str:
    return (fault.strerror or str(fault)).lower()
