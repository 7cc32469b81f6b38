"""What counts as a play, and in which row of the ledger: pure."""

from datetime import UTC, datetime
from functools import lru_cache
from hashlib import blake2b
from typing import Final
from zlib import crc32

from antiphon.kernel import UnixMs
from antiphon.rights.accounting.model import PlayReport, Refusal

SHARDS: Final = 64
DAY_MS: Final = 24 * 3600 * 1000
WINDOW_MS: Final = 35 * DAY_MS
"""How long after its grant a play may be told; afterwards a day's dedup ids are dropped."""

_SKEW_MS: Final = 5 * 60 * 1000
_COMMON_NEEDED_MS: Final = 30_000  # the field's rule: a stream is thirty seconds heard


def needed_ms(duration_ms: int) -> int:
    """Return how long must be heard: 30 s, or half of a song that is shorter than a minute."""
    if duration_ms <= 0:
        return _COMMON_NEEDED_MS
    return min(_COMMON_NEEDED_MS, duration_ms // 2)


def heard_within_wall_time(report: PlayReport) -> int:
    """Return the heard time that counts: never more than has passed since the grant."""
    return max(0, min(report.heard_ms, report.told_at - report.issued_at))


def refusal(report: PlayReport, needed: int) -> Refusal | None:
    """Return why a report cannot count, None where it can; repetition is the ledger's to see."""
    passed = report.told_at - report.issued_at
    if passed < -_SKEW_MS:
        return Refusal.BEFORE_GRANT
    if passed > WINDOW_MS:
        return Refusal.TOO_LATE
    if heard_within_wall_time(report) < needed:
        return Refusal.TOO_SHORT
    return None


def row_key(report: PlayReport) -> bytes:
    """Return the ledger row: the day of the grant and the song's shard, as ``20261130/3f``.

    Both are fixed by the signed grant, so all reports of one grant meet in one row.
    """
    shard = crc32(report.song_id.encode()) % SHARDS
    return f"{day_of(report.issued_at)}/{shard:02x}".encode()


def day_of(at: UnixMs) -> str:
    """Return the UTC day of an instant as ``20261130``."""
    return _day(at // DAY_MS)


@lru_cache(128)
def _day(number: int) -> str:
    return f"{datetime.fromtimestamp(number * DAY_MS // 1000, UTC):%Y%m%d}"


def digest(grant_id: str) -> bytes:
    """Return what the ledger keeps of a grant: 80 bits of its hash."""
    return blake2b(grant_id.encode(), digest_size=10).digest()
