"""The playlists as texts: RFC 8216, section 4, and its successor draft."""

from collections import Counter, defaultdict
from collections.abc import Iterator

from antiphon.streaming.inspector.playlists import Playlist, Tag
from antiphon.streaming.inspector.presentation import Presentation
from antiphon.streaming.inspector.rule import MUST, SHOULD, Faults, Rule

_MAY_DIFFER = {"URI", "GROUP-ID", "CHANNELS", "SAMPLE-RATE", "BIT-DEPTH", "STABLE-RENDITION-ID"}
_REQUIRED = ("TYPE", "GROUP-ID", "NAME")
_GROUPS = ("AUDIO", "VIDEO", "SUBTITLES", "CLOSED-CAPTIONS")


def _begins(p: Presentation) -> Faults:
    return [
        f"{_name(x)}: line 1 is {x.lines[0][:40]!r}"
        for x in p.playlists
        if x.lines and x.lines[0].strip() != "#EXTM3U"
    ]


def _text(p: Presentation) -> Faults:
    return [f"{_name(x)}: {why}" for x in p.playlists for why in _text_faults(x.source.body)]


def _text_faults(body: bytes) -> Iterator[str]:
    if body.startswith(b"\xef\xbb\xbf"):
        yield "it begins with a byte order mark"
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as fault:
        yield f"byte {fault.start} is no UTF-8"
        return
    if any(c < " " and c not in "\r\n" for c in text):
        yield "it holds control characters"


def _version(p: Presentation) -> Faults:
    return [f"{_name(x)}: {why}" for x in p.playlists for why in _version_faults(x)]


def _version_faults(x: Playlist) -> Iterator[str]:
    if x.tags.count("#EXT-X-VERSION") > 1:
        yield "the version is given more than once"
    needed, tag = _needed_version(x)
    if (x.version or 1) < needed:
        yield f"version {x.version or 1} is given, {tag} needs {needed}"


def _needed_version(x: Playlist) -> tuple[int, str]:
    """RFC 8216, 7: the least version for what the playlist uses."""
    needs = [(1, "")]
    if any(k.get("KEYFORMAT") or k.get("KEYFORMATVERSIONS") for k in x.keys):
        needs.append((5, "KEYFORMAT"))
    if x.maps:
        needs.append((5 if x.has("#EXT-X-I-FRAMES-ONLY") else 6, "EXT-X-MAP"))
    if any(s.byte_range for s in x.segments):
        needs.append((4, "EXT-X-BYTERANGE"))
    if any(s.duration is not None and s.duration != int(s.duration) for s in x.segments):
        needs.append((3, "a decimal EXTINF"))
    return max(needs)


def _extinf(p: Presentation) -> Faults:
    return [f"{t.name}: {s.name}" for t in p.tracks for s in t.segments if s.told.duration is None]


def _target(p: Presentation) -> Faults:
    faults = []
    for track in p.tracks:
        target = track.playlist.target
        if target is None:
            faults.append(f"{track.name}: it has none")
            continue
        faults += [
            f"{track.name}: {s.name} lasts {s.told.duration} s, the target is {target}"
            for s in track.segments
            if s.told.duration is not None and int(s.told.duration + 0.5) > target
        ]
    return faults


def _has_segments(p: Presentation) -> Faults:
    return [f"{t.name}: no segments" for t in p.tracks if not t.segments]


def _streams(p: Presentation) -> Faults:
    if p.multivariant is None:
        return None
    faults = ["it lists no variants"] if not p.streams else []
    faults += [f"variant {n}: no URI follows" for n, s in enumerate(p.streams, 1) if not s.uri]
    return faults + [
        f"{s.uri or f'variant {n}'}: no BANDWIDTH"
        for n, s in enumerate(p.streams, 1)
        if not s.number("BANDWIDTH")
    ]


def _media_tags(p: Presentation) -> Faults:
    if not p.renditions:
        return None
    return [
        f"{_rendition(m)}: no {name}" for m in p.renditions for name in _REQUIRED if not m.get(name)
    ]


def _groups_exist(p: Presentation) -> Faults:
    if p.multivariant is None:
        return None
    known = {(m.get("TYPE"), m.get("GROUP-ID")) for m in p.renditions}
    return [
        f"{s.uri}: {kind}={s.get(kind)!r} is not declared"
        for s in p.streams
        for kind in _GROUPS
        if s.get(kind) not in {"", "NONE"} and (kind, s.get(kind)) not in known
    ]


def _names_differ(p: Presentation) -> Faults:
    if not p.renditions:
        return None
    count = Counter((m.get("TYPE"), m.get("GROUP-ID"), m.get("NAME")) for m in p.renditions)
    return [
        f"group {group!r}: {n} are named {name!r}" for (_, group, name), n in count.items() if n > 1
    ]


def _one_default(p: Presentation) -> Faults:
    if not p.renditions:
        return None
    defaults = [m for m in p.renditions if m.get("DEFAULT") == "YES"]
    count = Counter((m.get("TYPE"), m.get("GROUP-ID")) for m in defaults)
    faults = [f"group {group!r}: {n} are the default" for (_, group), n in count.items() if n > 1]
    return faults + [
        f"{_rendition(m)}: DEFAULT=YES with AUTOSELECT=NO"
        for m in defaults
        if m.get("AUTOSELECT") == "NO"
    ]


def _groups_correspond(p: Presentation) -> Faults:
    groups: dict[str, dict[str, dict[str, Tag]]] = defaultdict(lambda: defaultdict(dict))
    for m in p.renditions:
        groups[m.get("TYPE")][m.get("GROUP-ID")][m.get("NAME")] = m
    several = {kind: found for kind, found in groups.items() if len(found) > 1}
    if not several:
        return None
    faults: list[str] = []
    for found in several.values():
        (first, members), *others = found.items()
        for other, their in others:
            faults += _unlike(first, members, other, their)
    return faults


def _unlike(first: str, ours: dict[str, Tag], other: str, theirs: dict[str, Tag]) -> Iterator[str]:
    if set(ours) != set(theirs):
        yield f"groups {first!r} and {other!r} have different members"
    for name in sorted(set(ours) & set(theirs)):
        a, b = ours[name].attributes, theirs[name].attributes
        unlike = {k for k in {*a, *b} - _MAY_DIFFER if a.get(k) != b.get(k)}
        for key in sorted(unlike):
            yield f"{name!r}: {key} differs between groups {first!r} and {other!r}"


def _variants_differ(p: Presentation) -> Faults:
    if p.multivariant is None:
        return None
    count = Counter((s.uri, tuple(sorted(s.attributes.items()))) for s in p.streams)
    return [f"{uri}: listed {n} times" for (uri, _), n in count.items() if n > 1]


def _name(x: Playlist) -> str:
    return x.uri.rpartition("/")[2] or x.uri


def _rendition(m: Tag) -> str:
    return f"EXT-X-MEDIA {m.get('GROUP-ID')!r} {m.get('NAME')!r}"


RULES: tuple[Rule, ...] = (
    Rule(
        "RFC 8216 4.1",
        MUST,
        "Playlists are UTF-8 without byte order mark or control characters",
        "Write the playlist as plain UTF-8.",
        _text,
    ),
    Rule(
        "RFC 8216 4.3.1.1",
        MUST,
        "The first line is #EXTM3U",
        "Begin the playlist with #EXTM3U.",
        _begins,
    ),
    Rule(
        "RFC 8216 4.3.1.2",
        MUST,
        "EXT-X-VERSION is given once and covers what the playlist uses",
        "Give the version that the tag needs: 6 or more with EXT-X-MAP.",
        _version,
    ),
    Rule(
        "RFC 8216 4.3.2.1",
        MUST,
        "Each segment has an EXTINF",
        "Write #EXTINF with the duration before each segment.",
        _extinf,
    ),
    Rule(
        "RFC 8216 4.3.3.1",
        MUST,
        "No EXTINF, rounded, exceeds the EXT-X-TARGETDURATION",
        "Give the longest segment's duration, rounded, as the target.",
        _target,
    ),
    Rule(
        "RFC 8216 4.3.4",
        MUST,
        "Each media playlist lists segments",
        "List the segments, or check the variant's URI.",
        _has_segments,
    ),
    Rule(
        "RFC 8216 4.3.4.1",
        MUST,
        "EXT-X-MEDIA has TYPE, GROUP-ID and NAME",
        "Add what is missing.",
        _media_tags,
    ),
    Rule(
        "RFC 8216 4.3.4.1 NAME",
        MUST,
        "Renditions of a group have different names",
        "Give each rendition of the group its own NAME.",
        _names_differ,
    ),
    Rule(
        "RFC 8216 4.3.4.1 DEFAULT",
        MUST,
        "A group has at most one default, and defaults are selected automatically",
        "Keep one DEFAULT=YES in each group, with AUTOSELECT=YES.",
        _one_default,
    ),
    Rule(
        "RFC 8216 4.3.4.1.1",
        MUST,
        "Groups of one type have the same members with the same attributes",
        "Give corresponding renditions the same NAME, LANGUAGE and flags in all groups.",
        _groups_correspond,
    ),
    Rule(
        "RFC 8216 4.3.4.2",
        MUST,
        "Each EXT-X-STREAM-INF has a BANDWIDTH and a URI",
        "Add BANDWIDTH, and the media playlist's URI on the next line.",
        _streams,
    ),
    Rule(
        "RFC 8216 4.3.4.2.1",
        MUST,
        "Groups that variants name are declared",
        "Declare the group with EXT-X-MEDIA, or take the attribute away.",
        _groups_exist,
    ),
    Rule(
        "RFC 8216 4.3.4.2.2",
        SHOULD,
        "No variant is listed twice",
        "Take the repetition away; for redundancy use other URIs.",
        _variants_differ,
    ),
)
