"""The worker: claims jobs and does them, the urgent ones in between.

Objects are stored before the package row that names them, so nothing half-made is ever seen; a job
that was cut short is done again from its start, and makes the same bytes under the same keys.
"""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import suppress

import structlog

from antiphon.audio.decode import Pcm, PcmSource, open_source
from antiphon.audio.jobs import HEARTBEAT_SECONDS, WAKE_CHANNEL, Job, JobKind
from antiphon.audio.ladder import LosslessPass, MediaObject
from antiphon.audio.loudness import loudness_of
from antiphon.audio.making import Making
from antiphon.audio.model import Measure, Rendition, Rung
from antiphon.audio.ports import AudioWorker, ready_channel
from antiphon.audio.rules import MAX_FLAC_CHANNELS
from antiphon.audio.runs import AlbumLadder
from antiphon.audio.sink import ObjectSink, in_thread
from antiphon.audio.store import PackageWriter, Progress
from antiphon.kernel import AntiphonError, Corrupt, RecordingId, Unavailable

log = structlog.get_logger()

_IDLE_SECONDS = 1.0


class Worker:
    """One worker's loop. Encoding runs in a thread, so leases are kept while it does."""

    def __init__(self, ports: AudioWorker) -> None:
        self._ports = ports
        self._writer = PackageWriter(ports.outbox)

    async def run(self, stop: asyncio.Event) -> None:
        """Do jobs until ``stop``; the job at hand is then given back."""
        wake = asyncio.Event()
        async with asyncio.TaskGroup() as group:
            listener = group.create_task(self._listen(wake))
            while not stop.is_set():
                wake.clear()
                job = await self._claim()
                if job is not None:
                    await self._until_stop(job, stop)
                else:
                    await _first_of(wake, stop, seconds=_IDLE_SECONDS)
            listener.cancel()

    async def _claim(self, *, urgent_only: bool = False) -> Job | None:
        try:
            return await self._ports.jobs.claim(self._ports.name, urgent_only=urgent_only)
        except Unavailable as fault:
            log.warning("audio_queue_unavailable", reason=fault.detail)
            return None

    async def _until_stop(self, job: Job, stop: asyncio.Event) -> None:
        work = asyncio.create_task(self._do(job))
        stopped = asyncio.create_task(stop.wait())
        await asyncio.wait((work, stopped), return_when=asyncio.FIRST_COMPLETED)
        stopped.cancel()
        if not work.done():
            work.cancel()
            with suppress(asyncio.CancelledError):
                await work
            await self._ports.jobs.release(job)
            return
        await work

    async def _do(self, job: Job) -> None:
        """Do one job and settle it, whatever happens."""
        try:
            await self._while_leased(job)
        except Corrupt as fault:
            await self._failed(job, fault.detail, permanent=True)
        except Unavailable as fault:
            await self._failed(job, fault.detail, counts=False)
        except (AntiphonError, OSError) as fault:
            await self._failed(job, str(fault))
        except Exception as fault:
            log.exception("audio_job_broke", job=job.key.decode())
            await self._failed(job, repr(fault))
        else:
            await self._ports.jobs.complete(job)

    async def _failed(
        self, job: Job, reason: str, *, permanent: bool = False, counts: bool = True
    ) -> None:
        log.warning("audio_job_failed", job=job.key.decode(), path=job.path, reason=reason)
        dead = await self._ports.jobs.fail(job, reason, permanent=permanent, counts=counts)
        if dead and job.kind is JobKind.LOSSLESS and job.album_id:
            await self._ports.jobs.enqueue_album(job.album_id)

    async def _while_leased(self, job: Job) -> None:
        work = asyncio.create_task(self._work(job))
        try:
            while not work.done():
                await asyncio.wait((work,), timeout=HEARTBEAT_SECONDS)
                if not work.done() and not await self._ports.jobs.heartbeat(job):
                    raise Unavailable("The lease was lost to another worker.")
            await work
        finally:
            if not work.done():
                work.cancel()
                with suppress(asyncio.CancelledError):
                    await work

    async def _work(self, job: Job) -> None:
        if job.kind is JobKind.LOSSLESS:
            await self._lossless(job)
        elif job.kind is JobKind.ALBUM:
            await self._album(job)
        else:
            await self._spatial(job)

    async def _lossless(self, job: Job) -> None:
        """Make a recording playable: FLAC and loudness."""
        recording_id = job.recording_id
        package = await self._ports.packages.package(recording_id)
        if package is None or package.rendition(Rung.FLAC) is None:
            path, scene = await self._master(job)
            async with self._ports.master(path) as file:
                with await in_thread(_opened, file, scene) as source:
                    await self._encode_lossless(job, source)
            await self._signal(recording_id, [Rung.FLAC])
        if job.album_id:
            await self._ports.jobs.enqueue_album(job.album_id)

    async def _encode_lossless(self, job: Job, source: PcmSource) -> None:
        info = source.info
        if info.channels > MAX_FLAC_CHANNELS:
            raise Corrupt(f"{info.channels} channels are more than FLAC can hold.")
        making = Making.begin(self._ports.clock)
        lossless = LosslessPass(
            job.content_hash,
            rate=info.sample_rate,
            channels=info.channels,
            bit_depth=info.bit_depth,
            protection=await self._ports.protection(job.recording_id, Rung.FLAC),
            hurry=job.urgent,
            making=making.name,
        )
        rendition, measure = await self._fed(lossless, source, breathes=not job.urgent)
        making.check(self._ports.clock)
        await self._ports.confirm(job.recording_id, [rendition])
        await self._ports.packages.put_measure(job.recording_id, measure)
        await self._writer.put(
            Progress(job.recording_id, job.content_hash, [rendition], loudness_of(measure))
        )

    async def _fed(
        self, lossless: LosslessPass, source: PcmSource, *, breathes: bool
    ) -> tuple[Rendition, Measure]:
        sink = ObjectSink(self._ports.objects)
        chunks = source.chunks()
        try:
            while (made := await in_thread(_step, chunks, lossless)) is not None:
                await sink.store(made)
                if breathes:
                    await self._let_urgent_pass()
            last, rendition, measure = await in_thread(lossless.finish)
            await sink.store(last)
        finally:
            await sink.drain()
        return rendition, measure

    async def _master(self, job: Job) -> tuple[str, str]:
        """Return where the file lies now, for it may have moved, and what scene it holds if any."""
        recording = await self._ports.catalog.recording(job.recording_id)
        if recording is None:
            return job.path, ""
        return recording.master.path, recording.master.scene

    async def _album(self, job: Job) -> None:
        """Make the rest of the album's ladder."""
        ladder = AlbumLadder(self._ports, self._writer, self._let_urgent_pass)
        await ladder.make(job.album_id)

    async def _spatial(self, job: Job) -> None:
        """Render a recording's immersive master."""
        from antiphon.audio import immersive  # noqa: PLC0415 - heavy, and rarely needed

        rungs = immersive.spatial_rungs(everything=job.kind is JobKind.SPATIAL_ALL)
        spatial = immersive.SpatialRungs(self._ports, self._writer, self._let_urgent_pass)
        await spatial.make(job.recording_id, job.album_id, rungs)

    async def _let_urgent_pass(self) -> None:
        """Do what someone is waiting for, before going on with what nobody is."""
        while (urgent := await self._claim(urgent_only=True)) is not None:
            await self._do(urgent)

    async def _signal(self, recording_id: RecordingId, rungs: Sequence[Rung]) -> None:
        await self._ports.signals.publish(ready_channel(recording_id), ",".join(rungs).encode())

    async def _listen(self, wake: asyncio.Event) -> None:
        async with self._ports.signals.subscribe(WAKE_CHANNEL) as payloads:
            async for _ in payloads:
                wake.set()


def _opened(path: str, scene: str) -> PcmSource:
    """Open a master; of an immersive one its stereo rendering is what is decoded."""
    if not scene:
        return open_source(path)
    from antiphon.audio.scenes import open_stereo  # noqa: PLC0415 - heavy, and rarely needed

    return open_stereo(path, scene)


def _step(chunks: Iterator[Pcm], lossless: LosslessPass) -> list[MediaObject] | None:
    chunk = next(chunks, None)
    return None if chunk is None else lossless.push(chunk)


async def _first_of(*events: asyncio.Event, seconds: float) -> None:
    waits = [asyncio.create_task(event.wait()) for event in events]
    await asyncio.wait(waits, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    for wait in waits:
        wait.cancel()
