"""Media looked after by schedule: what charts, catalogue and audio know, joined."""

import asyncio
import math
from contextlib import suppress
from typing import Final

import structlog

from antiphon.app.accounts import play_counts_of
from antiphon.app.compose import Installation
from antiphon.app.media_metrics import MediaCollector
from antiphon.app.tiering import tier_rules
from antiphon.audio import (
    Census,
    MediaKeeper,
    Pace,
    Plays,
    Tidied,
)
from antiphon.kernel import AntiphonError, RecordingId, SongId

log = structlog.get_logger()

_DAY_MS: Final = 24 * 3_600_000
_SONGS_AT_ONCE: Final = 2000
_MEGABYTE: Final = 1024 * 1024
_TURN: Final = "media-keeper.turn"
_SHARE_OF_TIME: Final = 10  # a pass takes at most a tenth of the time
_STORES_EVERY: Final = 24  # passes: listing all objects is work for a disk, rows are not
_LONGEST_HISTORY: Final = 400  # days: charts keep them apart for so long


class KeptMedia:
    """Looks after the media of an installation; several processes may, and take turns."""

    def __init__(self, installation: Installation) -> None:
        settings = installation.settings
        self._installation = installation
        self._keeper = MediaKeeper(
            tables=installation.tables,
            census=census_of(installation),
            objects=installation.objects,
            clock=installation.clock,
            remake=self._remake,
            pace=Pace(settings.tiering_mb_per_second * _MEGABYTE),
        )
        self.collector = MediaCollector(self._keeper)
        self._passes = 0

    async def run(self, stop: asyncio.Event) -> None:
        """Look after media, again and again, until ``stop``."""
        minutes = self._installation.settings.tiering_minutes
        while minutes and not stop.is_set():
            began = self._installation.clock.monotonic()
            try:
                if await self._is_our_turn(minutes * 60):
                    await self.tidy(stop)
            except AntiphonError as fault:
                log.warning("media_not_looked_after", reason=fault.detail)
            lasted = self._installation.clock.monotonic() - began
            with suppress(TimeoutError):
                pause = max(minutes * 60, lasted * _SHARE_OF_TIME)
                await asyncio.wait_for(stop.wait(), pause)

    async def tidy(self, stop: asyncio.Event) -> Tidied:
        """Do one pass; what it changed stands in the log and, where media went, in the audit."""
        plays = await plays_of(self._installation)
        stores = self._passes % _STORES_EVERY == 0
        done = await self._keeper.tidy(plays, stop, stores=stores)
        self._passes += 1
        if not done.is_nothing:
            told = {name: getattr(done, name) for name in Tidied.__slots__}
            log.info("media_looked_after", **told)
            if done.orphans_collected or done.rungs_retired:
                details = {name: str(value) for name, value in told.items() if value}
                await self._installation.audit.append("media keeper", "media_kept", "all", details)
        return done

    async def _is_our_turn(self, seconds: float) -> bool:
        """Say whether no other process has begun lately; two at once would only waste work."""
        return await self._installation.cache.add(_TURN, b"1", ttl=seconds * 0.9)

    async def _remake(self, recording_id: RecordingId) -> None:
        recording = await self._installation.catalog.recording(recording_id)
        if recording is not None:
            await self._installation.jobs.enqueue_album(recording.album_id)


def census_of(installation: Installation) -> Census:
    """Return what counts the media of an installation."""
    rules = tier_rules(installation.settings)
    return Census(installation.packages, installation.objects, rules)


async def plays_of(installation: Installation) -> dict[RecordingId, Plays]:
    """Return how much each recording is played, by the counts that charts are made of."""
    rules, counts = tier_rules(installation.settings), play_counts_of(installation)
    today = installation.clock.now() // _DAY_MS
    oldest = today - min(_LONGEST_HISTORY, math.ceil(rules.cold_days))
    first_hot = today - math.ceil(rules.hot_days) + 1
    of_songs: dict[str, Plays] = {}
    async for day, played in counts.days(oldest, today):
        had = of_songs.get(played.song_id, Plays())
        recent = had.recent + (played.plays if day >= first_hot else 0)
        of_songs[played.song_id] = Plays(recent, today - day)  # days come in order
    found: dict[RecordingId, Plays] = {}
    ids = sorted(of_songs)
    for first in range(0, len(ids), _SONGS_AT_ONCE):
        some = [SongId(i) for i in ids[first : first + _SONGS_AT_ONCE]]
        for song in await installation.catalog.songs(some):
            if song is not None:
                _add(found, song.recording_id, of_songs[song.id])
    return found


def _add(found: dict[RecordingId, Plays], recording_id: RecordingId, plays: Plays) -> None:
    """Add the plays of one of the songs that a recording is offered as."""
    had = found.get(recording_id)
    if had is None:
        found[recording_id] = plays
    else:
        idle = min(had.idle_days or 0, plays.idle_days or 0)
        found[recording_id] = Plays(had.recent + plays.recent, idle)
