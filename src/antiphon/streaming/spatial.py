"""Which renderings of an immersive master a player is offered beside its stereo: pure decisions."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Final

from antiphon.audio import CORE_SPATIAL_RUNGS, SPATIAL_RUNGS, Coding, Rendition, Rung, SpatialKind
from antiphon.streaming.model import Preference, SpatialPreference, Wish

CHANNELS: Final = {
    SpatialKind.AMBISONICS: 16,
    SpatialKind.BINAURAL: 2,
    SpatialKind.FIVE_ONE: 6,
    SpatialKind.SEVEN_ONE: 8,
    SpatialKind.SEVEN_ONE_FOUR: 12,
}
HLS_CHANNELS: Final = {
    SpatialKind.AMBISONICS: "16/3OA",
    SpatialKind.BINAURAL: "2/-/BINAURAL",
    SpatialKind.FIVE_ONE: "6",
    SpatialKind.SEVEN_ONE: "8",
    SpatialKind.SEVEN_ONE_FOUR: "12",
}
"""The attribute CHANNELS of draft-pantos-hls-rfc8216bis, 4.4.6.1: count, coding, usage."""
_FOR_HEADPHONES: Final = frozenset({SpatialKind.AMBISONICS, SpatialKind.BINAURAL})
_SMALLER: Final = frozenset({Preference.STANDARD, Preference.LOW})


class More(StrEnum):
    """What is to be rendered because somebody asks for it."""

    NOTHING = "nothing"
    CORE = "core"
    ALL = "all"


def offered(renditions: Sequence[Rendition], wish: Wish) -> tuple[Rung, ...]:
    """Return those of the spatial renditions that this player gets, for headphones first."""
    fitting = set(fitting_rungs(wish))
    most = wish.max_sample_rate
    there = {r.rung for r in renditions if most is None or r.sample_rate <= most}
    return tuple(rung for rung in SPATIAL_RUNGS if rung in fitting and rung in there)


def lacking(renditions: Sequence[Rendition], wish: Wish) -> More:
    """Return what has to be rendered first for this player to get all that it could."""
    missing = set(fitting_rungs(wish)) - {r.rung for r in renditions}
    if not missing:
        return More.NOTHING
    return More.CORE if missing <= set(CORE_SPATIAL_RUNGS) else More.ALL


def fitting_rungs(wish: Wish) -> tuple[Rung, ...]:
    """Return the rungs that a player could use, whether they are there or not.

    For headphones what it decodes suffices; loudspeakers must be as many as the player says it has.
    Who always wants it gets what he did not say that he cannot play. Lossless ones are for those
    who prefer lossless.
    """
    if wish.spatial is SpatialPreference.OFF or _is_modest(wish):
        return ()
    return tuple(rung for rung in SPATIAL_RUNGS if _fits(rung, wish))


def _is_modest(wish: Wish) -> bool:
    """Say whether the player wants to be spared what is larger than it must be."""
    modest = wish.save_data or wish.preference in _SMALLER
    return modest and wish.spatial is SpatialPreference.AUTOMATIC


def _fits(rung: Rung, wish: Wish) -> bool:
    always, kind = wish.spatial is SpatialPreference.ALWAYS, rung.spatial_kind
    assert kind is not None
    if rung.is_lossless and wish.preference is not Preference.LOSSLESS:
        return False
    if wish.codecs is None:
        can_decode = always
    else:
        can_decode = any(CODECS[codec] is rung.coding for codec in wish.codecs)
    if kind in _FOR_HEADPHONES:
        return can_decode
    has_speakers = always if wish.max_channels is None else wish.max_channels >= CHANNELS[kind]
    return can_decode and has_speakers


CODECS: Final = {
    "mp4a.40.2": Coding.AAC,
    "mp4a": Coding.AAC,
    "aac": Coding.AAC,
    "flac": Coding.FLAC,
    "alac": Coding.ALAC,
    "opus": Coding.OPUS,
}
"""The spellings of codecs by which players tell what they decode."""
