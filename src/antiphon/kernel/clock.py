"""The clock as a value that is passed in, so that rules and tests decide what time it is."""

import time
from typing import Protocol

from antiphon.kernel.units import UnixMs


class Clock(Protocol):
    """Tells the time. ``now`` is wall time and may jump; ``monotonic`` never goes back."""

    def now(self) -> UnixMs:
        """Return milliseconds since 1970-01-01T00:00:00Z."""
        ...

    def monotonic(self) -> float:
        """Return seconds since an arbitrary fixed moment."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> UnixMs:
        """Return milliseconds since 1970-01-01T00:00:00Z."""
        return UnixMs(time.time_ns() // 1_000_000)

    def monotonic(self) -> float:
        """Return seconds since an arbitrary fixed moment."""
        return time.monotonic()


class FixedClock:
    """A clock that stands still until it is told to move."""

    def __init__(self, now_ms: int = 1_700_000_000_000) -> None:
        self._now = now_ms

    def now(self) -> UnixMs:
        """Return the moment it was set to."""
        return UnixMs(self._now)

    def monotonic(self) -> float:
        """Return the same moment in seconds."""
        return self._now / 1000

    def advance(self, *, ms: int = 0, seconds: float = 0.0) -> None:
        """Move time; negative amounts move it back."""
        self._now += ms + round(seconds * 1000)
