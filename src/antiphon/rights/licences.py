"""Licences: the keys of a song for one device, for two minutes at a time.

Table ``rights_streams``: the key is the household, cell ``s/v`` its leases (``slots``). A row
changes only if it is as it was read, so two processes never give one slot away twice.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

import msgspec
import structlog

from antiphon.kernel import (
    Clock,
    Conflict,
    Denied,
    DeviceId,
    GrantId,
    HouseholdId,
    Invalid,
    NotFound,
    RecordingId,
    SongId,
    Unavailable,
    UnixMs,
)
from antiphon.rights.availability import Decision, Terms
from antiphon.rights.keys.model import KEY_BYTES, ContentKey
from antiphon.rights.model import UseType
from antiphon.rights.slots import (
    LEASE_MS,
    RENEW_MS,
    Slots,
    Taken,
    acquired,
    limit_of,
    moment,
    released,
    renewed,
)
from antiphon.storage import Cache, Condition, DeleteRow, SetCell, Tables

log = structlog.get_logger()

STREAMS: Final = "rights_streams"
MOST_KIDS: Final = 16
_F: Final = "s"
_V: Final = "v"
_TRIES: Final = 50
_MOST_WRONG: Final = 32  # unknown key ids of one device in a minute
_WRONG_SECONDS: Final = 60.0

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Slots).decode


class TooManyStreams(Conflict):
    """As many devices play as the household's plan allows; ``meta`` names them."""

    code = "too_many_streams"


class LicenceEnded(Conflict):
    """The lease ran out, was released, or later plays of the device took its place."""

    code = "licence_ended"


class KeyUnknown(NotFound):
    """A key id is not of this song."""

    code = "key_unknown"


class TooManyKeys(Unavailable):
    """More keys are asked for at once, or guessed in a minute, than any player needs."""

    code = "too_many_keys"


class DeviceRevoked(Denied):
    """The device was signed out."""

    code = "device_revoked"


class ClockWentBack(Unavailable):
    """This machine's clock is behind what was seen before, so no lease can be counted."""

    code = "clock_went_back"


class Entitlements(Protocol):
    """What licences ask of ``Rights``."""

    async def require(self, household: HouseholdId, song_id: SongId, use: UseType, /) -> Decision:
        """Return the decision that allows it; ``SongUnavailable`` otherwise."""
        ...

    async def terms(self, household: HouseholdId, /) -> Terms:
        """Return on what terms a household listens."""
        ...


class Keys(Protocol):
    """What licences ask of ``KeyVault``."""

    async def keys(
        self, recording_id: RecordingId, /, *, fresh: bool = False
    ) -> Mapping[str, ContentKey]:
        """Return a recording's keys by rung."""
        ...


class Devices(Protocol):
    """What licences ask of whoever knows devices."""

    def is_revoked(self, device_id: DeviceId, /) -> bool:
        """Say whether a device was signed out, for as long as anything of it could still ask."""
        ...

    async def device_names(
        self, household: HouseholdId, device_ids: Sequence[DeviceId], /
    ) -> Mapping[DeviceId, str]:
        """Return what devices call themselves."""
        ...


@dataclass(frozen=True, slots=True)
class Stream:
    """Who hears what, and where: all that a licence depends on. ``play_id`` is the grant's."""

    household_id: HouseholdId
    device_id: DeviceId
    play_id: GrantId
    song_id: SongId
    recording_id: RecordingId
    use: UseType = UseType.STREAM


@dataclass(frozen=True, slots=True)
class Licence:
    """Keys, good until the lease ends (Unix ms); renew it at ``renew_at``. None after a renewal."""

    keys: tuple[ContentKey, ...]
    lease_expires_at: UnixMs
    renew_at: UnixMs
    fence: int


async def forget_streams(tables: Tables, household: HouseholdId | None = None) -> int:
    """Forget leases and the latest time seen, after a clock had run ahead; return how many rows.

    Whoever plays goes on until the lease ends, beside those who begin anew.
    """
    if household is not None:
        await tables.mutate(STREAMS, household.encode(), [DeleteRow()])
        return 1
    count, start = 0, b""
    while rows := await tables.scan(STREAMS, start=start):
        await tables.mutate_many(STREAMS, [(row.key, [DeleteRow()]) for row in rows])
        count, start = count + len(rows), rows[-1].key + b"\0"
    return count


class Licences:
    """Gives keys to devices that may play now, and takes part in no other decision."""

    def __init__(
        self,
        tables: Tables,
        cache: Cache,
        clock: Clock,
        *,
        rights: Entitlements,
        keys: Keys,
        devices: Devices,
    ) -> None:
        self._tables = tables
        self._cache = cache
        self._clock = clock
        self._rights = rights
        self._keys = keys
        self._devices = devices

    async def issue(self, stream: Stream, kids: Sequence[bytes]) -> Licence:
        """Return the keys asked for, with a lease.

        Raises ``SongUnavailable``, ``DeviceRevoked``, ``KeyUnknown``, ``TooManyKeys``,
        ``TooManyStreams`` and ``ClockWentBack``; in that order, the slot is taken last.
        """
        if len(kids) > MOST_KIDS:
            raise TooManyKeys(f"Ask for at most {MOST_KIDS} keys at once.", http_status=429)
        if not kids or any(len(kid) != KEY_BYTES for kid in kids):
            raise Invalid("Name the keys by their ids, 16 bytes each.", pointer="/kids")
        terms = await self._entitled(stream)
        found = await self._found(stream, kids)
        limit = limit_of(terms.plan)

        def take(slots: Slots, now: UnixMs) -> Slots | Taken:
            held = slots.lease(stream.device_id, stream.play_id, now)
            if held is not None and held.expires_at - now > LEASE_MS - RENEW_MS // 2:
                return slots  # asked for moments ago, for another rung: nothing to write
            return acquired(slots, stream.device_id, stream.play_id, limit, now)

        return await self._leased(stream, take, found)

    async def renew(self, stream: Stream) -> Licence:
        """Return a longer lease, if the song may still be heard; ``keys`` is empty.

        Raises what ``issue`` raises, and ``LicenceEnded``: ask for a licence again then.
        """
        limit = limit_of((await self._entitled(stream)).plan)

        def extend(slots: Slots, now: UnixMs) -> Slots | Taken:
            longer = renewed(slots, stream.device_id, stream.play_id, limit, now)
            if longer is None:
                raise LicenceEnded("This play's licence has ended: ask for it again.")
            return longer

        return await self._leased(stream, extend, ())

    async def release(self, stream: Stream) -> None:
        """Give the slot back; one that is not held is fine."""

        def drop(slots: Slots, now: UnixMs) -> Slots:
            if slots.lease(stream.device_id, stream.play_id, 0) is None:
                return slots
            return released(slots, stream.device_id, stream.play_id, now)

        await self._change(stream.household_id, drop)

    async def playing(self, household: HouseholdId) -> Sequence[DeviceId]:
        """Return the devices of a household that hold a slot now."""
        slots, _ = await self._read(household)
        return slots.devices(max(self._clock.now(), slots.seen))

    async def _entitled(self, stream: Stream) -> Terms:
        if self._devices.is_revoked(stream.device_id):
            raise DeviceRevoked("This device was signed out: sign in again.", http_status=403)
        await self._rights.require(stream.household_id, stream.song_id, stream.use)
        return await self._rights.terms(stream.household_id)

    async def _found(self, stream: Stream, kids: Sequence[bytes]) -> tuple[ContentKey, ...]:
        """Return the keys by their ids; the recording's, and no other's."""
        wanted = dict.fromkeys(kids)
        for fresh in (False, True):
            known = await self._keys.keys(stream.recording_id, fresh=fresh)
            by_kid = {key.kid: key for key in known.values()}
            if wanted.keys() <= by_kid.keys():
                return tuple(by_kid[kid] for kid in wanted)
        unknown = len(wanted.keys() - by_kid.keys())
        count = await self._cache.increment(
            f"licence-wrong:{stream.device_id}", by=unknown, ttl=_WRONG_SECONDS
        )
        if count > _MOST_WRONG:
            raise TooManyKeys("Too many unknown keys: wait a minute.", http_status=429)
        raise KeyUnknown("These are not keys of this song.", pointer="/kids")

    async def _leased(
        self,
        stream: Stream,
        change: Callable[[Slots, UnixMs], Slots | Taken],
        keys: tuple[ContentKey, ...],
    ) -> Licence:
        after = await self._change(stream.household_id, change)
        if isinstance(after, Taken):
            raise await self._refusal(stream, after)
        lease = after.lease(stream.device_id, stream.play_id, 0)
        assert lease is not None
        renew_at = UnixMs(lease.expires_at - LEASE_MS + RENEW_MS)
        return Licence(keys, lease.expires_at, renew_at, lease.fence)

    async def _change(
        self, household: HouseholdId, change: Callable[[Slots, UnixMs], Slots | Taken]
    ) -> Slots | Taken:
        """Change a household's slots as one step among those of all processes."""
        for _ in range(_TRIES):
            before, raw = await self._read(household)
            now = moment(before, self._clock.now())
            if now is None:
                log.warning("clock_went_back", household_id=household, seen=before.seen)
                raise ClockWentBack("The server's clock has gone back: set it right.")
            after = change(before, now)
            if isinstance(after, Taken) or after is before:
                return after
            was, cell = Condition(_F, _V, raw), SetCell(_F, _V, _encode(after))
            if await self._tables.check_and_mutate(STREAMS, household.encode(), was, then=[cell]):
                return after
        raise Unavailable("Many devices of this household ask at once: try again.")

    async def _read(self, household: HouseholdId) -> tuple[Slots, bytes | None]:
        row = await self._tables.read(STREAMS, household.encode())
        raw = row.value(_F, _V) if row else None
        return (_decode(raw) if raw else Slots()), raw

    async def _refusal(self, stream: Stream, taken: Taken) -> TooManyStreams:
        names = await self._devices.device_names(stream.household_id, taken.devices)
        devices = [{"id": i, "name": names.get(i, "")} for i in taken.devices]
        listed = ", ".join(d["name"] or "another device" for d in devices)
        log.info("stream_refused", household_id=stream.household_id, playing=len(devices))
        return TooManyStreams(
            f"Your plan plays on {len(devices)} at once, and these do: {listed}.",
            meta={"devices": devices},
        )
