"""The tables driver on Cassandra: a partition for each row, an index of keys for scans.

    rows    ((tbl, key), family, col)   value, at; static: version, writer
    keys    ((tbl, bucket), key)        which rows there may be
    buckets ((tbl), bucket)             which buckets there may be

A row is read at SERIAL and written by a lightweight transaction on its version, whatever the
change: plain writes beside transactions would be ordered by clocks that may disagree. A bucket is
the first two bytes of a key, so that buckets follow the order of keys and stay small. A key is put
into the index before its row is written, and cleared away, by a scan that finds no row, with a time
stamp of an hour ago: a writer that has just put it there again wins.
"""

import asyncio
import os
import random
import re
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final
from urllib.parse import urlsplit

from cassandra import (
    ConsistencyLevel,
    DriverException,
    OperationTimedOut,
    ReadTimeout,
    RequestExecutionException,
    WriteTimeout,
)
from cassandra.cluster import (
    EXEC_PROFILE_DEFAULT,
    Cluster,
    ExecutionProfile,
    NoHostAvailable,
    Session,
)
from cassandra.policies import RoundRobinPolicy, TokenAwarePolicy
from cassandra.query import BatchStatement, BatchType, PreparedStatement

from antiphon.kernel import Invalid, Unavailable
from antiphon.storage.about import About, older
from antiphon.storage.tables import (
    Cell,
    Condition,
    Families,
    Mutation,
    Row,
    SetCell,
    apply_mutation,
    check_row_key,
    check_row_size,
    check_scan_key,
    check_table,
    counter_bytes,
    counter_value,
)

_ANSWER_SECONDS: Final = 8.0
_LEAST_VERSION: Final = (4, 1)
_PAXOS: Final = "SELECT value FROM system_views.settings WHERE name='paxos_variant'"
_COLUMNS: Final = {
    "rows": {"tbl", "key", "family", "col", "value", "at", "version", "writer"},
    "keys": {"tbl", "bucket", "key"},
    "buckets": {"tbl", "bucket"},
}
_BUCKET_BYTES: Final = 2
_AT_ONCE: Final = 64
_TRIES: Final = 200
_FIRST_PAUSE_SECONDS: Final = 0.002
_LONGEST_PAUSE_SECONDS: Final = 0.1
_LOCKS: Final = 256
_WRITER_BYTES: Final = 12
_KNOWN_KEYS: Final = 100_000
_KNOWN_SECONDS: Final = 600.0
_CLEAR_OLDER_THAN_US: Final = 3600 * 1_000_000  # far above _KNOWN_SECONDS and any clock's error
_SCHEMA: Final = (
    """CREATE TABLE IF NOT EXISTS {ks}.rows (
        tbl text, key blob, family text, col text, value blob, at bigint,
        version bigint static, writer blob static, PRIMARY KEY ((tbl, key), family, col))""",
    """CREATE TABLE IF NOT EXISTS {ks}.keys (
        tbl text, bucket blob, key blob, PRIMARY KEY ((tbl, bucket), key))""",
    """CREATE TABLE IF NOT EXISTS {ks}.buckets (
        tbl text, bucket blob, PRIMARY KEY ((tbl), bucket))""",
)
_RANGE: Final = "SELECT key FROM {ks}.keys WHERE tbl=? AND bucket=? AND key>=?"
_DOWN: Final = "ORDER BY key DESC LIMIT ?"
_STATEMENTS: Final = {
    "read": "SELECT family, col, value, at, version, writer FROM {ks}.rows WHERE tbl=? AND key=?",
    "set": "INSERT INTO {ks}.rows (tbl, key, family, col, value, at) VALUES (?, ?, ?, ?, ?, ?)",
    "unset": "DELETE FROM {ks}.rows WHERE tbl=? AND key=? AND family=? AND col=?",
    "first": "INSERT INTO {ks}.rows (tbl, key, version, writer) VALUES (?, ?, ?, ?) IF NOT EXISTS",
    "next": "UPDATE {ks}.rows SET version=?, writer=? WHERE tbl=? AND key=? IF version=?",
    "bucket": "INSERT INTO {ks}.buckets (tbl, bucket) VALUES (?, ?)",
    "key": "INSERT INTO {ks}.keys (tbl, bucket, key) VALUES (?, ?, ?)",
    "clear": "DELETE FROM {ks}.keys USING TIMESTAMP ? WHERE tbl=? AND bucket=? AND key=?",
    "buckets": "SELECT bucket FROM {ks}.buckets WHERE tbl=? AND bucket>=?",
    "up": f"{_RANGE} LIMIT ?",
    "up_to": f"{_RANGE} AND key<? LIMIT ?",
    "down": f"{_RANGE} {_DOWN}",
    "down_to": f"{_RANGE} AND key<? {_DOWN}",
}
_Change = Callable[[Families], Sequence[Mutation]]


class CassandraTables:
    """``Tables`` in one keyspace."""

    def __init__(self, hosts: Sequence[tuple[str, int]], keyspace: str, *, replicas: int) -> None:
        """Keep ``replicas`` copies of each row where this makes the keyspace."""
        self._hosts = hosts
        self._keyspace = keyspace
        self._replicas = replicas
        self._cluster: Cluster | None = None
        self._session: Session | None = None
        self._prepared: dict[str, PreparedStatement] = {}
        self._connecting: asyncio.Future[Session] | None = None
        self._turns = asyncio.Semaphore(_AT_ONCE)
        self._locks = [asyncio.Lock() for _ in range(_LOCKS)]
        self._known: OrderedDict[tuple[str, bytes], float] = OrderedDict()

    async def read(self, table: str, key: bytes) -> Row | None:
        """Return the row, or None where no cell exists under ``key``."""
        check_table(table)
        check_row_key(key)
        families = (await self._state(table, key)).families
        return Row(key, families) if families else None

    async def read_many(self, table: str, keys: Sequence[bytes]) -> list[Row | None]:
        """Return one answer per key, in the order of ``keys``."""
        wanted = list(dict.fromkeys(keys))
        rows = await asyncio.gather(*(self.read(table, key) for key in wanted))
        found = dict(zip(wanted, rows, strict=True))
        return [found[key] for key in keys]

    async def scan(
        self,
        table: str,
        *,
        start: bytes = b"",
        end: bytes | None = None,
        limit: int = 1000,
        reverse: bool = False,
    ) -> list[Row]:
        """Return up to ``limit`` rows with ``start <= key < end`` in key order."""
        check_table(table)
        check_scan_key(start)
        check_scan_key(end or b"")
        found = await self._ask("buckets", table, start[:_BUCKET_BYTES])
        buckets = [b for (b,) in found if end is None or b < end]
        rows: list[Row] = []
        for bucket in sorted(buckets, reverse=reverse):
            low, high = start, end
            while len(rows) < limit:
                more = limit - len(rows)
                keys = await self._keys(table, bucket, (low, high), more, reverse=reverse)
                rows += await self._present(table, bucket, keys)
                if len(keys) == 0:
                    break
                low, high = (low, keys[-1]) if reverse else (keys[-1] + b"\0", high)
            if len(rows) >= limit:
                break
        return rows[: max(limit, 0)]

    async def mutate(self, table: str, key: bytes, mutations: Sequence[Mutation]) -> None:
        """Apply all mutations to one row, in order, atomically."""
        if not mutations:
            check_row_key(key)
            return
        await self._change(table, key, lambda _: mutations)

    async def mutate_many(
        self, table: str, rows: Sequence[tuple[bytes, Sequence[Mutation]]]
    ) -> None:
        """Apply mutations to many rows: each row atomically, the rows not together."""
        by_key: dict[bytes, list[Mutation]] = {}
        for key, mutations in rows:
            by_key.setdefault(check_row_key(key), []).extend(mutations)
            check_row_size(mutations)
        await asyncio.gather(*(self.mutate(table, key, m) for key, m in by_key.items()))

    async def check_and_mutate(
        self,
        table: str,
        key: bytes,
        condition: Condition,
        *,
        then: Sequence[Mutation],
        otherwise: Sequence[Mutation] = (),
    ) -> bool:
        """Apply ``then`` if the condition holds, else ``otherwise``; return whether it held."""
        held = False

        def change(families: Families) -> Sequence[Mutation]:
            nonlocal held
            cell = families.get(condition.family, {}).get(condition.column)
            held = (None if cell is None else cell.value) == condition.value
            return then if held else otherwise

        await self._change(table, key, change)
        return held

    async def increment(
        self, table: str, key: bytes, *, family: str, column: str, by: int = 1
    ) -> int:
        """Add ``by`` to a 64-bit big-endian signed counter cell and return the new value."""
        total = 0

        def change(families: Families) -> Sequence[Mutation]:
            nonlocal total
            cell = families.get(family, {}).get(column)
            total = by + (0 if cell is None else counter_value(cell.value))
            return [SetCell(family, column, counter_bytes(total))]

        await self._change(table, key, change)
        return total

    async def about(self) -> About:
        """Return its version, and what should be changed about its nodes, copies and schema."""
        await self._open()
        return await asyncio.to_thread(self._about)

    def _about(self) -> About:
        ask = self._require_session().execute
        try:
            [(version,)] = ask("SELECT release_version FROM system.local")
            [(replication,)] = ask(
                "SELECT replication FROM system_schema.keyspaces WHERE keyspace_name=%s",
                (self._keyspace,),
            )
            columns = ask(
                "SELECT table_name, column_name FROM system_schema.columns WHERE keyspace_name=%s",
                (self._keyspace,),
            )
            paxos = [v for (v,) in ask(_PAXOS)] if not older(version, _LEAST_VERSION) else []
        except (DriverException, RequestExecutionException, NoHostAvailable) as fault:
            raise Unavailable(f"Cassandra does not answer: {fault}") from fault
        hosts = [h for h in self._require_cluster().metadata.all_hosts() if h.is_up is not None]
        return About(
            f"Cassandra {version}, {len(hosts)} nodes"
            if len(hosts) > 1
            else f"Cassandra {version}",
            (
                *_advice_on_version(version, paxos),
                *_advice_on_copies(self._keyspace, replication, self._replicas),
                *(f"{host.address} is down: start it." for host in hosts if not host.is_up),
                *_advice_on_schema(self._keyspace, list(columns)),
            ),
        )

    def _require_session(self) -> Session:
        assert self._session is not None, "asked before it was opened"
        return self._session

    def _require_cluster(self) -> Cluster:
        assert self._cluster is not None, "asked before it was opened"
        return self._cluster

    async def close(self) -> None:
        """Close the connections."""
        if self._connecting is not None:
            await asyncio.wait([self._connecting])
        if self._cluster is not None:
            await asyncio.to_thread(self._cluster.shutdown)

    async def _change(self, table: str, key: bytes, change: _Change) -> None:
        """Read the row, change it, and write it if nobody else has meanwhile; else again."""
        check_table(table)
        check_row_key(key)
        writer = os.urandom(_WRITER_BYTES)
        pause = _FIRST_PAUSE_SECONDS
        async with self._locks[hash((table, key)) % _LOCKS]:  # not against oneself
            for _ in range(_TRIES):
                state = await self._state(table, key)
                mutations = change(state.families)
                check_row_size(mutations)
                if not mutations:
                    return
                if await self._written(table, key, state, writer, mutations):
                    return
                await asyncio.sleep(pause * random.uniform(0.5, 1.5))  # noqa: S311 - no secret
                pause = min(pause * 1.5, _LONGEST_PAUSE_SECONDS)
        raise Unavailable(f"A row of {table} is changed by too many at once: try again.")

    async def _written(
        self, table: str, key: bytes, before: "_State", writer: bytes, mutations: Sequence[Mutation]
    ) -> bool:
        after = {family: dict(columns) for family, columns in before.families.items()}
        now = time.time_ns() // 1_000_000
        for mutation in mutations:
            apply_mutation(after, mutation, now)
        if after:
            await self._list_key(table, key)
        version = 1 if before.version is None else before.version + 1
        batch = BatchStatement(BatchType.LOGGED)
        if before.version is None:
            batch.add(self._prepared["first"], (table, key, version, writer))
        else:
            batch.add(self._prepared["next"], (version, writer, table, key, before.version))
        for family, column, cell in _changed(before.families, after):
            if cell is None:
                batch.add(self._prepared["unset"], (table, key, family, column))
            else:
                values = (table, key, family, column, cell.value, cell.written_at)
                batch.add(self._prepared["set"], values)
        try:
            [answer, *_] = await self._send(batch)
        except _TimedOut:
            return await self._arrived(table, key, before, version, writer)
        return bool(answer[0])

    async def _arrived(
        self, table: str, key: bytes, before: "_State", version: int, writer: bytes
    ) -> bool:
        """Find out what became of a transaction whose answer was lost: a serial read ends it."""
        found = await self._state(table, key)
        if (found.version, found.writer) == (version, writer):
            return True
        if found.version == before.version:
            return False
        raise Unavailable("Cassandra did not say whether it took a change: look, then try again.")

    async def _state(self, table: str, key: bytes) -> "_State":
        for last in (False, False, True):
            try:
                return _State.of(await self._ask("read", table, key))
            except _TimedOut:
                if last:
                    raise
        raise AssertionError

    async def _keys(
        self,
        table: str,
        bucket: bytes,
        between: tuple[bytes, bytes | None],
        limit: int,
        *,
        reverse: bool,
    ) -> list[bytes]:
        way, (low, high) = "down" if reverse else "up", between
        if high is None:
            found = await self._ask(way, table, bucket, low, limit)
        else:
            found = await self._ask(f"{way}_to", table, bucket, low, high, limit)
        return [key for (key,) in found]

    async def _present(self, table: str, bucket: bytes, keys: Sequence[bytes]) -> list[Row]:
        """Return the rows that are there; those that are not leave the index."""
        rows = await self.read_many(table, keys)
        old = time.time_ns() // 1000 - _CLEAR_OLDER_THAN_US
        gone = [key for key, row in zip(keys, rows, strict=True) if row is None]
        await asyncio.gather(*(self._ask("clear", old, table, bucket, key) for key in gone))
        return [row for row in rows if row is not None]

    async def _list_key(self, table: str, key: bytes) -> None:
        now = time.monotonic()
        if self._known.get((table, key), 0.0) > now:
            return
        bucket = key[:_BUCKET_BYTES]
        await self._ask("bucket", table, bucket)
        await self._ask("key", table, bucket, key)
        self._known[table, key] = now + _KNOWN_SECONDS
        if len(self._known) > _KNOWN_KEYS:
            self._known.popitem(last=False)

    async def _ask(self, name: str, *values: object) -> list[Any]:
        await self._open()
        return await self._send(self._prepared[name].bind(values))

    async def _send(self, statement: Any) -> list[Any]:
        await self._open()
        assert self._session is not None
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[list[Any]] = loop.create_future()
        async with self._turns:
            sent = self._session.execute_async(statement, timeout=_ANSWER_SECONDS)
            sent.add_callbacks(
                partial(loop.call_soon_threadsafe, partial(_settle, answer, None)),
                partial(loop.call_soon_threadsafe, partial(_settle, answer)),
            )
            try:
                return list(await answer)
            except (OperationTimedOut, WriteTimeout, ReadTimeout) as fault:
                raise _TimedOut(f"Cassandra does not answer in time: {fault}") from fault
            except (DriverException, RequestExecutionException, NoHostAvailable) as fault:
                raise Unavailable(f"Cassandra does not answer: {fault}") from fault

    async def _open(self) -> None:
        if self._session is not None:
            return
        if self._connecting is None:
            self._connecting = asyncio.ensure_future(asyncio.to_thread(self._connect))
        connecting = self._connecting
        try:
            # Whoever gives up waiting leaves the connection to those who come after.
            self._session = await asyncio.shield(connecting)
        except (DriverException, NoHostAvailable, OSError) as fault:
            if self._connecting is connecting:
                self._connecting = None
            raise Unavailable(f"Cassandra does not answer: {fault}") from fault

    def _connect(self) -> Session:
        profile = ExecutionProfile(
            load_balancing_policy=TokenAwarePolicy(RoundRobinPolicy()),
            consistency_level=ConsistencyLevel.QUORUM,
            serial_consistency_level=ConsistencyLevel.SERIAL,
            request_timeout=_ANSWER_SECONDS,
            row_factory=_as_tuples,
        )
        cluster = Cluster(
            [host for host, _ in self._hosts],
            port=self._hosts[0][1],
            execution_profiles={EXEC_PROFILE_DEFAULT: profile},
            connect_timeout=_ANSWER_SECONDS,
            protocol_version=4,
        )
        try:
            session = cluster.connect()
            session.execute(_keyspace(self._keyspace, self._replicas))
            for statement in _SCHEMA:
                session.execute(statement.format(ks=self._keyspace))
            told = {name: s.format(ks=self._keyspace) for name, s in _STATEMENTS.items()}
            self._prepared = {name: session.prepare(s) for name, s in told.items()}
            # A paxos read sees what a transaction has accepted but not yet put in place.
            self._prepared["read"].consistency_level = ConsistencyLevel.SERIAL
        except BaseException:
            cluster.shutdown()
            raise
        self._cluster = cluster
        return session


class _TimedOut(Unavailable):
    """An answer that did not come: what was asked may have been done."""


@dataclass(frozen=True, slots=True)
class _State:
    """A row as one serial read found it; version None: never written."""

    families: Families
    version: int | None
    writer: bytes | None

    @classmethod
    def of(cls, found: Sequence[Any]) -> "_State":
        families: Families = {}
        version = writer = None
        for family, column, value, at, told, by in found:
            version, writer = told, by
            if family is not None:
                families.setdefault(family, {})[column] = Cell(value, at)
        return cls(families, version, writer)


def open_cassandra(url: str) -> CassandraTables:
    """Open ``cassandra://host:port,host:port/keyspace?replicas=3``; one replica unless said."""
    parts = urlsplit(url)
    found = [host.rpartition(":") for host in parts.netloc.split(",")]
    keyspace = parts.path.strip("/")
    query = re.fullmatch(r"(?:replicas=([1-9]))?", parts.query)
    good = all(host and port.isdigit() for host, _, port in found)
    if not good or query is None or re.fullmatch(r"[a-z][a-z0-9_]{0,40}", keyspace) is None:
        raise Invalid(
            f"{url!r} cannot be the tables engine: write cassandra://host:port/keyspace?replicas=3."
        )
    hosts = [(host, int(port)) for host, _, port in found]
    return CassandraTables(hosts, keyspace, replicas=int(query[1] or 1))


def _advice_on_version(version: str, paxos: Sequence[str]) -> list[str]:
    if older(version, _LEAST_VERSION):
        return ["it is older than 4.1: update it."]
    if paxos and paxos[0] != "v2":
        return ["its transactions are of the first kind: set paxos_variant: v2."]
    return []


def _advice_on_copies(keyspace: str, replication: Mapping[str, str], wanted: int) -> list[str]:
    copies = [int(n) for name, n in replication.items() if name != "class" and n.isdigit()]
    if copies and min(copies) < wanted:
        told = f"{keyspace} keeps {min(copies)} copies of each row, and the URL asks for {wanted}"
        return [f"{told}: alter the keyspace and repair it."]
    return []


def _advice_on_schema(keyspace: str, columns: Sequence[tuple[str, str]]) -> list[str]:
    """Return what is not as this version of the driver made it."""
    found: dict[str, set[str]] = {}
    for table, column in columns:
        found.setdefault(table, set()).add(column)
    advice = []
    for table, wanted in _COLUMNS.items():
        lack, rest = wanted - found.get(table, set()), found.get(table, set()) - wanted
        if lack:
            told = ", ".join(sorted(lack))
            advice.append(f"{keyspace}.{table} lacks {told}: restore it from a backup.")
        if rest:
            told = ", ".join(sorted(rest))
            advice.append(f"{keyspace}.{table} has {told}, unknown here: a newer version made it.")
    return advice


def _keyspace(name: str, replicas: int) -> str:
    options = f"{{'class': 'NetworkTopologyStrategy', 'replication_factor': {replicas}}}"
    return f"CREATE KEYSPACE IF NOT EXISTS {name} WITH replication = {options}"


def _as_tuples(_names: Sequence[str], rows: list[Any]) -> list[Any]:
    return rows


def _settle(answer: "asyncio.Future[list[Any]]", fault: Exception | None, *rest: Any) -> None:
    if answer.done():
        return
    if fault is not None:
        answer.set_exception(fault)
    else:
        answer.set_result(rest[0] if rest and rest[0] is not None else [])


def _changed(before: Families, after: Families) -> list[tuple[str, str, Cell | None]]:
    places = {(f, c) for families in (before, after) for f in families for c in families[f]}
    found = []
    for family, column in sorted(places):
        old = before.get(family, {}).get(column)
        new = after.get(family, {}).get(column)
        if old != new:
            found.append((family, column, new))
    return found
