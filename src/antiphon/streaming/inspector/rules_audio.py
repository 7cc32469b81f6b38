"""Audio: Apple's sections 1 (AirPlay), 2, and what EXT-X-MEDIA says of the sound."""

from antiphon.streaming.inspector.presentation import Presentation, Track
from antiphon.streaming.inspector.rule import MUST, SHOULD, Faults, Rule

_ONLY_FMP4 = {"mp4a.40.42", "alac", "flac", "apac"}
_DOLBY_PLUS = {"ec-3"}
_HE_AAC = {"mp4a.40.5", "mp4a.40.29"}
_CONSISTENT_LU = 1.0
# kb/s from and to, by codec (2.9)
_NOMINAL = {"mp4a.40.2": (32, 160), "mp4a.40.42": (24, 160)}
_NOMINAL_JOC = (384, 768)
_AMBISONIC = ("1OA", "2OA", "3OA")


def _codings(p: Presentation) -> list[tuple[Track, str]]:
    """Return the tracks whose CHANNELS names a spatial coding (RFC 8216bis 4.4.6.1)."""
    found = []
    for track in p.tracks:
        parts = (track.rendition.get("CHANNELS") if track.rendition else "").split("/")
        if len(parts) > 1 and parts[1] not in {"", "-"}:
            found.append((track, parts[1]))
    return found


def _channels(track: Track) -> int | None:
    told = track.rendition.get("CHANNELS").split("/")[0] if track.rendition else ""
    return int(told) if told.isascii() and told.isdigit() else None


def _joc(p: Presentation) -> Faults:
    joc = [t for t, coding in _codings(p) if "JOC" in coding.split(",")]
    if not joc:
        return None
    return [f"{t.name}: JOC in {t.codec}" for t in joc if t.codec and t.codec not in _DOLBY_PLUS]


def _dolby_fallback(p: Presentation) -> Faults:
    codecs = {t.codec for t in p.tracks if t.codec}
    if not codecs & _DOLBY_PLUS:
        return None
    return [] if codecs - _DOLBY_PLUS else ["all audio is Dolby Digital Plus"]


def _bit_rates(p: Presentation) -> Faults:
    faults, seen = [], False
    for track in p.tracks:
        limits = _limits(track, p)
        if limits is None or not track.segments:
            continue
        seen = True
        kbps = track.average_bandwidth() / 1000
        if not limits[0] * 0.9 <= kbps <= limits[1] * 1.1:
            faults.append(f"{track.name}: {kbps:.0f} kb/s, nominal are {limits[0]} to {limits[1]}")
    return faults if seen else None


def _limits(track: Track, p: Presentation) -> tuple[int, int] | None:
    if any(t is track and "JOC" in coding for t, coding in _codings(p)):
        return _NOMINAL_JOC
    stereo = track.init is not None and track.init.channels == 2
    return _NOMINAL.get(track.codec) if stereo else None


def _one_stream(p: Presentation) -> Faults:
    measured = [t for t in p.tracks if t.init is not None and not t.init.fault]
    if not measured:
        return None
    faults = [
        f"{t.name}: {t.init.audio_tracks} audio tracks"
        for t in measured
        if t.init is not None and t.init.audio_tracks != 1
    ]
    return faults + [
        f"{t.name}: {s.name} holds {s.found.tracks} tracks"
        for t in measured
        for s in t.segments
        if s.found.tracks > 1 and t.init is not None and not t.init.other_tracks
    ]


def _consistent_loudness(p: Presentation) -> Faults:
    told = {t.name: t.init.loudness for t in p.tracks if t.init and t.init.loudness is not None}
    if len(told) < 2:
        return None
    quietest, loudest = min(told.values()), max(told.values())
    if loudest - quietest <= _CONSISTENT_LU:
        return []
    return [f"loudness goes from {quietest} to {loudest} LUFS between the renditions"]


def _ludt(p: Presentation) -> Faults:
    tracks = [t for t in p.tracks if t.init is not None and t.init.codec]
    if not tracks:
        return None
    return [f"{t.name}: no ludt" for t in tracks if t.init is not None and t.init.loudness is None]


def _explicit_sbr(p: Presentation) -> Faults:
    told = {t.name: c for t in p.tracks for v in t.variants for c in _listed(v.get("CODECS"))}
    tracks = [t for t in p.tracks if told.get(t.name) in _HE_AAC or t.codec in _HE_AAC]
    if not tracks:
        return None
    return [f"{t.name}: {t.codec}" for t in tracks if t.init and not t.init.explicit_sbr]


def _fragmented(p: Presentation) -> Faults:
    told = [
        t
        for t in p.tracks
        if t.codec.lower() in _ONLY_FMP4
        or any(c.lower() in _ONLY_FMP4 for v in t.variants for c in _listed(v.get("CODECS")))
    ]
    if not told:
        return None
    faults = [f"{t.name}: no EXT-X-MAP" for t in told if t.init is None]
    return faults + [
        f"{t.name}: {s.name} is no fragment"
        for t in told
        for s in t.segments
        if "moof" not in s.found.kinds
    ]


def _immersive_codec(p: Presentation) -> Faults:
    ambisonic = [t for t, c in _codings(p) if any(a in c for a in _AMBISONIC)]
    if not ambisonic:
        return None
    return [f"{t.name}: ambisonics in {t.codec}" for t in ambisonic if t.codec not in {"", "apac"}]


def _immersive_fallback(p: Presentation) -> Faults:
    if not any(t.codec == "apac" for t in p.tracks):
        return None
    stereo = any(t.codec == "mp4a.40.2" and t.init and t.init.channels == 2 for t in p.tracks)
    return [] if stereo else ["there is no stereo AAC beside APAC"]


def _channels_match(p: Presentation) -> Faults:
    pairs = [(t, _channels(t)) for t in p.tracks if t.rendition and t.init and t.init.channels]
    told = [(t, n) for t, n in pairs if n is not None]
    if not told:
        return None
    plain = {t.name for t, _ in _codings(p)}
    return [
        f"{t.name}: CHANNELS={n}, the media has {t.init.channels}"
        for t, n in told
        if t.init is not None and n != t.init.channels and t.name not in plain
    ]


def _channels_told(p: Presentation) -> Faults:
    if not p.audio_renditions:
        return None
    return [
        f"{m.get('GROUP-ID')!r}: no CHANNELS" for m in p.audio_renditions if not m.get("CHANNELS")
    ]


def _rate_match(p: Presentation) -> Faults:
    told = [t for t in p.tracks if t.rendition and t.rendition.number("SAMPLE-RATE") and t.init]
    if not told:
        return None
    return [
        f"{t.name}: SAMPLE-RATE={t.rendition.get('SAMPLE-RATE')}, the media has "
        f"{t.init.sample_rate}"
        for t in told
        if t.rendition
        and t.init
        and t.init.sample_rate
        and t.rendition.number("SAMPLE-RATE") != t.init.sample_rate
    ]


def _depth_match(p: Presentation) -> Faults:
    told = [t for t in p.tracks if t.rendition and t.rendition.number("BIT-DEPTH") and t.init]
    if not told:
        return None
    return [
        f"{t.name}: BIT-DEPTH={t.rendition.get('BIT-DEPTH')}, the media has {t.init.bit_depth}"
        for t in told
        if t.rendition
        and t.init
        and t.init.bit_depth
        and t.rendition.number("BIT-DEPTH") != t.init.bit_depth
    ]


def _airplay(p: Presentation) -> Faults:
    encrypted = [t for t in p.tracks if t.init is not None and t.init.encrypted]
    if not encrypted:
        return None
    faults = [f"{t.name}: sample groups in the init section" for t in encrypted if _init_groups(t)]
    for track in encrypted:
        found = track.segments
        faults += [f"{track.name}: {s.name} has sample groups" for s in found if s.found.grouped]
        faults += [f"{track.name}: {s.name} has no senc" for s in found if not s.found.has_senc]
    return faults


def _init_groups(track: Track) -> bool:
    return track.init is not None and track.init.grouped


def _listed(codecs: str) -> list[str]:
    return [c.strip() for c in codecs.split(",") if c.strip()]


RULES: tuple[Rule, ...] = (
    Rule(
        "1.41",
        MUST,
        "For AirPlay 2, encrypted audio has senc boxes and no sample groups",
        "Leave sgpd and sbgp out of the encrypted form, and write senc.",
        _airplay,
    ),
    Rule(
        "2.5",
        MUST,
        "Joint object coding is carried in Dolby Digital Plus",
        "Use ec-3 for CHANNELS with JOC.",
        _joc,
    ),
    Rule(
        "2.6",
        SHOULD,
        "Beside Dolby Digital Plus there is audio that every device plays",
        "Add an AAC or Dolby Digital variant.",
        _dolby_fallback,
    ),
    Rule(
        "2.9",
        SHOULD,
        "Bit rates lie in the codec's nominal range",
        "Nothing, if this is music: the range is a nominal one.",
        _bit_rates,
    ),
    Rule(
        "2.17",
        MUST,
        "A segment holds one audio stream",
        "Give each stream its own rendition.",
        _one_stream,
    ),
    Rule(
        "2.18",
        SHOULD,
        "The renditions are equally loud",
        "Encode all renditions from one master, and measure it once.",
        _consistent_loudness,
    ),
    Rule(
        "2.19",
        SHOULD,
        "Loudness metadata (ludt) is in the init section",
        "Write udta/ludt with the measured loudness.",
        _ludt,
    ),
    Rule(
        "2.24",
        MUST,
        "HE-AAC signals SBR explicitly",
        "Write the AudioSpecificConfig with object type 5 or 29.",
        _explicit_sbr,
    ),
    Rule(
        "2.25",
        MUST,
        "xHE-AAC, ALAC, FLAC and APAC are in fragmented MP4",
        "Package them as fMP4 with EXT-X-MAP.",
        _fragmented,
    ),
    Rule(
        "2.29",
        MUST,
        "Ambisonics are carried in APAC",
        "Use APAC, or render to channels.",
        _immersive_codec,
    ),
    Rule(
        "2.31",
        MUST,
        "Beside immersive APAC there is stereo AAC",
        "Add a stereo AAC variant.",
        _immersive_fallback,
    ),
    Rule(
        "RFC 8216bis CHANNELS",
        SHOULD,
        "Audio renditions tell their CHANNELS",
        'Add CHANNELS="2", or what it is.',
        _channels_told,
    ),
    Rule(
        "RFC 8216bis CHANNELS match",
        MUST,
        "CHANNELS is what the media holds",
        "Correct CHANNELS, or the rendition's URI.",
        _channels_match,
    ),
    Rule(
        "RFC 8216bis SAMPLE-RATE",
        MUST,
        "SAMPLE-RATE is what the media holds",
        "Correct SAMPLE-RATE, or the rendition's URI.",
        _rate_match,
    ),
    Rule(
        "RFC 8216bis BIT-DEPTH",
        MUST,
        "BIT-DEPTH is what the media holds",
        "Correct BIT-DEPTH, or the rendition's URI.",
        _depth_match,
    ),
)
