"""What the streaming benchmarks share: a furnished data folder, servers, load, CPU accounting."""

import asyncio
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from base64 import urlsafe_b64encode
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import msgspec
import psutil

from antiphon.app.devices import KnownDevices
from antiphon.audio import (
    STEREO_RUNGS,
    AudioJobs,
    Loudness,
    PackageStore,
    PackageWriter,
    Progress,
    Rendition,
    Rung,
    Segment,
)
from antiphon.catalog import (
    AlbumFacts,
    Catalog,
    CatalogWriter,
    Master,
    Song,
    SongEntry,
    SourceFormat,
    album_id,
    credit,
    open_search,
    recording_id,
    song_id,
)
from antiphon.eventlog import Outbox, open_eventlog
from antiphon.identity import Identity, NewAccount, SignInDevice
from antiphon.kernel import (
    BitsPerSecond,
    DurationMs,
    HouseholdId,
    Lufs,
    SampleCount,
    SampleRateHz,
    SystemClock,
    TruePeakDb,
    UnixMs,
    random_id,
)
from antiphon.rights import KeyVault, Licences, Rights, open_key_encryption
from antiphon.storage import open_cache, open_objects, open_tables
from antiphon.streaming import HotRoutes, StreamingService

RATE = 44_100
SEGMENT_SAMPLES = 65 * 4096
KBPS = {Rung.AAC_64: 64, Rung.AAC_128: 128, Rung.AAC_256: 256, Rung.FLAC: 870, Rung.ALAC: 890}
SECRET = b"a benchmark's secret of 32 bytes"
_FOLDER = "ANTIPHON_BENCH_FOLDER"
_CACHE = "ANTIPHON_BENCH_CACHE_BYTES"
CACHE_BYTES = 64 * 1024 * 1024


_PROTECTED = 50
_NEIGHBOURS = 200


@dataclass(frozen=True)
class Furnished:
    """What is in the data folder, and the header that a signed-in listener sends.

    ``neighbours`` are those of other households, one each; ``kids`` are key ids of the first songs,
    as Clear Key requests have them.
    """

    songs: list[Song]
    bearer: str
    neighbours: list[str]
    kids: list[str]


def sizes(rung: Rung, segments: int) -> list[int]:
    """Return plausible segment sizes: the rung's rate, a tenth up and down."""
    usual = KBPS[rung] * 1000 / 8 * SEGMENT_SAMPLES / RATE
    return [round(usual * (0.95 + 0.1 * (n % 3) / 2)) for n in range(segments)]


def rendition(content_hash: str, rung: Rung, segments: int) -> Rendition:
    found = sizes(rung, segments)
    return Rendition(
        rung=rung,
        codec={Rung.FLAC: "fLaC", Rung.ALAC: "alac"}.get(rung, "mp4a.40.2"),
        prefix=f"media/{content_hash[:2]}/{content_hash}/{rung}",
        sample_rate=SampleRateHz(RATE),
        channels=2,
        bit_depth=16,
        priming=SampleCount(0 if rung.is_lossless else 1024),
        cue_shift=0,
        samples=SampleCount(SEGMENT_SAMPLES * segments),
        init_size=900,
        segments=tuple(Segment(SampleCount(SEGMENT_SAMPLES), size) for size in found),
        average_bandwidth=BitsPerSecond(KBPS[rung] * 1000),
        peak_bandwidth=BitsPerSecond(KBPS[rung] * 1050),
    )


def song(number: int) -> Song:
    sound = f"{number:04x}bench"
    artist = credit("Bench")
    home = album_id(f"Album {number // 10}", ["Bench"], folder=str(number // 10))
    recording = recording_id(sound)
    length = DurationMs(240_000)
    return Song(
        id=song_id(recording, home, 1, number),
        recording_id=recording,
        title=f"Song {number}",
        artists=(artist,),
        album_id=home,
        album_title=f"Album {number // 10}",
        album_artists=(artist,),
        disc=1,
        number=number,
        duration=length,
        master=Master(
            f"/bench/{number}.flac", sound, SourceFormat.FLAC, SampleRateHz(RATE), 2, 16, length
        ),
        added_at=UnixMs(1000),
    )


async def furnish(folder: Path, *, songs: int, segments: int, with_media: int) -> Furnished:
    """Write a catalogue, packages of all songs, and the media files of the first few."""
    tables = open_tables(f"lmdb:{folder / 'tables'}")
    events = open_eventlog(f"lmdb:{folder / 'events'}")
    outbox = Outbox(tables, events, SystemClock())
    made = [song(n) for n in range(songs)]
    await CatalogWriter(tables, outbox).apply(
        [SongEntry(s, AlbumFacts(artists=s.artists), None) for s in made]
    )
    writer = PackageWriter(outbox)
    for number, entry in enumerate(made):
        content_hash = entry.master.content_hash
        found = [rendition(content_hash, rung, segments) for rung in STEREO_RUNGS]
        loudness = Loudness(Lufs(-14.2), TruePeakDb(-0.3), Lufs(-13.9), TruePeakDb(-0.1))
        await writer.put(Progress(entry.recording_id, content_hash, found, loudness, complete=True))
        if number < with_media:
            for one in found:
                write_media(folder / "objects", one)
    cache = open_cache(f"memory:{folder / 'run'}")
    identity = Identity(tables, cache, outbox, SystemClock(), SECRET)
    account, tokens = await identity.set_up(NewAccount("bench", "a long password"), SignInDevice())
    neighbours = [
        await identity.begin(
            replace(account, household_id=HouseholdId(random_id())), SignInDevice()
        )
        for _ in range(_NEIGHBOURS)
    ]
    vault = KeyVault(tables, SystemClock(), open_key_encryption("", folder=folder))
    protected = [entry.recording_id for entry in made[:_PROTECTED]]
    await vault.protect(protected)
    keys = [await vault.content_key(recording, "flac") for recording in protected]
    for engine in (cache, events, tables):
        await engine.close()
    kids = [urlsafe_b64encode(key.kid).rstrip(b"=").decode() for key in keys if key]
    bearers = [f"Bearer {them.access_token}" for them in neighbours]
    return Furnished(made, f"Bearer {tokens.access_token}", bearers, kids)


def write_media(folder: Path, one: Rendition) -> None:
    home = folder / one.prefix
    home.mkdir(parents=True)
    (home / "init.mp4").write_bytes(os.urandom(one.init_size))
    for number, segment in enumerate(one.segments):
        (home / f"{number}.m4s").write_bytes(os.urandom(segment.size))


class Served:
    """The ASGI application of the child process: the hot routes on the embedded drivers."""

    def __init__(self, folder: Path, cache_bytes: int) -> None:
        self._folder = folder
        self._cache_bytes = cache_bytes
        self._app: HotRoutes | None = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if self._app is None:
            self._app = await self._open()
        await self._app(scope, receive, send)

    async def _open(self) -> HotRoutes:
        folder, clock = self._folder, SystemClock()
        tables = open_tables(f"lmdb:{folder / 'tables'}")
        objects = open_objects(f"file:{folder / 'objects'}")
        signals = open_cache(f"memory:{folder / 'run'}")
        events = open_eventlog(f"lmdb:{folder / 'events'}")
        identity = Identity(tables, signals, Outbox(tables, events, clock), clock, SECRET)
        await identity.reload()
        rights = Rights(tables, clock)
        vault = KeyVault(tables, clock, open_key_encryption("", folder=folder))
        service = StreamingService(
            catalog=Catalog(tables, objects, open_search(f"tantivy:{folder / 'search'}")),
            rights=rights,
            packages=PackageStore(tables),
            jobs=AudioJobs(tables, signals, clock),
            objects=objects,
            signals=signals,
            events=events,
            clock=clock,
            licences=Licences(
                tables, signals, clock, rights=rights, keys=vault, devices=KnownDevices(identity)
            ),
            key_words=vault,
            is_revoked=identity.is_revoked,
            signing_secret=SECRET,
            cache_bytes=self._cache_bytes,
        )
        return HotRoutes(service, identity.authenticate)


def create() -> Served:
    return Served(Path(os.environ[_FOLDER]), int(os.environ[_CACHE]))


@contextmanager
def temporary_folder() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="antiphon-bench-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def granian(
    folder: Path, *, cache_bytes: int = CACHE_BYTES
) -> Iterator[tuple[str, psutil.Process]]:
    """Serve ``folder`` as the application does, with one worker; yield its URL and process."""
    port = free_port()
    command = [sys.executable, "-m", "granian", "--interface", "asginl", "--loop", "uvloop"]
    command += ["--host", "127.0.0.1", "--port", str(port), "--workers", "1", "--no-log"]
    command += ["--factory", "bench.streaming_house:create"]
    environment = {**os.environ, _FOLDER: str(folder), _CACHE: str(cache_bytes)}
    with running(command, port, env=environment, cwd=Path(__file__).parents[1]) as process:
        yield f"http://127.0.0.1:{port}", process


@contextmanager
def nginx(folder: Path, root: Path) -> Iterator[tuple[str, psutil.Process]]:
    """Serve the files below ``root`` with one nginx worker, tuned as its manual advises."""
    port = free_port()
    temporary = [f"{k}_temp_path {folder}/nginx-{k};" for k in _TEMPORARY]
    text = f"""
        daemon off; master_process off; pid {folder}/nginx.pid; error_log {folder}/nginx.log;
        events {{ worker_connections 512; }}
        http {{
            access_log off; sendfile on; tcp_nopush on; keepalive_requests 100000000;
            {" ".join(temporary)}
            types {{ application/vnd.apple.mpegurl m3u8; audio/mp4 mp4; video/iso.segment m4s; }}
            server {{ listen 127.0.0.1:{port}; root {root}; gzip_static on; }}
        }}"""
    config = folder / "nginx.conf"
    config.write_text(text)
    binary = shutil.which("nginx") or "/usr/sbin/nginx"
    with running([binary, "-c", str(config), "-e", f"{folder}/nginx.log"], port) as process:
        yield f"http://127.0.0.1:{port}", process


_TEMPORARY = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")


@contextmanager
def running(command: Sequence[str], port: int, **more: Any) -> Iterator[psutil.Process]:
    """Run a server until the block ends; it has the port before the block begins."""
    child = subprocess.Popen(command, start_new_session=True, **more)
    try:
        deadline = time.monotonic() + 15
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                if child.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError(f"{command[0]} did not start") from None
                time.sleep(0.05)
        yield psutil.Process(child.pid)
    finally:
        child.send_signal(signal.SIGTERM)
        try:
            child.wait(10)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def cpu_seconds(process: psutil.Process) -> float:
    """Return user and system time of a process and its children so far."""
    family = [process, *process.children(recursive=True)]
    return sum(sum(p.cpu_times()[:2]) for p in family)


@dataclass(frozen=True)
class Load:
    """What one run of load did to the server."""

    requests: int
    seconds: float
    cpu_seconds: float
    failures: int

    @property
    def cpu_us(self) -> float:
        return self.cpu_seconds / self.requests * 1e6

    @property
    def per_cpu_second(self) -> float:
        return self.requests / self.cpu_seconds


_SCRIPT = """
local requests = {{ {requests} }}
local n = 0
request = function() n = n % #requests + 1; return requests[n] end
"""


def load(
    url: str,
    process: psutil.Process,
    requests: Sequence[bytes],
    *,
    folder: Path,
    seconds: float = 4,
    connections: int = 32,
) -> Load:
    """Send ``requests`` (whole HTTP messages) in turn with wrk; count the server's CPU."""
    script = folder / "load.lua"
    script.write_text(_SCRIPT.format(requests=",\n".join(_lua(r) for r in requests)))
    command = ["wrk", "-t1", f"-c{connections}", "-s", str(script)]
    subprocess.run([*command, "-d1s", url], check=True, capture_output=True)  # warm up
    before = cpu_seconds(process)
    run = subprocess.run(
        [*command, f"-d{seconds}s", url], check=True, capture_output=True, text=True
    )
    spent = cpu_seconds(process) - before
    done = re.search(r"(\d+) requests in ([\d.]+)s", run.stdout)
    failed = re.search(r"Non-2xx or 3xx responses: (\d+)", run.stdout)
    errors = re.search(r"Socket errors: (.*)", run.stdout)
    if done is None or errors is not None:
        raise RuntimeError(run.stdout)
    failures = int(failed[1]) if failed else 0
    return Load(int(done[1]), float(done[2]), spent, failures)


def _lua(raw: bytes) -> str:
    return '"' + "".join(f"\\{b:03d}" if b < 32 or b in b'"\\' else chr(b) for b in raw) + '"'


def get(path: str, **headers: str) -> bytes:
    lines = "".join(f"{k.replace('_', '-')}: {v}\r\n" for k, v in headers.items())
    return f"GET {path} HTTP/1.1\r\nHost: bench\r\n{lines}\r\n".encode()


def post(path: str, body: Any, bearer: str) -> bytes:
    raw = msgspec.json.encode(body)
    head = (
        f"POST {path} HTTP/1.1\r\nHost: bench\r\nAuthorization: {bearer}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(raw)}\r\n\r\n"
    )
    return head.encode() + raw


def furnished(folder: Path, *, songs: int, segments: int, with_media: int) -> Furnished:
    return asyncio.run(furnish(folder, songs=songs, segments=segments, with_media=with_media))
