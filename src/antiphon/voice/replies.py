"""What is said, in English: every sentence names what was found, not what was asked for."""

from collections.abc import Sequence
from typing import Final
from xml.sax.saxutils import escape

from antiphon.voice.answers import Action, Reason, Reply
from antiphon.voice.model import Intent, Named, NameKind

_PLAIN: Final = {
    Intent.SHUFFLE_ON: "Shuffle is on.",
    Intent.SHUFFLE_OFF: "Shuffle is off.",
    Intent.REPEAT_ONE: "Repeating this song.",
    Intent.REPEAT_ALL: "Repeating everything.",
    Intent.REPEAT_OFF: "Repeat is off.",
    Intent.SKIP: "Next.",
    Intent.PREVIOUS: "Going back.",
    Intent.PAUSE: "Paused.",
    Intent.RESUME: "Playing.",
    Intent.LYRICS: "Here are the words.",
    Intent.SPATIAL_ON: "Spatial sound is on.",
    Intent.SPATIAL_OFF: "Spatial sound is off.",
    Intent.UNDO: "Back to what was playing.",
}
_REFUSALS: Final = {
    Reason.NOTHING_HEARD: "I heard nothing.",
    Reason.NOT_UNDERSTOOD: "I did not understand that. You can ask for a song, an album, an artist"
    " or a genre.",
    Reason.NOT_FOUND: "I found no {what} here.",
    Reason.NOTHING_PLAYING: "Nothing is playing.",
    Reason.NO_SUCH_DEVICE: "I know no device called {what}.",
    Reason.NO_SUCH_PLAYLIST: "You have no playlist called {what}.",
    Reason.EXPLICIT: "{what} is explicit, and explicit songs are off.",
    Reason.NOT_AVAILABLE: "{what} cannot be played here: {detail}",
    Reason.NO_AMOUNT: "I did not understand how much.",
    Reason.NOTHING_TO_UNDO: "There is nothing to undo.",
    Reason.NOT_ALLOWED: "This token may not change what is kept: sign in.",
    Reason.DECLINED: "All right.",
}
_KINDS: Final = {NameKind.ALBUM: "the album ", NameKind.PLAYLIST: "the playlist "}


def described(item: Named) -> str:
    """Return how an item is called when speaking of it."""
    version = f", {item.version}" if item.version and item.version not in item.name.lower() else ""
    by = f" by {item.artist}" if item.artist else ""
    return f"{_KINDS.get(item.kind, '')}{item.name}{version}{by}"


def offered(item: Named) -> str:
    """Return how an item is called among choices, where its kind may be the difference."""
    kind = f"the {item.kind.value} " if item.kind is not NameKind.SONG else ""
    return kind + described(item).removeprefix(_KINDS.get(item.kind, ""))


def reply_to_action(action: Action, *, device: str = "", playlist: str = "") -> Reply:
    """Return what is said when something is done."""
    name = "" if action.item is None else described(action.item)
    on = f" on {device}" if device else ""
    match action.intent:
        case Intent.PLAY:
            text = (
                f"Playing {name or 'the music'}{on}."
                if not action.shuffled
                else f"Shuffling {name}{on}."
            )
        case Intent.QUEUE_NEXT:
            text = f"{_capital(name)} plays next."
        case Intent.QUEUE_LAST:
            text = f"{_capital(name)} is in the queue."
        case Intent.ADD_TO_PLAYLIST:
            text = f"{_capital(name)} is on {playlist}."
        case Intent.LIKE:
            text = f"{_capital(name)} is among your favourites."
        case Intent.DISLIKE:
            text = f"I will leave out {name}."
        case Intent.WHAT_IS_THIS:
            text = f"This is {name}."
        case _:
            text = _PLAIN.get(action.intent) or _amount(action)
    return said(text)


def reply_to_doubt(item: Named) -> Reply:
    """Return the question whether this was meant."""
    return said(f"Do you mean {offered(item)}?")


def reply_with_choices(items: Sequence[Named]) -> Reply:
    """Return the question which of these was meant."""
    names = [offered(item) for item in items]
    return said(f"Do you mean {', '.join(names[:-1])} or {names[-1]}?")


def refusal(reason: Reason, *, what: str = "", detail: str = "") -> Reply:
    """Return why nothing is done."""
    text = _REFUSALS[reason].format(what=what or "such music", detail=detail)
    return said(_capital(text))


def said(text: str) -> Reply:
    """Return a sentence, plain and as SSML."""
    return Reply(text, f"<speak>{escape(text)}</speak>")


def _amount(action: Action) -> str:
    if action.intent is Intent.VOLUME:
        step = "Louder." if (action.percent or 0) > 0 else "Quieter."
        return step if action.is_relative else f"Volume {action.percent} percent."
    if action.intent is Intent.SLEEP_TIMER:
        if action.seconds is None:
            return "The sleep timer is off."
        return f"The music stops in {_duration(action.seconds)}."
    return f"Quality: {action.quality}." if action.intent is Intent.QUALITY else "Done."


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    parts = ((hours, "hour"), (minutes, "minute"), (rest, "second"))
    return " and ".join(f"{n} {unit}{'s' * (n != 1)}" for n, unit in parts if n) or "a moment"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
