"""Server CPU of a licence: rights, device, keys and a durable, fenced slot, without HTTP.

500 households on embedded tables; each asks for a licence of a protected song with five rungs, then
renews it. What the process spends, the tables' writer thread included, counts. "warm" is a licence
whose lease is still fresh (the next rung of a play), "first" one that takes a slot.
"""

import asyncio
import shutil
import tempfile
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from antiphon.kernel import DeviceId, GrantId, HouseholdId, RecordingId, SongId, SystemClock
from antiphon.rights import KeyVault, Licences, Rights, Stream, open_key_encryption
from antiphon.storage import open_cache, open_tables

HOUSEHOLDS = 500
RUNGS = ("aac-64", "aac-128", "aac-256", "flac", "alac")
AT_ONCE = 32
TARGET_US = 150.0


class Devices:
    def is_revoked(self, _device: DeviceId) -> bool:
        return False

    async def device_names(self, _household: HouseholdId, _devices: Sequence[DeviceId]) -> Mapping:
        return {}


def run() -> dict[str, Any]:
    folder = Path(tempfile.mkdtemp(prefix="antiphon-bench-"))
    try:
        figures = asyncio.run(_measured(folder))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return {
        "name": "licence",
        "figures": figures,
        "targets": {
            name: {"at_most": TARGET_US, "met": figures[name] <= TARGET_US}
            for name in ("first_cpu_us", "warm_cpu_us", "renewal_cpu_us")
        },
    }


async def _measured(folder: Path) -> dict[str, float]:
    clock = SystemClock()
    tables, cache = open_tables(f"lmdb:{folder}/tables"), open_cache(f"memory:{folder}/run")
    vault = KeyVault(tables, clock, open_key_encryption("", folder=folder), protect="everything")
    licences = Licences(
        tables, cache, clock, rights=Rights(tables, clock), keys=vault, devices=Devices()
    )
    streams, kids = [], {}
    for n in range(HOUSEHOLDS):
        recording = RecordingId(f"recording{n:04d}")
        kids[recording] = [(await vault.content_key(recording, rung)).kid for rung in RUNGS]
        house, device, play = HouseholdId(f"h{n}"), DeviceId(f"d{n}"), GrantId(f"p{n}")
        streams.append(Stream(house, device, play, SongId(f"song{n}"), recording))

    async def issue(stream: Stream) -> object:
        return await licences.issue(stream, kids[stream.recording_id][-1:])

    await _each(streams, issue)  # rights and keys are in memory after this
    for stream in streams:
        await licences.release(stream)
    figures = {
        "first": await _each(streams, issue),
        "warm": await _each(streams * 10, issue),
        "renewal": await _each(streams, licences.renew),
    }
    await cache.close()
    await tables.close()
    return {f"{name}_cpu_us": round(us, 1) for name, us in figures.items()}


async def _each(streams: list[Stream], ask: Callable[[Stream], Awaitable[object]]) -> float:
    """Return the CPU in microseconds for each of them, ``AT_ONCE`` at a time."""
    begin = time.process_time()
    for at in range(0, len(streams), AT_ONCE):
        await asyncio.gather(*map(ask, streams[at : at + AT_ONCE]))
    return (time.process_time() - begin) * 1e6 / len(streams)
