import asyncio
import os
import time
from pathlib import Path

from antiphon.app.lag_metrics import LagMetrics
from antiphon.app.metrics import Metrics
from antiphon.eventlog import open_eventlog
from antiphon.kernel import Unavailable
from antiphon.storage import Guard, Policy
from antiphon.testing.log_contract import envelopes, everything


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


async def test_the_page_tells_how_far_a_group_is_behind(tmp_path: Path) -> None:
    metrics, log = Metrics(tmp_path / "m", "events"), open_eventlog(f"lmdb:{tmp_path / 'log'}")
    lag = LagMetrics(metrics, log)
    labels = f'group="history",process="events-{os.getpid()}",topic="plays"'
    await log.append("plays", envelopes("a", range(3)))
    await log.append("plays.history.dead", envelopes("a", range(2)))
    await lag.look("plays", "history")
    page = metrics.page().decode()
    assert f"antiphon_events_lag{{{labels}}} 3.0" in page
    assert f"antiphon_events_dead_letters{{{labels}}} 2.0" in page
    async with log.subscribe("plays", group="history") as subscription:
        await everything(subscription)
    await lag.look("plays", "history")
    assert f"antiphon_events_lag{{{labels}}} 0.0" in metrics.page().decode()
    await log.close()


async def test_lag_that_cannot_be_asked_for_is_not_shown(tmp_path: Path) -> None:
    class Away:
        async def lag(self, _topic: str, *, group: str) -> int:
            raise Unavailable(f"nobody answers for {group}")

    metrics, stop = Metrics(tmp_path, "events"), asyncio.Event()
    lag = LagMetrics(metrics, Away())  # type: ignore[arg-type]
    lag._lag.labels("plays", "history").set(7)
    running = asyncio.create_task(lag.run({"history": "plays"}, stop))
    await asyncio.sleep(0.05)
    stop.set()
    await running
    assert "antiphon_events_lag{" not in metrics.page().decode()
