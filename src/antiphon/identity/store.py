"""Rows of identity.

``accounts``: ``a/{account}`` an account, ``n/{username}`` a claim on a name, ``h`` the household.
``devices``: ``{account}/{device}``, one row for a sign-in and its family of refresh tokens.
``revocations``: ``{device}``, kept until every access token of that device has expired.
``epochs``: ``{account}``, the epoch that its access tokens must have, kept likewise.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

import msgspec

from antiphon.eventlog import Outbox
from antiphon.identity.events import TOPIC
from antiphon.identity.model import Account, Device
from antiphon.kernel import AccountId, DeviceId, Event, HouseholdId, UnixMs
from antiphon.storage import Condition, DeleteRow, SetCell, Tables, prefix_range

_ACCOUNTS = "accounts"
_DEVICES = "devices"
_REVOCATIONS = "revocations"
_EPOCHS = "epochs"
_PAGE = 5000
_FAMILY = "i"
_HOUSEHOLD = b"h"

_encode = msgspec.msgpack.Encoder().encode
_account = msgspec.msgpack.Decoder(Account).decode
_device = msgspec.msgpack.Decoder(Device).decode


class IdentityStore:
    """The only queries that identity makes."""

    def __init__(self, tables: Tables, outbox: Outbox) -> None:
        self._tables = tables
        self._outbox = outbox

    async def household(self) -> tuple[HouseholdId, AccountId] | None:
        """Return the household and its owner, or None before the first run is done."""
        row = await self._tables.read(_ACCOUNTS, _HOUSEHOLD)
        raw = None if row is None else row.value(_FAMILY, "")
        if raw is None:
            return None
        household, owner = raw.decode().split("/")
        return HouseholdId(household), AccountId(owner)

    async def found(self, account: Account) -> bool:
        """Make ``account`` the owner of a new household; False where there is one already."""
        value = f"{account.household_id}/{account.id}".encode()
        return await self._tables.check_and_mutate(
            _ACCOUNTS, _HOUSEHOLD, Condition(_FAMILY, "", None), then=[SetCell(_FAMILY, "", value)]
        )

    async def claim_name(self, account: Account) -> bool:
        """Take the user name for this account; False where another has it."""
        return await self._tables.check_and_mutate(
            _ACCOUNTS,
            _name_key(account.username),
            Condition(_FAMILY, "", None),
            then=[SetCell(_FAMILY, "", account.id.encode())],
        )

    async def put_account(self, account: Account) -> None:
        """Write an account."""
        await self._tables.mutate(
            _ACCOUNTS, _account_key(account.id), [SetCell(_FAMILY, "", _encode(account))]
        )

    async def update_account(
        self, account_id: AccountId, change: Callable[[Account], Account]
    ) -> Account | None:
        """Change an account; nobody's change is lost to another's. None where there is none.

        ``change`` may be called more than once. Where it raises the epoch, every process refuses
        the access tokens of before within seconds; after a kill between, when they expire.
        """
        while True:
            row = await self._tables.read(_ACCOUNTS, _account_key(account_id))
            raw = None if row is None else row.value(_FAMILY, "")
            if raw is None:
                return None
            before = _account(raw)
            after = change(before)
            if not await self._tables.check_and_mutate(
                _ACCOUNTS,
                _account_key(account_id),
                Condition(_FAMILY, "", raw),
                then=[SetCell(_FAMILY, "", _encode(after))],
            ):
                continue
            if after.epoch != before.epoch:
                await self._raise_epoch(after)
            return after

    async def _raise_epoch(self, account: Account) -> None:
        """Tell after the change: the other way round a kill would lock the account out."""
        await self._tables.mutate(
            _EPOCHS, account.id.encode(), [SetCell(_FAMILY, "", b"%d" % account.epoch)]
        )

    async def epochs(self) -> dict[AccountId, tuple[int, UnixMs]]:
        """Return the epochs that living access tokens may be short of, and since when."""
        found: dict[AccountId, tuple[int, UnixMs]] = {}
        start = b""
        while rows := await self._tables.scan(_EPOCHS, start=start, limit=_PAGE):
            for row in rows:
                cell = row.columns(_FAMILY)[""]
                found[AccountId(row.key.decode())] = int(cell.value), UnixMs(cell.written_at)
            start = rows[-1].key + b"\0"
        return found

    async def forget_epoch(self, account_id: AccountId) -> None:
        """Forget an epoch that no living token is short of."""
        await self._tables.mutate(_EPOCHS, account_id.encode(), [DeleteRow()])

    async def account(self, account_id: AccountId) -> Account | None:
        """Return an account, or None."""
        row = await self._tables.read(_ACCOUNTS, _account_key(account_id))
        raw = None if row is None else row.value(_FAMILY, "")
        return None if raw is None else _account(raw)

    async def account_named(self, username: str) -> Account | None:
        """Return the account with this user name, or None."""
        row = await self._tables.read(_ACCOUNTS, _name_key(username))
        raw = None if row is None else row.value(_FAMILY, "")
        return None if raw is None else await self.account(AccountId(raw.decode()))

    async def accounts(self) -> list[Account]:
        """Return every account, by user name."""
        start, end = prefix_range(b"a/")
        found: list[Account] = []
        while rows := await self._tables.scan(_ACCOUNTS, start=start, end=end, limit=_PAGE):
            found += [_account(raw) for row in rows if (raw := row.value(_FAMILY, "")) is not None]
            start = rows[-1].key + b"\0"
        return sorted(found, key=lambda account: account.username)

    async def remove_account(self, account: Account, events: Sequence[Event] = ()) -> None:
        """Remove an account, telling so, then its claim on the name, which may outlive a kill."""
        key = _account_key(account.id)
        await self._outbox.write(_ACCOUNTS, key, [DeleteRow()], events, topic=TOPIC)
        await self._tables.mutate(_ACCOUNTS, _name_key(account.username), [DeleteRow()])

    async def put_device(self, device: Device) -> None:
        """Write a new sign-in."""
        await self._tables.mutate(
            _DEVICES, _device_key(device.account_id, device.id), _cells(device)
        )

    async def swap_device(self, before: Device, after: Device) -> bool:
        """Replace a sign-in's row if its current token is still the one of ``before``."""
        return await self._tables.check_and_mutate(
            _DEVICES,
            _device_key(before.account_id, before.id),
            Condition(_FAMILY, "current", before.current_hash.encode()),
            then=_cells(after),
        )

    async def device(self, account_id: AccountId, device_id: DeviceId) -> Device | None:
        """Return a sign-in, or None."""
        row = await self._tables.read(_DEVICES, _device_key(account_id, device_id))
        raw = None if row is None else row.value(_FAMILY, "")
        return None if raw is None else _device(raw)

    async def devices(self, account_id: AccountId) -> list[Device]:
        """Return an account's sign-ins, the latest seen first."""
        start, end = prefix_range(f"{account_id}/".encode())
        rows = await self._tables.scan(_DEVICES, start=start, end=end, limit=10_000)
        found = [_device(row.value(_FAMILY, "") or b"") for row in rows]
        return sorted(found, key=lambda device: -device.last_seen_at)

    async def revoke(self, account_id: AccountId, device_id: DeviceId, *, now: int) -> None:
        """End a sign-in: its access tokens first, so that a kill between leaves nothing open."""
        await self._tables.mutate(
            _REVOCATIONS, device_id.encode(), [SetCell(_FAMILY, "", str(now).encode())]
        )
        await self._tables.mutate(_DEVICES, _device_key(account_id, device_id), [DeleteRow()])

    async def revocations(self) -> dict[DeviceId, int]:
        """Return the revoked devices whose access tokens may still be about, and since when."""
        rows = await self._tables.scan(_REVOCATIONS, limit=100_000)
        return {DeviceId(row.key.decode()): int(row.value(_FAMILY, "") or b"0") for row in rows}

    async def forget_revocation(self, device_id: DeviceId) -> None:
        """Forget a revocation that no living token needs."""
        await self._tables.mutate(_REVOCATIONS, device_id.encode(), [DeleteRow()])


def rotated(device: Device, *, current_hash: str, now: UnixMs) -> Device:
    """Return the row after its current refresh token was exchanged."""
    return replace(
        device,
        previous_hash=device.current_hash,
        current_hash=current_hash,
        rotated_at=now,
        last_seen_at=now,
    )


def _cells(device: Device) -> list[SetCell]:
    return [
        SetCell(_FAMILY, "", _encode(device)),
        SetCell(_FAMILY, "current", device.current_hash.encode()),
    ]


def _account_key(account_id: AccountId) -> bytes:
    return b"a/" + account_id.encode()


def _name_key(username: str) -> bytes:
    return b"n/" + username.encode()


def _device_key(account_id: AccountId, device_id: DeviceId) -> bytes:
    return f"{account_id}/{device_id}".encode()
