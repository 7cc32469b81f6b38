"""Rungs taken off offer and put back, under the hands of workers and of streams."""

from collections.abc import Callable, Sequence
from typing import Final

from antiphon.audio.model import Rung
from antiphon.audio.store import (
    COMPLETE,
    DEPARTING,
    HEAD,
    REDUCED,
    RUNGS,
    TABLE,
    VERSION,
    StoredDeparting,
    decode_departing,
    encode_departing,
    new_version,
    prefix_of,
    reduced_of,
)
from antiphon.kernel import RecordingId, UnixMs
from antiphon.storage import Condition, DeleteCell, Mutation, Row, SetCell, Tables

_MOST_TRIES: Final = 16


class PackageReducer:
    """Changes packages as they are, never as they were: each step is one compare-and-set."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    async def retire(self, recording_id: RecordingId, rungs: Sequence[Rung], now: UnixMs) -> int:
        """Offer these rungs no more; they are still sent. Return how many those were."""

        def change(row: Row) -> list[Mutation]:
            cells = row.columns(RUNGS)
            taken = [rung for rung in rungs if rung in cells]
            changes: list[Mutation] = []
            for rung in taken:
                value, made_at = cells[rung].value, UnixMs(cells[rung].written_at)
                kept = encode_departing(StoredDeparting(rung, now, made_at, value))
                changes += [
                    SetCell(DEPARTING, prefix_of(value), kept),
                    DeleteCell(RUNGS, rung),
                ]
            if taken:
                told = ",".join(sorted({*reduced_of(row), *taken})).encode()
                changes += [SetCell(HEAD, REDUCED, told), DeleteCell(HEAD, COMPLETE)]
            return changes

        return _count(DEPARTING, await self._change(recording_id, change))

    async def put_back(self, recording_id: RecordingId) -> bool:
        """Offer again what departs, as far as it is missing; return whether that is all."""
        whole = False

        def change(row: Row) -> list[Mutation]:
            nonlocal whole
            offered = set(row.columns(RUNGS))
            changes: list[Mutation] = []
            for prefix, cell in row.columns(DEPARTING).items():
                stored = decode_departing(cell.value)
                if stored.rung in reduced_of(row) and stored.rung not in offered:
                    offered.add(stored.rung)
                    changes += [
                        SetCell(RUNGS, stored.rung, stored.rendition),
                        DeleteCell(DEPARTING, prefix),
                    ]
            whole = offered.issuperset(reduced_of(row))
            if whole and reduced_of(row):
                changes += [SetCell(HEAD, COMPLETE, b"1"), DeleteCell(HEAD, REDUCED)]
            return changes

        await self._change(recording_id, change)
        return whole

    async def drop(self, recording_id: RecordingId, before: UnixMs) -> int:
        """Forget what departs since before then, so that nothing names it; return how many."""

        def change(row: Row) -> list[Mutation]:
            return [
                DeleteCell(DEPARTING, prefix)
                for prefix, cell in row.columns(DEPARTING).items()
                if decode_departing(cell.value).since < before
            ]

        return _count(DEPARTING, await self._change(recording_id, change))

    async def _change(
        self, recording_id: RecordingId, change: Callable[[Row], list[Mutation]]
    ) -> list[Mutation]:
        """Make a change of the row as it is; return what was done, nothing if all was as wanted."""
        key = recording_id.encode()
        for _ in range(_MOST_TRIES):
            row = await self._tables.read(TABLE, key)
            changes = [] if row is None else change(row)
            if row is None or not changes:
                return []
            as_read = Condition(HEAD, VERSION, row.value(HEAD, VERSION))
            then = [*changes, new_version()]
            if await self._tables.check_and_mutate(TABLE, key, as_read, then=then):
                return changes
        return []


def _count(family: str, changes: Sequence[Mutation]) -> int:
    cells = [c for c in changes if isinstance(c, SetCell | DeleteCell) and c.family == family]
    return len(cells)
