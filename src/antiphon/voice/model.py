"""What a listener wants, as it goes from words to music: frozen values that the whole room shares.

``Utterance`` (audio) -> ``Transcript`` (text, n-best) -> ``Reading`` (an intent with its slots) ->
``Linked`` (items of the catalogue) -> a decision.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

MAX_TEXT = 500
"""Characters of a request that are looked at; longer ones are refused."""


class Intent(StrEnum):
    """What is to happen."""

    PLAY = "play"
    QUEUE_NEXT = "queue-next"
    QUEUE_LAST = "queue-last"
    SHUFFLE_ON = "shuffle-on"
    SHUFFLE_OFF = "shuffle-off"
    REPEAT_ONE = "repeat-one"
    REPEAT_ALL = "repeat-all"
    REPEAT_OFF = "repeat-off"
    VOLUME = "volume"
    SEEK = "seek"
    SKIP = "skip"
    PREVIOUS = "previous"
    PAUSE = "pause"
    RESUME = "resume"
    LIKE = "like"
    DISLIKE = "dislike"
    ADD_TO_PLAYLIST = "add-to-playlist"
    WHAT_IS_THIS = "what-is-this"
    SLEEP_TIMER = "sleep-timer"
    LYRICS = "lyrics"
    QUALITY = "quality"
    SPATIAL_ON = "spatial-on"
    SPATIAL_OFF = "spatial-off"
    UNDO = "undo"
    NONE = "none"
    """Nothing that this room can do."""


class SlotName(StrEnum):
    """What a span of words names."""

    ARTIST = "artist"
    ALBUM = "album"
    SONG = "song"
    MUSIC = "music"
    """A song, album, artist or anything: the words do not say which."""
    PLAYLIST = "playlist"
    GENRE = "genre"
    MOOD = "mood"
    VERSION = "version"
    YEAR = "year"
    SORT = "sort"
    """Newest, best, most played."""
    SIMILAR_TO = "similar-to"
    DEVICE = "device"
    AMOUNT = "amount"
    """Of volume, time or steps; with its sign and unit as said."""
    EXCLUDED = "excluded"
    """What is not wanted: "but not the live one"."""


@dataclass(frozen=True, slots=True)
class Slot:
    """A span of the text: ``text`` as said, characters ``begin`` to ``end`` (not included)."""

    name: SlotName
    text: str
    begin: int
    end: int


@dataclass(frozen=True, slots=True)
class Reading:
    """One way to understand a text; ``probability`` (0..1) among all ways."""

    intent: Intent
    slots: tuple[Slot, ...]
    probability: float

    def first(self, name: SlotName) -> str | None:
        """Return the text of the first slot of that name."""
        return next((s.text for s in self.slots if s.name is name), None)


@dataclass(frozen=True, slots=True)
class Transcript:
    """What a recogniser heard: hypotheses, best first, each with a confidence (0..1)."""

    hypotheses: Sequence[tuple[str, float]]

    @property
    def text(self) -> str:
        """Return the best hypothesis, or nothing."""
        return self.hypotheses[0][0] if self.hypotheses else ""


class NameKind(StrEnum):
    """What in a catalogue bears a name."""

    ARTIST = "artist"
    ALBUM = "album"
    SONG = "song"
    PLAYLIST = "playlist"
    GENRE = "genre"


@dataclass(frozen=True, slots=True)
class Named:
    """Something that can be asked for. ``artist`` is whose song or album it is, else empty.

    ``popularity`` is any number that grows with how much it is heard; it ranks equals and never
    decides whether a name is accepted. ``version`` is what sets it apart from others of its name:
    "live", "remaster", "acoustic", "explicit", or empty.
    """

    kind: NameKind
    id: str
    name: str
    artist: str = ""
    popularity: float = 0.0
    version: str = ""


@dataclass(frozen=True, slots=True)
class Sought:
    """What is looked for, as said; ``kinds`` empty: of any kind."""

    name: str = ""
    artist: str = ""
    kinds: frozenset[NameKind] = frozenset()
    version: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    """A candidate; ``rank`` orders candidates.

    ``likeness`` (0..1) is how much it sounds and looks like what was said, without popularity.
    """

    item: Named
    likeness: float
    rank: float


class Verdict(StrEnum):
    """How sure the first candidate is."""

    CERTAIN = "certain"
    LIKELY = "likely"
    """To be confirmed."""
    SEVERAL = "several"
    """To be chosen among the first two or three."""
    ABSENT = "absent"


@dataclass(frozen=True, slots=True)
class Linked:
    """Candidates, best first, and whether to act on the first."""

    verdict: Verdict
    candidates: tuple[Found, ...] = ()
