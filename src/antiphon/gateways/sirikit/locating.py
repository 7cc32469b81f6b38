"""Finds what an intent is about, and says in the protocol's words what came of it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from antiphon.catalog import Song
from antiphon.gateways.sirikit.queues import song_of_content
from antiphon.gateways.sirikit.requests import MediaItem, MediaSearch
from antiphon.gateways.sirikit.results import Code, Resolution, Result, Unsupported, told
from antiphon.gateways.sirikit.searching import (
    CURRENTLY_PLAYING,
    is_search_id,
    is_supported,
    kind_of,
    media_item,
    on_album,
    ordered,
    search_id,
    wish_of_search,
)
from antiphon.gateways.sirikit.steps import Rooms, Step
from antiphon.kernel import AlbumId, ArtistId, GenreId, SongId, is_well_formed
from antiphon.rights import Reason as Withheld
from antiphon.voice import Finding, Named, NameKind, Reason, Verdict

_ABSENT: Final = Finding(Verdict.ABSENT, reason=Reason.NOT_FOUND)
_TRIED: Final = (NameKind.SONG, NameKind.ALBUM, NameKind.ARTIST, NameKind.PLAYLIST, NameKind.GENRE)
_REASONS: Final[Mapping[str, Unsupported]] = {
    Withheld.TERRITORY.value: Unsupported.REGION_RESTRICTION,
    Withheld.STOREFRONT_NEEDED.value: Unsupported.REGION_RESTRICTION,
    Withheld.COMMERCIAL_MODEL.value: Unsupported.SUBSCRIPTION_REQUIRED,
}


@dataclass(frozen=True, slots=True)
class Located:
    """What an intent is about. ``is_foreign``: it is of a type that is not music.

    ``search`` is what it was looked for by.
    """

    finding: Finding
    search: MediaSearch
    is_foreign: bool = False

    @property
    def item(self) -> MediaItem | None:
        """Return it as the client knows it; None where nothing certain may be played."""
        found = self.finding
        if found.item is None or found.verdict is not Verdict.CERTAIN or not found.songs:
            return None
        return media_item(found.item, self.search)

    def resolution(self, of: Resolution) -> Result:
        """Return its resolution, with exactly one outcome."""
        found = self.finding
        if self.is_foreign:
            return of.unsupported(Unsupported.UNSUPPORTED_MEDIA_TYPE.value)
        items = [told(media_item(item, self.search)) for item in found.candidates]
        if found.verdict is Verdict.SEVERAL and len(items) > 1:
            return of.disambiguation(items)
        if found.verdict is Verdict.ABSENT or not items or not found.songs:
            return of.unsupported(reason_of(found))
        if found.verdict is Verdict.LIKELY:
            return of.confirmation_required(items[0])
        return of.success(items[0])

    @property
    def failure(self) -> Code | None:
        """Return why it cannot be played; None where it can."""
        found = self.finding
        if self.is_foreign:
            return Code.FAILURE_UNKNOWN_MEDIA_TYPE
        if found.songs:
            return None
        if found.withheld == Withheld.STOREFRONT_NEEDED.value:
            return Code.FAILURE_REQUIRING_APP_LAUNCH
        if found.reason in {Reason.EXPLICIT, Reason.NOT_AVAILABLE}:
            return Code.FAILURE_RESTRICTED_CONTENT
        return Code.FAILURE


def reason_of(found: Finding) -> str | None:
    """Return why nothing of it may be had; None for what is not there, or not to be known of."""
    if found.reason is Reason.EXPLICIT:
        return Unsupported.EXPLICIT_CONTENT_SETTINGS.value
    if found.reason is Reason.NOT_AVAILABLE:
        return _REASONS.get(found.withheld, Unsupported.RESTRICTED_CONTENT).value
    return None


class Locator:
    """Finds for one step after the other, by the finder that spoken text gets."""

    def __init__(self, rooms: Rooms) -> None:
        self._rooms = rooms

    async def locate(self, step: Step) -> Located:
        """Return what a step is about: what was resolved before, or what its search finds."""
        intent, search = step.intent, step.intent.media_search
        item = intent.media_items[0] if intent.media_items else None
        known = is_supported(search.media_type) if item is None else _is_known(item)
        if not known:
            return Located(_ABSENT, search, is_foreign=True)
        found = await (self._searched(step) if item is None else self._again(step, item))
        return Located(replace(found, songs=tuple(ordered(found.songs, search.sort_order))), search)

    async def _again(self, step: Step, item: MediaItem) -> Finding:
        """Return what was resolved before."""
        if is_search_id(item.identifier):
            is_same = item.identifier == search_id(step.intent.media_search)
            return await self._find(step) if is_same else _ABSENT
        kind = kind_of(item.type)
        return _ABSENT if kind is None else await self._play(step, kind, item.identifier)

    async def _searched(self, step: Step) -> Finding:
        search = step.intent.media_search
        if search.reference == CURRENTLY_PLAYING:
            context = step.session.player_context
            song = song_of_content(context.content_identifier) if context else None
            return _ABSENT if song is None else await self._play(step, NameKind.SONG, song)
        if search.media_identifier:
            return await self._identified(step)
        return await self._find(step)

    async def _identified(self, step: Step) -> Finding:
        search = step.intent.media_search
        kind = kind_of(search.media_type)
        for tried in _TRIED if kind is None else (kind,):
            found = await self._play(step, tried, search.media_identifier)
            if found.verdict is not Verdict.ABSENT:
                return found
        return _ABSENT

    async def _find(self, step: Step) -> Finding:
        search, voice = step.intent.media_search, await self._rooms.voice.voice()
        wish = wish_of_search(search, shuffled=step.intent.play_shuffled)
        found = await voice.find(step.asker, wish)
        if wish.similar_to:  # "music like it" is not the thing itself, and has no id of its own
            nameless = tuple(replace(one, id="") for one in found.candidates)
            return replace(found, candidates=nameless)
        if found.verdict is not Verdict.SEVERAL or not (search.album_name and search.media_name):
            return found
        songs = await self._songs(found)
        fitting = on_album(found, songs, search.album_name)
        if len(fitting) == 1:
            return await voice.play(step.asker, fitting[0], wish)
        return replace(found, candidates=fitting)

    async def _play(self, step: Step, kind: NameKind, identifier: str) -> Finding:
        item = await self._named(step, kind, identifier) if is_well_formed(identifier) else None
        if item is None:
            return _ABSENT
        wish = wish_of_search(step.intent.media_search, shuffled=step.intent.play_shuffled)
        voice = await self._rooms.voice.voice()
        return await voice.play(step.asker, item, wish)

    async def _named(self, step: Step, kind: NameKind, identifier: str) -> Named | None:
        """Return an item by its id: of the catalogue, or a playlist of who asks."""
        catalog = self._rooms.catalog
        match kind:
            case NameKind.SONG:
                song = await catalog.song(SongId(identifier))
                by = ", ".join(credit.name for credit in song.artists) if song else ""
                return Named(kind, identifier, song.title, by) if song else None
            case NameKind.ALBUM:
                album = await catalog.album(AlbumId(identifier))
                by = ", ".join(credit.name for credit in album.artists) if album else ""
                return Named(kind, identifier, album.title, by) if album else None
            case NameKind.ARTIST:
                artist = await catalog.artist(ArtistId(identifier))
                return Named(kind, identifier, artist.name) if artist else None
            case NameKind.GENRE:
                genre = await catalog.genre(GenreId(identifier))
                return Named(kind, identifier, genre.name) if genre else None
            case NameKind.PLAYLIST:
                listener, library = step.caller.listener_id, self._rooms.library
                owned = await library.playlists(listener)
                name = next((p.name for p in owned if p.id == identifier), None)
                return None if name is None else Named(kind, identifier, name)

    async def _songs(self, found: Finding) -> list[Song | None]:
        """Return the candidates that are songs, None for others."""
        ids = [SongId(i.id) if i.kind is NameKind.SONG else None for i in found.candidates]
        songs = await self._rooms.catalog.songs([i for i in ids if i is not None])
        known = {song.id: song for song in songs if song is not None}
        return [None if i is None else known.get(i) for i in ids]


def _is_known(item: MediaItem) -> bool:
    return is_search_id(item.identifier) or kind_of(item.type) is not None
