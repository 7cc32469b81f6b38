"""Why a recogniser does not answer; each has a stable code."""

from antiphon.kernel import Invalid, Unavailable

__all__ = [
    "AudioClipped",
    "AudioInvalid",
    "AudioTooLong",
    "NothingHeard",
    "RecogniserBusy",
    "RecogniserUnavailable",
]


class AudioInvalid(Invalid):
    """The format is not one that is understood, or the bytes are no whole samples."""

    code = "audio_invalid"


class AudioTooLong(Invalid):
    """More sound came than a request may have; ``seconds`` is the limit."""

    code = "audio_too_long"


class AudioClipped(Invalid):
    """The microphone was overdriven: too much of the speech lies at full scale."""

    code = "audio_clipped"


class NothingHeard(Invalid):
    """There is no speech in the sound, or none that makes a word."""

    code = "nothing_heard"


class RecogniserBusy(Unavailable):
    """All recognisers are listening to somebody else."""

    code = "recogniser_busy"


class RecogniserUnavailable(Unavailable):
    """The recogniser is not there, broke off, or took too long."""

    code = "recogniser_unavailable"
