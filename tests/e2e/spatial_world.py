"""Songs with a third-order field beside their stereo, as a server grants them."""

import io
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from antiphon.spatial.ambisonics.third_order import COMPONENTS

from .seam_world import WEB, World, bundled

RATE = 48_000
RUNG = "3oa"
SCENE = "/v1/spatial/songs/a/scene"
_BITS = 512_000
_FRAME = 960


@dataclass(frozen=True)
class Field:
    """A packaged field: its init section and its segments, with the samples of each."""

    init: bytes
    segments: tuple[tuple[int, bytes], ...]
    samples: int

    def entry(self, base: str, gain_db: float) -> dict[str, Any]:
        """Return the rendition as a grant has it."""
        return {
            "kind": "ambisonics",
            "rung": RUNG,
            "codecs": "opus",
            "mime": 'audio/mp4; codecs="opus"',
            "bandwidth": _BITS,
            "averageBandwidth": _BITS,
            "sampleRate": RATE,
            "bitDepth": 0,
            "channels": COMPONENTS,
            "lossless": False,
            "playlistUrl": "",
            "baseUrl": base,
            "init": "init.mp4",
            "priming": 0,
            "cueShift": 0,
            "samples": self.samples,
            "segments": [[samples, len(data)] for samples, data in self.segments],
            "kid": None,
            "gainDb": gain_db,
        }

    def file(self, name: str) -> bytes:
        """Return the init section, or a segment by its number."""
        return self.init if name == "init.mp4" else self.segments[int(name.removesuffix(".m4s"))][1]


def packaged(sound: NDArray[np.float32]) -> Field:
    """Return a field (samples, 16) at 48 kHz, ACN/SN3D, as Opus in fragments of a second."""
    out = io.BytesIO()
    flags = "frag_keyframe+empty_moov+default_base_moof+delay_moov"
    with av.open(
        out, "w", format="mp4", options={"movflags": flags, "frag_duration": "1000000"}
    ) as c:
        stream: Any = c.add_stream("libopus", rate=RATE, options={"mapping_family": "2"})
        stream.bit_rate = _BITS
        stream.codec_context.layout = f"{COMPONENTS} channels"
        stream.codec_context.format = "flt"
        for at in range(0, len(sound), _FRAME):
            packed = np.ascontiguousarray(sound[at : at + _FRAME], "<f4").reshape(1, -1)
            frame = av.AudioFrame.from_ndarray(packed, "flt", stream.codec_context.layout)
            frame.sample_rate, frame.pts = RATE, at
            c.mux(stream.encode(frame))
        c.mux(stream.encode(None))
    return _cut(out.getvalue(), len(sound))


def _cut(data: bytes, samples: int) -> Field:
    parts = dict[str, bytes]()
    segments: list[tuple[int, bytes]] = []
    for kind, box in _boxes(data):
        if kind in {"ftyp", "moov", "moof"}:
            parts[kind] = box
        elif kind == "mdat":
            left = samples - sum(n for n, _ in segments)
            segments.append((min(RATE, left), parts["moof"] + box))
    return Field(parts["ftyp"] + parts["moov"], tuple(s for s in segments if s[0] > 0), samples)


def _boxes(data: bytes) -> Iterator[tuple[str, bytes]]:
    at = 0
    while at < len(data):
        (size,) = struct.unpack_from(">I", data, at)
        yield data[at + 4 : at + 8].decode("latin-1"), data[at : at + size]
        at += size


@dataclass
class SpatialWorld(World):
    """A world in which some songs have a field, at this gain."""

    fields: dict[str, Field] = field(default_factory=dict)
    gain_db: float = 0.0
    filters: bytes = b""
    asked: list[str] = field(default_factory=list)

    def grant(self, song: str) -> dict[str, Any]:
        made = super().grant(song)
        if song in self.fields:
            base = f"/hls/{self.token}/{song}/{RUNG}/"
            entry = self.fields[song].entry(base, self.gain_db)
            made["spatial"] = {"renditions": [entry], "scene": SCENE}
        return made

    def media(self, token: str, song: str, rung: str, name: str) -> tuple[int, bytes]:
        if rung != RUNG:
            return super().media(token, song, rung, name)
        self.requests.append(f"{song}/{rung}/{name}")
        return 200, self.fields[song].file(name)

    def pages(self) -> dict[str, tuple[str, bytes]]:
        """Return what a page needs besides: the worklets and the head's filters."""
        made = {
            "/worklet.js": ("text/javascript", bundled("src/spatial/worklet.ts")),
            "/ears.js": ("text/javascript", (WEB / "tests/ears.js").read_bytes()),
        }
        return made | (
            {"/filters": ("application/octet-stream", self.filters)} if self.filters else {}
        )


def to_the_sides() -> bytes:
    """Return filters of a crude head: a cardioid at each ear."""
    taps = np.zeros((2, COMPONENTS, 64), "<f4")
    taps[:, 0, 0] = 0.5
    taps[:, 1, 0] = (0.5, -0.5)
    return taps.tobytes()
