"""A part of a request, and where in it."""

import re
from dataclasses import dataclass

from antiphon.voice.model import Slot, SlotName
from antiphon.voice.understanding import words as w


@dataclass(frozen=True, slots=True)
class Span:
    """A part of the text, from ``begin`` to ``end``."""

    text: str
    begin: int
    end: int

    @property
    def said(self) -> str:
        """Return its text."""
        return self.text[self.begin : self.end]

    def within(self, begin: int, end: int) -> "Span":
        """Return a part of it, without blanks and signs around."""
        said = self.text[begin:end]
        lead = len(said) - len(said.lstrip(" ,"))
        return Span(self.text, begin + lead, begin + len(said.rstrip(" ,")))

    def group(self, found: "re.Match[str]", *names: str) -> "Span | None":
        """Return the first of these groups that took part in a match."""
        for name in names:
            if found.group(name) is not None:
                return self.within(found.start(name), found.end(name))
        return None

    def after_verb(self) -> "Span":
        """Return it without the verb that wishes for music."""
        if (around := w.PUT_ON.fullmatch(self.text, self.begin, self.end)) is not None:
            return self.group(around, "what") or self
        verb = w.PLAY.match(self.text, self.begin, self.end)
        return self if verb is None else self.within(verb.end(), self.end)

    def slot(self, name: SlotName) -> Slot:
        """Return it as what it names."""
        return Slot(name, self.said, self.begin, self.end)
