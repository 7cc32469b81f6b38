"""The library over HTTP: shelves, playlists, history and what to go on with, below ``/v1/me``."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, Generic, TypeVar

import msgspec
from litestar import Controller, Request, Router, delete, get, patch, post, put
from litestar.di import NamedDependency, Provide
from litestar.params import QueryParameter

from antiphon.catalog import (
    Album,
    AlbumResource,
    ArtistResource,
    ArtworkAttributes,
    Catalog,
    Gate,
    Page,
    Showing,
    Song,
    SongResource,
    artwork_attributes,
    language_of,
)
from antiphon.identity import Principal
from antiphon.kernel import AlbumId, ArtistId, Invalid, NotFound, PlaylistId, SongId, is_well_formed
from antiphon.library.model import Kept, Kind, Playlist, Shelf
from antiphon.library.service import Library

_HOME = "/v1/catalog/home"
_MAX_IDS = 500
_COVERS = 4
_T = TypeVar("_T")
_Item = TypeVar("_Item")

_Library = NamedDependency[Library]
_Catalog = NamedDependency[Catalog]
_Showing = NamedDependency[Showing]
_Asking = Request[Principal, Any, Any]
_Limit = Annotated[int, QueryParameter(ge=1, le=500, description="How many at most.")]
_Offset = Annotated[int, QueryParameter(ge=0, le=100_000, description="How many to pass over.")]
_Ids = Annotated[
    str, QueryParameter(max_length=16_000, description="Up to 500 ids, separated by commas.")
]
Name = Annotated[str, msgspec.Meta(max_length=1000)]
ItemIds = Annotated[list[Annotated[str, msgspec.Meta(max_length=40)]], msgspec.Meta(max_length=500)]
Position = Annotated[int, msgspec.Meta(ge=0, le=100_000)]


class _Out(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """Base of answers: camelCase, absent where there is nothing."""


class _In(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """Base of request bodies."""


class Meta(_Out, frozen=True, kw_only=True):
    """How many there are in all."""

    total: int


class Listing(_Out, Generic[_T], frozen=True, kw_only=True):
    """A page of a list."""

    data: list[_T]
    meta: Meta | None = None
    next: str | None = None


class PlaylistAttributes(_Out, frozen=True, kw_only=True):
    """What a playlist says of itself; ``artworks`` are the covers of its first albums."""

    name: str
    track_count: int
    date_added: str
    date_modified: str
    artworks: list[ArtworkAttributes]
    description: str = ""


class PlaylistResource(_Out, frozen=True, kw_only=True, tag_field="type", tag="playlists"):
    """A playlist."""

    id: str
    href: str
    attributes: PlaylistAttributes


class PlaylistItemOut(_Out, frozen=True, kw_only=True):
    """A song's place in a playlist."""

    item_id: str
    song: SongResource


class HeardOut(_Out, frozen=True, kw_only=True):
    """A play."""

    id: str
    song: SongResource
    played_at: str
    heard_ms: int | None = None


class ContinueOut(_Out, frozen=True, kw_only=True):
    """Something to go on with."""

    id: str
    kind: str
    name: str
    detail: str
    song_id: str
    position_ms: int
    played_at: str
    artwork: ArtworkAttributes | None = None


class PlaylistIn(_In, frozen=True, kw_only=True):
    """A playlist to be."""

    name: Name
    description: Name = ""


class PlaylistChange(_In, frozen=True, kw_only=True):
    """What to change; absent fields stay."""

    name: Name | None = None
    description: Name | None = None


class ItemsIn(_In, frozen=True, kw_only=True):
    """Songs to add, in order; before ``position``, or at the end."""

    ids: ItemIds
    position: Position | None = None


class MoveIn(_In, frozen=True, kw_only=True):
    """Where the item is to stand afterwards."""

    position: Position


KeptResource = SongResource | AlbumResource | ArtistResource


class ShelfRoutes(Controller):
    """What is saved in the library, and what is loved."""

    path = "/{shelf:str}/{kind:str}"
    tags = ("Library",)

    @get("/", operation_id="listKept")
    async def kept(  # noqa: PLR0913, PLR0917 - litestar passes each part of the request by name
        self,
        request: _Asking,
        shelf: str,
        kind: str,
        library: _Library,
        catalog: _Catalog,
        showing: _Showing,
        limit: _Limit = 50,
        offset: _Offset = 0,
    ) -> Listing[KeptResource]:
        """List what is on the shelf, the latest first."""
        where, what = _shelf(shelf), _kind(kind)
        everything = await library.kept(request.user.listener_id, where, what)
        page = _page(everything, limit, offset)
        data = await _resources(catalog, showing, what, page.items)
        return _listing(page, data, f"/v1/me/{shelf}/{kind}", limit)

    @put("/", status_code=204, operation_id="keep")
    async def keep(
        self, request: _Asking, shelf: str, kind: str, ids: _Ids, library: _Library
    ) -> None:
        """Put things on the shelf."""
        await library.keep(request.user.listener_id, _shelf(shelf), _kind(kind), _id_list(ids))

    @delete("/", status_code=204, operation_id="drop")
    async def drop(
        self, request: _Asking, shelf: str, kind: str, ids: _Ids, library: _Library
    ) -> None:
        """Take things off the shelf."""
        await library.drop(request.user.listener_id, _shelf(shelf), _kind(kind), _id_list(ids))


class PlaylistRoutes(Controller):
    """The listener's own playlists."""

    path = "/playlists"
    tags = ("Playlists",)

    @get("/", operation_id="listPlaylists")
    async def playlists(
        self,
        request: _Asking,
        library: _Library,
        catalog: _Catalog,
        limit: _Limit = 50,
        offset: _Offset = 0,
    ) -> Listing[PlaylistResource]:
        """List them, the one changed last first."""
        page = _page(await library.playlists(request.user.listener_id), limit, offset)
        data = [await _playlist_resource(catalog, playlist) for playlist in page.items]
        return _listing(page, data, "/v1/me/playlists", limit)

    @post("/", operation_id="createPlaylist")
    async def create(
        self, request: _Asking, data: PlaylistIn, library: _Library, catalog: _Catalog
    ) -> Listing[PlaylistResource]:
        """Make an empty playlist."""
        playlist = await library.create_playlist(
            request.user.listener_id, data.name, data.description
        )
        return Listing(data=[await _playlist_resource(catalog, playlist)])

    @get("/{playlist_id:str}", operation_id="readPlaylist")
    async def playlist(
        self, request: _Asking, playlist_id: str, library: _Library, catalog: _Catalog
    ) -> Listing[PlaylistResource]:
        """Return one."""
        playlist = await library.playlist(request.user.listener_id, _playlist_id(playlist_id))
        return Listing(data=[await _playlist_resource(catalog, playlist)])

    @patch("/{playlist_id:str}", operation_id="changePlaylist")
    async def change(
        self,
        request: _Asking,
        playlist_id: str,
        data: PlaylistChange,
        library: _Library,
        catalog: _Catalog,
    ) -> Listing[PlaylistResource]:
        """Give it another name or description."""
        playlist = await library.rename_playlist(
            request.user.listener_id,
            _playlist_id(playlist_id),
            name=data.name,
            description=data.description,
        )
        return Listing(data=[await _playlist_resource(catalog, playlist)])

    @delete("/{playlist_id:str}", operation_id="deletePlaylist")
    async def remove(self, request: _Asking, playlist_id: str, library: _Library) -> None:
        """Delete it."""
        await library.delete_playlist(request.user.listener_id, _playlist_id(playlist_id))

    @get("/{playlist_id:str}/items", operation_id="listPlaylistItems")
    async def items(  # noqa: PLR0913, PLR0917 - litestar passes each part of the request by name
        self,
        request: _Asking,
        playlist_id: str,
        library: _Library,
        catalog: _Catalog,
        showing: _Showing,
        limit: _Limit = 50,
        offset: _Offset = 0,
    ) -> Listing[PlaylistItemOut]:
        """List its songs in order; a song that left the catalogue is passed over."""
        found = await library.playlist(request.user.listener_id, _playlist_id(playlist_id))
        page = _page(found.items, limit, offset)
        songs = await catalog.songs([item.song_id for item in page.items])
        data = [
            PlaylistItemOut(item_id=item.item_id, song=song)
            for item, song in zip(page.items, await showing.each_song(songs), strict=True)
            if song is not None
        ]
        return _listing(page, data, f"/v1/me/playlists/{playlist_id}/items", limit)

    @post("/{playlist_id:str}/items", operation_id="addPlaylistItems")
    async def add(
        self,
        request: _Asking,
        playlist_id: str,
        data: ItemsIn,
        library: _Library,
        catalog: _Catalog,
    ) -> Listing[PlaylistResource]:
        """Add songs."""
        playlist = await library.add_to_playlist(
            request.user.listener_id,
            _playlist_id(playlist_id),
            [SongId(i) for i in _checked(data.ids)],
            position=data.position,
        )
        return Listing(data=[await _playlist_resource(catalog, playlist)])

    @delete("/{playlist_id:str}/items/{item_id:str}", operation_id="removePlaylistItem")
    async def remove_item(
        self, request: _Asking, playlist_id: str, item_id: str, library: _Library
    ) -> None:
        """Remove one place."""
        await library.remove_from_playlist(
            request.user.listener_id, _playlist_id(playlist_id), item_id
        )

    @patch(
        "/{playlist_id:str}/items/{item_id:str}", status_code=204, operation_id="movePlaylistItem"
    )
    async def move_item(
        self, request: _Asking, playlist_id: str, item_id: str, data: MoveIn, library: _Library
    ) -> None:
        """Move one place."""
        await library.move_in_playlist(
            request.user.listener_id, _playlist_id(playlist_id), item_id, data.position
        )


class HistoryRoutes(Controller):
    """What was heard, and what to go on with."""

    path = "/"
    tags = ("History",)

    @get("/history", operation_id="listHistory")
    async def history(
        self,
        request: _Asking,
        library: _Library,
        catalog: _Catalog,
        showing: _Showing,
        limit: _Limit = 50,
        offset: _Offset = 0,
    ) -> Listing[HeardOut]:
        """List plays, the newest first."""
        plays = await library.history(request.user.listener_id, limit=limit, offset=offset)
        songs = await catalog.songs([play.song_id for play in plays])
        data = [
            HeardOut(
                id=play.id,
                song=song,
                played_at=_moment(play.played_at),
                heard_ms=play.heard_ms,
            )
            for play, song in zip(plays, await showing.each_song(songs), strict=True)
            if song is not None
        ]
        return Listing(data=data)

    @get("/continue", operation_id="listContinue")
    async def go_on(
        self, request: _Asking, library: _Library, catalog: _Catalog, showing: _Showing
    ) -> Listing[ContinueOut]:
        """List albums that were played lately, and where in them the listener is."""
        recent = await library.recent(request.user.listener_id)
        albums = await catalog.albums([r.album_id for r in recent])
        shown = {a.id for a in await showing.albums([a for a in albums if a is not None])}
        data = [
            ContinueOut(
                id=album.id,
                kind="albums",
                name=album.title,
                detail=", ".join(artist.name for artist in album.artists),
                song_id=r.song_id,
                position_ms=r.position_ms,
                played_at=_moment(r.played_at),
                artwork=artwork_attributes(album.artwork),
            )
            for r, album in zip(recent, albums, strict=True)
            if album is not None and album.id in shown
        ]
        return Listing(data=data)


def routes(library: Library, catalog: Catalog, gate: Gate) -> Sequence[Router]:
    """Return the library's routes, to be mounted at the root; ``gate`` is asked of each song."""

    def the_library() -> Library:
        return library

    def the_catalog() -> Catalog:
        return catalog

    def showing(request: _Asking) -> Showing:
        language = language_of(request.headers.get("accept-language", ""))
        return Showing(catalog, gate, request.user, _HOME, language)

    return [
        Router(
            "/v1/me",
            route_handlers=[ShelfRoutes, PlaylistRoutes, HistoryRoutes],
            dependencies={
                "library": Provide(the_library, sync_to_thread=False),
                "catalog": Provide(the_catalog, sync_to_thread=False),
                "showing": Provide(showing, sync_to_thread=False),
            },
        )
    ]


def _shelf(raw: str) -> Shelf:
    try:
        return Shelf(raw)
    except ValueError:
        raise NotFound("There are the shelves library, favorites and dislikes.") from None


def _kind(raw: str) -> Kind:
    try:
        return Kind(raw)
    except ValueError:
        raise NotFound("A shelf holds songs, albums and artists.") from None


def _playlist_id(raw: str) -> PlaylistId:
    if not is_well_formed(raw):
        raise NotFound("You have no such playlist.")
    return PlaylistId(raw)


def _id_list(raw: str) -> list[str]:
    return _checked([i for i in raw.split(",") if i])


def _checked(ids: Sequence[str]) -> list[str]:
    if not 1 <= len(ids) <= _MAX_IDS:
        raise Invalid(f"Name 1 to {_MAX_IDS} ids.", parameter="ids")
    for item_id in ids:
        if not is_well_formed(item_id):
            raise Invalid(f"{item_id[:40]!r} is no id.", parameter="ids")
    return list(ids)


def _page(everything: Sequence[_Item], limit: int, offset: int) -> Page[_Item]:
    items = tuple(everything[offset : offset + limit])
    more = offset + limit < len(everything)
    return Page(items=items, total=len(everything), next_offset=offset + limit if more else None)


def _listing(page: Page[Any], data: list[_T], url: str, limit: int) -> Listing[_T]:
    link = None if page.next_offset is None else f"{url}?limit={limit}&offset={page.next_offset}"
    return Listing(data=data, meta=Meta(total=page.total), next=link)


async def _resources(
    catalog: Catalog, showing: Showing, kind: Kind, kept: Sequence[Kept]
) -> list[KeptResource]:
    match kind:
        case Kind.SONGS:
            songs = await catalog.songs([SongId(k.id) for k in kept])
            return [*await showing.songs([song for song in songs if song is not None])]
        case Kind.ALBUMS:
            albums = await catalog.albums([AlbumId(k.id) for k in kept])
            return [*await showing.albums([album for album in albums if album is not None])]
        case Kind.ARTISTS:
            artists = await catalog.artists([ArtistId(k.id) for k in kept])
            return [*await showing.artists([a for a in artists if a is not None])]


async def _playlist_resource(catalog: Catalog, playlist: Playlist) -> PlaylistResource:
    songs = await catalog.songs([item.song_id for item in playlist.items[:50]])
    return PlaylistResource(
        id=playlist.id,
        href=f"/v1/me/playlists/{playlist.id}",
        attributes=PlaylistAttributes(
            name=playlist.name,
            description=playlist.description,
            track_count=len(playlist.items),
            date_added=_moment(playlist.created_at),
            date_modified=_moment(playlist.modified_at),
            artworks=_covers([song for song in songs if song is not None]),
        ),
    )


def _covers(songs: Sequence[Song | Album]) -> list[ArtworkAttributes]:
    found = {song.artwork.id: song.artwork for song in songs if song.artwork is not None}
    covers = [artwork_attributes(artwork) for artwork in list(found.values())[:_COVERS]]
    return [cover for cover in covers if cover is not None]


def _moment(at: int) -> str:
    return (
        datetime.fromtimestamp(at / 1000, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    )
