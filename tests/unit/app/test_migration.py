"""A move loses nothing, counts nothing twice, and ends the same wherever it is cut off."""

import asyncio
import random
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.app.compose import open_installation
from antiphon.app.doctor import _data
from antiphon.app.machine import join
from antiphon.app.migration.ends import End, open_end, two_ends
from antiphon.app.migration.moving import Migration, migrate
from antiphon.app.migration.records import Translation
from antiphon.app.presence import enter
from antiphon.app.serving import prepare_data
from antiphon.app.settings import Settings, load_settings, settings_at
from antiphon.eventlog import Extent, Record
from antiphon.kernel import Conflict, Corrupt, Envelope, Invalid, NotFound, UnixMs
from antiphon.rights import KEY_FILE
from antiphon.storage import Cell, Row, SetCell
from antiphon.storage.file_workspace import FileWorkspace
from antiphon.testing import MemoryEventLog, MemoryObjects, MemoryTables
from antiphon.testing.moving import (
    Engines,
    content_of,
    count_the_rest,
    furnish,
    refused_plays,
)

KILLS = 8
_MASTER = "workspace/masters/r/s.flac"


def at(folder: Path) -> Settings:
    return settings_at(folder)


def quiet(*_told: object) -> None:
    """Hear nothing of progress."""


def memory_end(folder: Path) -> End:
    """Return an empty end whose engines die with the test; its files lie in ``folder``."""
    settings = at(folder)
    prepare_data(settings)
    return End(settings, MemoryTables(), MemoryObjects(), MemoryEventLog(), FileWorkspace(folder))


def engines_of(end: End) -> Engines:
    return Engines(end.tables, end.objects, end.events)


async def installed(folder: Path, **more: int):
    """Make an embedded installation; return what its ledger has to say in the end."""
    settings = at(folder)
    prepare_data(settings)
    await join(settings)
    end = open_end(settings)
    expected = await furnish(engines_of(end), **more)
    await end.close()
    return expected


async def content(folder: Path) -> dict[str, Any]:
    end = open_end(at(folder))
    try:
        return await content_of(engines_of(end))
    finally:
        await end.close()


async def test_there_and_back_everything_is_as_it_was(tmp_path: Path) -> None:
    await installed(tmp_path / "a")
    before = await content(tmp_path / "a")
    told: list[tuple[str, str, int]] = []
    report = await migrate(at(tmp_path / "a"), at(tmp_path / "b"), lambda *t: told.append(t))
    assert await content(tmp_path / "b") == before
    again = await migrate(at(tmp_path / "b"), at(tmp_path / "c"), quiet)
    assert await content(tmp_path / "c") == before
    assert again.sums == report.sums
    assert report.sums["rows"].count > 500
    copied = sum(n for stage, thing, n in told if (stage, thing) == ("copied", "rows"))
    assert copied == report.sums["rows"].count
    assert await content(tmp_path / "a") == before, "the source stays as it is"


async def test_plays_are_counted_once_on_both_sides_of_a_move(tmp_path: Path) -> None:
    expected = await installed(tmp_path / "a")
    await migrate(at(tmp_path / "a"), at(tmp_path / "b"), quiet)
    stayed, moved = open_end(at(tmp_path / "a")), open_end(at(tmp_path / "b"))
    for end in (stayed, moved):
        assert await count_the_rest(engines_of(end)) == expected
    refused = [await refused_plays(engines_of(end)) for end in (stayed, moved)]
    assert refused[0] == refused[1], "what was counted already is not told as repeated"
    await stayed.close()
    await moved.close()


async def test_groups_go_on_where_they_were(tmp_path: Path) -> None:
    await installed(tmp_path / "a")
    await migrate(at(tmp_path / "a"), at(tmp_path / "b"), quiet)
    end = open_end(at(tmp_path / "b"))
    async with end.events.subscribe("catalog", group="jobs.v1") as subscription:
        [record] = await subscription.poll(max_records=1)
    assert record.envelope.event_id == "c123"
    assert await end.events.lag("plays", group="ledger") == await _lag(tmp_path / "a", "ledger")
    await end.close()


async def _lag(folder: Path, group: str) -> int:
    end = open_end(at(folder))
    try:
        return await end.events.lag("plays", group=group)
    finally:
        await end.close()


class CutOff(Exception):  # noqa: N818 - it stands for a death
    """The process dies here."""


@dataclass
class Fuse:
    """Burns down by one at each write, and cuts off the write after it."""

    left: int

    def burn(self) -> None:
        self.left -= 1
        if self.left < 0:
            raise CutOff


def fused(kind: type, fuse: Fuse, *writes: str) -> type:
    """Return a driver whose writes burn a fuse."""

    def burning(name: str):
        async def write(self, *args: Any, **more: Any) -> Any:
            fuse.burn()
            return await getattr(kind, name)(self, *args, **more)

        return write

    return type(kind.__name__, (kind,), {name: burning(name) for name in writes})


async def test_cut_off_at_any_write_it_ends_the_same(tmp_path: Path) -> None:
    source = memory_end(tmp_path / "a")
    await furnish(engines_of(source), plays=300, rows=40)
    for name in ("one", "two"):
        await source.workspace.write(f"masters/r/{name}.flac", [name.encode()])
    expected = await content_of(engines_of(source))
    fuse, cuts, length = Fuse(0), 0, 0
    while True:
        target = End(
            at(tmp_path / f"b{length}"),
            fused(MemoryTables, fuse, "load", "mutate", "check_and_mutate")(),
            fused(MemoryObjects, fuse, "put", "delete")(),
            fused(MemoryEventLog, fuse, "load", "place", "drop")(),
            fused(FileWorkspace, fuse, "write", "delete")(tmp_path / f"w{length}"),
        )
        prepared = enter(target.settings, alone=True)
        fuse.left = length
        try:
            await Migration(source, target, b"mark", quiet).run()
            break
        except CutOff:
            cuts += 1
        fuse.left = 10_000
        report = await Migration(source, target, b"mark", quiet).run()
        assert await content_of(engines_of(target)) == expected, f"cut off after {length} writes"
        assert (await Migration(source, target, b"mark", quiet).run()).was_done
        assert (report.sums["objects"].count, report.sums["masters"].count) == (40, 2)
        prepared.leave()
        length += 1
    assert cuts > 50


@pytest.mark.slow
def test_killed_at_any_moment_it_ends_the_same(tmp_path: Path) -> None:
    asyncio.run(installed(tmp_path / "a", rows=4000))
    expected = asyncio.run(content(tmp_path / "a"))
    command = [sys.executable, "-m", "antiphon.app", "migrate", "--from", str(tmp_path / "a")]
    begin = time.monotonic()
    subprocess.run([*command, "--to", str(tmp_path / "whole")], check=True, capture_output=True)
    longest = time.monotonic() - begin
    chance, target = random.Random(5), str(tmp_path / "b")
    for _ in range(KILLS):
        running = subprocess.Popen([*command, "--to", target], stderr=subprocess.DEVNULL)
        try:
            running.wait(chance.uniform(0.3, 1.0) * longest)
        except subprocess.TimeoutExpired:
            running.kill()
            running.wait()
    done = subprocess.run([*command, "--to", target], check=True, capture_output=True, text=True)
    assert "b" in done.stdout
    assert asyncio.run(content(tmp_path / "b")) == expected


async def test_what_differs_is_found_and_mended_by_the_next_run(tmp_path: Path) -> None:
    source = memory_end(tmp_path / "a")
    await furnish(engines_of(source), plays=300, rows=40)
    expected = await content_of(engines_of(source))
    [row] = await source.tables.page("songs", limit=1)

    class SpoiltTables(MemoryTables):
        async def load(self, table: str, rows: Any) -> None:
            await super().load(table, rows)
            if table == "songs" and spoilt == "row":
                families = {**row.families, "meta": {"title": Cell(b"other", 1)}}
                await super().load(table, [Row(row.key, families)])
            if table == "songs" and spoilt == "stamp":
                cells = {c: Cell(x.value, 1) for c, x in row.families["meta"].items()}
                await super().load(table, [Row(row.key, {**row.families, "meta": cells})])

    class SpoiltObjects(MemoryObjects):
        async def put(self, key: str, data: bytes, *, create_only: bool = False) -> bool:
            if key == "media/07/a.m4s" and spoilt == "object":
                data = bytes(len(data))
            return await super().put(key, data, create_only=create_only)

    class SpoiltLog(MemoryEventLog):
        async def load(self, topic: str, envelopes: Any) -> None:
            lost = topic == "plays" and spoilt == "event"
            await super().load(topic, envelopes[1:] if lost else envelopes)

    class SpoiltWorkspace(FileWorkspace):
        async def write(self, path: str, parts: Any) -> None:
            await super().write(path, [b"noise"] if spoilt == "master" else parts)

    await source.workspace.write("masters/r/one.flac", [b"sound"])
    for spoilt, told in (
        ("row", "of songs differs"),
        ("stamp", "of songs differs"),
        ("object", "media/07/a.m4s"),
        ("event", "topic plays differs"),
        ("master", "masters/r/one.flac differs"),
    ):
        spoiling = SpoiltWorkspace(tmp_path / f"w-{spoilt}")
        target = End(at(tmp_path / spoilt), SpoiltTables(), SpoiltObjects(), SpoiltLog(), spoiling)
        with enter(target.settings, alone=True):
            with pytest.raises(Corrupt, match=told):
                await Migration(source, target, b"mark", quiet).run()
            spoilt = "nothing"  # noqa: PLW2901 - from now on the engine is well
            await Migration(source, target, b"mark", quiet).run()
        assert await content_of(engines_of(target)) == expected


async def test_a_source_in_use_is_refused(tmp_path: Path) -> None:
    await installed(tmp_path / "a", plays=100, rows=5)
    serving = open_installation(at(tmp_path / "a"))
    with pytest.raises(Conflict, match="in use"):
        await migrate(at(tmp_path / "a"), at(tmp_path / "b"), quiet)
    await serving.close()
    source = memory_end(tmp_path / "c")
    await furnish(engines_of(source), plays=100, rows=5)
    async with source.events.subscribe("catalog", group="g") as subscription:
        await subscription.poll()
        with pytest.raises(Conflict, match="being read"):
            await Migration(source, memory_end(tmp_path / "d"), b"mark", quiet).run()


async def test_nobody_opens_an_end_while_it_is_moved(tmp_path: Path) -> None:
    await installed(tmp_path / "a", plays=100, rows=5)
    refusals: list[str] = []

    def try_to_serve(*_told: object) -> None:
        for folder in ("a", "b"):
            with pytest.raises(Conflict) as refused:
                open_installation(at(tmp_path / folder))
            refusals.append(refused.value.detail)

    await migrate(at(tmp_path / "a"), at(tmp_path / "b"), try_to_serve)
    assert any("is being moved" in detail for detail in refusals)
    await open_installation(at(tmp_path / "b")).close()


async def test_a_target_that_holds_something_is_refused(tmp_path: Path) -> None:
    await installed(tmp_path / "a", plays=100, rows=5)
    await installed(tmp_path / "other", plays=100, rows=5)
    with pytest.raises(Conflict, match="another installation's"):
        await migrate(at(tmp_path / "a"), at(tmp_path / "other"), quiet)
    for name, fill in (
        ("tables", lambda end: end.tables.mutate("t", b"k", [SetCell("f", "", b"")])),
        ("objects", lambda end: end.objects.put("k", b"")),
        ("event log", lambda end: end.events.append("t", [_envelope(1, "k")])),
    ):
        end = open_end(at(tmp_path / name))
        await fill(end)
        before = await content_of(engines_of(end))
        await end.close()
        with pytest.raises(Conflict, match=f"{name}.* not empty"):
            await migrate(at(tmp_path / "a"), at(tmp_path / name), quiet)
        assert await content(tmp_path / name) == before
    (tmp_path / "a" / "secret").unlink()
    with pytest.raises(NotFound, match="no installation"):
        two_ends(str(tmp_path / "a"), str(tmp_path / "b"))


async def test_nothing_serves_from_a_target_that_is_not_whole(tmp_path: Path) -> None:
    await installed(tmp_path / "a", plays=100, rows=5)
    source, target = at(tmp_path / "a"), at(tmp_path / "b")

    def die(stage: str, *_told: object) -> None:
        if stage == "verified":
            raise CutOff

    with pytest.raises(CutOff):
        await migrate(source, target, die)
    for serve in (prepare_data, enter, open_installation):
        with pytest.raises(Conflict, match="run the same antiphon migrate again"):
            serve(target)
    assert not _data(target).ok, "doctor tells as well"
    with pytest.raises(Conflict, match="antiphon migrate again"):
        await migrate(target, at(tmp_path / "c"), quiet)
    elsewhere = load_settings(
        env={}, data=str(tmp_path / "two"), tables=target.engine_url("tables")
    )
    prepare_data(elsewhere)
    with pytest.raises(Conflict, match="another secret"):
        await join(elsewhere)
    (tmp_path / "two" / "secret").write_bytes((tmp_path / "a" / "secret").read_bytes())
    with pytest.raises(Conflict, match="half of an installation"):
        await join(elsewhere)
    await migrate(source, target, quiet)
    await join(elsewhere)
    prepare_data(target)
    assert (await migrate(source, target, quiet)).was_done


async def test_files_and_settings_come_along(tmp_path: Path) -> None:
    home, new = tmp_path / "a", tmp_path / "b"
    new.mkdir()
    home.mkdir()
    own = 'public_url = "https://b.example"\nprotect = "labels"\n'
    (new / "antiphon.toml").write_text(own, "utf-8")
    (home / "antiphon.toml").write_text(
        'public_url = "https://a.example"\nprotect = "everything"\nkeep_events_days = 7\n'
        'port = 9999\nmusic = ["/mu\\"sic"]\nkey_encryption = "file:our-keys"\n'
        '[[openid]]\nid = "x"\nname = "X"\nissuer = "https://x.example"\nclient_id = "c"\n'
        'client_secret = "s"\n',
        "utf-8",
    )
    await installed(home, plays=100, rows=5)
    for name, data in (
        (KEY_FILE, b"old"),
        ("our-keys", b"keys"),
        ("workspace/masters/r/s.flac", b"sound"),
    ):
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).write_bytes(data)
    report = await migrate(at(home), at(new), quiet)
    assert report.sums["masters"].count == 1
    for name in ("secret", KEY_FILE, "our-keys", _MASTER):
        assert (new / name).read_bytes() == (home / name).read_bytes()
    assert (new / "secret").stat().st_mode & 0o077 == 0
    moved, before = at(new), at(home)
    assert (moved.public_url, moved.protect) == ("https://b.example", "labels")
    assert (moved.keep_events_days, moved.music, moved.openid) == (7, ('/mu"sic',), before.openid)
    assert (moved.port, moved.key_encryption) == (8484, "file:our-keys")


async def test_keys_that_are_wrapped_otherwise_in_the_target_still_open(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "antiphon.toml").write_text('key_encryption = "command:/bin/wrap"\n')
    await installed(tmp_path / "a", plays=100, rows=5)
    await migrate(at(tmp_path / "a"), at(tmp_path / "b"), quiet)
    moved = at(tmp_path / "b")
    assert (moved.key_encryption, moved.key_encryption_before) == ("command:/bin/wrap", "file:")


def test_ends_are_data_folders_or_settings_files(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("ANTIPHON_TABLES", "lmdb:/elsewhere")
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    (tmp_path / "a" / "secret").write_bytes(bytes(32))
    file = tmp_path / "new.toml"
    file.write_text(f'data = "{tmp_path / "b"}"\nobjects = "s3://bucket"\n', "utf-8")
    ours, theirs = two_ends(f"file:{tmp_path / 'a'}", str(file))
    assert ours.engine_url("tables") == f"lmdb:{tmp_path / 'a' / 'tables'}"
    assert theirs.engine_url("objects") == "s3://bucket"
    with pytest.raises(Invalid, match="an installation has several"):
        two_ends(str(tmp_path / "a"), "cassandra://127.0.0.1:9042/antiphon")
    with pytest.raises(Invalid, match="same data folder"):
        two_ends(str(tmp_path / "a"), str(tmp_path / "a"))
    file.write_text(f'data = "{tmp_path / "b"}"\nevents = "lmdb:{tmp_path}/a/events"\n', "utf-8")
    with pytest.raises(Invalid, match="same events"):
        two_ends(str(tmp_path / "a"), str(file))


async def test_stamps_of_the_future_do_not_hide_what_is_written_next(tmp_path: Path) -> None:
    source = memory_end(tmp_path / "a")
    later = int(time.time() * 1000) + 3_600_000
    await source.tables.load("t", [Row(b"k", {"f": {"": Cell(b"v", later), "b": Cell(b"", 5)}})])
    target = memory_end(tmp_path / "b")
    await Migration(source, target, b"mark", quiet).run()
    row = await target.tables.read("t", b"k")
    assert row is not None
    cells = row.columns("f")
    assert (cells[""].value, cells["b"]) == (b"v", Cell(b"", 5))
    assert cells[""].written_at <= int(time.time() * 1000)


def _envelope(number: int, key: str) -> Envelope:
    return Envelope(f"e{number}", "test.counted", 1, key, UnixMs(number), b"")


@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 2)), max_size=40),
    st.lists(st.dictionaries(st.integers(0, 3), st.integers(0, 15)), max_size=6),
    st.booleans(),
)
def test_no_place_passes_over_what_was_not_done(
    records: list[tuple[int, int]], places: list[dict[int, int]], one_source: bool
) -> None:
    """``records``: each one's partition in source and target, in the order of both."""
    translation = Translation(places)
    nexts: dict[int, int] = {}
    pairs = []
    for number, (told, target) in enumerate(records):
        source = 0 if one_source else told
        ours = Record("t", source, nexts.get(source, 0), _envelope(number, "k"))
        theirs = Record("t", target, nexts.get(100 + target, 0) * 10, _envelope(number, "k"))
        nexts[source] = ours.offset + 1
        nexts[100 + target] = nexts.get(100 + target, 0) + 1
        translation.see(ours, theirs)
        pairs.append((ours, theirs))
    translation.close({p: Extent(0, nexts.get(100 + p, 0) * 10) for p in range(3)})
    for place in places:
        moved = translation.of(place)
        for ours, theirs in pairs:
            done = ours.offset < place.get(ours.partition, 0)
            passed = theirs.offset < moved[theirs.partition]
            assert done or not passed
            assert passed or not done or not one_source, "from one partition it is exact"
