"""Understanding: what a request for music asks, told from its words."""

from antiphon.voice.understanding.reader import PhraseReader

__all__ = ["PhraseReader"]
