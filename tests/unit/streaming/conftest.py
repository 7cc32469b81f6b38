"""A house with real music in it: composed here, imported, packaged by the audio worker."""

import asyncio
import socket
import wave
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from granian.constants import Interfaces
from granian.server.embed import Server

from antiphon.audio import AudioJobs, AudioWorker, Package, PackageStore, run_worker
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
from antiphon.eventlog import EventTypes, Outbox, open_eventlog
from antiphon.kernel import (
    Denied,
    DeviceId,
    DurationMs,
    Event,
    FixedClock,
    HouseholdId,
    ListenerId,
    SampleRateHz,
    SongId,
    UnixMs,
)
from antiphon.rights import KeyVault, Licences, Rights, forget_streams, open_key_encryption
from antiphon.storage import open_cache, open_objects, open_tables
from antiphon.streaming import HotRoutes, StreamingService
from antiphon.streaming.events import TOPIC, PlayEnded, PlayPaused, PlayProgressed, PlayStarted

SECRET = b"a secret for tests, 32 bytes long"


@dataclass(frozen=True)
class Take:
    """A song to be composed."""

    name: str
    seconds: float
    rate: int = 44_100
    depth: int = 16
    channels: int = 2
    protected: bool = False


TAKES = (
    Take("first", 13.37),
    Take("second", 7.5),
    Take("hires", 6.7, rate=96_000, depth=24),
    Take("short", 0.9),
    Take("mono", 6.2, rate=22_050, channels=1),
    Take("locked", 8.2, protected=True),
)


@dataclass(frozen=True)
class Person:
    """Somebody who is signed in."""

    listener_id: ListenerId
    device_id: DeviceId
    household_id: HouseholdId
    allows_explicit: bool = True


HOUSEHOLD = HouseholdId("householdabcdefghijklmno")
ROBIN = Person(
    ListenerId("listenerrobinabcdefghijk"), DeviceId("devicekitchenabcdefghijk"), HOUSEHOLD
)
KIM = Person(
    ListenerId("listenerkimabcdefghijklm"), DeviceId("devicephoneabcdefghijklm"), HOUSEHOLD
)
CHILD = Person(
    ListenerId("listenerchildabcdefghijk"),
    DeviceId("devicetabletabcdefghijkl"),
    HOUSEHOLD,
    allows_explicit=False,
)


def authenticate(authorization: bytes | None) -> Person:
    """Know three bearers, and refuse the rest."""
    if authorization == b"Bearer child":
        return CHILD
    if authorization == b"Bearer robin":
        return ROBIN
    if authorization == b"Bearer kim":
        return KIM
    raise Denied("Sign in first.")


@dataclass(frozen=True)
class Answer:
    """What came back over ASGI; ``path`` where the server was told to send a file."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    path: str | None = None

    @property
    def json(self) -> Any:
        return msgspec.json.decode(self.body)

    @property
    def code(self) -> str:
        return str(self.json["errors"][0]["code"])


@dataclass
class House:
    """A running service on the embedded drivers."""

    folder: Path
    songs: Mapping[str, Song]
    clock: FixedClock
    tables: Any
    objects: Any
    signals: Any
    events: Any
    packages: PackageStore
    jobs: AudioJobs
    service: StreamingService
    app: HotRoutes
    revoked: set[DeviceId]
    rights: Rights
    vault: KeyVault
    licences: Licences
    extensions: dict[str, Any] = field(default_factory=dict)

    def id(self, name: str) -> SongId:
        return self.songs[name].id

    async def package(self, name: str) -> Package:
        found = await self.packages.package(self.songs[name].recording_id)
        assert found is not None
        return found

    async def call(
        self,
        method: str,
        path: str,
        *,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        who: str | None = None,
    ) -> Answer:
        """Send one request through the ASGI application."""
        raw = (
            body if isinstance(body, bytes) else b"" if body is None else msgspec.json.encode(body)
        )
        sent = {k.lower(): v for k, v in (headers or {}).items()}
        if who:
            sent["authorization"] = f"Bearer {who}"
        return await asgi(self.app, method, path, raw, sent, self.extensions)

    async def grant(self, name: str, who: str = "robin", **more: Any) -> Any:
        answer = await self.call(
            "POST", "/v1/me/plays", body={"songId": self.id(name), **more}, who=who
        )
        assert answer.status == 201, answer.body
        return answer.json

    async def told(self) -> list[Event]:
        """Return all play events in the log."""
        types = EventTypes(PlayStarted, PlayProgressed, PlayPaused, PlayEnded)
        heard: list[Event] = []
        async with self.events.subscribe(TOPIC, group="test") as subscription:
            while records := await subscription.poll(wait=0.01):
                heard += [e for r in records if (e := types.decode(r.envelope)) is not None]
                await subscription.commit(records)
        return heard


async def asgi(
    app: Any,
    method: str,
    path: str,
    body: bytes = b"",
    headers: Mapping[str, str] | None = None,
    extensions: Mapping[str, Any] | None = None,
) -> Answer:
    """Run one request through an ASGI application, body in two pieces."""
    middle = len(body) // 2
    pieces = [(body[:middle], True), (body[middle:], False)]
    status, got, parts, sent_path = 0, {}, [], None

    async def receive() -> dict[str, Any]:
        if not pieces:
            await asyncio.Event().wait()  # the client stays
        piece, more = pieces.pop(0)
        return {"type": "http.request", "body": piece, "more_body": more}

    async def send(message: Any) -> None:
        nonlocal status, got, sent_path
        if message["type"] == "http.response.start":
            assert status == 0, "two responses"
            status = message["status"]
            got = {k.decode(): v.decode() for k, v in message["headers"]}
        elif message["type"] == "http.response.pathsend":
            sent_path = message["path"]
        else:
            parts.append(message["body"])

    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "query_string": b"",
        "headers": [(k.encode(), v.encode()) for k, v in (headers or {}).items()],
        "extensions": dict(extensions or {}),
    }
    await app(scope, receive, send)
    return Answer(status, got, b"".join(parts), sent_path)


def compose(take: Take) -> bytes:
    """Return PCM: a chord that swells, with a little noise; the same on every machine."""
    time = np.arange(round(take.seconds * take.rate)) / take.rate
    random = np.random.default_rng(len(take.name) * take.rate)
    voices = [np.sin(2 * np.pi * f * time + i) for i, f in enumerate((220, 277.2, 329.6, 987.8))]
    swell = 0.4 + 0.3 * np.sin(2 * np.pi * time / 3)
    tone = sum(voices) / 6 * swell + 0.02 * random.standard_normal(len(time))
    sound = np.stack([tone * (0.9 if c else 1.0) for c in range(take.channels)], axis=1)
    steps = np.rint(np.clip(sound, -1, 1) * (2 ** (take.depth - 1) - 1)).astype("<i4")
    if take.depth == 16:
        return steps.astype("<i2").tobytes()
    return steps.view(np.uint8).reshape(-1, 4)[:, :3].tobytes()


def record(take: Take, folder: Path) -> Path:
    """Write a song as WAV."""
    path = folder / f"{take.name}.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(take.channels)
        file.setsampwidth(take.depth // 8)
        file.setframerate(take.rate)
        file.writeframes(compose(take))
    return path


def song_of(take: Take, number: int, path: Path) -> Song:
    """Return the catalogue's entry of a take; all lie on one album."""
    recording = recording_id(f"take-{take.name}")
    artist = credit("The Tests")
    home = album_id("Takes", ["The Tests"], folder="takes")
    duration = DurationMs(round(take.seconds * 1000))
    return Song(
        id=song_id(recording, home, 1, number),
        recording_id=recording,
        title=take.name.title(),
        artists=(artist,),
        album_id=home,
        album_title="Takes",
        album_artists=(artist,),
        disc=1,
        number=number,
        duration=duration,
        master=Master(
            str(path),
            f"hash{take.name}",
            SourceFormat.WAV,
            SampleRateHz(take.rate),
            take.channels,
            take.depth,
            duration,
        ),
        added_at=UnixMs(1000),
    )


def vault_of(folder: Path, tables: Any, clock: FixedClock) -> KeyVault:
    """Return the vault of a house."""
    return KeyVault(tables, clock, open_key_encryption("", folder=folder))


@dataclass
class KnownDevices:
    """Devices as identity knows them."""

    revoked: set[DeviceId]

    def is_revoked(self, device_id: DeviceId) -> bool:
        return device_id in self.revoked

    async def device_names(
        self, _: HouseholdId, device_ids: Sequence[DeviceId]
    ) -> Mapping[DeviceId, str]:
        return {i: f"name of {i}" for i in device_ids}


async def furnish(folder: Path) -> dict[str, Song]:
    """Compose, import and package all takes below ``folder``."""
    tables = open_tables(f"lmdb:{folder / 'tables'}")
    objects = open_objects(f"file:{folder / 'objects'}")
    signals = open_cache(f"memory:{folder / 'run'}")
    events = open_eventlog(f"lmdb:{folder / 'events'}")
    search = open_search(f"tantivy:{folder / 'search'}")
    clock = FixedClock()
    outbox = Outbox(tables, events, clock)
    jobs, packages = AudioJobs(tables, signals, clock), PackageStore(tables)
    catalog = Catalog(tables, objects, search)
    songs = {t.name: song_of(t, n, record(t, folder)) for n, t in enumerate(TAKES, 1)}
    entries = [SongEntry(s, AlbumFacts(artists=s.artists), None) for s in songs.values()]
    await CatalogWriter(tables, outbox).apply(entries)
    for song in songs.values():
        master = song.master
        await jobs.enqueue(song.recording_id, master.content_hash, master.path, song.album_id)
    stop = asyncio.Event()
    vault = vault_of(folder, tables, clock)
    await vault.protect([songs[t.name].recording_id for t in TAKES if t.protected])
    ports = AudioWorker("test", jobs, packages, catalog, objects, outbox, signals, vault)
    worker = asyncio.create_task(run_worker(ports, stop))
    wanted = [s.recording_id for s in songs.values()]
    async with asyncio.timeout(120):
        while not all(p and p.complete for p in await packages.packages(wanted)):
            await asyncio.sleep(0.05)
        while any((await jobs.status()).values()):  # an album asked for again while worked on
            await asyncio.sleep(0.05)
    stop.set()
    await worker
    for engine in (search, events, signals, objects, tables):
        await engine.close()
    return songs


@pytest.fixture(scope="session")
def furnished(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Song]]:
    folder = tmp_path_factory.mktemp("house")
    return folder, asyncio.run(furnish(folder))


@asynccontextmanager
async def opened(folder: Path, songs: dict[str, Song], own: Path) -> AsyncIterator[House]:
    """Open what lies in ``folder``; events and signals are this house's own."""
    tables = open_tables(f"lmdb:{folder / 'tables'}")
    objects = open_objects(f"file:{folder / 'objects'}")
    signals = open_cache(f"memory:{own / 'run'}")
    events = open_eventlog(f"lmdb:{own / 'events'}")
    search = open_search(f"tantivy:{folder / 'search'}")
    clock = FixedClock()
    jobs, packages = AudioJobs(tables, signals, clock), PackageStore(tables)
    revoked: set[DeviceId] = set()
    await forget_streams(tables)  # of tests before, whose clocks may have been ahead
    rights, vault = Rights(tables, clock), vault_of(folder, tables, clock)
    licences = Licences(
        tables, signals, clock, rights=rights, keys=vault, devices=KnownDevices(revoked)
    )
    service = StreamingService(
        catalog=Catalog(tables, objects, search),
        rights=rights,
        packages=packages,
        jobs=jobs,
        objects=objects,
        signals=signals,
        events=events,
        clock=clock,
        licences=licences,
        key_words=vault,
        is_revoked=revoked.__contains__,
        signing_secret=SECRET,
    )
    app = HotRoutes(service, authenticate)
    try:
        yield House(
            folder,
            songs,
            clock,
            tables,
            objects,
            signals,
            events,
            packages,
            jobs,
            service,
            app,
            revoked,
            rights,
            vault,
            licences,
        )
    finally:
        for engine in (search, events, signals, objects, tables):
            await engine.close()


@pytest.fixture
async def house(furnished: tuple[Path, dict[str, Song]], tmp_path: Path) -> AsyncIterator[House]:
    async with opened(*furnished, tmp_path) as house:
        yield house


@pytest.fixture(scope="session")
def published(
    furnished: tuple[Path, dict[str, Song]], tmp_path_factory: pytest.TempPathFactory
) -> Mapping[str, Answer]:
    """Return everything below the first take's playlist as it is sent, by its relative path."""

    async def publish() -> dict[str, Answer]:
        async with opened(*furnished, tmp_path_factory.mktemp("published")) as house:
            return await _everything(house)

    return asyncio.run(publish())


async def _everything(house: House) -> dict[str, Answer]:
    grant = await house.grant("first", capabilities={"codecs": ["flac", "mp4a.40.2"]})
    base = grant["playlistUrl"].removesuffix("main.m3u8")
    names = ["main.m3u8"]
    for variant in grant["variants"]:
        rung = variant["rung"]
        names += [f"{rung}.m3u8", f"{rung}/init.mp4"]
        names += [f"{rung}/{n}.m4s" for n in range(len(variant["segments"]))]
    return {
        name: await house.call("GET", base + name, headers={"Accept-Encoding": "gzip"})
        for name in names
    }


@dataclass
class Web:
    """The house behind a real server on the loopback interface."""

    house: House
    url: str
    front: "Front"

    async def granted(self, name: str, **more: Any) -> Any:
        """Return a grant whose URLs are absolute."""
        grant = await self.house.grant(name, **more)
        for holder in (grant, *grant["variants"]):
            for key in ("playlistUrl", "progressiveUrl", "baseUrl"):
                if key in holder:
                    holder[key] = self.url + holder[key]
        return grant


class Front:
    """What the server runs: the house's routes, until a test puts something before them."""

    def __init__(self, app: Any) -> None:
        self.app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await self.app(scope, receive, send)


@pytest.fixture
async def web(house: House) -> AsyncIterator[Web]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    front = Front(house.app)
    server = Server(front, port=port, interface=Interfaces.ASGINL, log_enabled=False)
    serving = asyncio.create_task(server.serve())
    async with asyncio.timeout(10):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.02)
                continue
            writer.close()
            await writer.wait_closed()
            break
    yield Web(house, f"http://127.0.0.1:{port}", front)
    server.stop()
    await serving


@pytest.fixture
def pcm(furnished: tuple[Path, dict[str, Song]]) -> Callable[[str], bytes]:
    """Return the samples of a take as they were composed."""
    return lambda name: compose(next(t for t in TAKES if t.name == name))


@pytest.fixture
def tool() -> Callable[..., Awaitable[bytes]]:
    """Run a foreign program; return what it wrote, fail with what it complained of."""

    async def run(*command: str | Path) -> bytes:
        child = await asyncio.create_subprocess_exec(
            *map(str, command), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
        )
        async with asyncio.timeout(60):
            out, err = await child.communicate()
        assert child.returncode == 0, err.decode("utf-8", "replace")
        return out

    return run
