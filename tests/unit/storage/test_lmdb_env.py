import asyncio
import threading
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from antiphon.kernel import Corrupt, Invalid, Unavailable
from antiphon.storage import LmdbEnvironment


@pytest.fixture
async def env(tmp_path: Path) -> AsyncIterator[LmdbEnvironment]:
    env = LmdbEnvironment(tmp_path / "env")
    yield env
    await env.close()


def _put(key: bytes, value: bytes = b"x") -> Any:
    return lambda txn: txn.put(key, value)


def _keys(env: LmdbEnvironment) -> set[bytes]:
    with env.read() as txn, txn.cursor() as cursor:
        return set(cursor.iternext(values=False))


async def test_waiting_writes_share_a_commit(env: LmdbEnvironment) -> None:
    before = env.env.info()["last_txnid"]
    await asyncio.gather(*(env.write(_put(b"%d" % i)) for i in range(1000)))
    assert len(_keys(env)) == 1000
    assert env.env.info()["last_txnid"] - before <= 20


async def test_write_is_seen_by_the_read_after_it(env: LmdbEnvironment) -> None:
    for i in range(100):
        await env.write(_put(b"k", b"%d" % i))
        with env.read() as txn:
            assert txn.get(b"k") == b"%d" % i


@pytest.mark.parametrize("fault", [ValueError("bug"), Invalid("refused")])
async def test_failing_work_harms_no_neighbour(env: LmdbEnvironment, fault: Exception) -> None:
    def fails_late(txn: Any) -> None:
        if isinstance(fault, ValueError):
            txn.put(b"half", b"done")
        raise fault

    works = [_put(b"%03d" % i) for i in range(100)]
    works[30:30] = [fails_late] * 3
    works.append(fails_late)
    results = await asyncio.gather(*(env.write(w) for w in works), return_exceptions=True)
    assert [r for r in results if isinstance(r, Exception)] == [fault] * 4
    assert _keys(env) == {b"%03d" % i for i in range(100)}


@pytest.mark.parametrize("place", [0, 25, 50])
async def test_work_keeps_its_order_around_a_failure(env: LmdbEnvironment, place: int) -> None:
    def fails(_: Any) -> None:
        raise ValueError("bug")

    works = [_put(b"k", b"%d" % i) for i in range(50)]
    works.insert(place, fails)
    await asyncio.gather(*(env.write(w) for w in works), return_exceptions=True)
    with env.read() as txn:
        assert txn.get(b"k") == b"49"


async def test_bad_key_of_lmdb_itself_is_our_error(env: LmdbEnvironment) -> None:
    with pytest.raises(Unavailable):
        await env.write(_put(b"k" * 512))
    await env.write(_put(b"good"))
    assert _keys(env) == {b"good"}


async def test_full_map_is_told_and_what_was_written_stays(tmp_path: Path) -> None:
    env = LmdbEnvironment(tmp_path / "small", map_size=1024 * 1024)
    works = [_put(b"%06d" % number, bytes(50_000)) for number in range(40)]
    results = [await asyncio.gather(env.write(w), return_exceptions=True) for w in works]
    refusals = [r for (r,) in results if isinstance(r, Unavailable)]
    written = len(works) - len(refusals)
    assert "size limit of 1048576 bytes" in refusals[0].detail
    assert written > 5
    assert len(_keys(env)) == written
    await env.write(lambda txn: txn.delete(b"000000"))
    await env.close()


async def test_too_large_a_work_spares_its_neighbours_when_the_map_is_small(tmp_path: Path) -> None:
    env = LmdbEnvironment(tmp_path / "small", map_size=1024 * 1024)
    works = [_put(b"%d" % i) for i in range(10)]
    works.insert(5, _put(b"big", bytes(2_000_000)))
    results = await asyncio.gather(*(env.write(w) for w in works), return_exceptions=True)
    assert sum(isinstance(r, Unavailable) for r in results) == 1
    assert len(_keys(env)) == 10
    await env.close()


async def test_caller_that_gives_up_does_not_stop_the_others(env: LmdbEnvironment) -> None:
    started, go = threading.Event(), threading.Event()

    def slow(_: Any) -> None:
        started.set()
        go.wait(5)

    first = asyncio.create_task(env.write(slow))
    await asyncio.to_thread(started.wait, 5)
    second = asyncio.create_task(env.write(_put(b"a")))
    third = asyncio.create_task(env.write(_put(b"b")))
    await asyncio.sleep(0)
    second.cancel()
    go.set()
    await asyncio.gather(first, third)
    assert b"b" in _keys(env)


async def test_several_event_loops_can_write(env: LmdbEnvironment) -> None:
    def elsewhere(number: int) -> None:
        asyncio.run(env.write(_put(b"%d" % number)))

    await asyncio.gather(*(asyncio.to_thread(elsewhere, i) for i in range(8)))
    assert len(_keys(env)) == 8


async def test_closed_environment_refuses(tmp_path: Path) -> None:
    env = LmdbEnvironment(tmp_path / "env")
    writes = [asyncio.create_task(env.write(_put(b"%d" % i))) for i in range(10)]
    await asyncio.sleep(0)
    await env.close()
    await asyncio.gather(*writes)
    with pytest.raises(Unavailable, match="closed"):
        await env.write(_put(b"a"))
    with pytest.raises(Unavailable):
        env.read()
    again = LmdbEnvironment(tmp_path / "env")
    assert len(_keys(again)) == 10
    await again.close()


def test_damaged_file_is_corrupt(tmp_path: Path) -> None:
    (tmp_path / "env").mkdir()
    (tmp_path / "env" / "data.mdb").write_bytes(b"no database" * 1000)
    with pytest.raises(Corrupt, match="backup"):
        LmdbEnvironment(tmp_path / "env")


def test_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(Unavailable, match="cannot be used"):
        LmdbEnvironment(tmp_path / "file" / "env")


async def test_opening_twice_in_one_process_is_told(env: LmdbEnvironment) -> None:
    with pytest.raises(Unavailable, match="already open"):
        LmdbEnvironment(env.folder)
