"""Commands that name no music: what each comes to, given what is playing and what was said."""

import re
from dataclasses import dataclass

from antiphon.voice.amounts import level_of, number_of, seconds_of
from antiphon.voice.answers import Action, Reason
from antiphon.voice.model import Intent, Reading, SlotName

_NEEDS_PLAYING = frozenset(
    {
        Intent.LIKE,
        Intent.DISLIKE,
        Intent.WHAT_IS_THIS,
        Intent.LYRICS,
        Intent.SEEK,
    }
)
_BACKWARDS = ("back", "rewind")
_RELATIVE = ("forward", "ahead", "back", "rewind", "skip", "by")
_QUALITIES = {
    "lossless": "lossless",
    "hi-res": "lossless",
    "hires": "lossless",
    "best": "lossless",
    "high": "high",
    "standard": "high",
    "low": "low",
    "automatic": "automatic",
    "auto": "automatic",
    "use less data": "low",
    "save data": "low",
}
_MOST_SKIPPED = 50


@dataclass(frozen=True, slots=True)
class Deed:
    """An action, or the reason why there is none."""

    action: Action | None
    reason: Reason | None = None


def deed_of(reading: Reading, *, is_playing: bool) -> Deed:
    """Return what a fixed command comes to."""
    if reading.intent in _NEEDS_PLAYING and not is_playing:
        return Deed(None, Reason.NOTHING_PLAYING)
    of = _WITH_AMOUNT.get(reading.intent)
    return Deed(Action(reading.intent)) if of is None else of(reading.first(SlotName.AMOUNT) or "")


def _volume(said: str) -> Deed:
    level = level_of(said)
    if level is None:
        return _no_amount()
    return Deed(Action(Intent.VOLUME, percent=level.percent, is_relative=level.is_relative))


def _seek(said: str) -> Deed:
    seconds = seconds_of(said)
    if seconds is None:
        return _no_amount()
    words = said.lower().replace("fast forward", "forward").split()
    relative = "to" not in words and any(word in words for word in _RELATIVE)
    backwards = any(word in said.lower() for word in _BACKWARDS)
    signed = -seconds if backwards and relative else seconds
    return Deed(Action(Intent.SEEK, seconds=signed, is_relative=relative))


def _sleep(said: str) -> Deed:
    if re.match(r"(?:cancel|stop|turn off|delete)\b", said, re.IGNORECASE):
        return Deed(Action(Intent.SLEEP_TIMER))
    seconds = seconds_of(said)
    return Deed(Action(Intent.SLEEP_TIMER, seconds=seconds)) if seconds else _no_amount()


def _quality(said: str) -> Deed:
    quality = _QUALITIES.get(said.lower())
    return Deed(Action(Intent.QUALITY, quality=quality)) if quality else _no_amount()


def _skip(said: str) -> Deed:
    number = number_of(said) or 1.0
    return Deed(Action(Intent.SKIP, count=int(min(_MOST_SKIPPED, max(1.0, number)))))


def _no_amount() -> Deed:
    return Deed(None, Reason.NO_AMOUNT)


_WITH_AMOUNT = {
    Intent.VOLUME: _volume,
    Intent.SEEK: _seek,
    Intent.SLEEP_TIMER: _sleep,
    Intent.QUALITY: _quality,
    Intent.SKIP: _skip,
}
