"""Linking: names as they are said, to items of the catalogue."""

from antiphon.voice.linking.names import NameIndex
from antiphon.voice.linking.spelling import spoken_key, taken_apart

__all__ = ["NameIndex", "spoken_key", "taken_apart"]
