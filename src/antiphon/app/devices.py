"""What rights ask of identity about devices."""

from collections.abc import Mapping, Sequence

from antiphon.identity import Identity
from antiphon.kernel import DeviceId, HouseholdId


class KnownDevices:
    """Which devices were signed out, and what the others are called."""

    def __init__(self, identity: Identity) -> None:
        self._identity = identity

    def is_revoked(self, device_id: DeviceId) -> bool:
        """Say whether a device was signed out, from memory that is a second old."""
        return self._identity.is_revoked(device_id)

    async def device_names(
        self, household: HouseholdId, device_ids: Sequence[DeviceId]
    ) -> Mapping[DeviceId, str]:
        """Return the names of a household's devices."""
        return await self._identity.device_names(household, device_ids)
