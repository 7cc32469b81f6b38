"""Live: spatial sound for somebody who is listening now, head pose in, ears or loudspeakers out."""

from antiphon.live.asgi import LiveRoutes
from antiphon.live.errors import (
    FrameInvalid,
    ListenerTooSlow,
    MessageInvalid,
    SpatialFull,
)
from antiphon.live.model import Opening
from antiphon.live.service import LiveCounts, LiveService

__all__ = [
    "FrameInvalid",
    "ListenerTooSlow",
    "LiveCounts",
    "LiveRoutes",
    "LiveService",
    "MessageInvalid",
    "Opening",
    "SpatialFull",
]
