"""SPEKE v2.0: content keys from a DRM key server (Secure Packager and Encoder Key Exchange).

The packager names the key, the server derives it: the same content id and key id get the same key
again, so a request whose answer was lost may be sent again as it was.
"""

import asyncio
import random
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

import httpx
import structlog

from antiphon.kernel import Invalid, RecordingId
from antiphon.rights.cpix.contract import answered, request_for
from antiphon.rights.cpix.model import CpixRefused, DrmSystem, SpekeFault, SpekeRefused
from antiphon.rights.cpix.reading import MAX_CPIX_BYTES, read_cpix
from antiphon.rights.cpix.writing import write_cpix
from antiphon.rights.keys.model import KEY_BYTES, KeysUnavailable, ProtectedKey

log = structlog.get_logger()

SPEKE_VERSION: Final = "2.0"
_LOOPBACK: Final = {"127.0.0.1", "::1", "localhost"}
_PASSING: Final = {408, 425, 429, 500, 502, 503, 504}
_DENIED: Final = {401, 403, 407}
_REFUSAL_BYTES: Final = 4096
_PAUSE_SECONDS: Final = 0.25
_LONGEST_PAUSE: Final = 5.0


@dataclass(frozen=True, slots=True)
class SpekeServer:
    """Where the key server is, and how to ask it. ``headers`` carry credentials."""

    url: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    systems: tuple[DrmSystem, ...] = tuple(DrmSystem)
    tries: int = 4
    seconds: float = 10.0

    def __post_init__(self) -> None:
        parts = urlsplit(self.url)
        safe = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK)
        if not safe or not parts.hostname or "@" in parts.netloc:
            raise Invalid("speke_url is an https address without user name: keys travel there.")


class SpekeKeys:
    """A ``KeySource`` that asks a key server. Redirects are not followed, proxies not used."""

    def __init__(self, server: SpekeServer) -> None:
        self._server = server

    async def new_key(self, recording_id: RecordingId, rung: str, kid: bytes) -> ProtectedKey:
        """Return the key for that id; the content id is the recording and its rung.

        Raises ``KeysUnavailable`` after several tries, ``SpekeRefused`` with what the server finds
        wrong, ``CpixRefused`` where its answer is.
        """
        content_id = f"{recording_id}/{rung}"
        request = request_for(content_id, kid, secrets.token_bytes(KEY_BYTES), self._server.systems)
        answer = await self._asked(write_cpix(request))
        found = answered(request, read_cpix(answer))
        log.info("content_key_exchanged", content_id=content_id, kid=found.key.kid.hex())
        return found

    async def _asked(self, body: bytes) -> bytes:
        """Send the document until there is an answer, with longer and longer pauses of chance."""
        why = ""
        async with httpx.AsyncClient(
            timeout=self._server.seconds, follow_redirects=False, trust_env=False
        ) as client:
            for number in range(self._server.tries):
                if number:
                    await asyncio.sleep(_pause(number))
                try:
                    async with asyncio.timeout(self._server.seconds):
                        return await self._once(client, body)
                except _Passing as fault:
                    why = str(fault)
                except (httpx.TransportError, TimeoutError) as fault:
                    why = type(fault).__name__
        raise KeysUnavailable(f"The DRM key server does not answer ({why}): it is asked again.")

    async def _once(self, client: httpx.AsyncClient, body: bytes) -> bytes:
        headers = {
            **self._server.headers,
            "Content-Type": "application/xml",
            "Accept": "application/xml",
            "Accept-Encoding": "identity",
            "X-Speke-Version": SPEKE_VERSION,
        }
        async with client.stream(
            "POST", self._server.url, content=body, headers=headers
        ) as response:
            status = response.status_code
            if status in _PASSING:
                raise _Passing(f"HTTP {status}")
            if status != httpx.codes.OK:
                text = await _limited(response, _REFUSAL_BYTES, cut=True)
                raise SpekeRefused(fault_of(status, text.decode("utf-8", "replace")), status)
            _check_headers(response)
            return await _limited(response, MAX_CPIX_BYTES)


class _Passing(Exception):  # noqa: N818 - not an error yet
    """The server cannot answer now."""


def fault_of(status: int, text: str) -> SpekeFault:
    """Return what a refusal says; the server's own words are not repeated beyond that."""
    if status in _DENIED:
        return SpekeFault.DENIED
    named = [f for f in SpekeFault if f not in {SpekeFault.DENIED, SpekeFault.OTHER}]
    return next((fault for fault in named if fault.value in text), SpekeFault.OTHER)


def parsed_headers(lines: Sequence[str]) -> dict[str, str]:
    """Return ``Name: value`` lines as headers; ``Invalid`` names a line by its number only."""
    headers = {}
    for number, line in enumerate(lines, start=1):
        name, colon, value = line.partition(":")
        good = name.strip().replace("-", "").isalnum() and value.strip().isprintable()
        if not colon or not good or not line.isascii():
            raise Invalid(f"Line {number} of speke_headers is no 'Name: value'.")
        headers[name.strip()] = value.strip()
    return headers


def _check_headers(response: httpx.Response) -> None:
    if response.headers.get("X-Speke-Version") != SPEKE_VERSION:
        raise CpixRefused("The answer's X-Speke-Version is not the one that was sent.")
    if not response.headers.get("X-Speke-User-Agent"):
        raise CpixRefused("The answer has no X-Speke-User-Agent.")
    if response.headers.get("Content-Encoding", "identity") != "identity":
        raise CpixRefused("The answer is compressed, which was not asked for.")


async def _limited(response: httpx.Response, most: int, *, cut: bool = False) -> bytes:
    body = b""
    async for chunk in response.aiter_raw():
        body += chunk
        if len(body) > most:
            if cut:
                return body[:most]
            raise CpixRefused(f"The answer has over {most} bytes.")
    return body


def _pause(number: int) -> float:
    """Return a pause in seconds before try ``number``, anywhere up to a bound that doubles."""
    return random.uniform(0, min(_LONGEST_PAUSE, _PAUSE_SECONDS * 2**number))  # noqa: S311 - spread
