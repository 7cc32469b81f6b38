"""Progress of a scan: counted as it happens, told at most ten times a second."""

from collections.abc import Callable
from dataclasses import replace

from antiphon.ingest.model import Phase, Progress
from antiphon.kernel import Clock

_SECONDS_BETWEEN = 0.1

Listener = Callable[[Progress], None]


class Tracker:
    """Counts, and tells whoever listens."""

    def __init__(self, listener: Listener | None, clock: Clock) -> None:
        self._listener = listener
        self._clock = clock
        self._told = float("-inf")
        self.now = Progress(phase=Phase.READING, started_at=clock.now())

    def add(self, **counts: int) -> None:
        """Add to counts by name."""
        self.now = replace(self.now, **{k: getattr(self.now, k) + n for k, n in counts.items()})
        self._tell()

    def at(self, folder: str) -> None:
        """Say which folder is being looked at."""
        self.now = replace(self.now, folder=folder)
        self._tell()

    def enter(self, phase: Phase) -> None:
        """Say that another phase begins; the last ones carry the moment of the end."""
        over = phase in {Phase.DONE, Phase.CANCELLED, Phase.FAILED}
        finished = self._clock.now() if over else None
        self.now = replace(self.now, phase=phase, finished_at=finished)
        self._tell(always=True)

    def _tell(self, *, always: bool = False) -> None:
        now = self._clock.monotonic()
        if self._listener and (always or now - self._told >= _SECONDS_BETWEEN):
            self._told = now
            self._listener(self.now)
