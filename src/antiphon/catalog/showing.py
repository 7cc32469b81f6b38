"""What an asker is shown: what they may not hear says why, what is not theirs is not there.

Every answer that holds songs is made here, so that no route shows more than another.
"""

from collections.abc import Mapping, Sequence
from typing import Final, Protocol

from antiphon.catalog.model import Album, Artist, Song
from antiphon.catalog.resources import (
    AlbumResource,
    ArtistResource,
    Availability,
    SongResource,
    Where,
    album_resource,
    artist_resource,
    moment,
    song_resource,
)
from antiphon.catalog.service import Catalog
from antiphon.kernel import AlbumId, ArtistId, Denied, HouseholdId, NotFound, SongId, UnixMs

_FORBIDDEN: Final = 403
_MOST_SONGS_LOOKED_AT: Final = 500
_EXPLICIT: Final = Availability(
    reason="explicit", detail="This song is explicit, and this profile plays no explicit songs."
)


class Asker(Protocol):
    """Who asks: the part of identity's principal that matters for what is shown."""

    @property
    def household_id(self) -> HouseholdId:
        """Return the household whose terms count."""
        ...

    @property
    def allows_explicit(self) -> bool:
        """Return whether explicit songs are for this listener."""
        ...


class Withheld(Protocol):
    """Why a household may not hear a song."""

    @property
    def reason(self) -> str:
        """Return the code of the reason."""
        ...

    @property
    def detail(self) -> str:
        """Return a sentence for the listener."""
        ...

    @property
    def opens_at(self) -> UnixMs | None:
        """Return when it is to open, where that is known."""
        ...

    @property
    def is_hidden(self) -> bool:
        """Return whether the song's existence is not told either."""
        ...


class Gate(Protocol):
    """The part of rights that is asked before songs are shown."""

    async def withheld(
        self, household: HouseholdId, song_ids: Sequence[SongId], storefront: str | None, /
    ) -> Mapping[SongId, Withheld]:
        """Return those of the songs that may not be heard; storefront None: the household's own."""
        ...

    async def hides(self, household: HouseholdId, /) -> bool:
        """Return whether there may be songs that the household is not told of."""
        ...


class NotAvailable(Denied):
    """The asker may not have this of the song."""

    code = "song_unavailable"


class Showing:
    """Makes resources for one asker, as if in one storefront."""

    def __init__(self, catalog: Catalog, gate: Gate, asker: Asker, where: Where) -> None:
        """Show resources below ``where``, such as ``/v1/catalog/home``: its end is the storefront.

        ``home`` is the asker's own.
        """
        self._catalog = catalog
        self._gate = gate
        self._asker = asker
        self._where = where
        place = where.rpartition("/")[2]
        self._storefront = None if place == "home" else place

    async def each_song(
        self,
        songs: Sequence[Song | None],
        *,
        albums: Mapping[AlbumId, Album] | None = None,
        artists: Mapping[ArtistId, Artist] | None = None,
    ) -> list[SongResource | None]:
        """Return one answer per song, in order; None for what is missing or hidden."""
        withheld = await self._withheld([song.id for song in songs if song is not None])
        answers: list[SongResource | None] = []
        for song in songs:
            if song is None or ((no := withheld.get(song.id)) is not None and no.is_hidden):
                answers.append(None)
                continue
            answers.append(
                song_resource(
                    song,
                    self._where,
                    albums=albums,
                    artists=artists,
                    availability=self._availability(song, no),
                )
            )
        return answers

    async def songs(
        self,
        songs: Sequence[Song],
        *,
        albums: Mapping[AlbumId, Album] | None = None,
        artists: Mapping[ArtistId, Artist] | None = None,
    ) -> list[SongResource]:
        """Return the songs that are not hidden, in order."""
        shown = await self.each_song(songs, albums=albums, artists=artists)
        return [song for song in shown if song is not None]

    async def albums(
        self,
        albums: Sequence[Album],
        *,
        with_songs: bool = False,
        artists: Mapping[ArtistId, Artist] | None = None,
    ) -> list[AlbumResource]:
        """Return the albums of which something is not hidden, in order."""
        shown = []
        for album in await self._told_albums(albums):
            songs = await self._catalog.album_songs(album.id) if with_songs else None
            shown.append(
                album_resource(
                    album,
                    self._where,
                    songs=None if songs is None else await self.songs(songs),
                    artists=artists,
                )
            )
        return shown

    async def artists(self, artists: Sequence[Artist]) -> list[ArtistResource]:
        """Return the artists of whom something is not hidden, in order."""
        told = await self._told_artists(artists)
        return [artist_resource(artist, self._where) for artist in told]

    async def items(
        self, items: Sequence[Song | Album | Artist]
    ) -> list[SongResource | AlbumResource | ArtistResource]:
        """Return items of several kinds, in order, without what is hidden."""
        songs = await self.songs([i for i in items if isinstance(i, Song)])
        albums = await self.albums([i for i in items if isinstance(i, Album)])
        artists = await self.artists([i for i in items if isinstance(i, Artist)])
        by_id: dict[str, SongResource | AlbumResource | ArtistResource] = {}
        by_id |= {song.id: song for song in songs}
        by_id |= {album.id: album for album in albums}
        by_id |= {artist.id: artist for artist in artists}
        return [by_id[item.id] for item in items if item.id in by_id]

    async def hides(self) -> bool:
        """Return whether there may be songs that the asker is not told of."""
        return await self._gate.hides(self._asker.household_id)

    async def require(self, song: Song) -> None:
        """Refuse what belongs to a song that the asker may not hear."""
        withheld = (await self._withheld([song.id])).get(song.id)
        if withheld is not None and withheld.is_hidden:
            raise NotFound(f"There is no song {song.id}.", id=song.id)
        why = self._availability(song, withheld)
        if why is not None:
            raise NotAvailable(why.detail, http_status=_FORBIDDEN, meta={"reason": why.reason})

    async def _withheld(self, ids: Sequence[SongId]) -> Mapping[SongId, Withheld]:
        return await self._gate.withheld(self._asker.household_id, ids, self._storefront)

    def _availability(self, song: Song, withheld: Withheld | None) -> Availability | None:
        if withheld is not None:
            opens = withheld.opens_at
            return Availability(
                reason=withheld.reason,
                detail=withheld.detail,
                opens_at=None if opens is None else moment(opens),
            )
        return _EXPLICIT if song.explicit and not self._asker.allows_explicit else None

    async def _told_albums(self, albums: Sequence[Album]) -> Sequence[Album]:
        if not await self.hides():
            return albums
        hidden = await self._hidden([i for album in albums for i in album.song_ids])
        return [album for album in albums if not set(album.song_ids) <= hidden]

    async def _told_artists(self, artists: Sequence[Artist]) -> Sequence[Artist]:
        if not await self.hides():
            return artists
        told = []
        for artist in artists:
            page = await self._catalog.artist_songs(
                artist.id, limit=_MOST_SONGS_LOOKED_AT, offset=0
            )
            ids = {song.id for song in page.items}
            if not ids <= await self._hidden(list(ids)):
                told.append(artist)
        return told

    async def _hidden(self, ids: Sequence[SongId]) -> set[SongId]:
        return {i for i, why in (await self._withheld(ids)).items() if why.is_hidden}
