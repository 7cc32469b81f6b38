"""The JSON of the hot routes: what clients send, and the part of a grant that can be kept ready."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta, Struct

from antiphon.audio import Loudness, Rendition, Segment
from antiphon.kernel import Invalid, SongId
from antiphon.rights import UseType
from antiphon.streaming.model import Decision, Preference, SpatialPreference, Wish
from antiphon.streaming.prepared import PreparedSong
from antiphon.streaming.rules import known_codecs, network_class

MAX_EVENTS: Final = 100
_TOKEN: Final = "~token~"  # noqa: S105 - the place of a token, not one
_UNPROCESSABLE: Final = 422

_Codec = Annotated[str, Meta(max_length=64)]
_Natural = Annotated[int, Meta(ge=0, le=2**53)]


class CapabilitiesIn(Struct, rename="camel", frozen=True):
    """What the player says it can play."""

    codecs: Annotated[tuple[_Codec, ...], Meta(max_length=64)] | None = None
    max_sample_rate: Annotated[int, Meta(ge=1, le=10_000_000)] | None = None
    max_channels: Annotated[int, Meta(ge=1, le=1024)] | None = None
    mse: bool = False
    hls: bool = False


class NetworkIn(Struct, rename="camel", frozen=True):
    """What the player has measured."""

    kbps: Annotated[float, Meta(ge=0, le=1e9)] | None = None
    save_data: bool = False


class PlayIn(Struct, rename="camel", frozen=True):
    """The body of ``POST /v1/me/plays``."""

    song_id: Annotated[str, Meta(pattern=r"^[a-z2-7]{16,24}$")]
    capabilities: CapabilitiesIn = CapabilitiesIn()
    network: NetworkIn = NetworkIn()
    preference: Preference = Preference.AUTO
    use: Literal["stream", "download"] = "stream"
    spatial: SpatialPreference = SpatialPreference.OFF

    @property
    def use_type(self) -> UseType:
        """Return what rights are asked for: to stream now, or to keep for listening offline."""
        return UseType.DOWNLOAD if self.use == "download" else UseType.STREAM

    def wish(self) -> Wish:
        """Return what decides, with all that does not matter taken out."""
        can = self.capabilities
        return Wish(
            codecs=None if can.codecs is None else known_codecs(can.codecs),
            max_sample_rate=can.max_sample_rate,
            max_channels=can.max_channels,
            kbps=network_class(self.network.kbps),
            save_data=self.network.save_data,
            preference=self.preference,
            spatial=self.spatial,
        )


class PlayEventIn(Struct, rename="camel", frozen=True):
    """One thing that happened in a player; ``at`` is Unix milliseconds or RFC 3339."""

    type: Literal["started", "progress", "paused", "ended", "skipped"]
    position_ms: _Natural
    at: _Natural | Annotated[datetime, Meta(tz=True)]
    heard_ms: _Natural | None = None

    @property
    def at_ms(self) -> int:
        """Return when it happened, in Unix milliseconds by the player's clock."""
        return self.at if isinstance(self.at, int) else round(self.at.timestamp() * 1000)


class PlayEventsIn(Struct, rename="camel", frozen=True):
    """The body of ``POST /v1/me/plays/{id}/events``."""

    events: Annotated[tuple[PlayEventIn, ...], Meta(min_length=1, max_length=MAX_EVENTS)]


class BodyInvalid(Invalid):
    """The body is not what the route takes."""

    code = "invalid_body"


_play_decoder = msgspec.json.Decoder(PlayIn)
_events_decoder = msgspec.json.Decoder(PlayEventsIn)


def read_play(body: bytes) -> PlayIn:
    """Decode a request for a play; ``BodyInvalid`` says where it is wrong."""
    try:
        return _play_decoder.decode(body)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as fault:
        raise _refusal(fault) from fault


def read_events(body: bytes) -> PlayEventsIn:
    """Decode a batch of play events; ``BodyInvalid`` says where it is wrong."""
    try:
        return _events_decoder.decode(body)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as fault:
        raise _refusal(fault) from fault


def _refusal(fault: Exception) -> BodyInvalid:
    if isinstance(fault, msgspec.ValidationError):
        return BodyInvalid(f"{fault}.", http_status=_UNPROCESSABLE)
    return BodyInvalid(f"The body is no JSON: {fault}.")


class _LoudnessOut(Struct, rename="camel"):
    integrated: float
    true_peak: float
    album_integrated: float | None
    album_true_peak: float | None


class _ReasonOut(Struct):
    code: str
    detail: str


class _ExclusionOut(Struct):
    rung: str
    code: str
    detail: str


class _DecisionOut(Struct):
    chosen: str
    reasons: list[_ReasonOut]
    excluded: list[_ExclusionOut]


class _VariantOut(Struct, rename="camel"):
    rung: str
    codecs: str
    mime: str
    bandwidth: int
    average_bandwidth: int
    sample_rate: int
    bit_depth: int
    channels: int
    lossless: bool
    playlist_url: str
    base_url: str
    init: str
    priming: int
    cue_shift: int
    samples: int
    segments: tuple[Segment, ...]
    kid: str | None


class _SpatialVariantOut(_VariantOut, rename="camel", kw_only=True):
    kind: str
    codec: str
    gain_db: float


class _SpatialOut(Struct):
    renditions: list[_SpatialVariantOut]
    scene: str


class GrantOut(Struct, rename="camel", omit_defaults=True):
    """A grant, without id, expiry and protection: ``GrantTemplate.fill`` puts them before it.

    ``spatial`` is there for who asked for it, of songs that have an immersive master: what is ready
    of its renderings, for headphones first.
    """

    song_id: str
    playlist_url: str
    progressive_url: str
    duration_in_samples: int
    sample_rate: int
    loudness: _LoudnessOut | None
    variants: list[_VariantOut]
    decision: _DecisionOut
    spatial: _SpatialOut | None = None


_encode = msgspec.json.Encoder().encode


class GrantTemplate:
    """A grant's JSON with gaps for what differs from play to play: id, expiry and token."""

    __slots__ = ("_is_encrypted", "_parts", "decision")

    def __init__(
        self, song: PreparedSong, decision: Decision, *, asked_for_spatial: bool = False
    ) -> None:
        self.decision = decision
        self._is_encrypted = song.is_encrypted
        raw = _encode(_grant(song, decision, asked_for_spatial=asked_for_spatial))
        # The first brace is written by ``fill``, with the fields that come before.
        self._parts = raw[1:].split(_TOKEN.encode())

    @property
    def cost(self) -> int:
        """Return about how many bytes of memory this takes."""
        return sum(map(len, self._parts)) + 40 * len(self._parts) + 500

    def fill(self, *, play_id: str, expires_at: str, token: str, clear_key: bool) -> bytes:
        """Return the grant; ``clear_key`` says whether keys of encrypted songs come from here."""
        protection = "null"
        if self._is_encrypted:
            url = f'"/v1/me/plays/{play_id}/licence"' if clear_key else "null"
            protection = f'{{"scheme":"cbcs","licenceUrl":{url}}}'
        head = f'{{"id":"{play_id}","expiresAt":"{expires_at}","protection":{protection},'
        return head.encode() + token.encode().join(self._parts)


def _grant(song: PreparedSong, decision: Decision, *, asked_for_spatial: bool) -> GrantOut:
    assert decision.chosen is not None, "nothing to grant"
    base = f"/hls/{_TOKEN}/{song.song_id}"
    chosen = song.renditions[decision.chosen].rendition
    return GrantOut(
        song_id=song.song_id,
        playlist_url=f"{base}/main.m3u8",
        progressive_url=f"{base}/{decision.chosen}.mp4",
        duration_in_samples=chosen.samples,
        sample_rate=chosen.sample_rate,
        loudness=_loudness(song.package.loudness),
        variants=[_variant(song.renditions[r].rendition, song.song_id) for r in decision.variants],
        decision=_decision(decision),
        spatial=_spatial(song, decision) if asked_for_spatial else None,
    )


def _spatial(song: PreparedSong, decision: Decision) -> _SpatialOut | None:
    if song.immersive is None:
        return None
    offered = [song.renditions[rung].rendition for rung in decision.spatial]
    return _SpatialOut(
        [_spatial_variant(rendition, song.song_id) for rendition in offered],
        f"/v1/spatial/songs/{song.song_id}/scene",
    )


def _spatial_variant(rendition: Rendition, song_id: SongId) -> _SpatialVariantOut:
    plain = _variant(rendition, song_id)
    return _SpatialVariantOut(
        **msgspec.structs.asdict(plain),
        kind=rendition.rung.spatial_kind or "",
        codec=plain.codecs,
        gain_db=rendition.gain_db,
    )


def _variant(variant: Rendition, song_id: SongId) -> _VariantOut:
    codecs = variant.codec.lower()  # browsers take any case; the player compares lower-case ones
    base = f"/hls/{_TOKEN}/{song_id}/{variant.rung}"
    return _VariantOut(
        rung=variant.rung,
        codecs=codecs,
        mime=f'audio/mp4; codecs="{codecs}"',
        bandwidth=variant.peak_bandwidth,
        average_bandwidth=variant.average_bandwidth,
        sample_rate=variant.sample_rate,
        bit_depth=variant.bit_depth,
        channels=variant.channels,
        lossless=variant.rung.is_lossless,
        playlist_url=f"{base}.m3u8",
        base_url=f"{base}/",
        init="init.mp4",
        priming=variant.priming,
        cue_shift=variant.cue_shift,
        samples=variant.samples,
        segments=variant.segments,
        kid=variant.kid or None,
    )


def _loudness(loudness: Loudness | None) -> _LoudnessOut | None:
    if loudness is None:
        return None
    return _LoudnessOut(
        loudness.integrated,
        loudness.true_peak,
        loudness.album_integrated,
        loudness.album_true_peak,
    )


def _decision(decision: Decision) -> _DecisionOut:
    reasons: Sequence[_ReasonOut] = [_ReasonOut(r.code, r.detail) for r in decision.reasons]
    excluded = [_ExclusionOut(e.rung, e.code, e.detail) for e in decision.excluded]
    return _DecisionOut(decision.chosen or "", list(reasons), excluded)
