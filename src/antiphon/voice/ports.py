"""What the service asks of its parts: linking names, and reading requests."""

from collections.abc import Sequence
from typing import Protocol

from antiphon.voice.model import Linked, NameKind, Reading, Sought


class Names(Protocol):
    """The names of a catalogue. Safe to use from several threads; no call waits for anything."""

    def link(self, sought: Sought) -> Linked:
        """Return what bears the sought name, best first, and how sure that is."""
        ...

    def kinds_of(self, words: str) -> frozenset[NameKind]:
        """Return of which kinds something is called exactly so; ``words`` as ``name_key`` gives."""
        ...


class Reader(Protocol):
    """Reads free requests. Safe to use from several threads."""

    def read(self, text: str, names: Names) -> Sequence[Reading]:
        """Return the ways to understand a text, best first; ``Intent.NONE`` where it asks for none.

        ``text`` is at most ``MAX_TEXT`` characters.
        """
        ...
