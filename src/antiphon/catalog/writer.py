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
    ImmersiveArrived,
    MasterArrived,
    SongAdded,
    SongChanged,
    SongRemoved,
)
from antiphon.catalog.model import Album, AlbumFacts, Artist, Genre, Master, Song
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
    recording_id,
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
    SongEntry,
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
_Spoken = dict[SongId, SongEntry | None]


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


@dataclass(frozen=True, slots=True)
class _Files:
    """The files of one recording by path id, before the batch and after it."""

    recording_id: RecordingId
    before: Mapping[str, FileOf]
    after: dict[str, FileOf]


@dataclass(frozen=True, slots=True)
class _Voice:
    """One file of a song, among the files of its recording."""

    of: _Files
    file: FileOf


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
        plan, spoken, files = await self._planned(entries, removals)
        albums = await self._albums_of(plan)
        await self._store.write(RECORDINGS, _recording_rows(files))
        await self._write_lyrics(spoken, plan)
        await self._write_songs(plan)
        touched = await self._write_albums(plan, albums)
        await self._write_artists(touched)
        await self._write_genres(touched)
        await self._settle_songs(plan)
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

    async def songs(self, ids: Sequence[SongId]) -> list[Song]:
        """Return those of the songs that are in the catalogue."""
        return [song for song in await self._store.songs(ids) if song is not None]

    async def _planned(
        self, entries: Sequence[SongEntry], removals: Sequence[Removal]
    ) -> tuple[_Plan, _Spoken, list[_Files]]:
        """Return songs before and after, what speaks for each, and the files by recording."""
        ids = list(dict.fromkeys([*(e.song.id for e in entries), *(r.song_id for r in removals)]))
        before = dict(zip(ids, await self._store.stored_songs(ids), strict=True))
        files = await self._files(entries, removals, before.values())
        by_song = _files_by_song(files)
        arrived = {(e.song.id, e.song.master.path): e for e in entries}
        spoken: _Spoken = {}
        for song_id in ids:
            said, held = await self._said(before[song_id]), by_song.get(song_id, [])
            voices = _voices(held, arrived, said)
            spoken[song_id] = _with_immersive(voices[0], held) if voices else None
        after = {i: _song_after(before[i], entry) for i, entry in spoken.items()}
        return _Plan(before, after), spoken, files

    async def _said(self, before: StoredSong) -> SongEntry | None:
        """Return what the song's row says, as the entry that it was written from."""
        if before.song is None:
            return None
        lyrics = await self._store.lyrics(before.song.id) if before.song.lyrics else None
        return SongEntry(before.song, before.facts, lyrics)

    async def _files(
        self,
        entries: Sequence[SongEntry],
        removals: Sequence[Removal],
        before: Iterable[StoredSong],
    ) -> list[_Files]:
        """Return the files of all recordings concerned, before and after the batch."""
        ids = list(
            dict.fromkeys(
                [
                    *(e.song.recording_id for e in entries),
                    *(r.recording_id for r in removals),
                    *(i for b in before if b.song for i in _recordings_of(b.song)),
                ]
            )
        )
        held = await self._store.files(ids)
        files = [_Files(i, some, dict(some)) for i, some in zip(ids, held, strict=True)]
        by_id = {f.recording_id: f.after for f in files}
        for gone in removals:
            by_id[gone.recording_id].pop(path_id(gone.path), None)
        for song in (e.song for e in entries):
            mine = FileOf(song.id, song.album_id, song.master)
            by_id[song.recording_id][path_id(song.master.path)] = mine
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

    async def _write_lyrics(self, spoken: _Spoken, plan: _Plan) -> None:
        rows: list[tuple[bytes, Sequence[Mutation]]] = []
        for song_id, said in spoken.items():
            lyrics = said.lyrics if said else None
            before = plan.before[song_id].song
            if lyrics is not None or (before is not None and before.lyrics):
                rows.append((song_id.encode(), lyrics_cells(lyrics)))
        await self._store.write(LYRICS, rows)

    async def _write_songs(self, plan: _Plan) -> None:
        rows = [_song_row(song_id, plan) for song_id in plan.differing()]
        changes: dict[str, Change] = {}
        for song_id in plan.after:
            _list_changes(changes, song_id, plan.places(song_id), _stale(plan, song_id))
        if rows:
            await self._outbox.write_many(SONGS, rows, topic=TOPIC)
        await self._lists.apply(changes)

    async def _settle_songs(self, plan: _Plan) -> None:
        """Forget where songs were before; until now that tells which albums to look at again."""
        settled: list[tuple[bytes, Sequence[Mutation]]] = [
            (song_id.encode(), settled_song_cells(gone=new is None))
            for song_id, new in plan.after.items()
            if new is None or _stale(plan, song_id)
        ]
        await self._store.write(SONGS, settled)

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


def _files_by_song(files: Iterable[_Files]) -> dict[SongId, list[_Voice]]:
    by_song: dict[SongId, list[_Voice]] = {}
    for some in files:
        for held in some.after.values():
            by_song.setdefault(held.song_id, []).append(_Voice(some, held))
    return by_song


def _voices(
    held: Sequence[_Voice],
    arrived: Mapping[tuple[SongId, str], SongEntry],
    said: SongEntry | None,
) -> list[SongEntry]:
    """Return what the files of one song say, the speaker first; the others keep theirs."""
    voices: list[SongEntry] = []
    for voice in sorted(held, key=_turn):
        file = voice.file
        own = arrived.get((file.song_id, file.master.path)) or file.spare
        if own is None and said is not None:  # nothing better is known than what the song says
            song = replace(said.song, recording_id=voice.of.recording_id, master=file.master)
            own = replace(said, song=song)
        if own is not None:
            spare = own if voices else None
            voice.of.after[path_id(file.master.path)] = replace(file, spare=spare)
            voices.append(own)
    return voices


def _turn(voice: _Voice) -> tuple[bool, str]:
    """Return what orders voices: immersive masters speak only where no other file does."""
    return bool(voice.file.master.scene), voice.file.master.path


def _with_immersive(entry: SongEntry, held: Iterable[_Voice]) -> SongEntry:
    """Say which immersive master the song has: ADM before others, then the first by path."""
    masters: list[Master] = [v.file.master for v in held if v.file.master.scene]
    best = min(masters, key=lambda m: (m.scene != "adm", m.path), default=None)
    return replace(entry, song=replace(entry.song, immersive=best))


def _recordings_of(song: Song) -> list[RecordingId]:
    """Return the recordings of which a song has files."""
    beside = [recording_id(song.immersive.content_hash)] if song.immersive else []
    return [song.recording_id, *beside]


def _song_after(before: StoredSong, entry: SongEntry | None) -> tuple[Song, AlbumFacts] | None:
    """Return the song as its files make it now; who owns the album is settled later."""
    if entry is None:
        return None
    song = entry.song
    if before.song is not None:
        song = replace(song, added_at=before.song.added_at)
    return replace(song, album_artists=entry.facts.artists or song.artists[:1]), entry.facts


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
    room, known = after.immersive, before and (before.recording_id, before.immersive)
    if room is not None and known != (after.recording_id, room):
        yield ImmersiveArrived(after.recording_id, room.content_hash, room.path, after.album_id)


def _recording_rows(files: Iterable[_Files]) -> list[tuple[bytes, Sequence[Mutation]]]:
    """Return the recordings' changed cells only."""
    rows: list[tuple[bytes, Sequence[Mutation]]] = []
    for some in files:
        kept = [(c, f) for c, f in some.after.items() if some.before.get(c) != f]
        gone = sorted(some.before.keys() - some.after.keys())
        if kept or gone:
            rows.append((some.recording_id.encode(), file_cells(kept, gone)))
    return rows


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
