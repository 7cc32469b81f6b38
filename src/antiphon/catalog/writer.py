"""The one that writes the catalogue: songs in and out, and all that follows from them.

A batch goes: files of recordings, song rows (with their events, through the outbox), lists of
songs; then the albums that these songs add up to, then artists and genres, each row before its
list entries. Every step is idempotent and follows from the songs alone, so a batch that was cut
short is made whole by applying it again.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol, TypeVar

from antiphon.catalog.events import (
    TOPIC,
    AlbumChanged,
    ArtistChanged,
    MasterArrived,
    SongAdded,
    SongChanged,
    SongRemoved,
)
from antiphon.catalog.model import Album, AlbumFacts, Artist, Genre, Lyrics, Song
from antiphon.catalog.ranks import Change, RankedLists, entry
from antiphon.catalog.rules import (
    Placement,
    album_of,
    album_placements,
    album_songs_list,
    artist_albums_list,
    artist_of,
    artist_placements,
    artist_songs_list,
    genre_albums_list,
    genre_placements,
    genre_songs_list,
    listed_ids,
    song_artist_ids,
    song_placements,
)
from antiphon.catalog.store import (
    ALBUMS,
    ARTISTS,
    GENRES,
    LYRICS,
    RECORDINGS,
    SONGS,
    CatalogStore,
    FileOf,
    StoredSong,
    file_cells,
    lyrics_cells,
    path_id,
    settled_song_cells,
    settled_value_cells,
    song_cells,
    value_cells,
)
from antiphon.kernel import AlbumId, ArtistId, Event, GenreId, RecordingId, SongId
from antiphon.storage import Mutation, Tables

_T = TypeVar("_T", Album, Artist, Genre)
_Places = tuple[Placement, ...]
_Files = dict[RecordingId, dict[str, FileOf]]


class EventWriter(Protocol):
    """What the writer needs of the outbox."""

    async def write_many(
        self,
        table: str,
        rows: Sequence[tuple[bytes, Sequence[Mutation], Sequence[Event]]],
        *,
        topic: str,
    ) -> None:
        """Mutate rows and get their events into the log, surviving a kill between."""
        ...


@dataclass(frozen=True, slots=True)
class SongEntry:
    """A song to be in the catalogue, from the file at ``song.master.path``."""

    song: Song
    facts: AlbumFacts
    lyrics: Lyrics | None = None


@dataclass(frozen=True, slots=True)
class Removal:
    """A file that is gone, and the song and recording that it stood for."""

    song_id: SongId
    recording_id: RecordingId
    path: str


@dataclass(frozen=True, slots=True)
class Applied:
    """What a batch did to the catalogue."""

    added: tuple[SongId, ...]
    changed: tuple[SongId, ...]
    removed: tuple[SongId, ...]


@dataclass(slots=True)
class _Plan:
    """Songs before and after; ``after`` is None for those that go."""

    before: dict[SongId, StoredSong]
    after: dict[SongId, tuple[Song, AlbumFacts] | None]
    _places: dict[SongId, tuple[Song | None, tuple[Placement, ...]]] = field(default_factory=dict)

    def differing(self) -> list[SongId]:
        """Return the songs whose rows have to be written."""
        return [i for i, new in self.after.items() if _pair(self.before[i]) != new]

    def places(self, song_id: SongId) -> tuple[Placement, ...]:
        """Return where the song belongs afterwards."""
        new = self.after[song_id]
        song = new[0] if new else None
        known = self._places.get(song_id)
        if known is None or known[0] is not song:
            known = (song, song_placements(song) if song else ())
            self._places[song_id] = known
        return known[1]


class CatalogWriter:
    """Puts songs into the catalogue and takes them out. Run one batch at a time."""

    def __init__(self, tables: Tables, outbox: EventWriter) -> None:
        self._store = CatalogStore(tables)
        self._lists = RankedLists(tables)
        self._outbox = outbox

    async def apply(
        self, entries: Sequence[SongEntry], removals: Sequence[Removal] = ()
    ) -> Applied:
        """Put in and take out; a file that moved is one of each, in the same batch."""
        plan, files = await self._planned(entries, removals)
        albums = await self._albums_of(plan)
        await self._store.write(RECORDINGS, _recording_rows(files, entries, removals))
        await self._write_lyrics(entries, plan)
        await self._write_songs(plan)
        touched = await self._write_albums(plan, albums)
        await self._write_artists(touched)
        await self._write_genres(touched)
        return _applied(plan)

    async def holders(
        self, recordings: Sequence[RecordingId]
    ) -> dict[RecordingId, dict[str, SongId]]:
        """Return the files that hold recordings, as the songs by path; the paths are portable."""
        files = await self._store.files(recordings)
        return {
            recording_id: {held.master.path: held.song_id for held in some.values()}
            for recording_id, some in zip(recordings, files, strict=True)
        }

    async def _planned(
        self, entries: Sequence[SongEntry], removals: Sequence[Removal]
    ) -> tuple[_Plan, _Files]:
        ids = list(dict.fromkeys([*(e.song.id for e in entries), *(r.song_id for r in removals)]))
        before = dict(zip(ids, await self._store.stored_songs(ids), strict=True))
        files = await self._files(entries, removals, before.values())
        by_song = _files_by_song(files)
        arrived = {(e.song.id, e.song.master.path): e for e in entries}
        after = {i: _song_after(before[i], by_song.get(i, {}), arrived, i) for i in ids}
        return _Plan(before, after), files

    async def _files(
        self,
        entries: Sequence[SongEntry],
        removals: Sequence[Removal],
        before: Iterable[StoredSong],
    ) -> _Files:
        """Return the files of all recordings concerned, as they are after the batch."""
        ids = list(
            dict.fromkeys(
                [
                    *(e.song.recording_id for e in entries),
                    *(r.recording_id for r in removals),
                    *(b.song.recording_id for b in before if b.song),
                ]
            )
        )
        files = dict(zip(ids, await self._store.files(ids), strict=True))
        for gone in removals:
            files[gone.recording_id].pop(path_id(gone.path), None)
        for song in (e.song for e in entries):
            held = FileOf(song.id, song.album_id, song.master)
            files[song.recording_id][path_id(song.master.path)] = held
        return files

    async def _albums_of(self, plan: _Plan) -> dict[AlbumId, Album | None]:
        """Return every album that the plan touches; puts their artists into the plan's songs."""
        ids = sorted(_album_ids(plan))
        names = [album_songs_list(i) for i in ids]
        members = dict(zip(ids, await self._lists.everything(names), strict=True))
        await self._load_members(plan, members)
        albums: dict[AlbumId, Album | None] = {}
        for album_id in ids:
            songs = _members_after(plan, album_id, members[album_id])
            albums[album_id] = album_of(songs) if songs else None
            _own(plan, songs, albums[album_id])
        return albums

    async def _load_members(self, plan: _Plan, members: Mapping[AlbumId, list[str]]) -> None:
        missing = [SongId(i) for some in members.values() for i in some if i not in plan.before]
        for song_id, stored in zip(missing, await self._store.stored_songs(missing), strict=True):
            plan.before[song_id] = stored
            plan.after[song_id] = _pair(stored)

    async def _write_lyrics(self, entries: Sequence[SongEntry], plan: _Plan) -> None:
        rows: list[tuple[bytes, Sequence[Mutation]]] = [
            (e.song.id.encode(), lyrics_cells(e.lyrics))
            for e in entries
            if e.lyrics or _had_lyrics(plan.before[e.song.id])
        ]
        rows += [
            (i.encode(), lyrics_cells(None))
            for i, new in plan.after.items()
            if new is None and _had_lyrics(plan.before[i])
        ]
        await self._store.write(LYRICS, rows)

    async def _write_songs(self, plan: _Plan) -> None:
        rows = [_song_row(song_id, plan) for song_id in plan.differing()]
        settle: list[tuple[bytes, Sequence[Mutation]]] = []
        changes: dict[str, Change] = {}
        for song_id, new in plan.after.items():
            stale = _stale(plan, song_id)
            _list_changes(changes, song_id, plan.places(song_id), stale)
            if stale or new is None:
                settle.append((song_id.encode(), settled_song_cells(gone=new is None)))
        if rows:
            await self._outbox.write_many(SONGS, rows, topic=TOPIC)
        await self._lists.apply(changes)
        await self._store.write(SONGS, settle)

    async def _write_albums(
        self, plan: _Plan, albums: Mapping[AlbumId, Album | None]
    ) -> set[tuple[str, str]]:
        """Write albums; return the artists and genres whose counts may have changed."""
        places = {i: _album_places(a, plan) for i, a in albums.items()}
        await self._sync(ALBUMS, albums, places, lambda i: AlbumChanged(AlbumId(i)))
        touched = [p for some in places.values() for p in some]
        for song_id, stored in plan.before.items():
            touched += [*stored.places, *plan.places(song_id)]
        return {(k, i) for k in ("artist", "genre") for i in listed_ids(touched, k)}

    async def _write_artists(self, touched: Iterable[tuple[str, str]]) -> None:
        ids = sorted(ArtistId(i) for kind, i in touched if kind == "artist")
        song_lists = [artist_songs_list(i) for i in ids]
        album_lists = [artist_albums_list(i) for i in ids]
        songs = await self._first_songs(song_lists)
        albums = await self._first_albums(album_lists)
        song_counts = await self._lists.totals(song_lists)
        album_counts = await self._lists.totals(album_lists)
        artists: dict[ArtistId, Artist | None] = {}
        for n, artist_id in enumerate(ids):
            song, album = songs[n], albums[n]
            artists[artist_id] = None
            if song is not None:
                artists[artist_id] = artist_of(
                    artist_id,
                    song,
                    album_count=album_counts[n],
                    song_count=song_counts[n],
                    artwork=album.artwork if album else None,
                )
        places = {i: artist_placements(a) if a else () for i, a in artists.items()}
        await self._sync(ARTISTS, artists, places, lambda i: ArtistChanged(ArtistId(i)))

    async def _write_genres(self, touched: Iterable[tuple[str, str]]) -> None:
        ids = sorted(GenreId(i) for kind, i in touched if kind == "genre")
        song_lists = [genre_songs_list(i) for i in ids]
        songs = await self._first_songs(song_lists)
        song_counts = await self._lists.totals(song_lists)
        album_counts = await self._lists.totals([genre_albums_list(i) for i in ids])
        genres: dict[GenreId, Genre | None] = {}
        for n, genre_id in enumerate(ids):
            song = songs[n]
            name = next((g.name for g in song.genres if g.id == genre_id), None) if song else None
            genres[genre_id] = (
                None if name is None else Genre(genre_id, name, album_counts[n], song_counts[n])
            )
        places = {i: genre_placements(g) if g else () for i, g in genres.items()}
        await self._sync(GENRES, genres, places, None)

    async def _first_songs(self, lists: Sequence[str]) -> list[Song | None]:
        firsts = await self._lists.firsts(lists)
        found = iter(await self._store.songs([SongId(f) for f in firsts if f]))
        return [next(found) if f else None for f in firsts]

    async def _first_albums(self, lists: Sequence[str]) -> list[Album | None]:
        firsts = await self._lists.firsts(lists)
        found = iter(await self._store.albums([AlbumId(f) for f in firsts if f]))
        return [next(found) if f else None for f in firsts]

    async def _sync(
        self,
        table: str,
        values: Mapping[Any, _T | None],
        places: Mapping[Any, tuple[Placement, ...]],
        changed: Callable[[str], Event] | None,
    ) -> None:
        """Bring rows and list entries of derived items to ``values`` and ``places``."""
        ids = list(values)
        stored = dict(zip(ids, await self._store.stored(table, ids), strict=True))
        rows: list[tuple[bytes, Sequence[Mutation], Sequence[Event]]] = []
        settle: list[tuple[bytes, Sequence[Mutation]]] = []
        changes: dict[str, Change] = {}
        for item_id, value in values.items():
            old = stored[item_id]
            new: _Places = places[item_id]
            stale: _Places = tuple(p for p in old.places if p not in new)
            _list_changes(changes, item_id, new, stale)
            if old.value != value or set(old.places) != {*new, *stale}:
                events = [changed(item_id)] if changed and old.value != value else []
                rows.append((item_id.encode(), value_cells(value, (*new, *stale)), events))
            if stale or value is None:
                settle.append((item_id.encode(), settled_value_cells(new, gone=value is None)))
        if rows:
            await self._outbox.write_many(table, rows, topic=TOPIC)
        await self._lists.apply(changes)
        await self._store.write(table, settle)


def _pair(stored: StoredSong) -> tuple[Song, AlbumFacts] | None:
    return (stored.song, stored.facts) if stored.song else None


def _had_lyrics(stored: StoredSong) -> bool:
    return stored.song is not None and stored.song.lyrics


def _files_by_song(files: _Files) -> dict[SongId, dict[str, tuple[RecordingId, FileOf]]]:
    by_song: dict[SongId, dict[str, tuple[RecordingId, FileOf]]] = {}
    for recording_id, some in files.items():
        for held in some.values():
            by_song.setdefault(held.song_id, {})[held.master.path] = (recording_id, held)
    return by_song


def _song_after(
    before: StoredSong,
    held: Mapping[str, tuple[RecordingId, FileOf]],
    arrived: Mapping[tuple[SongId, str], SongEntry],
    song_id: SongId,
) -> tuple[Song, AlbumFacts] | None:
    """Return the song that its files make: of several equal ones the first by path speaks."""
    if not held:
        return None
    path = min(held)
    recording_id, file = held[path]
    fresh = arrived.get((song_id, path))
    if fresh is None and before.song is not None:
        song = replace(before.song, recording_id=recording_id, master=file.master)
        return song, before.facts
    fresh = fresh or next(arrived[song_id, p] for p in sorted(held) if (song_id, p) in arrived)
    song = fresh.song
    if before.song is not None:
        song = replace(song, added_at=before.song.added_at)
    owners = fresh.facts.artists or song.artists[:1]
    return replace(song, album_artists=owners), fresh.facts


def _album_ids(plan: _Plan) -> set[AlbumId]:
    ids: set[str] = set()
    for song_id, stored in plan.before.items():
        ids |= listed_ids(stored.places, "album")
        new = plan.after[song_id]
        if new is not None:
            ids.add(new[0].album_id)
    return {AlbumId(i) for i in ids}


def _members_after(
    plan: _Plan, album_id: AlbumId, listed: Iterable[str]
) -> list[tuple[Song, AlbumFacts]]:
    """Return an album's songs after the batch, in playing order."""
    own = album_songs_list(album_id)
    candidates = {SongId(i) for i in listed} | plan.after.keys()
    keyed = []
    for song_id in candidates:
        new = plan.after[song_id]
        if new is not None and new[0].album_id == album_id:
            key = next(p.key for p in plan.places(song_id) if p.list_name == own)
            keyed.append((entry(key, song_id), new))
    return [pair for _, pair in sorted(keyed, key=lambda k: k[0])]


def _own(plan: _Plan, songs: Sequence[tuple[Song, AlbumFacts]], album: Album | None) -> None:
    """Have every song of the album name the album's artists."""
    for song, facts in songs:
        if album is not None and song.album_artists != album.artists:
            plan.after[song.id] = (replace(song, album_artists=album.artists), facts)


def _stale(plan: _Plan, song_id: SongId) -> tuple[Placement, ...]:
    places = plan.places(song_id)
    return tuple(p for p in plan.before[song_id].places if p not in places)


def _list_changes(
    changes: dict[str, Change],
    item_id: str,
    places: Iterable[Placement],
    stale: Iterable[Placement],
) -> None:
    for place in places:
        changes.setdefault(place.list_name, Change()).add.add(entry(place.key, item_id))
    for place in stale:
        changes.setdefault(place.list_name, Change()).remove.add(entry(place.key, item_id))


def _song_row(song_id: SongId, plan: _Plan) -> tuple[bytes, Sequence[Mutation], Sequence[Event]]:
    before, new = plan.before[song_id].song, plan.after[song_id]
    song, facts = new or (None, AlbumFacts())
    cells = song_cells(song, facts, _stale(plan, song_id))
    return song_id.encode(), cells, list(_song_events(song_id, before, song))


def _song_events(song_id: SongId, before: Song | None, after: Song | None) -> Iterable[Event]:
    if after is None:
        if before is not None:
            yield SongRemoved(song_id, before.recording_id, before.album_id)
        return
    master = after.master
    facts = (song_id, after.recording_id, master.content_hash, master.path, after.album_id)
    yield SongAdded(*facts) if before is None else SongChanged(*facts)
    sound = (after.recording_id, master, after.album_id)
    if before is None or sound != (before.recording_id, before.master, before.album_id):
        yield MasterArrived(after.recording_id, master.content_hash, master.path, after.album_id)


def _recording_rows(
    files: _Files, entries: Sequence[SongEntry], removals: Sequence[Removal]
) -> list[tuple[bytes, Sequence[Mutation]]]:
    """Return the recordings' changed cells only."""
    kept: dict[RecordingId, dict[str, FileOf]] = {}
    gone: dict[RecordingId, set[str]] = {}
    for song in (e.song for e in entries):
        column = path_id(song.master.path)
        kept.setdefault(song.recording_id, {})[column] = files[song.recording_id][column]
    for removal in removals:
        column = path_id(removal.path)
        if column not in files[removal.recording_id]:
            gone.setdefault(removal.recording_id, set()).add(column)
    return [
        (i.encode(), file_cells(kept.get(i, {}).items(), sorted(gone.get(i, ()))))
        for i in sorted(kept.keys() | gone.keys())
    ]


def _album_places(album: Album | None, plan: _Plan) -> tuple[Placement, ...]:
    if album is None:
        return ()
    members = (plan.after[i] for i in album.song_ids)
    contributors = {a for pair in members if pair for a in song_artist_ids(pair[0])}
    return album_placements(album, contributors)


def _applied(plan: _Plan) -> Applied:
    differing = plan.differing()
    before = plan.before
    return Applied(
        added=tuple(i for i in differing if before[i].song is None and plan.after[i]),
        changed=tuple(i for i in differing if before[i].song and plan.after[i]),
        removed=tuple(i for i in differing if before[i].song and not plan.after[i]),
    )
