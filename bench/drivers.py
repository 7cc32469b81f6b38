"""What the drivers cost over the bare clients: CPU of this process, the same requests by both.

Ours is the port as an installation opens it, guard included. Bare is the client's own interface
with the same statements, in the same event loop, at the same concurrency, no thought of failure.
Both take turns, and of the rounds the cheapest counts. Engines run on loopback, their CPU does not
count. Bigtable is Google's emulator.
"""

import asyncio
import json
import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlsplit

import msgspec
import obstore
from obstore.store import S3Store

from antiphon.eventlog import open_eventlog
from antiphon.kernel import Envelope, UnixMs
from antiphon.storage import SetCell, open_cache, open_objects, open_tables
from bench.cache_levels import running

ROUNDS = 6
AT_ONCE = 16
TABLE = "bench"
VALUE = b"x" * 400
SEGMENT = bytes(200_000)
EVENTS = 2000
READ = 5 * EVENTS
MOST = 1.25
Work = Callable[[int], Awaitable[Any]]


class Pair(NamedTuple):
    """One request by us and by the bare client, how often in a round, and what it is about."""

    name: str
    ours: Work
    bare: Work
    times: int
    items: int = 1


def run() -> dict[str, Any]:
    ratios: dict[str, float] = {}
    costs: dict[str, float] = {}
    for engine, opened in ENGINES.items():
        with running(engine) as urls:
            for name, (ours, bare) in asyncio.run(measured(opened, urls[engine])).items():
                ratios[f"{engine}_{name}_over_bare"] = round(ours / bare, 3)
                costs[f"{engine}_{name}_cpu_us"] = round(ours, 1)
                costs[f"{engine}_{name}_bare_cpu_us"] = round(bare, 1)
    worst = max(ratios.values())
    return {
        "name": "drivers",
        "figures": {"worst_over_bare": worst, **ratios, **costs},
        "targets": {
            name: {"at_most": MOST, "met": ratio <= MOST} for name, ratio in ratios.items()
        },
    }


async def measured(opened: Callable[[str], Any], url: str) -> dict[str, tuple[float, float]]:
    """Return the CPU of a request in us, by us and by the bare client."""
    found = {}
    async with opened(url) as pairs:
        for pair in pairs:
            for work in (pair.ours, pair.bare):
                await cpu_us(work, pair.times // 4)  # connections are made, caches filled
            rounds = [
                (await cpu_us(pair.ours, pair.times), await cpu_us(pair.bare, pair.times))
                for _ in range(ROUNDS)
            ]
            ours, bare = min(o for o, _ in rounds), min(b for _, b in rounds)
            found[pair.name] = ours / pair.items, bare / pair.items
    return found


async def cpu_us(work: Work, times: int) -> float:
    numbers = iter(range(max(1, times)))

    async def one_after_another() -> None:
        for number in numbers:
            await work(number)

    began = time.process_time()
    await asyncio.gather(*(one_after_another() for _ in range(AT_ONCE)))
    return (time.process_time() - began) / max(1, times) * 1e6


@asynccontextmanager
async def redis(url: str) -> AsyncIterator[Sequence[Pair]]:
    from redis.asyncio import Redis

    cache, client = open_cache(url), Redis.from_url(url)
    yield [
        Pair(
            "set",
            lambda n: cache.set(f"bench:{n % 500}", VALUE, ttl=60),
            lambda n: client.set(f"bench:{n % 500}", VALUE, px=60_000),
            4000,
        ),
        Pair(
            "get",
            lambda n: cache.get(f"bench:{n % 500}"),
            lambda n: client.get(f"bench:{n % 500}"),
            4000,
        ),
    ]
    await client.aclose()
    await cache.close()


@asynccontextmanager
async def s3(url: str) -> AsyncIterator[Sequence[Pair]]:
    objects, parts = open_objects(url), urlsplit(url)
    config = {name: values[0] for name, values in parse_qs(parts.query).items()}
    store = S3Store(parts.netloc, config=config, client_options={"allow_http": True})  # type: ignore[arg-type]

    async def get(number: int) -> bytes:
        answer = await obstore.get_async(store, f"bench/{number % 50}")
        return bytes(await answer.bytes_async())

    yield [
        Pair(
            "put",
            lambda n: objects.put(f"bench/{n % 50}", SEGMENT),
            lambda n: obstore.put_async(store, f"bench/{n % 50}", SEGMENT),
            200,
        ),
        Pair("get", lambda n: objects.get(f"bench/{n % 50}"), get, 400),
    ]
    await objects.close()


@asynccontextmanager
async def bigtable(url: str) -> AsyncIterator[Sequence[Pair]]:
    from google.cloud.bigtable.data import BigtableDataClientAsync, row_filters
    from google.cloud.bigtable.data.mutations import SetCell as BareSetCell

    tables, parts = open_tables(url), urlsplit(url)
    instance, *prefix = parts.path.strip("/").split("/")
    await tables.mutate(TABLE, b"first", [SetCell("f", "c", VALUE)])
    client = BigtableDataClientAsync(project=parts.netloc)
    table = client.get_table(instance, f"{prefix[0]}-{TABLE}" if prefix else TABLE)
    latest = row_filters.CellsColumnLimitFilter(1)
    yield [
        Pair(
            "mutate",
            lambda n: tables.mutate(TABLE, key(n), [SetCell("f", "c", VALUE)]),
            lambda n: table.mutate_row(
                key(n), [BareSetCell("f", b"c", VALUE, -1)], operation_timeout=20
            ),
            800,
        ),
        Pair(
            "read",
            lambda n: tables.read(TABLE, key(n)),
            lambda n: table.read_row(key(n), row_filter=latest, operation_timeout=20),
            800,
        ),
    ]
    await client.close()
    await tables.close()


@asynccontextmanager
async def cassandra(url: str) -> AsyncIterator[Sequence[Pair]]:
    tables = open_tables(url)
    await tables.mutate(TABLE, b"first", [SetCell("f", "c", VALUE)])
    bare = await asyncio.to_thread(BareCassandra, url)
    yield [
        Pair(
            "mutate",
            lambda n: tables.mutate(TABLE, key(n), [SetCell("f", "c", VALUE)]),
            lambda n: bare.mutate(key(n), VALUE),
            800,
        ),
        Pair("read", lambda n: tables.read(TABLE, key(n)), lambda n: bare.read(key(n)), 2000),
    ]
    await asyncio.to_thread(bare.cluster.shutdown)
    await tables.close()


class BareCassandra:
    """The same statements as our driver's, by the client alone."""

    def __init__(self, url: str) -> None:
        from cassandra import ConsistencyLevel
        from cassandra.cluster import Cluster

        parts = urlsplit(url)
        self.cluster = Cluster([parts.hostname], port=parts.port, protocol_version=4)
        self.session = self.cluster.connect(parts.path.strip("/"))
        prepare = self.session.prepare
        self._read = prepare(
            "SELECT family, col, value, at, version, writer FROM rows WHERE tbl=? AND key=?"
        )
        self._read.consistency_level = ConsistencyLevel.SERIAL
        self._set = prepare(
            "INSERT INTO rows (tbl, key, family, col, value, at) VALUES (?, ?, ?, ?, ?, ?)"
        )
        self._first = prepare(
            "INSERT INTO rows (tbl, key, version, writer) VALUES (?, ?, ?, ?) IF NOT EXISTS"
        )
        self._next = prepare(
            "UPDATE rows SET version=?, writer=? WHERE tbl=? AND key=? IF version=?"
        )

    async def read(self, key: bytes) -> list[Any]:
        return await self._send(self._read.bind((TABLE, key)))

    async def mutate(self, key: bytes, value: bytes) -> list[Any]:
        """Read the version, then write on the condition that it still stands."""
        from cassandra.query import BatchStatement, BatchType

        rows = await self.read(key)
        batch, writer = BatchStatement(BatchType.LOGGED), os.urandom(12)
        if rows:
            version = rows[0].version
            batch.add(self._next, (version + 1, writer, TABLE, key, version))
        else:
            batch.add(self._first, (TABLE, key, 1, writer))
        batch.add(self._set, (TABLE, key, "f", "c", value, time.time_ns() // 1_000_000))
        return await self._send(batch)

    async def _send(self, statement: Any) -> list[Any]:
        loop = asyncio.get_running_loop()
        done: asyncio.Future[list[Any]] = loop.create_future()
        self.session.execute_async(statement).add_callbacks(
            lambda rows: loop.call_soon_threadsafe(done.set_result, rows or []),
            lambda fault: loop.call_soon_threadsafe(done.set_exception, fault),
        )
        return await done


@asynccontextmanager
async def kafka(url: str) -> AsyncIterator[Sequence[Pair]]:
    log, bare = open_eventlog(url), BareKafka(url)
    envelopes = [
        Envelope(f"{n:024d}", "streaming.play_ended", 1, f"l{n}", UnixMs(n), VALUE)
        for n in range(EVENTS)
    ]
    for topic in ("ours", "bare"):
        await log.append(topic, envelopes[:1])  # makes the topic

    async with AsyncExitStack() as stack:

        async def read(_: int) -> None:
            async with log.subscribe("ours", group=f"g{time.monotonic_ns()}") as subscription:
                left = READ
                while left > 0:
                    records = await subscription.poll(max_records=500, wait=5)
                    left -= len(records)
                    await subscription.commit(records)

        stack.callback(bare.close)
        yield [
            Pair(
                "append",
                lambda _: log.append("ours", envelopes),
                lambda _: asyncio.to_thread(bare.append, "bare", envelopes),
                4,  # at once
                EVENTS,
            ),
            Pair(
                "read",
                read,
                lambda _: asyncio.to_thread(bare.read, "ours", READ),
                1,
                READ,
            ),
        ]
    await log.close()


class BareKafka:
    """The same messages with the same settings, by the client alone."""

    def __init__(self, url: str) -> None:
        from confluent_kafka import Producer

        parts = urlsplit(url)
        self._servers = {"bootstrap.servers": parts.netloc, "log_level": 2}
        self._prefix = parts.path.strip("/") or "antiphon"
        self._encode = msgspec.msgpack.Encoder().encode
        told = {"enable.idempotence": True, "linger.ms": 2, "compression.type": "lz4"}
        self._producer = Producer(self._servers | told)

    def append(self, topic: str, envelopes: Sequence[Envelope]) -> None:
        for e in envelopes:
            told = [(e.event_id, e.type_name, e.version, e.occurred_at, e.payload)]
            self._producer.produce(
                f"{self._prefix}.{topic}", self._encode(told), e.key, timestamp=e.occurred_at
            )
            self._producer.poll(0)
        self._producer.flush()

    def read(self, topic: str, count: int) -> None:
        from confluent_kafka import Consumer

        decode = msgspec.msgpack.Decoder(list[tuple[str, str, int, int, bytes]]).decode
        consumer = Consumer(
            self._servers
            | {
                "group.id": f"b{time.monotonic_ns()}",
                "enable.auto.commit": False,
                "auto.offset.reset": "earliest",
                "fetch.wait.max.ms": 100,
            }
        )
        consumer.subscribe([f"{self._prefix}.{topic}"])
        while count > 0:
            messages = consumer.consume(500, 5)
            for message in messages:
                key = (message.key() or b"").decode()
                for told in decode(message.value()):
                    count -= 1
                    Envelope(told[0], told[1], told[2], key, UnixMs(told[3]), told[4])
            consumer.commit(asynchronous=False)
        consumer.close()

    def close(self) -> None:
        self._producer.flush()


def key(number: int) -> bytes:
    return b"%08d" % (number * 7919 % 400)


ENGINES: dict[str, Callable[[str], Any]] = {
    "redis": redis,
    "s3": s3,
    "kafka": kafka,
    "bigtable": bigtable,
    "cassandra": cassandra,
}


def main() -> None:
    print(json.dumps(run(), indent=2))


if __name__ == "__main__":
    main()
