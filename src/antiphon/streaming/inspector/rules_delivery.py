"""How it is delivered, and its keys: Apple's sections 10 to 13."""

import ipaddress
import re
from urllib.parse import urlsplit

from antiphon.streaming.inspector.fetching import Fetched
from antiphon.streaming.inspector.presentation import Presentation
from antiphon.streaming.inspector.rule import MUST, SHOULD, Faults, Rule

_PLAYLIST_TYPES = {"application/vnd.apple.mpegurl", "audio/mpegurl", "application/x-mpegurl"}
_MEDIA_TYPES = {
    ".mp4": {"audio/mp4", "video/mp4"},
    ".m4a": {"audio/mp4"},
    ".m4s": {"video/iso.segment", "audio/mp4", "video/mp4"},
    ".ts": {"video/mp2t"},
    ".aac": {"audio/aac"},
}
_LOOKS_SIGNED = re.compile(r"(?=.*[0-9])[A-Za-z0-9._~%=-]{24,}")
_FAIRPLAY = "com.apple.streamingkeydelivery"


def _web_playlists(p: Presentation) -> list[Fetched]:
    return [x.source for x in p.playlists if x.source.over_http]


def _gzip(p: Presentation) -> Faults:
    found = _web_playlists(p)
    if not found:
        return None
    return [
        f"{_tail(s)}: not compressed, though gzip was accepted"
        for s in found
        if s.ok and s.headers.get("content-encoding") != "gzip"
    ]


def _playlist_type(p: Presentation) -> Faults:
    found = _web_playlists(p)
    if not found:
        return None
    return [
        f"{_tail(s)}: {s.headers.get('content-type', 'none')}"
        for s in found
        if s.ok and _mime(s) not in _PLAYLIST_TYPES
    ]


def _media_type(p: Presentation) -> Faults:
    sources = [t.init_source for t in p.tracks if t.init_source is not None]
    sources += [s.source for s in p.segments()]
    web = [s for s in sources if s.over_http and s.status in {200, 206}]
    if not web:
        return None
    return [
        f"{_tail(s)}: {s.headers.get('content-type', 'none')}"
        for s in web
        if _mime(s) not in _MEDIA_TYPES.get(_suffix(s), {_mime(s)})
    ]


def _tls(p: Presentation) -> Faults:
    remote = [s for s in _web_playlists(p) if not _is_loopback(s.uri)]
    if not remote:
        return None
    return [f"{s.uri}: not over TLS" for s in remote if urlsplit(s.uri).scheme != "https"]


def _is_loopback(uri: str) -> bool:
    host = urlsplit(uri).hostname or ""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _not_static(p: Presentation) -> Faults:
    web = [s.source for s in p.segments() if s.source.over_http]
    if not web:
        return None
    return [f"{s.uri}: it would be good for ever" for s in web[:1] if not _is_signed(s.uri)]


def _is_signed(uri: str) -> bool:
    parts = urlsplit(uri)
    pieces = [*parts.path.split("/"), *re.split("[&=]", parts.query)]
    return any(_LOOKS_SIGNED.fullmatch(piece) for piece in pieces)


def _sample_aes(p: Presentation) -> Faults:
    if not p.keys:
        return None
    return [f"METHOD={k.get('METHOD')}" for k in p.keys if not _is_sample_aes(k.get("METHOD"))]


def _is_sample_aes(method: str) -> bool:
    return method.startswith("SAMPLE-AES")


def _not_ctr(p: Presentation) -> Faults:
    if not p.keys:
        return None
    return [f"METHOD={k.get('METHOD')}" for k in p.keys if k.get("METHOD") == "SAMPLE-AES-CTR"]


def _fairplay(p: Presentation) -> Faults:
    if not p.keys:
        return None
    formats = {k.get("KEYFORMAT") or "identity" for k in p.keys}
    return [] if _FAIRPLAY in formats else [f"only {', '.join(sorted(formats))}"]


def _no_iv(p: Presentation) -> Faults:
    fairplay = [k for k in p.keys if k.get("KEYFORMAT") == _FAIRPLAY]
    if not fairplay:
        return None
    return [f"{k.get('URI')}: IV={k.get('IV')}" for k in fairplay if k.get("IV")]


def _two_descriptions(p: Presentation) -> Faults:
    mixed = [
        t
        for t in p.tracks
        if t.playlist.keys and len({s.told.key is None for s in t.segments}) == 2
    ]
    if not mixed:
        return None
    return [
        f"{t.name}: {t.init.entries} sample descriptions for clear and encrypted samples"
        for t in mixed
        if t.init is not None and t.init.entries < 2
    ]


def _mime(source: Fetched) -> str:
    return source.headers.get("content-type", "").partition(";")[0].strip().lower()


def _tail(source: Fetched) -> str:
    return urlsplit(source.uri).path.rpartition("/")[2]


def _suffix(source: Fetched) -> str:
    dot, suffix = _tail(source).rpartition(".")[1:]
    return dot + suffix.lower()


RULES: tuple[Rule, ...] = (
    Rule(
        "10.1",
        MUST,
        "Playlists are sent gzipped",
        "Compress playlists for clients that accept gzip.",
        _gzip,
    ),
    Rule(
        "10.4 playlists",
        MUST,
        "Playlists have an HLS content type",
        "Send application/vnd.apple.mpegurl.",
        _playlist_type,
    ),
    Rule(
        "10.4",
        MUST,
        "Media has the content type of its suffix",
        "Send audio/mp4 for .mp4 and video/iso.segment for .m4s.",
        _media_type,
    ),
    Rule(
        "11",
        MUST,
        "Everything is sent over TLS",
        "Put TLS 1.2 or later in front; this machine itself may do without.",
        _tls,
    ),
    Rule(
        "12.4",
        SHOULD,
        "Media addresses are not static",
        "Sign addresses and let them expire.",
        _not_static,
    ),
    Rule(
        "13.2",
        MUST,
        "Keys are used with METHOD=SAMPLE-AES",
        "Encrypt samples (cbcs), not whole segments.",
        _sample_aes,
    ),
    Rule(
        "13.3",
        MUST,
        "Some key has FairPlay's KEYFORMAT",
        f'Add KEYFORMAT="{_FAIRPLAY}", or expect no playback on Apple devices.',
        _fairplay,
    ),
    Rule(
        "13.4",
        SHOULD,
        "FairPlay keys come without an IV",
        "Leave IV out: it comes with the key.",
        _no_iv,
    ),
    Rule(
        "13.10",
        MUST,
        "Clear and encrypted samples have their own sample descriptions",
        "Write two sample entries into the init section.",
        _two_descriptions,
    ),
    Rule(
        "13.11",
        MUST,
        "SAMPLE-AES-CTR is not used",
        "Encrypt with cbcs.",
        _not_ctr,
    ),
)
