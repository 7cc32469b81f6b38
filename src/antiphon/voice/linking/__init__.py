"""Linking: names as said to items of the catalogue."""

from antiphon.voice.linking.folding import folded
from antiphon.voice.linking.index import NameIndex
from antiphon.voice.linking.versions import taken_apart

__all__ = ["NameIndex", "folded", "taken_apart"]
