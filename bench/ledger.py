"""The ledger: plays a second on one core, from the durable log to the durable count.

``ANTIPHON_LEDGER_PLAYS`` says how many plays, a million without it; a tenth of them is told twice,
all are shuffled. The second pass counts them again with a kill -9 for each 50,000 plays and five
zombies, who hang, are replaced, and wake up. Both passes must be exact to the play, every kill must
come before all is counted, and half of them to a process that has counted some by itself.
"""

import asyncio
import json
import os
import shutil
import tempfile
import time
from pathlib import Path
from typing import Any

from antiphon.eventlog import LmdbEventLog, open_eventlog
from antiphon.kernel import SystemClock
from antiphon.rights import Ledger, LedgerFeed, Period
from antiphon.storage import open_tables
from antiphon.testing.plays import SyntheticPlays, SyntheticSongs, count_through_kills

_PLAYS = int(os.environ.get("ANTIPHON_LEDGER_PLAYS", "1000000"))
_PLAYS_PER_KILL = 50_000
_ZOMBIES = 5
_MONTH = Period(2025, 11)


def run() -> dict[str, Any]:
    """Count without kills, then with; compare both with what was made."""
    folder = Path(tempfile.mkdtemp(prefix="antiphon-bench-"))
    try:
        made = SyntheticPlays(_PLAYS)
        asyncio.run(_tell(folder, made))
        figures = asyncio.run(_count(folder, made))
        kills = max(1, _PLAYS // _PLAYS_PER_KILL)
        ordeal = count_through_kills(
            f"lmdb:{folder}/killed",
            f"lmdb:{folder}/log",
            batch=5000,
            kills=kills,
            zombies=_ZOMBIES,
            longest=0.8,
        )
        error = asyncio.run(_error(folder / "killed", made))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    if error or figures["wrong_lines"]:
        raise AssertionError(f"the ledger is wrong in {error} and {figures['wrong_lines']} lines")
    if ordeal.interrupted < kills or ordeal.amidst * 2 < kills or ordeal.fenced < _ZOMBIES:
        raise AssertionError(f"{ordeal} of {kills} kills and {_ZOMBIES} zombies proves too little")
    told = {
        "kills": kills,
        "kills_amidst": ordeal.amidst,
        "zombies_fenced": ordeal.fenced,
        "wrong_killed": error,
    }
    return {
        "name": "ledger",
        "figures": {**figures, **told},
        "targets": {"plays_per_s": ">= 20000", "wrong_lines": "0"},
    }


async def _tell(folder: Path, made: SyntheticPlays) -> None:
    log = open_eventlog(f"lmdb:{folder}/log")
    for batch in made.batches():
        await log.append("plays", batch)
    await log.close()


async def _count(folder: Path, made: SyntheticPlays) -> dict[str, float]:
    log, tables = open_eventlog(f"lmdb:{folder}/log"), open_tables(f"lmdb:{folder}/whole")
    feed = LedgerFeed(log, Ledger(tables, SystemClock(), SyntheticSongs()))
    begin, cpu = time.perf_counter(), time.process_time()
    async with log.subscribe("plays", group="ledger") as subscription:
        while await feed.step(subscription, wait=0):
            pass
    took, burnt = time.perf_counter() - begin, time.process_time() - cpu
    await _rewound(log)
    await tables.close()
    return {
        "plays": made.expected.total(),
        "tellings": made.told,
        "plays_per_s": round(made.expected.total() / took),
        "tellings_per_s": round(made.told / took),
        "plays_per_cpu_s": round(made.expected.total() / burnt),
        "tellings_per_cpu_s": round(made.told / burnt),
        "wrong_lines": await _error(folder / "whole", made),
    }


async def _rewound(log: LmdbEventLog) -> None:
    await log.rewind("plays", group="ledger")
    await log.close()


async def _error(folder: Path, made: SyntheticPlays) -> int:
    """Return in how many lines the ledger differs from what was made."""
    tables = open_tables(f"lmdb:{folder}")
    lines = await Ledger(tables, SystemClock(), SyntheticSongs()).usage(_MONTH)
    await tables.close()
    found = {line.usage: line.plays for line in lines}
    expected = dict(made.expected)
    return sum(found.get(u) != expected.get(u) for u in found.keys() | expected.keys())


def main() -> None:
    print(json.dumps(run(), indent=2))


if __name__ == "__main__":
    main()
