import asyncio
import os
import time
from pathlib import Path

from antiphon.app.metrics import Metrics
from antiphon.storage import Guard, Policy


def test_the_page_adds_up_all_processes_with_their_names(tmp_path: Path) -> None:
    first, second = Metrics(tmp_path, "music"), Metrics(tmp_path, "events")
    first.observe("api", 200, 0.01)
    second.projected.labels("search").inc(3)
    second.page()
    page = first.page().decode()
    labels = f'process="music-{os.getpid()}",route="api",status="2xx"'
    assert f"antiphon_http_requests_total{{{labels}}} 1.0" in page
    assert 'antiphon_events_projected_total{group="search",process="events-' in page
    assert page.count("# TYPE antiphon_http_requests_total counter") == 1


def test_a_process_that_died_is_left_out(tmp_path: Path) -> None:
    dead = Metrics(tmp_path, "audio-1")
    dead.page()
    for file in tmp_path.glob("audio-1-*.prom"):
        os.utime(file, (time.time() - 60, time.time() - 60))
    assert "audio-1" not in Metrics(tmp_path, "music").page().decode()


async def test_a_process_that_stops_takes_its_numbers_with_it(tmp_path: Path) -> None:
    metrics, stop = Metrics(tmp_path, "music"), asyncio.Event()
    task = asyncio.create_task(metrics.keep_written(stop))
    await asyncio.sleep(0.05)
    assert list(tmp_path.glob("*.prom"))
    stop.set()
    await task
    assert not list(tmp_path.glob("*.prom"))


async def test_the_page_tells_how_often_engines_were_asked(tmp_path: Path) -> None:
    metrics, guard = Metrics(tmp_path, "music"), Guard("tables", Policy(deadline=1, attempt=1))
    metrics.watch_engines([guard])
    await guard.call(lambda: asyncio.sleep(0), repeatable=True)
    page = metrics.page().decode()
    labels = f'engine="tables",process="music-{os.getpid()}"'
    assert f"antiphon_engine_calls_total{{{labels}}} 1.0" in page
    assert f"antiphon_engine_away{{{labels}}} 0.0" in page
