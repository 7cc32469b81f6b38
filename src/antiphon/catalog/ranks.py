"""Ranked lists: ordered sets of ids in tables, with any page at any offset in a few reads.

A list is a head row and, when it is long, leaf rows: a B+ tree of two levels, written copy on
write. New leaves are written first; the head, which names them with their counts, is then replaced
by one check-and-mutate, so a reader sees the list before or after a change and never between, and
of two writers one tries again. Leaves that the new head no longer names are deleted by the change
after it, so that readers of the old head have time; one that came too late reads the head again.

An entry is a sort key, a NUL and a 16-character id. Adding what is there and removing what is not
are fine: the lists are idempotent projections, and their lengths are exact counts.
"""

import asyncio
import random
import secrets
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import msgspec

from antiphon.kernel import Unavailable
from antiphon.storage import Condition, DeleteRow, SetCell, Tables

HEADS = "catalog_lists"
LEAVES = "catalog_list_leaves"
_FAMILY = "l"
_HEAD = "head"
_LEAF = "entries"
_ID_BYTES = 16
_INLINE_MAX = 256  # entries that the head row itself holds
_LEAF_MAX = 768
_LEAF_FILL = 512
_TRIES = 20
_FIRST_PAUSE_SECONDS = 0.005  # before a lost change is tried again; doubles, and is cut by chance
_LONGEST_PAUSE_SECONDS = 0.64
_SHUFFLE_CACHE_BYTES = 16_000_000
_BATCH_HEADS = 1000


class Leaf(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """What a head knows of one leaf row: its key, its number of entries, its first entry."""

    key: bytes
    count: int
    first: bytes


class Head(msgspec.Struct, array_like=True, frozen=True):
    """A list's head: all entries while it is short, else its leaves in order."""

    version: int = 0
    total: int = 0
    inline: tuple[bytes, ...] = ()
    leaves: tuple[Leaf, ...] = ()
    garbage: tuple[bytes, ...] = ()


@dataclass(slots=True)
class Change:
    """Entries to put into and take out of one list."""

    add: set[bytes] = field(default_factory=set)
    remove: set[bytes] = field(default_factory=set)


_encode = msgspec.msgpack.Encoder().encode
_decode_head = msgspec.msgpack.Decoder(Head).decode
_decode_leaf = msgspec.msgpack.Decoder(list[bytes]).decode


def entry(key: bytes, item_id: str) -> bytes:
    """Return the entry that stands for an item at a sort key."""
    return key + b"\0" + item_id.encode()


class RankedLists:
    """All ranked lists of one catalogue."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self._shuffles: OrderedDict[str, tuple[int, bytes]] = OrderedDict()

    async def page(
        self, name: str, *, offset: int, limit: int, descending: bool = False
    ) -> tuple[list[str], int]:
        """Return up to ``limit`` ids from ``offset`` on, and the length of the list."""
        for _ in range(_TRIES):
            head = await self._head(name)
            low, high = _window(head.total, offset, limit, descending=descending)
            entries = await self._slice(head, low, high)
            if entries is not None:
                ids = [e[-_ID_BYTES:].decode() for e in entries]
                return (ids[::-1] if descending else ids), head.total
        raise _changing(name)

    async def shuffled(
        self, name: str, *, seed: int, offset: int, limit: int
    ) -> tuple[list[str], int]:
        """Return a page of the list in the random order of ``seed``; see ``shuffle``."""
        from antiphon.catalog.shuffle import shuffled_page  # noqa: PLC0415 - NumPy only if asked

        ids = await self._all_ids(name)
        page = shuffled_page(ids, seed=seed, offset=offset, limit=limit)
        return page, len(ids) // _ID_BYTES

    async def everything(self, names: Sequence[str]) -> list[list[str]]:
        """Return all ids of many lists, in order."""
        heads = await self._heads(names)
        every: list[list[str]] = []
        for name, head in zip(names, heads, strict=True):
            if head.leaves:
                every.append((await self.page(name, offset=0, limit=head.total))[0])
            else:
                every.append([e[-_ID_BYTES:].decode() for e in head.inline])
        return every

    async def totals(self, names: Sequence[str]) -> list[int]:
        """Return the lengths of many lists."""
        return [head.total for head in await self._heads(names)]

    async def firsts(self, names: Sequence[str]) -> list[str | None]:
        """Return the first id of many lists; None where a list is empty."""
        heads = await self._heads(names)
        firsts = (
            h.inline[0] if h.inline else h.leaves[0].first if h.leaves else None for h in heads
        )
        return [None if f is None else f[-_ID_BYTES:].decode() for f in firsts]

    async def apply(self, changes: Mapping[str, Change]) -> None:
        """Apply all changes; each list atomically, the lists not together."""
        names = sorted(changes)
        for start in range(0, len(names), _BATCH_HEADS):
            some = names[start : start + _BATCH_HEADS]
            heads = await self._heads(some)
            pairs = zip(some, heads, strict=True)
            await asyncio.gather(*(self._change(n, h, changes[n]) for n, h in pairs))

    async def _change(self, name: str, head: Head, change: Change) -> None:
        for lost in range(_TRIES):
            after = await self._after(name, head, change)
            if after is None or await self._publish(name, head, after):
                return
            most = min(_FIRST_PAUSE_SECONDS * 2**lost, _LONGEST_PAUSE_SECONDS)
            pause = random.uniform(0, most)  # noqa: S311 - no secret
            await asyncio.sleep(pause)
            head = await self._head(name)
        raise _changing(name)

    async def _after(self, name: str, head: Head, change: Change) -> Head | None:
        """Return the head after the change, its new leaves written; None where nothing changes."""
        if not head.leaves:
            entries = sorted((set(head.inline) - change.remove) | change.add)
            if tuple(entries) == head.inline:
                return None
            return await self._rebuilt(name, head, entries)
        return await self._with_leaves(name, head, change)

    async def _rebuilt(self, name: str, head: Head, entries: list[bytes]) -> Head:
        if len(entries) <= _INLINE_MAX:
            gone = tuple(leaf.key for leaf in head.leaves)
            return Head(head.version + 1, len(entries), tuple(entries), (), gone)
        leaves = await self._write_leaves(name, head, _cut(entries))
        return Head(head.version + 1, len(entries), (), tuple(leaves))

    async def _with_leaves(self, name: str, head: Head, change: Change) -> Head | None:
        touched = _by_leaf(head.leaves, change)
        before = await self._read_leaves([head.leaves[i] for i in touched])
        if before is None:
            return head  # publishing over a head that has moved on fails, and is tried again
        kept: dict[int, list[list[bytes]]] = {}
        for index, old in zip(touched, before, strict=True):
            add, remove = touched[index]
            new = sorted((set(old) - remove) | add)
            if new != old:
                kept[index] = _cut(new)
        if not kept:
            return None
        return await self._replaced(name, head, kept)

    async def _replaced(self, name: str, head: Head, parts: dict[int, list[list[bytes]]]) -> Head:
        total = head.total + sum(
            sum(map(len, part)) - head.leaves[i].count for i, part in parts.items()
        )
        if total <= _INLINE_MAX // 2:
            return await self._collapsed(name, head, parts)
        written = iter(
            await self._write_leaves(name, head, [p for i in sorted(parts) for p in parts[i]])
        )
        leaves: list[Leaf] = []
        for index, leaf in enumerate(head.leaves):
            if index in parts:
                leaves += [next(written) for _ in parts[index]]
            else:
                leaves.append(leaf)
        gone = tuple(head.leaves[i].key for i in parts)
        return Head(head.version + 1, total, (), tuple(leaves), gone)

    async def _collapsed(self, name: str, head: Head, parts: dict[int, list[list[bytes]]]) -> Head:
        rest = [leaf for i, leaf in enumerate(head.leaves) if i not in parts]
        others = await self._read_leaves(rest)
        if others is None:
            return head
        changed = [e for part in parts.values() for entries in part for e in entries]
        entries = sorted(changed + [e for leaf in others for e in leaf])
        return await self._rebuilt(name, head, entries)

    async def _write_leaves(
        self, name: str, head: Head, parts: Sequence[list[bytes]]
    ) -> list[Leaf]:
        # The random part keeps two writers, and a killed writer and its successor, apart.
        stem = f"{name}\0{head.version + 1:x}-{secrets.token_hex(4)}-".encode()
        leaves = [Leaf(stem + b"%x" % i, len(p), p[0]) for i, p in enumerate(parts)]
        rows = [
            (leaf.key, [SetCell(_FAMILY, _LEAF, _encode(part))])
            for leaf, part in zip(leaves, parts, strict=True)
        ]
        await self._tables.mutate_many(LEAVES, rows)
        return leaves

    async def _publish(self, name: str, before: Head, after: Head) -> bool:
        """Replace the head if it is still ``before``, then drop what ``before`` had let go."""
        expected = _encode(before) if before.version else None
        cell = SetCell(_FAMILY, _HEAD, _encode(after))
        then = [cell] if after.total or after.garbage else [DeleteRow()]
        condition = Condition(_FAMILY, _HEAD, expected)
        if after is before or not await self._tables.check_and_mutate(
            HEADS, name.encode(), condition, then=then
        ):
            return False
        if before.garbage:
            await self._tables.mutate_many(LEAVES, [(k, [DeleteRow()]) for k in before.garbage])
        return True

    async def _slice(self, head: Head, low: int, high: int) -> list[bytes] | None:
        if not head.leaves:
            return list(head.inline[low:high])
        wanted: list[Leaf] = []
        start = skipped = 0
        for leaf in head.leaves:
            if start < high and start + leaf.count > low:
                if not wanted:
                    skipped = start
                wanted.append(leaf)
            start += leaf.count
        parts = await self._read_leaves(wanted)
        if parts is None:
            return None
        return [e for part in parts for e in part][low - skipped : high - skipped]

    async def _read_leaves(self, leaves: Sequence[Leaf]) -> list[list[bytes]] | None:
        """Return the entries of the leaves; None where one is gone, so the head is outdated."""
        rows = await self._tables.read_many(LEAVES, [leaf.key for leaf in leaves])
        parts: list[list[bytes]] = []
        for row in rows:
            raw = row.value(_FAMILY, _LEAF) if row else None
            if raw is None:
                return None
            parts.append(_decode_leaf(raw))
        return parts

    async def _all_ids(self, name: str) -> bytes:
        """Return all ids of a list, end to end."""
        for _ in range(_TRIES):
            head = await self._head(name)
            known = self._shuffles.get(name)
            if known and known[0] == head.version:
                self._shuffles.move_to_end(name)
                return known[1]
            entries = await self._slice(head, 0, head.total)
            if entries is not None:
                ids = b"".join([e[-_ID_BYTES:] for e in entries])
                self._remember(name, head.version, ids)
                return ids
        raise _changing(name)

    def _remember(self, name: str, version: int, ids: bytes) -> None:
        self._shuffles[name] = (version, ids)
        self._shuffles.move_to_end(name)
        while sum(len(i) for _, i in self._shuffles.values()) > _SHUFFLE_CACHE_BYTES:
            self._shuffles.popitem(last=False)

    async def _head(self, name: str) -> Head:
        return (await self._heads([name]))[0]

    async def _heads(self, names: Sequence[str]) -> list[Head]:
        rows = await self._tables.read_many(HEADS, [n.encode() for n in names])
        raws = (row.value(_FAMILY, _HEAD) if row else None for row in rows)
        return [_decode_head(raw) if raw else Head() for raw in raws]


def _window(total: int, offset: int, limit: int, *, descending: bool) -> tuple[int, int]:
    low, high = min(offset, total), min(offset + limit, total)
    return (total - high, total - low) if descending else (low, high)


def _cut(entries: list[bytes]) -> list[list[bytes]]:
    if len(entries) <= _LEAF_MAX:
        return [entries] if entries else []
    parts = -(-len(entries) // _LEAF_FILL)
    step = -(-len(entries) // parts)
    return [entries[i : i + step] for i in range(0, len(entries), step)]


def _by_leaf(leaves: Sequence[Leaf], change: Change) -> dict[int, tuple[set[bytes], set[bytes]]]:
    """Return additions and removals by the index of the leaf whose range they fall in."""
    firsts = [leaf.first for leaf in leaves]
    touched: dict[int, tuple[set[bytes], set[bytes]]] = {}
    for side, entries in enumerate((change.add, change.remove)):
        for item in entries:
            index = max(bisect_right(firsts, item) - 1, 0)
            touched.setdefault(index, (set(), set()))[side].add(item)
    return touched


def _changing(name: str) -> Unavailable:
    return Unavailable(f"The list {name} is changing too fast: try again.", retry_after=1)
