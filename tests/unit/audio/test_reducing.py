"""Rungs taken off offer and put back, while others write the same package."""

import asyncio

import pytest

from antiphon.audio import STEREO_RUNGS, PackageReducer, PackageStore, PackageWriter, Progress, Rung
from antiphon.audio.model import Rendition, Segment
from antiphon.kernel import UnixMs
from antiphon.storage import open_tables

KEPT = (Rung.FLAC, Rung.AAC_128)
TAKEN = (Rung.AAC_64, Rung.AAC_256, Rung.ALAC)
NOW = UnixMs(1_700_000_000_000)


class Outbox:
    def __init__(self, tables):
        self.tables = tables

    async def write(self, table, key, mutations, events, *, topic):
        await self.tables.mutate(table, key, mutations)


def rendition(rung, making="one"):
    segments = (Segment(1000, 10), Segment(500, 5))
    prefix = f"media/ab/ab12/{rung}_{making}"
    return Rendition(rung, "x", prefix, 44100, 2, 16, 0, 0, 1500, 3, segments, 1, 1)


class World:
    def __init__(self, folder):
        self.tables = open_tables(f"lmdb:{folder}")
        self.packages = PackageStore(self.tables)
        self.writer = PackageWriter(Outbox(self.tables))
        self.reducer = PackageReducer(self.tables)

    async def make(self, making="one", rungs=STEREO_RUNGS):
        made = [rendition(rung, making) for rung in rungs]
        await self.writer.put(Progress("r", "ab12", made, None, complete=True))

    async def offered(self):
        return [r.rung for r in (await self.packages.package("r")).renditions]


@pytest.fixture
async def world(tmp_path):
    world = World(tmp_path)
    await world.make()
    yield world
    await world.tables.close()


async def test_a_retired_rung_is_offered_no_more_and_still_known(world):
    before = await world.packages.package("r")
    assert await world.reducer.retire("r", TAKEN, NOW) == 3
    package = await world.packages.package("r")
    assert {r.rung for r in package.renditions} == set(KEPT)
    assert {d.rendition for d in package.departing} == {before.rendition(r) for r in TAKEN}
    assert {d.made_at for d in package.departing} == {before.made_at[r] for r in TAKEN}
    assert set(package.reduced) == set(TAKEN)
    assert not package.complete


async def test_what_departs_is_put_back_as_it_was(world):
    before = await world.packages.package("r")
    await world.reducer.retire("r", TAKEN, NOW)
    assert await world.reducer.put_back("r")
    assert await world.packages.package("r") == before


async def test_what_was_dropped_is_not_put_back(world):
    await world.reducer.retire("r", TAKEN, NOW)
    assert await world.reducer.drop("r", NOW) == 0
    assert await world.reducer.drop("r", UnixMs(NOW + 1)) == 3
    assert not await world.reducer.put_back("r")
    package = await world.packages.package("r")
    assert (package.departing, set(package.reduced)) == ((), set(TAKEN))


async def test_a_ladder_made_anew_is_whole_again_and_the_old_one_still_departs(world):
    await world.reducer.retire("r", TAKEN, NOW)
    await world.make("two")
    package = await world.packages.package("r")
    assert package.complete
    assert package.reduced == ()
    assert len(package.departing) == 3
    assert await world.reducer.put_back("r")
    assert all(r.prefix.endswith("_two") for r in (await world.packages.package("r")).renditions)


async def test_steps_cut_off_anywhere_are_finished_by_the_next_call(world):
    before = await world.packages.package("r")
    for cut in range(4):
        await world.reducer.retire("r", TAKEN[:cut], NOW)
        await world.reducer.retire("r", TAKEN, NOW)
        assert set(await world.offered()) == set(KEPT)
        assert await world.reducer.put_back("r")
        assert await world.packages.package("r") == before


async def test_many_at_once_leave_a_package_in_which_everything_is_named(world):
    """Whoever comes second changes nothing; no rendition is lost between two cells."""
    for turn in range(30):
        await asyncio.gather(
            world.reducer.retire("r", TAKEN, NOW),
            world.reducer.put_back("r"),
            world.reducer.retire("r", TAKEN[turn % 3 :], NOW),
            world.reducer.put_back("r"),
        )
        package = await world.packages.package("r")
        named = [*package.renditions, *(d.rendition for d in package.departing)]
        assert sorted(r.rung for r in named) == sorted(STEREO_RUNGS)
        missing = set(STEREO_RUNGS) - {r.rung for r in package.renditions}
        assert missing <= set(package.reduced)
        assert package.complete <= (not missing)


async def test_unknown_recordings_have_nothing_to_take(world):
    assert await world.reducer.retire("nobody", TAKEN, NOW) == 0
    assert await world.reducer.drop("nobody", NOW) == 0
    assert not await world.reducer.put_back("nobody")
