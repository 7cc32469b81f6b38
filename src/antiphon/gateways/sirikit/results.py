"""What is answered: resolutions, responses to intents, and the results that carry them.

One result has exactly one outcome: the client picks any where there are more. Where the public
pages name no member for a resolved value, it is called as the argument of the same initialiser of
the Intents framework (``resolvedValue``, ``resolvedPlaybackQueueLocation``); that the answer of
``handle`` and ``confirm`` stands in ``intentResponse`` is not confirmed by any of them.
"""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Final

import msgspec

from antiphon.gateways.sirikit.requests import VERSION, MediaItem

Result = dict[str, object]
"""One entry of an answer's array."""


class Unsupported(StrEnum):
    """Why a media item cannot be had; what is not found has no reason."""

    LOGIN_REQUIRED = "loginRequired"
    SUBSCRIPTION_REQUIRED = "subscriptionRequired"
    UNSUPPORTED_MEDIA_TYPE = "unsupportedMediaType"
    EXPLICIT_CONTENT_SETTINGS = "explicitContentSettings"
    RESTRICTED_CONTENT = "restrictedContent"
    REGION_RESTRICTION = "regionRestriction"


class Code(StrEnum):
    """How an intent ends."""

    SUCCESS = "success"
    READY = "ready"
    """Only of ``confirm``."""
    FAILURE = "failure"
    FAILURE_REQUIRING_APP_LAUNCH = "failureRequiringAppLaunch"
    FAILURE_UNKNOWN_MEDIA_TYPE = "failureUnknownMediaType"
    FAILURE_NO_UNPLAYED_CONTENT = "failureNoUnplayedContent"
    FAILURE_RESTRICTED_CONTENT = "failureRestrictedContent"


class Resolution:
    """Makes resolutions of one class, such as ``PlayMediaMediaItemResolutionResult``.

    ``name`` is how its values are called in ``resolved{Name}`` and ``{name}ToConfirm``.
    """

    def __init__(self, of: str, name: str, several: str = "") -> None:
        self._class = of
        self._name = name
        self._several = several

    def success(self, value: object) -> Result:
        """Return that this is meant."""
        resolved = f"resolved{self._name[0].upper()}{self._name[1:]}"
        return self._with("success", {resolved: value})

    def confirmation_required(self, value: object) -> Result:
        """Return that this is probably meant."""
        return self._with("confirmationRequired", {f"{self._name}ToConfirm": value})

    def disambiguation(self, values: Sequence[object]) -> Result:
        """Return what may be meant."""
        return self._with("disambiguation", {f"{self._several}ToDisambiguate": list(values)})

    def unsupported(self, reason: str | None = None) -> Result:
        """Return that this cannot be had, and why."""
        return self._with("unsupported", {} if reason is None else {"reason": reason})

    def needs_value(self) -> Result:
        """Return that something has to be said."""
        return self._with("needsValue", {})

    def not_required(self) -> Result:
        """Return that nothing was said and nothing needs to be."""
        return self._with("notRequired", {})

    def _with(self, outcome: str, told: Mapping[str, object]) -> Result:
        return {"class": self._class, outcome: dict(told)}


_ITEMS: Final = "mediaItems"
PLAY_ITEM: Final = Resolution("PlayMediaMediaItemResolutionResult", "mediaItem", _ITEMS)
ADD_ITEM: Final = Resolution("AddMediaMediaItemResolutionResult", "mediaItem", _ITEMS)
AFFINITY_ITEM: Final = Resolution(
    "UpdateMediaAffinityMediaItemResolutionResult", "mediaItem", _ITEMS
)
BOOLEAN: Final = Resolution("BooleanResolutionResult", "value")
REPEAT: Final = Resolution("PlaybackRepeatModeResolutionResult", "playbackRepeatMode")
LOCATION: Final = Resolution("PlaybackQueueLocationResolutionResult", "playbackQueueLocation")
DESTINATION: Final = Resolution(
    "AddMediaMediaDestinationResolutionResult", "mediaDestination", "mediaDestinations"
)
AFFINITY_TYPE: Final = Resolution("MediaAffinityTypeResolutionResult", "mediaAffinityType")


def resolved(method: str, resolution: Result | Sequence[Result]) -> Result:
    """Return the result of a ``resolve`` method; media items have a list of resolutions."""
    one = resolution if isinstance(resolution, dict) else list(resolution)
    return {"method": method, "result": {"resolutionResult": one}}


def responded(method: str, of: str, code: Code, activity: Mapping[str, object]) -> Result:
    """Return the result of ``handle`` or ``confirm``; ``of`` is the response's class."""
    response = {"class": of, "code": code.value, "userActivity": dict(activity)}
    return {"method": method, "result": {"intentResponse": response}}


def activity_of(
    bundle_id: str, identifier: str, title: str = "", info: Mapping[str, object] | None = None
) -> dict[str, object]:
    """Return a user activity: what the client hands back when it asks for the queue."""
    return {
        "activityType": f"{bundle_id}.play"[:250],
        "persistentIdentifier": identifier,
        "title": title[:250],
        "userInfo": dict(info or {}),
        "version": VERSION,
    }


def told(item: MediaItem) -> dict[str, object]:
    """Return an item as it is sent."""
    return {k: v for k, v in msgspec.to_builtins(item).items() if v or k == "identifier"}
