"""What lies behind the playlists: fMP4 as RFC 8216 (3.3) and CMAF want it."""

from antiphon.streaming.inspector.presentation import Presentation
from antiphon.streaming.inspector.rule import MUST, Faults, Rule


def _reachable(p: Presentation) -> Faults:
    faults = [
        f"{t.name}: {t.playlist.source.status or 'unreachable'} {t.playlist.source.reason}"
        for t in p.tracks
        if not t.playlist.source.ok
    ]
    faults += [
        f"{t.name}: init section: {t.init.fault}" for t in p.tracks if t.init and t.init.fault
    ]
    return faults + [
        f"{t.name}: {s.name}: {s.found.fault}"
        for t in p.tracks
        for s in t.segments
        if s.found.fault and ("moof" in s.found.kinds or t.init is not None)
    ]


def _init_boxes(p: Presentation) -> Faults:
    inits = [(t, t.init) for t in p.tracks if t.init is not None and t.init.kinds]
    if not inits:
        return None
    faults = [f"{t.name}: no ftyp" for t, i in inits if "ftyp" not in i.kinds]
    faults += [
        f"{t.name}: brands {i.brands} know no movie fragments"
        for t, i in inits
        if i.brands and not any(b.startswith(("iso6", "iso7", "iso8", "iso9")) for b in i.brands)
    ]
    faults += [f"{t.name}: no mvex" for t, i in inits if not i.fragmented]
    return faults + [f"{t.name}: media data in it" for t, i in inits if "mdat" in i.kinds]


def _segment_boxes(p: Presentation) -> Faults:
    fragments = [(t, s) for t in p.tracks for s in t.segments if "moof" in s.found.kinds]
    if not fragments:
        return None
    faults = [f"{t.name}: {s.name}: no tfdt" for t, s in fragments if s.found.decode_time is None]
    faults += [f"{t.name}: {s.name}: no mdat" for t, s in fragments if "mdat" not in s.found.kinds]
    return faults + [f"{t.name}: {s.name}: a moov" for t, s in fragments if "moov" in s.found.kinds]


def _independent(p: Presentation) -> Faults:
    said = [t for t in p.tracks if t.playlist.independent or _multivariant_says(p)]
    fragments = [(t, s) for t in said for s in t.segments if "moof" in s.found.kinds]
    if not fragments:
        return None
    return [f"{t.name}: {s.name}" for t, s in fragments if not s.found.starts_in_sync]


def _multivariant_says(p: Presentation) -> bool:
    return p.multivariant is not None and p.multivariant.independent


RULES: tuple[Rule, ...] = (
    Rule(
        "RFC 8216 6.2.1",
        MUST,
        "Everything that is listed can be fetched and read",
        "Publish it, or take it off the list.",
        _reachable,
    ),
    Rule(
        "RFC 8216 3.3 init",
        MUST,
        "The init section is ftyp and moov with mvex, without media",
        "Write a CMAF header: brand iso6 or later, moov with mvex, no mdat.",
        _init_boxes,
    ),
    Rule(
        "RFC 8216 3.3 segment",
        MUST,
        "A segment is moof with tfdt, and mdat, without moov",
        "Write CMAF segments.",
        _segment_boxes,
    ),
    Rule(
        "RFC 8216 4.3.5.1",
        MUST,
        "Where segments are said to be independent, each begins with a sync sample",
        "Cut at sync samples, or do not say EXT-X-INDEPENDENT-SEGMENTS.",
        _independent,
    ),
)
