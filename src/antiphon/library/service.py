"""Keeping, listing, editing playlists, remembering what was heard."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from antiphon.catalog import Catalog
from antiphon.kernel import (
    AlbumId,
    ArtistId,
    Clock,
    GrantId,
    ListenerId,
    PlaylistId,
    SongId,
    UnixMs,
    random_id,
)
from antiphon.library.errors import NoSuchPlaylist, NoSuchSong
from antiphon.library.model import Heard, Kept, Kind, Playlist, PlaylistItem, Recent, Shelf
from antiphon.library.rules import (
    checked_name,
    counts_as_heard,
    with_added,
    with_moved,
    without,
)
from antiphon.library.store import LibraryStore
from antiphon.storage import Tables

_MOST_RECENT = 20


@dataclass(frozen=True, slots=True)
class PlayNews:
    """Something told about a play: where the listener was, when; what was heard, once over."""

    grant_id: GrantId
    listener_id: ListenerId
    song_id: SongId
    position_ms: int
    at: UnixMs
    heard_ms: int | None = None


class Library:
    """What listeners keep. Every call names the listener; nobody reaches another's things."""

    def __init__(self, tables: Tables, catalog: Catalog, clock: Clock) -> None:
        self._store = LibraryStore(tables)
        self._catalog = catalog
        self._clock = clock

    async def keep(
        self, listener: ListenerId, shelf: Shelf, kind: Kind, ids: Sequence[str]
    ) -> None:
        """Put things on a shelf; what the catalogue does not know is refused, and nothing kept."""
        missing = await self._missing(kind, ids)
        if missing:
            raise NoSuchSong(f"The catalogue has no {kind.value[:-1]} {missing[0]}.")
        await self._store.keep(listener, shelf, kind, ids, now=self._clock.now())
        await self._leave_nothing_of_the_gone(listener)

    async def drop(
        self, listener: ListenerId, shelf: Shelf, kind: Kind, ids: Sequence[str]
    ) -> None:
        """Take things off a shelf."""
        await self._store.drop(listener, shelf, kind, ids)

    async def kept(self, listener: ListenerId, shelf: Shelf, kind: Kind) -> list[Kept]:
        """Return what is on a shelf, the latest first."""
        return await self._store.kept(listener, shelf, kind)

    async def playlists(self, listener: ListenerId) -> list[Playlist]:
        """Return the listener's playlists, the one changed last first."""
        return await self._store.playlists(listener)

    async def playlist(self, listener: ListenerId, playlist_id: PlaylistId) -> Playlist:
        """Return a playlist; ``NoSuchPlaylist`` also where it is another's."""
        found = await self._store.playlist(listener, playlist_id)
        if found is None:
            raise NoSuchPlaylist("You have no such playlist.")
        return found

    async def create_playlist(
        self, listener: ListenerId, name: str, description: str = ""
    ) -> Playlist:
        """Make an empty playlist."""
        now = self._clock.now()
        playlist = Playlist(
            PlaylistId(random_id()), listener, checked_name(name), description, now, now, ()
        )
        await self._store.put_playlist(playlist)
        await self._leave_nothing_of_the_gone(listener)
        return playlist

    async def rename_playlist(
        self,
        listener: ListenerId,
        playlist_id: PlaylistId,
        *,
        name: str | None = None,
        description: str | None = None,
    ) -> Playlist:
        """Give a playlist another name or description."""
        new = None if name is None else checked_name(name)

        def change(before: Playlist) -> Playlist:
            return replace(
                before,
                name=before.name if new is None else new,
                description=before.description if description is None else description,
            )

        return await self._edit(listener, playlist_id, change)

    async def delete_playlist(self, listener: ListenerId, playlist_id: PlaylistId) -> None:
        """Delete a playlist."""
        await self.playlist(listener, playlist_id)
        await self._store.delete_playlist(listener, playlist_id)

    async def add_to_playlist(
        self,
        listener: ListenerId,
        playlist_id: PlaylistId,
        song_ids: Sequence[SongId],
        *,
        position: int | None = None,
    ) -> Playlist:
        """Add songs before ``position``, or at the end."""
        missing = await self._missing(Kind.SONGS, song_ids)
        if missing:
            raise NoSuchSong(f"The catalogue has no song {missing[0]}.")
        now = self._clock.now()
        added = [PlaylistItem(random_id(), song_id, now) for song_id in song_ids]
        return await self._edit_items(
            listener, playlist_id, lambda items: with_added(items, added, position)
        )

    async def remove_from_playlist(
        self, listener: ListenerId, playlist_id: PlaylistId, item_id: str
    ) -> Playlist:
        """Remove one item."""
        return await self._edit_items(listener, playlist_id, lambda items: without(items, item_id))

    async def move_in_playlist(
        self, listener: ListenerId, playlist_id: PlaylistId, item_id: str, position: int
    ) -> Playlist:
        """Move one item, so that afterwards it stands at ``position``."""
        return await self._edit_items(
            listener, playlist_id, lambda items: with_moved(items, item_id, position)
        )

    async def record_play(self, news: PlayNews) -> None:
        """Remember what was told about a play.

        The same news twice changes nothing, and so does older news told by another at once.
        """
        song = await self._catalog.song(news.song_id)
        play = await self._store.put_play(
            news.listener_id, news.grant_id, lambda known: _after(known, news)
        )
        if song is not None and counts_as_heard(play):
            recent = Recent(song.album_id, song.id, news.position_ms, news.at)
            await self._store.put_recent(news.listener_id, recent)
        await self._leave_nothing_of_the_gone(news.listener_id)

    async def history(self, listener: ListenerId, *, limit: int, offset: int) -> list[Heard]:
        """Return what was heard, the newest first; what was skipped at once is left out."""
        plays = await self._store.history(listener, limit=limit, offset=offset)
        return [play for play in plays if counts_as_heard(play)]

    async def recent(self, listener: ListenerId) -> list[Recent]:
        """Return the albums to go on with, the latest first."""
        return (await self._store.recent(listener))[:_MOST_RECENT]

    async def forget_listener(self, listener: ListenerId) -> None:
        """Delete all that a removed listener kept and heard, and what may yet be told of them."""
        await self._store.mark_gone(listener)
        await self._store.delete_everything(listener)

    async def _leave_nothing_of_the_gone(self, listener: ListenerId) -> None:
        """Undo a write for a listener who is gone: another process, or the log, heard late.

        Asked after the write: who is marked as gone later is swept later, the write included.
        """
        if await self._store.is_gone(listener):
            await self._store.delete_everything(listener)

    async def _edit(
        self, listener: ListenerId, playlist_id: PlaylistId, change: Callable[[Playlist], Playlist]
    ) -> Playlist:
        now = self._clock.now()
        return await self._store.edit_playlist(
            listener, playlist_id, lambda before: replace(change(before), modified_at=now)
        )

    async def _edit_items(
        self,
        listener: ListenerId,
        playlist_id: PlaylistId,
        change: Callable[[tuple[PlaylistItem, ...]], tuple[PlaylistItem, ...]],
    ) -> Playlist:
        return await self._edit(
            listener, playlist_id, lambda before: replace(before, items=change(before.items))
        )

    async def _missing(self, kind: Kind, ids: Sequence[str]) -> list[str]:
        found: Sequence[object | None]
        match kind:
            case Kind.SONGS:
                found = await self._catalog.songs([SongId(i) for i in ids])
            case Kind.ALBUMS:
                found = await self._catalog.albums([AlbumId(i) for i in ids])
            case Kind.ARTISTS:
                found = await self._catalog.artists([ArtistId(i) for i in ids])
        return [i for i, item in zip(ids, found, strict=True) if item is None]


def _after(known: Heard | None, news: PlayNews) -> Heard:
    """Return a play's entry once the news is in it: when it began was said first, and stands."""
    begun = known.played_at if known else UnixMs(news.at - (news.heard_ms or 0))
    heard = news.heard_ms if news.heard_ms is not None or known is None else known.heard_ms
    return Heard(news.grant_id, news.song_id, begun, heard)
