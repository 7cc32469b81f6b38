"""What a turn of a dialogue comes to: an action, a question, or a refusal that says why."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from antiphon.kernel import SongId
from antiphon.voice.model import Intent, Named, Reading

PLAYS: Final = frozenset({Intent.PLAY, Intent.QUEUE_NEXT, Intent.QUEUE_LAST})


class Outcome(StrEnum):
    """How a turn ends."""

    ACT = "act"
    CONFIRM = "confirm"
    CHOOSE = "choose"
    REFUSE = "refuse"


class Reason(StrEnum):
    """Why nothing is done."""

    NOTHING_HEARD = "nothing-heard"
    NOT_UNDERSTOOD = "not-understood"
    NOT_FOUND = "not-found"
    NOTHING_PLAYING = "nothing-playing"
    NO_SUCH_DEVICE = "no-such-device"
    NO_SUCH_PLAYLIST = "no-such-playlist"
    EXPLICIT = "explicit"
    NOT_AVAILABLE = "not-available"
    NO_AMOUNT = "no-amount"
    NOTHING_TO_UNDO = "nothing-to-undo"
    NOT_ALLOWED = "not-allowed"
    DECLINED = "declined"


@dataclass(frozen=True, slots=True)
class Action:
    """What the player is to do.

    ``item`` is what was found, ``song_ids`` what that plays, in order, with nothing in it that the
    listener may not hear. ``seconds``: a position, a step (``is_relative``) or a time until sleep
    (None: no more timer). ``percent``: a volume, or a change of it (``is_relative``).
    """

    intent: Intent
    item: Named | None = None
    song_ids: tuple[SongId, ...] = ()
    shuffled: bool = False
    percent: int | None = None
    seconds: float | None = None
    is_relative: bool = False
    count: int = 1
    quality: str = ""
    device_id: str = ""
    playlist_id: str = ""


@dataclass(frozen=True, slots=True)
class Reply:
    """What is said: plain, and as SSML."""

    text: str
    ssml: str


@dataclass(frozen=True, slots=True)
class Answer:
    """The end of one turn. ``heard`` is the text that was taken; ``id`` names the turn."""

    id: str
    outcome: Outcome
    heard: str
    reply: Reply
    reading: Reading | None = None
    action: Action | None = None
    choices: tuple[Named, ...] = ()
    reason: Reason | None = None
