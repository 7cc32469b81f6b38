"""Rows of passkeys.

``passkeys``: ``{account}``, columns ``i/{passkey}`` and the counter ``v/`` of removals, so that two
removals at once cannot take the last way in. ``passkey_ids``: ``{SHA-256 of the credential id}``,
a claim that leads to account and passkey.
"""

import hashlib
from dataclasses import replace

import msgspec

from antiphon.identity.model import Passkey
from antiphon.kernel import AccountId
from antiphon.storage import Condition, DeleteCell, DeleteRow, SetCell, Tables

_PASSKEYS = "passkeys"
_IDS = "passkey_ids"
_FAMILY = "i"
_VERSION = "v"

_encode = msgspec.msgpack.Encoder().encode
_passkey = msgspec.msgpack.Decoder(Passkey).decode


class PasskeyStore:
    """The queries of passkeys."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    async def add(self, passkey: Passkey) -> bool:
        """Keep a passkey; False where its credential is known already."""
        claim = f"{passkey.account_id}/{passkey.id}".encode()
        is_new = await self._tables.check_and_mutate(
            _IDS,
            _credential_key(passkey.credential_id),
            Condition(_FAMILY, "", None),
            then=[SetCell(_FAMILY, "", claim)],
        )
        if is_new:
            cell = SetCell(_FAMILY, passkey.id, _encode(passkey))
            await self._tables.mutate(_PASSKEYS, passkey.account_id.encode(), [cell])
        return is_new

    async def of(self, account_id: AccountId) -> tuple[list[Passkey], bytes | None]:
        """Return an account's passkeys, the oldest first, and the version for a removal."""
        row = await self._tables.read(_PASSKEYS, account_id.encode())
        if row is None:
            return [], None
        found = [_passkey(cell.value) for cell in row.columns(_FAMILY).values()]
        return sorted(found, key=lambda p: (p.created_at, p.id)), row.value(_VERSION, "")

    async def with_credential(self, credential_id: bytes) -> Passkey | None:
        """Return the passkey of a credential, or None."""
        row = await self._tables.read(_IDS, _credential_key(credential_id))
        raw = None if row is None else row.value(_FAMILY, "")
        if raw is None:
            return None
        account, passkey_id = raw.decode().split("/")
        owned = await self._tables.read(_PASSKEYS, account.encode())
        cell = None if owned is None else owned.value(_FAMILY, passkey_id)
        return None if cell is None else _passkey(cell)

    async def swap(self, before: Passkey, after: Passkey) -> bool:
        """Replace a passkey, if nobody else has changed it meanwhile."""
        return await self._tables.check_and_mutate(
            _PASSKEYS,
            before.account_id.encode(),
            Condition(_FAMILY, before.id, _encode(before)),
            then=[SetCell(_FAMILY, before.id, _encode(after))],
        )

    async def rename(self, passkey: Passkey, name: str) -> bool:
        """Give a passkey another name; False where it was used or removed meanwhile."""
        return await self.swap(passkey, replace(passkey, name=name))

    async def remove(self, passkey: Passkey, version: bytes | None) -> bool:
        """Remove a passkey, if none was removed since ``version`` was read."""
        after = b"%d" % (int(version or b"0") + 1)
        gone = await self._tables.check_and_mutate(
            _PASSKEYS,
            passkey.account_id.encode(),
            Condition(_VERSION, "", version),
            then=[DeleteCell(_FAMILY, passkey.id), SetCell(_VERSION, "", after)],
        )
        if gone:
            await self._forget_id(passkey)
        return gone

    async def forget(self, account_id: AccountId) -> None:
        """Remove all passkeys of an account that is gone."""
        found, _ = await self.of(account_id)
        for passkey in found:
            await self._forget_id(passkey)
        await self._tables.mutate(_PASSKEYS, account_id.encode(), [DeleteRow()])

    async def _forget_id(self, passkey: Passkey) -> None:
        key = _credential_key(passkey.credential_id)
        await self._tables.mutate(_IDS, key, [DeleteRow()])


def _credential_key(credential_id: bytes) -> bytes:
    return hashlib.sha256(credential_id).hexdigest().encode()
