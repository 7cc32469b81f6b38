"""One time of making a rendition: a name that no other has, and until when it may be told.

Objects that no package names are collected once they have lain for ``GRACE_MS``. A worker names
what it has made within half of that from its beginning, or makes it again: also one whose machine
slept in between. So what is collected is never named afterwards.
"""

from dataclasses import dataclass
from typing import Final, Self

from antiphon.kernel import Clock, Unavailable, UnixMs, random_id

_HOUR_MS: Final = 3_600_000
GRACE_MS: Final = 24 * _HOUR_MS
LONGEST_MAKING_MS: Final = GRACE_MS // 2
_LETTERS: Final = 12  # of five bits


@dataclass(frozen=True, slots=True)
class Making:
    """What is being made now."""

    name: str
    begun: UnixMs

    @classmethod
    def begin(cls, clock: Clock) -> Self:
        """Begin; nothing of this name is stored."""
        return cls(random_id()[:_LETTERS], clock.now())

    def check(self, clock: Clock) -> None:
        """Raise ``Unavailable`` where it is too late to name what was made."""
        if clock.now() - self.begun > LONGEST_MAKING_MS:
            raise Unavailable("This took so long that it may be collected: it is made again.")
