"""What this room refuses."""

from antiphon.kernel import Invalid

__all__ = ["SceneInvalid", "UnknownLayout"]


class UnknownLayout(Invalid):
    """No layout has this name, or a loudspeaker stands where its layout does not allow it."""

    code = "unknown_layout"


class SceneInvalid(Invalid):
    """The scene contradicts itself, or the audio does not fit it."""

    code = "scene_invalid"
