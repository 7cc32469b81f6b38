"""What is wrong with a file is told by file; nothing else is lost."""

import os
import signal
import sys
from pathlib import Path

import pytest

from antiphon.catalog import os_path
from antiphon.ingest.model import FileRequest, FolderRequest
from antiphon.ingest.readers import ProcessReader


async def test_bad_files_are_listed_with_reasons_and_good_ones_come_in(desk, making):
    folder = desk.music / "Mixed"
    making.a_flac(folder / "good.flac", title="Good")
    making.put(folder / "empty.mp3", b"")
    making.put(folder / "half.flac", making.sound("flac")[:60_000])
    making.put(folder / "page.ogg", b"<html>not found</html>")
    making.put(folder / "old.wma", b"\x30\x26\xb2\x75" + bytes(100))
    os.mkfifo(folder / "pipe.mp3")
    (folder / "nowhere.mp3").symlink_to(folder / "gone.mp3")
    report = await desk.scan()
    assert await desk.titles() == ["Good"]
    reasons = {Path(path).name: reason for path, reason in report.failed}
    assert set(reasons) == {"empty.mp3", "half.flac", "page.ogg", "old.wma"}
    assert "empty" in reasons["empty.mp3"]
    assert "truncated" in reasons["half.flac"]
    assert "not supported" in reasons["old.wma"]


async def test_failures_stay_listed_and_are_not_read_again(desk, making):
    making.put(desk.music / "empty.mp3", b"")
    await desk.scan()
    report = await desk.scan()
    assert report.unchanged == 1
    assert [f.reason for f in await desk.importer.failures()] == ["the file is empty"]


async def test_a_repaired_file_comes_in_and_leaves_the_list(desk, making):
    path = making.put(desk.music / "a.flac", b"")
    await desk.scan()
    making.a_flac(path, title="Now")
    report = await desk.scan()
    assert (report.added, report.failed) == (1, [])
    assert await desk.titles() == ["Now"]


async def test_a_deleted_bad_file_leaves_the_list(desk, making):
    making.put(desk.music / "empty.mp3", b"")
    making.a_flac(desk.music / "a.flac", title="A")
    await desk.scan()
    (desk.music / "empty.mp3").unlink()
    assert (await desk.scan()).failed == []


async def test_a_song_whose_file_breaks_leaves_the_catalogue(desk, making):
    path = making.a_flac(desk.music / "a.flac", title="A")
    await desk.scan()
    path.write_bytes(b"broken")
    report = await desk.scan()
    assert await desk.titles() == []
    assert len(report.failed) == 1


@pytest.mark.skipif(sys.platform == "darwin", reason="needs a file system that takes any bytes")
async def test_names_that_are_no_utf8_come_in_and_can_be_opened(desk, making):
    data = making.a_flac(desk.music / "x.flac").read_bytes()
    (desk.music / "x.flac").unlink()
    folder = os.fsencode(desk.music) + b"/Mot\xf6rhead - \xff\xfe"
    making.put(Path(os.fsdecode(folder + b"/01 - \xc4rger \xe9.flac")), data)
    await desk.scan()
    (song,) = await desk.songs()
    assert song.title == "Ärger é"
    assert song.artists[0].name == "Motörhead"
    song.master.path.encode("utf-8")
    assert Path(os_path(song.master.path)).read_bytes() == data
    assert (await desk.scan()).unchanged == 1


async def test_a_title_of_ten_thousand_characters_can_be_listed(desk, making):
    making.a_flac(
        desk.music / "a.flac", title="x" * 10_000, artist="y" * 10_000, album="z" * 10_000
    )
    await desk.scan()
    (song,) = await desk.songs()
    assert len(song.title) == len(song.artists[0].name) == 1000
    assert (await desk.catalog.list_albums()).total == 1


async def test_a_very_long_path_comes_in(desk, making):
    folder = desk.music
    for _ in range(12):
        folder = folder / ("d" * 200)
    making.a_flac(folder / ("f" * 200 + ".flac"), title="Deep")
    await desk.scan()
    assert await desk.titles() == ["Deep"]


async def test_an_unreadable_folder_is_told_and_its_songs_are_kept(desk, making, monkeypatch):
    making.a_flac(desk.music / "Locked" / "a.flac", title="A")
    await desk.scan()
    real = os.scandir

    def refusing(path):
        if os.fsencode(path).endswith(b"Locked"):
            raise PermissionError(13, "Permission denied")
        return real(path)

    monkeypatch.setattr(os, "scandir", refusing)  # the tests run as root, whom nothing stops
    report = await desk.scan()
    assert await desk.titles() == ["A"]
    assert "Permission denied" in report.failed[0][1]
    monkeypatch.undo()
    assert (await desk.scan()).failed == []


class _Crashing(ProcessReader):
    """A reader whose process is killed while it reads one particular file."""

    async def _ask(self, request):
        if any(f.name == b"killer.flac" for f in request.files):
            process = self._process or await self._start()
            os.kill(process.pid, signal.SIGKILL)
        return await super()._ask(request)


async def test_a_file_that_kills_its_reader_fails_alone(making, tmp_path):
    for name in ("a.flac", "killer.flac", "b.flac"):
        making.a_flac(tmp_path / name, title=name)
    reader = _Crashing()
    files = tuple(FileRequest(n) for n in (b"a.flac", b"killer.flac", b"b.flac"))
    try:
        answers = await reader.read(FolderRequest(os.fsencode(tmp_path), files))
    finally:
        await reader.stop()
    assert [bool(a.sound) for a in answers] == [True, False, True]
    assert "crashed" in answers[1].failure
