"""HLS playlists by RFC 8216 (bis) and Apple's authoring specification for HLS.

The shape: one audio group per quality, each with one rendition of the same name, and one
``EXT-X-STREAM-INF`` per group whose URI is that rendition's own playlist. Native players read it
as an audio-only presentation, Shaka and hls.js recognise the equal URIs and load them once;
Chromium's own player finds nothing to play where EXT-X-MEDIA has no URI. All URIs are relative, so
the bodies hold no token and can be shared by every listener.

Renderings in space are in it for who asked for them, in groups of their own after those of stereo;
a player tells them by CHANNELS (16/3OA, 2/-/BINAURAL, 6, 8, 12).

No SCORE is given (9.19: on all or on none): among these variants the bandwidth ranks as the ear
does.
"""

from collections.abc import Sequence
from enum import StrEnum

from antiphon.audio import Rendition
from antiphon.streaming.spatial import HLS_CHANNELS

_VERSION = 7  # EXT-X-MAP without I-frames needs 6; 7 is what fMP4 players look for
_NAME = "Music"  # members of different groups that correspond must be named alike (4.3.4.1.1)
_LANGUAGE = "und"


class KeyForm(StrEnum):
    """How playlists name keys: no form serves every player.

    ``identity`` is for the players of Apple, Shaka and others that fetch a key file; hls.js wants
    ``clearkey`` and fails on the other, Shaka the reverse.
    """

    IDENTITY = "identity"
    CLEAR_KEY = "clearkey"


def target_duration(renditions: Sequence[Rendition]) -> int:
    """Return the longest segment of all, in whole seconds: rounded, at least 1."""
    longest = max(max(s.samples for s in r.segments) / r.sample_rate for r in renditions)
    return max(1, int(longest + 0.5))


def multivariant_playlist(
    variants: Sequence[Rendition],
    *,
    form: KeyForm = KeyForm.IDENTITY,
    session_keys: Sequence[str] = (),
) -> str:
    """Return the multivariant playlist; players begin with the first of ``variants``.

    ``session_keys`` are whole lines that DRM systems want in it.
    """
    query = "" if form is KeyForm.IDENTITY else f"?keys={form}"
    lines = ["#EXTM3U", f"#EXT-X-VERSION:{_VERSION}", "#EXT-X-INDEPENDENT-SEGMENTS", *session_keys]
    lines += [_media_tag(v, query) for v in variants]
    for variant in variants:
        lines += [_stream_tag(variant), f"{variant.rung}.m3u8{query}"]
    return "\n".join(lines) + "\n"


def key_tag(rendition: Rendition, form: KeyForm) -> str:
    """Return the line by which a player finds the key of an encrypted rendition.

    No vector is given (Apple 13.4): it stands in the init section.
    """
    uri = f"{rendition.rung}/key" if form is KeyForm.IDENTITY else "licence"
    name = "identity" if form is KeyForm.IDENTITY else "org.w3.clearkey"
    return f'#EXT-X-KEY:METHOD=SAMPLE-AES,URI="{uri}",KEYFORMAT="{name}",KEYFORMATVERSIONS="1"'


def media_playlist(rendition: Rendition, *, target: int, keys: Sequence[str] = ()) -> str:
    """Return the media playlist of one rendition; ``target`` is the same for all of the song.

    ``keys`` are whole EXT-X-KEY lines.
    """
    lines = [
        "#EXTM3U",
        f"#EXT-X-VERSION:{_VERSION}",
        f"#EXT-X-TARGETDURATION:{target}",
        "#EXT-X-MEDIA-SEQUENCE:0",
        "#EXT-X-PLAYLIST-TYPE:VOD",
        "#EXT-X-INDEPENDENT-SEGMENTS",
        *keys,
        f'#EXT-X-MAP:URI="{rendition.rung}/init.mp4"',
    ]
    for number, segment in enumerate(rendition.segments):
        seconds = segment.samples / rendition.sample_rate
        lines += [f"#EXTINF:{seconds:.6f},", f"{rendition.rung}/{number}.m4s"]
    return "\n".join([*lines, "#EXT-X-ENDLIST"]) + "\n"


def _group(variant: Rendition) -> str:
    if not variant.rung.is_lossless:
        return f"audio-{variant.rung}"
    return f"audio-{variant.rung}-{variant.sample_rate}-{variant.bit_depth}"


def _channels(variant: Rendition) -> str:
    kind = variant.rung.spatial_kind
    return str(variant.channels) if kind is None else HLS_CHANNELS[kind]


def _media_tag(variant: Rendition, query: str) -> str:
    attributes = [
        "TYPE=AUDIO",
        f'GROUP-ID="{_group(variant)}"',
        f'NAME="{_NAME}"',
        f'LANGUAGE="{_LANGUAGE}"',
        "DEFAULT=YES",
        "AUTOSELECT=YES",
        f'CHANNELS="{_channels(variant)}"',
        f"SAMPLE-RATE={variant.sample_rate}",
    ]
    if variant.rung.is_lossless:
        attributes.append(f"BIT-DEPTH={variant.bit_depth}")
    return f'#EXT-X-MEDIA:{",".join(attributes)},URI="{variant.rung}.m3u8{query}"'


def _stream_tag(variant: Rendition) -> str:
    return (
        f"#EXT-X-STREAM-INF:BANDWIDTH={variant.peak_bandwidth},"
        f"AVERAGE-BANDWIDTH={variant.average_bandwidth},"
        f'CODECS="{variant.codec}",AUDIO="{_group(variant)}"'
    )
