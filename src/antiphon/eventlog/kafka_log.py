"""The event log driver on Kafka: appends, topics, and what operators ask for.

One Kafka message carries what one append says about one key, so that it is there whole or not at
all; ``kafka_group`` counts the envelopes in it. Producers are idempotent and wait for all replicas
in sync; delivery after a lost answer may repeat an append, as the port allows.
"""

import asyncio
import itertools
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, Final, TypeVar
from urllib.parse import urlsplit

import msgspec
import structlog
from confluent_kafka import (
    Consumer,
    ConsumerGroupTopicPartitions,
    KafkaError,
    KafkaException,
    Producer,
    TopicPartition,
)
from confluent_kafka.admin import AdminClient, OffsetSpec  # type: ignore[attr-defined]
from confluent_kafka.cimpl import NewTopic

from antiphon.eventlog.kafka_group import KafkaSubscription, group_settings
from antiphon.eventlog.kafka_moving import KafkaMoving
from antiphon.eventlog.limits import MAX_PAYLOAD, check_name
from antiphon.eventlog.log import Extent, Places, Record
from antiphon.kernel import Conflict, Envelope, Invalid, Unavailable, UnixMs
from antiphon.storage import About

_T = TypeVar("_T")

log = structlog.get_logger()

_MAX_MESSAGE: Final = 15 * 1024 * 1024
_PARTITIONS: Final = 8
_REPLICAS: Final = 3  # or as many brokers as there are
_ANSWER_SECONDS: Final = 10.0
_LINGER_MS: Final = 2
_LOOK_SECONDS: Final = 0.05
_LEADER_TRIES: Final = 40
_UNSETTLED: Final = frozenset(
    {
        KafkaError.NOT_LEADER_FOR_PARTITION,
        KafkaError.LEADER_NOT_AVAILABLE,
        KafkaError.UNKNOWN_TOPIC_OR_PART,
    }
)
_EARLIEST: Final = OffsetSpec.earliest()  # type: ignore[no-untyped-call]
_LATEST: Final = OffsetSpec.latest()  # type: ignore[no-untyped-call]

_OnDelivery = Callable[[KafkaError | None, object], None]

_encode = msgspec.msgpack.Encoder().encode


class KafkaEventLog:
    """``MovableLog`` on a Kafka cluster; topics and groups are named below one prefix.

    ``lease_seconds``: how long a consumer that died or hangs keeps its partitions, at least the
    brokers' shortest session, 6 s unless they say otherwise.
    """

    def __init__(self, brokers: str, prefix: str, *, lease_seconds: float) -> None:
        self._common: dict[str, Any] = {"bootstrap.servers": brokers, "log_level": 2}
        self._prefix = prefix
        self._lease_seconds = lease_seconds
        self._admin = AdminClient(self._common)
        self._moving = KafkaMoving(self._common, prefix, self._admin)
        self._deliveries: _Deliveries | None = None
        self._known: set[str] = set()
        self._creating = asyncio.Lock()

    async def append(self, topic: str, envelopes: Sequence[Envelope]) -> None:
        """Append in order, durably; all or nothing for the envelopes of one key."""
        await self._send(topic, list(_messages(envelopes)))

    async def load(self, topic: str, envelopes: Sequence[Envelope]) -> None:
        """Append in order, durably, a message for each: no gap stays where this is cut off."""
        await self._send(topic, [m for envelope in envelopes for m in _messages([envelope])])

    async def topics(self) -> list[str]:
        """Return the names of the topics there are, sorted."""
        return await asyncio.to_thread(self._moving.topics)

    async def extents(self, topic: str) -> dict[int, Extent]:
        """Return what each partition of a topic holds."""
        return await asyncio.to_thread(self._moving.extents, await self._topic(topic))

    async def stored(
        self, topic: str, partition: int, *, start: int, limit: int = 1000
    ) -> list[Record]:
        """Return up to ``limit`` records of a partition from offset ``start`` on, for no group."""
        names = (topic, await self._topic(topic))
        return await asyncio.to_thread(self._moving.stored, names, partition, start, limit)

    async def places(self, topic: str) -> dict[str, Places]:
        """Return where each group goes on that has committed; ``Conflict`` while one is read."""
        return await asyncio.to_thread(self._moving.places, topic, await self._topic(topic))

    async def place(self, topic: str, group: str, places: Places) -> None:
        """Let a group that nobody reads go on there."""
        name, group = await self._topic(topic), self._group(topic, group)
        await asyncio.to_thread(self._moving.place, name, group, places)

    async def drop(self, topic: str) -> None:
        """Delete the topic; the next that name it make it anew."""
        name = await self._topic(topic)
        self._known.discard(name)
        await asyncio.to_thread(self._moving.drop, name)

    @asynccontextmanager
    async def subscribe(self, topic: str, *, group: str) -> AsyncIterator[KafkaSubscription]:
        """Join ``group`` on ``topic`` at the first poll; leaving hands its partitions over."""
        name = await self._topic(topic)
        settings = self._common | group_settings(self._group(topic, group), self._lease_seconds)
        subscription = KafkaSubscription(Consumer(settings), topic, name)
        try:
            yield subscription
        finally:
            await subscription.leave()

    async def rewind(self, topic: str, *, group: str) -> None:
        """Let ``group`` begin again at the oldest record; ``Conflict`` while it has members."""
        name = await self._topic(topic)
        begin = [TopicPartition(name, p, 0) for p in range(await self._partitions(name))]
        wanted = [ConsumerGroupTopicPartitions(self._group(topic, group), begin)]
        [change] = self._admin.alter_consumer_group_offsets(wanted).values()
        being_read = f"The group {group} is being read: stop its role first."
        try:
            changed = await asyncio.to_thread(change.result, _ANSWER_SECONDS)
        except KafkaException as fault:
            raise Conflict(being_read) from fault
        if any(place.error is not None for place in changed.topic_partitions):
            raise Conflict(being_read)

    async def forget(self, topic: str, *, group: str) -> None:
        """Forget that ``group`` has ever read; ``Conflict`` while it has members."""
        [gone] = self._admin.delete_consumer_groups([self._group(topic, group)]).values()
        try:
            await asyncio.to_thread(gone.result, _ANSWER_SECONDS)
        except KafkaException as fault:
            code = fault.args[0].code()
            if code == KafkaError.NON_EMPTY_GROUP:
                raise Conflict(f"The group {group} is being read.") from fault
            if code != KafkaError.GROUP_ID_NOT_FOUND:
                raise Unavailable(f"Kafka does not answer: {fault.args[0].str()}") from fault

    async def trim(
        self,
        topic: str,
        *,
        read_by: Sequence[str],
        before: UnixMs,
        most_bytes: int | None = None,  # noqa: ARG002 - brokers bound a topic's size themselves
    ) -> int:
        """Delete messages that happened before ``before`` and that all groups have read.

        Returns how many messages that were; the brokers' own limits on a topic's size stand.
        """
        return await _answered(self._trim, await self._topic(topic), topic, read_by, before)

    async def lag(self, topic: str, *, group: str) -> int:
        """Return how many messages (each an append's share of one key) the group has to read.

        Asking makes no topic: who looks at an installation leaves nothing behind.
        """
        check_name(topic)
        return await _answered(self._lag, f"{self._prefix}.{topic}", self._group(topic, group))

    async def about(self) -> About:
        """Return how many brokers there are, and which topics are not as safe as they should be."""
        found = await _answered(partial(self._admin.list_topics, timeout=_ANSWER_SECONDS))
        wanted = min(_REPLICAS, len(found.brokers))
        advice = []
        for name, topic in sorted(found.topics.items()):
            if not name.startswith(f"{self._prefix}."):
                continue
            copies = [len(p.replicas) for p in topic.partitions.values()]
            behind = sum(len(p.isrs) < len(p.replicas) for p in topic.partitions.values())
            if copies and min(copies) < wanted:
                told = f"{name} has {min(copies)} replicas with {len(found.brokers)} brokers there"
                advice.append(f"{told}: reassign its partitions.")
            if behind:
                advice.append(f"{behind} partitions of {name} lack replicas in sync: see brokers.")
        brokers = len(found.brokers)
        return About(f"Kafka, {brokers} broker{'s' if brokers > 1 else ''}", tuple(advice))

    async def close(self) -> None:
        """Deliver what was asked for and close."""
        if self._deliveries is not None:
            await asyncio.to_thread(self._deliveries.close)

    async def _send(self, topic: str, messages: Sequence[tuple[bytes, bytes, UnixMs]]) -> None:
        name = await self._topic(topic)
        if messages:
            if self._deliveries is None:
                self._deliveries = _Deliveries(self._common)
            await self._deliveries.send(name, messages)

    def _group(self, topic: str, group: str) -> str:
        check_name(group)
        return f"{self._prefix}.{topic}.{group}"

    async def _topic(self, topic: str) -> str:
        """Return the topic's name in Kafka; make it where it is not there."""
        check_name(topic)
        name = f"{self._prefix}.{topic}"
        async with self._creating:
            if name not in self._known:
                await asyncio.to_thread(self._create, name)
                self._known.add(name)
        return name

    def _create(self, name: str) -> None:
        try:
            found = self._admin.list_topics(timeout=_ANSWER_SECONDS)
            if name in found.topics:
                return
            replicas = min(_REPLICAS, len(found.brokers))
            settings = {
                "max.message.bytes": str(_MAX_MESSAGE + 1024 * 1024),
                "retention.ms": "-1",  # what goes is decided by ``trim``
                "min.insync.replicas": str(max(1, replicas - 1)),
            }
            topic = NewTopic(name, _PARTITIONS, replicas, config=settings)
            [made] = self._admin.create_topics([topic]).values()
            made.result(_ANSWER_SECONDS)
            self._led(name)
        except KafkaException as fault:
            if fault.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:
                raise Unavailable(f"Kafka does not answer: {fault.args[0].str()}") from fault

    def _led(self, name: str) -> None:
        """Wait until every partition of a topic just made has a leader: it is no topic before."""
        until = time.monotonic() + _ANSWER_SECONDS
        while time.monotonic() < until:
            found = self._admin.list_topics(name, _ANSWER_SECONDS).topics[name].partitions
            if len(found) == _PARTITIONS and all(p.leader >= 0 for p in found.values()):
                return
            time.sleep(_LOOK_SECONDS)

    async def _partitions(self, name: str) -> int:
        found = await _answered(self._admin.list_topics, name, _ANSWER_SECONDS)
        return len(found.topics[name].partitions)

    def _lag(self, name: str, group: str) -> int:
        """Return the lag; asked again for a while where a new topic has no known leaders yet."""
        for _ in range(_LEADER_TRIES):
            try:
                return self._lag_now(name, group)
            except KafkaException as fault:
                if fault.args[0].code() not in _UNSETTLED:
                    raise
                time.sleep(_LOOK_SECONDS)
        return self._lag_now(name, group)

    def _lag_now(self, name: str, group: str) -> int:
        """Ask as an administrator: a consumer for each question would cost threads."""
        # Of all topics: brokers make one that is asked for by its name.
        found = self._admin.list_topics(timeout=_ANSWER_SECONDS).topics.get(name)
        if found is None:
            return 0
        places = [TopicPartition(name, partition) for partition in found.partitions]
        begins, ends = self._ends(places, _EARLIEST), self._ends(places, _LATEST)
        asked = [ConsumerGroupTopicPartitions(group, places)]
        [answer] = self._admin.list_consumer_group_offsets(asked).values()
        committed = answer.result(_ANSWER_SECONDS).topic_partitions
        return sum(
            max(0, ends[place.partition] - max(begins[place.partition], place.offset))
            for place in committed
        )

    def _ends(self, places: Sequence[TopicPartition], end: OffsetSpec) -> dict[int, int]:
        asked = self._admin.list_offsets(dict.fromkeys(places, end))
        return {
            place.partition: answer.result(_ANSWER_SECONDS).offset
            for place, answer in asked.items()
        }

    def _trim(self, name: str, topic: str, read_by: Sequence[str], before: UnixMs) -> int:
        upto: dict[int, int] = {}
        oldest: dict[int, int] = {}
        for group in read_by:
            with _reader(self._common, self._group(topic, group)) as reader:
                places = _places(reader, name)
                for place in reader.committed(places, _ANSWER_SECONDS):
                    begin, end = reader.get_watermark_offsets(place, _ANSWER_SECONDS)
                    [kept] = reader.offsets_for_times(
                        [TopicPartition(name, place.partition, before)], _ANSWER_SECONDS
                    )
                    young = end if kept.offset < 0 else kept.offset
                    read = max(place.offset, begin)
                    oldest[place.partition] = begin
                    held = upto.get(place.partition, end)
                    upto[place.partition] = min(held, read, young)
        ends = [TopicPartition(name, p, offset) for p, offset in upto.items()]
        for done in self._admin.delete_records(ends).values() if ends else ():
            done.result(_ANSWER_SECONDS)
        return sum(offset - oldest[p] for p, offset in upto.items())


def open_kafka(url: str, *, lease_seconds: float) -> KafkaEventLog:
    """Open ``kafka://host:port,host:port/prefix``; the prefix is ``antiphon`` unless given."""
    parts = urlsplit(url)
    prefix = parts.path.strip("/") or "antiphon"
    hosts = parts.netloc.split(",")
    if not all(host.rpartition(":")[0] and host.rpartition(":")[2].isdigit() for host in hosts):
        raise Invalid(f"{url!r} cannot be the events engine: write kafka://host:port/prefix.")
    check_name(prefix)
    return KafkaEventLog(parts.netloc, prefix, lease_seconds=lease_seconds)


async def _answered(ask: Callable[..., _T], *args: Any) -> _T:
    try:
        return await asyncio.to_thread(ask, *args)
    except KafkaException as fault:  # a topic just made has no leader yet, for example
        raise Unavailable(f"Kafka does not answer: {fault.args[0].str()}") from fault


class _Deliveries:
    """One producer, and the thread that hears from it which messages have arrived."""

    def __init__(self, common: dict[str, Any]) -> None:
        self._producer = Producer(
            common
            | {
                "enable.idempotence": True,
                "linger.ms": _LINGER_MS,
                "compression.type": "lz4",
                "partitioner": "consistent",  # an empty key has its one partition, too
                "message.max.bytes": _MAX_MESSAGE + 512 * 1024,
                "delivery.timeout.ms": int(_ANSWER_SECONDS * 1000),
                "request.timeout.ms": 5000,
            }
        )
        self._loop = asyncio.get_running_loop()
        self._pending = 0  # appends that are not all delivered
        self._news = threading.Condition()
        self._closed = False
        self._thread = threading.Thread(target=self._listen, name="kafka-deliveries", daemon=True)
        self._thread.start()

    async def send(self, topic: str, messages: Sequence[tuple[bytes, bytes, UnixMs]]) -> None:
        """Return when all replicas in sync have all messages; ``Unavailable`` otherwise."""
        ticket = _Ticket(self._loop, len(messages))
        with self._news:
            self._pending += 1
            self._news.notify()
        await self._produce(topic, messages, partial(self._delivered, ticket))
        fault = await ticket.done
        if fault is not None:
            raise Unavailable(f"Kafka does not take the events: {fault}")

    def close(self) -> None:
        """Wait for what is under way."""
        self._producer.flush(_ANSWER_SECONDS)
        with self._news:
            self._closed = True
            self._news.notify()
        self._thread.join()

    async def _produce(
        self, topic: str, messages: Sequence[tuple[bytes, bytes, UnixMs]], delivered: _OnDelivery
    ) -> None:
        """Hand all messages to the producer; those that it does not take count as dealt with."""
        deadline, taken = self._loop.time() + _ANSWER_SECONDS, 0
        try:
            for key, value, at in messages:
                while not self._taken(topic, value, key, timestamp=at, on_delivery=delivered):
                    await self._until_there_is_room(deadline)
                taken += 1
        except BaseException:
            for _ in range(len(messages) - taken):
                delivered(None, None)
            raise

    def _taken(self, topic: str, value: bytes, key: bytes, **more: Any) -> bool:
        try:
            self._producer.produce(topic, value, key, **more)
        except BufferError:
            return False
        except KafkaException as fault:
            raise Unavailable(f"Kafka does not take the events: {fault}") from fault
        return True

    async def _until_there_is_room(self, deadline: float) -> None:
        if self._loop.time() > deadline:
            raise Unavailable("Kafka takes no more messages: its queue is full.")
        await asyncio.sleep(0.01)

    def _delivered(self, ticket: "_Ticket", error: KafkaError | None, _message: object) -> None:
        if ticket.delivered(error):
            with self._news:
                self._pending -= 1

    def _listen(self) -> None:
        while True:
            with self._news:
                self._news.wait_for(lambda: self._pending or self._closed)
                if self._closed:
                    return
            try:
                self._producer.poll(0.5)
            except KafkaException as fault:
                # What it says of a message comes by the message's own callback; this is of brokers.
                log.warning("kafka_producer", reason=str(fault))


class _Ticket:
    """Counts the deliveries of one append, whichever threads tell of them."""

    def __init__(self, loop: asyncio.AbstractEventLoop, count: int) -> None:
        self.done: asyncio.Future[str | None] = loop.create_future()
        self._loop = loop
        self._count = count
        self._told = itertools.count(1)
        self._fault: str | None = None

    def delivered(self, error: KafkaError | None) -> bool:
        """Note a delivery; return whether it was the last."""
        if error is not None:
            self._fault = error.str()
        if next(self._told) < self._count:
            return False
        self._loop.call_soon_threadsafe(self._finish)
        return True

    def _finish(self) -> None:
        if not self.done.done():
            self.done.set_result(self._fault)


class _reader:  # noqa: N801 - used as a function
    """A consumer that only asks; it joins nothing."""

    def __init__(self, common: dict[str, Any], group: str) -> None:
        self._consumer = Consumer(common | {"group.id": group, "enable.auto.commit": False})

    def __enter__(self) -> Consumer:
        return self._consumer

    def __exit__(self, *_: object) -> None:
        self._consumer.close()


def _places(reader: Consumer, name: str) -> list[TopicPartition]:
    found = reader.list_topics(name, _ANSWER_SECONDS).topics[name].partitions
    return [TopicPartition(name, partition) for partition in found]


def _messages(envelopes: Sequence[Envelope]) -> Iterator[tuple[bytes, bytes, UnixMs]]:
    """Yield one message per key: key, value, and when its last event happened."""
    by_key: dict[str, list[Envelope]] = {}
    for envelope in envelopes:
        if len(envelope.payload) > MAX_PAYLOAD:
            size = len(envelope.payload)
            raise Invalid(f"An event has at most {MAX_PAYLOAD} bytes, not {size}.")
        by_key.setdefault(envelope.key, []).append(envelope)
    for key, told in by_key.items():
        value = _encode(
            [(e.event_id, e.type_name, e.version, e.occurred_at, e.payload) for e in told]
        )
        if len(value) > _MAX_MESSAGE:
            raise Invalid(f"An append says at most {_MAX_MESSAGE} bytes about one key.")
        yield key.encode(), value, told[-1].occurred_at
