"""A projection made again while others read it: nothing goes missing, and the end is the same."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from antiphon.app.cli import main
from antiphon.app.serving import prepare_data
from antiphon.app.settings import Settings
from antiphon.storage import DeleteFamily, DeleteRow

from .replay_world import command, opened, song

SONGS = 600
PLAYS = 60


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    chosen = Settings(data=str(tmp_path / "data"))
    prepare_data(chosen)
    return chosen


async def test_under_load_no_answer_goes_missing_and_the_end_is_as_without_a_replay(
    settings: Settings,
) -> None:
    async with opened(settings) as world, world.fed():
        await world.add_songs(SONGS)
        for _ in range(PLAYS):
            await world.play()
        await world.caught_up()
        async with world.under_load(least_songs=SONGS, least_plays=PLAYS):
            for group in (world.index_group, "history", "departures", "audio", "charts"):
                status, told = await command(settings, group)
                assert status == 0, told
        await world.caught_up()
        assert world.answers.faults == []
        assert world.answers.asked > 20
        state = await world.state()
        assert state["songs"] == sorted(song(n).id for n in range(world.songs))
        assert len(state["history"]) == world.plays
        assert all(heard.heard_ms == 50_000 for heard in state["history"])
        assert sum(state["counts"].values()) == world.plays
        for group in (world.index_group, "history", "charts"):
            status, told = await command(settings, group)
            assert status == 0, told
        await world.caught_up()
        assert await world.state() == state


async def test_what_the_index_lost_is_there_again_and_the_old_one_is_gone(
    settings: Settings,
) -> None:
    async with opened(settings) as world, world.fed():
        await world.add_songs(40)
        await world.caught_up()
        whole = await world.state()
        lost = [song(n).id for n in (3, 5, 8)]
        await world.installation.search.change([], lost)
        await world.caught_up()
        assert len((await world.state())["songs"]) == 37
        status, told = await command(settings, world.index_group)
        assert status == 0, told
        await world.caught_up()
        assert await world.state() == whole
        folders = Path(settings.engine_url("search").partition(":")[2]).glob("v1*")
        assert [folder.name for folder in folders] == ["v1-1"]
        await world.add_songs(2)  # the live group writes to the new one
        await world.caught_up()
        assert len((await world.state())["songs"]) == 42


async def test_killed_it_goes_on_and_ends_the_same(settings: Settings) -> None:
    async with opened(settings) as world, world.fed():
        await world.add_songs(SONGS)
        for _ in range(PLAYS):
            await world.play()
        await world.caught_up()
        state = await world.state()
        async with world.under_load(least_songs=SONGS, least_plays=PLAYS):
            for after in (0.15, 0.3, 0.6, 1.0):
                await command(settings, world.index_group, killed_after=after)
                await command(settings, "history", killed_after=after / 4)
                await command(settings, "charts", killed_after=after / 2)
        for group in (world.index_group, "history", "charts"):
            status, told = await command(settings, group)
            assert status == 0, told
        await world.caught_up()
        assert world.answers.faults == []
        after = await world.state()
        assert after["songs"] == sorted(song(n).id for n in range(world.songs))
        assert len(after["history"]) == sum(after["counts"].values()) == world.plays
        assert set(state["songs"]) <= set(after["songs"])


async def test_counts_that_were_lost_or_wrong_are_right_again_and_charts_are_made(
    settings: Settings,
) -> None:
    async with opened(settings) as world, world.fed():
        await world.add_songs(20)
        for _ in range(PLAYS):
            await world.play()
        await world.caught_up()
        counts, tables = await world.counts(), world.installation.tables
        assert sum(counts.values()) == PLAYS
        rows = await tables.scan("charts_plays")
        await tables.mutate("charts_plays", rows[0].key, [DeleteRow()])
        await tables.mutate("charts_plays", rows[1].key, [DeleteFamily("c")])
        assert await world.counts() != counts
        status, told = await command(settings, "charts")
        assert status == 0, told
        assert f"rows={len(rows)}" in told
        assert await world.counts() == counts
        assert await tables.scan("charts_plays_again") == []
        for _ in range(PLAYS):
            await world.play()
        await world.caught_up()
        assert sum((await world.counts()).values()) == 2 * PLAYS


def test_the_command_tells_progress_and_what_was_done(settings: Settings) -> None:
    run = CliRunner().invoke
    done = run(main, ["events", "replay", "history", "--data", settings.data])
    assert done.exit_code == 0, done.output
    assert "100 % of 0 read" in done.stderr
    assert "0 events were handled" in done.stdout
    states = json.loads(run(main, ["events", "status", "--json", "--data", settings.data]).stdout)
    assert "history.replay" not in {state["group"] for state in states}


@pytest.mark.parametrize(
    ("group", "why"),
    [
        ("ledger", "statements reconcile"),
        ("nobody", "choose one of"),
    ],
)
def test_what_cannot_be_made_again_says_why(settings: Settings, group: str, why: str) -> None:
    refused = CliRunner().invoke(main, ["events", "replay", group, "--data", settings.data])
    assert refused.exit_code == 1
    assert why in refused.output
