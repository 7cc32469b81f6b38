"""Understanding: what a request for music asks, told from its words by a trained model."""

from antiphon.voice.understanding.known import KnownNames
from antiphon.voice.understanding.understanding import Understanding

__all__ = ["KnownNames", "Understanding"]
