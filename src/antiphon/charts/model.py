"""What charts are: positions in order, of one kind, storefront and genre."""

from enum import StrEnum
from typing import NamedTuple

import msgspec

from antiphon.kernel import UnixMs


class Kind(StrEnum):
    """What a chart orders; the values are the types of the HTTP API."""

    SONGS = "songs"
    ALBUMS = "albums"
    ARTISTS = "artists"


class Group(NamedTuple):
    """For whom a chart is made: one storefront, one genre; ``genre`` "" stands for all."""

    storefront: str
    genre: str


class Position(msgspec.Struct, frozen=True, array_like=True):
    """An item in a chart; ``before`` is its position a day ago, from 1, or 0 where it had none.

    ``value`` is its plays in the chart's hours, or in a chart of trends how unusual they are. Of
    an album or artist ``lead`` is the song that was played most in thirty days: whoever may hear
    that may see the item, without a look at all of its songs.
    """

    id: str
    value: float
    before: int = 0
    lead: str = ""


class Standing(msgspec.Struct, frozen=True):
    """One chart of each kind, the first first, as it was made at ``made_at``.

    What is missing in ``albums`` or ``artists`` and should not be has at most so many plays as
    ``bounds`` says of the kind; 0 says that the chart is exact. ``songs`` always is.
    """

    made_at: UnixMs
    songs: tuple[Position, ...] = ()
    albums: tuple[Position, ...] = ()
    artists: tuple[Position, ...] = ()
    bounds: dict[Kind, float] = {}

    def of(self, kind: Kind) -> tuple[Position, ...]:
        """Return the positions of one kind."""
        found: tuple[Position, ...] = getattr(self, kind.value)
        return found
