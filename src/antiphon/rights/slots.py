"""Who of a household streams now: leases on a few slots, one for each device. Pure.

A device holds a slot for as long as one of its leases lives. It may hold leases for a few plays at
once, since a player without gaps asks for the next song's keys before the current one ends; the
plays beyond that lose theirs, so one sign-in copied to many machines is still one stream.

Time never goes back here: what counts is the latest moment that any process has seen. A process
whose clock is behind that by more than machines differ (``SKEW_MS``) is refused, since a lease
counted from an earlier moment would be longer than was agreed. A lease is kept for others that
much longer than its holder was told, so that two machines never give one slot away twice.
"""

from dataclasses import dataclass
from typing import Final

import msgspec

from antiphon.kernel import DeviceId, GrantId, UnixMs
from antiphon.rights.availability import Plan

LEASE_MS: Final = 120_000
RENEW_MS: Final = 60_000
SKEW_MS: Final = 5_000
PLAYS_PER_DEVICE: Final = 3  # the one that ends, the one that plays, the one that is next
_NO_PLAY: Final = GrantId("")
_LIMITS: Final = {Plan.INDIVIDUAL: 1, Plan.FAMILY: 6}


class Lease(msgspec.Struct, frozen=True, array_like=True):
    """One play on one device, until when, and the number under which it was given."""

    device_id: DeviceId
    play_id: GrantId
    expires_at: UnixMs
    fence: int


class Slots(msgspec.Struct, frozen=True, array_like=True):
    """A household's leases in the order in which they were given or renewed."""

    seen: int = 0
    fence: int = 0
    leases: tuple[Lease, ...] = ()

    def lease(self, device_id: DeviceId, play_id: GrantId, now: int) -> Lease | None:
        """Return a play's lease where it lives."""
        for lease in self.leases:
            if lease.device_id == device_id and lease.play_id == play_id:
                return lease if now < lease.expires_at else None
        return None

    def devices(self, now: int) -> tuple[DeviceId, ...]:
        """Return the devices that hold a slot, the one that has held its longest first."""
        held = sorted((x.fence, x.device_id) for x in self.leases if _holds(x, now))
        return tuple(dict.fromkeys(device for _, device in held))


@dataclass(frozen=True, slots=True)
class Taken:
    """No slot is free: these devices hold them."""

    devices: tuple[DeviceId, ...]


def limit_of(plan: Plan) -> int:
    """Return how many devices of a household may stream at once."""
    return _LIMITS[plan]


def moment(slots: Slots, now: UnixMs) -> UnixMs | None:
    """Return what time it is for these slots; None where the clock has gone back."""
    return None if now < slots.seen - SKEW_MS else UnixMs(max(now, slots.seen))


def acquired(
    slots: Slots, device_id: DeviceId, play_id: GrantId, limit: int, now: UnixMs
) -> Slots | Taken:
    """Return the slots with a lease for a play, or who is in the way."""
    others = tuple(d for d in slots.devices(now) if d != device_id)
    if len(others) >= limit:
        return Taken(others)
    lease = Lease(device_id, play_id, UnixMs(now + LEASE_MS), slots.fence + 1)
    return Slots(now, lease.fence, (*_without(slots, lease, now), lease))


def renewed(
    slots: Slots, device_id: DeviceId, play_id: GrantId, limit: int, now: UnixMs
) -> Slots | Taken | None:
    """Return the slots with a living lease made longer; None where it does not live any more."""
    lease = slots.lease(device_id, play_id, now)
    if lease is None:
        return None
    devices = slots.devices(now)
    if device_id not in devices[:limit]:  # the household has changed to a smaller plan
        return Taken(devices[:limit])
    longer = msgspec.structs.replace(lease, expires_at=UnixMs(now + LEASE_MS))
    return Slots(now, slots.fence, (*_without(slots, longer, now), longer))


def released(slots: Slots, device_id: DeviceId, play_id: GrantId, now: UnixMs) -> Slots:
    """Return the slots without a play's lease."""
    kept = (x for x in slots.leases if (x.device_id, x.play_id) != (device_id, play_id))
    return Slots(now, slots.fence, tuple(x for x in kept if _holds(x, now)))


def _holds(lease: Lease, now: int) -> bool:
    return now < lease.expires_at + SKEW_MS


def _without(slots: Slots, lease: Lease, now: int) -> tuple[Lease, ...]:
    """Return the leases that stay beside ``lease``: of its device, the latest few.

    Those pushed out cannot be renewed, but whoever has one may play until it ends: together they
    hold the device's slot until then, as a lease of no play.
    """
    stay = [x for x in slots.leases if _holds(x, now) and not _same(x, lease)]
    own = [x for x in stay if x.device_id == lease.device_id and x.play_id]
    pushed_out = own[: max(0, len(own) + 1 - PLAYS_PER_DEVICE)]
    if not pushed_out:
        return tuple(stay)
    ghosts = [*pushed_out, *(x for x in stay if x.device_id == lease.device_id and not x.play_id)]
    ends, fence = max(x.expires_at for x in ghosts), min(x.fence for x in ghosts)
    rest = (x for x in stay if x not in ghosts)
    return (Lease(lease.device_id, _NO_PLAY, ends, fence), *rest)


def _same(one: Lease, other: Lease) -> bool:
    return one.device_id == other.device_id and one.play_id == other.play_id
