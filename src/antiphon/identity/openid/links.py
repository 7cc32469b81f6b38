"""Which account a provider's word opens: by issuer and subject, never by mail.

``openid_links``: ``s/{hash of issuer and subject}`` a link; ``a/{account}/{hash}`` its index, which
is written before and removed after, and counts only where the link says the same.
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


@dataclass(frozen=True, slots=True)
class Link:
    """One person of a provider, and the account that is theirs. ``id`` follows from who it is."""

    id: str
    account_id: AccountId
    provider: str
    issuer: str
    subject: str
    shown_as: str
    linked_at: UnixMs


_encode = msgspec.msgpack.Encoder().encode
_link = msgspec.msgpack.Decoder(Link).decode


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

    async def remove(self, link: Link) -> None:
        """Unlink, if it still is this account's."""
        await self._tables.check_and_mutate(
            _TABLE, _key(link.id), Condition(_FAMILY, "", _encode(link)), then=[DeleteRow()]
        )
        await self._tables.mutate(_TABLE, _index(link.account_id, link.id), [DeleteRow()])

    async def forget(self, account_id: AccountId) -> None:
        """Unlink whatever an account that goes has."""
        for link in await self.of(account_id):
            await self.remove(link)

    async def _get(self, wanted: str) -> Link | None:
        row = await self._tables.read(_TABLE, _key(wanted))
        raw = None if row is None else row.value(_FAMILY, "")
        return None if raw is None else _link(raw)


def _key(wanted: str) -> bytes:
    return b"s/" + wanted.encode()


def _index(account_id: AccountId, wanted: str) -> bytes:
    return f"a/{account_id}/{wanted}".encode()
