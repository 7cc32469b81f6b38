"""The add media and update media affinity intents: what a listener keeps, likes and does not."""

import hashlib
from collections.abc import Sequence
from typing import Final

from antiphon.catalog import name_key
from antiphon.gateways.sirikit.locating import Located, Locator
from antiphon.gateways.sirikit.requests import MediaDestination
from antiphon.gateways.sirikit.results import (
    ADD_ITEM,
    AFFINITY_ITEM,
    AFFINITY_TYPE,
    DESTINATION,
    Code,
    Resolution,
    Result,
    Unsupported,
    activity_of,
    resolved,
    responded,
)
from antiphon.gateways.sirikit.searching import is_empty
from antiphon.gateways.sirikit.steps import Rooms, Step
from antiphon.kernel import PlaylistId, random_id
from antiphon.library import Kind, Playlist, Shelf
from antiphon.voice import NameKind

_ADD: Final = "AddMediaIntentHandling."
_AFFINITY: Final = "UpdateMediaAffinityIntentHandling."
_ADDED: Final = "AddMediaIntentResponse"
_JUDGED: Final = "UpdateMediaAffinityIntentResponse"
_LIBRARY, _PLAYLIST = "library", "playlist"
_NO_SUCH_PLAYLIST: Final = "playlistNameNotFound"
_LIKE, _DISLIKE = "like", "dislike"
_MOST_CHOICES: Final = 3
_DONE_SECONDS: Final = 600.0
_KINDS: Final = {
    NameKind.SONG: Kind.SONGS,
    NameKind.ALBUM: Kind.ALBUMS,
    NameKind.ARTIST: Kind.ARTISTS,
}


class _Keeping:
    """What both intents do: say what is meant, and refuse whose token may not change anything."""

    def __init__(self, rooms: Rooms, of: Resolution) -> None:
        self._rooms = rooms
        self._locator = Locator(rooms)
        self._of = of

    async def items(self, step: Step) -> Result:
        """Return the resolution of what is meant."""
        if not step.may_change:
            return self._of.unsupported(Unsupported.LOGIN_REQUIRED.value)
        if not step.intent.media_items and is_empty(step.intent.media_search):
            return self._of.needs_value()
        return (await self._locator.locate(step)).resolution(self._of)

    def ended(self, method: str, of: str, code: Code) -> Result:
        """Return how it ended; there is no queue to ask for."""
        return responded(method, of, code, activity_of(self._rooms.bundle_id, random_id()))


class AddMedia(_Keeping):
    """Adds to the library or to a playlist."""

    def __init__(self, rooms: Rooms) -> None:
        super().__init__(rooms, ADD_ITEM)

    async def resolve_media_items(self, step: Step) -> Result:
        """Return what is to be added."""
        return resolved(_ADD + "resolveMediaItems", [await self.items(step)])

    async def resolve_media_destination(self, step: Step) -> Result:
        """Return where it goes: the library, where nothing else was said."""
        return resolved(_ADD + "resolveMediaDestination", await self._destination(step))

    async def confirm(self, step: Step) -> Result:
        """Return whether all is there to do it."""
        located = await self._locator.locate(step)
        is_known = await self._playlist(step) is not None or not _playlist_name(step)
        ready = step.may_change and located.failure is None and is_known
        code = Code.READY if ready else located.failure or Code.FAILURE
        return self.ended(_ADD + "confirm", _ADDED, _told_of_adding(code))

    async def handle(self, step: Step) -> Result:
        """Add it; asked again, because the answer was lost, nothing is added twice."""
        located = await self._locator.locate(step)
        code = located.failure
        if not step.may_change:
            code = Code.FAILURE_REQUIRING_APP_LAUNCH
        if code is None:
            code = await self._once(step, located)
        return self.ended(_ADD + "handle", _ADDED, _told_of_adding(code))

    async def _once(self, step: Step, located: Located) -> Code:
        session = hashlib.blake2b(step.session.identifier.encode(), digest_size=12).hexdigest()
        done = f"siri/added/{step.caller.listener_id}/{session}"
        if await self._rooms.cache.get(done) is not None:
            return Code.SUCCESS
        code = await self._add(step, located)
        if code is Code.SUCCESS:
            await self._rooms.cache.set(done, b"1", ttl=_DONE_SECONDS)
        return code

    async def _add(self, step: Step, located: Located) -> Code:
        library, listener = self._rooms.library, step.caller.listener_id
        songs = [song.id for song in located.finding.songs]
        if _playlist_name(step):
            playlist = await self._playlist(step)
            if playlist is None:
                return Code.FAILURE
            await library.add_to_playlist(listener, PlaylistId(playlist.id), songs)
            return Code.SUCCESS
        found = located.finding.item
        kind = _KINDS.get(found.kind) if found is not None and found.id else None
        if found is not None and kind is not None:
            await library.keep(listener, Shelf.LIBRARY, kind, [found.id])
        else:
            await library.keep(listener, Shelf.LIBRARY, Kind.SONGS, songs)
        return Code.SUCCESS

    async def _destination(self, step: Step) -> Result:
        asked = step.intent.media_destination
        if asked is None or asked.media_destination_type == _LIBRARY:
            return DESTINATION.success({"mediaDestinationType": _LIBRARY})
        if asked.media_destination_type != _PLAYLIST:
            return DESTINATION.unsupported()
        if not asked.playlist_name:
            return DESTINATION.needs_value()
        return await self._named(step, asked)

    async def _named(self, step: Step, asked: MediaDestination) -> Result:
        if (playlist := await self._playlist(step)) is not None:
            return DESTINATION.success(_destination(playlist))
        near = await self._near(step, asked)
        if not near:
            return DESTINATION.unsupported(_NO_SUCH_PLAYLIST)
        if len(near) == 1:
            return DESTINATION.confirmation_required(_destination(near[0]))
        return DESTINATION.disambiguation([_destination(p) for p in near[:_MOST_CHOICES]])

    async def _playlist(self, step: Step) -> Playlist | None:
        key = name_key(_playlist_name(step))
        owned = await self._rooms.library.playlists(step.caller.listener_id)
        return next((p for p in owned if key and name_key(p.name) == key), None)

    async def _near(self, step: Step, asked: MediaDestination) -> Sequence[Playlist]:
        """Return playlists whose names have all the words that were said."""
        said = set(name_key(asked.playlist_name).split()) - {_PLAYLIST}
        owned = await self._rooms.library.playlists(step.caller.listener_id)
        return [p for p in owned if said and said <= set(name_key(p.name).split())]


class UpdateMediaAffinity(_Keeping):
    """Likes and dislikes that are said; buttons come as reports of activity."""

    def __init__(self, rooms: Rooms) -> None:
        super().__init__(rooms, AFFINITY_ITEM)

    async def resolve_media_items(self, step: Step) -> Result:
        """Return what is liked or not."""
        resolution = await self.items(step)
        if "success" in resolution and not _can_judge(step, await self._locator.locate(step)):
            reason = Unsupported.UNSUPPORTED_MEDIA_TYPE.value
            resolution = AFFINITY_ITEM.unsupported(reason)
        return resolved(_AFFINITY + "resolveMediaItems", [resolution])

    async def resolve_affinity_type(self, step: Step) -> Result:
        """Return whether it is liked or not; it has to be said."""
        said = step.intent.affinity_type
        is_clear = said in {_LIKE, _DISLIKE}
        answer = AFFINITY_TYPE.success(said) if is_clear else AFFINITY_TYPE.needs_value()
        return resolved(_AFFINITY + "resolveAffinityType", answer)

    async def handle(self, step: Step) -> Result:
        """Keep it; one takes the other back."""
        return self.ended(_AFFINITY + "handle", _JUDGED, await self._judged(step))

    async def _judged(self, step: Step) -> Code:
        said = step.intent.affinity_type
        if not step.may_change:
            return Code.FAILURE_REQUIRING_APP_LAUNCH
        if said not in {_LIKE, _DISLIKE} or not step.session.constraints.update_user_taste_profile:
            return Code.FAILURE
        located = await self._locator.locate(step)
        found = located.finding.item
        if found is None or not located.finding.songs or not _can_judge(step, located):
            return Code.FAILURE
        onto, off = Shelf.FAVOURITES, Shelf.DISLIKES
        if said == _DISLIKE:
            onto, off = off, onto
        library, listener, kind = self._rooms.library, step.caller.listener_id, _KINDS[found.kind]
        await library.keep(listener, onto, kind, [found.id])
        await library.drop(listener, off, kind, [found.id])
        return Code.SUCCESS


def _can_judge(step: Step, located: Located) -> bool:
    """Say whether there is a shelf for it: songs, albums and artists; only songs are disliked."""
    found = located.finding.item
    if found is None or not found.id or found.kind not in _KINDS:
        return False
    return step.intent.affinity_type != _DISLIKE or found.kind is NameKind.SONG


def _playlist_name(step: Step) -> str:
    asked = step.intent.media_destination
    if asked is None or asked.media_destination_type != _PLAYLIST:
        return ""
    return asked.playlist_name


def _destination(playlist: Playlist) -> dict[str, object]:
    return {"mediaDestinationType": _PLAYLIST, "playlistName": playlist.name}


def _told_of_adding(code: Code) -> Code:
    """Return a code that this response knows; those of playing are failures here."""
    known = {Code.SUCCESS, Code.READY, Code.FAILURE_REQUIRING_APP_LAUNCH}
    return code if code in known else Code.FAILURE
