"""The table of short beginnings: the best few items for one to three typed characters.

A row per kind and beginning holds the best ``KEEP`` items, best first. Items that are in some row
have a row of their own that names those beginnings, so that they can be taken out again.
"""

import asyncio
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from antiphon.catalog.model import ItemKind
from antiphon.catalog.search import SHORT_PREFIX, Document
from antiphon.kernel import Unavailable
from antiphon.storage import Condition, DeleteRow, SetCell, Tables

PREFIXES = "catalog_prefixes"
PREFIXED = "catalog_prefixed"
KEEP = 24
_FAMILY = "p"
_COLUMN = "best"
_STARTS_NAME = 1000.0  # the whole name begins so, not only a word in it
_MANY = 500
_TRIES = 20


class _Ranked(msgspec.Struct, array_like=True, frozen=True, order=True):
    """An item in a row; orders best first."""

    minus_score: float
    id: str


_encode = msgspec.msgpack.Encoder().encode
_decode_best = msgspec.msgpack.Decoder(list[_Ranked]).decode
_decode_keys = msgspec.msgpack.Decoder(list[bytes]).decode


class PrefixTable:
    """The best items by kind and short beginning."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    async def best(self, prefix: str, kind: ItemKind) -> list[str]:
        """Return the ids of the best items of a kind, best first."""
        row = await self._tables.read(PREFIXES, _key(kind, prefix))
        raw = row.value(_FAMILY, _COLUMN) if row else None
        return [r.id for r in _decode_best(raw)] if raw else []

    async def change(self, put: Sequence[Document], remove: Sequence[str]) -> None:
        """Put and remove documents. What stood in a row before and does not belong there goes.

        Where others change the same rows at once, it is done again on top of theirs.
        """
        for _ in range(_TRIES):
            if await self._change(put, remove):
                return
        raise Unavailable("Others keep changing the table of short beginnings: try again.")

    async def _change(self, put: Sequence[Document], remove: Sequence[str]) -> bool:
        wanted = {d.id: _ranks(d) for d in put}
        listed = await self._listed([*wanted, *remove])
        rows = await self._best_rows({k for ranks in wanted.values() for k in ranks} | _all(listed))
        before = {key: list(best) for key, best in rows.items()}
        for item_id, keys in listed.items():
            for key in keys:
                rows[key] = [r for r in rows[key] if r.id != item_id]
        for ranks in wanted.values():
            for key, ranked in ranks.items():
                _insert(rows[key], ranked)
        return await self._write(before, rows, {*wanted, *remove}, listed)

    async def _write(
        self,
        before: dict[bytes, list[_Ranked]],
        rows: dict[bytes, list[_Ranked]],
        touched: set[str],
        listed: dict[str, list[bytes]],
    ) -> bool:
        """Write what differs: first who is listed where, then the lists; False: begin again."""
        places: dict[str, list[bytes]] = {}
        for key in sorted(rows):
            for ranked in rows[key]:
                if ranked.id in touched:
                    places.setdefault(ranked.id, []).append(key)
        known = [
            (i.encode(), listed.get(i, []), sorted({*places.get(i, ()), *listed.get(i, ())}))
            for i in sorted(touched)
            if places.get(i, []) != listed.get(i, [])
        ]
        changed = [(k, before[k], best) for k, best in rows.items() if best != before[k]]
        return await self._swap(PREFIXED, known) and await self._swap(PREFIXES, changed)

    async def _swap(self, table: str, rows: Sequence[tuple[bytes, list[Any], list[Any]]]) -> bool:
        """Write rows that still hold what they held; return whether all of them did."""
        done = True
        for start in range(0, len(rows), _MANY):
            swaps = [
                self._tables.check_and_mutate(
                    table,
                    key,
                    Condition(_FAMILY, _COLUMN, _encode(was) if was else None),
                    then=_cells(is_now),
                )
                for key, was, is_now in rows[start : start + _MANY]
            ]
            done = all(await asyncio.gather(*swaps)) and done
        return done

    async def _listed(self, ids: Sequence[str]) -> dict[str, list[bytes]]:
        raws = await self._values(PREFIXED, [i.encode() for i in ids])
        return {i: _decode_keys(raw) for i, raw in zip(ids, raws, strict=True) if raw}

    async def _best_rows(self, keys: Iterable[bytes]) -> dict[bytes, list[_Ranked]]:
        every = sorted(keys)
        raws = await self._values(PREFIXES, every)
        return {k: _decode_best(raw) if raw else [] for k, raw in zip(every, raws, strict=True)}

    async def _values(self, table: str, keys: Sequence[bytes]) -> list[bytes | None]:
        values: list[bytes | None] = []
        for start in range(0, len(keys), _MANY):
            rows = await self._tables.read_many(table, keys[start : start + _MANY])
            values += [row.value(_FAMILY, _COLUMN) if row else None for row in rows]
        return values


def _key(kind: ItemKind, prefix: str) -> bytes:
    return f"{kind.value}/{prefix}".encode()


def _ranks(document: Document) -> dict[bytes, _Ranked]:
    """Return the document's rank for every short beginning of a word of its own name."""
    ranks: dict[bytes, _Ranked] = {}
    for word in document.title_words:
        for length in range(1, min(SHORT_PREFIX, len(word)) + 1):
            prefix = word[:length]
            score = document.weight + _STARTS_NAME * document.name.startswith(prefix)
            ranks[_key(document.kind, prefix)] = _Ranked(-round(score, 4), document.id)
    return ranks


def _insert(best: list[_Ranked], ranked: _Ranked) -> None:
    if len(best) >= KEEP and best[-1] < ranked:
        return
    best[:] = sorted([r for r in best if r.id != ranked.id] + [ranked])[:KEEP]


def _all(listed: dict[str, list[bytes]]) -> set[bytes]:
    return {key for keys in listed.values() for key in keys}


def _cells(value: list[Any]) -> list[SetCell | DeleteRow]:
    return [SetCell(_FAMILY, _COLUMN, _encode(value))] if value else [DeleteRow()]
