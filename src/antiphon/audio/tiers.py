"""How near a recording's media are kept, and which of its rungs: pure decisions."""

from dataclasses import dataclass
from typing import Final

from antiphon.audio.making import GRACE_MS
from antiphon.audio.model import SPATIAL_RUNGS, Package, Rung
from antiphon.kernel import Invalid, UnixMs
from antiphon.storage import StorageClass

DAY_MS: Final = 24 * 3_600_000
DEPARTING_MS: Final = 24 * 3_600_000
"""For so long a rung that is offered no more is still sent.

A grant lives six hours. It may have been made by a process that did not hear of the change:
packages are trusted for half a minute, and where tables are away rights decide from memory for an
hour.
"""


@dataclass(frozen=True, slots=True)
class Plays:
    """How often a recording was played of late, and how many days ago last; None: never known."""

    recent: int = 0
    idle_days: int | None = None


NEVER_PLAYED: Final = Plays()


@dataclass(frozen=True, slots=True)
class TierRules:
    """What is hot, warm and cold.

    Hot is what was packaged, or played ``hot_plays`` times, in the last ``hot_days`` days; cold
    what was neither packaged nor played for ``cold_days``; warm the rest. ``cold_rungs`` are all
    that cold recordings keep; empty: the whole ladder.
    """

    hot_days: float = 30
    cold_days: float = 180
    hot_plays: int = 1
    cold_rungs: tuple[Rung, ...] = ()

    def __post_init__(self) -> None:
        """Refuse to take away what the other rungs are made of."""
        if self.cold_rungs and Rung.FLAC not in self.cold_rungs:
            raise Invalid("cold_rungs must have flac among them: the other rungs are made of it.")
        if self.cold_days < self.hot_days:
            raise Invalid("cold_days cannot be less than hot_days.")


def storage_class(plays: Plays, made_at: UnixMs, now: UnixMs, rules: TierRules) -> StorageClass:
    """Return how near the media of a recording are kept that was packaged at ``made_at``."""
    age_days = (now - made_at) / DAY_MS
    if age_days < rules.hot_days or plays.recent >= rules.hot_plays:
        return StorageClass.HOT
    idle = age_days if plays.idle_days is None else min(age_days, plays.idle_days)
    return StorageClass.WARM if idle < rules.cold_days else StorageClass.COLD


def made_at_last(package: Package) -> UnixMs:
    """Return when the youngest rung of a package was made."""
    return max(package.made_at.values(), default=UnixMs(0))


def surplus(package: Package, kind: StorageClass, rules: TierRules) -> tuple[Rung, ...]:
    """Return the rungs that a package need not have; none of one that is still being made.

    What was rendered of an immersive master stays: it is no step of the ladder.
    """
    if kind is not StorageClass.COLD or not rules.cold_rungs or not package.complete:
        return ()
    if package.rendition(Rung.FLAC) is None:
        return ()
    kept = {*rules.cold_rungs, *SPATIAL_RUNGS}
    return tuple(r.rung for r in package.renditions if r.rung not in kept)


def is_to_be_whole(package: Package, kind: StorageClass, rules: TierRules) -> bool:
    """Say whether rungs that were taken away are wanted again."""
    if kind is StorageClass.COLD and rules.cold_rungs:
        return any(rung in rules.cold_rungs for rung in package.reduced)
    return bool(package.reduced)


def is_collectable(newest: UnixMs, now: UnixMs) -> bool:
    """Say whether objects that nobody names have lain for so long that nobody will name them."""
    return newest < now - GRACE_MS
