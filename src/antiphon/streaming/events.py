"""What listeners did with a play, as their players told it. Topic: ``plays``.

``at_ms`` is the player's clock, ``position_ms`` the place in the song. Events are told at least
once: a retry carries the same envelope ids, so whoever counts must count an id once.
"""

from dataclasses import dataclass
from typing import ClassVar

from antiphon.kernel import DeviceId, Event, GrantId, ListenerId, SongId

TOPIC = "plays"


@dataclass(frozen=True, slots=True)
class PlayEvent(Event):
    """Base of all that is told about one play."""

    type_name: ClassVar[str] = "streaming.play_event"

    grant_id: GrantId
    listener_id: ListenerId
    device_id: DeviceId
    song_id: SongId
    position_ms: int
    at_ms: int

    @property
    def key(self) -> str:
        """Return the listener: one person's plays keep their order."""
        return self.listener_id


@dataclass(frozen=True, slots=True)
class PlayStarted(PlayEvent):
    """Sound began."""

    type_name: ClassVar[str] = "streaming.play_started"


@dataclass(frozen=True, slots=True)
class PlayProgressed(PlayEvent):
    """Sound goes on."""

    type_name: ClassVar[str] = "streaming.play_progressed"


@dataclass(frozen=True, slots=True)
class PlayPaused(PlayEvent):
    """The listener paused."""

    type_name: ClassVar[str] = "streaming.play_paused"


@dataclass(frozen=True, slots=True)
class PlayEnded(PlayEvent):
    """The play is over: ``reason`` is ``ended`` (the song's end) or ``skipped``.

    ``heard_ms`` is what the player says was heard, never more than the time since the grant, which
    was signed at ``issued_at``; 0 in events from before that was told. ``territory``, ``tier`` (the
    commercial model) and ``use`` are those on which the grant was given.
    """

    type_name: ClassVar[str] = "streaming.play_ended"

    heard_ms: int
    reason: str
    issued_at: int = 0
    territory: str = "home"
    tier: str = "subscription"
    use: str = "on-demand-stream"


@dataclass(frozen=True, slots=True)
class MediaSent(Event):
    """So much more of a song was sent for a grant, in milliseconds of sound, than was told before.

    A segment that was sent twice by one process counts once.
    """

    type_name: ClassVar[str] = "streaming.media_sent"

    grant_id: GrantId
    listener_id: ListenerId
    device_id: DeviceId
    song_id: SongId
    sent_ms: int

    @property
    def key(self) -> str:
        """Return the listener, as of all that is told about plays."""
        return self.listener_id
