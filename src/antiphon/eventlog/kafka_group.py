"""One consumer of a Kafka group: partitions come and go, commits count envelopes.

A message holds one or more envelopes. An offset of ours is the message's offset and the envelope's
number in it; a commit inside a message stays before it in Kafka and keeps the number as its
metadata, from which the next consumer goes on.

librdkafka calls back, in the consumer's own thread, out of ``poll`` and ``close``. What is raised
there may come out of them as a ``KafkaError``, which is no ``BaseException``: no ``except`` of an
executor catches it, its thread ends, and whoever awaits the answer waits for ever. So callbacks
raise nothing, and ask nothing of the brokers once the consumer is leaving.
"""

import asyncio
import time
from collections import deque
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

import msgspec
import structlog
from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from antiphon.eventlog.log import Record
from antiphon.kernel import Conflict, Envelope, Unavailable, UnixMs

log = structlog.get_logger()

_SHORTEST_SESSION_SECONDS: Final = 6.0
_HEARTBEAT_MS: Final = 500
_ANSWER_SECONDS: Final = 10.0
_JOIN_SECONDS: Final = 5.0
_LOOK_SECONDS: Final = 0.02
_LEAVE_SECONDS: Final = 15.0  # then the brokers' session ends the membership
IN_MESSAGE: Final = 1 << 20  # more than the envelopes that fit into one message
_LOST: Final = {
    KafkaError.ILLEGAL_GENERATION,
    KafkaError.UNKNOWN_MEMBER_ID,
    KafkaError.REBALANCE_IN_PROGRESS,
    KafkaError.FENCED_INSTANCE_ID,
    KafkaError._STATE,  # noqa: SLF001 - librdkafka's own codes have no public names
    KafkaError._ASSIGNMENT_LOST,  # noqa: SLF001
}

_Told = list[tuple[str, str, int, int, bytes]]
_decode = msgspec.msgpack.Decoder(_Told).decode


def group_settings(group: str, lease_seconds: float) -> dict[str, Any]:
    """Return what a consumer of ``group`` is opened with."""
    session = max(lease_seconds, _SHORTEST_SESSION_SECONDS)
    return {
        "group.id": group,
        "enable.auto.commit": False,
        "enable.partition.eof": True,
        "auto.offset.reset": "earliest",
        "partition.assignment.strategy": "cooperative-sticky",
        "session.timeout.ms": int(session * 1000),
        "heartbeat.interval.ms": _HEARTBEAT_MS,
        "fetch.wait.max.ms": 100,
        "fetch.message.max.bytes": 16 * 1024 * 1024,
    }


class KafkaSubscription:
    """``Subscription`` of one consumer; calls come one at a time, from one task.

    It joins the group at its first poll: a member that does not poll would be given partitions and
    keep them from the others.
    """

    def __init__(self, consumer: Consumer, topic: str, name: str) -> None:
        self._consumer = consumer
        self._topic = topic
        self._name = name
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="kafka-consumer")
        self._held: deque[Record] = deque()
        self._skip: dict[int, tuple[int, int]] = {}  # where each partition goes on
        self._committed: dict[int, int] = {}
        self._counts: dict[tuple[int, int], int] = {}  # envelopes in messages not yet committed
        self._owned: set[int] = set()
        self._revoked_lately: set[int] = set()
        self._joined = self._settled = False
        self._unseen: set[int] = set()  # partitions of which neither a message nor the end came
        self._asked_to_join = self._left = False

    async def poll(self, *, max_records: int = 500, wait: float = 1.0) -> list[Record]:
        """Return the next records, waiting up to ``wait`` seconds for the first of them."""
        if not self._held:
            await self._off(self._fetch, max_records, wait)
        return [self._held.popleft() for _ in range(min(max_records, len(self._held)))]

    async def commit(self, records: Sequence[Record]) -> None:
        """Say that all ``records`` are dealt with; ``Conflict`` where another has them now."""
        last: dict[int, int] = {}
        for record in records:
            last[record.partition] = max(record.offset, last.get(record.partition, -1))
        news = {p: o for p, o in last.items() if o > self._committed.get(p, -1)}
        if self._left or not last.keys() <= self._owned:
            raise Conflict("Another consumer of the group has taken over.")
        if news:
            await self._off(self._commit, news)

    async def leave(self) -> None:
        """Hand the partitions to the others; brokers that do not answer are not waited for."""
        self._left = True
        try:
            async with asyncio.timeout(_LEAVE_SECONDS):
                await self._off(self._consumer.close)
        except TimeoutError:
            log.warning("kafka_consumer_left_without_an_answer", topic=self._topic)
        finally:
            self._thread.shutdown(wait=False)

    async def _off(self, work: Any, *args: Any) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work, *args)

    def _fetch(self, most: int, wait: float) -> None:
        if not self._asked_to_join:
            self._asked_to_join = True
            self._consumer.subscribe(
                [self._name],
                on_assign=self._assigned,
                on_revoke=self._revoked,
                on_lost=self._revoked,
            )
        first = self._first(wait)
        if first is None:
            return
        self._take(first)
        for message in self._consumer.consume(most - 1, 0) if most > 1 else ():
            if self._tells(message):
                self._take(message)

    def _first(self, wait: float) -> Message | None:
        """Wait for a message; joining, and looking into what was assigned, do not count."""
        begin = time.monotonic()
        until, patience = begin + wait, begin + _JOIN_SECONDS
        while True:
            left = max(0.0, until - time.monotonic())
            message = self._consumer.poll(left if self._settled else _LOOK_SECONDS)
            if message is not None and self._tells(message):
                return message
            now = time.monotonic()
            if self._joined and not self._unseen:
                if not self._settled:
                    self._settled, until = True, now + wait
                if now >= until:
                    return None
            elif now >= max(patience, until):
                return None

    def _tells(self, message: Message) -> bool:
        """Return whether it is a message, not the news that a partition has no more of them."""
        self._unseen.discard(message.partition() or 0)
        fault = message.error()
        if fault is not None and fault.code() != KafkaError._PARTITION_EOF:  # noqa: SLF001
            raise Unavailable(f"Kafka does not answer: {fault.str()}")
        return fault is None

    def _take(self, message: Message) -> None:
        partition, offset = message.partition() or 0, message.offset() or 0
        if partition not in self._owned:
            return
        skipped = self._skip.pop(partition, (-1, 0))
        begin = skipped[1] if skipped[0] == offset else 0
        all_told = envelopes_in(message)
        self._counts[partition, offset] = len(all_told)
        for number, envelope in enumerate(all_told):
            if number >= begin:
                place = offset * IN_MESSAGE + number
                self._held.append(Record(self._topic, partition, place, envelope))

    def _commit(self, news: dict[int, int]) -> None:
        places = [self._place(partition, reached) for partition, reached in news.items()]
        deadline = time.monotonic() + _ANSWER_SECONDS
        self._revoked_lately.clear()
        while not self._took(places):
            # The group is being dealt out anew: only polling lets that go on.
            message = self._consumer.poll(_LOOK_SECONDS)
            if message is not None and self._tells(message):
                self._take(message)
            if self._revoked_lately & news.keys() or time.monotonic() > deadline:
                raise Conflict("Another consumer of the group has taken over.")
        self._committed |= news
        self._counts = {
            (partition, offset): count
            for (partition, offset), count in self._counts.items()
            if offset >= news.get(partition, -1) // IN_MESSAGE
        }

    def _took(self, places: list[TopicPartition]) -> bool:
        """Commit; False where the group does not take it from this consumer now."""
        try:
            self._consumer.commit(offsets=places, asynchronous=False)
        except KafkaException as fault:
            if fault.args[0].code() in _LOST:
                return False
            raise Unavailable(f"Kafka does not take the commit: {fault.args[0].str()}") from fault
        return True

    def _place(self, partition: int, reached: int) -> TopicPartition:
        offset, number = divmod(reached, IN_MESSAGE)
        if number + 1 == self._counts.get((partition, offset)):
            return TopicPartition(self._name, partition, offset + 1)
        return TopicPartition(self._name, partition, offset, metadata=str(number + 1))

    def _assigned(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        if self._left:
            return
        for place in self._places_of_group(consumer, partitions):
            if place.metadata:
                self._skip[place.partition] = (place.offset, int(place.metadata))
        numbers = {place.partition for place in partitions}
        self._owned |= numbers
        self._unseen |= numbers
        consumer.incremental_assign(partitions)
        self._joined, self._settled = True, False

    def _places_of_group(
        self, consumer: Consumer, partitions: list[TopicPartition]
    ) -> list[TopicPartition]:
        """Return where the group is; nothing where the brokers do not say.

        Then a message that was committed in part is delivered whole again, as the port allows.
        """
        try:
            return list(consumer.committed(partitions, _ANSWER_SECONDS))
        except KafkaException as fault:
            log.warning("kafka_committed_unknown", topic=self._topic, reason=str(fault))
            return []

    def _revoked(self, _consumer: Consumer, partitions: list[TopicPartition]) -> None:
        gone = {p.partition for p in partitions}
        self._owned -= gone
        self._revoked_lately |= gone
        self._unseen -= gone
        self._held = deque(r for r in self._held if r.partition not in gone)
        for partition in gone:
            self._skip.pop(partition, None)
            self._committed.pop(partition, None)


def envelopes_in(message: Message) -> list[Envelope]:
    """Return what a message holds, in order."""
    key = (message.key() or b"").decode()
    return [
        Envelope(event_id, type_name, version, key, UnixMs(at), payload)
        for event_id, type_name, version, at, payload in _decode(message.value() or b"")
    ]
