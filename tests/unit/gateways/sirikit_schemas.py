"""The vendor's answers as strict schemas, written from the public page of each object.

Unknown members are refused, and so is a resolution with no outcome or with several. There is no
client to test with, so these schemas are all that says whether an answer is of the right shape.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

Version = Annotated[str, Meta(pattern=r"^[0-9]+\.[0-9]+\.[0-9]+$", max_length=25)]
Moment = Annotated[str, Meta(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")]
Text250 = Annotated[str, Meta(max_length=250)]
Text1000 = Annotated[str, Meta(max_length=1000)]
ContentId = Annotated[str, Meta(min_length=1, max_length=1000)]
UnsignedInt = Annotated[int, Meta(ge=0, le=2**32 - 1)]
MediaType = Literal["song", "album", "artist", "genre", "playlist", "music"]
PlayReason = Literal[
    "loginRequired",
    "subscriptionRequired",
    "unsupportedMediaType",
    "explicitContentSettings",
    "restrictedContent",
    "regionRestriction",
]
Repeat = Literal["none", "all", "one"]
Location = Literal["now", "next", "later"]
Affinity = Literal["like", "dislike"]


class Strict(msgspec.Struct, forbid_unknown_fields=True, rename="camel"):
    """Base: what is not named is not allowed."""


class Empty(Strict):
    """An object without members."""


class MediaItem(Strict):
    identifier: Text250
    type: MediaType
    title: Text1000 = ""
    artist: Text1000 = ""


class Success(Strict):
    resolved_media_item: MediaItem


class ConfirmationRequired(Strict):
    media_item_to_confirm: MediaItem


class Disambiguation(Strict):
    media_items_to_disambiguate: Annotated[list[MediaItem], Meta(min_length=2)]


class UnsupportedItem(Strict):
    reason: PlayReason | UnsetType = UNSET


class ItemResolution(Strict):
    class_: Annotated[str, Meta(pattern="MediaItemResolutionResult$")] = msgspec.field(name="class")
    success: Success | UnsetType = UNSET
    confirmation_required: ConfirmationRequired | UnsetType = UNSET
    disambiguation: Disambiguation | UnsetType = UNSET
    unsupported: UnsupportedItem | UnsetType = UNSET
    needs_value: Empty | UnsetType = UNSET
    not_required: Empty | UnsetType = UNSET


class ResolvedBoolean(Strict):
    resolved_value: bool


class BooleanResolution(Strict):
    class_: Literal["BooleanResolutionResult"] = msgspec.field(name="class")
    success: ResolvedBoolean | UnsetType = UNSET
    not_required: Empty | UnsetType = UNSET
    unsupported: Empty | UnsetType = UNSET


class ResolvedRepeat(Strict):
    resolved_playback_repeat_mode: Repeat


class RepeatResolution(Strict):
    class_: Literal["PlaybackRepeatModeResolutionResult"] = msgspec.field(name="class")
    success: ResolvedRepeat | UnsetType = UNSET
    not_required: Empty | UnsetType = UNSET


class ResolvedLocation(Strict):
    resolved_playback_queue_location: Location


class LocationResolution(Strict):
    class_: Literal["PlaybackQueueLocationResolutionResult"] = msgspec.field(name="class")
    success: ResolvedLocation | UnsetType = UNSET
    not_required: Empty | UnsetType = UNSET


class Destination(Strict):
    media_destination_type: Literal["library", "playlist"]
    playlist_name: Text1000 | UnsetType = UNSET


class ResolvedDestination(Strict):
    resolved_media_destination: Destination


class DestinationToConfirm(Strict):
    media_destination_to_confirm: Destination


class DestinationsToDisambiguate(Strict):
    media_destinations_to_disambiguate: Annotated[list[Destination], Meta(min_length=2)]


class UnsupportedDestination(Strict):
    reason: Literal["playlistNameNotFound", "playlistNotEditable"] | UnsetType = UNSET


class DestinationResolution(Strict):
    class_: Literal["AddMediaMediaDestinationResolutionResult"] = msgspec.field(name="class")
    success: ResolvedDestination | UnsetType = UNSET
    confirmation_required: DestinationToConfirm | UnsetType = UNSET
    disambiguation: DestinationsToDisambiguate | UnsetType = UNSET
    unsupported: UnsupportedDestination | UnsetType = UNSET
    needs_value: Empty | UnsetType = UNSET


class ResolvedAffinity(Strict):
    resolved_media_affinity_type: Affinity


class AffinityResolution(Strict):
    class_: Literal["MediaAffinityTypeResolutionResult"] = msgspec.field(name="class")
    success: ResolvedAffinity | UnsetType = UNSET
    needs_value: Empty | UnsetType = UNSET


class UserActivity(Strict):
    activity_type: Text250
    version: Version
    persistent_identifier: Text250
    title: Text250
    user_info: dict[str, Any]


class PlayResponse(Strict):
    class_: Literal["PlayMediaIntentResponse"] = msgspec.field(name="class")
    code: Literal[
        "success",
        "failureRestrictedContent",
        "failureNoUnplayedContent",
        "failureUnknownMediaType",
        "failureRequiringAppLaunch",
        "failure",
    ]
    user_activity: UserActivity


class AddResponse(Strict):
    class_: Literal["AddMediaIntentResponse"] = msgspec.field(name="class")
    code: Literal["success", "ready", "inProgress", "failureRequiringAppLaunch", "failure"]
    user_activity: UserActivity


class AffinityResponse(Strict):
    class_: Literal["UpdateMediaAffinityIntentResponse"] = msgspec.field(name="class")
    code: Literal["success", "inProgress", "failureRequiringAppLaunch", "failure"]
    user_activity: UserActivity


class Metrics(Strict):
    received: Moment
    completed: Moment
    duration: Annotated[float, Meta(ge=0)]


class ProtocolException(Strict):
    reason: Literal[
        "unsupported",
        "unauthorized",
        "unexpected",
        "invalid",
        "unparseable",
        "deprecated",
        "internal",
        "complex",
        "busy",
    ]
    code: int
    method_name: str | UnsetType = UNSET
    method_index: UnsignedInt | UnsetType = UNSET
    retry_with_delay: float | UnsetType = UNSET


class Content(Strict):
    identifier: ContentId
    url: Annotated[str, Meta(max_length=2000, pattern="^https?://")]
    play_index: UnsignedInt
    is_live: bool
    attributes: "Attributes"


class Attributes(Strict):
    name: Text250
    artist_name: Text1000
    album_name: Text250
    duration_in_millis: Annotated[int, Meta(ge=0)]
    track_number: UnsignedInt
    genre_names: list[str]
    composer_name: Text250 | UnsetType = UNSET


class Commands(Strict):
    like_track: bool
    dislike_track: bool
    bookmark_track: bool


class Activity(Strict):
    play_elapsed: Annotated[int, Meta(ge=5)]
    play_elapsed_interval: Annotated[int, Meta(ge=5)]
    play_paused: Annotated[int, Meta(ge=5, le=60)]


class Control(Strict):
    scheme: Literal["onDemand"]
    commands: Commands
    activity: Activity


class Controls(Strict):
    default: Control


class PlayPointer(Strict):
    content_identifier: ContentId
    offset_in_millis: int


class InsertPointer(Strict):
    after_identifier: ContentId
    replace: bool


SegmentUrl = Annotated[str, Meta(max_length=2000, pattern=r"queue=%7Bqueue%7D")]


class Queue(Strict):
    version: Version
    identifier: Annotated[str, Meta(min_length=1, max_length=1024)]
    content: Annotated[list[Content], Meta(min_length=1)]
    controls: Controls
    content_items_count: UnsignedInt
    play_pointer: PlayPointer | UnsetType = UNSET
    insert_pointer: InsertPointer | UnsetType = UNSET
    next_content_url: SegmentUrl | UnsetType = UNSET
    previous_content_url: SegmentUrl | UnsetType = UNSET


_PLAY, _ADD = "PlayMediaIntentHandling.", "AddMediaIntentHandling."
_AFFINITY = "UpdateMediaAffinityIntentHandling."
RESOLUTIONS: Mapping[str, Any] = {
    f"{_PLAY}resolveMediaItems": list[ItemResolution],
    f"{_PLAY}resolvePlayShuffled": BooleanResolution,
    f"{_PLAY}resolvePlaybackRepeatMode": RepeatResolution,
    f"{_PLAY}resolvePlaybackQueueLocation": LocationResolution,
    f"{_PLAY}resolveResumePlayback": BooleanResolution,
    f"{_ADD}resolveMediaItems": list[ItemResolution],
    f"{_ADD}resolveMediaDestination": DestinationResolution,
    f"{_AFFINITY}resolveMediaItems": list[ItemResolution],
    f"{_AFFINITY}resolveAffinityType": AffinityResolution,
}
RESPONSES: Mapping[str, Any] = {
    f"{_PLAY}handle": PlayResponse,
    f"{_ADD}confirm": AddResponse,
    f"{_ADD}handle": AddResponse,
    f"{_AFFINITY}handle": AffinityResponse,
}


def check_results(results: list[dict[str, Any]]) -> None:
    """Fail unless each result is of the shape that its method has."""
    for result in results:
        method = result["method"]
        if method == "ProtocolException":
            assert set(result) == {"method", "exception"}
            msgspec.convert(result["exception"], ProtocolException)
            continue
        assert set(result) <= {"method", "result", "metrics"}
        if "metrics" in result:
            msgspec.convert(result["metrics"], Metrics)
        if method in RESPONSES:
            assert set(result["result"]) == {"intentResponse"}
            response = msgspec.convert(result["result"]["intentResponse"], RESPONSES[method])
            assert len(msgspec.json.encode(response.user_activity.user_info)) <= 8192
        else:
            assert set(result["result"]) == {"resolutionResult"}
            found = result["result"]["resolutionResult"]
            msgspec.convert(found, RESOLUTIONS[method])
            for one in found if isinstance(found, list) else [found]:
                assert len(one) == 2, f"class and exactly one outcome: {one}"


def check_queue(queue: dict[str, Any]) -> None:
    """Fail unless this is a queue: names unique, places strictly in order."""
    told = msgspec.convert(queue, Queue)
    names = [content.identifier for content in told.content]
    places = [content.play_index for content in told.content]
    assert len(set(names)) == len(names)
    assert places == sorted(set(places))
    assert places[-1] <= told.content_items_count
