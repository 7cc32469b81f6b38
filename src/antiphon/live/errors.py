"""What goes wrong in a live stream; each has a code that the protocol tells."""

from antiphon.kernel import Invalid, Unavailable

__all__ = ["FrameInvalid", "ListenerTooSlow", "MessageInvalid", "SpatialFull"]


class MessageInvalid(Invalid):
    """A text message is not what the protocol knows."""

    code = "bad_message"


class FrameInvalid(Invalid):
    """A frame of samples has the wrong size, or holds what is no sample."""

    code = "bad_frame"


class SpatialFull(Unavailable):
    """The cores that this node gives to spatial sound are taken; ``retry_after`` seconds."""

    code = "spatial_full"


class ListenerTooSlow(Unavailable):
    """The other side did not send, or did not read, for too long."""

    code = "too_slow"
