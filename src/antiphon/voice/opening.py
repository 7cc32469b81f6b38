"""The room put together: the one module that loads its models."""

from collections.abc import Awaitable, Callable
from functools import partial

from antiphon.catalog import Catalog, Gate
from antiphon.kernel import Clock
from antiphon.library import Library
from antiphon.storage import Cache, Tables
from antiphon.voice.ears import Ears
from antiphon.voice.linking import NameIndex, taken_apart
from antiphon.voice.music import Music
from antiphon.voice.names import NameBook
from antiphon.voice.ports import Reader
from antiphon.voice.recognition import open_recogniser
from antiphon.voice.service import Voice
from antiphon.voice.store import VoiceStore
from antiphon.voice.turn import Parts
from antiphon.voice.understanding import BothReader


def load_reader() -> Reader:
    """Return what reads free requests; takes a moment, for the model."""
    return BothReader.load()


def open_voice(  # noqa: PLR0913 - the ports and rooms it stands on
    reader: Reader,
    *,
    tables: Tables,
    cache: Cache,
    catalog: Catalog,
    library: Library,
    gate: Gate,
    clock: Clock,
    changes: Callable[[], Awaitable[int]],
    recogniser: str,
) -> Voice:
    """Return the room; ``changes`` gives another number whenever the catalogue has changed.

    ``recogniser`` is the address of what hears sound, as ``open_recogniser`` takes it.
    """
    names = NameBook(catalog, clock, build=NameIndex, taken_apart=taken_apart, changes=changes)
    return Voice(
        Parts(
            reader=reader,
            names=names,
            ears=Ears(partial(open_recogniser, recogniser), names),
            music=Music(catalog, library, gate),
            catalog=catalog,
            library=library,
            store=VoiceStore(tables, cache),
            clock=clock,
            taken_apart=taken_apart,
        )
    )
