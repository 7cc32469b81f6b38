"""A small world for the engine: songs as the server packages them, and a server with faults."""

import base64
import contextlib
import hashlib
import io
import json
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray
from playwright.sync_api import Page

from antiphon.audio.album import AacRun, RunSong
from antiphon.audio.encryption import Protection
from antiphon.audio.ladder import LosslessPass
from antiphon.audio.model import Rendition, Rung

WEB = Path(__file__).parents[2] / "web"
CODECS = {Rung.FLAC: "flac", Rung.ALAC: "alac"}
CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--autoplay-policy=no-user-gesture-required",
]


@dataclass(frozen=True)
class Key:
    """The key of one rung of one song."""

    kid: bytes
    key: bytes
    iv: bytes


def key_of(song: str, rung: Rung) -> Key:
    """Return a key worked out from names."""
    return Key(*(hashlib.md5(f"{song}/{rung}/{part}".encode()).digest() for part in "kiv"))


@dataclass
class Desk:
    """How the server answers for keys: refusals by song, leases in seconds, failures first."""

    renew_seconds: float = 60.0
    refused: dict[str, tuple[int, str]] = field(default_factory=dict)
    failing: int = 0
    asked: list[tuple[str, str]] = field(default_factory=list)

    def answer(self, method: str, song: str, what: str, body: Any) -> tuple[int, Any]:
        """Return status and JSON; ``what`` is ``licence`` or ``renew``."""
        self.asked.append((what if method == "POST" else "release", song))
        if method == "DELETE":
            return 204, None
        if self.failing > 0:
            self.failing -= 1
            return 503, {"errors": [{"code": "unavailable", "title": "Unavailable"}]}
        if song in self.refused:
            status, code = self.refused[song]
            return status, {"errors": [{"code": code, "title": code, "detail": f"No: {code}."}]}
        if what == "renew":
            return 204, None
        by_kid = {key_of(song, rung).kid: key_of(song, rung).key for rung in Rung}
        kids = [base64.urlsafe_b64decode(kid + "==") for kid in body["kids"]]
        keys = [{"kty": "oct", "kid": _b64(kid), "k": _b64(by_kid[kid])} for kid in kids]
        return 200, {"keys": keys, "type": "temporary"}

    def count(self, what: str) -> int:
        return sum(asked == what for asked, _ in self.asked)


def _b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


@dataclass
class World:
    """What the server serves and how badly."""

    songs: dict[str, dict[Rung, Rendition]] = field(default_factory=dict)
    objects: dict[str, bytes] = field(default_factory=dict)
    loudness: dict[str, dict[str, float | None]] = field(default_factory=dict)
    chosen: str = "flac"
    only: Sequence[str] | None = None
    bytes_per_second: float | None = None
    failing: dict[str, int] = field(default_factory=dict)
    token: str = "t0"
    requests: list[str] = field(default_factory=list)
    events: list[dict[str, Any]] = field(default_factory=list)
    protected: Sequence[str] = ()
    desk: Desk = field(default_factory=Desk)

    def package(self, names: Sequence[str], pcm: Sequence[NDArray[Any]], rate: int) -> None:
        """Package songs that run into each other, as one album; some are ``protected``."""
        flacs = [self._lossless(name, x, rate) for name, x in zip(names, pcm, strict=True)]
        run = AacRun(
            [RunSong(n, f, None, self._protections(n)) for n, f in zip(names, flacs, strict=True)]
        )
        for index, x in enumerate(pcm):
            if index:
                run.song_ended()
            self._store(run.push(x))
        self._store(run.finish())
        for index, rendition in run.taken():
            self.songs[names[index]][rendition.rung] = rendition

    def _lossless(self, name: str, pcm: NDArray[Any], rate: int) -> Rendition:
        depth = 16 if pcm.dtype == np.int16 else 24
        lossless = LosslessPass(
            name,
            rate=rate,
            channels=pcm.shape[1],
            bit_depth=depth,
            protection=self._protections(name).get(Rung.FLAC),
        )
        self._store(lossless.push(pcm))
        objects, flac, _ = lossless.finish()
        self._store(objects)
        self.songs[name] = {Rung.FLAC: flac}
        return flac

    def _protections(self, name: str) -> dict[Rung, Protection]:
        if name not in self.protected:
            return {}
        return {rung: Protection(key_of(name, rung)) for rung in Rung}

    def _store(self, objects: Sequence[Any]) -> None:
        for item in objects:
            self.objects[item.key] = item.data

    def grant(self, song: str) -> dict[str, Any]:
        rungs = self.songs[song]
        flac = rungs[Rung.FLAC]
        offered = [r for r in rungs.values() if self.only is None or r.rung in self.only]
        play = f"grant-{song}-{len(self.requests)}"
        protection = {"scheme": "cbcs", "licenceUrl": f"/v1/me/plays/{play}/licence"}
        return {
            "id": play,
            "protection": protection if song in self.protected else None,
            "songId": song,
            "playlistUrl": "",
            "progressiveUrl": "",
            "expiresAt": "2099-01-01T00:00:00Z",
            "durationInSamples": flac.samples,
            "sampleRate": flac.sample_rate,
            "loudness": self.loudness.get(song),
            "variants": [self._variant(song, r) for r in offered],
            "decision": {"chosen": self.chosen, "reasons": [], "excluded": []},
        }

    def _variant(self, song: str, r: Rendition) -> dict[str, Any]:
        codecs = CODECS.get(r.rung, "mp4a.40.2")
        return {
            "rung": r.rung,
            "codecs": codecs,
            "mime": f'audio/mp4; codecs="{codecs}"',
            "bandwidth": r.peak_bandwidth,
            "averageBandwidth": r.average_bandwidth,
            "sampleRate": r.sample_rate,
            "bitDepth": r.bit_depth,
            "channels": r.channels,
            "lossless": r.rung.is_lossless,
            "playlistUrl": "",
            "baseUrl": f"/hls/{self.token}/{song}/{r.rung}/",
            "init": "init.mp4",
            "priming": r.priming,
            "cueShift": r.cue_shift,
            "samples": r.samples,
            "segments": [[s.samples, s.size] for s in r.segments],
            "kid": r.kid or None,
        }

    def media(self, token: str, song: str, rung: str, name: str) -> tuple[int, bytes]:
        asked = f"{song}/{rung}/{name}"
        self.requests.append(asked)
        if token != self.token:
            return 403, b'{"errors":[{"code":"expired","title":"Expired"}]}'
        if self.failing.get(asked, 0) > 0:
            self.failing[asked] -= 1
            return 503, b'{"errors":[{"code":"unavailable","title":"Unavailable"}]}'
        return 200, self.objects[f"{self.songs[song][Rung(rung)].prefix}/{name}"]


class Handler(BaseHTTPRequestHandler):
    """Serves one world; HTTP/1.1, so that connections stay open as with the real server."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    world: World
    pages: dict[str, tuple[str, bytes]]

    def handle(self) -> None:
        # A page that is closed resets what it had open.
        with contextlib.suppress(ConnectionResetError):
            super().handle()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
        pass

    def do_GET(self) -> None:
        if self.path in self.pages:
            kind, body = self.pages[self.path]
            self._answer(200, body, kind)
        elif self.path.startswith("/hls/"):
            status, body = self.world.media(*self.path.split("/")[2:6])
            self._answer(status, body, "audio/mp4", paced=True)
        else:
            self._answer(404, b"", "text/plain")

    def do_DELETE(self) -> None:
        self._licence(None)

    def _licence(self, body: Any) -> None:
        _, _, _, _, play, *what = self.path.split("/")
        status, answer = self.world.desk.answer(self.command, play.split("-")[1], what[-1], body)
        self._answer(status, b"" if answer is None else json.dumps(answer).encode())

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])) or b"null")
        if "/licence" in self.path:
            self._licence(body)
        elif self.path == "/v1/me/plays":
            self._answer(201, json.dumps(self.world.grant(body["songId"])).encode())
        else:
            self.world.events += body["events"]
            self._answer(202, b"")

    def _answer(
        self, status: int, body: bytes, kind: str = "application/json", *, paced: bool = False
    ) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        renew_at = (time.time() + self.world.desk.renew_seconds) * 1000
        self.send_header("Antiphon-Lease-Renew", f"{renew_at:.0f}")
        self.end_headers()
        try:
            self._write(body, paced=paced)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    def _write(self, body: bytes, *, paced: bool) -> None:
        at = 0
        while paced and self.world.bytes_per_second is not None and at < len(body):
            step = max(1, int(self.world.bytes_per_second / 20))
            self.wfile.write(body[at : at + step])
            at += step
            time.sleep(0.05)
        self.wfile.write(body[at:])


@cache
def bundled(source: str) -> bytes:
    """Bundle a script of the player or of its tests, with all that it imports."""
    command = [
        str(WEB / "node_modules/.bin/esbuild"),
        str(WEB / source),
        "--bundle",
        "--format=esm",
        "--external:shaka-player",
        "--log-level=warning",
    ]
    return subprocess.run(command, check=True, capture_output=True, timeout=60).stdout


@contextmanager
def serving(world: World, more: Mapping[str, tuple[str, bytes]] | None = None) -> Iterator[str]:
    """Serve a world and its test page, and other files by path: their types and bytes."""
    pages = {
        "/": (
            "text/html",
            b"<!doctype html><title>engine</title><script type=module src=/harness.js></script>",
        ),
        "/harness.js": ("text/javascript", bundled("tests/harness.ts")),
        "/recorder.js": ("text/javascript", (WEB / "tests/recorder.js").read_bytes()),
        **(more or {}),
    }
    handler = type("WorldHandler", (Handler,), {"world": world, "pages": pages})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)


def decoded(recording: dict[str, Any]) -> NDArray[np.float32]:
    """Return what was recorded as (samples, 2)."""
    raw = base64.b64decode(recording["pcm"])
    return np.frombuffer(raw, "<f4").reshape(-1, 2)


def decoded_rung(world: World, song: str, rung: Rung) -> NDArray[np.float32]:
    """Return the presented samples of one rung of a song, decoded by FFmpeg: (samples, 2)."""
    rendition = world.songs[song][rung]
    names = ["init.mp4", *(f"{n}.m4s" for n in range(len(rendition.segments)))]
    data = b"".join(world.objects[f"{rendition.prefix}/{name}"] for name in names)
    with av.open(io.BytesIO(data), "r") as container:
        frames = [frame.to_ndarray() for frame in container.decode(audio=0)]
    return np.concatenate(frames, axis=1).T[: rendition.samples]


def sine(samples: int, rate: int, hertz: float = 441.3, level: float = 0.5) -> NDArray[np.int16]:
    """Return a stereo sine, its right channel a quarter period behind."""
    angle = 2 * np.pi * hertz * np.arange(samples) / rate
    both = np.stack([np.sin(angle), np.cos(angle)], axis=1)
    return np.round(both * level * 32767).astype(np.int16)


def heard(recording: NDArray[np.float32], floor: float = 0.01) -> NDArray[np.float32]:
    """Return the recording from the first to the last sound."""
    loud = np.flatnonzero(np.abs(recording).max(axis=1) > floor)
    return recording[loud[0] : loud[-1] + 1] if loud.size else recording[:0]


def longest_silence(recording: NDArray[np.float32], floor: float = 1e-3) -> int:
    """Return the longest run of samples without sound; the quarter period keeps a sine off it."""
    quiet = np.abs(recording).max(axis=1) <= floor
    edges = np.flatnonzero(np.diff(np.concatenate([[0], quiet.astype(np.int8), [0]])))
    return int((edges[1::2] - edges[::2]).max(initial=0))


def phases(recording: NDArray[np.float32], rate: int, hertz: float = 441.3) -> NDArray[np.float64]:
    """Return, per sample, by how many samples the sine is displaced from its mean course.

    The left channel is the sine and the right its cosine: their angle is exact at every sample.
    """
    angle = np.unwrap(np.arctan2(recording[:, 0], recording[:, 1]).astype(np.float64))
    expected = 2 * np.pi * hertz / rate * np.arange(len(angle))
    return (angle - expected) * rate / (2 * np.pi * hertz)


RATE = 44_100
CUT = 3 * RATE + 4_711  # on no boundary of any codec's frames
EDGE = 3 * RATE // 4  # the ends: where the sine begins and ends, AAC rings and settles
WINDOW = RATE // 20  # AAC at 64 kbit/s is noisy: its phase is told from so many samples
HERTZ = 2_999.7  # a sample is a fifteenth of a turn
MOST_DISPLACED = 0.1  # samples
MOST_LOST = 5  # samples, at the ends: less than a turn, so that the phase cannot hide one


@dataclass
class Playing:
    """One page with the engine and what it has sent to the loudspeakers."""

    page: Page
    world: World

    def play(self, *songs: str) -> None:
        self.page.evaluate(
            "ids => h.engine.dispatch({ type: 'play-queue', items: songs(...ids) })", list(songs)
        )

    def until(self, condition: str, seconds: float = 60) -> None:
        self.page.wait_for_function(condition, timeout=seconds * 1000)

    def to_the_end(self, seconds: float = 60) -> NDArray[np.float32]:
        """Wait for the queue's end; return all that was heard."""
        self.until("h.engine.snapshot.status === 'ended'", seconds)
        self.page.wait_for_timeout(300)
        return heard(decoded(self.page.evaluate("h.recorded()")))

    @property
    def stalls(self) -> int:
        return int(self.page.evaluate("h.stalls"))

    @property
    def rungs(self) -> list[str]:
        """The rungs whose segments were asked for, in order, without repeats in a row."""
        asked = [r.split("/")[1] for r in self.world.requests if r.endswith(".m4s")]
        return [r for i, r in enumerate(asked) if i == 0 or asked[i - 1] != r]


def an_album(world: World, *lengths: int) -> None:
    """Package one sine as songs a, b, ... of these many samples."""
    whole = sine(sum(lengths), RATE, HERTZ)
    cuts = np.cumsum(lengths)[:-1]
    world.package("abcdef"[: len(lengths)], np.split(whole, cuts), RATE)


def displaced(sound: NDArray[np.float32]) -> float:
    """Return by how many samples the sine strays at most from one even course."""
    turning = sound[:, 1] + 1j * sound[:, 0]
    turning *= np.exp(-2j * np.pi * HERTZ / RATE * np.arange(len(sound)))
    windows = len(turning) // WINDOW
    course = np.unwrap(np.angle(turning[: windows * WINDOW].reshape(windows, WINDOW).mean(axis=1)))
    course *= RATE / (2 * np.pi * HERTZ)
    return float(np.abs(course - np.median(course)).max())


def expected(world: World) -> int:
    return sum(next(iter(rungs.values())).samples for rungs in world.songs.values())


def assert_seamless(sound: NDArray[np.float32], world: World) -> None:
    assert longest_silence(sound) == 0
    assert displaced(sound[EDGE:-EDGE]) <= MOST_DISPLACED
    assert abs(len(sound) - expected(world)) <= MOST_LOST
