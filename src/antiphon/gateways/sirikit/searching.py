"""From a media search to a wish, and from what was found to media items: pure.

The vendor has understood the words; what they name is found as for spoken text.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

import msgspec

from antiphon.catalog import Song, clean, name_key
from antiphon.gateways.sirikit.requests import DateRange, ExplicitDate, MediaItem, MediaSearch
from antiphon.voice import Finding, Named, NameKind, Sought, Wish, Years

CURRENTLY_PLAYING: Final = "currentlyPlaying"
_MY: Final = "my"
_LONGEST_NAME: Final = 200
_DIGEST_BYTES: Final = 12
_FIRST_YEAR, _LAST_YEAR = 1, 9999
_ABOUT: Final = "search."
_KINDS: Final = {
    "song": NameKind.SONG,
    "album": NameKind.ALBUM,
    "artist": NameKind.ARTIST,
    "genre": NameKind.GENRE,
    "playlist": NameKind.PLAYLIST,
}
_STATIONS: Final = frozenset({"musicStation", "station", "algorithmicRadioStation"})
_ANY: Final = frozenset({"unknown", "music", ""})
_FAVOURED: Final = frozenset({"best", "recommended"})
_FAVOURITES: Final = frozenset(
    f"{word}{what}"
    for word in ("favorite", "favourite", "favorites", "favourites", "liked", "loved")
    for what in ("", " songs", " music", " tracks")
)
_DATED: Final = {"newest": True, "oldest": False}


def is_supported(media_type: str) -> bool:
    """Say whether this type is music; podcasts, books, films and news are not had here."""
    return media_type in _KINDS or media_type in _STATIONS or media_type in _ANY


def kind_of(media_type: str) -> NameKind | None:
    """Return the kind of a media type; None for one that names none in particular."""
    return _KINDS.get(media_type)


def is_empty(search: MediaSearch) -> bool:
    """Say whether a search says nothing at all."""
    return search == MediaSearch(media_type=search.media_type)


def wish_of_search(search: MediaSearch, *, shuffled: bool | None = None) -> Wish:
    """Return what a search wishes for; ``shuffled`` None: as is usual for what is found."""
    name, artist = _said(search.media_name), _said(search.artist_name)
    kind, is_mine = search.media_type, search.reference == _MY
    is_station = kind in _STATIONS
    genre = _said(next(iter(search.genre_names), ""))
    if kind == "genre" and name:
        genre, name = name, ""
    wish = Wish(
        sought=() if is_station else tuple(dict.fromkeys(_sought(search, name, artist))),
        genre=genre,
        mood=" ".join(filter(None, map(_said, search.mood_names))),
        playlist=name if kind == "playlist" else "",
        similar_to=(name or artist) if is_station else "",
        years=years_of_range(search.release_date),
        newest=search.sort_order == "newest",
        shuffled=shuffled is True,
        in_order=shuffled is False or (shuffled is None and search.sort_order in _DATED),
    )
    if is_mine and (name_key(name) in _FAVOURITES or _only_sorted(search)):
        return replace(wish, sought=(), playlist="", favourites=True)
    return wish if _names_something(wish) else replace(wish, anything=True)


def years_of_range(dates: DateRange | None) -> Years | None:
    """Return the years of a range; what it leaves open stays open."""
    if dates is None:
        return None
    first, last = _year(dates.start_date_components), _year(dates.end_date_components)
    if first is None and last is None:
        return None
    return Years(first or _FIRST_YEAR, last or _LAST_YEAR)


def ordered(songs: Sequence[Song], sort_order: str) -> list[Song]:
    """Return songs in the order that a search asks for, as far as it is one of dates.

    Songs without a date come last.
    """
    if sort_order not in _DATED:
        return list(songs)
    dated = sorted(
        (s for s in songs if s.released), key=lambda s: s.released, reverse=_DATED[sort_order]
    )
    return [*dated, *(s for s in songs if not s.released)]


def media_item(item: Named, search: MediaSearch) -> MediaItem:
    """Return what was found as the client knows it; what has no id is called by its search."""
    version = f" ({item.version})" if item.version else ""
    return MediaItem(
        identifier=item.id or search_id(search),
        type=item.kind.value if item.id else "music",
        title=f"{item.name}{version}",
        artist=item.artist,
    )


def search_id(search: MediaSearch) -> str:
    """Return the name of whatever a search finds: equal searches, equal names."""
    raw = msgspec.json.encode(search, order="sorted")
    return _ABOUT + hashlib.blake2b(raw, digest_size=_DIGEST_BYTES).hexdigest()


def is_search_id(identifier: str) -> bool:
    """Say whether an item is called by its search."""
    return identifier.startswith(_ABOUT)


def on_album(finding: Finding, songs: Sequence[Song | None], album: str) -> tuple[Named, ...]:
    """Return those candidates that are songs of an album; all, where none is."""
    key = name_key(_said(album))
    fitting = tuple(
        item
        for item, song in zip(finding.candidates, songs, strict=True)
        if song is not None and name_key(song.album_title).startswith(key)
    )
    return fitting or finding.candidates


def _sought(search: MediaSearch, name: str, artist: str) -> Iterator[Sought]:
    album, kind = _said(search.album_name), search.media_type
    if kind == "playlist":
        return
    if name and kind in _KINDS:
        by = "" if kind == "artist" else artist
        yield Sought(name, by, frozenset({_KINDS[kind]}))
    if name:
        yield Sought(name, artist)
    elif album:
        yield Sought(album, artist, frozenset({NameKind.ALBUM}))
        yield Sought(album, artist)
    elif artist:
        yield Sought(artist, kinds=frozenset({NameKind.ARTIST}))
        yield Sought(artist)


def _names_something(wish: Wish) -> bool:
    said = (wish.sought, wish.genre, wish.mood, wish.playlist, wish.similar_to, wish.years)
    return any(said)


def _only_sorted(search: MediaSearch) -> bool:
    bare = MediaSearch(media_type=search.media_type, reference=_MY, sort_order=search.sort_order)
    return search.sort_order in _FAVOURED and search == bare


def _year(date: str | ExplicitDate | None) -> int | None:
    if isinstance(date, ExplicitDate):
        return date.year if date.calendar_identifier == "gregorian" else None
    return int(date[:4]) if date and date[:4].isdecimal() and date[:4].isascii() else None


def _said(text: str) -> str:
    return clean(text)[:_LONGEST_NAME]
