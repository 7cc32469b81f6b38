"""The catalogue over HTTP: ``/v1/catalog/{storefront}/...`` and ``/artwork/...``."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal, TypeVar

from litestar import Controller, Request, Response, Router, get
from litestar.di import NamedDependency, Provide
from litestar.params import FromPath, FromQuery, QueryParameter

from antiphon.catalog import resources as r
from antiphon.catalog.model import Album, Artist, Genre, ItemKind, Song, SortField, SortOrder
from antiphon.catalog.service import MAX_TERM, Catalog
from antiphon.catalog.showing import Gate, Showing, language_of
from antiphon.kernel import (
    AlbumId,
    ArtistId,
    ArtworkId,
    GenreId,
    Invalid,
    NotFound,
    SongId,
    is_well_formed,
)

_MAX_IDS = 300
_MAX_SEED = 2**53 - 1
_STOREFRONT = re.compile(r"home|[a-z]{2}")
_ARTWORK_FILE = re.compile(r"(\d{1,5})\.jpg")
_T = TypeVar("_T", Song, Album, Artist, Genre)
_R = TypeVar("_R")

_Catalog = NamedDependency[Catalog]
_Where = NamedDependency[str]
_Showing = NamedDependency[Showing]
_Limit = Annotated[int, QueryParameter(ge=1, le=500, description="How many at most.")]
_Offset = Annotated[int, QueryParameter(ge=0, le=2**31 - 1, description="How many to pass over.")]
_Seed = Annotated[
    int,
    QueryParameter(ge=0, le=_MAX_SEED, description="With sort=random: equal seeds, equal order."),
]
_Ids = Annotated[
    str | None, QueryParameter(description="Up to 300 ids, separated by commas; no paging then.")
]
_Term = Annotated[str, QueryParameter(max_length=MAX_TERM, description="What was typed.")]
_Include = Annotated[
    str | None, QueryParameter(description="Relationships to include whole, separated by commas.")
]
_Types = Annotated[
    str, QueryParameter(description="Kinds to find, separated by commas: songs, albums, artists.")
]


@dataclass(frozen=True, slots=True)
class Paging:
    """Which part of a list is asked for."""

    limit: int
    offset: int


@dataclass(frozen=True, slots=True)
class Listing:
    """Which items of a kind are asked for: those with these ids, or a page."""

    ids: tuple[str, ...] | None
    limit: int
    offset: int
    seed: int


_Paging = NamedDependency[Paging]
_Listing = NamedDependency[Listing]


class _Results(r.Camel, frozen=True, kw_only=True):
    """What was found, by kind; ``top`` is the best of all."""

    top: r.Mixed
    songs: r.Collection[r.SongResource] | None = None
    albums: r.Collection[r.AlbumResource] | None = None
    artists: r.Collection[r.ArtistResource] | None = None


class SearchAnswer(r.Camel, frozen=True, kw_only=True):
    """The answer to a search."""

    results: _Results


class _Suggested(r.Camel, frozen=True, kw_only=True):
    """How what was typed may go on."""

    terms: list[str]
    top: list[r.SongResource | r.AlbumResource | r.ArtistResource]


class SuggestionsAnswer(r.Camel, frozen=True, kw_only=True):
    """The answer to a request for suggestions."""

    results: _Suggested


class SongRoutes(Controller):
    """Songs and their words."""

    path = "/songs"
    tags = ("Catalogue",)

    @get("/", operation_id="listSongs")
    async def every(
        self,
        catalog: _Catalog,
        where: _Where,
        showing: _Showing,
        listing: _Listing,
        sort: FromQuery[
            Literal[
                "name", "-name", "artist", "-artist", "album", "-album", "added", "-added", "random"
            ]
        ] = "name",
        include: _Include = None,
    ) -> r.Collection[r.SongResource]:
        """List songs."""
        if listing.ids is not None:
            songs = _found(await catalog.songs([SongId(i) for i in listing.ids]))
            return _all(await _songs(catalog, showing, songs, include))
        page = await catalog.list_songs(
            sort=_sort(sort, listing.seed), limit=listing.limit, offset=listing.offset
        )
        data = await _songs(catalog, showing, page.items, include)
        query = _query(sort, listing, include)
        return r.collection(page, data, f"{where}/songs", **query)

    @get("/{song_id:str}", operation_id="getSong")
    async def one(
        self, catalog: _Catalog, showing: _Showing, song_id: FromPath[str], include: _Include = None
    ) -> r.Many[r.SongResource]:
        """Get one song."""
        song = _known(await catalog.song(SongId(_id(song_id))), "song", song_id)
        return r.Many(data=_shown(await _songs(catalog, showing, [song], include), "song", song_id))

    @get("/{song_id:str}/lyrics", operation_id="getLyrics")
    async def lyrics(
        self, catalog: _Catalog, where: _Where, showing: _Showing, song_id: FromPath[str]
    ) -> r.Many[r.LyricsResource]:
        """Get a song's words."""
        song = _known(await catalog.song(SongId(_id(song_id))), "song", song_id)
        await showing.require(song)
        lyrics = await catalog.lyrics(song.id)
        if lyrics is None:
            raise NotFound(f"There are no lyrics for the song {song_id}.")
        return r.Many(data=[r.lyrics_resource(song_id, lyrics, where)])

    @get("/{song_id:str}/credits", operation_id="getCredits")
    async def credits(
        self, catalog: _Catalog, where: _Where, showing: _Showing, song_id: FromPath[str]
    ) -> r.Many[r.CreditsResource]:
        """Say who made a song: its label's credits, or else its artists and composers."""
        song = _known(await catalog.song(SongId(_id(song_id))), "song", song_id)
        told = await showing.credits(song)
        return r.Many(data=[r.credits_resource(song, told, where)])


class AlbumRoutes(Controller):
    """Albums and their songs."""

    path = "/albums"
    tags = ("Catalogue",)

    @get("/", operation_id="listAlbums")
    async def every(
        self,
        catalog: _Catalog,
        where: _Where,
        showing: _Showing,
        listing: _Listing,
        sort: FromQuery[
            Literal[
                "name",
                "-name",
                "artist",
                "-artist",
                "added",
                "-added",
                "released",
                "-released",
                "random",
            ]
        ] = "name",
        include: _Include = None,
    ) -> r.Collection[r.AlbumResource]:
        """List albums."""
        if listing.ids is not None:
            albums = _found(await catalog.albums([AlbumId(i) for i in listing.ids]))
            return _all(await _albums(catalog, showing, albums, include))
        page = await catalog.list_albums(
            sort=_sort(sort, listing.seed), limit=listing.limit, offset=listing.offset
        )
        data = await _albums(catalog, showing, page.items, include)
        query = _query(sort, listing, include)
        return r.collection(page, data, f"{where}/albums", **query)

    @get("/{album_id:str}", operation_id="getAlbum")
    async def one(
        self,
        catalog: _Catalog,
        showing: _Showing,
        album_id: FromPath[str],
        include: _Include = None,
    ) -> r.Many[r.AlbumResource]:
        """Get one album with its songs."""
        album = _known(await catalog.album(AlbumId(_id(album_id))), "album", album_id)
        asked = {*_included(include, "artists", "songs"), "songs"}
        shown = await _albums(catalog, showing, [album], ",".join(asked))
        return r.Many(data=_shown(shown, "album", album_id))

    @get("/{album_id:str}/songs", operation_id="getAlbumSongs")
    async def songs(
        self, catalog: _Catalog, showing: _Showing, album_id: FromPath[str]
    ) -> r.Many[r.SongResource]:
        """Get an album's songs in playing order."""
        album = _known(await catalog.album(AlbumId(_id(album_id))), "album", album_id)
        songs = await catalog.album_songs(album.id)
        return r.Many(data=_shown(await showing.songs(songs), "album", album_id))


class ArtistRoutes(Controller):
    """Artists, their albums and songs."""

    path = "/artists"
    tags = ("Catalogue",)

    @get("/", operation_id="listArtists")
    async def every(
        self,
        catalog: _Catalog,
        where: _Where,
        showing: _Showing,
        listing: _Listing,
        sort: FromQuery[Literal["name", "-name", "random"]] = "name",
    ) -> r.Collection[r.ArtistResource]:
        """List artists."""
        if listing.ids is not None:
            artists = _found(await catalog.artists([ArtistId(i) for i in listing.ids]))
            return _all(await showing.artists(artists))
        page = await catalog.list_artists(
            sort=_sort(sort, listing.seed), limit=listing.limit, offset=listing.offset
        )
        data = await showing.artists(page.items)
        query = _query(sort, listing, None)
        return r.collection(page, data, f"{where}/artists", **query)

    @get("/{artist_id:str}", operation_id="getArtist")
    async def one(
        self, catalog: _Catalog, showing: _Showing, artist_id: FromPath[str]
    ) -> r.Many[r.ArtistResource]:
        """Get one artist."""
        artist = _known(await catalog.artist(ArtistId(_id(artist_id))), "artist", artist_id)
        return r.Many(data=_shown(await showing.artists([artist]), "artist", artist_id))

    @get("/{artist_id:str}/albums", operation_id="getArtistAlbums")
    async def albums(
        self,
        catalog: _Catalog,
        where: _Where,
        showing: _Showing,
        artist_id: FromPath[str],
        paging: _Paging,
    ) -> r.Collection[r.AlbumResource]:
        """Get the albums with this artist on them: their own by date, then guest appearances."""
        artist = _known(await catalog.artist(ArtistId(_id(artist_id))), "artist", artist_id)
        page = await catalog.artist_albums(artist.id, limit=paging.limit, offset=paging.offset)
        data = await showing.albums(page.items)
        url = f"{where}/artists/{artist_id}/albums"
        return r.collection(page, data, url, limit=paging.limit)

    @get("/{artist_id:str}/songs", operation_id="getArtistSongs")
    async def songs(
        self,
        catalog: _Catalog,
        where: _Where,
        showing: _Showing,
        artist_id: FromPath[str],
        paging: _Paging,
    ) -> r.Collection[r.SongResource]:
        """Get an artist's songs, album by album."""
        artist = _known(await catalog.artist(ArtistId(_id(artist_id))), "artist", artist_id)
        page = await catalog.artist_songs(artist.id, limit=paging.limit, offset=paging.offset)
        data = await showing.songs(page.items)
        url = f"{where}/artists/{artist_id}/songs"
        return r.collection(page, data, url, limit=paging.limit)


class GenreRoutes(Controller):
    """Genres, their albums and songs."""

    path = "/genres"
    tags = ("Catalogue",)

    @get("/", operation_id="listGenres")
    async def every(
        self,
        catalog: _Catalog,
        where: _Where,
        listing: _Listing,
        sort: FromQuery[Literal["name", "-name", "random"]] = "name",
    ) -> r.Collection[r.GenreResource]:
        """List genres."""
        if listing.ids is not None:
            genres = _found(await catalog.genres([GenreId(i) for i in listing.ids]))
            return _all([r.genre_resource(g, where) for g in genres])
        page = await catalog.list_genres(
            sort=_sort(sort, listing.seed), limit=listing.limit, offset=listing.offset
        )
        data = [r.genre_resource(g, where) for g in page.items]
        query = _query(sort, listing, None)
        return r.collection(page, data, f"{where}/genres", **query)

    @get("/{genre_id:str}", operation_id="getGenre")
    async def one(
        self, catalog: _Catalog, where: _Where, genre_id: FromPath[str]
    ) -> r.Many[r.GenreResource]:
        """Get one genre."""
        genre = _known(await catalog.genre(GenreId(_id(genre_id))), "genre", genre_id)
        return r.Many(data=[r.genre_resource(genre, where)])

    @get("/{genre_id:str}/albums", operation_id="getGenreAlbums")
    async def albums(
        self,
        catalog: _Catalog,
        where: _Where,
        showing: _Showing,
        genre_id: FromPath[str],
        paging: _Paging,
    ) -> r.Collection[r.AlbumResource]:
        """Get the albums of a genre."""
        genre = _known(await catalog.genre(GenreId(_id(genre_id))), "genre", genre_id)
        page = await catalog.genre_albums(genre.id, limit=paging.limit, offset=paging.offset)
        data = await showing.albums(page.items)
        url = f"{where}/genres/{genre_id}/albums"
        return r.collection(page, data, url, limit=paging.limit)

    @get("/{genre_id:str}/songs", operation_id="getGenreSongs")
    async def songs(
        self,
        catalog: _Catalog,
        where: _Where,
        showing: _Showing,
        genre_id: FromPath[str],
        paging: _Paging,
    ) -> r.Collection[r.SongResource]:
        """Get the songs of a genre."""
        genre = _known(await catalog.genre(GenreId(_id(genre_id))), "genre", genre_id)
        page = await catalog.genre_songs(genre.id, limit=paging.limit, offset=paging.offset)
        data = await showing.songs(page.items)
        url = f"{where}/genres/{genre_id}/songs"
        return r.collection(page, data, url, limit=paging.limit)


class SearchRoutes(Controller):
    """Search and suggestions."""

    path = "/search"
    tags = ("Search",)

    @get("/", operation_id="search")
    async def search(
        self,
        catalog: _Catalog,
        where: _Where,
        showing: _Showing,
        term: _Term,
        paging: _Paging,
        types: _Types = "songs,albums,artists",
    ) -> SearchAnswer:
        """Find songs, albums and artists."""
        kinds = _kinds(types)
        found = await catalog.search(term, kinds, limit=paging.limit, offset=paging.offset)
        top = r.Mixed(data=await showing.items(found.top))
        pages: dict[str, Any] = {}
        for kind in kinds:
            page: Any = getattr(found, kind.value)
            data: Any = await showing.items(page.items)
            query = {"term": term, "types": kind.value, "limit": paging.limit}
            pages[kind.value] = r.collection(page, data, f"{where}/search", **query)
        return SearchAnswer(results=_Results(top=top, **pages))

    @get("/suggestions", operation_id="suggest")
    async def suggest(
        self, catalog: _Catalog, showing: _Showing, term: _Term, limit: _Limit = 10
    ) -> SuggestionsAnswer:
        """Say how what was typed may go on."""
        found = await catalog.suggest(term, limit=limit)
        top = await showing.items(found.top)
        # Words come from all titles, also from those that some are not told of.
        terms = [] if await showing.hides() else list(found.terms)
        return SuggestionsAnswer(results=_Suggested(terms=terms, top=top))


@get(
    "/artwork/{artwork_id:str}/{file:str}",
    operation_id="getArtwork",
    media_type="image/jpeg",
    public=True,  # identity's middleware asks for no token here: pictures are shown by <img>
    security=[],
    tags=["Artwork"],
)
async def artwork(
    catalog: _Catalog, artwork_id: FromPath[str], file: FromPath[str]
) -> Response[bytes]:
    """Get a picture as JPEG that fits a square of 64, 128, 300, 600 or 1200 pixels."""
    match = _ARTWORK_FILE.fullmatch(file)
    if match is None:
        raise NotFound(f"There is no {file}: ask for 64.jpg, 128.jpg, 300.jpg, 600.jpg, 1200.jpg.")
    data = await catalog.artwork_bytes(ArtworkId(_id(artwork_id)), int(match.group(1)))
    if data is None:
        raise NotFound(f"There is no artwork {artwork_id}.")
    headers = {
        "Cache-Control": "public, max-age=31536000, immutable",
        "ETag": f'"{artwork_id}-{match.group(1)}"',
        "X-Content-Type-Options": "nosniff",
    }
    return Response(data, media_type="image/jpeg", headers=headers)


def routes(catalog: Catalog, gate: Gate) -> Sequence[Router]:
    """Return the catalogue's routes, to be mounted at the root; ``gate`` is asked of each song."""

    def the_catalog() -> Catalog:
        return catalog

    def showing(request: Request[Any, Any, Any], where: _Where) -> Showing:
        return Showing(catalog, gate, request.user, where, _language(request))

    return [
        Router(
            "/",
            route_handlers=[
                Router(
                    "/v1/catalog/{storefront:str}",
                    route_handlers=[
                        SongRoutes,
                        AlbumRoutes,
                        ArtistRoutes,
                        GenreRoutes,
                        SearchRoutes,
                    ],
                ),
                artwork,
            ],
            dependencies={
                "catalog": Provide(the_catalog, sync_to_thread=False),
                "where": Provide(_where, sync_to_thread=False),
                "showing": Provide(showing, sync_to_thread=False),
                "paging": Provide(_paging, sync_to_thread=False),
                "listing": Provide(_listing, sync_to_thread=False),
            },
        )
    ]


async def _songs(
    catalog: Catalog, showing: Showing, songs: Sequence[Song], include: str | None
) -> list[r.SongResource]:
    asked = _included(include, "albums", "artists")
    albums = artists = None
    if "albums" in asked:
        ids = list(dict.fromkeys(s.album_id for s in songs))
        albums = {a.id: a for a in _found(await catalog.albums(ids))}
    if "artists" in asked:
        artists = await _artists_of(catalog, songs)
    return await showing.songs(songs, albums=albums, artists=artists)


async def _albums(
    catalog: Catalog, showing: Showing, albums: Sequence[Album], include: str | None
) -> list[r.AlbumResource]:
    asked = _included(include, "songs", "artists")
    artists = await _artists_of(catalog, albums) if "artists" in asked else None
    return await showing.albums(albums, with_songs="songs" in asked, artists=artists)


async def _artists_of(
    catalog: Catalog, items: Sequence[Song] | Sequence[Album]
) -> dict[ArtistId, Artist]:
    ids = list(dict.fromkeys(c.id for item in items for c in item.artists))
    return {a.id: a for a in _found(await catalog.artists(ids))}


def _all(data: list[Any]) -> r.Collection[Any]:
    return r.Collection(data=data, meta=r.Meta(total=len(data)))


def _found(items: Sequence[_T | None]) -> list[_T]:
    return [item for item in items if item is not None]


def _known(item: _T | None, kind: str, item_id: str) -> _T:
    if item is None:
        raise NotFound(f"There is no {kind} {item_id}.", id=item_id)
    return item


def _shown(resources: list[_R], kind: str, item_id: str) -> list[_R]:
    if not resources:
        raise NotFound(f"There is no {kind} {item_id}.", id=item_id)
    return resources


def _language(request: Request[Any, Any, Any]) -> str:
    return language_of(request.headers.get("accept-language", ""))


def _where(storefront: FromPath[str]) -> str:
    if _STOREFRONT.fullmatch(storefront) is None:
        raise NotFound(f"There is no storefront {storefront!r}: this installation's own is 'home'.")
    return f"/v1/catalog/{storefront}"


def _paging(limit: _Limit = 50, offset: _Offset = 0) -> Paging:
    return Paging(limit, offset)


def _listing(ids: _Ids = None, seed: _Seed = 0, limit: _Limit = 50, offset: _Offset = 0) -> Listing:
    return Listing(None if ids is None else _ids(ids), limit, offset, seed)


def _id(value: str) -> str:
    if not is_well_formed(value):
        raise NotFound("There is nothing with that id.")
    return value


def _ids(value: str) -> tuple[str, ...]:
    ids = [i for i in value.split(",") if i]
    if not 1 <= len(ids) <= _MAX_IDS:
        raise Invalid(f"Name 1 to {_MAX_IDS} ids, not {len(ids)}.", parameter="ids")
    if not all(map(is_well_formed, ids)):
        raise Invalid("One of the ids is not well-formed.", parameter="ids")
    return tuple(dict.fromkeys(ids))


def _sort(value: str, seed: int) -> SortOrder:
    return SortOrder(SortField(value.removeprefix("-")), value.startswith("-"), seed)


def _query(sort: str, listing: Listing, include: str | None) -> dict[str, object]:
    return {
        "sort": sort,
        "seed": listing.seed if sort == "random" else None,
        "include": include,
        "limit": listing.limit,
    }


def _included(value: str | None, *known: str) -> set[str]:
    asked = {i for i in (value or "").split(",") if i}
    if asked - set(known):
        raise Invalid(f"Only {', '.join(known)} can be included here.", parameter="include")
    return asked


def _kinds(value: str) -> list[ItemKind]:
    known = {k.value: k for k in ItemKind}
    asked = [i for i in value.split(",") if i]
    if not asked or any(i not in known for i in asked):
        raise Invalid(f"types are some of {', '.join(known)}.", parameter="types")
    return [known[i] for i in dict.fromkeys(asked)]
