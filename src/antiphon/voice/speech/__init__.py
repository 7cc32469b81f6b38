"""Speech: replies as sound."""

from antiphon.voice.speech.errors import SpeakerUnavailable, SpeechInvalid
from antiphon.voice.speech.espeak_speaker import EspeakSpeaker
from antiphon.voice.speech.port import MOST_SPOKEN, Speaker

__all__ = [
    "MOST_SPOKEN",
    "EspeakSpeaker",
    "Speaker",
    "SpeakerUnavailable",
    "SpeechInvalid",
]
