"""What the processes do that give licences for one household at the same time."""

import asyncio
from collections.abc import Mapping, Sequence
from multiprocessing.connection import Connection
from pathlib import Path

from antiphon.kernel import DeviceId, GrantId, HouseholdId, RecordingId, SongId, SystemClock
from antiphon.rights import Licences, Rights, Stream, TooManyStreams
from antiphon.storage import open_cache, open_tables
from antiphon.testing.children import Told
from antiphon.testing.content_keys import RUNG, vault_in

HOUSEHOLD = HouseholdId("household")
RECORDING = RecordingId("recording")
_AT_ONCE = 4
_SECONDS = 0.003


class NamelessDevices:
    """Devices of which none was signed out."""

    def is_revoked(self, _device: DeviceId) -> bool:
        """None was."""
        return False

    async def device_names(
        self, _household: HouseholdId, _devices: Sequence[DeviceId]
    ) -> Mapping[DeviceId, str]:
        """None has a name."""
        return {}


def stream_of(device: str) -> Stream:
    """Return what a device plays."""
    return Stream(HOUSEHOLD, DeviceId(device), GrantId("play"), SongId("song"), RECORDING)


def give_licences(connection: Connection, folder: str, name: str, rounds: int) -> None:
    """Play on ever new devices, four at a time, as the slots are free; tell when each played.

    Tells ``playing``, device, when; then ``stopped``, device, when: in seconds of the machine's
    monotonic clock, after a licence was had and before it is given back.
    """
    told = Told(connection)
    tables, clock = open_tables(f"lmdb:{folder}/tables"), SystemClock()
    vault = vault_in(Path(folder), tables)
    licences = Licences(
        tables,
        open_cache(f"memory:{folder}/run"),
        clock,
        rights=Rights(tables, clock),
        keys=vault,
        devices=NamelessDevices(),
    )

    async def play(stream: Stream, kid: bytes) -> None:
        try:
            await licences.issue(stream, [kid])
        except TooManyStreams:
            return
        told("playing", stream.device_id, clock.monotonic())
        await asyncio.sleep(_SECONDS)
        told("stopped", stream.device_id, clock.monotonic())
        await licences.release(stream)

    async def listen(place: int, kid: bytes) -> None:
        for number in range(rounds):
            await play(stream_of(f"{name}-{place}-{number}"), kid)

    async def run() -> None:
        told("begun")
        kid = (await vault.keys(RECORDING))[RUNG].kid
        await asyncio.gather(*(listen(place, kid) for place in range(_AT_ONCE)))

    asyncio.run(run())
