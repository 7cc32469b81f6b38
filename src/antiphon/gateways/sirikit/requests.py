"""What the client sends: SiriKit Cloud Media 1.0.2, from the vendor's public documentation pages.

Names, types and limits are those of the pages of each object. What those pages leave open is said
where it matters: the members of ``DateComponentsRange`` are named as in ``INDateComponentsRange``,
and an invocation's ``session`` is looked for beside ``params`` and inside. Members that are not
known here are passed over, because the vendor adds some from version to version.
"""

from typing import Annotated, Any, Final, TypeVar

import msgspec
from msgspec import Meta

from antiphon.gateways.sirikit.errors import ProtocolError, Why

VERSION: Final = "1.0.2"
"""The version of the protocol that is spoken here."""
MOST_INVOCATIONS: Final = 16
_MOST_ITEMS: Final = 100

_Version = Annotated[str, Meta(pattern=r"^[0-9]+\.[0-9]+\.[0-9]+$", max_length=25)]
_Text = Annotated[str, Meta(max_length=1000)]
_Name = Annotated[str, Meta(max_length=250)]
_Names = Annotated[list[_Name], Meta(max_length=20)]
_SessionId = Annotated[str, Meta(min_length=1, max_length=128)]
QueueId = Annotated[str, Meta(min_length=1, max_length=1024)]
ContentId = Annotated[str, Meta(min_length=1, max_length=1000)]
_Millis = Annotated[int, Meta(ge=-(2**53), le=2**53)]


class _In(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Base of what is read: camelCase, unknown members passed over."""


class MediaItem(_In, frozen=True, kw_only=True):
    """A song, album, artist, genre or playlist; ``identifier`` is unique among its type."""

    identifier: _Name
    type: Annotated[str, Meta(max_length=40)] = "unknown"
    title: _Text = ""
    artist: _Text = ""


class ExplicitDate(_In, frozen=True, kw_only=True):
    """A date in parts; only Gregorian years are understood."""

    calendar_identifier: _Name = "gregorian"
    year: int | None = None


class DateRange(_In, frozen=True, kw_only=True):
    """From when to when something came out."""

    start_date_components: _Name | ExplicitDate | None = None
    end_date_components: _Name | ExplicitDate | None = None


class MediaSearch(_In, frozen=True, kw_only=True):
    """What is looked for, as the vendor has understood it."""

    media_name: _Text = ""
    artist_name: _Text = ""
    album_name: _Text = ""
    media_type: Annotated[str, Meta(max_length=40)] = "unknown"
    genre_names: _Names = []
    mood_names: _Names = []
    release_date: DateRange | None = None
    sort_order: Annotated[str, Meta(max_length=40)] = "unknown"
    reference: Annotated[str, Meta(max_length=40)] = "unknown"
    media_identifier: _Name = ""


class Constraints(_In, frozen=True, kw_only=True):
    """What the client takes: how much, and whether explicit songs and learning are wanted."""

    allow_explicit_content: bool = True
    maximum_queue_segment_item_count: Annotated[int, Meta(ge=1, le=2**32)] = 1000
    update_user_taste_profile: bool = True


class PlayerContext(_In, frozen=True, kw_only=True):
    """What a player is at."""

    activity_identifier: _Name = ""
    queue_identifier: QueueId | None = None
    content_identifier: ContentId | None = None
    offset_in_millis: _Millis = 0


class Session(_In, frozen=True, kw_only=True):
    """What belongs to one request of a listener."""

    identifier: _SessionId
    constraints: Constraints = Constraints()
    player_context: PlayerContext | None = None
    version: _Version = VERSION


class MediaDestination(_In, frozen=True, kw_only=True):
    """Where something is added: the library, or a playlist by its name."""

    media_destination_type: Annotated[str, Meta(max_length=40)]
    playlist_name: _Text = ""


class MediaIntent(_In, frozen=True, kw_only=True):
    """A request of a listener: the members of all three intents, each of which uses its own."""

    identifier: _Name = ""
    media_items: Annotated[list[MediaItem], Meta(max_length=_MOST_ITEMS)] = []
    media_search: MediaSearch = MediaSearch()
    play_shuffled: bool | None = None
    playback_repeat_mode: Annotated[str, Meta(max_length=40)] = ""
    playback_queue_location: Annotated[str, Meta(max_length=40)] = ""
    resume_playback: bool | None = None
    media_destination: MediaDestination | None = None
    affinity_type: Annotated[str, Meta(max_length=40)] = ""


class _Params(_In, frozen=True, kw_only=True):
    intent: MediaIntent
    session: Session | None = None


class Invocation(_In, frozen=True, kw_only=True):
    """One step of an intent: ``method`` is ``PlayMediaIntentHandling.handle`` and the like."""

    method: Annotated[str, Meta(max_length=100)]
    params: _Params
    session: Session | None = None

    @property
    def intent(self) -> MediaIntent:
        """Return the request that this step belongs to."""
        return self.params.intent

    def session_or(self, fallback: str) -> Session:
        """Return the session of this step; the header's where the body has none."""
        return self.session or self.params.session or Session(identifier=fallback)


class ActivityIn(_In, frozen=True, kw_only=True):
    """A user activity as it comes back: ``user_info`` is what was put into it."""

    activity_type: _Name = ""
    persistent_identifier: _Name = ""
    user_info: dict[str, Any] = {}
    version: _Version = VERSION


class PlayMediaRequest(_In, frozen=True, kw_only=True):
    """Asks for the queue of an activity."""

    user_activity: ActivityIn
    constraints: Constraints = Constraints()
    version: _Version = VERSION


class UpdateActivityRequest(_In, frozen=True, kw_only=True):
    """Tells what happens in a player; ``timestamp`` is RFC 3339."""

    report: Annotated[str, Meta(max_length=100)]
    timestamp: Annotated[str, Meta(max_length=40)]
    user_activity: ActivityIn
    now_playing: PlayerContext | None = None
    previously_playing: PlayerContext | None = None
    constraints: Constraints = Constraints()
    version: _Version = VERSION


_T = TypeVar("_T")
_invocations = msgspec.json.Decoder(
    Annotated[list[Invocation], Meta(min_length=1, max_length=MOST_INVOCATIONS)]
)
_queue_request = msgspec.json.Decoder(PlayMediaRequest)
_activity_request = msgspec.json.Decoder(UpdateActivityRequest)


def read_invocations(body: bytes) -> list[Invocation]:
    """Return the steps that a body asks for; ``ProtocolError`` unless it is such an array."""
    return _read(body, _invocations)


def read_queue_request(body: bytes) -> PlayMediaRequest:
    """Return a request for a queue."""
    return _read(body, _queue_request)


def read_activity(body: bytes) -> UpdateActivityRequest:
    """Return a report of what a player does."""
    return _read(body, _activity_request)


def _read(body: bytes, decoder: msgspec.json.Decoder[_T]) -> _T:
    try:
        return decoder.decode(body)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as fault:
        raise ProtocolError(Why.UNPARSEABLE, f"{fault}", status=400) from fault
