"""The catalogue's names, kept ready to be linked: made anew when the catalogue has changed."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Final, TypeVar

import structlog

from antiphon.catalog import Album, Artist, Catalog, Genre, Page, Song
from antiphon.kernel import Clock
from antiphon.voice.model import Named, NameKind
from antiphon.voice.ports import Names

_PAGE: Final = 500
_LOOK_SECONDS: Final = 2.0
_MOST_SHARE: Final = 0.1  # of the time may go into making names, while a catalogue changes
_Item = TypeVar("_Item")
log = structlog.get_logger()


Build = Callable[[Sequence[Named]], Names]
"""Makes what links these names; takes seconds, so it is called in a thread."""

TakenApart = Callable[[str], tuple[str, str]]
"""Returns a title's name and version."""


class NameBook:
    """Names as the catalogue has them now, or had them seconds ago.

    ``named`` are those that ``names`` links, ``state`` the number that ``changes`` gave for them.

    ``changes`` returns a number that is another whenever the catalogue has changed. The first who
    asks waits until the names are there; later ones never wait: they get the last that were made.
    Names that take long to make are made rarely: a tenth of the time at most.
    """

    def __init__(
        self,
        catalog: Catalog,
        clock: Clock,
        *,
        build: Build,
        taken_apart: TakenApart,
        changes: Callable[[], Awaitable[int]],
    ) -> None:
        self._catalog = catalog
        self._clock = clock
        self._build = build
        self._taken_apart = taken_apart
        self._changes = changes
        self._names: Names | None = None
        self.named: Sequence[Named] = ()
        self.state = -1
        self._looked_at = 0.0
        self._pause = _LOOK_SECONDS
        self._making: asyncio.Task[None] | None = None

    async def names(self) -> Names:
        """Return the names to link with."""
        if self._making is None or self._making.done():
            now = self._clock.monotonic()
            if self._names is None or now - self._looked_at > self._pause:
                self._looked_at = now
                self._making = asyncio.create_task(self._renew())
        if self._names is None and self._making is not None:
            await asyncio.shield(self._making)
        if self._names is None:
            raise RuntimeError("the names were not made")
        return self._names

    async def close(self) -> None:
        """Give up what is being made."""
        if self._making is not None:
            self._making.cancel()
            await asyncio.gather(self._making, return_exceptions=True)

    async def _renew(self) -> None:
        state = await self._changes()
        if state == self.state:
            return
        began = self._clock.monotonic()
        try:
            named = [item async for item in self._all()]
            self._names = await asyncio.to_thread(self._build, named)
            self.named, self.state = named, state
        except Exception:
            log.exception("voice_names_failed")
            raise
        self._pause = max(_LOOK_SECONDS, (self._clock.monotonic() - began) / _MOST_SHARE)
        log.info("voice_names_made", count=len(named))

    async def _all(self) -> AsyncIterator[Named]:
        async for artist in _each(self._catalog.list_artists):
            yield named_artist(artist)
        async for album in _each(self._catalog.list_albums):
            yield named_album(album, self._taken_apart)
        async for song in _each(self._catalog.list_songs):
            yield named_song(song, self._taken_apart)
        async for genre in _each(self._catalog.list_genres):
            yield named_genre(genre)


def named_artist(artist: Artist) -> Named:
    """Return an artist as something that can be asked for."""
    return Named(NameKind.ARTIST, artist.id, artist.name, popularity=artist.song_count)


def named_album(album: Album, taken_apart: TakenApart) -> Named:
    """Return an album as something that can be asked for."""
    name, version = taken_apart(album.title)
    count = len(album.song_ids)
    return Named(NameKind.ALBUM, album.id, name, _credited(album), count, version)


def named_song(song: Song, taken_apart: TakenApart) -> Named:
    """Return a song as something that can be asked for."""
    name, version = taken_apart(song.title)
    return Named(NameKind.SONG, song.id, name, _credited(song), 1.0, version)


def named_genre(genre: Genre) -> Named:
    """Return a genre as something that can be asked for."""
    return Named(NameKind.GENRE, genre.id, genre.name, popularity=genre.song_count)


def _credited(item: Album | Song) -> str:
    return ", ".join(credit.name for credit in item.artists)


async def _each(listed: Callable[..., Awaitable[Page[_Item]]]) -> AsyncIterator[_Item]:
    offset: int | None = 0
    while offset is not None:
        page = await listed(limit=_PAGE, offset=offset)
        for item in page.items:
            yield item
        offset = page.next_offset
