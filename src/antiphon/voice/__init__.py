"""Voice: what a listener says or types becomes music, or an answer that says why not."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from antiphon.catalog import Catalog, Gate
from antiphon.voice.answers import Action, Answer, Outcome, Reason, Reply
from antiphon.voice.asking import Asker, Question, Situation
from antiphon.voice.counts import VoiceCounts
from antiphon.voice.desk import VoiceDesk
from antiphon.voice.finder import Finding
from antiphon.voice.model import (
    MAX_TEXT,
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
from antiphon.voice.pcm import PcmFormat
from antiphon.voice.recognition import (
    AudioClipped,
    AudioInvalid,
    AudioTooLong,
    NothingHeard,
    PocketsphinxRecogniser,
    Recogniser,
    RecogniserBusy,
    RecogniserUnavailable,
    RecognitionStream,
    WyomingRecogniser,
    open_recogniser,
)
from antiphon.voice.service import Voice
from antiphon.voice.speech import EspeakSpeaker, Speaker, SpeakerUnavailable, SpeechInvalid
from antiphon.voice.store import Alias, VoiceStore
from antiphon.voice.wishes import Wish, Years
from antiphon.voice.wyoming_events import (
    MOST_LINE,
    WyomingEvent,
    WyomingInvalid,
    read_event,
    write_event,
)

if TYPE_CHECKING:
    from litestar import Router

__all__ = [
    "MAX_TEXT",
    "MOST_LINE",
    "Action",
    "Alias",
    "Answer",
    "Asker",
    "AudioClipped",
    "AudioInvalid",
    "AudioTooLong",
    "EspeakSpeaker",
    "Finding",
    "Found",
    "Intent",
    "Linked",
    "NameKind",
    "Named",
    "NothingHeard",
    "Outcome",
    "PcmFormat",
    "PocketsphinxRecogniser",
    "Question",
    "Reading",
    "Reason",
    "Recogniser",
    "RecogniserBusy",
    "RecogniserUnavailable",
    "RecognitionStream",
    "Reply",
    "Situation",
    "Slot",
    "SlotName",
    "Sought",
    "Speaker",
    "SpeakerUnavailable",
    "SpeechInvalid",
    "Transcript",
    "Verdict",
    "Voice",
    "VoiceCounts",
    "VoiceDesk",
    "VoiceStore",
    "Wish",
    "WyomingEvent",
    "WyomingInvalid",
    "WyomingRecogniser",
    "Years",
    "open_recogniser",
    "read_event",
    "routes",
    "write_event",
]


def routes(desk: VoiceDesk, catalog: Catalog, gate: Gate) -> "Sequence[Router]":
    """Return the HTTP routes, to be mounted at the root; ``gate`` judges each song."""
    from antiphon.voice import api  # noqa: PLC0415 - only HTTP workers load the web framework

    return api.routes(desk, catalog, gate)
