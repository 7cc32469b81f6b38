"""Writing songs as tagged FLAC files, lyrics as .lrc, covers as JPEG."""

import io
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import numpy as np
from mutagen import id3
from mutagen.flac import FLAC, Picture
from numpy.typing import NDArray
from PIL import Image

from antiphon.app.demo.albums import Album, Immersive, Song
from antiphon.app.demo.covers.paint import SIZE
from antiphon.app.demo.covers.paint import Picture as Pixels
from antiphon.spatial import Bw64Writer, PcmFormat, adm_chunks

_FRAME = 4096
_FRONT_COVER = 3
_UTF8 = 3  # of ID3v2.4
_BLOCK = 1 << 18


@dataclass(frozen=True, slots=True)
class Audio:
    """Integer samples (samples, 2) and what they mean."""

    samples: NDArray[np.int32]
    rate: int
    bits: int


def jpeg(picture: Pixels) -> bytes:
    """The cover as a JPEG file."""
    pixels = np.rint(np.clip(picture, 0, 1) * 255).astype(np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=90, subsampling=0)
    return buffer.getvalue()


def write_flac(path: Path, audio: Audio) -> None:
    """Encode losslessly; 24-bit samples travel in the upper bits of 32."""
    wide = audio.bits > 16
    packed: NDArray[Any] = audio.samples << 8 if wide else audio.samples.astype(np.int16)
    with av.open(str(path), "w", format="flac") as container:
        stream = container.add_stream("flac", rate=audio.rate)
        stream.layout = "stereo"
        stream.format = "s32" if wide else "s16"
        for start in range(0, len(packed), _FRAME):
            block = np.ascontiguousarray(packed[start : start + _FRAME].reshape(1, -1))
            frame = av.AudioFrame.from_ndarray(
                block, format="s32" if wide else "s16", layout="stereo"
            )
            frame.sample_rate = audio.rate
            frame.pts = start
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def write_master(path: Path, album: Album, take: Immersive, cover: bytes) -> None:
    """Perform a take in space and write it as BW64 with ADM, 24 bits, tagged by ID3."""
    scene, tracks = take.perform(take.rate)
    loud = np.float32(take.peak / np.abs(tracks).max())
    chunks = {**adm_chunks(scene), "id3 ": _id3(album, take.song, cover)}
    how = PcmFormat(scene.channels, take.rate, 24)
    with path.open("wb") as file, Bw64Writer(file, how, chunks) as writer:
        for start in range(0, len(tracks), _BLOCK):
            writer.write(tracks[start : start + _BLOCK] * loud)


def _id3(album: Album, song: Song, cover: bytes) -> bytes:
    number = album.songs.index(song) + 1
    texts = {
        "TIT2": song.title,
        "TPE1": song.artist,
        "TPE2": album.artist,
        "TALB": album.title,
        "TRCK": f"{number}/{len(album.songs)}",
        "TPOS": "1/1",
        "TDRC": album.date,
        "TCON": "/".join(song.genres),
        "TCOM": song.composer,
        "TPUB": album.label,
    }
    tags: Any = id3.ID3()  # type: ignore[no-untyped-call]  # mutagen is half typed
    for name, text in texts.items():
        tags.add(getattr(id3, name)(encoding=_UTF8, text=[text]))
    tags.add(id3.APIC(encoding=_UTF8, mime="image/jpeg", type=_FRONT_COVER, data=cover))  # type: ignore[no-untyped-call]
    out = io.BytesIO()
    tags.save(out)
    return out.getvalue()


def tag(path: Path, album: Album, song: Song, cover: bytes) -> None:
    """Vorbis comments and the front cover."""
    number = album.songs.index(song) + 1
    fields = {
        "TITLE": song.title,
        "ARTIST": song.artist,
        "ALBUMARTIST": album.artist,
        "ALBUM": album.title,
        "TRACKNUMBER": str(number),
        "TRACKTOTAL": str(len(album.songs)),
        "DISCNUMBER": "1",
        "DISCTOTAL": "1",
        "DATE": album.date,
        "GENRE": list(song.genres),
        "COMPOSER": song.composer,
        "LABEL": album.label,
    }
    if album.compilation:
        fields["COMPILATION"] = "1"
    if song.lyrics is not None:
        fields["LYRICS"] = lrc(song, song.lyrics())
    file: Any = FLAC(path)  # type: ignore[no-untyped-call]  # mutagen is half typed
    file.delete()
    for name, value in fields.items():
        file[name] = value
    file.add_picture(_front(cover))
    file.save()


def _front(cover: bytes) -> Any:
    picture: Any = Picture()  # type: ignore[no-untyped-call]  # the same
    picture.type, picture.mime, picture.data = _FRONT_COVER, "image/jpeg", cover
    picture.width = picture.height = SIZE
    picture.depth = 24
    return picture


def lrc(song: Song, lines: Mapping[float, str]) -> str:
    """Synchronised lyrics in the LRC form, hundredths of a second."""
    head = [f"[ti:{song.title}]", f"[ar:{song.artist}]"]
    return (
        "\n".join(
            [*head, *(f"[{_stamp(second)}]{words}" for second, words in sorted(lines.items()))]
        )
        + "\n"
    )


def _stamp(second: float) -> str:
    minutes, rest = divmod(round(second * 100), 6000)
    return f"{minutes:02d}:{rest // 100:02d}.{rest % 100:02d}"
