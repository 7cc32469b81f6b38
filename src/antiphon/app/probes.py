"""What ``antiphon doctor`` does to each engine: every kind of call once, timed, and cleaned up."""

import asyncio
import secrets
import statistics
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Final, TypeVar

import msgspec

from antiphon.eventlog import open_eventlog
from antiphon.kernel import AntiphonError, Envelope, SystemClock, UnixMs, random_id
from antiphon.storage import (
    About,
    Condition,
    DeleteRow,
    ObjectInfo,
    SetCell,
    about,
    open_cache,
    open_objects,
    open_tables,
    open_workspace,
)

_T = TypeVar("_T")
_READINGS: Final = 5
PROBED: Final = "doctor"
_TTL: Final = 10.0
_HEARD_SECONDS: Final = 20.0  # a consumer group's first members wait for others


class Refused(Exception):  # noqa: N818 - a finding, told to people
    """An engine did not do what it was asked; the text says which call, and what it answered."""


class Examined(msgspec.Struct, frozen=True):
    """An engine that did all that is asked of it: what it is, and the median time of a read."""

    about: About | None
    milliseconds: float


Probe = Callable[[str], Awaitable[Examined]]


async def probe_tables(url: str) -> Examined:
    """Write, read, scan, change on a condition, count and delete a row of its own."""
    tables = open_tables(url)
    key = secrets.token_bytes(8)
    try:
        await _step("write a row", tables.mutate(PROBED, key, [SetCell("d", "", b"1")]))
        took = await _timed("read a row", lambda: tables.read(PROBED, key), bool)
        found = await _step("scan", tables.scan(PROBED, start=key, end=key + b"\0"))
        _require("scan", [row.key for row in found] == [key])
        taken = Condition("d", "taken", None)
        changed = await _step(
            "change a row on a condition",
            tables.check_and_mutate(PROBED, key, taken, then=[SetCell("d", "taken", b"1")]),
        )
        _require("change a row on a condition", changed)
        counted = await _step("count", tables.increment(PROBED, key, family="n", column=""))
        _require("count", counted == 1)
        await _step("delete a row", tables.mutate(PROBED, key, [DeleteRow()]))
        return Examined(await about(tables), took)
    finally:
        await tables.close()


async def probe_objects(url: str) -> Examined:
    """Write, read, read a part, refuse a second writer, list and delete an object of its own."""
    objects = open_objects(url)
    key = f"doctor/{secrets.token_hex(8)}"
    try:
        await _step("write an object", objects.put(key, b"probe"))
        took = await _timed("read an object", lambda: objects.get(key), lambda got: got == b"probe")
        part = await _step("read a part", objects.get(key, start=1, length=2))
        _require("read a part", part == b"ro")
        again = await _step("write only what is new", objects.put(key, b"x", create_only=True))
        _require("write only what is new", not again)
        listed = await _step("list", _first(objects.list("doctor"), key))
        _require("list", listed)
        await _step("delete an object", objects.delete(key))
        return Examined(await about(objects), took)
    finally:
        await objects.close()


async def probe_cache(url: str) -> Examined:
    """Set, get, add once, count, delete, and hear a signal."""
    cache = open_cache(url)
    key = f"doctor-{secrets.token_hex(8)}"
    try:
        await _step("set", cache.set(key, b"1", ttl=_TTL))
        took = await _timed("get", lambda: cache.get(key), lambda got: got == b"1")
        _require("add", not await _step("add", cache.add(key, b"2", ttl=_TTL)))
        counted = await _step("count", cache.increment(f"{key}-n", ttl=_TTL))
        _require("count", counted == 1)
        await _step("delete", cache.delete(key))

        async def hear() -> bytes:
            async with cache.subscribe(key) as signals:
                await cache.publish(key, b"signal")
                async with asyncio.timeout(_TTL):
                    return await anext(signals)

        _require("hear a signal", await _step("hear a signal", hear()) == b"signal")
        return Examined(await about(cache), took)
    finally:
        await cache.close()


async def probe_events(url: str) -> Examined:
    """Append an event, read it back as a consumer group, and drop it."""
    events = open_eventlog(url)
    mine, now = random_id(), SystemClock().now()
    later = UnixMs(now + 1)
    event = Envelope(mine, "Probed", 1, "doctor", now, b"{}")
    try:
        await _step("append", events.append(PROBED, [event]))

        async def read() -> bool:
            async with (
                asyncio.timeout(_HEARD_SECONDS),
                events.subscribe(PROBED, group=PROBED) as subscription,
            ):
                while True:
                    records = await subscription.poll(wait=0.5)
                    if records:
                        await subscription.commit(records)
                    if any(r.envelope.event_id == mine for r in records):
                        return True

        def lag() -> Awaitable[int]:
            return events.lag(PROBED, group=PROBED)

        await _step("read what was appended", read())
        took = await _timed("tell a group's lag", lag, lambda left: left == 0)
        await _step("drop what was read", events.trim(PROBED, read_by=[PROBED], before=later))
        return Examined(await about(events), took)
    finally:
        await events.close()


async def probe_workspace(url: str) -> Examined:
    """Write, read and delete a file of its own."""
    workspace = open_workspace(url)
    path = f"doctor/{secrets.token_hex(8)}"

    async def read() -> bytes:
        async with workspace.local(path) as file:
            return await asyncio.to_thread(file.read_bytes)

    try:
        await _step("write a file", workspace.write(path, [b"probe"]))
        took = await _timed("read a file", read, lambda got: got == b"probe")
        _require("list", await _step("list", workspace.list("doctor")))
        await _step("delete a file", workspace.delete(path))
        return Examined(await about(workspace), took)
    finally:
        await workspace.close()


PROBES: Final[dict[str, Probe]] = {
    "tables": probe_tables,
    "objects": probe_objects,
    "cache": probe_cache,
    "events": probe_events,
    "workspace": probe_workspace,
}


async def _step(what: str, work: Awaitable[_T]) -> _T:
    try:
        return await work
    except AntiphonError as fault:
        raise Refused(f"cannot {what}: {fault.detail}") from fault
    except TimeoutError as fault:
        raise Refused(f"cannot {what} in time") from fault


async def _timed(
    what: str,
    work: Callable[[], Awaitable[_T]],
    good: Callable[[_T], bool],
    *,
    readings: int = _READINGS,
) -> float:
    """Return the median milliseconds of a call."""
    times = []
    for _ in range(readings):
        began = time.perf_counter()
        answer = await _step(what, work())
        times.append((time.perf_counter() - began) * 1000)
        _require(what, good(answer))
    return statistics.median(times)


async def _first(found: AsyncIterator[ObjectInfo], key: str) -> bool:
    async for info in found:
        if info.key == key:
            return True
    return False


def _require(what: str, held: object) -> None:
    if not held:
        raise Refused(f"does not {what} as it should")
