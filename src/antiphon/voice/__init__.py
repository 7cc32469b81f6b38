"""Voice: what a listener says or types becomes music, or an answer that says why not."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from antiphon.catalog import Catalog, Gate
from antiphon.voice.answers import Action, Answer, Outcome, Reason, Reply
from antiphon.voice.asking import Asker, Question, Situation
from antiphon.voice.counts import VoiceCounts
from antiphon.voice.desk import VoiceDesk
from antiphon.voice.model import (
    Found,
    Intent,
    Linked,
    Named,
    NameKind,
    Reading,
    Slot,
    SlotName,
    Sought,
    Transcript,
    Verdict,
)
from antiphon.voice.service import Voice
from antiphon.voice.store import Alias, VoiceStore

if TYPE_CHECKING:
    from litestar import Router

__all__ = [
    "Action",
    "Alias",
    "Answer",
    "Asker",
    "Found",
    "Intent",
    "Linked",
    "NameKind",
    "Named",
    "Outcome",
    "Question",
    "Reading",
    "Reason",
    "Reply",
    "Situation",
    "Slot",
    "SlotName",
    "Sought",
    "Transcript",
    "Verdict",
    "Voice",
    "VoiceCounts",
    "VoiceDesk",
    "VoiceStore",
    "routes",
]


def routes(desk: VoiceDesk, catalog: Catalog, gate: Gate) -> "Sequence[Router]":
    """Return the HTTP routes, to be mounted at the root; ``gate`` judges each song."""
    from antiphon.voice import api  # noqa: PLC0415 - only HTTP workers load the web framework

    return api.routes(desk, catalog, gate)
