"""An installation moved to real engines and back: nothing lost, nothing counted twice."""

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from antiphon.app.machine import join
from antiphon.app.migration.ends import End, open_end
from antiphon.app.migration.moving import migrate
from antiphon.app.serving import prepare_data
from antiphon.app.settings import Settings, settings_at
from antiphon.kernel import Conflict
from antiphon.testing.engines import Engine
from antiphon.testing.moving import (
    Engines,
    content_of,
    count_the_rest,
    furnish,
    refused_plays,
)

pytestmark = pytest.mark.faults

KILLS = 3


def quiet(*_told: object) -> None:
    """Hear nothing of progress."""


def engines_of(end: End) -> Engines:
    return Engines(end.tables, end.objects, end.events)


@pytest.fixture
def on_engines(engine: Callable[[str], Engine], unique: str, tmp_path: Path) -> Path:
    """Return a data folder whose installation is to be on the real engines."""
    s3 = urlsplit(engine("s3").url)
    urls = {
        "tables": f"{engine('cassandra').url}_{unique}",
        "objects": s3._replace(path=f"{s3.path.rstrip('/')}/{unique}").geturl(),
        "events": f"{engine('kafka').url}/{unique}",
        "cache": engine("redis").url,
    }
    folder = tmp_path / "cluster"
    folder.mkdir()
    told = "".join(f'{port} = "{url}"\n' for port, url in urls.items())
    (folder / "antiphon.toml").write_text(told, "utf-8")
    return folder


async def installed(folder: Path):
    settings = settings_at(folder)
    prepare_data(settings)
    await join(settings)
    end = open_end(settings)
    expected = await furnish(engines_of(end))
    content = await content_of(engines_of(end))
    await end.close()
    return expected, content


async def content(settings: Settings):
    end = open_end(settings)
    try:
        return await content_of(engines_of(end))
    finally:
        await end.close()


async def test_there_and_back_loses_nothing_and_counts_nothing_twice(
    tmp_path: Path, on_engines: Path
) -> None:
    expected, before = await installed(tmp_path / "home")
    cluster, back = settings_at(on_engines), settings_at(tmp_path / "back")
    there = await migrate(settings_at(tmp_path / "home"), cluster, quiet)
    assert await content(cluster) == before
    again = await migrate(cluster, back, quiet)
    assert await content(back) == before
    assert {n: s.count for n, s in again.sums.items()} == {
        n: s.count for n, s in there.sums.items()
    }
    refused = []
    for settings in (settings_at(tmp_path / "home"), cluster, back):
        end = open_end(settings)
        assert await count_the_rest(engines_of(end)) == expected
        refused.append(await refused_plays(engines_of(end)))
        await end.close()
    assert refused[0] == refused[1], "to several partitions every place is exact"
    assert sum(refused[2].values()) >= sum(refused[0].values())


async def test_killed_on_the_way_it_ends_the_same(tmp_path: Path, on_engines: Path) -> None:
    expected, before = await installed(tmp_path / "home")
    ends = ["--from", str(tmp_path / "home"), "--to", str(on_engines)]
    command = [sys.executable, "-m", "antiphon.app", "migrate", *ends]
    begin = time.monotonic()
    for kill in range(KILLS):
        running = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        try:
            running.wait(2.5 + 1.5 * kill)
        except subprocess.TimeoutExpired:
            running.kill()
            running.wait()
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    assert time.monotonic() - begin < 120
    cluster = settings_at(on_engines)
    assert await content(cluster) == before
    end = open_end(cluster)
    assert await count_the_rest(engines_of(end)) == expected
    await end.close()


async def test_a_cluster_that_is_read_is_no_source(tmp_path: Path, on_engines: Path) -> None:
    await installed(on_engines)
    cluster = settings_at(on_engines)
    end = open_end(cluster)
    async with end.events.subscribe("catalog", group="jobs.v1") as subscription:
        await subscription.poll(wait=10)
        with pytest.raises(Conflict, match="is being read"):
            await migrate(cluster, settings_at(tmp_path / "home"), quiet)
    await end.close()
    assert (await migrate(cluster, settings_at(tmp_path / "home"), quiet)).sums["rows"].count > 500
