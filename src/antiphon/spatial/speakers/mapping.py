"""How channels of the common packs go to other layouts (BS.2127, section 8.4)."""

import math
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

from antiphon.spatial.layouts import Layout

__all__ = ["COMMON_PACKS", "mapped"]

COMMON_PACKS = {
    "ap_00010001": "0+1+0",
    "ap_00010002": "0+2+0",
    "ap_0001000c": "0+5+0",
    "ap_00010003": "0+5+0",
    "ap_00010004": "2+5+0",
    "ap_00010005": "4+5+0",
    "ap_00010010": "4+5+1",
    "ap_00010007": "3+7+0",
    "ap_00010008": "4+9+0",
    "ap_00010009": "9+10+3",
    "ap_0001000f": "0+7+0",
    "ap_00010017": "4+7+0",
}

# Tables 14 and 15: a channel goes to the loudspeakers of the first line all of which exist, with
# these shares of its energy; "from" limits a line to channels of that layout. Left sides stand
# for right ones.
_TABLE = """
M+000: M+000 1
M+000: M+030 1/2, M-030 1/2
M+060: M+060 1
M+060: M+030 2/3, M+110 1/3
M+060: M+030 1/2, M+090 1/2
M+060: M+030 1
M+090: M+090 1
M+090: M+030 1/3, M+110 2/3 from 9+10+3
M+090: M+030 1/2, M+110 1/2
M+090: M+030 1/2
M+110: M+110 1
M+110: M+135 1
M+110: M+030 1/2
M+135: M+135 1
M+135: M+110 1
M+135: M+030 1/2
M+180: M+180 1
M+180: M+135 1/2, M-135 1/2
M+180: M+110 1/2, M-110 1/2
M+180: M+030 1/4, M-030 1/4
U+000: U+000 1
U+000: U+030 1/2, U-030 1/2
U+000: U+045 1/2, U-045 1/2
U+000: M+000 1
U+000: M+030 1/2, M-030 1/2
U+030: U+030 1
U+030: U+045 1
U+030: M+030 1
U+045: U+045 1
U+045: U+030 1
U+045: M+030 1
U+090: U+090 1
U+090: U+045 2/3, UH+180 1/3 from 9+10+3
U+090: U+030 1/2, U+110 1/2
U+090: U+045 1/2, U+135 1/2
U+090: M+090 1
U+090: U+030 1/2, M+110 1/2
U+090: M+030 1/2, M+110 1/2
U+090: M+030 1/2
U+110: U+110 1
U+110: U+135 1
U+110: U+045 1/2, UH+180 1/2
U+110: M+110 1
U+110: M+135 1
U+110: M+030 1/2
U+135: U+135 1
U+135: U+110 1
U+135: U+045 1/3, UH+180 2/3 from 9+10+3
U+135: U+045 1/2, UH+180 1/2
U+135: M+135 1
U+135: M+110 1
U+135: M+030 1/2
U+180: U+180 1
U+180: UH+180 1
U+180: U+135 1/2, U-135 1/2
U+180: U+110 1/2, U-110 1/2
U+180: M+135 1/2, M-135 1/2
U+180: M+110 1/2, M-110 1/2
U+180: M+030 1/4, M-030 1/4
UH+180: UH+180 1
UH+180: U+180 1
UH+180: U+135 1/2, U-135 1/2
UH+180: U+110 1/2, U-110 1/2
UH+180: M+135 1/2, M-135 1/2
UH+180: M+110 1/2, M-110 1/2
UH+180: M+030 1/4, M-030 1/4
T+000: T+000 1
T+000: U+045 1/4, U-045 1/4, U+135 1/4, U-135 1/4
T+000: U+030 1/4, U-030 1/4, U+110 1/4, U-110 1/4
T+000: U+045 1/3, U-045 1/3, UH+180 1/3
T+000: U+045 1/4, U-045 1/4, M+135 1/4, M-135 1/4
T+000: U+030 1/4, U-030 1/4, M+110 1/4, M-110 1/4
T+000: M+030 1/4, M-030 1/4, M+135 1/4, M-135 1/4
T+000: M+030 1/4, M-030 1/4, M+110 1/4, M-110 1/4
T+000: M+030 1/4, M-030 1/4
B+000: B+000 1
B+000: M+000 1
B+000: M+030 1/2, M-030 1/2
B+045: B+045 1
B+045: M+030 1
"""
_TWO_LFE = frozenset({"9+10+3", "3+7+0"})


@dataclass(frozen=True, slots=True)
class _Rule:
    source: str | None  # layout that the channel must come from
    gains: tuple[tuple[str, float], ...]


def mapped(label: str, source: str, layout: Layout) -> tuple[tuple[str, float], ...] | None:
    """Return the loudspeakers and gains for a channel of layout ``source``, if a rule fits."""
    if label in {"LFE1", "LFE2"}:
        return _mapped_lfe(label, source, layout)
    present = set(layout.labels)
    for rule in _rules().get(label, ()):
        if rule.source in {None, source} and all(name in present for name, _ in rule.gains):
            return rule.gains
    return None


def _mapped_lfe(label: str, source: str, layout: Layout) -> tuple[tuple[str, float], ...] | None:
    """Two LFE channels stay two where the layout has two, else share one at half energy each."""
    if source in _TWO_LFE and layout.name in _TWO_LFE:
        return ((label, 1.0),)
    if "LFE1" not in layout.labels:
        return None
    if source in _TWO_LFE:
        return (("LFE1", math.sqrt(0.5)),)
    return (("LFE1", 1.0),) if label == "LFE1" else None


@lru_cache(maxsize=1)
def _rules() -> dict[str, list[_Rule]]:
    rules: dict[str, list[_Rule]] = {}
    for line in _TABLE.strip().splitlines():
        label, _, rest = line.partition(": ")
        shares, _, source = rest.partition(" from ")
        pairs = [share.split() for share in shares.split(", ")]
        gains = tuple((name, math.sqrt(Fraction(energy))) for name, energy in pairs)
        rules.setdefault(label, []).append(_Rule(source or None, gains))
        if _opposite(label) != label:
            other = tuple((_opposite(name), gain) for name, gain in gains)
            rules.setdefault(_opposite(label), []).append(_Rule(source or None, other))
    return rules


def _opposite(label: str) -> str:
    if label.endswith(("000", "180")):
        return label
    return label.replace("+", "-") if "+" in label else label.replace("-", "+")
