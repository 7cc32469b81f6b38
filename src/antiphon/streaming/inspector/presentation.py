"""Everything about one source, gathered before any rule is asked."""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from antiphon.kernel import Invalid
from antiphon.streaming.inspector.fetching import Fetched, Fetcher, may_lead_to
from antiphon.streaming.inspector.media import (
    InitFacts,
    SegmentFacts,
    init_facts,
    segment_facts,
)
from antiphon.streaming.inspector.playlists import (
    Playlist,
    SegmentEntry,
    Tag,
    byte_range,
    read_playlist,
    resolve,
)

_AT_ONCE: Final = 4
_MAX_PLAYLISTS: Final = 64
_MAX_SEGMENTS: Final = 20_000
_HALF, _HALF_MORE = 0.5, 1.5  # RFC 8216, 4.1: what the peak bit rate is measured over


@dataclass(frozen=True, slots=True)
class TimedSegment:
    """A segment as told and as found."""

    name: str
    told: SegmentEntry
    found: SegmentFacts
    source: Fetched


@dataclass(frozen=True, slots=True)
class Track:
    """One media playlist with its media; ``rendition`` and ``variants`` are what points to it."""

    name: str
    playlist: Playlist
    init: InitFacts | None
    init_source: Fetched | None
    segments: tuple[TimedSegment, ...]
    rendition: Tag | None
    variants: tuple[Tag, ...]

    @property
    def codec(self) -> str:
        """Return the codec that the init section names, or an empty string."""
        return "" if self.init is None else self.init.codec

    @property
    def told_seconds(self) -> float:
        """Return the sum of all EXTINF."""
        return sum(s.told.duration or 0.0 for s in self.segments)

    def seconds(self, segment: TimedSegment) -> float | None:
        """Return how long a segment is presented: its samples, but for what the edit list hides."""
        init = self.init
        if init is None or not init.timescale or segment.found.decode_time is None:
            return None
        begin = max(segment.found.decode_time, init.edit_start)
        end = segment.found.decode_time + segment.found.duration
        if init.edit_end is not None:
            end = min(end, init.edit_end)
        return (end - begin) / init.timescale

    def boundaries(self) -> list[float]:
        """Return where segments begin, in seconds of presentation, the first at 0."""
        times, at = [], 0.0
        for segment in self.segments:
            times.append(at)
            measured = self.seconds(segment)
            at += (segment.told.duration or 0.0) if measured is None else measured
        return times

    def is_contiguous(self, first: TimedSegment, second: TimedSegment) -> bool:
        """Say whether the second's decode time is where the first ends."""
        begin, follow = first.found.decode_time, second.found.decode_time
        return begin is None or follow is None or begin + first.found.duration == follow

    def pairs(self) -> Iterator[tuple[TimedSegment, TimedSegment]]:
        """Yield neighbours."""
        yield from pairwise(self.segments)

    def average_bandwidth(self) -> float:
        """Return measured bits per second over all segments."""
        return sum(s.found.size for s in self.segments) * 8 / max(self.told_seconds, 1e-9)

    def peak_bandwidth(self) -> float:
        """Return the most measured over any run of 0.5 to 1.5 target durations."""
        target = self.playlist.target or 1
        peak = 0.0
        for first in range(len(self.segments)):
            seconds, bits = 0.0, 0
            for segment in self.segments[first:]:
                seconds += segment.told.duration or 0.0
                bits += segment.found.size * 8
                if seconds > target * _HALF_MORE:
                    break
                if seconds >= target * _HALF:
                    peak = max(peak, bits / seconds)
        return max(peak, self.average_bandwidth())


@dataclass(frozen=True, slots=True)
class Presentation:
    """A source: its multivariant playlist, if it is one, and all tracks."""

    source: str
    multivariant: Playlist | None
    tracks: tuple[Track, ...]

    @property
    def playlists(self) -> list[Playlist]:
        """Return all playlists, the multivariant one first."""
        first = [] if self.multivariant is None else [self.multivariant]
        return [*first, *(t.playlist for t in self.tracks)]

    @property
    def streams(self) -> list[Tag]:
        """Return the variants."""
        return [] if self.multivariant is None else self.multivariant.streams

    @property
    def renditions(self) -> list[Tag]:
        """Return the EXT-X-MEDIA tags."""
        return [] if self.multivariant is None else self.multivariant.media

    @property
    def audio_renditions(self) -> list[Tag]:
        """Return the EXT-X-MEDIA tags of audio."""
        return [m for m in self.renditions if m.get("TYPE") == "AUDIO"]

    @property
    def keys(self) -> list[Tag]:
        """Return all keys that encrypt something."""
        return [k for p in self.playlists for k in p.keys if k.get("METHOD") != "NONE"]

    def segments(self) -> Iterator[TimedSegment]:
        """Yield the segments of all tracks."""
        for track in self.tracks:
            yield from track.segments


async def gather(source: str, fetcher: Fetcher) -> Presentation:
    """Fetch everything that the playlist at ``source`` leads to."""
    return await _Gatherer(source, fetcher).gather()


class _Gatherer:
    def __init__(self, source: str, fetcher: Fetcher) -> None:
        self._source = source
        self._fetcher = fetcher
        self._gate = asyncio.Semaphore(_AT_ONCE)

    async def gather(self) -> Presentation:
        first = await self._fetch(self._source, self._source)
        if not first.ok:
            reason = first.reason or str(first.status)
            raise Invalid(f"{self._source} cannot be read: {reason}.")
        if not first.body.lstrip(b"\xef\xbb\xbf").startswith(b"#EXT"):
            raise Invalid(f"{self._source} is no playlist: it does not begin with #EXTM3U.")
        playlist = read_playlist(first)
        if not playlist.is_multivariant:
            track = await self._track(playlist, None, ())
            return Presentation(self._source, None, (track,))
        return Presentation(self._source, playlist, tuple(await self._tracks(playlist)))

    async def _tracks(self, playlist: Playlist) -> list[Track]:
        uris = [m.get("URI") for m in playlist.media] + [s.uri for s in playlist.streams]
        unique = list(dict.fromkeys(u for u in uris if u))[:_MAX_PLAYLISTS]
        return list(await asyncio.gather(*(self._led_to(playlist, uri) for uri in unique)))

    async def _led_to(self, playlist: Playlist, uri: str) -> Track:
        fetched = await self._fetch(resolve(playlist.uri, uri), playlist.uri)
        rendition = next((m for m in playlist.media if m.get("URI") == uri), None)
        variants = tuple(s for s in playlist.streams if _plays(s, uri, rendition))
        return await self._track(read_playlist(fetched), rendition, variants, name=uri)

    async def _track(
        self, playlist: Playlist, rendition: Tag | None, variants: Sequence[Tag], name: str = ""
    ) -> Track:
        init_source = await self._init(playlist)
        init = None if init_source is None else init_facts(init_source)
        entries = playlist.segments[:_MAX_SEGMENTS]
        segments = await asyncio.gather(
            *(self._segment(playlist, entry, init or InitFacts()) for entry in entries)
        )
        return Track(
            name=name or playlist.uri.rpartition("/")[2],
            playlist=playlist,
            init=init,
            init_source=init_source,
            segments=tuple(segments),
            rendition=rendition,
            variants=tuple(variants),
        )

    async def _init(self, playlist: Playlist) -> Fetched | None:
        if not playlist.maps or not playlist.maps[0].get("URI"):
            return None
        tag = playlist.maps[0]
        where = resolve(playlist.uri, tag.get("URI"))
        return await self._fetch(where, playlist.uri, byte_range(tag.get("BYTERANGE")))

    async def _segment(
        self, playlist: Playlist, entry: SegmentEntry, init: InitFacts
    ) -> TimedSegment:
        where = resolve(playlist.uri, entry.uri)
        source = await self._fetch(where, playlist.uri, entry.byte_range)
        facts = segment_facts(source, init)
        headers_only = Fetched(source.uri, source.status, b"", source.headers, source.reason)
        return TimedSegment(entry.uri, entry, facts, headers_only)

    async def _fetch(self, uri: str, base: str, part: range | None = None) -> Fetched:
        if not may_lead_to(base, uri):
            return Fetched(uri, 0, b"", reason="a playlist from the web may not name it")
        async with self._gate:
            return await self._fetcher.fetch(uri, part=part)


def _plays(stream: Tag, uri: str, rendition: Tag | None) -> bool:
    group = "" if rendition is None else rendition.get("GROUP-ID")
    return stream.uri == uri or (bool(group) and stream.get("AUDIO") == group)
