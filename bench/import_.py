"""Import of a folder of tagged files, and a rescan without change; MPD and supysonic beside it.

``IMPORT_FILES`` (20,000) files of MP3, FLAC and Vorbis are made in a temporary folder and removed
afterwards. CPU seconds count all processes, reader processes and what starts them included; memory
is the largest sum of the resident sizes of all of them, pages that they share counted in each.
supysonic is slow, so it gets the first ``SUPYSONIC_FILES`` (1,000) only.
"""

import asyncio
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil

from antiphon.catalog import CatalogWriter
from antiphon.eventlog import Outbox, open_eventlog
from antiphon.ingest import FolderImport
from antiphon.kernel import SystemClock
from antiphon.storage import open_objects, open_tables
from bench.music_library import make

FILES = int(os.environ.get("IMPORT_FILES", "20000"))
SUPYSONIC_FILES = int(os.environ.get("SUPYSONIC_FILES", "1000"))
FILES_PER_CPU_SECOND = 1000
PEAK_MB = 256
RESCAN_SECONDS = 2.0


def run() -> dict[str, Any]:
    folder = Path(tempfile.mkdtemp(prefix="antiphon-bench-"))
    try:
        music = folder / "music"
        size = make(music, FILES)
        first = measured([sys.executable, "-m", "bench.import_", str(music), str(folder / "data")])
        again = measured([sys.executable, "-m", "bench.import_", str(music), str(folder / "data")])
        peers = {"mpd": mpd(folder, music), "supysonic": supysonic(folder, music)}
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    report, rescan = json.loads(first["said"]), json.loads(again["said"])
    assert report["added"] == FILES, report
    assert rescan["unchanged"] == FILES, rescan
    per_second = FILES / first["cpu"]
    return {
        "name": "import",
        "figures": {
            "files": FILES,
            "megabytes": round(size / 1e6),
            "files_per_cpu_second": round(per_second),
            "wall_seconds": round(report["seconds"], 1),
            "peak_mb": round(first["peak_mb"]),
            "rescan_wall_seconds": round(rescan["seconds"], 2),
            "rescan_cpu_seconds": round(again["cpu"], 2),
            "rescan_peak_mb": round(again["peak_mb"]),
        },
        "peer": peers,
        "targets": {
            "files_per_cpu_second": {
                "at_least": FILES_PER_CPU_SECOND,
                "met": per_second >= FILES_PER_CPU_SECOND,
            },
            "peak_mb": {"at_most": PEAK_MB, "met": first["peak_mb"] <= PEAK_MB},
            "rescan_wall_seconds": {
                "at_most": RESCAN_SECONDS,
                "met": rescan["seconds"] <= RESCAN_SECONDS,
            },
        },
    }


def measured(command: list[str], **more: Any) -> dict[str, Any]:
    """Run a command to its end; return what it said, its CPU seconds and peak memory."""
    before = os.times()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, **more)
    watch = MemoryWatch(process.pid)
    said, _ = process.communicate()
    peak = watch.stop()
    after = os.times()
    assert process.returncode == 0, command
    cpu = after.children_user - before.children_user
    cpu += after.children_system - before.children_system
    return {"said": said, "cpu": cpu, "peak_mb": peak / 1e6}


class MemoryWatch:
    """Watches the resident memory of a process and all below it, twenty times a second."""

    def __init__(self, pid: int) -> None:
        self._process = psutil.Process(pid)
        self._peak = 0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()

    def stop(self) -> int:
        self._over.set()
        self._thread.join()
        return self._peak

    def _watch(self) -> None:
        while not self._over.wait(0.05):
            with suppress(psutil.Error):
                every = [self._process, *self._process.children(recursive=True)]
                self._peak = max(self._peak, sum(p.memory_info().rss for p in every))


def mpd(folder: Path, music: Path) -> dict[str, Any] | str:
    """Have MPD make its database of the same folder, then update it without a change."""
    if shutil.which("mpd") is None:
        return "not installed"
    home = folder / "mpd"
    home.mkdir()
    (home / "mpd.conf").write_text(
        f'music_directory "{music}"\ndb_file "{home}/db"\nbind_to_address "{home}/socket"\n'
        f'log_file "{home}/log"\naudio_output {{\n type "null"\n name "none"\n}}\n'
    )
    process = subprocess.Popen(
        ["mpd", "--no-daemon", str(home / "mpd.conf")], stderr=subprocess.DEVNULL
    )
    watch = MemoryWatch(process.pid)
    try:
        began = time.monotonic()
        settled(home / "socket")
        wall, cpu = time.monotonic() - began, cpu_of(process.pid)
        began = time.monotonic()
        settled(home / "socket", ask="update")
        again, cpu_again = time.monotonic() - began, cpu_of(process.pid) - cpu
        songs = int(asked(home / "socket", "stats")["songs"])
    finally:
        process.terminate()
        process.wait()
        peak = watch.stop()
    return {
        "files": songs,
        "files_per_cpu_second": round(songs / cpu),
        "wall_seconds": round(wall, 1),
        "rescan_wall_seconds": round(again, 2),
        "rescan_cpu_seconds": round(cpu_again, 2),
        "peak_mb": round(peak / 1e6),
    }


def settled(path: Path, ask: str | None = None) -> None:
    """Wait until MPD has no update running."""
    while not path.exists():
        time.sleep(0.02)
    if ask:
        asked(path, ask)
    while "updating_db" in asked(path, "status"):
        time.sleep(0.05)


def asked(path: Path, command: str) -> dict[str, str]:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(str(path))
        with connection.makefile("rw") as stream:
            stream.readline()
            stream.write(f"{command}\n")
            stream.flush()
            lines = iter(stream.readline, "OK\n")
            return dict(line.strip().split(": ", 1) for line in lines if ": " in line)


def cpu_of(pid: int) -> float:
    times = psutil.Process(pid).cpu_times()
    return float(times.user + times.system)


def supysonic(folder: Path, music: Path) -> dict[str, Any] | str:
    """Have supysonic scan some of the same artists, then scan again without a change."""
    if shutil.which("supysonic-cli") is None:
        return "not installed"
    home = folder / "supysonic"
    some = home / "music"
    some.mkdir(parents=True)
    files = 0
    for artist in sorted(music.iterdir()):
        if files < SUPYSONIC_FILES:
            shutil.copytree(artist, some / artist.name)
            files += sum(1 for path in artist.rglob("*") if path.is_file())
    (home / "supysonic.conf").write_text(f"[base]\ndatabase_uri = sqlite:///{home}/db\n")
    env = {**os.environ, "HOME": str(home)}
    cli: list[str] = ["supysonic-cli"]
    quiet: dict[str, Any] = {"cwd": home, "env": env, "stderr": subprocess.DEVNULL}
    measured([*cli, "folder", "add", "bench", str(some)], **quiet)
    scan = [*cli, "folder", "scan", "--foreground", "bench"]
    first, again = measured(scan, **quiet), measured(scan, **quiet)
    return {
        "files": files,
        "files_per_cpu_second": round(files / first["cpu"]),
        "rescan_cpu_seconds": round(again["cpu"], 2),
        "peak_mb": round(first["peak_mb"]),
    }


async def import_once(music: Path, data: Path) -> dict[str, Any]:
    clock = SystemClock()
    tables = open_tables(f"lmdb:{data / 'tables'}")
    events = open_eventlog(f"lmdb:{data / 'events'}")
    objects = open_objects(f"file:{data / 'objects'}")
    writer = CatalogWriter(tables, Outbox(tables, events, clock))
    importer = FolderImport(writer, tables, objects, clock)
    began = time.monotonic()
    report = await importer.scan([music])
    seconds = time.monotonic() - began
    for engine in (objects, events, tables):
        await engine.close()
    return {"added": report.added, "unchanged": report.unchanged, "seconds": seconds}


if __name__ == "__main__":
    if len(sys.argv) == 3:
        print(json.dumps(asyncio.run(import_once(Path(sys.argv[1]), Path(sys.argv[2])))))
    else:
        print(json.dumps(run(), indent=2))
