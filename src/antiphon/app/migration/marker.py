"""The mark in the target's tables: whose half-moved installation that is.

It stands in the row that every machine looks at before it serves (``app.machine``), with the
secret's mark, so that nobody else founds an installation there.
"""

import time
from typing import Final

import msgspec

from antiphon.app.machine import FAMILY, FORMAT, FORMAT_CELL, KEY, MARK_CELL, MOVING_CELL, TABLE
from antiphon.kernel import Conflict, UnixMs
from antiphon.storage import Condition, DeleteCell, SetCell, Tables

_MOVED_CELL: Final = "moved"


class Move(msgspec.Struct, frozen=True):
    """A move to these tables: from where, and when it began."""

    source: str
    begun_at: UnixMs


async def found_move(tables: Tables, mark: bytes) -> tuple[Move | None, bool]:
    """Return the move that was begun here, and whether it is done; ``Conflict`` for strangers."""
    row = await tables.read(TABLE, KEY)
    if row is None:
        return None, False
    if row.value(FAMILY, MARK_CELL) != mark:
        raise Conflict("The target's tables belong to another installation: name empty ones.")
    for cell, done in ((MOVING_CELL, False), (_MOVED_CELL, True)):
        raw = row.value(FAMILY, cell)
        if raw is not None:
            return msgspec.json.decode(raw, type=Move), done
    raise Conflict("The target's tables hold this installation already: name empty ones.")


async def begin(tables: Tables, mark: bytes, source: str) -> Move:
    """Mark the target; nothing may serve from it before ``finish``."""
    move = Move(source, UnixMs(time.time_ns() // 1_000_000))
    founding = [
        SetCell(FAMILY, MARK_CELL, mark),
        SetCell(FAMILY, FORMAT_CELL, str(FORMAT).encode()),
        SetCell(FAMILY, MOVING_CELL, msgspec.json.encode(move)),
    ]
    absent = Condition(FAMILY, MARK_CELL, None)
    if not await tables.check_and_mutate(TABLE, KEY, absent, then=founding):
        raise Conflict("Something else has begun to use the target's tables: run this again.")
    return move


async def finish(tables: Tables, move: Move) -> None:
    """Let servers serve from the target."""
    done = SetCell(FAMILY, _MOVED_CELL, msgspec.json.encode(move))
    await tables.mutate(TABLE, KEY, [done, DeleteCell(FAMILY, MOVING_CELL)])
