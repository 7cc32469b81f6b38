"""A house full of invented music, written by the real rooms, and the voice room on top of it."""

from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

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
    genre_id,
    open_search,
    recording_id,
    song_id,
)
from antiphon.catalog.model import GenreRef
from antiphon.eventlog import Outbox, open_eventlog
from antiphon.kernel import (
    DurationMs,
    FixedClock,
    HouseholdId,
    ListenerId,
    PlaylistId,
    SampleRateHz,
    SongId,
    UnixMs,
)
from antiphon.library import Kind, Library, Shelf
from antiphon.rights import CommercialModel, Deal, Rights, SongDeals, Terms, UseType
from antiphon.storage import open_cache, open_objects, open_tables
from antiphon.voice import Asker, Voice
from antiphon.voice.opening import load_reader, open_voice

CASES = Path(__file__).parent / "cases"
NOW = 1_700_000_000_000
DAY = 86_400_000
AT_HOME, ABROAD, GUESTS = (HouseholdId(n * 6) for n in ("home", "away", "gues"))
TERMS = {
    AT_HOME: Terms(storefront="gb"),
    ABROAD: Terms(storefront="us"),
    GUESTS: Terms(storefront="gb", shares_library=False),
}
PLAYLISTS = {
    "Rainy Days": ("Delta", "Muddy Shoes"),
    "Gym Mix": ("War Bell", "Concrete Psalm", "Crown of Rust"),
    "Köln 2019": ("Rotor", "Kayak"),
    "Dinner with Sam": ("So Long, Then", "Hold Me Down"),
    "Rude": ("Concrete Psalm", "F**k the Rain"),
}
FAVOURITES = ("Paper Lanterns", "Delta", "Concrete Psalm")


@dataclass(frozen=True)
class Piece:
    """A song of the house with what its deals are."""

    song: Song
    deals: str

    def may_be_told(self, household: HouseholdId) -> bool:
        """Say whether a household may know that there is such a song."""
        return bool(self.deals) or TERMS[household].shares_library

    def may_be_heard(self, asker: Asker) -> bool:
        """Say whether an asker may hear it now: told apart here from what the rooms say."""
        if not self.may_be_told(asker.household_id) or (
            self.song.explicit and not asker.allows_explicit
        ):
            return False
        words = self.deals.split()
        if "ended" in words or "later" in words:
            return False
        return not words or bool({"worldwide", TERMS[asker.household_id].storefront} & set(words))


def read_pieces() -> Iterator[Piece]:
    """Read the catalogue that the cases speak of."""
    album: list[str] = []
    number = 0
    for line in (CASES / "catalogue.txt").read_text().splitlines():
        if not line or line.startswith("#"):
            continue
        parts = [part.strip() for part in line.lstrip("= ").split("|")]
        if line.startswith("="):
            album, number = [*parts, ""], 0
            continue
        number += 1
        yield Piece(_song(album, number, parts), album[4])


def _song(album: list[str], number: int, parts: list[str]) -> Song:
    title, artist, released, genres = album[0], credit(album[1]), album[2], album[3]
    recording = recording_id(f"{title}/{album[1]}/{number}")
    home, length = album_id(title, [album[1]]), DurationMs(180_000)
    master = Master(
        f"/music/{recording}.flac",
        recording,
        SourceFormat.FLAC,
        SampleRateHz(44_100),
        2,
        16,
        length,
    )
    return Song(
        id=song_id(recording, home, 1, number),
        recording_id=recording,
        title=parts[0],
        artists=(artist,),
        album_id=home,
        album_title=title,
        album_artists=(artist,),
        disc=1,
        number=number,
        duration=length,
        master=master,
        added_at=UnixMs(1000),
        genres=tuple(GenreRef(genre_id(g.strip()), g.strip()) for g in genres.split(",")),
        released=released,
        explicit="explicit" in parts[1:],
    )


def deals_of(words: str) -> SongDeals:
    """Return deals as a line of the catalogue says them."""
    said = words.split()
    territories = frozenset({"Worldwide"} if "worldwide" in said else set(said))
    deal = Deal(
        territories=territories,
        uses=frozenset({UseType.STREAM}),
        models=frozenset({CommercialModel.SUBSCRIPTION}),
        start=UnixMs(NOW + DAY if "later" in said else NOW - 2 * DAY),
        end=UnixMs(NOW - DAY) if "ended" in said else None,
    )
    return SongDeals(deals=(deal,), release_id="r", sender="label", changed_at=UnixMs(NOW))


@dataclass
class World:
    """The house: what is in it, and who may be asked."""

    pieces: tuple[Piece, ...]
    voice: Voice
    library: Library
    clock: FixedClock
    playlists: dict[str, PlaylistId]

    @property
    def by_id(self) -> Mapping[SongId, Piece]:
        return {piece.song.id: piece for piece in self.pieces}

    def song(self, title: str, artist: str = "") -> Song:
        """Return a song by its exact title, of an artist where several have it."""
        found = [
            p.song
            for p in self.pieces
            if p.song.title == title and artist in {"", p.song.artists[0].name}
        ]
        assert found, f"the catalogue has no song {title}"
        return found[0]

    async def furnish(self, listener: ListenerId) -> None:
        """Give a listener favourites and playlists."""
        favourites = [self.song(title).id for title in FAVOURITES]
        await self.library.keep(listener, Shelf.FAVOURITES, Kind.SONGS, favourites)
        for name, titles in PLAYLISTS.items():
            made = await self.library.create_playlist(listener, name)
            songs = [self.song(title).id for title in titles]
            await self.library.add_to_playlist(listener, made.id, songs)
            self.playlists[name] = made.id

    def asker(self, who: str, listener: ListenerId) -> Asker:
        """Return somebody: robin at home, a child there, somebody abroad, or a guest household."""
        household = {"abroad": ABROAD, "guest": GUESTS}.get(who, AT_HOME)
        return Asker(listener, household, allows_explicit=who != "child")


@asynccontextmanager
async def opened_world(folder: Path) -> AsyncIterator[World]:
    """Open the house in an empty folder."""
    tables = open_tables(f"lmdb:{folder / 'tables'}")
    objects = open_objects(f"file:{folder / 'objects'}")
    cache = open_cache(f"memory:{folder / 'run'}")
    events = open_eventlog(f"lmdb:{folder / 'events'}")
    search = open_search(f"tantivy:{folder / 'search'}")
    clock = FixedClock(NOW)
    catalog = Catalog(tables, objects, search)
    pieces = tuple(read_pieces())
    entries = [SongEntry(p.song, AlbumFacts(artists=p.song.artists), None) for p in pieces]
    await CatalogWriter(tables, Outbox(tables, events, clock)).apply(entries)
    rights = Rights(tables, clock)
    await rights.store.write_songs([(p.song.id, deals_of(p.deals)) for p in pieces if p.deals])
    for household, terms in TERMS.items():
        await rights.store.write_terms(household, terms)
    library = Library(tables, catalog, clock)

    async def changes() -> int:
        return 1

    voice = open_voice(
        load_reader(),
        tables=tables,
        cache=cache,
        catalog=catalog,
        library=library,
        gate=rights,
        clock=clock,
        changes=changes,
        recogniser="pocketsphinx:",
    )
    try:
        yield World(pieces, voice, library, clock, {})
    finally:
        await voice.close()
        await rights.close()
        for engine in (search, events, cache, objects, tables):
            await engine.close()
