"""Pure decisions: identities, sort keys, and what an album or artist adds up to."""

from collections.abc import Iterable, Sequence
from functools import lru_cache

import msgspec

from antiphon.catalog.model import (
    Album,
    AlbumFacts,
    Artist,
    ArtistCredit,
    Artwork,
    Genre,
    GenreRef,
    Song,
)
from antiphon.catalog.text import collation, name_key
from antiphon.kernel import (
    AlbumId,
    ArtistId,
    DurationMs,
    GenreId,
    RecordingId,
    SongId,
    UnixMs,
    derived_id,
)

VARIOUS_ARTISTS = "Various Artists"
MAX_ALBUM_GENRES = 8
_JOIN = b"\x01"
_LAST = b"\xff"


@lru_cache(maxsize=4096)
def artist_id(name: str) -> ArtistId:
    """Return the id of the artist of that name.

    The folded name alone decides, though tags may know a MusicBrainz id: collections are tagged
    in part, and one artist must not fall in two because half of the files carry an id.
    """
    return ArtistId(derived_id("artist", name_key(name)))


@lru_cache(maxsize=1024)
def genre_id(name: str) -> GenreId:
    """Return the id of the genre of that name."""
    return GenreId(derived_id("genre", name_key(name)))


def credit(name: str, *, sort_name: str = "", musicbrainz_id: str | None = None) -> ArtistCredit:
    """Return the credit of an artist by name."""
    return ArtistCredit(artist_id(name), name, sort_name, musicbrainz_id)


def album_id(
    title: str, artists: Sequence[str], *, folder: str = "", release_id: str | None = None
) -> AlbumId:
    """Return the id of an album.

    A MusicBrainz release id says it all. Else album artists and title do; where nobody is named as
    album artist, the folder keeps apart what only shares a title ("Greatest Hits").
    """
    if release_id:
        return AlbumId(derived_id("album", "release", release_id.lower()))
    if artists:
        names = "\n".join(name_key(a) for a in artists)
        return AlbumId(derived_id("album", "artist", names, name_key(title)))
    return AlbumId(derived_id("album", "folder", name_key(folder), name_key(title)))


def recording_id(content_hash: str) -> RecordingId:
    """Return the id of the recording with that coded audio."""
    return RecordingId(derived_id("recording", content_hash))


def song_id(recording: RecordingId, album: AlbumId, disc: int, number: int) -> SongId:
    """Return the id of a recording's place on an album."""
    return SongId(derived_id("song", recording, album, str(disc), str(number)))


_VARIOUS = credit(VARIOUS_ARTISTS)


class Placement(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One place in one ranked list: the list's name and the sort key there."""

    list_name: str
    key: bytes


def album_songs_list(album: AlbumId) -> str:
    """Return the name of the list of an album's songs."""
    return f"album/{album}/songs"


def artist_songs_list(artist: ArtistId) -> str:
    """Return the name of the list of an artist's songs."""
    return f"artist/{artist}/songs"


def artist_albums_list(artist: ArtistId) -> str:
    """Return the name of the list of an artist's albums."""
    return f"artist/{artist}/albums"


def genre_songs_list(genre: GenreId) -> str:
    """Return the name of the list of a genre's songs."""
    return f"genre/{genre}/songs"


def genre_albums_list(genre: GenreId) -> str:
    """Return the name of the list of a genre's albums."""
    return f"genre/{genre}/albums"


def song_placements(song: Song) -> tuple[Placement, ...]:
    """Return every place of a song in the lists."""
    title = collation(song.sort_title or song.title)
    place = _place(song)
    album = _joined(collation(song.album_title), song.album_id.encode(), place)
    artist = _artists_key(song.album_artists or song.artists)
    by_album = _joined(_released(song.released), album)
    return (
        Placement("songs/name", title),
        Placement("songs/artist", _joined(artist, by_album)),
        Placement("songs/album", album),
        Placement("songs/added", _joined(_moment(song.added_at), place)),
        Placement(album_songs_list(song.album_id), _joined(place, title)),
        *(Placement(artist_songs_list(a), by_album) for a in song_artist_ids(song)),
        *(Placement(genre_songs_list(g.id), album) for g in song.genres),
    )


def album_placements(album: Album, contributors: Iterable[ArtistId]) -> tuple[Placement, ...]:
    """Return every place of an album in the lists; its own artists' come before guests'."""
    title = collation(album.sort_title or album.title)
    released = _released(album.released)
    own = {a.id for a in album.artists}
    return (
        Placement("albums/name", title),
        Placement("albums/artist", _joined(_artists_key(album.artists), released, title)),
        Placement("albums/added", _joined(_moment(album.added_at), title)),
        Placement("albums/released", _joined(released, title)),
        *(
            Placement(artist_albums_list(a), _joined(b"0" if a in own else b"1", released, title))
            for a in sorted(own | set(contributors))
        ),
        *(Placement(genre_albums_list(g.id), title) for g in album.genres),
    )


def listed_ids(places: Iterable[Placement], kind: str) -> set[str]:
    """Return the ids of the albums, artists or genres in whose own lists these places are."""
    names = (p.list_name.split("/") for p in places)
    return {parts[1] for parts in names if len(parts) == 3 and parts[0] == kind}


def artist_placements(artist: Artist) -> tuple[Placement, ...]:
    """Return an artist's place in the list of artists."""
    return (Placement("artists/name", collation(artist.sort_name or artist.name)),)


def genre_placements(genre: Genre) -> tuple[Placement, ...]:
    """Return a genre's place in the list of genres."""
    return (Placement("genres/name", collation(genre.name)),)


def song_artist_ids(song: Song) -> tuple[ArtistId, ...]:
    """Return who is credited on the song or its album, each once, in order."""
    return tuple(dict.fromkeys(a.id for a in (*song.artists, *song.album_artists)))


def album_of(songs: Sequence[tuple[Song, AlbumFacts]]) -> Album:
    """Return the album that these songs, in playing order, add up to.

    Every field follows from the set of songs alone, so that the order of import does not matter.
    """
    first = songs[0][0]
    every = [song for song, _ in songs]
    facts = [f for _, f in songs]
    artists = album_artists(songs)
    return Album(
        id=first.album_id,
        title=first.album_title,
        artists=artists,
        song_ids=tuple(s.id for s in every),
        duration=DurationMs(sum(s.duration for s in every)),
        disc_count=len({s.disc for s in every}),
        added_at=UnixMs(min(s.added_at for s in every)),
        sort_title=_first(f.sort_title for f in facts) or "",
        compilation=any(f.compilation for f in facts) or artists[0].id == _VARIOUS.id,
        released=max(s.released for s in every),
        genres=_most_used(every),
        artwork=next((s.artwork for s in every if s.artwork), None),
        musicbrainz_release_id=_first(f.musicbrainz_release_id for f in facts),
        record_label=_first(f.record_label for f in facts),
        copyright=_first(f.copyright for f in facts),
    )


def album_artists(songs: Sequence[tuple[Song, AlbumFacts]]) -> tuple[ArtistCredit, ...]:
    """Return whose album it is: as tagged, else the one artist of all songs, else various."""
    tagged = next((f.artists for _, f in songs if f.artists), None)
    if tagged:
        return tagged
    leads = {s.artists[0].id: s.artists[0] for s, _ in reversed(songs) if s.artists}
    if len(leads) == 1 and not any(f.compilation for _, f in songs):
        return tuple(leads.values())
    return (_VARIOUS,)


def starts_with(name: str, typed: str) -> bool:
    """Say whether a name begins with what was typed, spelling aside."""
    return name_key(name).startswith(typed)


def artist_of(
    artist: ArtistId, song: Song, *, album_count: int, song_count: int, artwork: Artwork | None
) -> Artist:
    """Return an artist as the first of their songs credits them."""
    named = next(c for c in (*song.artists, *song.album_artists) if c.id == artist)
    return Artist(
        id=artist,
        name=named.name,
        sort_name=named.sort_name or named.name,
        album_count=album_count,
        song_count=song_count,
        artwork=artwork,
        musicbrainz_artist_id=named.musicbrainz_id,
    )


def _first(values: Iterable[str | None]) -> str | None:
    return next((v for v in values if v), None)


def _most_used(songs: Sequence[Song]) -> tuple[GenreRef, ...]:
    counts: dict[GenreId, int] = {}
    names: dict[GenreId, GenreRef] = {}
    for genre in (g for s in songs for g in s.genres):
        counts[genre.id] = counts.get(genre.id, 0) + 1
        names.setdefault(genre.id, genre)
    ranked = sorted(counts, key=lambda g: (-counts[g], names[g].name))
    return tuple(names[g] for g in ranked[:MAX_ALBUM_GENRES])


def _place(song: Song) -> bytes:
    return b"%04d%05d" % (min(song.disc, 9999), min(song.number, 99999))


def _moment(at: UnixMs) -> bytes:
    return b"%015d" % max(at, 0)


def _released(date: str) -> bytes:
    return date.encode("ascii", "replace")[:10] or b"0"


def _artists_key(artists: Sequence[ArtistCredit]) -> bytes:
    if not artists:
        return _LAST
    return collation(artists[0].sort_name or artists[0].name)


def _joined(*parts: bytes) -> bytes:
    return _JOIN.join(parts)
