"""Rows of the library; every key begins with the listener, so nobody reads another's.

``kept``: ``{listener}/{shelf}/{kind}/{id}``. ``playlists``: ``{listener}/{playlist}``, the whole
list in one row, so that an edit is one atomic compare-and-swap. ``history``: ``{listener}/`` and
the inverted time, so that a scan reads the newest first. ``plays``: ``{listener}/{grant}`` -> that
key. ``recent``: ``{listener}/{album}``. ``gone_listeners``: ``{listener}``, kept for good.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

import msgspec

from antiphon.kernel import AlbumId, GrantId, ListenerId, PlaylistId, UnixMs
from antiphon.library.errors import NoSuchPlaylist, TooManyEdits
from antiphon.library.model import Heard, Kept, Kind, Playlist, Recent, Shelf
from antiphon.storage import Condition, DeleteRow, Row, SetCell, Tables, prefix_range

_KEPT = "kept"
_PLAYLISTS = "playlists"
_HISTORY = "history"
_PLAYS = "plays"
_RECENT = "recent"
_GONE = "gone_listeners"
_FAMILY = "l"
_PAGE = 1000
_MOST = 50_000
_TRIES = 20
_LATEST = 2**63 - 1

_encode = msgspec.msgpack.Encoder().encode
_playlist = msgspec.msgpack.Decoder(Playlist).decode
_heard = msgspec.msgpack.Decoder(Heard).decode
_recent = msgspec.msgpack.Decoder(Recent).decode


class LibraryStore:
    """The only queries that the library makes."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    async def keep(
        self, listener: ListenerId, shelf: Shelf, kind: Kind, ids: Sequence[str], *, now: UnixMs
    ) -> None:
        """Put things on a shelf."""
        value = str(now).encode()
        rows = [(_kept_key(listener, shelf, kind, i), [SetCell(_FAMILY, "", value)]) for i in ids]
        await self._tables.mutate_many(_KEPT, rows)

    async def drop(
        self, listener: ListenerId, shelf: Shelf, kind: Kind, ids: Sequence[str]
    ) -> None:
        """Take things off a shelf."""
        rows = [(_kept_key(listener, shelf, kind, i), [DeleteRow()]) for i in ids]
        await self._tables.mutate_many(_KEPT, rows)

    async def kept(self, listener: ListenerId, shelf: Shelf, kind: Kind) -> list[Kept]:
        """Return what is on a shelf, the latest first."""
        prefix = _kept_key(listener, shelf, kind, "")
        found = [
            Kept(row.key[len(prefix) :].decode(), UnixMs(int(_value(row))))
            for row in await self._all(_KEPT, prefix)
        ]
        return sorted(found, key=lambda kept: (-kept.added_at, kept.id))

    async def put_playlist(self, playlist: Playlist) -> None:
        """Write a new playlist."""
        raw = _encode(playlist)
        await self._tables.mutate(_PLAYLISTS, _playlist_key(playlist), [SetCell(_FAMILY, "", raw)])

    async def playlist(self, listener: ListenerId, playlist_id: PlaylistId) -> Playlist | None:
        """Return a playlist of this listener, or None."""
        row = await self._tables.read(_PLAYLISTS, f"{listener}/{playlist_id}".encode())
        return None if row is None else _playlist(_value(row))

    async def playlists(self, listener: ListenerId) -> list[Playlist]:
        """Return the listener's playlists, the one changed last first."""
        rows = await self._all(_PLAYLISTS, f"{listener}/".encode())
        found = [_playlist(_value(row)) for row in rows]
        return sorted(found, key=lambda playlist: (-playlist.modified_at, playlist.id))

    async def edit_playlist(
        self, listener: ListenerId, playlist_id: PlaylistId, change: Callable[[Playlist], Playlist]
    ) -> Playlist:
        """Change a playlist; when another edit came between, the change is made to its result."""
        key = f"{listener}/{playlist_id}".encode()
        for _ in range(_TRIES):
            row = await self._tables.read(_PLAYLISTS, key)
            if row is None:
                raise NoSuchPlaylist("You have no such playlist.")
            raw = _value(row)
            after = change(_playlist(raw))
            done = await self._tables.check_and_mutate(
                _PLAYLISTS,
                key,
                Condition(_FAMILY, "", raw),
                then=[SetCell(_FAMILY, "", _encode(after))],
            )
            if done:
                return after
        raise TooManyEdits("Others keep changing this playlist: try again.")

    async def delete_playlist(self, listener: ListenerId, playlist_id: PlaylistId) -> None:
        """Delete a playlist; deleting what is not there is fine."""
        await self._tables.mutate(_PLAYLISTS, f"{listener}/{playlist_id}".encode(), [DeleteRow()])

    async def put_play(
        self, listener: ListenerId, grant: GrantId, change: Callable[[Heard | None], Heard]
    ) -> Heard:
        """Write what ``change`` makes of a grant's entry in the history, and return it.

        When another write came between, the change is made to its result. The entry keeps the time
        at which it was first said to begin, by which it is filed.
        """
        for _ in range(_TRIES):
            key, raw = await self._filed(listener, grant, change)
            known = None if raw is None else _heard(raw)
            play = replace(change(known), played_at=_filed_at(listener, key))
            if play == known or await self._tables.check_and_mutate(
                _HISTORY,
                key,
                Condition(_FAMILY, "", raw),
                then=[SetCell(_FAMILY, "", _encode(play))],
            ):
                return play
        raise TooManyEdits("Others keep telling of this play: try again.")

    async def _filed(
        self, listener: ListenerId, grant: GrantId, change: Callable[[Heard | None], Heard]
    ) -> tuple[bytes, bytes | None]:
        """Return where a grant's entry is filed, and what it holds; who comes first files it."""
        row_key = f"{listener}/{grant}".encode()
        row = await self._tables.read(_PLAYS, row_key)
        if row is None:
            key = _history_key(listener, change(None))
            if await self._tables.check_and_mutate(
                _PLAYS, row_key, Condition(_FAMILY, "", None), then=[SetCell(_FAMILY, "", key)]
            ):
                return key, None
            row = await self._tables.read(_PLAYS, row_key)
        if row is None:
            raise TooManyEdits("This play is being deleted.")
        entry = await self._tables.read(_HISTORY, _value(row))
        return _value(row), None if entry is None else _value(entry)

    async def history(self, listener: ListenerId, *, limit: int, offset: int) -> list[Heard]:
        """Return plays, the newest first."""
        start, end = prefix_range(f"{listener}/".encode())
        rows = await self._tables.scan(_HISTORY, start=start, end=end, limit=offset + limit)
        return [_heard(_value(row)) for row in rows[offset:]]

    async def put_recent(self, listener: ListenerId, recent: Recent) -> None:
        """Remember where the listener is in an album; what is older than what is known is not."""
        key = f"{listener}/{recent.album_id}".encode()
        for _ in range(_TRIES):
            row = await self._tables.read(_RECENT, key)
            raw = None if row is None else _value(row)
            if raw is not None and _recent(raw).played_at > recent.played_at:
                return
            if await self._tables.check_and_mutate(
                _RECENT,
                key,
                Condition(_FAMILY, "", raw),
                then=[SetCell(_FAMILY, "", _encode(recent))],
            ):
                return
        raise TooManyEdits("Others keep telling of this album: try again.")

    async def forget_recent(self, listener: ListenerId, album_id: AlbumId) -> None:
        """Forget an album that is gone."""
        await self._tables.mutate(_RECENT, f"{listener}/{album_id}".encode(), [DeleteRow()])

    async def recent(self, listener: ListenerId) -> list[Recent]:
        """Return the albums that were played, the latest first."""
        found = [_recent(_value(row)) for row in await self._all(_RECENT, f"{listener}/".encode())]
        return sorted(found, key=lambda recent: -recent.played_at)

    async def mark_gone(self, listener: ListenerId) -> None:
        """Write down that a listener is gone for good."""
        await self._tables.mutate(_GONE, listener.encode(), [SetCell(_FAMILY, "", b"1")])

    async def is_gone(self, listener: ListenerId) -> bool:
        """Say whether a listener is gone."""
        return await self._tables.read(_GONE, listener.encode()) is not None

    async def delete_everything(self, listener: ListenerId) -> None:
        """Delete every row of a listener; begun again after a kill, it deletes the rest."""
        start, end = prefix_range(f"{listener}/".encode())
        for table in (_KEPT, _PLAYLISTS, _HISTORY, _PLAYS, _RECENT):
            while rows := await self._tables.scan(table, start=start, end=end, limit=_PAGE):
                await self._tables.mutate_many(table, [(row.key, [DeleteRow()]) for row in rows])

    async def _all(self, table: str, prefix: bytes) -> list[Row]:
        start, end = prefix_range(prefix)
        rows: list[Row] = []
        while len(rows) < _MOST:
            page = await self._tables.scan(table, start=start, end=end, limit=_PAGE)
            rows += page
            if len(page) < _PAGE:
                break
            start = page[-1].key + b"\0"
        return rows


def _value(row: Row) -> bytes:
    return row.value(_FAMILY, "") or b""


def _kept_key(listener: ListenerId, shelf: Shelf, kind: Kind, item_id: str) -> bytes:
    return f"{listener}/{shelf.value}/{kind.value}/{item_id}".encode()


def _playlist_key(playlist: Playlist) -> bytes:
    return f"{playlist.listener_id}/{playlist.id}".encode()


def _history_key(listener: ListenerId, play: Heard) -> bytes:
    newest_first = (_LATEST - play.played_at).to_bytes(8, "big")
    return f"{listener}/".encode() + newest_first + play.id[-32:].encode()


def _filed_at(listener: ListenerId, key: bytes) -> UnixMs:
    begin = len(f"{listener}/".encode())
    return UnixMs(_LATEST - int.from_bytes(key[begin : begin + 8], "big"))
