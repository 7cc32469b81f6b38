"""What came in for a month and how it is shared, as the operator has written it down.

Table ``rights_money``: the key is the month (``2026-11``), cell ``r/v`` what was said last.
"""

from typing import Annotated, Final

import msgspec
from msgspec import Meta

from antiphon.rights.accounting.model import Period
from antiphon.rights.accounting.statements import Pool, Rate, Terms
from antiphon.storage import SetCell, Tables

MONEY: Final = "rights_money"
_F: Final = "r"
_V: Final = "v"

_Currency = Annotated[str, Meta(pattern="^[A-Z]{3}$")]
_Name = Annotated[str, Meta(max_length=200)]


class Money(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A month's money: an ISO 4217 currency, who states it, what came in, who has a rate."""

    currency: _Currency = "EUR"
    sender_id: _Name = ""
    sender_name: _Name = "Antiphon"
    pools: Annotated[tuple[Pool, ...], Meta(max_length=10_000)] = ()
    rates: Annotated[tuple[Rate, ...], Meta(max_length=10_000)] = ()

    @property
    def terms(self) -> Terms:
        """Return what statements are drawn up by."""
        return Terms(self.currency, self.pools, self.rates)


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Money).decode


class MoneyBook:
    """Reads and writes months' money."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    async def read(self, period: Period) -> Money | None:
        """Return a month's money, or None where nothing was said of it."""
        row = await self._tables.read(MONEY, str(period).encode())
        raw = row.value(_F, _V) if row else None
        return _decode(raw) if raw else None

    async def write(self, period: Period, money: Money) -> None:
        """Replace a month's money. ``Invalid`` for what no statement can be drawn up by."""
        money.terms.check()
        await self._tables.mutate(MONEY, str(period).encode(), [SetCell(_F, _V, _encode(money))])
