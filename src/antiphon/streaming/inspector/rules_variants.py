"""The multivariant playlist: Apple's section 9."""

from antiphon.streaming.inspector.playlists import Tag
from antiphon.streaming.inspector.presentation import Presentation, Track
from antiphon.streaming.inspector.rule import MUST, Faults, Rule

_CELLULAR = 192_000
_TOLERANCE = 0.10  # Apple's appendix on declared and measured values
_VIDEO = ("avc", "hvc", "hev", "dvh", "av01", "vp09")


def _codecs_told(p: Presentation) -> Faults:
    if not p.streams:
        return None
    return [f"{s.uri}: no CODECS" for s in p.streams if not s.get("CODECS")]


def _codecs_match(p: Presentation) -> Faults:
    pairs = [(t, v) for t in p.tracks if t.codec for v in t.variants if v.get("CODECS")]
    if not pairs:
        return None
    return [
        f"{v.uri}: CODECS={v.get('CODECS')!r}, {t.name} holds {t.codec}"
        for t, v in pairs
        if t.codec not in _listed(v)
    ]


def _listed(variant: Tag) -> list[str]:
    return [c.strip() for c in variant.get("CODECS").split(",")]


def _multichannel_apart(p: Presentation) -> Faults:
    wide = [t for t in p.tracks if t.init is not None and t.init.channels > 2]
    if not wide or p.multivariant is None:
        return None
    faults = [f"{t.name}: it is in no audio group" for t in wide if t.rendition is None]
    for track in wide:
        group = "" if track.rendition is None else track.rendition.get("GROUP-ID")
        if group and any(_is_stereo(t) and _group(t) == group for t in p.tracks):
            faults.append(f"{track.name}: group {group!r} also holds stereo")
    return faults


def _is_stereo(track: Track) -> bool:
    return track.init is not None and 0 < track.init.channels <= 2


def _group(track: Track) -> str:
    return "" if track.rendition is None else track.rendition.get("GROUP-ID")


def _audio_only(p: Presentation) -> list[tuple[Track, Tag]]:
    """Return the variants whose bandwidth is that of one track."""
    tracks = [t for t in p.tracks if t.segments and not any(s.found.fault for s in t.segments)]
    return [(t, v) for t in tracks for v in t.variants if not _has_video(v)]


def _has_video(variant: Tag) -> bool:
    return bool(variant.get("RESOLUTION")) or any(c.startswith(_VIDEO) for c in _listed(variant))


def _bandwidth(p: Presentation) -> Faults:
    found = _audio_only(p)
    if not found:
        return None
    return [
        f"{v.uri}: BANDWIDTH={v.get('BANDWIDTH')}, {t.peak_bandwidth():.0f} measured"
        for t, v in found
        if _is_off(v.number("BANDWIDTH"), t.peak_bandwidth())
    ]


def _is_off(told: float | None, measured: float) -> bool:
    return told is not None and abs(told - measured) > measured * _TOLERANCE


def _average_told(p: Presentation) -> Faults:
    if not p.streams:
        return None
    return [f"{s.uri}: none" for s in p.streams if not s.number("AVERAGE-BANDWIDTH")]


def _average(p: Presentation) -> Faults:
    found = [(t, v) for t, v in _audio_only(p) if v.number("AVERAGE-BANDWIDTH")]
    if not found:
        return None
    return [
        f"{v.uri}: AVERAGE-BANDWIDTH={v.get('AVERAGE-BANDWIDTH')}, "
        f"{t.average_bandwidth():.0f} measured"
        for t, v in found
        if _is_off(v.number("AVERAGE-BANDWIDTH"), t.average_bandwidth())
    ]


def _average_below_peak(p: Presentation) -> Faults:
    told = [s for s in p.streams if s.number("AVERAGE-BANDWIDTH") and s.number("BANDWIDTH")]
    if not told:
        return None
    return [
        f"{s.uri}: {s.get('AVERAGE-BANDWIDTH')} is above {s.get('BANDWIDTH')}"
        for s in told
        if (s.number("AVERAGE-BANDWIDTH") or 0) > (s.number("BANDWIDTH") or 0)
    ]


def _score(p: Presentation) -> Faults:
    scored = [s for s in p.streams if s.get("SCORE")]
    if not scored:
        return None
    return [f"{s.uri}: no SCORE" for s in p.streams if not s.get("SCORE")]


def _no_audio_only(p: Presentation) -> Faults:
    video = [s for s in p.streams if _has_video(s)]
    if not video:
        return None
    return [f"{s.uri}: audio only" for s in p.streams if not _has_video(s)]


def _cellular(p: Presentation) -> Faults:
    told = [s.number("BANDWIDTH") for s in p.streams]
    peaks = [peak for peak in told if peak]
    if not peaks:
        return None
    least = min(peaks)
    return [] if least <= _CELLULAR else [f"the smallest variant has {least:.0f} b/s"]


RULES: tuple[Rule, ...] = (
    Rule(
        "9.1",
        MUST,
        "Each variant tells its CODECS",
        "Add CODECS.",
        _codecs_told,
    ),
    Rule(
        "9.1 match",
        MUST,
        "CODECS is what the media holds",
        "Spell it as the sample description says: mp4a.40.2, fLaC, alac, ec-3.",
        _codecs_match,
    ),
    Rule(
        "9.6",
        MUST,
        "Multichannel audio is in a group of its own",
        "Give stereo and multichannel audio different GROUP-IDs.",
        _multichannel_apart,
    ),
    Rule(
        "9.13",
        MUST,
        "BANDWIDTH is the measured peak, within a tenth",
        "Measure the segments and give the peak.",
        _bandwidth,
    ),
    Rule(
        "9.14",
        MUST,
        "Each variant tells its AVERAGE-BANDWIDTH",
        "Add AVERAGE-BANDWIDTH.",
        _average_told,
    ),
    Rule(
        "9.14 match",
        MUST,
        "AVERAGE-BANDWIDTH is the measured average, within a tenth",
        "Measure the segments and give the average.",
        _average,
    ),
    Rule(
        "9.14 order",
        MUST,
        "AVERAGE-BANDWIDTH is not above BANDWIDTH",
        "Give the peak as BANDWIDTH.",
        _average_below_peak,
    ),
    Rule(
        "9.19",
        MUST,
        "SCORE is on all variants or on none",
        "Add it to the others, or take it away.",
        _score,
    ),
    Rule(
        "9.20",
        MUST,
        "For tvOS, a video presentation has no variants of audio only",
        "Leave the audio-only variants out.",
        _no_audio_only,
    ),
    Rule(
        "9.21",
        MUST,
        "For iOS on cellular, some variant has at most 192 kb/s",
        "Add a small variant, or wait until it is packaged.",
        _cellular,
    ),
)
