"""From what was read of a file to a song of the catalogue. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from antiphon.catalog import (
    AlbumFacts,
    ArtistCredit,
    Artwork,
    GenreRef,
    Master,
    Song,
    SongEntry,
    album_id,
    credit,
    genre_id,
    recording_id,
    song_id,
)
from antiphon.ingest.model import FileAnswer, Picture, Sound, Tags
from antiphon.ingest.naming import folder_name, named_by_path, readable
from antiphon.kernel import (
    AlbumId,
    ArtworkId,
    DurationMs,
    RecordingId,
    SampleRateHz,
    SongId,
    UnixMs,
    derived_id,
)

UNKNOWN_ARTIST = "Unknown Artist"
UNKNOWN_ALBUM = "Unknown Album"


@dataclass(frozen=True, slots=True)
class Place:
    """What a song is told by among others of the same sound: album, disc and number."""

    recording_id: RecordingId
    album_id: AlbumId
    disc: int
    number: int

    @property
    def song_id(self) -> SongId:
        """Return the id that follows from the place."""
        return song_id(self.recording_id, self.album_id, self.disc, self.number)

    @property
    def identity(self) -> str:
        """Return what stays the same when the sound is replaced by a better copy."""
        return derived_id("place", self.album_id, str(self.disc), str(self.number))


@dataclass(frozen=True, slots=True)
class Described:
    """A file as the catalogue will know it, all but its song's id and moment."""

    place: Place
    path: str
    tags: Tags
    sound: Sound
    title: str
    artists: tuple[str, ...]
    album: str
    released: str
    picture: Picture | None


def describe(
    answer: FileAnswer, *, path: str, folders: Sequence[bytes], tracks: int = 0
) -> Described:
    """Fill what the tags leave open from the path; ``folders`` lead from the root to the file.

    ``tracks``: how many files the folder has, if their names count them.
    """
    assert answer.sound is not None
    tags = answer.tags
    above = [readable(folder) for folder in folders]
    by_path = named_by_path(above, readable(answer.name), tracks=tracks)
    artists = tags.artists or tags.album_artists or _unless_empty(by_path.artist)
    album = tags.album or by_path.album or UNKNOWN_ALBUM
    home = album_id(
        album,
        tags.album_artists,
        folder=folder_name(above),
        release_id=tags.musicbrainz_release_id,
    )
    number = tags.number or by_path.number
    place = Place(
        recording_id(answer.sound.content_hash), home, tags.disc or by_path.disc or 1, number
    )
    return Described(
        place=place,
        path=path,
        tags=tags,
        sound=answer.sound,
        title=tags.title or answer.sound.programme or by_path.title or readable(answer.name),
        artists=artists or (UNKNOWN_ARTIST,),
        album=album,
        released=tags.released or by_path.year,
        picture=answer.picture,
    )


def entry_of(described: Described, *, as_song: SongId, added_at: UnixMs) -> SongEntry:
    """Return the catalogue entry of a described file."""
    tags, place = described.tags, described.place
    album_artists = _credits(
        tags.album_artists, tags.sort_album_artists, tags.musicbrainz_album_artist_ids
    )
    lyrics = tags.lyrics
    song = Song(
        id=as_song,
        recording_id=place.recording_id,
        title=described.title,
        artists=_credits(described.artists, tags.sort_artists, tags.musicbrainz_artist_ids),
        album_id=place.album_id,
        album_title=described.album,
        album_artists=album_artists,
        disc=place.disc,
        number=place.number,
        duration=DurationMs(described.sound.duration_ms),
        master=_master(described),
        added_at=added_at,
        genres=tuple(GenreRef(genre_id(name), name) for name in tags.genres),
        sort_title=tags.sort_title,
        composers=tags.composers,
        released=described.released,
        isrc=tags.isrc,
        explicit=tags.explicit,
        musicbrainz_recording_id=tags.musicbrainz_recording_id,
        musicbrainz_track_id=tags.musicbrainz_track_id,
        artwork=artwork_of(described.picture),
        lyrics=lyrics is not None,
        synced_lyrics=lyrics is not None and lyrics.synced,
        gain=tags.gain,
    )
    return SongEntry(song, _facts(tags, album_artists), lyrics)


def artwork_of(picture: Picture | None) -> Artwork | None:
    """Return a picture as clients see it."""
    if picture is None:
        return None
    return Artwork(ArtworkId(picture.id), picture.width, picture.height, *picture.colors)


def _facts(tags: Tags, album_artists: tuple[ArtistCredit, ...]) -> AlbumFacts:
    return AlbumFacts(
        artists=album_artists,
        sort_title=tags.sort_album,
        compilation=tags.compilation,
        musicbrainz_release_id=tags.musicbrainz_release_id,
        record_label=tags.label,
        copyright=tags.copyright,
    )


def _master(described: Described) -> Master:
    sound = described.sound
    return Master(
        path=described.path,
        content_hash=sound.content_hash,
        format=sound.format,
        sample_rate=SampleRateHz(sound.sample_rate),
        channels=sound.channels,
        bit_depth=sound.bit_depth,
        duration=DurationMs(sound.duration_ms),
        scene=sound.scene,
    )


def _unless_empty(name: str) -> tuple[str, ...]:
    return (name,) if name else ()


def _credits(
    names: Sequence[str], sort_names: Sequence[str], ids: Sequence[str]
) -> tuple[ArtistCredit, ...]:
    """Return credits; sort names and ids count only where there is one for each name."""
    sorts = sort_names if len(sort_names) == len(names) else [""] * len(names)
    known = ids if len(ids) == len(names) else [None] * len(names)
    return tuple(
        credit(name, sort_name=sort, musicbrainz_id=mbid)
        for name, sort, mbid in zip(names, sorts, known, strict=True)
    )
