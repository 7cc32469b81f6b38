"""Which account a provider's word opens: by issuer and subject, never by mail.

``openid_links``: ``s/{hash of issuer and subject}`` a link; ``a/{account}/{hash}`` its index, which
is written before and removed after, and counts only where the link says the same;
``r/{hash}/{hash of the token}`` what a removed link left: a token that the provider gets back.
"""

import hashlib
from dataclasses import dataclass
from typing import Final

import msgspec

from antiphon.kernel import AccountId, UnixMs
from antiphon.storage import Condition, DeleteRow, SetCell, Tables, prefix_range

_TABLE: Final = "openid_links"
_FAMILY: Final = "i"
_MOST: Final = 1000
_NEVER: Final = UnixMs(0)


@dataclass(frozen=True, slots=True)
class Link:
    """One person of a provider, and the account that is theirs. ``id`` follows from who it is.

    ``sealed_token`` is what the consent is given back with, where the provider gave such a token.
    """

    id: str
    account_id: AccountId
    provider: str
    issuer: str
    subject: str
    shown_as: str
    linked_at: UnixMs
    sealed_token: bytes = b""


@dataclass(frozen=True, slots=True)
class Left:
    """A token to be given back; ``key`` is its row.

    ``tries`` counts those that were begun, the first at ``first_at``; the next is at ``next_at``.
    """

    key: bytes
    link_id: str
    provider: str
    sealed_token: bytes
    tries: int = 0
    first_at: UnixMs = _NEVER
    next_at: UnixMs = _NEVER


_encode = msgspec.msgpack.Encoder().encode
_link = msgspec.msgpack.Decoder(Link).decode
_left = msgspec.msgpack.Decoder(Left).decode


def link_id(issuer: str, subject: str) -> str:
    """Return the id of a person of a provider."""
    whole = msgspec.json.encode([issuer, subject])
    return hashlib.blake2b(whole, digest_size=20, person=b"openid-link").hexdigest()


class Links:
    """The rows of linked sign-ins; one of the ways into an account."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    async def find(self, issuer: str, subject: str) -> Link | None:
        """Return whose a person of a provider is, or None."""
        return await self._get(link_id(issuer, subject))

    async def add(self, link: Link) -> bool:
        """Link; False where this person is somebody's already."""
        index = _index(link.account_id, link.id)
        await self._tables.mutate(_TABLE, index, [SetCell(_FAMILY, "", b"1")])
        return await self._tables.check_and_mutate(
            _TABLE,
            _key(link.id),
            Condition(_FAMILY, "", None),
            then=[SetCell(_FAMILY, "", _encode(link))],
        )

    async def of(self, account_id: AccountId) -> list[Link]:
        """Return the linked sign-ins of an account, the oldest first."""
        start, end = prefix_range(f"a/{account_id}/".encode())
        rows = await self._tables.scan(_TABLE, start=start, end=end, limit=_MOST)
        found = [await self._get(row.key.rsplit(b"/", 1)[1].decode()) for row in rows]
        mine = [link for link in found if link is not None and link.account_id == account_id]
        return sorted(mine, key=lambda link: link.linked_at)

    async def ways_of(self, account_id: AccountId) -> int:
        """Return how many there are, for who removes another way in."""
        return len(await self.of(account_id))

    async def replace(self, before: Link, after: Link) -> bool:
        """Change a link; False where it is another's, or changed, by now."""
        raw = await self._raw(before.id)
        if raw is None or _link(raw) != before:
            return False
        return await self._swapped(before.id, raw, SetCell(_FAMILY, "", _encode(after)))

    async def remove(self, link: Link, *, gives_back: bool = False) -> None:
        """Unlink, if it still is this account's; with ``gives_back`` its token is left to revoke.

        What is left is written first: a kill between them has a token revoked whose link lives,
        and the next sign-in brings another one.
        """
        while (raw := await self._raw(link.id)) is not None:
            found = _link(raw)
            if found.account_id != link.account_id:
                break
            if gives_back and found.sealed_token:
                await self._leave(found)
            if await self._swapped(link.id, raw, DeleteRow()):
                break
        await self._tables.mutate(_TABLE, _index(link.account_id, link.id), [DeleteRow()])

    async def forget(self, account_id: AccountId) -> None:
        """Unlink whatever an account that goes has; tokens are left to be revoked."""
        for link in await self.of(account_id):
            await self.remove(link, gives_back=True)

    async def left(self) -> list[Left]:
        """Return what removed links have left, at most a thousand."""
        start, end = prefix_range(b"r/")
        rows = await self._tables.scan(_TABLE, start=start, end=end, limit=_MOST)
        return [_left(raw) for row in rows if (raw := row.value(_FAMILY, "")) is not None]

    async def take_left(self, before: Left, after: Left) -> bool:
        """Note a try; False where another process was first."""
        return await self._tables.check_and_mutate(
            _TABLE,
            before.key,
            Condition(_FAMILY, "", _encode(before)),
            then=[SetCell(_FAMILY, "", _encode(after))],
        )

    async def forget_left(self, left: Left) -> None:
        """Forget what is settled."""
        await self._tables.mutate(_TABLE, left.key, [DeleteRow()])

    async def _leave(self, link: Link) -> None:
        # One token leaves one row, however often its removal is tried.
        digest = hashlib.blake2b(link.sealed_token, digest_size=12).hexdigest()
        key = f"r/{link.id}/{digest}".encode()
        left = Left(key, link.id, link.provider, link.sealed_token)
        await self._tables.mutate(_TABLE, key, [SetCell(_FAMILY, "", _encode(left))])

    async def _raw(self, wanted: str) -> bytes | None:
        row = await self._tables.read(_TABLE, _key(wanted))
        return None if row is None else row.value(_FAMILY, "")

    async def _swapped(self, wanted: str, raw: bytes, change: SetCell | DeleteRow) -> bool:
        return await self._tables.check_and_mutate(
            _TABLE, _key(wanted), Condition(_FAMILY, "", raw), then=[change]
        )

    async def _get(self, wanted: str) -> Link | None:
        raw = await self._raw(wanted)
        return None if raw is None else _link(raw)


def _key(wanted: str) -> bytes:
    return b"s/" + wanted.encode()


def _index(account_id: AccountId, wanted: str) -> bytes:
    return f"a/{account_id}/{wanted}".encode()
