"""Dead letters: shown, told again, given up; a kill between loses none."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from antiphon.app import dead_letters
from antiphon.app.cli import main
from antiphon.app.compose import open_installation
from antiphon.app.doctor import examine
from antiphon.app.events_role import retained_topics, topics_by_group
from antiphon.app.serving import prepare_data
from antiphon.app.settings import Settings
from antiphon.eventlog import open_eventlog
from antiphon.kernel import Envelope, NotFound, UnixMs
from antiphon.rights import AuditEntry

HISTORY = "history"


def letter(number: int) -> Envelope:
    payload = json.dumps({"n": number}).encode()
    return Envelope(f"e{number}", "streaming.x", 1, f"k{number % 5}", UnixMs(number), payload)


@pytest.fixture
async def settings(tmp_path: Path) -> Settings:
    """Return an installation whose history could not handle forty events."""
    settings = Settings(data=str(tmp_path / "data"))
    prepare_data(settings)
    log = open_eventlog(settings.engine_url("events"))
    for number in range(40):
        await log.append("plays.history.dead", [letter(number)])
    await log.close()
    return settings


async def told(settings: Settings) -> list[int]:
    """Return the numbers of what the topic of plays holds, by key and order."""
    log = open_eventlog(settings.engine_url("events"))
    found = []
    try:
        async with log.subscribe("plays", group="look") as subscription:
            while records := await subscription.poll(wait=0.05):
                found += [json.loads(r.envelope.payload)["n"] for r in records]
    finally:
        await log.close()
    return found


async def dead(settings: Settings) -> int:
    states = {state.group: state for state in await dead_letters.group_states(settings)}
    return states[HISTORY].dead


async def test_what_is_shown_stays_dead(settings: Settings) -> None:
    for _ in range(2):
        found = await dead_letters.letters(settings, HISTORY, limit=100)
        assert sorted(r.envelope.event_id for r in found) == sorted(f"e{n}" for n in range(40))
    assert len(await dead_letters.letters(settings, HISTORY, limit=7)) == 7
    assert await dead(settings) == 40


async def test_what_is_told_again_is_told_once_and_in_the_order_of_each_key(
    settings: Settings,
) -> None:
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

    with monkeypatch.context() as patch:

        async def dies(_subscription, _records) -> None:
            raise Killed

        patch.setattr("antiphon.eventlog.lmdb_group.LmdbSubscription.commit", dies)
        with pytest.raises(Killed):
            await dead_letters.requeue(settings, HISTORY)
    assert await dead(settings) == 40
    assert await dead_letters.requeue(settings, HISTORY) == 40
    assert set(await told(settings)) == set(range(40))


async def test_what_is_given_up_is_told_to_nobody(settings: Settings) -> None:
    assert await dead_letters.drop(settings, HISTORY) == 40
    assert await dead(settings) == 0
    assert await told(settings) == []


async def audited(settings: Settings) -> list[AuditEntry]:
    """Return what the log of changes says of dead letters, once it is found whole."""
    installation = open_installation(settings)
    try:
        assert (await installation.audit.verify()).first_altered is None
        return list(reversed(await installation.audit.latest()))
    finally:
        await installation.close()


@pytest.mark.parametrize("action", ["requeue", "drop"])
async def test_what_can_change_the_accounts_is_written_down(
    settings: Settings, action: str
) -> None:
    work = dead_letters.requeue if action == "requeue" else dead_letters.drop
    await work(settings, HISTORY)
    entries = await audited(settings)
    done = {"requeue": "dead_letters_requeued", "drop": "dead_letters_dropped"}[action]
    assert {(e.actor, e.action, e.subject) for e in entries} == {("command line", done, HISTORY)}
    assert sum(int(e.details["events"]) for e in entries) == 40
    await work(settings, HISTORY)
    assert await audited(settings) == entries, "nothing was left to deal with"


async def test_a_kill_leaves_an_entry_too_many_rather_than_one_too_few(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    with monkeypatch.context() as patch:

        async def dies(_subscription, _records) -> None:
            raise Killed

        patch.setattr("antiphon.eventlog.lmdb_group.LmdbSubscription.commit", dies)
        with pytest.raises(Killed):
            await dead_letters.drop(settings, HISTORY)
    assert [e.action for e in await audited(settings)] == ["dead_letters_dropped"]
    assert await dead(settings) == 40


async def test_a_group_that_there_is_not_is_named_with_those_that_are(settings: Settings) -> None:
    with pytest.raises(NotFound, match=r"no group histery.*history, ledger"):
        await dead_letters.requeue(settings, "histery")


def test_the_command_shows_and_requeues(tmp_path: Path) -> None:
    data = str(tmp_path / "data")
    prepare_data(Settings(data=data))
    run = CliRunner().invoke
    states = json.loads(run(main, ["events", "status", "--json", "--data", data]).stdout)
    assert {"search.v1", "history", "ledger", "charts"} <= {state["group"] for state in states}
    assert "history" in run(main, ["events", "status", "--data", data]).stdout
    assert run(main, ["events", "dead", "history", "--data", data]).stdout == ""
    assert "0 events" in run(main, ["events", "requeue", "history", "--data", data]).stdout
    refused = run(main, ["events", "drop", "nobody", "--data", data])
    assert refused.exit_code == 1


async def test_a_dead_letter_is_not_trimmed_before_it_was_dealt_with(settings: Settings) -> None:
    async def trim() -> None:
        installation = open_installation(settings)
        topics = retained_topics(topics_by_group(installation))
        for topic, groups in topics.items():
            if topic.endswith(".dead"):
                await installation.events.trim(
                    topic, read_by=groups, before=installation.clock.now()
                )
        await installation.close()

    await trim()
    assert await dead(settings) == 40
    assert await dead_letters.requeue(settings, HISTORY) == 40
    await trim()
    assert sorted(await told(settings)) == list(range(40))


async def test_the_doctor_tells_of_dead_letters(settings: Settings) -> None:
    cared = [f.detail for f in await examine(settings) if f.needs_care]
    assert cared == ["history could not handle 40 events: see antiphon events dead."]
