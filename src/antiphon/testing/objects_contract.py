"""What every driver of the objects port keeps."""
# ruff: noqa: D102 - the name of each test is the sentence that it promises

import asyncio
import os
import time

from antiphon.kernel import Invalid
from antiphon.storage import Objects
from antiphon.testing.checks import refused

_BAD_KEYS = (
    "", "/", "/a", "a/", "a//b", "..", "a/../b", "../a", ".", "./a", "a/.", ".hidden", "a/.b",
    "a b", "a\\b", "ä", "a\0", "a\n", "a?x", "a#1", "a%2e", "x" * 201, "/".join("a" * 17),
)  # fmt: skip
_CLOCKS_APART_MS = 5000


class ObjectsContract:
    """All of it; the fixture ``objects`` is a driver on an empty store."""

    async def test_absent_object_is_none(self, objects: Objects) -> None:
        assert await objects.get("media/a") is None
        assert await objects.head("media/a") is None
        assert await objects.get("media/a", start=5, length=1) is None

    async def test_stored_bytes_are_read_back(self, objects: Objects) -> None:
        for size in (0, 1, 65_536, 1_500_000):
            data = os.urandom(size)
            assert await objects.put(f"media/{size}.m4s", data)
            assert await objects.get(f"media/{size}.m4s") == data

    async def test_put_replaces(self, objects: Objects) -> None:
        await objects.put("a", b"a longer first value")
        await objects.put("a", b"second")
        assert await objects.get("a") == b"second"

    async def test_create_only_keeps_what_is_there(self, objects: Objects) -> None:
        assert await objects.put("a", b"first", create_only=True)
        assert not await objects.put("a", b"second", create_only=True)
        assert await objects.get("a") == b"first"

    async def test_exactly_one_of_many_creators_wins(self, objects: Objects) -> None:
        values = [b"%d" % i * 1000 for i in range(20)]
        answers = await asyncio.gather(
            *(objects.put("race/a", value, create_only=True) for value in values)
        )
        assert sum(answers) == 1
        assert await objects.get("race/a") == values[answers.index(True)]

    async def test_reader_sees_a_whole_object_while_it_is_replaced(self, objects: Objects) -> None:
        values = {bytes([i]) * 300_000 for i in range(8)}
        await objects.put("a", next(iter(values)))
        writes = asyncio.gather(*(objects.put("a", value) for value in values))
        while not writes.done():
            assert await objects.get("a") in values
            await asyncio.sleep(0)
        await writes

    async def test_ranges_are_exact(self, objects: Objects) -> None:
        data = os.urandom(1000)
        await objects.put("a", data)
        for start, length in ((0, 1), (0, 1000), (10, 20), (999, 1), (500, None), (0, 0)):
            end = None if length is None else start + length
            assert await objects.get("a", start=start, length=length) == data[start:end]

    async def test_range_ends_with_the_object(self, objects: Objects) -> None:
        await objects.put("a", b"0123456789")
        assert await objects.get("a", start=8, length=100) == b"89"
        assert await objects.get("a", start=10) == b""

    async def test_range_past_the_end_is_refused(self, objects: Objects) -> None:
        await objects.put("a", b"0123456789")
        await refused(Invalid, objects.get("a", start=11))
        await refused(Invalid, objects.get("a", start=-1, length=1))

    async def test_head_tells_size_and_a_tag_of_the_content(self, objects: Objects) -> None:
        await objects.put("a", b"one")
        first = await objects.head("a")
        again = await objects.head("a")
        await asyncio.sleep(0.01)
        await objects.put("a", b"two")
        second = await objects.head("a")
        assert first is not None
        assert second is not None
        assert first == again
        assert (first.key, first.size) == ("a", 3)
        assert first.etag != second.etag

    async def test_head_tells_when_the_object_was_stored(self, objects: Objects) -> None:
        before = time.time() * 1000
        await objects.put("a", b"one")
        found = await objects.head("a")
        assert found is not None
        assert before - _CLOCKS_APART_MS <= found.modified_at
        assert found.modified_at <= time.time() * 1000 + _CLOCKS_APART_MS

    async def test_list_is_by_whole_segments(self, objects: Objects) -> None:
        keys = {"m/a/1", "m/a/2", "m/ab/1", "m/b", "n/a", "m.txt"}
        for key in keys:
            await objects.put(key, key.encode())
        for prefix in ("", "m", "m/", "m/a", "n", "none", "m/b"):
            below = prefix.rstrip("/")
            expected = {k for k in keys if not below or k.startswith(f"{below}/")}
            assert {info.key async for info in objects.list(prefix)} == expected, prefix

    async def test_list_tells_the_same_as_head(self, objects: Objects) -> None:
        await objects.put("m/a", b"12345")
        assert [info async for info in objects.list("m")] == [await objects.head("m/a")]

    async def test_deleted_object_is_gone(self, objects: Objects) -> None:
        await objects.put("m/a", b"1")
        await objects.put("m/b", b"2")
        await objects.delete("m/a")
        await objects.delete("m/a")
        await objects.delete("never/was")
        assert await objects.get("m/a") is None
        assert [info.key async for info in objects.list("")] == ["m/b"]
        assert await objects.put("m/a", b"3", create_only=True)

    async def test_folder_of_objects_is_no_object(self, objects: Objects) -> None:
        await objects.put("m/a", b"1")
        assert await objects.get("m") is None
        assert await objects.head("m") is None
        await objects.delete("m")
        assert await objects.get("m/a") == b"1"

    async def test_keys_that_lead_elsewhere_are_refused(self, objects: Objects) -> None:
        for key in _BAD_KEYS:
            await refused(Invalid, objects.put(key, b"x"))
            await refused(Invalid, objects.get(key))
            await refused(Invalid, objects.head(key))
            await refused(Invalid, objects.delete(key))
            try:
                objects.locate(key)
            except Invalid:
                continue
            raise AssertionError(f"{key!r} was located")

    async def test_located_file_holds_the_object(self, objects: Objects) -> None:
        await objects.put("m/a", b"12345")
        location = objects.locate("m/a")
        if location.path is not None:
            assert location.path.read_bytes() == b"12345"
