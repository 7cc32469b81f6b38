"""Takes invocations in their order, each to the method that it names; one result each, or more."""

import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from typing import Final

import structlog

from antiphon.gateways.sirikit.errors import ProtocolError, Why, protocol_error
from antiphon.gateways.sirikit.keeping import AddMedia, UpdateMediaAffinity
from antiphon.gateways.sirikit.play import PlayMedia
from antiphon.gateways.sirikit.requests import Invocation
from antiphon.gateways.sirikit.results import Result
from antiphon.gateways.sirikit.steps import Rooms, Step
from antiphon.identity import Principal
from antiphon.kernel import AntiphonError

log = structlog.get_logger()

_Method = Callable[[Step], Awaitable[Result]]
_SPOKEN: Final = 1
"""The major version of the protocol that is spoken here."""


class Intents:
    """The methods of the three intents, by the names that the client calls them."""

    def __init__(self, rooms: Rooms) -> None:
        self._clock = rooms.clock
        self._play = PlayMedia(rooms)
        add, affinity = AddMedia(rooms), UpdateMediaAffinity(rooms)
        play = self._play
        self._methods: dict[str, dict[str, _Method]] = {
            "playMedia": {
                "PlayMediaIntentHandling.resolvePlayShuffled": play.resolve_play_shuffled,
                "PlayMediaIntentHandling.resolvePlaybackRepeatMode": play.resolve_repeat_mode,
                "PlayMediaIntentHandling.resolvePlaybackQueueLocation": play.resolve_queue_location,
                "PlayMediaIntentHandling.resolveResumePlayback": play.resolve_resume_playback,
                "PlayMediaIntentHandling.handle": play.handle,
            },
            "addMedia": {
                "AddMediaIntentHandling.resolveMediaItems": add.resolve_media_items,
                "AddMediaIntentHandling.resolveMediaDestination": add.resolve_media_destination,
                "AddMediaIntentHandling.confirm": add.confirm,
                "AddMediaIntentHandling.handle": add.handle,
            },
            "updateMediaAffinity": {
                "UpdateMediaAffinityIntentHandling.resolveMediaItems": affinity.resolve_media_items,
                "UpdateMediaAffinityIntentHandling.resolveAffinityType": (
                    affinity.resolve_affinity_type
                ),
                "UpdateMediaAffinityIntentHandling.handle": affinity.handle,
            },
        }

    async def results(
        self,
        endpoint: str,
        caller: Principal,
        invocations: Sequence[Invocation],
        *,
        session_id: str,
        language: str = "",
    ) -> list[Result]:
        """Return the results, one for each invocation in its order, then those told ahead.

        What is told ahead and asked for as well is told once, in its place.
        """
        asked = {one.method for one in invocations}
        results, ahead = [], []
        for index, one in enumerate(invocations):
            step = Step(caller, one.session_or(session_id), one.intent, language)
            began, at = time.perf_counter(), self._clock.now()
            try:
                first, *more = await self._step(endpoint, one.method, step)
                ahead += [r for r in more if r["method"] not in asked]
                results.append(first | {"metrics": _metrics(at, began)})
            except ProtocolError as error:
                results.append(error.result(one.method, index))
            except AntiphonError as error:
                log.info("siri_step_refused", method=one.method, reason=error.code)
                results.append(protocol_error(error).result(one.method, index))
        return [*results, *ahead]

    async def _step(self, endpoint: str, method: str, step: Step) -> list[Result]:
        if int(step.session.version.split(".")[0]) < _SPOKEN:
            raise ProtocolError(Why.DEPRECATED, f"{step.session.version} is not spoken any more.")
        if endpoint == "playMedia" and method == _RESOLVE_PLAY:
            return await self._play.resolve_media_items(step)
        known = self._methods[endpoint].get(method)
        if known is None:
            elsewhere = method == _RESOLVE_PLAY or any(method in m for m in self._methods.values())
            why = Why.INVALID if elsewhere else Why.UNSUPPORTED
            raise ProtocolError(why, f"There is no method {method!r} here.")
        if method.endswith((".handle", ".confirm")) and not step.intent.media_items:
            raise ProtocolError(Why.UNEXPECTED, "Nothing was resolved before.")
        return [await known(step)]


_RESOLVE_PLAY: Final = "PlayMediaIntentHandling.resolveMediaItems"


def _metrics(received_ms: int, began: float) -> dict[str, object]:
    """Return when a step came, when it was done, and how many seconds it took."""
    seconds = time.perf_counter() - began
    return {
        "received": _moment(received_ms),
        "completed": _moment(received_ms + round(seconds * 1000)),
        "duration": round(seconds, 3),
    }


def _moment(unix_ms: int) -> str:
    moment = datetime.fromtimestamp(unix_ms / 1000, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
