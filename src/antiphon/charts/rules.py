"""Where a play is counted, what a chart covers, what trends: pure.

Hours, days and months are those of UTC; an hour is numbered from the Unix epoch.
"""

from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from hashlib import blake2b
from math import sqrt
from typing import Final
from zlib import crc32

from antiphon.kernel import UnixMs

HOUR_MS: Final = 3_600_000
DAY_MS: Final = 24 * HOUR_MS
SHARDS: Final = 64
KEEP_DAYS: Final = 400
"""How long days stay apart; then they are added to their month, which is kept for good."""

HALF_LIFE_HOURS: Final = 12
"""A play counts half as much for what trends with each twelve hours that pass."""

_DAY_HOURS: Final = 24
_MONTH_HOURS: Final = 720
HOURS_LOOKED_AT: Final = _MONTH_HOURS + _DAY_HOURS
"""What charts are made of: thirty days, and one more to tell how yesterday's chart stood."""

DECAYED: Final = 6
BASELINE: Final = 7
Vector = list[float]
"""Of one item: plays in 24 h, 7 d, 30 d; the same a day ago; decayed plays; baseline plays."""

_ALL_DECAYED: Final[float] = sum(2.0 ** (-age / HALF_LIFE_HOURS) for age in range(_MONTH_HOURS))


class Chart(StrEnum):
    """The charts that there are of each kind, storefront and genre."""

    DAY = "24h"
    WEEK = "7d"
    MONTH = "30d"
    TRENDING = "trending"


_SPANS: Final = {Chart.DAY: _DAY_HOURS, Chart.WEEK: 7 * _DAY_HOURS, Chart.MONTH: _MONTH_HOURS}
WINDOWS: Final = tuple(_SPANS)


def day_key(day: int, shard: int) -> bytes:
    """Return the row of a day (numbered from the epoch) and a shard, as ``20261130/3f``."""
    return f"{_day(day)}/{shard:02x}".encode()


def shard_of(song_id: str) -> int:
    """Return the shard in which a song's plays are counted."""
    return crc32(song_id.encode()) % SHARDS


def month_key(row_key: bytes) -> bytes:
    """Return the row of the month to which the row of a day belongs, as ``202611/3f``."""
    return row_key[:6] + row_key[8:]


def day_of_month(row_key: bytes) -> int:
    """Return which day of its month the row of a day is, from 1."""
    return int(row_key[6:8])


def day_number(row_key: bytes) -> int:
    """Return the number of the day of a row, from the epoch."""
    at = datetime.strptime(row_key[:8].decode(), "%Y%m%d").replace(tzinfo=UTC)
    return (at - datetime.fromtimestamp(0, UTC)) // timedelta(days=1)


@lru_cache(256)
def _day(number: int) -> str:
    return f"{datetime.fromtimestamp(number * DAY_MS // 1000, UTC):%Y%m%d}"


def hour_of(at: UnixMs) -> int:
    """Return the number of the hour in which a moment lies."""
    return at // HOUR_MS


def digest(grant_id: str) -> bytes:
    """Return what is kept of a grant that has counted: 64 bits of its hash.

    Of the 500,000 plays that the row of a day can hold, two are taken for one with a probability
    below 1e-8.
    """
    return blake2b(grant_id.encode(), digest_size=8).digest()


@lru_cache(2 * HOURS_LOOKED_AT)
def weights(age: int) -> tuple[tuple[int, float], ...]:
    """Return to which parts of a vector a play of ``age`` hours adds, and how much."""
    found: list[tuple[int, float]] = []
    for place, span in enumerate(_SPANS.values()):
        if 0 <= age < span:
            found.append((place, 1.0))
        if _DAY_HOURS <= age < span + _DAY_HOURS:
            found.append((place + len(_SPANS), 1.0))
    if 0 <= age < _MONTH_HOURS:
        found.append((DECAYED, 2.0 ** (-age / HALF_LIFE_HOURS)))
        if age >= _DAY_HOURS:
            found.append((BASELINE, 1.0))
    return tuple(found)


def empty_vector() -> Vector:
    """Return the vector of what was not played."""
    return [0.0] * (BASELINE + 1)


def value_in(chart: Chart, vector: Vector) -> float:
    """Return by what a chart orders: plays, or how far recent ones are above the usual."""
    return trend(vector) if chart is Chart.TRENDING else vector[WINDOWS.index(chart)]


def value_before(chart: Chart, vector: Vector) -> float:
    """Return by what the chart of a day ago ordered; 0 for what trends, which has no yesterday."""
    return 0.0 if chart is Chart.TRENDING else vector[len(_SPANS) + WINDOWS.index(chart)]


def trend(vector: Vector) -> float:
    """Return how many standard deviations the decayed plays are above the item's own baseline.

    The baseline is what its mean rate of the 29 days before the last 24 hours would give, with the
    same decay. Plays taken as Poisson, the deviation is the root of what is expected; one is added,
    so that a single play of something new is no wonder.
    """
    expected = vector[BASELINE] / (_MONTH_HOURS - _DAY_HOURS) * _ALL_DECAYED
    return (vector[DECAYED] - expected) / sqrt(expected + 1.0)
