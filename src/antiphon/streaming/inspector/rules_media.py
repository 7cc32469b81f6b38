"""Media segments and media playlists: Apple's sections 7 and 8."""

from collections.abc import Iterator

from antiphon.streaming.inspector.presentation import Presentation, Track
from antiphon.streaming.inspector.rule import MUST, SHOULD, Faults, Rule

_NOMINAL_SECONDS = 6
_NOMINAL_SLACK = 0.5
_OVER_TARGET = 0.5
_EXTINF_SLACK = 0.001
_DURATION_SLACK = 0.25
_START_SLACK = 0.1
_AAC_FRAME = 1024
_LONGEST_FRAME_SECONDS = 0.05


def _decode_times(p: Presentation) -> Faults:
    if not any(s.found.decode_time is not None for s in p.segments()):
        return None
    return [
        f"{t.name}: {b.name} is at {b.found.decode_time}, {a.name} ends at "
        f"{(a.found.decode_time or 0) + a.found.duration}"
        for t in p.tracks
        for a, b in t.pairs()
        if not b.told.discontinuity and not t.is_contiguous(a, b)
    ]


def _long_enough(p: Presentation) -> list[Track]:
    return [t for t in p.tracks if t.told_seconds > _NOMINAL_SECONDS]


def _target_six(p: Presentation) -> Faults:
    tracks = _long_enough(p)
    if not tracks:
        return None
    return [
        f"{t.name}: {t.playlist.target} s" for t in tracks if t.playlist.target != _NOMINAL_SECONDS
    ]


def _nominal_six(p: Presentation) -> Faults:
    tracks = _long_enough(p)
    if not tracks:
        return None
    return [
        f"{t.name}: {s.name} lasts {s.told.duration} s"
        for t in tracks
        for s in t.segments[:-1]
        if abs((s.told.duration or 0) - _NOMINAL_SECONDS) > _NOMINAL_SLACK
    ]


def _not_too_long(p: Presentation) -> Faults:
    faults = []
    for track in p.tracks:
        most = (track.playlist.target or 0) + _OVER_TARGET
        for segment in track.segments:
            seconds = track.seconds(segment)
            if seconds is not None and seconds > most:
                faults.append(f"{track.name}: {segment.name} lasts {seconds:.3f} s")
    return faults


def _accurate(p: Presentation) -> Faults:
    faults, measured = [], False
    for track in p.tracks:
        for segment in track.segments:
            found, told = track.seconds(segment), segment.told.duration
            if found is None or told is None:
                continue
            measured = True
            if abs(found - told) > _EXTINF_SLACK:
                place = f"{track.name}: {segment.name}"
                faults.append(f"{place} is said to last {told} s and lasts {found:.6f} s")
    return faults if measured else None


def _same_target(p: Presentation) -> Faults:
    if len(p.tracks) < 2:
        return None
    targets = {t.name: t.playlist.target for t in p.tracks}
    return [] if len(set(targets.values())) == 1 else [f"{n}: {v} s" for n, v in targets.items()]


def _same_duration(p: Presentation) -> Faults:
    if len(p.tracks) < 2:
        return None
    found = {t.name: t.told_seconds for t in p.tracks}
    if max(found.values()) - min(found.values()) <= _DURATION_SLACK:
        return []
    return [f"{name}: {seconds:.3f} s" for name, seconds in found.items()]


def _vod(p: Presentation) -> Faults:
    ended = [t for t in p.tracks if t.playlist.ended]
    if not ended:
        return None
    return [f"{t.name}: it ends, but is no VOD" for t in ended if t.playlist.kind != "VOD"]


def _ends(p: Presentation) -> Faults:
    vod = [t for t in p.tracks if t.playlist.kind == "VOD"]
    if not vod:
        return None
    return [f"{t.name}: no EXT-X-ENDLIST" for t in vod if not t.playlist.ended]


def _same_time_range(p: Presentation) -> Faults:
    starts = {}
    for track in p.tracks:
        init = track.init
        if init is None or not init.timescale or not track.segments:
            continue
        at = track.segments[0].found.decode_time
        if at is not None:
            starts[track.name] = max(0, at - init.edit_start) / init.timescale
    if len(starts) < 2:
        return None
    if max(starts.values()) - min(starts.values()) <= _START_SLACK:
        return []
    return [f"{name}: begins at {at:.3f} s" for name, at in starts.items()]


def _language(p: Presentation) -> Faults:
    spoken = [m for m in p.renditions if m.get("TYPE") != "VIDEO"]
    if not spoken:
        return None
    return [
        f"{m.get('GROUP-ID')!r} {m.get('NAME')!r}: no LANGUAGE"
        for m in spoken
        if not m.get("LANGUAGE")
    ]


def _discontinuities_marked(p: Presentation) -> Faults:
    if not any(len(t.playlist.maps) > 1 for t in p.tracks):
        return None
    return [
        f"{t.name}: EXT-X-MAP changes {len(t.playlist.maps) - 1} times with "
        f"{sum(s.told.discontinuity for s in t.segments)} discontinuities"
        for t in p.tracks
        if len(t.playlist.maps) - 1 > sum(s.told.discontinuity for s in t.segments)
    ]


def _discontinuities_agree(p: Presentation) -> Faults:
    places = {t.name: _discontinuities(t) for t in p.tracks}
    if len(places) < 2 or not any(places.values()):
        return None
    first, *others = places.items()
    return [
        f"{name} has its discontinuities at {found}, {first[0]} at {first[1]}"
        for name, found in others
        if len(found) != len(first[1])
        or any(abs(a - b) > _LONGEST_FRAME_SECONDS for a, b in zip(found, first[1], strict=True))
    ]


def _discontinuities(track: Track) -> list[float]:
    times = track.boundaries()
    return [t for t, s in zip(times, track.segments, strict=True) if s.told.discontinuity]


def _no_codec_switch(p: Presentation) -> Faults:
    tracks = [t for t in p.tracks if any(s.told.discontinuity for s in t.segments)]
    if not tracks:
        return None
    return [
        f"{t.name}: {t.init.entries} sample descriptions"
        for t in tracks
        if t.init is not None and t.init.entries > 1
    ]


def _no_redirects(p: Presentation) -> Faults:
    sources = [
        *((x.uri, x.source) for x in p.playlists),
        *((t.name, t.init_source) for t in p.tracks if t.init_source is not None),
        *((s.name, s.source) for s in p.segments()),
    ]
    web = [(name, s) for name, s in sources if s.over_http]
    if not web:
        return None
    return [f"{name}: {s.status}" for name, s in web if s.status // 100 == 3]


def _has_map(p: Presentation) -> Faults:
    fragmented = [t for t in p.tracks if any("moof" in s.found.kinds for s in t.segments)]
    if not fragmented:
        return None
    return [f"{t.name}: no EXT-X-MAP" for t in fragmented if not t.playlist.maps]


def _aligned(p: Presentation) -> Faults:
    tracks = [t for t in p.tracks if t.segments]
    if len(tracks) < 2:
        return None
    first, *others = tracks
    return [fault for other in others for fault in _misaligned(first, other)]


def _misaligned(a: Track, b: Track) -> Iterator[str]:
    ours, theirs = a.boundaries(), b.boundaries()
    if len(ours) != len(theirs):
        yield f"{a.name} has {len(ours)} segments, {b.name} {len(theirs)}"
        return
    slack = _frame_seconds(a, b)
    for number, (x, y) in enumerate(zip(ours, theirs, strict=True)):
        if abs(x - y) > slack:
            yield f"segment {number} begins at {x:.4f} s in {a.name}, at {y:.4f} s in {b.name}"
            return


def _frame_seconds(*tracks: Track) -> float:
    """Return one AAC access unit: the finest cut that a lossy codec allows."""
    rates = [t.init.sample_rate for t in tracks if t.init and t.init.sample_rate]
    return _AAC_FRAME / min(rates) if rates else _LONGEST_FRAME_SECONDS


RULES: tuple[Rule, ...] = (
    Rule(
        "7.3",
        MUST,
        "Decode times (tfdt) go on without gap or overlap",
        "Write each segment's tfdt as the sum of the durations before it.",
        _decode_times,
    ),
    Rule(
        "7.5",
        SHOULD,
        "The target duration is 6 s",
        "Cut segments near 6 s.",
        _target_six,
    ),
    Rule(
        "7.6",
        SHOULD,
        "Segments last about 6 s",
        "Cut segments near 6 s, all but the last.",
        _nominal_six,
    ),
    Rule(
        "7.7",
        MUST,
        "No segment lasts more than the target duration and half a second",
        "Raise the target duration or cut shorter.",
        _not_too_long,
    ),
    Rule(
        "8.1",
        MUST,
        "EXTINF is accurate",
        "Give the presented duration with six decimals.",
        _accurate,
    ),
    Rule(
        "8.2",
        MUST,
        "All media playlists have the same target duration",
        "Give the largest of them in all.",
        _same_target,
    ),
    Rule(
        "8.3",
        MUST,
        "All media playlists have the same duration",
        "Package all renditions from the whole master.",
        _same_duration,
    ),
    Rule(
        "8.6",
        MUST,
        "Playlists of finished content say EXT-X-PLAYLIST-TYPE:VOD",
        "Add the tag.",
        _vod,
    ),
    Rule(
        "RFC 8216 4.3.3.4",
        MUST,
        "VOD playlists end with EXT-X-ENDLIST",
        "Add the tag at the end.",
        _ends,
    ),
    Rule(
        "8.7",
        MUST,
        "All media playlists cover the same time",
        "Let all renditions begin at the same presentation time.",
        _same_time_range,
    ),
    Rule(
        "8.10",
        MUST,
        "EXT-X-MEDIA of audio, subtitles and captions has a LANGUAGE",
        'Add LANGUAGE; where it is not known, "und".',
        _language,
    ),
    Rule(
        "8.13",
        MUST,
        "A change of the encoding is marked as a discontinuity",
        "Write EXT-X-DISCONTINUITY before the segment where EXT-X-MAP changes.",
        _discontinuities_marked,
    ),
    Rule(
        "8.15",
        MUST,
        "Discontinuities lie at the same times in all playlists",
        "Mark the same places in all renditions.",
        _discontinuities_agree,
    ),
    Rule(
        "8.16",
        SHOULD,
        "The codec does not change at a discontinuity",
        "Keep one sample description for each rendition.",
        _no_codec_switch,
    ),
    Rule(
        "8.18",
        MUST,
        "Nothing is redirected",
        "Serve playlists and media at the addresses that are given.",
        _no_redirects,
    ),
    Rule(
        "8.20",
        MUST,
        "Fragmented MP4 has an EXT-X-MAP",
        "Name the init section with EXT-X-MAP.",
        _has_map,
    ),
    Rule(
        "8.22",
        SHOULD,
        "Segment boundaries are aligned between renditions",
        "Cut all renditions at the same times.",
        _aligned,
    ),
)
