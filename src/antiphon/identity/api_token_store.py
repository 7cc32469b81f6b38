"""Rows of API tokens: ``t/{token}`` the token, ``a/{account}/{token}`` that it is that account's.

The second is written first: a kill between leaves a name that leads nowhere, and no hidden token.
"""

from dataclasses import replace

import msgspec

from antiphon.identity.model import ApiToken
from antiphon.kernel import AccountId, UnixMs
from antiphon.storage import Condition, DeleteRow, SetCell, Tables, prefix_range

_TOKENS = "api_tokens"
_FAMILY = "i"

_encode = msgspec.msgpack.Encoder().encode
_token = msgspec.msgpack.Decoder(ApiToken).decode


class ApiTokenStore:
    """The queries of API tokens."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    async def add(self, token: ApiToken) -> None:
        """Keep a new token."""
        await self._tables.mutate(_TOKENS, _mine(token), [SetCell(_FAMILY, "", b"1")])
        cell = SetCell(_FAMILY, "", _encode(token))
        await self._tables.mutate(_TOKENS, _key(token.id), [cell])

    async def token(self, token_id: str) -> ApiToken | None:
        """Return a token, or None."""
        row = await self._tables.read(_TOKENS, _key(token_id))
        raw = None if row is None else row.value(_FAMILY, "")
        return None if raw is None else _token(raw)

    async def of(self, account_id: AccountId) -> list[ApiToken]:
        """Return an account's tokens, the newest first."""
        start, end = prefix_range(f"a/{account_id}/".encode())
        rows = await self._tables.scan(_TOKENS, start=start, end=end)
        ids = [row.key.decode().rsplit("/", 1)[1] for row in rows]
        told = await self._tables.read_many(_TOKENS, [_key(i) for i in ids])
        raws = [row.value(_FAMILY, "") for row in told if row is not None]
        found = [_token(raw) for raw in raws if raw is not None]
        return sorted(found, key=lambda token: (-token.created_at, token.id))

    async def used(self, token: ApiToken, at: UnixMs) -> None:
        """Note a use, unless the token was removed meanwhile."""
        await self._tables.check_and_mutate(
            _TOKENS,
            _key(token.id),
            Condition(_FAMILY, "", _encode(token)),
            then=[SetCell(_FAMILY, "", _encode(replace(token, last_used_at=at)))],
        )

    async def remove(self, token: ApiToken) -> None:
        """Remove a token."""
        await self._tables.mutate(_TOKENS, _key(token.id), [DeleteRow()])
        await self._tables.mutate(_TOKENS, _mine(token), [DeleteRow()])

    async def forget(self, account_id: AccountId) -> list[str]:
        """Remove all tokens of an account; return their ids."""
        found = await self.of(account_id)
        for token in found:
            await self.remove(token)
        return [token.id for token in found]


def _key(token_id: str) -> bytes:
    return b"t/" + token_id.encode()


def _mine(token: ApiToken) -> bytes:
    return f"a/{token.account_id}/{token.id}".encode()
