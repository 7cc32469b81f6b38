"""Someone pressed play before the song was packaged: it is made first, and they wait a moment."""

import asyncio
import time
from dataclasses import replace
from typing import Any

import pytest

from antiphon.audio import AudioWorker, PackageStore, PackageWriter, Progress, ready_channel
from antiphon.eventlog import Outbox
from antiphon.kernel import RecordingId, SystemClock
from antiphon.rights import Rights
from antiphon.streaming import StreamingService
from antiphon.streaming.wire import CapabilitiesIn, PlayIn


class Later:
    """A package store in which a recording is absent until it is let in."""

    def __init__(self, store: PackageStore) -> None:
        self._store = store
        self.reads = 0
        self.shown: Any = None

    async def package(self, recording_id: RecordingId) -> Any:
        self.reads += 1
        found = await self._store.package(recording_id)
        return None if self.shown is None or found is None else self.shown(found)


class Jobs:
    """Remembers what was asked for."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, bool]] = []
        self.given_up: str | None = None

    async def enqueue(
        self, recording_id: Any, content_hash: str, path: str, album_id: Any, *, urgent: bool
    ) -> None:
        self.asked.append((recording_id, urgent))

    async def failure(self, recording_id: Any) -> str | None:
        return self.given_up


@pytest.fixture
def slow(house):
    """Replace the house's service by one whose packages come later."""
    packages, jobs = Later(house.packages), Jobs()
    catalog = house.service._catalog
    house.service = StreamingService(
        catalog=catalog,
        rights=Rights(house.tables, house.clock),
        packages=packages,
        jobs=jobs,
        objects=house.objects,
        signals=house.signals,
        events=house.events,
        clock=house.clock,
        licences=house.licences,
        key_words=house.vault,
        is_revoked=house.revoked.__contains__,
        signing_secret=b"a secret for tests, 32 bytes long",
    )
    house.app._service = house.service
    return house, packages, jobs


def ask(house: Any) -> Any:
    return house.call("POST", "/v1/me/plays", body={"songId": house.id("first")}, who="robin")


async def test_a_waiting_listener_gets_the_song_as_soon_as_it_is_signalled(slow):
    house, packages, jobs = slow
    waiting = asyncio.create_task(ask(house))
    while not jobs.asked:
        await asyncio.sleep(0.01)
    packages.shown = lambda package: package
    began = time.monotonic()
    await house.signals.publish(ready_channel(house.songs["first"].recording_id), b"flac")
    answer = await waiting
    assert answer.status == 201
    assert time.monotonic() - began < 0.4
    assert jobs.asked == [(house.songs["first"].recording_id, True)]


async def test_a_lost_signal_only_costs_a_moment(slow):
    house, packages, jobs = slow
    waiting = asyncio.create_task(ask(house))
    while not jobs.asked:
        await asyncio.sleep(0.01)
    packages.shown = lambda package: package
    answer = await asyncio.wait_for(waiting, 2)
    assert answer.status == 201


async def test_a_song_that_does_not_come_is_said_to_be_not_ready(slow):
    house, _, jobs = slow
    waiting = asyncio.create_task(ask(house))
    while not jobs.asked:
        await asyncio.sleep(0.01)
    house.clock.advance(seconds=3.9)
    await asyncio.sleep(0.6)
    assert not waiting.done()
    house.clock.advance(seconds=0.2)
    answer = await asyncio.wait_for(waiting, 2)
    assert (answer.status, answer.code) == (503, "not_ready")
    assert int(answer.headers["retry-after"]) > 0
    assert len(jobs.asked) == 1


async def test_a_song_whose_file_is_broken_is_refused_at_once_with_the_reason(slow):
    house, _, jobs = slow
    jobs.given_up = "It has no sound in it."
    began = time.monotonic()
    answer = await ask(house)
    assert (answer.status, answer.code) == (409, "song_unplayable")
    assert "no sound" in answer.json["errors"][0]["detail"]
    assert time.monotonic() - began < 1


async def test_a_player_that_can_play_nothing_of_a_finished_song_is_told_so_at_once(house):
    body = {"songId": house.id("first"), "capabilities": {"codecs": ["opus"]}}
    answer = await house.call("POST", "/v1/me/plays", body=body, who="robin")
    assert (answer.status, answer.code) == (409, "nothing_playable")


async def test_what_became_ready_since_is_in_the_next_grant(slow):
    house, packages, _ = slow
    packages.shown = lambda p: replace(p, renditions=p.renditions[3:4], complete=False)
    first = (await ask(house)).json
    packages.shown = lambda package: package
    house.clock.advance(seconds=1.1)
    second = (await ask(house)).json
    assert [v["rung"] for v in first["variants"]] == ["flac"]
    assert [v["rung"] for v in second["variants"]] == ["aac-64", "aac-128", "aac-256", "flac"]


async def test_a_finished_song_is_not_read_again_for_every_request(slow):
    house, packages, _ = slow
    packages.shown = lambda package: package
    for _ in range(20):
        assert (await ask(house)).status == 201
    assert packages.reads == 1


async def test_the_real_worker_makes_an_awaited_song_first(house, tmp_path):
    """Take the packages away, press play, and let the worker make them."""
    from antiphon.audio import AudioJobs, run_worker
    from antiphon.storage import open_tables

    tables = open_tables(f"lmdb:{tmp_path / 'fresh'}")
    clock = SystemClock()
    jobs, packages = AudioJobs(tables, house.signals, clock), PackageStore(tables)
    catalog = house.service._catalog
    service = StreamingService(
        catalog=catalog,
        rights=Rights(house.tables, house.clock),
        packages=packages,
        jobs=jobs,
        objects=house.objects,
        signals=house.signals,
        events=house.events,
        clock=clock,
        licences=house.licences,
        key_words=house.vault,
        is_revoked=house.revoked.__contains__,
        signing_secret=b"a secret for tests, 32 bytes long",
    )
    outbox = Outbox(tables, house.events, clock)
    ports = AudioWorker("late", jobs, packages, catalog, house.objects, outbox, house.signals)
    stop = asyncio.Event()
    worker = asyncio.create_task(run_worker(ports, stop))
    try:
        wish = PlayIn(house.id("short"), CapabilitiesIn(codecs=("flac",)))
        raw = await asyncio.wait_for(service.grant(_Robin(), wish), 10)
    finally:
        stop.set()
        await worker
        await tables.close()
    assert b'"rung":"flac"' in raw


class _Robin:
    listener_id = "robin"
    device_id = "kitchen"
    household_id = "home"
    allows_explicit = True


async def test_a_package_of_another_process_is_seen_without_a_signal(house, tmp_path):
    from antiphon.storage import open_tables

    tables = open_tables(f"lmdb:{tmp_path / 'fresh'}")
    clock = SystemClock()
    service = StreamingService(
        catalog=house.service._catalog,
        rights=Rights(tables, clock),
        packages=PackageStore(tables),
        jobs=Jobs(),
        objects=house.objects,
        signals=house.signals,
        events=house.events,
        clock=clock,
        licences=house.licences,
        key_words=house.vault,
        is_revoked=house.revoked.__contains__,
        signing_secret=b"a secret for tests, 32 bytes long",
    )
    package = await house.package("short")
    waiting = asyncio.create_task(service.grant(_Robin(), PlayIn(house.id("short"))))
    await asyncio.sleep(0.1)
    writer = PackageWriter(Outbox(tables, house.events, clock))
    await writer.put(
        Progress(package.recording_id, package.content_hash, package.renditions, package.loudness)
    )
    assert b'"rung":"flac"' in await asyncio.wait_for(waiting, 3)
    await tables.close()
