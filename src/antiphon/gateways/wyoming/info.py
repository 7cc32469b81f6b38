"""What the gateway tells of itself. Pure."""

from collections.abc import Sequence
from typing import Any

from antiphon.voice import WyomingEvent

__all__ = ["info_event"]

_ANTIPHON = {"name": "Antiphon", "url": ""}
_VERSION = "1"


def info_event(spoken: Sequence[str]) -> WyomingEvent:
    """Return ``info``; ``spoken`` are the languages of the speaker.

    All lists that clients look into are there, empty ones too: some clients index them unasked.
    """
    data = {
        "asr": [
            _program("antiphon-asr", "Hears requests for music")
            | {
                "models": [_part("requests-en", "Requests for this catalogue", ["en"])],
                "supports_transcript_streaming": True,
            }
        ],
        "tts": [
            _program("antiphon-tts", "Speaks replies")
            | {"voices": [_voice(language) for language in spoken]}
        ],
        "handle": [
            _program("antiphon-handle", "Plays what is asked for")
            | {"models": [_part("music", "Requests for music", ["en"])]}
        ],
        "intent": [
            _program("antiphon-intent", "Understands requests for music")
            | {"models": [_part("music", "Requests for music", ["en"])]}
        ],
        "wake": [],
        "mic": [],
        "snd": [],
    }
    return WyomingEvent("info", data)


def _program(name: str, description: str) -> dict[str, Any]:
    return {
        "name": name,
        "description": description,
        "attribution": _ANTIPHON,
        "installed": True,
        "version": _VERSION,
    }


def _part(name: str, description: str, languages: Sequence[str]) -> dict[str, Any]:
    return _program(name, description) | {"languages": list(languages)}


def _voice(language: str) -> dict[str, Any]:
    return _part(language, f"The voice for {language}", [language]) | {"speakers": None}
