"""A small installation for the gateway: the real rooms on drivers in memory, and plays noted."""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
from cryptography.hazmat.primitives.asymmetric import ec

from antiphon.catalog import (
    AlbumFacts,
    Catalog,
    CatalogWriter,
    GenreRef,
    Master,
    Song,
    SongEntry,
    SourceFormat,
    album_id,
    credit,
    genre_id,
    open_search,
    recording_id,
    song_id,
)
from antiphon.eventlog import Outbox
from antiphon.gateways import SirikitRooms, SirikitRoutes, sirikit_configuration
from antiphon.identity import NotSignedIn, Principal, Role
from antiphon.kernel import (
    AccountId,
    AntiphonError,
    DeviceId,
    DurationMs,
    FixedClock,
    HouseholdId,
    ListenerId,
    SampleRateHz,
    SongId,
    UnixMs,
    random_id,
)
from antiphon.library import Library
from antiphon.rights import (
    CommercialModel,
    Deal,
    Rights,
    SongDeals,
    SongUnavailable,
    Terms,
    UseType,
)
from antiphon.storage import Tables
from antiphon.streaming import Caller, PlayEventsIn, PlayIn, SongUnknown
from antiphon.testing import MemoryCache, MemoryEventLog, MemoryObjects, MemoryTables
from antiphon.voice import VoiceDesk, opening

TOKEN = "antiphon_pat_" + "t" * 24 + "_" + "s" * 52
BUNDLE = "org.example.antiphon"
ORIGIN = "https://music.example.org"
KEY = ec.generate_private_key(ec.SECP256R1())
NOW = 1_700_000_000_000
SESSION = "session-1"
HEADERS = {
    "content-type": "application/json",
    "x-applecloudextension-session-id": SESSION,
    "user-agent": "AppleCloudExtension/1.0.2 (HomePod)",
    "accept-language": "en-GB",
    "request-timeout": "10",
}
ROBIN = Principal(
    AccountId("a" * 24), ListenerId("r" * 24), HouseholdId("h" * 24), DeviceId("d" * 24), Role.OWNER
)
CHILD = Principal(
    AccountId("b" * 24), ListenerId("c" * 24), HouseholdId("h" * 24), DeviceId("e" * 24),
    Role.MEMBER, allows_explicit=False,
)  # fmt: skip
PLAYER = Principal(
    AccountId("a" * 24), ListenerId("r" * 24), HouseholdId("h" * 24), DeviceId("t" * 24),
    Role.OWNER, scopes=frozenset({"play"}),
)  # fmt: skip
STRANGER = Principal(
    AccountId("s" * 24), ListenerId("s" * 24), HouseholdId("x" * 24), DeviceId("s" * 24),
    Role.MEMBER,
)  # fmt: skip
BEARERS = {
    b"Bearer robin": ROBIN,
    b"Bearer child": CHILD,
    b"Bearer player": PLAYER,
    b"Bearer stranger": STRANGER,
}
# title, artist, album, year, genre
SONGS = (
    ("Airbag", "Radiohead", "OK Computer", "1997", "Rock"),
    ("Paranoid Android", "Radiohead", "OK Computer", "1997", "Rock"),
    ("Karma Police", "Radiohead", "OK Computer", "1997", "Rock"),
    ("Creep", "Radiohead", "Pablo Honey", "1993", "Rock"),
    ("Hello", "Adele", "25", "2015", "Pop"),
    ("Hello", "Lionel Richie", "Dancing on the Ceiling", "1986", "Pop"),
    ("Nocturne in Blue", "Mara Quill", "Evenings", "1984", "Ambient"),
    ("Abroad", "The Customs", "Borders", "2001", "Jazz"),
    ("Members Only", "The Velvet Ropes", "Doors", "2002", "Jazz"),
    ("Withdrawn", "The Recalled", "Shelves", "2003", "Jazz"),
    ("Rude Awakening", "Foul Mouths", "Loud", "2010", "Punk"),
)


@dataclass
class NotedPlays:
    """Grants and reports, noted; ``refusals`` are raised for songs instead."""

    rights: Rights
    catalog: Catalog
    granted: list[str] = field(default_factory=list)
    told: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    refusals: dict[str, AntiphonError] = field(default_factory=dict)

    async def grant(self, caller: Caller, ask: PlayIn) -> bytes:
        if ask.song_id in self.refusals:
            raise self.refusals[ask.song_id]
        if await self.catalog.song(SongId(ask.song_id)) is None:
            raise SongUnknown("There is no such song.")
        decision = await self.rights.decide(caller.household_id, ask.song_id)
        if not decision.allowed:
            raise SongUnavailable(decision)
        self.granted.append(ask.song_id)
        play = f"{random_id()}.{ask.song_id}.18c.ssfr.{'0' * 32}"
        url = f"/hls/token/{ask.song_id}/main.m3u8"
        return json.dumps({"id": play, "playlistUrl": url}).encode()

    async def record(self, caller: Caller, public_id: str, batch: PlayEventsIn) -> None:
        del caller
        self.told += [(public_id, msgspec.to_builtins(e)) for e in batch.events]


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class World:
    """The gateway and what it stands on."""

    routes: SirikitRoutes
    rooms: SirikitRooms
    tables: Tables
    plays: NotedPlays
    songs: dict[str, Song]
    library: Library
    clock: FixedClock
    rights: Rights

    async def call(
        self, method: str, path: str, body: object = None, *, who: str = "robin", **headers: str
    ) -> Answer:
        """Send one request; ``headers`` replace the usual ones, an empty one takes one away."""
        sent = HEADERS | ({"authorization": f"Bearer {who}"} if who else {})
        sent |= {k.replace("_", "-"): v for k, v in headers.items()}
        raw = (
            body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        )
        return await send(self.routes, method, path, raw, {k: v for k, v in sent.items() if v})

    async def invoke(self, endpoint: str, *invocations: Any, who: str = "robin") -> list[Any]:
        """Send invocations and return the results."""
        answer = await self.call("POST", f"/siri/intent/{endpoint}", list(invocations), who=who)
        assert answer.status == 200, answer.body
        assert answer.headers["x-applecloudextension-session-id"] == SESSION
        results = answer.json
        assert isinstance(results, list)
        return results


async def send(
    app: Any, method: str, path: str, body: bytes = b"", headers: Mapping[str, str] | None = None
) -> Answer:
    """Run one request through an ASGI application."""
    status, got, parts = 0, {}, []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def take(message: Any) -> None:
        nonlocal status, got
        if message["type"] == "http.response.start":
            status = message["status"]
            got = {k.decode(): v.decode() for k, v in message["headers"]}
        else:
            parts.append(message["body"])

    bare, _, query = path.partition("?")
    scope = {
        "type": "http",
        "method": method,
        "path": bare,
        "query_string": query.encode(),
        "headers": [(k.encode(), v.encode()) for k, v in (headers or {}).items()],
    }
    await app(scope, receive, take)
    return Answer(status, got, b"".join(parts))


def authenticate(authorization: bytes | None) -> Principal:
    """Know four bearers, and refuse the rest."""
    found = BEARERS.get(authorization or b"")
    if found is None:
        raise NotSignedIn("Sign in first.")
    return found


async def admit(authorization: bytes) -> Principal:
    """Know one API token, and refuse the rest."""
    if authorization == b"Bearer " + TOKEN.encode():
        return PLAYER
    raise NotSignedIn("The API token is not valid.")


def invocation(method: str, *, session: Mapping[str, Any] | None = None, **intent: Any) -> Any:
    """Return one step of an intent, as the client sends it."""
    started = {
        "identifier": SESSION,
        "constraints": {"allowExplicitContent": True, "maximumQueueSegmentItemCount": 1000},
        "requested": "2026-11-28T14:00:00.000Z",
        "deadline": "2026-11-28T14:00:05.000Z",
        "version": "1.0.2",
    }
    kind = method.partition("Handling.")[0]
    about = {"class": kind, "identifier": "intent-1", **intent}
    return {"method": method, "params": {"intent": about}, "session": started | (session or {})}


def _entry(number: int, title: str, artist: str, album: str, year: str, genre: str) -> SongEntry:
    recording = recording_id(f"{artist}/{title}")
    home = album_id(album, [artist], folder=album)
    duration, by = DurationMs(200_000), (credit(artist),)
    master = Master(
        f"/music/{title}.flac", f"hash {artist} {title}", SourceFormat.FLAC, SampleRateHz(44_100),
        2, 16, duration,
    )  # fmt: skip
    song = Song(
        id=song_id(recording, home, 1, number), recording_id=recording, title=title, artists=by,
        album_id=home, album_title=album, album_artists=by, disc=1, number=number,
        duration=duration, master=master, added_at=UnixMs(1000),
        genres=(GenreRef(genre_id(genre), genre),), released=year,
        explicit=artist == "Foul Mouths",
    )  # fmt: skip
    return SongEntry(song, AlbumFacts(artists=by), None)


def _deal(territory: str, model: CommercialModel, *, is_taken_down: bool = False) -> SongDeals:
    deal = Deal(
        territories=frozenset({territory}),
        uses=frozenset({UseType.STREAM}),
        models=frozenset({model}),
        start=UnixMs(NOW - 1),
        is_taken_down=is_taken_down,
    )
    return SongDeals(deals=(deal,), release_id="r", sender="s", changed_at=UnixMs(NOW))


async def _withhold(rights: Rights, songs: Mapping[str, Song]) -> None:
    paid = CommercialModel.SUBSCRIPTION
    await rights.store.write_songs(
        [
            (songs["Abroad"].id, _deal("fr", paid)),
            (songs["Members Only"].id, _deal("Worldwide", CommercialModel.ADVERTISING)),
            (songs["Withdrawn"].id, _deal("Worldwide", paid, is_taken_down=True)),
        ]
    )


@asynccontextmanager
async def world(folder: Path) -> AsyncIterator[World]:
    """Return a world with some songs in it."""
    clock = FixedClock(NOW)
    tables, objects, cache = MemoryTables(clock=clock), MemoryObjects(), MemoryCache()
    search = open_search(f"tantivy:{folder / 'search'}")
    catalog = Catalog(tables, objects, search)
    entries = [_entry(n, *row) for n, row in enumerate(SONGS, 1)]
    await CatalogWriter(tables, Outbox(tables, MemoryEventLog(), clock)).apply(entries)
    songs = {f"{e.song.title}": e.song for e in entries}
    songs |= {f"{e.song.title} by {e.song.artists[0].name}": e.song for e in entries}
    rights = Rights(tables, clock)
    await _withhold(rights, songs)
    await rights.change_terms(ROBIN.household_id, Terms(storefront="de"))
    library = Library(tables, catalog, clock)
    made = opening.open_voice(
        opening.load_reader(),
        tables=tables, cache=cache, catalog=catalog, library=library, gate=rights, clock=clock,
        changes=_same, recogniser="pocketsphinx:",
    )  # fmt: skip

    async def opened() -> Any:
        return made

    plays = NotedPlays(rights, catalog)
    rooms = SirikitRooms(
        voice=VoiceDesk(opened), catalog=catalog, library=library, gate=rights, plays=plays,
        cache=cache, clock=clock, origin=ORIGIN, bundle_id=BUNDLE,
    )  # fmt: skip
    configuration = sirikit_configuration(rooms.base_url, BUNDLE, KEY)
    routes = SirikitRoutes(rooms, configuration, authenticate, admit)
    yield World(routes, rooms, tables, plays, songs, library, clock, rights)
    await made.close()
    await rights.close()
    await search.close()


async def _same() -> int:
    return 1
