"""Objects in several stores: whatever moves, whatever dies, every byte is read."""

import asyncio
import random
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from antiphon.kernel import Unavailable
from antiphon.storage import Objects, StorageClass, TieredObjects, open_objects
from antiphon.testing import MemoryObjects

HOT, WARM, COLD = StorageClass
KEY = "media/ab/abcd/flac/0.m4s"


class Failing(MemoryObjects):
    """A store that dies, or answers nothing, when the test says so."""

    def __init__(self) -> None:
        super().__init__()
        self.away = False
        self.left: int | None = None  # changes until the process is killed

    async def get(self, key: str, *, start: int = 0, length: int | None = None) -> bytes | None:
        await asyncio.sleep(0)
        self._asked()
        return await super().get(key, start=start, length=length)

    async def put(self, key: str, data: bytes, *, create_only: bool = False) -> bool:
        self._changed()
        await asyncio.sleep(0)
        return await super().put(key, data, create_only=create_only)

    async def delete(self, key: str) -> None:
        self._changed()
        await asyncio.sleep(0)
        await super().delete(key)

    def _asked(self) -> None:
        if self.away:
            raise Unavailable("away")

    def _changed(self) -> None:
        self._asked()
        if self.left is not None:
            self.left -= 1
            if self.left < 0:
                raise Killed


class Killed(BaseException):
    """The process is no more."""


class World:
    """Three stores that outlive the port over them."""

    def __init__(self) -> None:
        self.hot, self.warm, self.cold = Failing(), Failing(), Failing()
        self.port = self.opened()

    def opened(self) -> TieredObjects:
        return TieredObjects(self.hot, {WARM: self.warm, COLD: self.cold}, prefix="media/")

    async def held(self, key: str = KEY) -> list[bool]:
        return [await MemoryObjects.head(s, key) is not None for s in self.stores]

    @property
    def stores(self) -> list[Failing]:
        return [self.hot, self.warm, self.cold]


@pytest.fixture
def world() -> World:
    return World()


async def lifted(port: TieredObjects) -> None:
    while port._lifts:
        await asyncio.sleep(0)


async def test_what_is_written_is_hot_and_what_sinks_lies_in_one_store(world: World) -> None:
    await world.port.put(KEY, b"sound")
    assert await world.held() == [True, False, False]
    assert await world.port.sink(KEY, COLD) == 5
    assert await world.held() == [False, False, True]
    assert await world.port.sink(KEY, COLD) == 0


async def test_what_is_read_from_below_comes_up_and_sinks_again_without_a_copy(
    world: World,
) -> None:
    await world.port.put(KEY, b"sound")
    await world.port.sink(KEY, COLD)
    assert await world.port.get(KEY, start=1, length=3) == b"oun"
    await lifted(world.port)
    assert await world.held() == [True, False, True]
    assert world.port.counts.reads == {WARM: 0, COLD: 1}
    assert await world.port.sink(KEY, COLD) == 0
    assert await world.held() == [False, False, True]


async def test_many_who_ask_at_once_have_a_cold_object_read_once(world: World) -> None:
    await world.cold.put(KEY, b"sound")
    answers = await asyncio.gather(*(world.port.get(KEY) for _ in range(50)))
    assert set(answers) == {b"sound"}
    assert world.port.counts.reads[COLD] == 1


async def test_a_store_that_is_away_takes_only_its_own_with_it(world: World) -> None:
    await world.port.put(KEY, b"cold")
    await world.port.sink(KEY, COLD)
    await world.port.put("media/hot", b"hot")
    world.cold.away = True
    assert await world.port.get("media/hot") == b"hot"
    with pytest.raises(Unavailable):
        await world.port.get(KEY)
    with pytest.raises(Unavailable):  # it cannot be said that there is none
        await world.port.get("media/none")
    world.cold.away, world.hot.away = False, True
    assert await world.port.get(KEY) == b"cold"
    with pytest.raises(Unavailable):
        await world.port.get("media/hot")


async def test_an_object_that_cannot_be_copied_down_stays_where_it_is(world: World) -> None:
    await world.port.put(KEY, b"sound")
    world.cold.away = True
    with pytest.raises(Unavailable):
        await world.port.sink(KEY, COLD)
    assert await world.held() == [True, False, False]


async def test_what_does_not_come_up_is_read_all_the_same(world: World) -> None:
    await world.cold.put(KEY, b"sound")

    async def full(*_: object, **__: object) -> bool:
        raise Unavailable("The disk is full.")

    world.hot.put = full  # type: ignore[method-assign]
    assert await world.port.get(KEY) == b"sound"
    await lifted(world.port)
    assert world.port.counts.lifts_failed == 1


async def test_deleting_reaches_every_store_and_says_where_it_did_not(world: World) -> None:
    for store in world.stores:
        await store.put(KEY, b"sound")
    world.warm.away = True
    with pytest.raises(Unavailable):
        await world.port.delete(KEY)
    assert await world.held() == [False, True, False]
    world.warm.away = False
    await world.port.delete(KEY)
    assert await world.port.get(KEY) is None


async def test_only_media_sink(world: World) -> None:
    await world.cold.put("artwork/a/source", b"not ours")
    assert await world.port.get("artwork/a/source") is None
    assert await world.port.head("artwork/a/source") is None


@given(left=st.integers(0, 3), start=st.sampled_from([(1, 0, 0), (1, 1, 0), (0, 1, 0), (1, 0, 1)]))
@settings(max_examples=60, deadline=None)
def test_a_kill_between_any_two_steps_of_a_move_loses_nothing(
    left: int, start: tuple[int, int, int]
) -> None:
    async def check() -> None:
        world = World()
        for store, there in zip(world.stores, start, strict=True):
            if there:
                await store.put(KEY, b"sound")
        for store in world.stores:
            store.left = left
        with suppress(Killed):
            await world.port.sink(KEY, COLD)
        for store in world.stores:
            store.left = None
        again = world.opened()
        assert await again.get(KEY) == b"sound"
        await lifted(again)
        await again.sink(KEY, COLD)
        assert await world.held() == [False, False, True]

    asyncio.run(check())


@given(seed=st.integers(0, 2**32))
@settings(max_examples=40, deadline=None)
def test_readers_get_every_byte_while_objects_move_at_random(seed: int) -> None:
    chance = random.Random(seed)
    keys = {f"media/ab/abcd/flac/{n}.m4s": bytes([n]) * (n + 1) for n in range(6)}

    async def mover(port: TieredObjects, reading: asyncio.Event) -> None:
        while not reading.is_set():
            await port.sink(chance.choice(list(keys)), chance.choice([WARM, COLD]))
            await asyncio.sleep(0)

    async def reader(port: TieredObjects) -> None:
        for _ in range(60):
            key = chance.choice(list(keys))
            assert await port.get(key) == keys[key]

    async def check() -> None:
        world = World()
        done = asyncio.Event()
        for key, data in keys.items():
            await world.port.put(key, data)
        # Two processes: each moves and reads on a port of its own.
        other = world.opened()
        movers = [asyncio.create_task(mover(port, done)) for port in (world.port, other)]
        await asyncio.gather(*(reader(port) for port in (world.port, other) for _ in range(4)))
        done.set()
        await asyncio.gather(*movers)
        await world.port.close()

    asyncio.run(check())


async def test_a_path_is_told_only_while_the_file_lies_there(tmp_path: Path) -> None:
    cold = open_objects(f"file:{tmp_path}/cold")
    port = TieredObjects(open_objects(f"file:{tmp_path}/hot"), {COLD: cold}, prefix="media/")
    await port.put(KEY, b"sound")
    place = port.locate(KEY)
    assert place.path is not None
    assert place.path.read_bytes() == b"sound"
    assert not place.settled
    await port.sink(KEY, COLD)
    assert port.locate(KEY).path is None
    assert port.locate("artwork/a").settled
    assert not (tmp_path / "hot" / "media").exists()  # what is empty goes as well


async def test_a_folder_that_is_removed_while_something_is_put_there_is_no_fault(
    tmp_path: Path,
) -> None:
    objects: Objects = open_objects(f"file:{tmp_path}/store")

    async def come_and_go(number: int) -> None:
        for _ in range(40):
            await objects.put(f"media/a/{number}", b"1")
            assert await objects.get(f"media/a/{number}") == b"1"
            await objects.delete(f"media/a/{number}")

    await asyncio.gather(*(come_and_go(n) for n in range(4)))
    assert [info async for info in objects.list("")] == []
