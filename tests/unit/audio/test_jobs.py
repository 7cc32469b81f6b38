"""The queue: urgent first, one worker each, retried, given up with a reason, never lost."""

import asyncio
import os
from pathlib import Path

import pytest

from antiphon.audio import AudioJobs, JobKind, PackageStore, PackageWriter, Progress, Rung
from antiphon.audio.jobs import LEASE_MS, MOST_ATTEMPTS
from antiphon.audio.model import Rendition
from antiphon.eventlog import Outbox, open_eventlog
from antiphon.kernel import FixedClock
from antiphon.storage import SetCell, open_cache, open_tables


@pytest.fixture
async def tables(tmp_path):
    opened = open_tables(f"lmdb:{tmp_path}/tables")
    yield opened
    await opened.close()


@pytest.fixture
async def signals(tmp_path):
    opened = open_cache(f"memory:{tmp_path}/run")
    yield opened
    await opened.close()


@pytest.fixture
def clock():
    return FixedClock()


@pytest.fixture
def jobs(tables, signals, clock):
    return AudioJobs(tables, signals, clock)


async def ask(jobs, name, *, urgent=False, path="/x.flac"):
    await jobs.enqueue(name, f"hash-{name}", path, "album", urgent=urgent)


async def drain(jobs):
    """Claim and complete everything that is due; return the subjects in order."""
    order = []
    while (job := await jobs.claim("w")) is not None:
        order.append(job.recording_id or job.album_id)
        await jobs.complete(job)
    return order


async def test_a_job_carries_what_the_worker_needs(jobs):
    await ask(jobs, "one")
    job = await jobs.claim("w")
    assert (job.kind, job.recording_id, job.content_hash) == (JobKind.LOSSLESS, "one", "hash-one")
    assert (job.path, job.album_id, job.urgent) == ("/x.flac", "album", False)


async def test_urgent_jobs_go_first_and_albums_last(jobs, clock):
    await jobs.enqueue_album("album")
    for name in ("one", "two", "three"):
        clock.advance(ms=1)
        await ask(jobs, name)
    await ask(jobs, "three", urgent=True)
    assert await drain(jobs) == ["three", "one", "two", "album"]


async def test_asking_twice_makes_one_job(jobs):
    for _ in range(3):
        await ask(jobs, "one")
        await jobs.enqueue_album("album")
    assert await jobs.status() == {"waiting": 2, "running": 0, "dead": 0}
    assert await drain(jobs) == ["one", "album"]
    assert await jobs.status() == {"waiting": 0, "running": 0, "dead": 0}


async def test_a_claimed_job_is_nobody_elses_while_its_lease_lives(jobs, clock):
    await ask(jobs, "one")
    job = await jobs.claim("a")
    assert await jobs.claim("b") is None
    assert (await jobs.status())["running"] == 1
    clock.advance(ms=LEASE_MS - 1)
    assert await jobs.heartbeat(job)
    clock.advance(ms=LEASE_MS - 1)
    assert await jobs.claim("b") is None
    clock.advance(ms=2)
    taken = await jobs.claim("b")
    assert taken.recording_id == "one"
    assert not await jobs.heartbeat(job)
    await jobs.complete(job)  # too late: it is b's now
    assert await jobs.heartbeat(taken)


def dead_pid(digits):
    """Return the id of no process, as long as ours is, so that it fits the packed row."""
    candidates = range(10**digits - 1, 10 ** (digits - 1), -1)
    return next(pid for pid in candidates if not Path(f"/proc/{pid}").exists())


async def test_a_job_of_a_process_that_died_is_free_at_once(jobs, tables):
    await ask(jobs, "one")
    job = await jobs.claim("a")
    row = await tables.read("audio_jobs", job.key)
    state = row.value("j", "state")
    mine = f"/{os.getpid()}/".encode()
    assert state.count(mine) == 1
    theirs = f"/{dead_pid(len(mine) - 2)}/".encode()
    await tables.mutate("audio_jobs", job.key, [SetCell("j", "state", state.replace(mine, theirs))])
    assert (await jobs.claim("b")).recording_id == "one"


async def test_many_claim_at_once_and_each_job_goes_to_one(jobs):
    for number in range(40):
        await ask(jobs, f"rec{number}")
    claimed = await asyncio.gather(*(jobs.claim(f"w{n}") for n in range(60)))
    names = [job.recording_id for job in claimed if job is not None]
    assert len(names) == len(set(names))
    more = await drain(jobs)
    assert sorted(names + more) == sorted(f"rec{n}" for n in range(40))


async def test_a_failure_is_tried_again_later_and_later_and_then_given_up(jobs, clock):
    await ask(jobs, "one")
    for pause in (2_000, 4_000, 8_000, 16_000):
        assert not await jobs.fail(await jobs.claim("w"), "no such file", permanent=False)
        clock.advance(ms=pause - 1)
        assert await jobs.claim("w") is None
        clock.advance(ms=1)
    assert await jobs.fail(await jobs.claim("w"), "still no such file", permanent=False)
    assert await jobs.failure("one") == "still no such file"
    assert (await jobs.status())["dead"] == 1
    clock.advance(seconds=86400)
    assert await jobs.claim("w") is None


async def test_what_cannot_succeed_is_given_up_at_once_and_says_why(jobs):
    await ask(jobs, "one", path="/music/broken.flac")
    assert await jobs.fail(await jobs.claim("w"), "The file is cut short.", permanent=True)
    (dead,) = await jobs.dead()
    assert (dead.subject, dead.path, dead.reason) == (
        "one",
        "/music/broken.flac",
        "The file is cut short.",
    )
    await ask(jobs, "one", urgent=True, path="/music/broken.flac")
    assert await jobs.claim("w") is None
    await ask(jobs, "one", path="/music/replaced.flac")
    assert (await jobs.claim("w")).path == "/music/replaced.flac"
    assert await jobs.failure("one") is None


async def test_what_was_given_up_for_its_surroundings_is_tried_when_someone_asks(jobs, clock):
    await ask(jobs, "one")
    for _ in range(MOST_ATTEMPTS):
        await jobs.fail(await jobs.claim("w"), "not mounted", permanent=False)
        clock.advance(seconds=100)
    assert await jobs.claim("w") is None
    await ask(jobs, "one", urgent=True)
    assert (await jobs.claim("w")).recording_id == "one"


async def test_a_full_disk_does_not_count_against_a_job(jobs, clock):
    await ask(jobs, "one")
    for _ in range(MOST_ATTEMPTS * 3):
        job = await jobs.claim("w")
        assert not await jobs.fail(job, "disk full", permanent=False, counts=False)
        clock.advance(seconds=100)
    assert await jobs.failure("one") is None


async def test_a_released_job_can_be_taken_at_once(jobs):
    await ask(jobs, "one")
    await jobs.release(await jobs.claim("a"))
    assert (await jobs.claim("b")).recording_id == "one"


async def test_an_album_asked_for_while_worked_on_is_done_again(jobs):
    await jobs.enqueue_album("album")
    job = await jobs.claim("w")
    await jobs.enqueue_album("album")
    assert await jobs.claim("w") is None
    await jobs.complete(job)
    assert await drain(jobs) == ["album"]


async def test_an_urgent_wish_for_a_running_job_does_not_start_it_twice(jobs):
    await ask(jobs, "one")
    job = await jobs.claim("a")
    await ask(jobs, "one", urgent=True)
    assert await jobs.claim("b", urgent_only=True) is None
    await jobs.complete(job)
    assert await drain(jobs) == []
    assert await jobs.status() == {"waiting": 0, "running": 0, "dead": 0}


async def test_a_job_over_which_workers_keep_dying_is_given_up_in_the_end(jobs, clock):
    await ask(jobs, "one")
    deaths = 0
    while await jobs.claim("w") is not None:
        deaths += 1
        clock.advance(ms=LEASE_MS + 1)
    assert deaths == 20
    assert "died" in await jobs.failure("one")


async def test_a_recording_that_is_ready_is_not_queued_again(jobs, tables, tmp_path, clock):
    log = open_eventlog(f"lmdb:{tmp_path}/log")
    writer = PackageWriter(Outbox(tables, log, clock))
    flac = Rendition(Rung.FLAC, "fLaC", "p", 44100, 2, 16, 0, 0, 0, 0, (), 0, 0)
    await writer.put(Progress("one", "hash", [flac], None))
    await ask(jobs, "one", urgent=True)
    assert await drain(jobs) == ["album"]
    await writer.put(Progress("one", "hash", [], None, complete=True))
    await ask(jobs, "one", urgent=True)
    assert await drain(jobs) == []
    assert (await PackageStore(tables).package("one")).complete
    await log.close()
