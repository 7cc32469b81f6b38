"""One process's connection to Cassandra: its schema, its prepared statements, its answers.

Nothing is repeated here, and nothing in the client library: its retry policy is the one that hands
every fault on. Statements have no pages either: each is bounded by a limit of its own or by the
size of a row, so that a row is read in one step.
"""

import asyncio
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

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
from cassandra.connection import ConnectionException
from cassandra.policies import (
    ConstantReconnectionPolicy,
    FallthroughRetryPolicy,
    RoundRobinPolicy,
    TokenAwarePolicy,
)
from cassandra.protocol import RequestExecutionException as Refusal
from cassandra.protocol import ServerError
from cassandra.query import PreparedStatement

from antiphon.kernel import Unavailable
from antiphon.storage.about import About, older

_ANSWER_SECONDS: Final = 5.0  # twice within one try: a lost answer is asked after
_CONNECT_SECONDS: Final = 8.0
# A node that is cut off says nothing: it is found out by a question that is not answered in time.
_HEARTBEAT_SECONDS: Final = 2.0
_HEARTBEAT_ANSWER_SECONDS: Final = 5.0
_SENT_ANSWER_MS: Final = 7000
_RECONNECT_SECONDS: Final = 1.0
_AT_ONCE: Final = 64
_LEAST_VERSION: Final = (4, 1)
_PAXOS: Final = "SELECT value FROM system_views.settings WHERE name='paxos_variant'"
# What says nothing of whether it was done, and what says that it was not, or not for certain.
_UNTOLD: Final = (OperationTimedOut, WriteTimeout, ReadTimeout, ConnectionException, ServerError)
_REFUSED: Final = (DriverException, RequestExecutionException, Refusal, NoHostAvailable)


class TimedOut(Unavailable):
    """An answer that did not come: what was asked may have been done."""


@dataclass(frozen=True, slots=True)
class Layout:
    """What is kept in a keyspace; statements say ``{ks}`` where its name belongs.

    Those named in ``serially`` see what transactions have accepted but not yet put in place.
    """

    columns: Mapping[str, set[str]]
    schema: Sequence[str]
    statements: Mapping[str, str]
    serially: Sequence[str]


class CassandraSession:
    """A connection that is made when it is first needed, and prepared statements by name."""

    def __init__(
        self,
        hosts: Sequence[tuple[str, int]],
        keyspace: str,
        *,
        replicas: int,
        layout: Layout,
    ) -> None:
        """Keep ``replicas`` copies of rows where this makes the keyspace."""
        self._hosts = hosts
        self._keyspace = keyspace
        self._replicas = replicas
        self._layout = layout
        self._cluster: Cluster | None = None
        self._session: Session | None = None
        self._prepared: dict[str, PreparedStatement] = {}
        self._connecting: asyncio.Future[Session] | None = None
        self._turns = asyncio.Semaphore(_AT_ONCE)

    def prepared(self, name: str) -> PreparedStatement:
        """Return a statement for a batch; there must have been an answer before."""
        return self._prepared[name]

    async def ask(self, name: str, *values: object) -> list[Any]:
        """Return what the statement of that name finds."""
        await self.open()
        return await self.send(self._prepared[name].bind(values))

    async def send(self, statement: Any) -> list[Any]:
        """Return what is answered to a bound statement or a batch."""
        session = await self.open()
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[list[Any]] = loop.create_future()
        async with self._turns:
            sent = session.execute_async(statement, timeout=_ANSWER_SECONDS)
            sent.add_callbacks(
                partial(loop.call_soon_threadsafe, partial(_settle, answer, None)),
                partial(loop.call_soon_threadsafe, partial(_settle, answer)),
            )
            try:
                return list(await answer)
            except _UNTOLD as fault:
                raise TimedOut(f"Cassandra does not answer in time: {fault}") from fault
            except _REFUSED as fault:
                raise Unavailable(f"Cassandra does not answer: {fault}") from fault

    async def open(self) -> Session:
        """Connect, unless that is done; who gives up waiting leaves it to those who come after."""
        if self._session is not None:
            return self._session
        if self._connecting is None:
            self._connecting = asyncio.ensure_future(asyncio.to_thread(self._connect))
        connecting = self._connecting
        try:
            self._session = await asyncio.shield(connecting)
        except (*_UNTOLD, *_REFUSED, OSError) as fault:
            if self._connecting is connecting:
                self._connecting = None
            raise Unavailable(f"Cassandra does not answer: {fault}") from fault
        return self._session

    async def close(self) -> None:
        """Close the connections."""
        if self._connecting is not None:
            await asyncio.wait([self._connecting])
        if self._cluster is not None:
            await asyncio.to_thread(self._cluster.shutdown)

    async def about(self) -> About:
        """Return its version, and what should be changed about its nodes, copies and schema."""
        session = await self.open()
        return await asyncio.to_thread(self._about, session)

    def _about(self, session: Session) -> About:
        ask = session.execute
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
        except (*_UNTOLD, *_REFUSED) as fault:
            raise Unavailable(f"Cassandra does not answer: {fault}") from fault
        hosts = [h for h in session.cluster.metadata.all_hosts() if h.is_up is not None]
        return About(
            f"Cassandra {version}, {len(hosts)} nodes"
            if len(hosts) > 1
            else f"Cassandra {version}",
            (
                *_advice_on_version(version, paxos),
                *_advice_on_copies(self._keyspace, replication, self._replicas),
                *(f"{host.address} is down: start it." for host in hosts if not host.is_up),
                *_advice_on_schema(self._keyspace, self._layout.columns, list(columns)),
            ),
        )

    def _connect(self) -> Session:
        profile = ExecutionProfile(
            load_balancing_policy=TokenAwarePolicy(RoundRobinPolicy()),
            retry_policy=FallthroughRetryPolicy(),
            consistency_level=ConsistencyLevel.QUORUM,
            serial_consistency_level=ConsistencyLevel.SERIAL,
            request_timeout=_ANSWER_SECONDS,
            row_factory=_as_tuples,
        )
        cluster = Cluster(
            [host for host, _ in self._hosts],
            port=self._hosts[0][1],
            execution_profiles={EXEC_PROFILE_DEFAULT: profile},
            connect_timeout=_CONNECT_SECONDS,
            idle_heartbeat_interval=_HEARTBEAT_SECONDS,
            idle_heartbeat_timeout=_HEARTBEAT_ANSWER_SECONDS,
            reconnection_policy=ConstantReconnectionPolicy(_RECONNECT_SECONDS, max_attempts=None),
            sockopts=[(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _SENT_ANSWER_MS)],
            protocol_version=4,
        )
        try:
            session = cluster.connect()
            session.default_fetch_size = None
            session.execute(_keyspace(self._keyspace, self._replicas))
            for statement in self._layout.schema:
                session.execute(statement.format(ks=self._keyspace))
            told = {
                name: text.format(ks=self._keyspace)
                for name, text in self._layout.statements.items()
            }
            self._prepared = {name: session.prepare(s) for name, s in told.items()}
            for name in self._layout.serially:
                self._prepared[name].consistency_level = ConsistencyLevel.SERIAL
        except BaseException:
            cluster.shutdown()
            raise
        self._cluster = cluster
        return session


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


def _advice_on_schema(
    keyspace: str, tables: Mapping[str, set[str]], columns: Sequence[tuple[str, str]]
) -> list[str]:
    """Return what is not as this version of the driver made it."""
    found: dict[str, set[str]] = {}
    for table, column in columns:
        found.setdefault(table, set()).add(column)
    advice = []
    for table, wanted in tables.items():
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
