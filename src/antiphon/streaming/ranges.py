"""The Range header, single ranges of bytes only (RFC 9110, 14)."""

import re

from antiphon.kernel import Invalid

_SINGLE = re.compile(rb"bytes=(?:([0-9]{1,18})-([0-9]{1,18})?|-([0-9]{1,18}))\Z")
_NOT_SATISFIABLE = 416


class RangeNotSatisfiable(Invalid):
    """No byte of the object lies in what was asked for, or more than one range was."""

    code = "range_not_satisfiable"


def parse_range(header: bytes | None, size: int) -> range | None:
    """Return the bytes asked for as a range of positions, or None for the whole object.

    A unit other than bytes is ignored, as the RFC demands. Several ranges, a reversed one, an empty
    suffix and a beginning past the end raise ``RangeNotSatisfiable``; an end past the end is cut.
    """
    if header is None or not header.startswith(b"bytes="):
        return None
    match = _SINGLE.match(header)
    if match is None:
        raise _refusal(size)
    first, last, suffix = match.groups()
    if suffix is not None:
        begin, end = max(0, size - int(suffix)), size
    else:
        begin = int(first)
        end = size if last is None else min(int(last) + 1, size)
        if last is not None and int(last) < begin:
            raise _refusal(size)
    if begin >= end:
        raise _refusal(size)
    return range(begin, end)


def _refusal(size: int) -> RangeNotSatisfiable:
    detail = f"Ask for one range within the {size} bytes."
    return RangeNotSatisfiable(detail, http_status=_NOT_SATISFIABLE, size=size)
