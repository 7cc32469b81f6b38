"""A projection made again beside those that are fed: the log on Kafka, rows in Cassandra."""

from collections.abc import Callable
from pathlib import Path

import pytest

from antiphon.app.serving import prepare_data
from antiphon.app.settings import Settings
from antiphon.testing.engines import Engine

from ..unit.app.replay_world import command, opened, song  # noqa: TID252 - one world, two logs

pytestmark = pytest.mark.faults

SONGS = 30
PLAYS = 12


@pytest.fixture
def settings(tmp_path: Path, engine: Callable[[str], Engine], unique: str) -> Settings:
    tables = engine("cassandra").url.rpartition("/")[0]
    chosen = Settings(
        data=str(tmp_path / "data"),
        events=f"{engine('kafka').url}/{unique}",
        tables=f"{tables}/{unique}",
    )
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
        async with world.under_load(least_songs=SONGS, least_plays=PLAYS, pause=0.3):
            await command(settings, world.index_group, killed_after=1.0)
            for group in (world.index_group, "prefixes.v1", "history"):
                status, told = await command(settings, group)
                assert status == 0, told
        await world.caught_up()
        assert world.answers.faults == []
        state = await world.state()
        assert state["songs"] == sorted(song(n).id for n in range(world.songs))
        assert len(state["history"]) == world.plays
        assert all(heard.heard_ms == 50_000 for heard in state["history"])
