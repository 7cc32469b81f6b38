"""The catalogue's HTTP resources, and how they are made from its values."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Generic, Protocol, TypeVar
from urllib.parse import urlencode

import msgspec

from antiphon.catalog.model import (
    Album,
    Artist,
    ArtistCredit,
    Artwork,
    Genre,
    GenreRef,
    Lyrics,
    Master,
    Page,
    Song,
)
from antiphon.kernel import AlbumId, ArtistId, UnixMs

HI_RES_ABOVE_HZ = 48_000
_CD_BITS = 16

_T = TypeVar("_T")


class Credit(Protocol):
    """Somebody who is credited."""

    @property
    def name(self) -> str:
        """Return the name as printed."""
        ...

    @property
    def roles(self) -> Sequence[str]:
        """Return what they did."""
        ...


class Credited(Protocol):
    """Who made a song, as its label tells it."""

    @property
    def people(self) -> Sequence[Credit]:
        """Return those who are credited."""
        ...

    @property
    def labels(self) -> Sequence[str]:
        """Return the labels' names."""
        ...

    @property
    def works(self) -> Sequence[str]:
        """Return the ISWCs of the works recorded."""
        ...

    @property
    def lines(self) -> Sequence[str]:
        """Return the (P) and (C) lines."""
        ...


class Camel(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """Base: camelCase names; what has no value is left out."""


class ArtworkAttributes(Camel, frozen=True, kw_only=True):
    """A picture: put one of 64, 128, 300, 600, 1200 in the place of ``{w}``."""

    url: str
    width: int
    height: int
    bg_color: str
    text_color1: str
    text_color2: str
    text_color3: str
    text_color4: str


class PlayParams(Camel, frozen=True, kw_only=True):
    """What to send to ``POST /v1/me/plays``."""

    id: str
    kind: str


class Source(Camel, frozen=True, kw_only=True):
    """What the master is."""

    format: str
    sample_rate: int
    bit_depth: int
    channels: int


class Availability(Camel, frozen=True, kw_only=True):
    """Why a song may not be heard: ``reason`` for programs, ``detail`` for people.

    ``from`` says when it is to open (UTC, ISO 8601), where deals say so.
    """

    reason: str
    detail: str
    opens_at: str | None = msgspec.field(name="from", default=None)


class SongAttributes(Camel, frozen=True, kw_only=True):
    """What a song says of itself. Text comes from tags: show it as text.

    ``availability`` is there where the asker may not hear the song, and says why.
    """

    name: str
    artist_name: str
    album_name: str
    album_artist_name: str
    disc_number: int
    track_number: int
    duration_in_millis: int
    genre_names: list[str]
    has_lyrics: bool
    has_time_synced_lyrics: bool
    audio_traits: list[str]
    source: Source
    play_params: PlayParams
    date_added: str
    release_date: str | None = None
    isrc: str | None = None
    composer_name: str | None = None
    content_rating: str | None = None
    availability: Availability | None = None
    artwork: ArtworkAttributes | None = None


class AlbumAttributes(Camel, frozen=True, kw_only=True):
    """What an album says of itself."""

    name: str
    artist_name: str
    track_count: int
    disc_count: int
    duration_in_millis: int
    genre_names: list[str]
    is_compilation: bool
    date_added: str
    play_params: PlayParams
    release_date: str | None = None
    artwork: ArtworkAttributes | None = None
    record_label: str | None = None
    copyright: str | None = None


class ArtistAttributes(Camel, frozen=True, kw_only=True):
    """What an artist says of themselves."""

    name: str
    sort_name: str
    album_count: int
    song_count: int
    artwork: ArtworkAttributes | None = None


class GenreAttributes(Camel, frozen=True, kw_only=True):
    """A genre and how much of it there is."""

    name: str
    album_count: int
    song_count: int


class LyricsLineAttributes(Camel, frozen=True, kw_only=True):
    """One line; without ``startMs`` in lyrics that are not synced."""

    text: str
    start_ms: int | None = None


class LyricsAttributes(Camel, frozen=True, kw_only=True):
    """A song's words."""

    synced: bool
    language: str
    lines: list[LyricsLineAttributes]


class PersonAttributes(Camel, frozen=True, kw_only=True):
    """Somebody who is credited; roles are words of DDEX's list, such as ``MainArtist``."""

    name: str
    roles: Sequence[str]


class CreditsAttributes(Camel, frozen=True, kw_only=True):
    """Who made a song. ``works`` are ISWCs, ``lines`` what labels print for (P) and (C)."""

    people: list[PersonAttributes]
    labels: Sequence[str] = ()
    works: Sequence[str] = ()
    lines: Sequence[str] = ()


class ArtistResource(Camel, frozen=True, kw_only=True, tag_field="type", tag="artists"):
    """An artist."""

    id: str
    href: str
    attributes: ArtistAttributes


class GenreResource(Camel, frozen=True, kw_only=True, tag_field="type", tag="genres"):
    """A genre."""

    id: str
    href: str
    attributes: GenreAttributes


class ArtistLinkAttributes(Camel, frozen=True, kw_only=True):
    """The name, and with ``include=artists`` all the rest."""

    name: str
    sort_name: str | None = None
    album_count: int | None = None
    song_count: int | None = None
    artwork: ArtworkAttributes | None = None


class ArtistLink(Camel, frozen=True, kw_only=True, tag_field="type", tag="artists"):
    """An artist that another resource points to."""

    id: str
    href: str
    attributes: ArtistLinkAttributes


class ArtistRelationship(Camel, frozen=True, kw_only=True):
    """Artists in the order of their credit."""

    data: list[ArtistLink]


class AlbumLinkAttributes(Camel, frozen=True, kw_only=True):
    """The name, and with ``include=albums`` all the rest."""

    name: str
    artist_name: str | None = None
    track_count: int | None = None
    disc_count: int | None = None
    duration_in_millis: int | None = None
    genre_names: list[str] | None = None
    is_compilation: bool | None = None
    date_added: str | None = None
    play_params: PlayParams | None = None
    release_date: str | None = None
    artwork: ArtworkAttributes | None = None
    record_label: str | None = None
    copyright: str | None = None


class AlbumLink(Camel, frozen=True, kw_only=True, tag_field="type", tag="albums"):
    """An album that another resource points to."""

    id: str
    href: str
    attributes: AlbumLinkAttributes


class AlbumRelationship(Camel, frozen=True, kw_only=True):
    """The album of a song."""

    data: list[AlbumLink]


class SongRelationships(Camel, frozen=True, kw_only=True):
    """What a song belongs to."""

    artists: ArtistRelationship
    albums: AlbumRelationship


class SongResource(Camel, frozen=True, kw_only=True, tag_field="type", tag="songs"):
    """A song."""

    id: str
    href: str
    attributes: SongAttributes
    relationships: SongRelationships


class SongList(Camel, frozen=True, kw_only=True):
    """Songs in playing order."""

    data: list[SongResource]


class AlbumRelationships(Camel, frozen=True, kw_only=True):
    """Whose the album is; its songs where one album is asked for, or ``include`` says so."""

    artists: ArtistRelationship
    songs: SongList | None = None


class AlbumResource(Camel, frozen=True, kw_only=True, tag_field="type", tag="albums"):
    """An album."""

    id: str
    href: str
    attributes: AlbumAttributes
    relationships: AlbumRelationships


class LyricsResource(Camel, frozen=True, kw_only=True, tag_field="type", tag="lyrics"):
    """A song's words."""

    id: str
    href: str
    attributes: LyricsAttributes


class CreditsResource(Camel, frozen=True, kw_only=True, tag_field="type", tag="credits"):
    """Who made a song."""

    id: str
    href: str
    attributes: CreditsAttributes


class Meta(Camel, frozen=True, kw_only=True):
    """How many there are in all."""

    total: int


class Collection(Camel, Generic[_T], frozen=True, kw_only=True):
    """A page of resources; ``next`` is where the following page is."""

    data: list[_T]
    meta: Meta
    next: str | None = None


class Many(Camel, Generic[_T], frozen=True, kw_only=True):
    """Resources that were asked for by id."""

    data: list[_T]


class Mixed(Camel, frozen=True, kw_only=True):
    """Resources of several kinds, best first."""

    data: list[SongResource | AlbumResource | ArtistResource]


Where = str


def collection(page: Page[Any], data: list[_T], url: str, **query: object) -> Collection[_T]:
    """Return a page of resources, with a link to the next one that repeats ``query``."""
    link = None
    if page.next_offset is not None:
        kept = {k: v for k, v in query.items() if v is not None}
        link = f"{url}?{urlencode({**kept, 'offset': page.next_offset})}"
    return Collection(data=data, meta=Meta(total=page.total), next=link)


def href(where: Where, kind: str, item_id: str) -> str:
    """Return the address of a resource below the storefront's base."""
    return f"{where}/{kind}/{item_id}"


def song_resource(
    song: Song,
    where: Where,
    *,
    albums: Mapping[AlbumId, Album] | None = None,
    artists: Mapping[ArtistId, Artist] | None = None,
    availability: Availability | None = None,
) -> SongResource:
    """Return a song's resource; with ``albums`` or ``artists``, those are included whole."""
    album = albums.get(song.album_id) if albums is not None else None
    return SongResource(
        id=song.id,
        href=href(where, "songs", song.id),
        attributes=_song_attributes(song, availability),
        relationships=SongRelationships(
            artists=_artists(song.artists, where, artists),
            albums=AlbumRelationship(data=[_album_link(song, album, where)]),
        ),
    )


def album_resource(
    album: Album,
    where: Where,
    *,
    songs: list[SongResource] | None = None,
    artists: Mapping[ArtistId, Artist] | None = None,
) -> AlbumResource:
    """Return an album's resource, with its songs where they are given."""
    return AlbumResource(
        id=album.id,
        href=href(where, "albums", album.id),
        attributes=AlbumAttributes(**_album_values(album)),
        relationships=AlbumRelationships(
            artists=_artists(album.artists, where, artists),
            songs=None if songs is None else SongList(data=songs),
        ),
    )


def artist_resource(artist: Artist, where: Where) -> ArtistResource:
    """Return an artist's resource."""
    return ArtistResource(
        id=artist.id,
        href=href(where, "artists", artist.id),
        attributes=ArtistAttributes(**_artist_values(artist)),
    )


def genre_resource(genre: Genre, where: Where) -> GenreResource:
    """Return a genre's resource."""
    return GenreResource(
        id=genre.id,
        href=href(where, "genres", genre.id),
        attributes=GenreAttributes(
            name=genre.name, album_count=genre.album_count, song_count=genre.song_count
        ),
    )


def lyrics_resource(song_id: str, lyrics: Lyrics, where: Where) -> LyricsResource:
    """Return the resource of a song's words."""
    lines = [LyricsLineAttributes(text=line.text, start_ms=line.start) for line in lyrics.lines]
    return LyricsResource(
        id=song_id,
        href=f"{href(where, 'songs', song_id)}/lyrics",
        attributes=LyricsAttributes(synced=lyrics.synced, language=lyrics.language, lines=lines),
    )


def credits_resource(song: Song, told: Credited | None, where: Where) -> CreditsResource:
    """Return who made a song: what its label has told, else what its tags say."""
    if told is None:
        people = {artist.name: ["MainArtist"] for artist in song.artists}
        for name in song.composers:
            people.setdefault(name, []).append("Composer")
        named = [PersonAttributes(name=name, roles=roles) for name, roles in people.items()]
        attributes = CreditsAttributes(people=named)
    else:
        attributes = CreditsAttributes(
            people=[PersonAttributes(name=p.name, roles=p.roles) for p in told.people],
            labels=told.labels,
            works=told.works,
            lines=told.lines,
        )
    return CreditsResource(
        id=song.id, href=f"{href(where, 'songs', song.id)}/credits", attributes=attributes
    )


def artwork_attributes(artwork: Artwork | None) -> ArtworkAttributes | None:
    """Return what a client needs to show a picture."""
    if artwork is None:
        return None
    return ArtworkAttributes(
        url=f"/artwork/{artwork.id}/{{w}}.jpg",
        width=artwork.width,
        height=artwork.height,
        bg_color=artwork.bg_color,
        text_color1=artwork.text_color1,
        text_color2=artwork.text_color2,
        text_color3=artwork.text_color3,
        text_color4=artwork.text_color4,
    )


def audio_traits(song: Song) -> list[str]:
    """Return what may be promised of the sound."""
    return [*_traits_of(song.master), *(["spatial"] if song.immersive else [])]


def _traits_of(master: Master) -> list[str]:
    if not master.format.is_lossless:
        return ["lossy-source"]
    if master.sample_rate > HI_RES_ABOVE_HZ or master.bit_depth > _CD_BITS:
        return ["lossless", "hi-res-lossless"]
    return ["lossless"]


def _song_attributes(song: Song, availability: Availability | None) -> SongAttributes:
    master = song.master
    return SongAttributes(
        name=song.title,
        artist_name=_names(song.artists),
        album_name=song.album_title,
        album_artist_name=_names(song.album_artists),
        disc_number=song.disc,
        track_number=song.number,
        duration_in_millis=song.duration,
        genre_names=[g.name for g in song.genres],
        has_lyrics=song.lyrics,
        has_time_synced_lyrics=song.synced_lyrics,
        audio_traits=audio_traits(song),
        source=Source(
            format=master.format.value,
            sample_rate=master.sample_rate,
            bit_depth=master.bit_depth,
            channels=master.channels,
        ),
        play_params=PlayParams(id=song.id, kind="song"),
        date_added=moment(song.added_at),
        release_date=song.released or None,
        isrc=song.isrc,
        composer_name=", ".join(song.composers) or None,
        content_rating="explicit" if song.explicit else None,
        availability=availability,
        artwork=artwork_attributes(song.artwork),
    )


def _album_values(album: Album) -> dict[str, Any]:
    return {
        "name": album.title,
        "artist_name": _names(album.artists),
        "track_count": len(album.song_ids),
        "disc_count": album.disc_count,
        "duration_in_millis": album.duration,
        "genre_names": [g.name for g in album.genres],
        "is_compilation": album.compilation,
        "date_added": moment(album.added_at),
        "play_params": PlayParams(id=album.id, kind="album"),
        "release_date": album.released or None,
        "artwork": artwork_attributes(album.artwork),
        "record_label": album.record_label,
        "copyright": album.copyright,
    }


def _artist_values(artist: Artist) -> dict[str, Any]:
    return {
        "name": artist.name,
        "sort_name": artist.sort_name,
        "album_count": artist.album_count,
        "song_count": artist.song_count,
        "artwork": artwork_attributes(artist.artwork),
    }


def _artists(
    credits_: Sequence[ArtistCredit], where: Where, included: Mapping[ArtistId, Artist] | None
) -> ArtistRelationship:
    links = []
    for named in credits_:
        artist = included.get(named.id) if included is not None else None
        values = _artist_values(artist) if artist else {"name": named.name}
        where_to = href(where, "artists", named.id)
        links.append(
            ArtistLink(id=named.id, href=where_to, attributes=ArtistLinkAttributes(**values))
        )
    return ArtistRelationship(data=links)


def _album_link(song: Song, album: Album | None, where: Where) -> AlbumLink:
    values = _album_values(album) if album else {"name": song.album_title}
    where_to = href(where, "albums", song.album_id)
    return AlbumLink(id=song.album_id, href=where_to, attributes=AlbumLinkAttributes(**values))


def _names(credits_: Sequence[ArtistCredit | GenreRef]) -> str:
    return ", ".join(c.name for c in credits_)


def moment(at: UnixMs) -> str:
    """Return a moment as the API writes it: ISO 8601 in UTC, whole seconds."""
    return datetime.fromtimestamp(at / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
