"""What every driver of the tables port keeps."""

import asyncio
import itertools

from antiphon.kernel import Invalid
from antiphon.storage import (
    MAX_KEY_BYTES,
    MAX_ROW_BYTES,
    Cell,
    Condition,
    DeleteCell,
    DeleteFamily,
    DeleteRow,
    OperatedTables,
    Row,
    SetCell,
    Tables,
    prefix_range,
)
from antiphon.testing.checks import refused

_COUNTER = ("stats", "plays")


def _set(value: bytes, column: str = "title", family: str = "meta") -> SetCell:
    return SetCell(family, column, value)


class _Rows:
    """One row at a time."""

    async def test_absent_row_reads_as_none(self, tables: Tables) -> None:
        assert await tables.read("songs", b"nobody") is None

    async def test_written_cells_are_read_back(self, tables: Tables) -> None:
        await tables.mutate(
            "songs", b"a", [_set(b"A\0\xff"), _set(b"", "empty"), _set(b"x", "", "f")]
        )
        row = await tables.read("songs", b"a")
        assert row is not None
        assert row.key == b"a"
        assert row.value("meta", "title") == b"A\0\xff"
        assert row.value("meta", "empty") == b""
        assert row.value("f", "") == b"x"
        assert row.value("meta", "other") is None
        assert set(row.columns("meta")) == {"title", "empty"}
        assert row.columns("none") == {}

    async def test_timestamps_tell_when_a_cell_was_written(self, tables: Tables) -> None:
        await tables.mutate("songs", b"a", [_set(b"1", "first")])
        await asyncio.sleep(0.02)
        await tables.mutate("songs", b"a", [_set(b"2", "second")])
        row = await tables.read("songs", b"a")
        assert row is not None
        cells = row.columns("meta")
        assert cells["second"].written_at - cells["first"].written_at >= 10

    async def test_mutations_apply_in_order(self, tables: Tables) -> None:
        await tables.mutate(
            "songs", b"a", [_set(b"1"), _set(b"2"), DeleteRow(), _set(b"3", "last")]
        )
        row = await tables.read("songs", b"a")
        assert row is not None
        assert {c: cell.value for c, cell in row.columns("meta").items()} == {"last": b"3"}

    async def test_deleting_a_cell_or_a_family_leaves_the_rest(self, tables: Tables) -> None:
        await tables.mutate("songs", b"a", [_set(b"1", c, f) for f in "xyz" for c in "abc"])
        await tables.mutate("songs", b"a", [DeleteCell("x", "a"), DeleteFamily("y")])
        row = await tables.read("songs", b"a")
        assert row is not None
        assert sorted(row.columns("x")) == ["b", "c"]
        assert row.columns("y") == {}
        assert sorted(row.columns("z")) == ["a", "b", "c"]

    async def test_row_without_cells_does_not_exist(self, tables: Tables) -> None:
        await tables.mutate("songs", b"a", [_set(b"1")])
        await tables.mutate("songs", b"a", [DeleteCell("meta", "title")])
        assert await tables.read("songs", b"a") is None
        assert await tables.scan("songs") == []

    async def test_deleting_what_is_not_there_is_fine(self, tables: Tables) -> None:
        await tables.mutate("songs", b"a", [DeleteRow(), DeleteFamily("x"), DeleteCell("x", "y")])
        assert await tables.read("songs", b"a") is None

    async def test_row_that_was_read_does_not_change_afterwards(self, tables: Tables) -> None:
        await tables.mutate("songs", b"a", [_set(b"1")])
        before = await tables.read("songs", b"a")
        await tables.mutate("songs", b"a", [_set(b"2"), _set(b"x", "more")])
        assert before is not None
        assert before.value("meta", "title") == b"1"
        assert before.value("meta", "more") is None

    async def test_tables_do_not_see_each_other(self, tables: Tables) -> None:
        for table in ("a", "ab", "b"):
            await tables.mutate(table, b"k", [_set(table.encode())])
        row = await tables.read("ab", b"k")
        assert row is not None
        assert row.value("meta", "title") == b"ab"
        assert [row.key for row in await tables.scan("a")] == [b"k"]
        await tables.mutate("a", b"k", [DeleteRow()])
        assert len(await tables.scan("ab")) == 1

    async def test_keys_are_any_bytes_up_to_the_limit(self, tables: Tables) -> None:
        keys = [b"\0", b"\xff", b"a/b\n", b"k" * MAX_KEY_BYTES, b"\xff" * MAX_KEY_BYTES]
        await tables.mutate_many("t" * 64, [(key, [_set(key)]) for key in keys])
        for key, row in zip(keys, await tables.read_many("t" * 64, keys), strict=True):
            assert row is not None
            assert row.value("meta", "title") == key

    async def test_bad_keys_and_names_are_refused(self, tables: Tables) -> None:
        for key in (b"", b"k" * (MAX_KEY_BYTES + 1)):
            await refused(Invalid, tables.read("songs", key))
            await refused(Invalid, tables.mutate("songs", key, [_set(b"1")]))
            await refused(Invalid, tables.mutate_many("songs", [(key, [_set(b"1")])]))
        for table in ("", "a\0b", "t" * 65, "Lieder für alle"):
            await refused(Invalid, tables.read(table, b"k"))
        await refused(Invalid, tables.scan("songs", start=b"k" * (MAX_KEY_BYTES + 2)))

    async def test_oversized_row_is_refused_and_the_old_one_stays(self, tables: Tables) -> None:
        await tables.mutate("songs", b"a", [_set(b"small")])
        await refused(Invalid, tables.mutate("songs", b"a", [_set(b"x" * MAX_ROW_BYTES, "big")]))
        row = await tables.read("songs", b"a")
        assert row is not None
        assert set(row.columns("meta")) == {"title"}

    async def test_a_row_of_many_cells_is_whole(self, tables: Tables) -> None:
        columns = {f"{n:05d}" for n in range(6000)}
        await tables.mutate("songs", b"a", [_set(b"x", column) for column in columns])
        row = await tables.read("songs", b"a")
        assert row is not None
        assert set(row.columns("meta")) == columns

    async def test_half_megabyte_cell_is_fine(self, tables: Tables) -> None:
        value = bytes(range(256)) * 2048
        await tables.mutate("songs", b"a", [_set(value)])
        row = await tables.read("songs", b"a")
        assert row is not None
        assert row.value("meta", "title") == value


class _Many:
    """Several rows: reading many, scanning, writing many."""

    async def test_read_many_answers_in_the_order_asked(self, tables: Tables) -> None:
        await tables.mutate_many("songs", [(k, [_set(k)]) for k in (b"a", b"b", b"c")])
        rows = await tables.read_many("songs", [b"c", b"nobody", b"a", b"c"])
        assert [row and row.key for row in rows] == [b"c", None, b"a", b"c"]
        assert await tables.read_many("songs", []) == []

    async def test_later_change_of_the_same_row_wins(self, tables: Tables) -> None:
        await tables.mutate_many("songs", [(b"a", [_set(b"1")]), (b"a", [_set(b"2")])])
        row = await tables.read("songs", b"a")
        assert row is not None
        assert row.value("meta", "title") == b"2"

    async def test_writing_nothing_is_fine(self, tables: Tables) -> None:
        await tables.mutate_many("songs", [])
        await tables.mutate("songs", b"a", [])
        assert await tables.read("songs", b"a") is None

    async def test_scan_returns_rows_in_bytewise_order(self, tables: Tables) -> None:
        keys = [b"b", b"a", b"\xff", b"a\0", b"aa", b"\0"]
        await tables.mutate_many("songs", [(key, [_set(key)]) for key in keys])
        rows = await tables.scan("songs")
        assert [row.key for row in rows] == sorted(keys)
        assert all(row.value("meta", "title") == row.key for row in rows)

    async def test_scan_keeps_to_its_range_and_limit(self, tables: Tables) -> None:
        keys = [b"%03d" % i for i in range(100)]
        await tables.mutate_many("songs", [(key, [_set(key)]) for key in keys])
        for start, end, limit, reverse in itertools.product(
            (b"", b"010", b"0105"), (None, b"050", b"0505", b"010"), (0, 1, 7, 1000), (False, True)
        ):
            expected = [k for k in keys if start <= k and (end is None or k < end)]
            expected = (expected[::-1] if reverse else expected)[:limit]
            rows = await tables.scan("songs", start=start, end=end, limit=limit, reverse=reverse)
            assert [row.key for row in rows] == expected, (start, end, limit, reverse)

    async def test_scan_pages_cover_everything_once(self, tables: Tables) -> None:
        keys = [b"%04d" % i for i in range(250)]
        await tables.mutate_many("songs", [(key, [_set(key)]) for key in keys])
        seen: list[bytes] = []
        start = b""
        while page := await tables.scan("songs", start=start, limit=100):
            seen += [row.key for row in page]
            start = page[-1].key + b"\0"
        assert seen == keys

    async def test_prefix_range_covers_exactly_its_prefix(self, tables: Tables) -> None:
        keys = [b"a", b"a\0", b"a\xff", b"a\xff\xff", b"b", b"\xff", b"\xff\xff1"]
        await tables.mutate_many("songs", [(key, [_set(key)]) for key in keys])
        for prefix in (b"", b"a", b"a\xff", b"b", b"\xff", b"\xff\xff", b"c"):
            start, end = prefix_range(prefix)
            rows = await tables.scan("songs", start=start, end=end)
            assert {row.key for row in rows} == {k for k in keys if k.startswith(prefix)}

    async def test_scan_of_an_unknown_table_is_empty(self, tables: Tables) -> None:
        assert await tables.scan("nothing") == []
        assert await tables.scan("nothing", reverse=True) == []

    async def test_reverse_scan_stays_in_its_table(self, tables: Tables) -> None:
        for table in ("a", "b", "c"):
            await tables.mutate_many(table, [(b"%d" % i, [_set(b"x")]) for i in range(3)])
        for table in ("a", "b", "c"):
            rows = await tables.scan(table, reverse=True)
            assert [row.key for row in rows] == [b"2", b"1", b"0"]


class _Conditions:
    """Check-and-mutate and counters."""

    async def test_condition_compares_a_cell_with_a_value(self, tables: Tables) -> None:
        await tables.mutate("songs", b"a", [_set(b"1")])
        for value, held in ((b"0", False), (b"1", True), (None, False)):
            then, otherwise = [_set(b"yes", "answer")], [_set(b"no", "answer")]
            condition = Condition("meta", "title", value)
            answer = await tables.check_and_mutate(
                "songs", b"a", condition, then=then, otherwise=otherwise
            )
            row = await tables.read("songs", b"a")
            assert answer is held
            assert row is not None
            assert row.value("meta", "answer") == (b"yes" if held else b"no")

    async def test_absence_can_be_a_condition(self, tables: Tables) -> None:
        absent = Condition("meta", "title", None)
        assert await tables.check_and_mutate("songs", b"a", absent, then=[_set(b"1")])
        assert not await tables.check_and_mutate("songs", b"a", absent, then=[_set(b"2")])
        row = await tables.read("songs", b"a")
        assert row is not None
        assert row.value("meta", "title") == b"1"

    async def test_exactly_one_of_many_claims_wins(self, tables: Tables) -> None:
        absent = Condition("lease", "owner", None)
        claims = [
            tables.check_and_mutate("jobs", b"j", absent, then=[_set(b"%d" % i, "owner", "lease")])
            for i in range(50)
        ]
        answers = await asyncio.gather(*claims)
        assert sum(answers) == 1
        row = await tables.read("jobs", b"j")
        assert row is not None
        assert row.value("lease", "owner") == b"%d" % answers.index(True)

    async def test_concurrent_increments_lose_nothing(self, tables: Tables) -> None:
        family, column = _COUNTER
        totals = await asyncio.gather(
            *(tables.increment("songs", b"a", family=family, column=column) for _ in range(200))
        )
        assert sorted(totals) == list(range(1, 201))

    async def test_counters_go_down_and_are_cells(self, tables: Tables) -> None:
        family, column = _COUNTER
        assert await tables.increment("songs", b"a", family=family, column=column, by=-5) == -5
        row = await tables.read("songs", b"a")
        assert row is not None
        assert row.value(family, column) == (-5).to_bytes(8, "big", signed=True)

    async def test_what_is_no_counter_is_not_incremented(self, tables: Tables) -> None:
        await tables.mutate("songs", b"a", [_set(b"many")])
        await refused(Invalid, tables.increment("songs", b"a", family="meta", column="title"))
        row = await tables.read("songs", b"a")
        assert row is not None
        assert row.value("meta", "title") == b"many"

    async def test_refused_write_does_not_harm_its_neighbours(self, tables: Tables) -> None:
        async def bad(i: int) -> None:
            await refused(Invalid, tables.mutate("songs", b"%d" % i, [_set(b"x" * MAX_ROW_BYTES)]))

        good = [tables.mutate("songs", b"%d" % i, [_set(b"ok")]) for i in range(100, 200)]
        await asyncio.gather(*good[:50], *(bad(i) for i in range(3)), *good[50:])
        assert len(await tables.scan("songs")) == 100


class _Moving:
    """What moving an installation asks: rows as they were, in tables that nobody else uses."""

    async def test_loaded_rows_are_read_back_with_their_time_stamps(
        self, tables: OperatedTables
    ) -> None:
        families = {"meta": {"": Cell(b"", 1), "b": Cell(b"\0\xff", 1_700_000_000_123)}}
        rows = [
            Row(b"a", families),
            Row(b"\xff" * MAX_KEY_BYTES, {"x": {"y": Cell(bytes(500_000), 2)}}),
            *(Row(b"n%03d" % n, {"f": {"c": Cell(b"%d" % n, n + 1)}}) for n in range(100)),
        ]
        await tables.load("songs", rows)
        expected = sorted(rows, key=lambda row: row.key)
        assert await tables.page("songs") == expected
        assert await tables.scan("songs") == expected
        assert await tables.read("songs", b"a") == rows[0]

    async def test_load_leaves_nothing_of_what_was_loaded_before(
        self, tables: OperatedTables
    ) -> None:
        await tables.load(
            "songs", [Row(b"a", {"f": {"c": Cell(b"1", 5)}, "g": {"": Cell(b"", 5)}})]
        )
        second = Row(b"a", {"f": {"d": Cell(b"2", 4)}})
        for _ in range(2):
            await tables.load("songs", [second])
            assert await tables.page("songs") == [second]
        await tables.load("songs", [Row(b"a", {})])
        assert await tables.page("songs") == []
        assert await tables.read("songs", b"a") is None

    async def test_loaded_rows_are_changed_like_any_other(self, tables: OperatedTables) -> None:
        count = Cell((41).to_bytes(8, "big"), 7)
        await tables.load("songs", [Row(b"a", {"stats": {"plays": count, "other": Cell(b"x", 7)}})])
        family, column = _COUNTER
        assert await tables.increment("songs", b"a", family=family, column=column) == 42
        held = Condition(family, "other", b"x")
        assert await tables.check_and_mutate("songs", b"a", held, then=[_set(b"new")])
        await tables.mutate("songs", b"a", [DeleteCell(family, "other")])
        row = await tables.read("songs", b"a")
        assert row is not None
        assert row.value("meta", "title") == b"new"
        assert set(row.columns(family)) == {column}
        await tables.mutate("songs", b"a", [DeleteRow()])
        assert await tables.page("songs") == []

    async def test_names_are_those_of_tables_with_rows(self, tables: OperatedTables) -> None:
        assert await tables.names() == []
        for table in ("b", "ab", "a"):
            await tables.mutate(table, b"k", [_set(b"1")])
        await tables.load("c", [Row(b"k", {"f": {"": Cell(b"1", 1)}})])
        await tables.mutate("b", b"k", [DeleteRow()])
        assert await tables.names() == ["a", "ab", "c"]

    async def test_page_keeps_to_its_range_and_limit(self, tables: OperatedTables) -> None:
        keys = [b"%03d" % i for i in range(60)]
        await tables.load("songs", [Row(key, {"f": {"": Cell(key, 1)}}) for key in keys])
        for start, end, limit in itertools.product(
            (b"", b"010", b"0105"), (None, b"050", b"010"), (0, 1, 7, 1000)
        ):
            expected = [k for k in keys if start <= k and (end is None or k < end)][:limit]
            found = await tables.page("songs", start=start, end=end, limit=limit)
            assert [row.key for row in found] == expected, (start, end, limit)


class TablesContract(_Rows, _Many, _Conditions, _Moving):
    """All of it; the fixture ``tables`` is a driver on an empty store."""
