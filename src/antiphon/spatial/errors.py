"""What this room refuses."""

from antiphon.kernel import Corrupt, Invalid

__all__ = ["MasterUnreadable", "SceneInvalid", "UnknownLayout"]


class UnknownLayout(Invalid):
    """No layout has this name, or a loudspeaker stands where its layout does not allow it."""

    code = "unknown_layout"


class SceneInvalid(Invalid):
    """The scene contradicts itself, or the audio does not fit it."""

    code = "scene_invalid"


class MasterUnreadable(Corrupt):
    """A master breaks its own format in a way that no named repair mends."""

    code = "master_unreadable"

    def __init__(self, detail: str, **fields: object) -> None:
        super().__init__(detail, http_status=422, **fields)
