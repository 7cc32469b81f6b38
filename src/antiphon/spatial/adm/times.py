"""Times of BS.2076: ``hh:mm:ss.zzzzz`` and ``hh:mm:ss.zzzzzSfffff``, exact."""

import re
from fractions import Fraction
from typing import Final

from antiphon.spatial.errors import MasterUnreadable

_TIME: Final = re.compile(r"(\d{1,4}):(\d{1,2}):(\d{1,2})(?:[.,](\d{1,15})(?:S(\d{1,9}))?)?")


def read_time(text: str) -> Fraction:
    """Return seconds."""
    found = _TIME.fullmatch(text.strip())
    if found is None:
        raise MasterUnreadable(f"{text[:40]!r} is no time: write hh:mm:ss.zzzzz.")
    hours, minutes, seconds, part, of = found.groups()
    whole = Fraction(int(hours) * 3600 + int(minutes) * 60 + int(seconds))
    if part is None:
        return whole
    if of is None:
        return whole + Fraction(int(part), 10 ** len(part))
    if int(of) == 0:
        raise MasterUnreadable(f"{text[:40]!r} is no time: it divides a second by nothing.")
    return whole + Fraction(int(part), int(of))


def write_time(seconds: Fraction) -> str:
    """Return ``hh:mm:ss.zzzzz`` where that is exact to a nanosecond, else the fractional form."""
    whole, rest = divmod(seconds, 1)
    clock = f"{int(whole) // 3600:02}:{int(whole) // 60 % 60:02}:{int(whole) % 60:02}"
    nanos = rest * 10**9
    if nanos.denominator == 1:
        return f"{clock}.{int(nanos):09}"
    return f"{clock}.{rest.numerator}S{rest.denominator}"
