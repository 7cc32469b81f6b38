"""What happened, kept for good: events in Parquet files on the objects engine, asked by SQL."""

from antiphon.archive.feed import ArchiveFeed, group_of
from antiphon.archive.pseudonyms import Pseudonyms
from antiphon.archive.reader import Answer, Span, ask
from antiphon.archive.shelf import Shelf, new_generation

__all__ = [
    "Answer",
    "ArchiveFeed",
    "Pseudonyms",
    "Shelf",
    "Span",
    "ask",
    "group_of",
    "new_generation",
]
