"""The use cases: grant a play, open its media, write down what became of it."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Final, Protocol

import structlog

from antiphon.audio import Package, Rung, ready_channel
from antiphon.catalog import Song
from antiphon.eventlog import EventLog
from antiphon.kernel import (
    AlbumId,
    Clock,
    Conflict,
    Denied,
    DeviceId,
    GrantId,
    HouseholdId,
    NotFound,
    RecordingId,
    SongId,
    Unavailable,
    UnixMs,
    random_id,
)
from antiphon.rights import Decision as RightsDecision
from antiphon.rights import DrmSignalling, SongUnavailable, Terms, UseType
from antiphon.storage import Objects, Signals, SingleFlight
from antiphon.streaming.beacons import envelopes_of
from antiphon.streaming.bounded import BoundedCache
from antiphon.streaming.events import TOPIC
from antiphon.streaming.hls import KeyForm
from antiphon.streaming.licensing import (
    NOT_FOR_CHILDREN,
    KeyWords,
    Licences,
    Licensing,
    NotForChildren,
)
from antiphon.streaming.model import Caller, MediaPass, PlayTicket, SpatialPreference, Wish
from antiphon.streaming.prepared import PreparedSong, ServedPlaylist
from antiphon.streaming.rules import decide
from antiphon.streaming.sent import SentMedia
from antiphon.streaming.spatial import More, lacking, offered
from antiphon.streaming.tokens import TokenSigner, order_for_token
from antiphon.streaming.wire import GrantTemplate, PlayEventsIn, PlayIn

log = structlog.get_logger()

_LIFETIME_MS: Final = 6 * 3600 * 1000
_WAIT_SECONDS: Final = 4.0
_LOOK_SECONDS: Final = 0.5  # a signal may be lost: look as well
_RETRY_AFTER_SECONDS: Final = 2
_PATIENCE_SECONDS: Final = 0.3  # with tables, where what they said before is held
_SETTLED_SECONDS: Final = 15.0  # how long a complete package is trusted without looking again
_GROWING_SECONDS: Final = 1.0
_FORBIDDEN: Final = 403
_CACHE_BYTES: Final = 64 * 1024 * 1024


_PlaylistKey = tuple[str, str, tuple[Rung, ...] | Rung, KeyForm]


class Songs(Protocol):
    """The part of the catalogue that streaming reads."""

    async def song(self, song_id: SongId, /) -> Song | None:
        """Return one song, or None."""
        ...


class Packages(Protocol):
    """The part of audio's package store that streaming reads."""

    async def package(self, recording_id: RecordingId, /) -> Package | None:
        """Return what is ready of a recording, or None."""
        ...


class Jobs(Protocol):
    """The part of audio's jobs that streaming asks for."""

    async def enqueue(
        self,
        recording_id: RecordingId,
        content_hash: str,
        path: str,
        album_id: AlbumId,
        /,
        *,
        urgent: bool,
    ) -> object:
        """Have a recording packaged; urgent ones go first."""
        ...

    async def enqueue_spatial(
        self,
        recording_id: RecordingId,
        content_hash: str,
        path: str,
        album_id: AlbumId,
        /,
        *,
        everything: bool,
    ) -> object:
        """Have a recording's immersive master rendered."""
        ...

    async def failure(self, recording_id: RecordingId, /) -> str | None:
        """Return why packaging was given up, or None where it was not."""
        ...


class Entitlements(Protocol):
    """The part of rights that is asked before anything of a song leaves."""

    def peek(
        self, household: HouseholdId, song_id: SongId, use: UseType, /
    ) -> RightsDecision | None:
        """Return a decision where memory holds all of it, else None."""
        ...

    async def decide(
        self, household: HouseholdId, song_id: SongId, use: UseType, /
    ) -> RightsDecision:
        """Return whether a household may do this with a song now."""
        ...

    async def terms(self, household: HouseholdId, /) -> Terms:
        """Return on what terms a household listens."""
        ...


class DeviceSignedOut(Denied):
    """The device that was granted this has been signed out."""

    code = "device_revoked"


class SongUnknown(NotFound):
    """There is no such song."""

    code = "song_unknown"


class NotReady(Unavailable):
    """The song is being prepared."""

    code = "not_ready"


class SongUnplayable(Conflict):
    """The song's file cannot be decoded."""

    code = "song_unplayable"


class NothingPlayable(Conflict):
    """Everything is ready, and this player can play none of it."""

    code = "nothing_playable"


class StreamingService:
    """Everything between a listener's tap and the bytes of a segment, but HTTP."""

    def __init__(  # noqa: PLR0913 - composition hands over each port by name
        self,
        *,
        catalog: Songs,
        rights: Entitlements,
        packages: Packages,
        jobs: Jobs,
        objects: Objects,
        signals: Signals,
        events: EventLog,
        clock: Clock,
        licences: Licences,
        key_words: KeyWords,
        is_revoked: Callable[[DeviceId], bool],
        signing_secret: bytes,
        clear_key: bool = True,
        cache_bytes: int = _CACHE_BYTES,
    ) -> None:
        """Keep up to ``cache_bytes`` of what was worked out: songs, grants and playlists.

        ``is_revoked`` says whether a device was signed out while its media tokens still live.
        Without ``clear_key``, keys are left to the DRM systems that ``key_words`` tells of.
        """
        self.objects = objects
        self._catalog = catalog
        self._rights = rights
        self._packages = packages
        self._jobs = jobs
        self._signals = signals
        self._events = events
        self._clock = clock
        self._is_revoked = is_revoked
        self._signer = TokenSigner(signing_secret, clock, lifetime_ms=_LIFETIME_MS)
        self._key_words = key_words
        self._clear_key = clear_key
        self.sent = SentMedia(events, clock)
        self.licensing = Licensing(
            licences,
            self._signer,
            self.prepared,
            clock,
            lifetime_ms=_LIFETIME_MS,
            clear_key=clear_key,
        )
        self._songs: BoundedCache[str, tuple[PreparedSong, float]] = BoundedCache(cache_bytes // 2)
        self._looks: SingleFlight[SongId] = SingleFlight()
        self._grants: BoundedCache[tuple[str, str, Wish], GrantTemplate] = BoundedCache(
            cache_bytes // 4
        )
        self._playlists: BoundedCache[_PlaylistKey, ServedPlaylist] = BoundedCache(cache_bytes // 4)

    async def grant(self, caller: Caller, ask: PlayIn) -> bytes:
        """Return a play grant as JSON; wait a moment for a song that is still being prepared."""
        song_id, wish, use = SongId(ask.song_id), ask.wish(), ask.use_type
        allowed = await self._allowed(caller.household_id, song_id, use)
        song = self._fresh(song_id) or await self._look(song_id)
        template = None if song is None else self._template(song, wish)
        if song is None or template is None:
            song = await self._when_ready(song_id, wish)
            template = self._template(song, wish)
        assert template is not None, "waited for a song that this player cannot play"
        if song.explicit and not caller.allows_explicit:
            raise NotForChildren(NOT_FOR_CHILDREN, http_status=_FORBIDDEN)
        await self._have_rendered(song, wish)
        terms = await self._rights.terms(caller.household_id)
        now = self._clock.now()
        ticket = PlayTicket(GrantId(random_id()), song_id, now, terms.storefront, terms.model, use)
        return self._filled(caller, ticket, template, until=allowed.until)

    async def _have_rendered(self, song: PreparedSong, wish: Wish) -> None:
        """Ask for what this player could use of an immersive master and nobody has made yet."""
        more, master = lacking(song.spatial, wish), song.immersive
        if master is None or more is More.NOTHING:
            return
        listed = await self._song(song.song_id)
        await self._jobs.enqueue_spatial(
            song.recording_id,
            master.content_hash,
            master.path,
            listed.album_id,
            everything=more is More.ALL,
        )

    async def still_allowed(self, permit: MediaPass) -> None:
        """Refuse what a grant of before permitted where deals, owner or sign-out no longer do."""
        if self._is_revoked(permit.device_id):
            raise DeviceSignedOut("This device was signed out.", http_status=_FORBIDDEN)
        await self._allowed(permit.household_id, permit.song_id, permit.use)

    def open_pass(self, token: str, song_id: str) -> MediaPass:
        """Return what a media token permits; ``Denied`` where it is not good for this song."""
        return self._signer.open(token, song_id)

    async def prepared(self, song_id: SongId) -> PreparedSong:
        """Return a song with its package, from memory where it was looked at lately."""
        return self._fresh(song_id) or await self._known(song_id)

    async def multivariant(
        self, song: PreparedSong, rungs: tuple[Rung, ...], form: KeyForm
    ) -> ServedPlaylist:
        """Return the multivariant playlist of these rungs."""
        key = (song.song_id, song.version, rungs, form)
        found = self._playlists.get(key)
        if found is None:
            words = [word for rung in rungs for word in await self._words(song, rung)]
            found = song.multivariant(rungs, form, words)
            self._playlists.put(key, found, found.cost)
        return found

    async def media_playlist(self, song: PreparedSong, rung: Rung, form: KeyForm) -> ServedPlaylist:
        """Return the media playlist of one rung."""
        key = (song.song_id, song.version, rung, form)
        found = self._playlists.get(key)
        if found is None:
            words = await self._words(song, rung)
            found = song.media(rung, form if self._clear_key else None, words)
            self._playlists.put(key, found, found.cost)
        return found

    async def _words(self, song: PreparedSong, rung: Rung) -> Sequence[DrmSignalling]:
        if not song.is_encrypted:
            return ()
        return await self._key_words.signalling(song.recording_id, rung)

    def forget(self, song_id: SongId) -> None:
        """Look again at the next request: what was prepared does not match what is stored."""
        self._songs.drop(song_id)

    async def record(self, caller: Caller, public_id: str, batch: PlayEventsIn) -> None:
        """Write play events to the log; durable when this returns."""
        ticket = self._signer.open_play(public_id, caller)
        song = await self.prepared(ticket.song_id)
        envelopes = envelopes_of(
            batch.events, ticket, caller, clock=self._clock, duration_ms=song.duration_ms
        )
        await self._events.append(TOPIC, envelopes)

    async def _allowed(
        self, household: HouseholdId, song_id: SongId, use: UseType
    ) -> RightsDecision:
        decision = self._rights.peek(household, song_id, use)
        if decision is None:
            decision = await self._rights.decide(household, song_id, use)
        if not decision.allowed:
            if decision.is_hidden:
                raise SongUnknown("There is no such song.", pointer="/songId")
            raise SongUnavailable(decision)
        return decision

    def _filled(
        self, caller: Caller, ticket: PlayTicket, template: GrantTemplate, *, until: UnixMs | None
    ) -> bytes:
        """Fill a grant in; it ends with the deal that allows it, where that is sooner."""
        decision = template.decision
        assert decision.chosen is not None
        latest = ticket.issued_at + _LIFETIME_MS
        ends = latest if until is None else min(latest, until)
        # At least a second, or a grant in a deal's last moment would be none.
        expires_at = UnixMs(max(ends, ticket.issued_at + 1000) // 1000 * 1000)
        permit = MediaPass(
            ticket.grant_id,
            ticket.song_id,
            caller.listener_id,
            caller.device_id,
            caller.household_id,
            ticket.use,
            expires_at,
            order_for_token((*decision.variants, *decision.spatial), decision.chosen),
        )
        return template.fill(
            play_id=self._signer.seal_play(ticket, caller),
            expires_at=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(expires_at // 1000)),
            token=self._signer.seal(permit),
            clear_key=self._clear_key,
        )

    def _template(self, song: PreparedSong, wish: Wish) -> GrantTemplate | None:
        key = (song.song_id, song.version, wish)
        found = self._grants.get(key)
        if found is None:
            decision = decide(song.variants, wish)
            if decision.chosen is None:
                return None
            decision = replace(decision, spatial=offered(song.spatial, wish))
            asks = wish.spatial is not SpatialPreference.OFF
            found = GrantTemplate(song, decision, asked_for_spatial=asks)
            self._grants.put(key, found, found.cost)
        return found

    def _fresh(self, song_id: SongId) -> PreparedSong | None:
        entry = self._songs.get(song_id)
        if entry is None or entry[1] <= self._clock.monotonic():
            return None
        return entry[0]

    async def _known(self, song_id: SongId) -> PreparedSong:
        found = await self._look(song_id)
        if found is None:
            raise SongUnknown("Nothing of this song is ready to be played.")
        return found

    async def _look(self, song_id: SongId) -> PreparedSong | None:
        """Return the song as it is now; as it was, where tables do not answer."""
        held = self._songs.get(song_id)
        patience = None if held is None else _PATIENCE_SECONDS
        try:
            return await self._looks.share(song_id, lambda: self._read(song_id), patience=patience)
        except (Unavailable, TimeoutError):
            if held is None:
                raise
            return held[0]

    async def _read(self, song_id: SongId) -> PreparedSong | None:
        """Read the song's package; keep what was worked out where nothing has changed."""
        listed = await self._song(song_id)
        package, explicit = await self._packages.package(listed.recording_id), bool(listed.explicit)
        if package is None:
            self._songs.drop(song_id)
            return None
        held = self._songs.get(song_id)
        made = (package, explicit, listed.immersive)
        if held is not None and (held[0].package, held[0].explicit, held[0].immersive) == made:
            song = held[0]
        else:
            immersive = listed.immersive
            song = PreparedSong(song_id, package, explicit=explicit, immersive=immersive)
        trusted = _SETTLED_SECONDS if package.complete else _GROWING_SECONDS
        self._songs.put(song_id, (song, self._clock.monotonic() + trusted), song.cost)
        return song

    async def _song(self, song_id: SongId) -> Song:
        song = await self._catalog.song(song_id)
        if song is None:
            raise SongUnknown("There is no such song.", pointer="/songId")
        return song

    async def _when_ready(self, song_id: SongId, wish: Wish) -> PreparedSong:
        """Have the song prepared at once and wait for it, but not for long."""
        song = await self._song(song_id)
        async with self._signals.subscribe(ready_channel(song.recording_id)) as news:
            master = song.master
            await self._jobs.enqueue(
                song.recording_id, master.content_hash, master.path, song.album_id, urgent=True
            )
            log.info("play_awaited", song_id=song_id, recording_id=song.recording_id)
            ears = _Ears(news)
            try:
                return await self._watch(song, wish, ears)
            finally:
                await ears.close()

    async def _watch(self, song: Song, wish: Wish, ears: "_Ears") -> PreparedSong:
        deadline = self._clock.monotonic() + _WAIT_SECONDS
        while True:
            found = await self._look(song.id)
            if found is not None and self._template(found, wish) is not None:
                return found
            reason = await self._jobs.failure(song.recording_id)
            if found is None and reason is not None:
                raise SongUnplayable(f"This song's file cannot be played: {reason}")
            if found is not None and found.package.complete:
                raise NothingPlayable(_NOTHING_PLAYABLE)
            left = deadline - self._clock.monotonic()
            if left <= 0:
                raise NotReady(_NOT_READY, retry_after=_RETRY_AFTER_SECONDS)
            await ears.listen(min(left, _LOOK_SECONDS))


_NOT_READY = "This song is being prepared: try again in a moment."
_NOTHING_PLAYABLE = "This player can play none of the song's variants: list more codecs."


class _Ears:
    """Listens to a subscription with a deadline, without losing it at the deadline."""

    def __init__(self, news: AsyncIterator[bytes]) -> None:
        self._news = news
        self._next: asyncio.Task[bytes] | None = None

    async def listen(self, seconds: float) -> None:
        if self._next is None:
            self._next = asyncio.ensure_future(self._take())
        done, _ = await asyncio.wait({self._next}, timeout=seconds)
        if done:
            self._next = None

    async def _take(self) -> bytes:
        return await anext(self._news)

    async def close(self) -> None:
        if self._next is not None:
            self._next.cancel()
            with suppress(asyncio.CancelledError, StopAsyncIteration):
                await self._next
