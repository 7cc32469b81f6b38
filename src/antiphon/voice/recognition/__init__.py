"""Recognition: what a listener says becomes text, n-best, while it is being said."""

from antiphon.voice.recognition.endpoint import Endpointer
from antiphon.voice.recognition.errors import (
    AudioClipped,
    AudioInvalid,
    AudioTooLong,
    NothingHeard,
    RecogniserBusy,
    RecogniserUnavailable,
)
from antiphon.voice.recognition.hearing import Hearing
from antiphon.voice.recognition.opening import open_recogniser
from antiphon.voice.recognition.pocketsphinx_recogniser import PocketsphinxRecogniser
from antiphon.voice.recognition.port import MOST_SECONDS, Recogniser, RecognitionStream
from antiphon.voice.recognition.spoken import spoken_words
from antiphon.voice.recognition.wyoming_recogniser import WyomingRecogniser

__all__ = [
    "MOST_SECONDS",
    "AudioClipped",
    "AudioInvalid",
    "AudioTooLong",
    "Endpointer",
    "Hearing",
    "NothingHeard",
    "PocketsphinxRecogniser",
    "Recogniser",
    "RecogniserBusy",
    "RecogniserUnavailable",
    "RecognitionStream",
    "WyomingRecogniser",
    "open_recogniser",
    "spoken_words",
]
