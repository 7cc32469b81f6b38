"""Rows of households and invitations.

``households``: ``{household}`` its name; the founding one may have none.
``invitations``: ``{invitation}``, gone as soon as somebody takes it.
"""

import msgspec

from antiphon.identity.model import Household, Invitation
from antiphon.kernel import HouseholdId
from antiphon.storage import Condition, DeleteRow, SetCell, Tables

_HOUSEHOLDS = "households"
_INVITATIONS = "invitations"
_FAMILY = "i"
_PAGE = 5000

_encode = msgspec.msgpack.Encoder().encode
_household = msgspec.msgpack.Decoder(Household).decode
_invitation = msgspec.msgpack.Decoder(Invitation).decode


class HouseholdStore:
    """The queries of households and invitations."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    async def put(self, household: Household) -> None:
        """Write a household."""
        cell = SetCell(_FAMILY, "", _encode(household))
        await self._tables.mutate(_HOUSEHOLDS, household.id.encode(), [cell])

    async def household(self, household_id: HouseholdId) -> Household | None:
        """Return a household that has a row, or None."""
        row = await self._tables.read(_HOUSEHOLDS, household_id.encode())
        raw = None if row is None else row.value(_FAMILY, "")
        return None if raw is None else _household(raw)

    async def households(self) -> list[Household]:
        """Return the households that have a row."""
        return [_household(raw) for raw in await self._all(_HOUSEHOLDS)]

    async def remove(self, household_id: HouseholdId) -> None:
        """Remove a household's row."""
        await self._tables.mutate(_HOUSEHOLDS, household_id.encode(), [DeleteRow()])

    async def invite(self, invitation: Invitation) -> None:
        """Write an invitation."""
        cell = SetCell(_FAMILY, "", _encode(invitation))
        await self._tables.mutate(_INVITATIONS, invitation.id.encode(), [cell])

    async def invitation(self, invitation_id: str) -> Invitation | None:
        """Return an invitation that nobody has taken, or None."""
        row = await self._tables.read(_INVITATIONS, invitation_id.encode())
        raw = None if row is None else row.value(_FAMILY, "")
        return None if raw is None else _invitation(raw)

    async def invitations(self) -> list[Invitation]:
        """Return all invitations that nobody has taken, the newest first."""
        found = [_invitation(raw) for raw in await self._all(_INVITATIONS)]
        return sorted(found, key=lambda invitation: -invitation.created_at)

    async def take(self, invitation: Invitation) -> bool:
        """Use an invitation up; exactly one of many callers gets True."""
        return await self._tables.check_and_mutate(
            _INVITATIONS,
            invitation.id.encode(),
            Condition(_FAMILY, "", _encode(invitation)),
            then=[DeleteRow()],
        )

    async def _all(self, table: str) -> list[bytes]:
        found: list[bytes] = []
        start = b""
        while rows := await self._tables.scan(table, start=start, limit=_PAGE):
            found += [raw for row in rows if (raw := row.value(_FAMILY, "")) is not None]
            start = rows[-1].key + b"\0"
        return found
