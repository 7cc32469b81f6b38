"""The play media intent: what, how, and then an activity whose queue is asked for."""

from collections.abc import Sequence
from typing import Final

from antiphon.gateways.sirikit.locating import Located, Locator
from antiphon.gateways.sirikit.queues import MOST_SONGS, info_for
from antiphon.gateways.sirikit.requests import MediaItem, PlayerContext
from antiphon.gateways.sirikit.results import (
    BOOLEAN,
    LOCATION,
    PLAY_ITEM,
    REPEAT,
    Code,
    Result,
    activity_of,
    resolved,
    responded,
)
from antiphon.gateways.sirikit.searching import is_empty
from antiphon.gateways.sirikit.steps import Rooms, Step
from antiphon.kernel import SongId, random_id

_PREFIX: Final = "PlayMediaIntentHandling."
_RESPONSE: Final = "PlayMediaIntentResponse"
_REPEATS: Final = frozenset({"none", "all", "one"})
_LOCATIONS: Final = frozenset({"now", "next", "later"})


class PlayMedia:
    """Resolves and handles; nothing sounds until the client asks for the queue."""

    def __init__(self, rooms: Rooms) -> None:
        self._rooms = rooms
        self._locator = Locator(rooms)

    async def resolve_media_items(self, step: Step) -> list[Result]:
        """Return what is to be played, and where that is certain, all steps that are to come."""
        if _only_resumes(step):
            return await self._resumed(step)
        located = await self._locator.locate(step)
        item = located.item
        first = resolved(_PREFIX + "resolveMediaItems", [located.resolution(PLAY_ITEM)])
        ahead = [] if item is None else await self._ahead(step.of([item]), located)
        return [first, *ahead]

    async def resolve_play_shuffled(self, step: Step) -> Result:
        """Return whether songs are to come by chance."""
        asked = step.intent.play_shuffled
        answer = BOOLEAN.not_required() if asked is None else BOOLEAN.success(asked)
        return resolved(_PREFIX + "resolvePlayShuffled", answer)

    async def resolve_repeat_mode(self, step: Step) -> Result:
        """Return what is to be repeated."""
        mode = step.intent.playback_repeat_mode
        answer = REPEAT.success(mode) if mode in _REPEATS else REPEAT.not_required()
        return resolved(_PREFIX + "resolvePlaybackRepeatMode", answer)

    async def resolve_queue_location(self, step: Step) -> Result:
        """Return where in the queue it goes; without a queue, that is now."""
        place = step.intent.playback_queue_location
        if place not in _LOCATIONS:
            answer = LOCATION.not_required()
        else:
            answer = LOCATION.success(place if _queue_of(step) else "now")
        return resolved(_PREFIX + "resolvePlaybackQueueLocation", answer)

    async def resolve_resume_playback(self, step: Step) -> Result:
        """Return whether to go on where the listener was."""
        asked = step.intent.resume_playback
        answer = BOOLEAN.not_required() if asked is None else BOOLEAN.success(asked)
        return resolved(_PREFIX + "resolveResumePlayback", answer)

    async def handle(self, step: Step, located: Located | None = None) -> Result:
        """Return how it ends, with the activity by which the queue is asked for."""
        located = located or await self._locator.locate(step)
        failure = located.failure
        songs: Sequence[SongId] = [song.id for song in located.finding.songs]
        start, offset = 0, 0
        if failure is None and step.intent.resume_playback:
            place = await self._left_off(step, songs)
            if place is None:
                failure = Code.FAILURE_NO_UNPLAYED_CONTENT
            else:
                start, offset = place
        if failure is not None:
            activity = activity_of(self._rooms.bundle_id, random_id())
            return responded(_PREFIX + "handle", _RESPONSE, failure, activity)
        found = located.finding.item
        info = info_for(songs, start=start, offset=offset, **_placed(step))
        title = "" if found is None else found.name
        activity = activity_of(self._rooms.bundle_id, random_id(), title, info)
        return responded(_PREFIX + "handle", _RESPONSE, Code.SUCCESS, activity)

    async def _ahead(self, step: Step, located: Located) -> list[Result]:
        """Answer the steps that are still to come; the client takes them or asks again."""
        return [
            await self.resolve_play_shuffled(step),
            await self.resolve_repeat_mode(step),
            await self.resolve_queue_location(step),
            await self.resolve_resume_playback(step),
            await self.handle(step, located),
        ]

    async def _resumed(self, step: Step) -> list[Result]:
        """Return the album that was played last, to go on with."""
        method = _PREFIX + "resolveMediaItems"
        recent = await self._rooms.library.recent(step.caller.listener_id)
        for place in recent:
            item = MediaItem(identifier=place.album_id, type="album")
            located = await self._locator.locate(step.of([item]))
            if (named := located.item) is not None:
                first = resolved(method, [located.resolution(PLAY_ITEM)])
                return [first, *await self._ahead(step.of([named]), located)]
        return [resolved(method, [PLAY_ITEM.unsupported()])]

    async def _left_off(self, step: Step, songs: Sequence[SongId]) -> tuple[int, int] | None:
        """Return the place and position (ms) where the listener was in these songs."""
        queued = list(songs[:MOST_SONGS])
        for place in await self._rooms.library.recent(step.caller.listener_id):
            if place.song_id in queued:
                return queued.index(place.song_id), place.position_ms
        return None


def _only_resumes(step: Step) -> bool:
    asked = step.intent
    return bool(asked.resume_playback) and not asked.media_items and is_empty(asked.media_search)


def _queue_of(step: Step) -> PlayerContext | None:
    context = step.session.player_context
    return context if context is not None and context.queue_identifier else None


def _placed(step: Step) -> dict[str, str]:
    mode, place = step.intent.playback_repeat_mode, step.intent.playback_queue_location
    placed = {"repeat": mode if mode in _REPEATS else "none"}
    context = _queue_of(step)
    if context is None or place not in {"next", "later"}:
        return placed
    queue, content = context.queue_identifier or "", context.content_identifier or ""
    return placed | {"place": place, "queue": queue, "content": content}
