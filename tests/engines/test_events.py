"""What operators ask of the log, on a real Kafka: lag, dead letters, the archive."""

import json
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import msgspec
import pytest

from antiphon.app import dead_letters
from antiphon.app.archiving import archive_now, asked
from antiphon.app.lag_metrics import OPERATOR_GROUP, LagMetrics
from antiphon.app.metrics import Metrics
from antiphon.app.serving import prepare_data
from antiphon.app.settings import Settings
from antiphon.archive import Span
from antiphon.eventlog import open_eventlog
from antiphon.kernel import Envelope, UnixMs
from antiphon.testing.engines import Engine
from antiphon.testing.log_contract import envelopes

HISTORY = "history"
DEAD = "plays.history.dead"


@pytest.fixture
def settings(tmp_path: Path, engine: Callable[[str], Engine], unique: str) -> Settings:
    """Return an installation whose log is on Kafka."""
    chosen = Settings(data=str(tmp_path / "data"), events=f"{engine('kafka').url}/{unique}")
    prepare_data(chosen)
    return chosen


def letter(number: int) -> Envelope:
    payload = json.dumps({"n": number}).encode()
    return Envelope(f"e{number}", "streaming.x", 1, f"k{number % 5}", UnixMs(number), payload)


async def append(settings: Settings, topic: str, numbers: range) -> None:
    """Append each number by itself: a message each, in their order by key."""
    log = open_eventlog(settings.engine_url("events"))
    for number in numbers:
        await log.append(topic, [letter(number)])
    await log.close()


async def told(settings: Settings) -> list[int]:
    """Return the numbers of what the topic of plays holds, by key and order."""
    log = open_eventlog(settings.engine_url("events"))
    found = []
    try:
        async with log.subscribe("plays", group="look") as subscription:
            wait = 10.0
            while records := await subscription.poll(wait=wait):
                found += [json.loads(r.envelope.payload)["n"] for r in records]
                wait = 1.0
    finally:
        await log.close()
    return found


async def dead(settings: Settings) -> int:
    log = open_eventlog(settings.engine_url("events"))
    try:
        return await log.lag(DEAD, group=OPERATOR_GROUP)
    finally:
        await log.close()


async def test_dead_letters_of_all_partitions_are_shown_and_told_again_once_in_order(
    settings: Settings,
) -> None:
    await append(settings, DEAD, range(40))
    shown = await dead_letters.letters(settings, HISTORY, limit=100)
    assert sorted(r.envelope.event_id for r in shown) == sorted(f"e{n}" for n in range(40))
    assert await dead(settings) == 40, "what is shown stays dead"
    assert await dead_letters.requeue(settings, HISTORY) == 40
    assert await dead_letters.requeue(settings, HISTORY) == 0
    assert await dead(settings) == 0
    found = await told(settings)
    assert sorted(found) == list(range(40))
    for key in range(5):
        of_key = [n for n in found if n % 5 == key]
        assert of_key == sorted(of_key)


async def test_a_kill_before_it_is_noted_tells_twice_and_loses_nothing(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    async def dies(_subscription: object, _records: object) -> None:
        raise Killed

    await append(settings, DEAD, range(20))
    with monkeypatch.context() as patch:
        patch.setattr("antiphon.eventlog.kafka_group.KafkaSubscription.commit", dies)
        with pytest.raises(Killed):
            await dead_letters.requeue(settings, HISTORY)
    assert await dead(settings) == 20
    assert await dead_letters.requeue(settings, HISTORY) == 20
    assert set(await told(settings)) == set(range(20))


async def test_what_is_given_up_is_told_to_nobody(settings: Settings) -> None:
    await append(settings, DEAD, range(10))
    assert await dead_letters.drop(settings, HISTORY) == 10
    assert await dead(settings) == 0
    assert await told(settings) == []


async def test_lag_and_dead_letters_stand_at_metrics(settings: Settings, tmp_path: Path) -> None:
    log, metrics = open_eventlog(settings.engine_url("events")), Metrics(tmp_path / "m", "events")
    lag = LagMetrics(metrics, log)
    for number in range(6):
        await log.append("plays", envelopes(f"k{number}", [1, 2]))
    await log.append(DEAD, envelopes("k", [1]))
    await lag.look("plays", HISTORY)
    assert figure(metrics, "antiphon_events_lag") == 6, "an append about one key is one message"
    assert figure(metrics, "antiphon_events_dead_letters") == 1
    async with log.subscribe("plays", group=HISTORY) as subscription:
        await subscription.commit(await subscription.poll(max_records=100, wait=10))
    await lag.look("plays", HISTORY)
    assert figure(metrics, "antiphon_events_lag") < 6
    await log.close()


async def test_the_archive_of_all_partitions_has_each_record_once_on_s3(
    settings: Settings,
    engine: Callable[[str], Engine],
    unique: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Killed(BaseException):
        pass

    async def dies(*_: object) -> None:
        raise Killed

    parts = urlsplit(engine("s3").url)
    chosen = msgspec.structs.replace(settings, objects=parts._replace(path=f"/{unique}").geturl())
    await append(chosen, "plays", range(40))
    with monkeypatch.context() as patch:
        patch.setattr("antiphon.eventlog.kafka_group.KafkaSubscription.commit", dies)
        with pytest.raises(Killed):
            await archive_now(chosen)
    await append(chosen, "plays", range(40, 60))
    await archive_now(chosen)
    counted = 'SELECT count(*), count(DISTINCT ("partition", "offset")), count(DISTINCT event_id)'
    assert (await asked(chosen, f"{counted} FROM log", Span())).rows == [(60, 60, 60)]
    assert (await asked(chosen, 'SELECT count(DISTINCT "partition") FROM log', Span())).rows > [
        (1,)
    ]


def figure(metrics: Metrics, name: str) -> float:
    labels = {"topic": "plays", "group": HISTORY}
    found = metrics.registry.get_sample_value(name, labels)
    assert found is not None, f"{name} is not shown"
    return found
