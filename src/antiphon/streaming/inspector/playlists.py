"""Reads M3U8 as it is: what is missing or odd is kept, for the rules to judge."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from urllib.parse import urljoin

from antiphon.streaming.inspector.fetching import Fetched

_ATTRIBUTE = re.compile(r'([A-Z0-9-]+)=("[^"]*"|[^",]*)(?:,|\Z)')
_BYTE_RANGE = re.compile(r"(\d+)(?:@(\d+))?\Z")


@dataclass(frozen=True, slots=True)
class Tag:
    """One ``#EXT`` line with an attribute list."""

    name: str
    attributes: Mapping[str, str]
    uri: str = ""

    def get(self, name: str) -> str:
        """Return an attribute without its quotes, or an empty string."""
        return self.attributes.get(name, "")

    def number(self, name: str) -> float | None:
        """Return a numeric attribute, or None where it is missing or no number."""
        try:
            return float(self.attributes[name])
        except (KeyError, ValueError):
            return None


@dataclass(frozen=True, slots=True)
class SegmentEntry:
    """One segment as the playlist tells it; ``duration`` None where EXTINF is missing."""

    uri: str
    duration: float | None
    discontinuity: bool = False
    byte_range: range | None = None
    key: Tag | None = None


@dataclass(slots=True)
class Playlist:
    """One playlist: of variants (``streams``) or of segments."""

    source: Fetched
    lines: list[str]
    tags: list[str]
    version: int | None = None
    target: int | None = None
    kind: str = ""
    ended: bool = False
    independent: bool = False
    maps: list[Tag] = field(default_factory=list)
    keys: list[Tag] = field(default_factory=list)
    media: list[Tag] = field(default_factory=list)
    streams: list[Tag] = field(default_factory=list)
    segments: list[SegmentEntry] = field(default_factory=list)

    @property
    def is_multivariant(self) -> bool:
        """Say whether this lists variants, not segments."""
        return bool(self.streams or self.media)

    @property
    def uri(self) -> str:
        """Return the playlist's own address."""
        return self.source.uri

    def has(self, tag: str) -> bool:
        """Say whether a tag occurs."""
        return tag in self.tags


def read_playlist(source: Fetched) -> Playlist:
    """Read a playlist; nothing is refused."""
    lines = source.body.decode("utf-8", "replace").splitlines()
    names = [line.partition(":")[0] for line in lines if line.startswith("#EXT")]
    playlist = Playlist(source, lines, names)
    _Reader(playlist).read()
    return playlist


def attributes_of(text: str) -> dict[str, str]:
    """Return an attribute list's values without quotes."""
    return {name: value.strip('"') for name, value in _ATTRIBUTE.findall(text)}


class _Reader:
    """Walks the lines, remembering what applies to the next segment."""

    def __init__(self, playlist: Playlist) -> None:
        self._to = playlist
        self._duration: float | None = None
        self._discontinuity = False
        self._byte_range: str = ""
        self._stream: Tag | None = None
        self._key: Tag | None = None
        self._after = 0

    def read(self) -> None:
        for line in _meaningful(self._to.lines):
            if line.startswith("#"):
                name, _, value = line.partition(":")
                self._tag(name, value)
            else:
                self._uri(line)

    def _tag(self, name: str, value: str) -> None:
        to = self._to
        match name:
            case "#EXT-X-VERSION":
                to.version = _integer(value)
            case "#EXT-X-TARGETDURATION":
                to.target = _integer(value)
            case "#EXT-X-PLAYLIST-TYPE":
                to.kind = value
            case "#EXT-X-ENDLIST":
                to.ended = True
            case "#EXT-X-INDEPENDENT-SEGMENTS":
                to.independent = True
            case "#EXTINF":
                self._duration = _decimal(value.partition(",")[0])
            case "#EXT-X-DISCONTINUITY":
                self._discontinuity = True
            case "#EXT-X-BYTERANGE":
                self._byte_range = value
            case _:
                self._attributes(name, value)

    def _attributes(self, name: str, value: str) -> None:
        to = self._to
        tag = Tag(name, attributes_of(value))
        match name:
            case "#EXT-X-MAP":
                to.maps.append(tag)
            case "#EXT-X-KEY" | "#EXT-X-SESSION-KEY":
                to.keys.append(tag)
                self._key = None if tag.get("METHOD") == "NONE" else tag
            case "#EXT-X-MEDIA":
                to.media.append(tag)
            case "#EXT-X-STREAM-INF":
                if self._stream is not None:
                    to.streams.append(self._stream)
                self._stream = tag

    def _uri(self, line: str) -> None:
        if self._stream is not None:
            stream = self._stream
            self._to.streams.append(Tag(stream.name, stream.attributes, line))
            self._stream = None
            return
        entry = SegmentEntry(line, self._duration, self._discontinuity, self._range(), self._key)
        self._to.segments.append(entry)
        self._duration, self._discontinuity, self._byte_range = None, False, ""

    def _range(self) -> range | None:
        found = byte_range(self._byte_range, self._after)
        self._after = 0 if found is None else found.stop
        return found


def byte_range(text: str, after: int = 0) -> range | None:
    """Return ``length@start`` as positions; without a start it goes on ``after`` the last one."""
    match = _BYTE_RANGE.match(text)
    if match is None:
        return None
    start = after if match[2] is None else int(match[2])
    return range(start, start + int(match[1]))


def resolve(base: str, uri: str) -> str:
    """Return the address that ``uri`` means inside the playlist at ``base``."""
    return urljoin(base, uri)


def _meaningful(lines: list[str]) -> Iterator[str]:
    for line in lines:
        text = line.strip()
        if text and (not text.startswith("#") or text.startswith("#EXT")):
            yield text


def _integer(text: str) -> int | None:
    return int(text) if text.strip().isascii() and text.strip().isdigit() else None


def _decimal(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
