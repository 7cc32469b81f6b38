"""Events of the Wyoming protocol on a stream: what the gateway and the client driver both speak.

An event is a line of JSON ``{type, version, data, data_length, payload_length}``, then
``data_length`` bytes of JSON that are merged over ``data``, then ``payload_length`` bytes.
https://github.com/OHF-Voice/wyoming, its README.
"""

import asyncio
from dataclasses import dataclass, field
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta, Struct

from antiphon.kernel import Invalid

__all__ = ["MOST_LINE", "WyomingEvent", "WyomingInvalid", "read_event", "write_event"]

MOST_LINE: Final = 64 * 1024
"""Bytes of a line; readers are to be made with this ``limit``."""
_MOST_DATA = 64 * 1024
_MOST_PAYLOAD = 1024 * 1024
_VERSION = "1.8.0"
_BODY_SECONDS = 10.0
_WRITE_SECONDS = 10.0


class WyomingInvalid(Invalid):
    """What came is no event, or one without its parts."""

    code = "wyoming_invalid"


@dataclass(frozen=True, slots=True)
class WyomingEvent:
    """One event."""

    type: str
    data: dict[str, Any] = field(default_factory=dict)
    payload: bytes = b""


class _Line(Struct, forbid_unknown_fields=False):
    type: Annotated[str, Meta(max_length=64, min_length=1)]
    data: dict[str, Any] | None = None
    data_length: Annotated[int, Meta(ge=0, le=_MOST_DATA)] | None = None
    payload_length: Annotated[int, Meta(ge=0, le=_MOST_PAYLOAD)] | None = None


async def read_event(reader: asyncio.StreamReader, seconds: float) -> WyomingEvent | None:
    """Return the next event, or None where the other side has closed between two events.

    ``TimeoutError`` where none begins within these seconds, or its body does not follow within
    ten; ``WyomingInvalid`` for everything that is not an event within the bounds.
    """
    async with asyncio.timeout(seconds):
        try:
            raw = await reader.readline()
        except ValueError as fault:
            raise WyomingInvalid(f"A line has at most {MOST_LINE} bytes.") from fault
    if not raw:
        return None
    line = _parsed(raw)
    try:
        async with asyncio.timeout(_BODY_SECONDS):
            data = await reader.readexactly(line.data_length or 0)
            payload = await reader.readexactly(line.payload_length or 0)
    except asyncio.IncompleteReadError as fault:
        raise WyomingInvalid("The connection ended inside an event.") from fault
    return WyomingEvent(line.type, {**(line.data or {}), **_data(data)}, payload)


async def write_event(writer: asyncio.StreamWriter, event: WyomingEvent) -> None:
    """Send an event; ``TimeoutError`` where the other side does not read for ten seconds."""
    head: dict[str, Any] = {"type": event.type, "version": _VERSION}
    data = msgspec.json.encode(event.data) if event.data else b""
    if data:
        head["data_length"] = len(data)
    if event.payload:
        head["payload_length"] = len(event.payload)
    writer.write(msgspec.json.encode(head) + b"\n" + data + event.payload)
    async with asyncio.timeout(_WRITE_SECONDS):
        await writer.drain()


def _parsed(raw: bytes) -> _Line:
    try:
        return msgspec.json.decode(raw, type=_Line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as fault:
        raise WyomingInvalid("The line is no event of Wyoming within its bounds.") from fault


def _data(raw: bytes) -> dict[str, Any]:
    if not raw:
        return {}
    try:
        return msgspec.json.decode(raw, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as fault:
        raise WyomingInvalid("The data of the event is no JSON object.") from fault
