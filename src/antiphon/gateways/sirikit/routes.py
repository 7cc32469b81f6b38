"""The gateway over HTTP, as raw ASGI: foreign paths, media types and errors of its own.

    GET       /siri/configuration                the signed configuration, for anybody
    POST      /siri/token                        a token for a speaker
    POST      /siri/intent/playMedia             invocations to results
    POST      /siri/intent/addMedia
    POST      /siri/intent/updateMediaAffinity
    POST      /siri/queues/playMedia             the queue of an activity
    POST GET  /siri/queues/segment               its other segments
    POST      /siri/queues/updateActivity        what the player does

The vendor's pages do not say by which method further segments are asked for: both are answered.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Final
from urllib.parse import parse_qs

from antiphon.gateways.sirikit.configuration import Configuration
from antiphon.gateways.sirikit.errors import ProtocolError, Why, busy, protocol_error
from antiphon.gateways.sirikit.exchange import (
    CHALLENGE,
    NO_CONTENT,
    NO_STORE,
    Exchange,
    Receive,
    Scope,
    Send,
)
from antiphon.gateways.sirikit.intents import Intents
from antiphon.gateways.sirikit.queues import ActivityGone
from antiphon.gateways.sirikit.reporting import Reports
from antiphon.gateways.sirikit.requests import (
    Invocation,
    read_activity,
    read_invocations,
    read_queue_request,
)
from antiphon.gateways.sirikit.results import Result
from antiphon.gateways.sirikit.serving import Queues
from antiphon.gateways.sirikit.steps import ROOT, Rooms
from antiphon.gateways.sirikit.token import Admit, TokenEndpoint
from antiphon.identity import Principal
from antiphon.kernel import AntiphonError, Denied, Invalid, NotFound, Unavailable

Authenticate = Callable[[bytes | None], Principal]

_AT_ONCE: Final = 16
"""Requests of one process in work; more are told to come back."""
_JOSE: Final = b"application/jose"
_REVALIDATE: Final = (b"cache-control", b"no-cache")
_PLACE: Final = re.compile(r"[0-9]{1,6}\Z")
_INTENTS: Final = frozenset({"playMedia", "addMedia", "updateMediaAffinity"})
_QUEUES: Final = {"playMedia": "POST", "updateActivity": "POST", "segment": "GET, POST"}
_UNAUTHORIZED, _GONE, _NOT_MODIFIED = 401, 410, 304


class NotSetUp(NotFound):
    """The gateway is not set up on this installation."""

    code = "siri_not_set_up"


class NoSuchPlace(NotFound):
    """There is nothing at this address."""

    code = "not_found"


class BrokenRequest(Invalid):
    """The request is none of this protocol."""

    code = "siri_request_broken"


class TooBusy(Unavailable):
    """Too many are asking at once, or it took too long."""

    code = "siri_busy"


class SirikitRoutes:
    """An ASGI application for the paths above; ``authenticate`` raises ``Denied``.

    ``admit`` looks whether an API token is good, and raises ``Denied`` too. Without rooms and a
    configuration it answers that it is not set up.
    """

    def __init__(
        self,
        rooms: Rooms | None,
        configuration: Configuration | None,
        authenticate: Authenticate,
        admit: Admit,
    ) -> None:
        self._token = TokenEndpoint(admit)
        self._configuration = configuration
        self._authenticate = authenticate
        self._places = asyncio.Semaphore(_AT_ONCE)
        self._served = None if rooms is None else _Served(rooms)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        exchange = Exchange(scope, receive, send)
        path = str(scope["path"]).removeprefix(f"{ROOT}/")
        folder, _, endpoint = path.partition("/")
        try:
            if self._served is None or self._configuration is None:
                raise NotSetUp(
                    "The gateway for the vendor's speakers is off here: it needs the settings "
                    "siri_bundle_id and siri_key."
                )
            if path == "configuration":
                await self._configure(exchange, self._configuration)
            elif path == "token":
                await self._token.answer(exchange)
            elif folder == "intent" and endpoint in _INTENTS:
                await self._intent(exchange, endpoint, self._served.intents)
            elif folder == "queues" and endpoint in _QUEUES:
                await self._queue(exchange, endpoint, self._served)
            else:
                raise NoSuchPlace("There is nothing at this address.")
        except AntiphonError as error:
            await exchange.refuse(error)

    async def _configure(self, exchange: Exchange, found: Configuration) -> None:
        if exchange.method not in {"GET", "HEAD"}:
            await exchange.wrong_method("GET, HEAD")
            return
        headers = [(b"etag", found.etag), _REVALIDATE]
        if _matches(exchange.header(b"if-none-match"), found.etag):
            await exchange.answer(_NOT_MODIFIED, headers=headers)
            return
        await exchange.answer(200, found.body, kind=_JOSE, headers=headers)

    async def _intent(self, exchange: Exchange, endpoint: str, intents: Intents) -> None:
        """Answer with an array, whatever happens: what is wrong stands in it."""
        if exchange.method != "POST":
            await exchange.wrong_method("POST")
            return
        invocations: list[Invocation] = []
        try:
            invocations = read_invocations(await exchange.body())
            results = await self._results(exchange, endpoint, intents, invocations)
        except ProtocolError as error:
            headers = [NO_STORE, *([CHALLENGE] if error.status == _UNAUTHORIZED else [])]
            first = (invocations[0].method, 0) if invocations else ("", None)
            await exchange.answer(error.status, [error.result(*first)], headers=headers)
            return
        await exchange.answer(200, results)

    async def _results(
        self,
        exchange: Exchange,
        endpoint: str,
        intents: Intents,
        invocations: Sequence[Invocation],
    ) -> list[Result]:
        try:
            caller = self._authenticate(exchange.header(b"authorization"))
        except Denied as error:
            raise protocol_error(error) from error
        if not exchange.session_id:
            raise ProtocolError(Why.UNPARSEABLE, "The session's id is missing.")
        async with self._in_time(exchange):
            return await intents.results(
                endpoint,
                caller,
                invocations,
                session_id=exchange.session_id,
                language=exchange.language,
            )

    async def _queue(self, exchange: Exchange, endpoint: str, served: "_Served") -> None:
        if exchange.method not in _QUEUES[endpoint].split(", "):
            await exchange.wrong_method(_QUEUES[endpoint])
            return
        caller = self._authenticate(exchange.header(b"authorization"))
        try:
            async with self._in_time(exchange):
                queue = await served.answer(endpoint, exchange, caller)
        except ActivityGone as error:
            await exchange.refuse(error, status=_GONE)
        except ProtocolError as error:
            await exchange.refuse(_problem_of(error))
        else:
            await exchange.answer(NO_CONTENT if queue is None else 200, queue)

    @asynccontextmanager
    async def _in_time(self, exchange: Exchange) -> AsyncIterator[None]:
        """Do something within the time that the client gives, if there is a place for it."""
        if self._places.locked():
            raise busy()
        try:
            async with self._places, asyncio.timeout(exchange.seconds):
                yield
        except TimeoutError as fault:
            raise ProtocolError(Why.COMPLEX, "It took too long.", status=503) from fault


class _Served:
    """The services of a gateway that is set up."""

    def __init__(self, rooms: Rooms) -> None:
        self.intents = Intents(rooms)
        self._queues = Queues(rooms)
        self._reports = Reports(rooms)

    async def answer(
        self, endpoint: str, exchange: Exchange, caller: Principal
    ) -> dict[str, object] | None:
        """Return what a queue's endpoint answers; None: no content."""
        if endpoint == "playMedia":
            request = read_queue_request(await exchange.body())
            return await self._queues.queue(caller, request, exchange.language)
        if endpoint == "updateActivity":
            await self._reports.take(caller, read_activity(await exchange.body()))
            return None
        query = parse_qs(exchange.query)
        queue_id = next(iter(query.get("queue") or query.get("activity") or []), "")
        begin, end = _place(query, "from"), _place(query, "until")
        if begin is None and end is None:
            raise BrokenRequest("Say from or until which place.", parameter="from")
        language = exchange.language
        return await self._queues.segment(caller, queue_id, begin=begin, end=end, language=language)


def _place(query: dict[str, list[str]], name: str) -> int | None:
    given = next(iter(query.get(name, [])), "")
    return int(given) if _PLACE.match(given) else None


def _problem_of(error: ProtocolError) -> AntiphonError:
    """Return what is wrong as a problem: only intents are answered with protocol exceptions."""
    if error.why in {Why.BUSY, Why.COMPLEX}:
        return TooBusy(error.detail, http_status=503, retry_after=1)
    return BrokenRequest(error.detail, http_status=error.status)


def _matches(if_none_match: bytes | None, etag: bytes) -> bool:
    """Compare weakly (RFC 9110, 13.1.2)."""
    if if_none_match is None:
        return False
    tags = [tag.strip().removeprefix(b"W/") for tag in if_none_match.split(b",")]
    return b"*" in tags or etag in tags
