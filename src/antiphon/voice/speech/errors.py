"""Why nothing is spoken."""

from antiphon.kernel import Invalid, Unavailable

__all__ = ["SpeakerUnavailable", "SpeechInvalid"]


class SpeechInvalid(Invalid):
    """The text cannot be spoken: nothing in it, or too much, or a language that is not there."""

    code = "speech_invalid"


class SpeakerUnavailable(Unavailable):
    """The program that speaks is not installed, broke off, or took too long."""

    code = "speaker_unavailable"
