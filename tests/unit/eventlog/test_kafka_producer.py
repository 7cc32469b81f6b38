"""What the producer of the Kafka log does where no broker answers."""

import asyncio
import socket
import time

import pytest

from antiphon.eventlog.kafka_log import _Deliveries
from antiphon.kernel import Unavailable, UnixMs

MESSAGES = [(b"key", b"value", UnixMs(1_700_000_000_000)) for _ in range(50)]


@pytest.mark.slow
async def test_an_append_that_no_broker_takes_is_refused_in_time_and_leaves_nothing_waiting() -> (
    None
):
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))  # bound, and nobody listens
        address = f"127.0.0.1:{nobody.getsockname()[1]}"
        deliveries = _Deliveries({"bootstrap.servers": address, "log_level": 0})
        began = time.monotonic()
        refused = await asyncio.gather(
            *(deliveries.send("t", MESSAGES) for _ in range(4)), return_exceptions=True
        )
        assert [type(fault) for fault in refused] == [Unavailable] * 4
        assert time.monotonic() - began < 25
        async with asyncio.timeout(10):
            while deliveries._pending:  # the last of its callbacks may still be on its way
                await asyncio.sleep(0.01)
        await asyncio.to_thread(deliveries.close)


async def test_what_the_producer_will_not_take_counts_as_dealt_with() -> None:
    deliveries = _Deliveries({"bootstrap.servers": "127.0.0.1:1", "log_level": 0})
    deliveries._producer = Full()
    with pytest.raises(Unavailable, match="does not take"):
        await deliveries.send("t", MESSAGES)
    assert deliveries._pending == 0
    await asyncio.to_thread(deliveries.close)


class Full:
    """A producer that takes three messages, and says at once that they are there."""

    def __init__(self) -> None:
        self._taken = 0

    def produce(self, *_: object, on_delivery, **__: object) -> None:
        from confluent_kafka import KafkaError, KafkaException

        if self._taken == 3:
            raise KafkaException(KafkaError(KafkaError._MSG_TIMED_OUT))
        self._taken += 1
        on_delivery(None, None)

    def poll(self, _seconds: float) -> int:
        time.sleep(0.01)
        return 0

    def flush(self, _seconds: float) -> int:
        return 0
