"""Rights while their tables are away: memory decides on, and never what is known to be changed."""

import asyncio

import pytest

from antiphon.kernel import FixedClock, HouseholdId, SongId, Unavailable
from antiphon.rights import Rights, Terms, UseType
from antiphon.rights.store import RightsStore, SongDeals
from antiphon.testing import MemoryTables

HOME, SONG, OTHER = HouseholdId("home"), SongId("song"), SongId("other")
TAKEN_DOWN = SongDeals(deals=(), release_id="r", sender="s", changed_at=1)


class FaultyTables(MemoryTables):
    """Tables that can be away, or hang until they are let go on."""

    def __init__(self) -> None:
        super().__init__()
        self.away = False
        self.answering = asyncio.Event()
        self.answering.set()
        self.asked = 0

    async def read(self, table, key):
        await self._fault()
        return await super().read(table, key)

    async def read_many(self, table, keys):
        await self._fault()
        return await super().read_many(table, keys)

    async def _fault(self) -> None:
        self.asked += 1
        await self.answering.wait()
        if self.away:
            raise Unavailable("away")


@pytest.fixture
def tables():
    return FaultyTables()


@pytest.fixture
def clock():
    return FixedClock()


@pytest.fixture
async def rights(tables, clock):
    made = Rights(tables, clock, away=100)
    assert (await made.decide(HOME, SONG)).allowed
    yield made
    tables.answering.set()
    await made.close()


async def test_what_was_decided_lately_is_decided_on_and_not_for_ever(rights, tables, clock):
    tables.away = True
    for _ in range(99):
        clock.advance(seconds=1)
        assert (await rights.decide(HOME, SONG)).allowed
    assert rights.decided_alone == 99
    clock.advance(seconds=1)
    with pytest.raises(Unavailable):
        await rights.decide(HOME, SONG)
    tables.away = False
    assert (await rights.decide(HOME, SONG)).allowed


async def test_what_nobody_asked_for_lately_is_refused(rights, tables, clock):
    tables.away = True
    clock.advance(seconds=1)
    with pytest.raises(Unavailable):
        await rights.decide(HOME, OTHER)


async def test_what_was_forgotten_for_its_age_only_is_still_there_in_need(rights, tables, clock):
    clock.advance(seconds=31)
    await rights.decide(HOME, OTHER)
    tables.away = True
    clock.advance(seconds=0.1)
    assert (await rights.decide(HOME, SONG)).allowed, "within a look that still said all is well"
    clock.advance(seconds=1)
    assert (await rights.decide(HOME, SONG)).allowed


async def test_a_takedown_seen_before_the_tables_went_away_holds(rights, tables, clock):
    await RightsStore(tables).write_songs([(SONG, TAKEN_DOWN)])
    clock.advance(seconds=0.3)
    assert not (await rights.decide(HOME, SONG)).allowed
    tables.away = True
    clock.advance(seconds=50)
    assert not (await rights.decide(HOME, SONG)).allowed


async def test_a_song_told_to_be_changed_is_not_decided_until_the_tables_are_back(
    rights, tables, clock
):
    tables.away = True
    clock.advance(seconds=1)
    assert (await rights.decide(HOME, SONG)).allowed
    rights.songs_changed([SONG])
    with pytest.raises(Unavailable):
        await rights.decide(HOME, SONG)
    tables.away = False
    await RightsStore(tables).write_songs([(SONG, TAKEN_DOWN)])
    clock.advance(seconds=0.3)
    assert not (await rights.decide(HOME, SONG)).allowed


async def test_terms_changed_here_are_not_forgotten_in_an_outage(rights, tables, clock):
    await rights.change_terms(HOME, Terms(shares_library=False))
    tables.away = True
    with pytest.raises(Unavailable):
        await rights.decide(HOME, SONG)
    tables.away = False
    assert not (await rights.decide(HOME, SONG)).allowed


async def test_tables_that_hang_hold_up_one_look_and_nobody_after_it(rights, tables, clock):
    tables.answering.clear()
    clock.advance(seconds=1)
    async with asyncio.timeout(2):
        assert (await rights.decide(HOME, SONG)).allowed
    asked = tables.asked
    for _ in range(50):
        clock.advance(seconds=1)
        async with asyncio.timeout(0.2):
            assert (await rights.decide(HOME, SONG)).allowed
    assert tables.asked == asked, "one look is under way, and all share it"
    tables.answering.set()
    await RightsStore(tables).write_songs([(SONG, TAKEN_DOWN)])
    clock.advance(seconds=0.3)
    assert not (await rights.decide(HOME, SONG)).allowed, "back by itself, with all that is new"


async def test_many_who_need_a_look_share_one(rights, tables, clock):
    before = tables.asked
    clock.advance(seconds=1)
    await asyncio.gather(*(rights.decide(HOME, SONG) for _ in range(50)))
    assert tables.asked == before + 1


async def test_without_leave_to_decide_alone_nothing_is_decided_without_the_tables(tables, clock):
    rights = Rights(tables, clock)
    await rights.decide(HOME, SONG)
    tables.away = True
    assert rights.peek(HOME, SONG, UseType.STREAM) is not None
    clock.advance(seconds=1)
    with pytest.raises(Unavailable):
        await rights.decide(HOME, SONG)
