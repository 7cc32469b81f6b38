"""Songs, albums, artists and genres: what there is, in what order, and how it is found."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from antiphon.catalog.artwork import (
    SIZES as ARTWORK_SIZES,
)
from antiphon.catalog.artwork import ArtworkShelf, PreparedArtwork, artwork_id, prepare
from antiphon.catalog.lyrics import parse_lyrics, synced_lyrics
from antiphon.catalog.model import (
    Album,
    AlbumFacts,
    Artist,
    ArtistCredit,
    Artwork,
    Gain,
    Genre,
    GenreRef,
    ItemKind,
    Lyrics,
    LyricsLine,
    Master,
    Page,
    Recording,
    SearchResults,
    Song,
    SortField,
    SortOrder,
    SourceFormat,
    Suggestions,
    os_path,
    portable_path,
)
from antiphon.catalog.prefixes import PrefixTable
from antiphon.catalog.resources import (
    AlbumResource,
    ArtistResource,
    ArtworkAttributes,
    SongAttributes,
    SongResource,
    artwork_attributes,
)
from antiphon.catalog.rules import (
    VARIOUS_ARTISTS,
    album_id,
    credit,
    genre_id,
    recording_id,
    song_id,
)
from antiphon.catalog.search import INDEX_GROUP, PREFIX_GROUP, SearchIndex, SearchProjection
from antiphon.catalog.service import Catalog
from antiphon.catalog.showing import Gate, Showing, language_of
from antiphon.catalog.store import SongEntry
from antiphon.catalog.tantivy_search import TantivySearch, open_search
from antiphon.catalog.text import clean, fold, name_key, words
from antiphon.catalog.writer import Applied, CatalogWriter, Removal

if TYPE_CHECKING:
    from litestar import Router

__all__ = [
    "ARTWORK_SIZES",
    "INDEX_GROUP",
    "PREFIX_GROUP",
    "VARIOUS_ARTISTS",
    "Album",
    "AlbumFacts",
    "AlbumResource",
    "Applied",
    "Artist",
    "ArtistCredit",
    "ArtistResource",
    "Artwork",
    "ArtworkAttributes",
    "ArtworkShelf",
    "Catalog",
    "CatalogWriter",
    "Gain",
    "Gate",
    "Genre",
    "GenreRef",
    "ItemKind",
    "Lyrics",
    "LyricsLine",
    "Master",
    "Page",
    "PrefixTable",
    "PreparedArtwork",
    "Recording",
    "Removal",
    "SearchIndex",
    "SearchProjection",
    "SearchResults",
    "Showing",
    "Song",
    "SongAttributes",
    "SongEntry",
    "SongResource",
    "SortField",
    "SortOrder",
    "SourceFormat",
    "Suggestions",
    "TantivySearch",
    "album_id",
    "artwork_attributes",
    "artwork_id",
    "clean",
    "credit",
    "fold",
    "genre_id",
    "language_of",
    "name_key",
    "open_search",
    "os_path",
    "parse_lyrics",
    "portable_path",
    "prepare",
    "recording_id",
    "routes",
    "song_id",
    "synced_lyrics",
    "words",
]


def routes(catalog: Catalog, gate: Gate) -> "Sequence[Router]":
    """Return the catalogue's HTTP routes, to be mounted at the root; ``gate`` judges each song."""
    from antiphon.catalog import api  # noqa: PLC0415 - only HTTP workers load the web framework

    return api.routes(catalog, gate)
