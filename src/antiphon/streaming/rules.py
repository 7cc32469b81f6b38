"""Which variants a player gets, and with which it begins: a pure decision that explains itself."""

from bisect import bisect_right
from collections.abc import Sequence

from antiphon.audio import Rendition, Rung
from antiphon.streaming.model import Decision, Exclusion, Preference, Reason, Wish
from antiphon.streaming.spatial import CODECS

QUALITY: dict[Rung, int] = {
    Rung.AAC_64: 0,
    Rung.AAC_128: 1,
    Rung.AAC_256: 2,
    Rung.ALAC: 3,
    Rung.FLAC: 3,
}
"""How good a rung sounds; equal numbers sound the same."""

_CEILINGS = {Preference.HIGH: 2, Preference.STANDARD: 1, Preference.LOW: 0}
_SAVE_DATA_CEILING = 1
_USABLE_SHARE = 0.75  # of what was measured; the rest is room for its ups and downs
_KBPS_CLASSES = (32, 48, 64, 96, 128, 192, 256, 384, 512, 768, 1024, 1536, 2048, 3072, 4096, 8192)


def known_codecs(codecs: Sequence[str]) -> frozenset[str]:
    """Return those of a player's codec strings that matter here, in one spelling."""
    return frozenset(c for c in map(str.lower, codecs) if c in CODECS)


def network_class(kbps: float | None) -> int | None:
    """Round a measured rate down to one of a few classes, so that answers can be kept ready."""
    if kbps is None:
        return None
    return _KBPS_CLASSES[max(0, bisect_right(_KBPS_CLASSES, kbps) - 1)]


def decide(variants: Sequence[Rendition], wish: Wish) -> Decision:
    """Return the variants for this player, worst first, the one to begin with, and all reasons.

    What a player cannot play is never offered. A preference or a wish to save data is a ceiling;
    where nothing that is ready lies below it, the smallest variant is offered rather than none.
    """
    excluded = [e for v in variants if (e := _barrier(v, wish)) is not None]
    barred = {e.rung for e in excluded}
    playable = sorted((v for v in variants if v.rung not in barred), key=_rank)
    if not playable:
        return Decision(None, (), (Reason("nothing_playable", _NOTHING),), tuple(excluded))
    playable, twins = _without_twins(playable)
    offered, above, ceiling_reasons = _below_ceiling(playable, wish)
    chosen, why = _begin_with(offered, wish)
    return Decision(
        chosen=chosen.rung,
        variants=tuple(v.rung for v in offered),
        reasons=(*_capability_reasons(wish), *ceiling_reasons, *why),
        excluded=(*excluded, *twins, *above),
    )


_NOTHING = "None of the variants that are ready can be played by this player."


def _rank(variant: Rendition) -> tuple[int, int, bool]:
    # FLAC after ALAC: of two that sound the same the last one is kept.
    return (QUALITY[variant.rung], variant.average_bandwidth, variant.rung is Rung.FLAC)


def _barrier(variant: Rendition, wish: Wish) -> Exclusion | None:
    rung = variant.rung
    if wish.codecs is not None and not any(CODECS[c] is rung.coding for c in wish.codecs):
        return Exclusion(rung, "codec_unsupported", f"The player does not list {variant.codec}.")
    if wish.max_sample_rate is not None and variant.sample_rate > wish.max_sample_rate:
        detail = f"{variant.sample_rate} Hz is above the player's {wish.max_sample_rate} Hz."
        return Exclusion(rung, "sample_rate_unsupported", detail)
    if wish.max_channels is not None and variant.channels > wish.max_channels:
        detail = f"{variant.channels} channels are above the player's {wish.max_channels}."
        return Exclusion(rung, "channels_unsupported", detail)
    return None


def _without_twins(playable: Sequence[Rendition]) -> tuple[list[Rendition], list[Exclusion]]:
    """Keep one of the lossless codings: they sound the same, so a switch between them is idle."""
    rungs = {v.rung for v in playable}
    if not {Rung.FLAC, Rung.ALAC} <= rungs:
        return list(playable), []
    twin = Exclusion(Rung.ALAC, "same_sound", "FLAC gives the same samples.")
    return [v for v in playable if v.rung is not Rung.ALAC], [twin]


def _below_ceiling(
    playable: Sequence[Rendition], wish: Wish
) -> tuple[list[Rendition], list[Exclusion], list[Reason]]:
    ceiling, code = _ceiling(wish)
    if ceiling is None:
        return list(playable), [], []
    within = [v for v in playable if QUALITY[v.rung] <= ceiling]
    reason = Reason(code, _CEILING_DETAILS[code])
    if not within:
        smallest = min(playable, key=lambda v: v.average_bandwidth)
        within = [smallest]
        detail = f"Nothing that small is ready: {smallest.rung} is the smallest."
        reason = Reason("ceiling_not_met", detail)
    above = [Exclusion(v.rung, code, _CEILING_DETAILS[code]) for v in playable if v not in within]
    return within, above, [reason]


_CEILING_DETAILS = {
    "above_preference": "The listener prefers smaller streams.",
    "save_data": "The player asks to save data.",
}


def _ceiling(wish: Wish) -> tuple[int | None, str]:
    if wish.preference in _CEILINGS:
        return _CEILINGS[wish.preference], "above_preference"
    if wish.save_data and wish.preference is Preference.AUTO:
        return _SAVE_DATA_CEILING, "save_data"
    return None, ""


def _begin_with(offered: Sequence[Rendition], wish: Wish) -> tuple[Rendition, list[Reason]]:
    best = offered[-1]
    if wish.kbps is None:
        return best, [*_praise(best), Reason("network_unknown", "Nothing was measured yet.")]
    usable = wish.kbps * 1000 * _USABLE_SHARE
    fitting = [v for v in offered if v.average_bandwidth <= usable]
    if fitting and fitting[-1] is best:
        detail = f"{wish.kbps} kb/s carry {best.rung} at {best.average_bandwidth // 1000} kb/s."
        return best, [*_praise(best), Reason("network_sufficient", detail)]
    chosen = fitting[-1] if fitting else min(offered, key=lambda v: v.average_bandwidth)
    detail = f"{wish.kbps} kb/s do not carry {best.rung}: begin with {chosen.rung}."
    return chosen, [Reason("network_too_slow", detail)]


def _praise(variant: Rendition) -> list[Reason]:
    if not variant.rung.is_lossless:
        return []
    return [Reason("lossless_supported", f"The player decodes {variant.codec}.")]


def _capability_reasons(wish: Wish) -> list[Reason]:
    if wish.codecs is None:
        return [Reason("capabilities_unknown", "The player did not say what it can play.")]
    return []
