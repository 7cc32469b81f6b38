"""Single values of an ADM document: numbers that are finite, flags, gains."""

import math

from antiphon.spatial.adm.xml import Node
from antiphon.spatial.errors import MasterUnreadable

_DB_FLOOR = -200.0


def number(text: str, what: str) -> float:
    """Return a finite number; raise with ``what`` it should have been."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise MasterUnreadable(f"axml: {text[:40]!r} is no {what}.")
    return value


def number_in(text: str, what: str, low: float, high: float) -> float:
    """Return a number within a range that the standard gives."""
    value = number(text, what)
    if not low <= value <= high:
        raise MasterUnreadable(f"axml: {what} {value:g} is outside {low:g} to {high:g}.")
    return value


def flag(text: str | None) -> bool:
    """Return whether it is set; BS.2076 writes 1 and 0."""
    return (text or "").strip().lower() in {"1", "true"}


def gain_of(node: Node) -> float:
    """Return the linear gain of a ``gain`` element, whatever its unit; 1 where there is none."""
    found = next(node.every("gain"), None)
    return 1.0 if found is None else gain(found.text.strip(), found.attributes.get("gainUnit"))


def gain(text: str, unit: str | None) -> float:
    """Return a linear gain."""
    if (unit or "linear") == "linear":
        return number(text, "gain")
    if text.strip().lower() == "-inf":
        return 0.0
    level = number_in(text, "gain in dB", -math.inf, 100.0)
    return 0.0 if level < _DB_FLOOR else 10.0 ** (level / 20.0)


def importance_of(node: Node) -> int | None:
    """Return the ``importance`` attribute or element, 0 to 10."""
    text = node.attributes.get("importance") or node.text_of("importance")
    return None if text is None else int(number_in(text, "importance", 0, 10))
