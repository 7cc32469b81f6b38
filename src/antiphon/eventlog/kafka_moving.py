"""What moving an installation asks of Kafka: records and places without joining a group.

An offset of ours is a message's offset and the envelope's number in it (``kafka_group``).
"""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

from confluent_kafka import (
    Consumer,
    ConsumerGroupState,
    ConsumerGroupTopicPartitions,
    KafkaError,
    KafkaException,
    Message,
    TopicPartition,
)
from confluent_kafka.admin import AdminClient

from antiphon.eventlog.kafka_group import IN_MESSAGE, envelopes_in
from antiphon.eventlog.log import Extent, Places, Record
from antiphon.kernel import Conflict, Unavailable

_ANSWER_SECONDS: Final = 10.0
_LOOK_SECONDS: Final = 0.5
_PAUSE_SECONDS: Final = 0.1
_MESSAGES_AT_ONCE: Final = 5000
_NO_LEADER: Final = {
    KafkaError.NOT_LEADER_FOR_PARTITION,
    KafkaError.LEADER_NOT_AVAILABLE,
    KafkaError.UNKNOWN_TOPIC_OR_PART,
    KafkaError._UNKNOWN_PARTITION,  # noqa: SLF001 - librdkafka's own codes have no public names
}
_UNREAD: Final = {ConsumerGroupState.EMPTY, ConsumerGroupState.DEAD}


class KafkaMoving:
    """Asks the brokers; every call blocks, and comes from a worker thread."""

    def __init__(self, common: dict[str, Any], prefix: str, admin: AdminClient) -> None:
        self._common = common
        self._prefix = prefix
        self._admin = admin

    def topics(self) -> list[str]:
        """Return the topics below the prefix."""
        with _told("list its topics"):
            found = self._admin.list_topics(timeout=_ANSWER_SECONDS).topics
        mine = (name for name in found if name.startswith(f"{self._prefix}."))
        return sorted(name.removeprefix(f"{self._prefix}.") for name in mine)

    def extents(self, name: str) -> dict[int, Extent]:
        """Return what each partition holds."""
        with self._reader() as reader, _told("say what a topic holds"):
            partitions = reader.list_topics(name, _ANSWER_SECONDS).topics[name].partitions
            found = {}
            for number in sorted(partitions):
                place = TopicPartition(name, number)
                begin, end = _watermarks(reader, place)
                found[number] = Extent(begin * IN_MESSAGE, end * IN_MESSAGE)
        return found

    def stored(
        self, names: tuple[str, str], partition: int, start: int, limit: int
    ) -> list[Record]:
        """Return records from ``start`` on; ``names``: ours of the topic, and Kafka's."""
        topic, name = names
        records: list[Record] = []
        first = start // IN_MESSAGE
        with self._reader() as reader, _told("give its records"):
            place = TopicPartition(name, partition)
            begin, end = _watermarks(reader, place)
            if max(first, begin) >= end or limit <= 0:
                return []
            reader.assign([TopicPartition(name, partition, max(first, begin))])
            until = time.monotonic() + _ANSWER_SECONDS
            while len(records) < limit and time.monotonic() < until:
                most = min(limit - len(records), _MESSAGES_AT_ONCE)
                last = -1
                for message in reader.consume(most, _LOOK_SECONDS):
                    _check(message)
                    last = message.offset() or 0
                    until = time.monotonic() + _ANSWER_SECONDS
                    records += [r for r in _records(topic, message) if r.offset >= start]
                if last + 1 >= end:
                    return records[:limit]
        if not records:
            raise Unavailable(f"Kafka does not give the records of {topic}.")
        return records[:limit]

    def places(self, topic: str, name: str) -> dict[str, Places]:
        """Return where each group goes on; ``Conflict`` while one has members."""
        begin = f"{name}."
        found: dict[str, Places] = {}
        with _told("say where groups are"):
            for listed in self._admin.list_consumer_groups().result(_ANSWER_SECONDS).valid:
                if not listed.group_id.startswith(begin):
                    continue
                if listed.state not in _UNREAD:
                    told = f"The group {listed.group_id} of {topic} is being read"
                    raise Conflict(f"{told}: stop the servers first; a killed one counts for 10 s.")
                places = self._committed(listed.group_id, name)
                if places:  # none: the name is that of a group of another topic
                    found[listed.group_id.removeprefix(begin)] = places
        return found

    def place(self, name: str, group: str, places: Places) -> None:
        """Let a group go on there."""
        wanted = []
        for partition, offset in places.items():
            message, number = divmod(offset, IN_MESSAGE)
            inside = str(number) if number else ""
            wanted.append(TopicPartition(name, partition, message, metadata=inside))
        if not wanted:
            return
        asked = [ConsumerGroupTopicPartitions(group, wanted)]
        with _told("place a group"):
            [change] = self._admin.alter_consumer_group_offsets(asked).values()
            changed = change.result(_ANSWER_SECONDS)
        if any(place.error is not None for place in changed.topic_partitions):
            raise Conflict(f"The group {group} is being read: stop its role first.")

    def drop(self, name: str) -> None:
        """Delete a topic, and wait until the brokers know it no more."""
        with _told("delete a topic"):
            [gone] = self._admin.delete_topics([name]).values()
            try:
                gone.result(_ANSWER_SECONDS)
            except KafkaException as fault:
                if fault.args[0].code() != KafkaError.UNKNOWN_TOPIC_OR_PART:
                    raise
            until = time.monotonic() + _ANSWER_SECONDS
            while name in self._admin.list_topics(timeout=_ANSWER_SECONDS).topics:
                if time.monotonic() > until:
                    raise Unavailable(f"Kafka has not deleted {name} yet: try again.")
                time.sleep(_PAUSE_SECONDS)

    def _committed(self, group: str, name: str) -> Places:
        asked = [ConsumerGroupTopicPartitions(group)]
        [answer] = self._admin.list_consumer_group_offsets(asked).values()
        return {
            place.partition: place.offset * IN_MESSAGE + int(place.metadata or 0)
            for place in answer.result(_ANSWER_SECONDS).topic_partitions
            if place.topic == name and place.offset >= 0
        }

    @contextmanager
    def _reader(self) -> Iterator[Consumer]:
        """Open a consumer that joins no group."""
        settings = {
            "group.id": f"{self._prefix}.moving",
            "enable.auto.commit": False,
            "enable.auto.offset.store": False,
            "fetch.wait.max.ms": 50,
            "fetch.message.max.bytes": 16 * 1024 * 1024,
        }
        consumer = Consumer(self._common | settings)
        try:
            yield consumer
        finally:
            consumer.close()


def _watermarks(reader: Consumer, place: TopicPartition) -> tuple[int, int]:
    """Return where a partition begins and ends; one that was just made has no leader at first."""
    until = time.monotonic() + _ANSWER_SECONDS
    while True:
        try:
            begin, end = reader.get_watermark_offsets(place, _ANSWER_SECONDS)
        except KafkaException as fault:
            if fault.args[0].code() not in _NO_LEADER or time.monotonic() > until:
                raise
            time.sleep(_PAUSE_SECONDS)
        else:
            return int(begin), int(end)


def _records(topic: str, message: Message) -> Sequence[Record]:
    partition, offset = message.partition() or 0, message.offset() or 0
    return [
        Record(topic, partition, offset * IN_MESSAGE + number, envelope)
        for number, envelope in enumerate(envelopes_in(message))
    ]


def _check(message: Message) -> None:
    fault = message.error()
    if fault is not None:
        raise Unavailable(f"Kafka does not give its records: {fault.str()}")


@contextmanager
def _told(what: str) -> Iterator[None]:
    try:
        yield
    except KafkaException as fault:
        raise Unavailable(f"Kafka does not {what}: {fault.args[0].str()}") from fault
