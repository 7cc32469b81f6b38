"""Synthetic plays with duplicates, reordering and short ones, and a consumer that can be killed."""

import asyncio
import random
import signal
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import Connection

from antiphon.charts import ChartsFeed, PlayCounts
from antiphon.eventlog import OperatedLog, open_eventlog
from antiphon.kernel import Conflict, Envelope, SystemClock, UnixMs
from antiphon.rights import Ledger, LedgerFeed, Place, SongTerms, Usage
from antiphon.storage import open_tables
from antiphon.testing.children import Told, child

BEGIN = 1_762_000_000_000  # in November 2025
_SONGS = 2000
_DAYS = 20
_CHUNK = 20_000
_TERRITORIES = ("DE", "FR", "JP")
_TIERS = ("subscription", "advertising")
_DUPLICATE_SHARE = 0.1
_SHORT_SHARE = 0.05
_SLEEPS_IN = 2
_AWAKE = signal.SIGUSR1
_LEASE_SECONDS = 0.4
Consume = Callable[[Connection, str, str, int], None]


class SyntheticSongs:
    """Seven holders share the songs."""

    async def terms_of(self, song_ids: Sequence[str]) -> Sequence[SongTerms]:
        """Return the holder that a song's name implies."""
        return [SongTerms(f"holder-{int(song_id[1:]) % 7}") for song_id in song_ids]


@dataclass(slots=True)
class SyntheticPlays:
    """``count`` grants, told at least once each; ``expected`` fills while they are made."""

    count: int
    seed: int = 1
    expected: Counter[Usage] = field(default_factory=Counter)
    told: int = 0

    def batches(self) -> Iterator[list[Envelope]]:
        """Return the tellings as they would reach the log: shuffled, a tenth of them again."""
        chance = random.Random(self.seed)  # noqa: S311 - no secrets
        again: list[Envelope] = []
        for first in range(0, self.count, _CHUNK):
            made = [self._made(n, chance) for n in range(first, min(first + _CHUNK, self.count))]
            repeats = [e for e in made if chance.random() < _DUPLICATE_SHARE]
            batch = made + again + repeats[::2]
            again = repeats[1::2]  # these come a batch later
            chance.shuffle(batch)
            self.told += len(batch)
            yield batch
        self.told += len(again)
        yield again

    def _made(self, number: int, chance: random.Random) -> Envelope:
        issued = BEGIN + number * (_DAYS * 86_400_000) // self.count
        song = f"s{min(int(chance.paretovariate(0.6)), _SONGS)}"
        territory, tier = chance.choice(_TERRITORIES), chance.choice(_TIERS)
        is_short = chance.random() < _SHORT_SHARE
        heard = 29_999 if is_short else 30_000 + chance.randrange(200_000)
        if not is_short:
            holder = f"holder-{int(song[1:]) % 7}"
            self.expected[Usage(holder, song, territory, tier, "on-demand-stream")] += 1
        payload = (
            f'{{"grant_id":"g{number}","listener_id":"l{number % 1000}","device_id":"d",'
            f'"song_id":"{song}","position_ms":{heard},"at_ms":{issued + heard},'
            f'"heard_ms":{heard},"reason":"ended","issued_at":{issued},'
            f'"territory":"{territory}","tier":"{tier}","use":"on-demand-stream"}}'
        )
        told_at = UnixMs(issued + heard + chance.randrange(60_000))
        return Envelope(
            f"e{number}", "streaming.play_ended", 1, f"l{number}", told_at, payload.encode()
        )


def _sleep(told: Told) -> None:
    """Hang, on purpose, and the event loop with it, until this process is sent ``_AWAKE``."""
    told("asleep")
    signal.sigwait({_AWAKE})


class _Sleepy(Ledger):
    """A ledger whose process hangs before its second batch, as in a long pause of the machine."""

    batches = 0
    told: Told

    async def apply(self, places: Sequence[Place]) -> int:
        """Hang in the second batch, then go on as if nothing had been."""
        self.batches += 1
        if self.batches == _SLEEPS_IN:
            _sleep(self.told)
        return await super().apply(places)


def count_plays(
    connection: Connection, tables_url: str, log_url: str, batch: int, *, sleepy: bool = False
) -> None:
    """Feed the ledger batch by batch; tell each, and once there was nothing more.

    One that is ``sleepy`` becomes a zombie: others take its place, and it wakes up again.
    """

    async def run() -> None:
        feed = LedgerFeed(log, ledger, batch=batch)
        async with log.subscribe("plays", group="ledger") as subscription:
            await ledger.begin()
            await _step_by_step(lambda: feed.step(subscription, wait=0.2), log, "ledger", told)

    told = Told(connection)
    log = open_eventlog(log_url, lease_seconds=_LEASE_SECONDS)
    kind = _Sleepy if sleepy else Ledger
    ledger = kind(open_tables(tables_url), SystemClock(), SyntheticSongs())
    if isinstance(ledger, _Sleepy):
        ledger.told = told
    asyncio.run(run())


async def _step_by_step(
    step: Callable[[], Awaitable[int]], log: OperatedLog, group: str, told: Told
) -> None:
    """Tell each batch until fenced out; ``done`` only where the group has nothing left to read.

    ``waiting`` where it has, but a killed consumer's lease has not run out yet.
    """
    told("begun")
    while True:
        try:
            records = await step()
        except Conflict:
            told("fenced")
            return
        if records:
            told(records)
            continue
        told("waiting" if await log.lag("plays", group=group) else "done")
        await asyncio.sleep(0.05)


def count_sleepily(connection: Connection, tables_url: str, log_url: str, batch: int) -> None:
    """Be a zombie."""
    signal.pthread_sigmask(signal.SIG_BLOCK, {_AWAKE})  # of the threads to come as well
    count_plays(connection, tables_url, log_url, batch, sleepy=True)


class _SleepyCounts(PlayCounts):
    """The same of the counts that charts are made of."""

    batches = 0
    told: Told

    async def apply(self, places: Sequence[Place]) -> int:
        """Hang in the second batch, then go on as if nothing had been."""
        self.batches += 1
        if self.batches == _SLEEPS_IN:
            _sleep(self.told)
        return await super().apply(places)


def count_for_charts(
    connection: Connection, tables_url: str, log_url: str, batch: int, *, sleepy: bool = False
) -> None:
    """Do as ``count_plays`` does, for charts."""

    async def run() -> None:
        feed = ChartsFeed(log, counts, batch=batch)
        async with log.subscribe("plays", group="charts") as subscription:
            await counts.begin()
            await _step_by_step(lambda: feed.step(subscription, wait=0.2), log, "charts", told)

    told = Told(connection)
    log = open_eventlog(log_url, lease_seconds=_LEASE_SECONDS)
    kind = _SleepyCounts if sleepy else PlayCounts
    counts = kind(open_tables(tables_url), SyntheticSongs())
    if isinstance(counts, _SleepyCounts):
        counts.told = told
    asyncio.run(run())


def count_for_charts_sleepily(
    connection: Connection, tables_url: str, log_url: str, batch: int
) -> None:
    """Be a zombie."""
    signal.pthread_sigmask(signal.SIG_BLOCK, {_AWAKE})
    count_for_charts(connection, tables_url, log_url, batch, sleepy=True)


@dataclass(frozen=True, slots=True)
class Ordeal:
    """What consumers have been through.

    ``fenced``: zombies that were kept out. ``interrupted``: kills that came before everything was
    counted. ``amidst``: those of them that had counted some by themselves.
    """

    fenced: int
    interrupted: int
    amidst: int


def count_through_kills(  # noqa: PLR0913 - the knobs of a test
    tables_url: str,
    log_url: str,
    *,
    batch: int,
    kills: int,
    zombies: int,
    longest: float,
    consume: Consume = count_plays,
    sleep_in_it: Consume = count_sleepily,
) -> Ordeal:
    """Count what the log holds with consumers that are killed; return what that came to.

    Each is killed at a random moment up to ``longest`` seconds after it began. Zombies come first.
    """
    chance = random.Random(kills)  # noqa: S311 - no secrets
    arguments = (tables_url, log_url, batch)
    fenced = sum(_fenced(consume, sleep_in_it, arguments) for _ in range(zombies))
    interrupted = amidst = 0
    for _ in range(kills):
        with child(consume, *arguments) as consumer:
            facts = consumer.facts_until_killed(after=chance.random() * longest)
        is_interrupted = ["done"] not in facts
        interrupted += is_interrupted
        amidst += is_interrupted and any(isinstance(fact[0], int) for fact in facts)
    with child(consume, *arguments) as consumer:
        consumer.await_fact(lambda fact: fact == ["done"], seconds=120)
    return Ordeal(fenced, interrupted, amidst)


def _fenced(consume: Consume, sleep_in_it: Consume, arguments: tuple[str, str, int]) -> bool:
    """Let one fall asleep and another take over; say whether the first was fenced out."""
    with child(sleep_in_it, *arguments) as zombie:
        zombie.await_fact(lambda fact: fact == ["asleep"])
        with child(consume, *arguments) as other:
            other.await_fact(lambda fact: isinstance(fact[0], int))
            zombie.send_signal(_AWAKE)
            facts = zombie.facts_until_end()
    return ["fenced"] in facts
