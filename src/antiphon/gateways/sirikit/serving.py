"""Serves queues: each song of a segment is granted as any other play, or left out."""

import asyncio
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import msgspec
import structlog

from antiphon.catalog import Showing, SongAttributes
from antiphon.gateways.sirikit.queues import (
    SEGMENT,
    ActivityInfo,
    QueueState,
    QueueUnknown,
    controls,
    info_of,
    inserted,
    new_queue,
    next_place,
    previous_end,
    segment_url,
)
from antiphon.gateways.sirikit.requests import VERSION, Constraints, PlayMediaRequest
from antiphon.gateways.sirikit.steps import Rooms
from antiphon.identity import Principal
from antiphon.kernel import Conflict, Denied, ListenerId, NotFound, SongId, random_id
from antiphon.streaming import NotReady, PlayIn

log = structlog.get_logger()

_KEPT_SECONDS: Final = 24 * 3600.0
_PATIENCE_SECONDS: Final = 0.25  # with a song that is not the first: it is told with the next ones
_MOST_AWAITED: Final = 8  # songs, one after the other, until one is found that is ready
_HOME: Final = "/v1/catalog/home"
_HUNDREDS: Final = 250
_Queue = dict[str, object]


class _Grant(msgspec.Struct, rename="camel"):
    id: str
    playlist_url: str


_grant = msgspec.json.Decoder(_Grant).decode
_encode = msgspec.msgpack.Encoder().encode
_state = msgspec.msgpack.Decoder(QueueState).decode


@dataclass(frozen=True, slots=True)
class _Asked:
    """Who asks for a segment of which queue."""

    caller: Principal
    queue_id: str
    language: str


class Queues:
    """Hands queues out, segment by segment."""

    def __init__(self, rooms: Rooms) -> None:
        self._rooms = rooms

    async def queue(
        self, caller: Principal, request: PlayMediaRequest, language: str
    ) -> _Queue | None:
        """Return the queue of an activity; None where nothing of it may be played.

        ``ActivityGone`` for an activity that was not made here; ``NotReady`` where nothing of it is
        packaged yet.
        """
        info = info_of(request.user_activity.user_info)
        if info.place != "now":
            known = await self._known(caller, info.queue)
            if known is not None:
                asked = _Asked(caller, info.queue, language)
                return await self._insert(asked, known, info)
        queue_id = request.user_activity.persistent_identifier or random_id()
        state = new_queue(
            info,
            allows_explicit=request.constraints.allow_explicit_content,
            size=_size(request.constraints),
        )
        begin = min(info.start, len(state.songs) - 1)
        asked = _Asked(caller, queue_id, language)
        queue, first = await self._segment(asked, state, begin)
        if queue is not None and info.offset and first == begin:
            content = _contents(queue)[0]["identifier"]
            queue["playPointer"] = {"contentIdentifier": content, "offsetInMillis": info.offset}
        return queue

    async def segment(
        self,
        caller: Principal,
        queue_id: str,
        *,
        begin: int | None,
        end: int | None = None,
        language: str = "",
    ) -> _Queue | None:
        """Return the segment from a place on, or the one before ``end``; None at the end.

        ``QueueUnknown`` where the queue was not handed out, or too long ago.
        """
        state = await self._known(caller, queue_id)
        if state is None:
            raise QueueUnknown("This queue is not known any more: ask by its activity.")
        stop = min(end or 0, len(state.songs)) if begin is None else None
        begin = max(0, (stop or 0) - state.size) if begin is None else begin
        if begin >= len(state.songs):
            return None
        asked = _Asked(caller, queue_id, language)
        queue, _ = await self._segment(asked, state, begin, stop)
        return queue

    async def _insert(self, asked: _Asked, before: QueueState, info: ActivityInfo) -> _Queue | None:
        state, begin = inserted(before, info)
        queue, _ = await self._segment(asked, state, begin)
        if queue is not None and begin > 0:
            replaces = info.place == "next" and begin <= before.last_handed_out
            pointer: dict[str, object] = {"afterIdentifier": state.contents[begin - 1]}
            queue["insertPointer"] = pointer | {"replace": replaces}
        return queue

    async def _segment(
        self, asked: _Asked, state: QueueState, begin: int, stop: int | None = None
    ) -> tuple[_Queue | None, int]:
        """Return a segment and the place of its first song; what it hands out is remembered.

        ``stop`` is where it ends at the latest (not included).
        """
        places = range(begin, len(state.songs) if stop is None else stop)
        granted = await self._granted(asked.caller, state, places)
        if not granted:
            return None, begin
        names = {place: grant.id for place, grant in granted.items()}
        await self._remember(asked, state.handed_out(names))
        base, first, last = self._rooms.base_url, min(granted), max(granted)
        queue: _Queue = {
            "version": VERSION,
            "identifier": asked.queue_id,
            "contentItemsCount": len(state.songs),
            "controls": controls(),
            "content": await self._content(asked, state, granted),
        }
        after, end = next_place(state, last), previous_end(state, begin)
        if after is not None:
            queue["nextContentUrl"] = segment_url(base, begin=after)
        if end is not None:
            queue["previousContentUrl"] = segment_url(base, end=end)
        return queue, first

    async def _granted(
        self, caller: Principal, state: QueueState, places: range
    ) -> dict[int, _Grant]:
        """Return grants by place; it ends before a song that is not ready, to be told next time.

        What may not be heard, or cannot be played, is left out.
        """
        explicit = caller.allows_explicit and state.allows_explicit
        heard_by = replace(caller, allows_explicit=explicit)
        size = 1 if state.repeat == "one" else state.size
        found: dict[int, _Grant] = {}
        waited = 0
        for place in places:
            try:
                is_first = not found and not waited
                found[place] = await self._grant(heard_by, state.songs[place], patient=is_first)
            except (NotReady, TimeoutError):
                waited += 1
                if found or waited >= _MOST_AWAITED:
                    break
            except (NotFound, Denied, Conflict) as fault:
                log.info("siri_song_left_out", song_id=state.songs[place], reason=fault.code)
            if len(found) >= size:
                break
        if waited and not found:
            raise NotReady("The songs are being prepared.", retry_after=2)
        return found

    async def _grant(self, caller: Principal, song_id: str, *, patient: bool) -> _Grant:
        ask = PlayIn(song_id=song_id)
        async with asyncio.timeout(None if patient else _PATIENCE_SECONDS):
            return _grant(await self._rooms.plays.grant(caller, ask))

    async def _content(
        self, asked: _Asked, state: QueueState, granted: Mapping[int, _Grant]
    ) -> list[dict[str, object]]:
        attributes = await self._attributes(asked, [state.songs[place] for place in granted])
        return [
            {
                "identifier": grant.id,
                "url": f"{self._rooms.origin}{grant.playlist_url}",
                "playIndex": place + 1,
                "isLive": False,
                "attributes": _told(attributes.get(state.songs[place])),
            }
            for place, grant in granted.items()
        ]

    async def _attributes(
        self, asked: _Asked, song_ids: Sequence[str]
    ) -> dict[str, SongAttributes]:
        rooms = self._rooms
        songs = await rooms.catalog.songs([SongId(i) for i in song_ids])
        showing = Showing(rooms.catalog, rooms.gate, asked.caller, _HOME, asked.language)
        shown = await showing.songs([song for song in songs if song is not None])
        return {song.id: song.attributes for song in shown}

    async def _known(self, caller: Principal, queue_id: str) -> QueueState | None:
        raw = await self._rooms.cache.get(_key(caller.listener_id, queue_id))
        return None if raw is None else _state(raw)

    async def _remember(self, asked: _Asked, state: QueueState) -> None:
        key = _key(asked.caller.listener_id, asked.queue_id)
        await self._rooms.cache.set(key, _encode(state), ttl=_KEPT_SECONDS)


def _size(constraints: Constraints) -> int:
    return min(SEGMENT, constraints.maximum_queue_segment_item_count)


def _contents(queue: _Queue) -> list[dict[str, object]]:
    content = queue["content"]
    assert isinstance(content, list)
    return content


def _told(song: SongAttributes | None) -> dict[str, object]:
    """Return a song's attributes as the vendor calls them; pictures are not among them.

    The shape of ``ContentAttributes.Artwork`` is on no page that could be read.
    """
    if song is None:
        return {}
    return {
        "name": song.name[:_HUNDREDS],
        "artistName": song.artist_name,
        "albumName": song.album_name[:_HUNDREDS],
        "durationInMillis": song.duration_in_millis,
        "trackNumber": song.track_number,
        "genreNames": list(song.genre_names),
        **({"composerName": song.composer_name[:_HUNDREDS]} if song.composer_name else {}),
    }


def _key(listener: ListenerId, queue_id: str) -> str:
    digest = hashlib.blake2b(queue_id.encode(), digest_size=12).hexdigest()
    return f"siri/queue/{listener}/{digest}"
