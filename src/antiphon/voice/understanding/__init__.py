"""Understanding: what a request for music asks, told from its words."""

from antiphon.voice.understanding.both import BothReader
from antiphon.voice.understanding.known import KnownNames
from antiphon.voice.understanding.reader import PhraseReader
from antiphon.voice.understanding.understanding import Understanding

__all__ = ["BothReader", "KnownNames", "PhraseReader", "Understanding"]
