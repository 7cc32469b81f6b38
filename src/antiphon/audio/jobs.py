"""The work queue of the audio workers, as rows.

A job is one row in ``audio_jobs``; all that changes in it is one cell, so each transition is one
compare-and-set. ``audio_queue`` holds hints in order of urgency and due time: a hint is written
before the job it points to and removed after it, so none is missing, and a stale one costs a read.
"""

import os
import socket
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

import msgspec

from antiphon.audio.model import Rung
from antiphon.audio.store import PackageStore
from antiphon.kernel import AlbumId, Clock, RecordingId, random_id
from antiphon.storage import Condition, DeleteRow, Row, SetCell, Signals, Tables

WAKE_CHANNEL = "audio.wake"
LEASE_MS = 15_000
HEARTBEAT_SECONDS = 4.0
MOST_ATTEMPTS = 5

_JOBS, _QUEUE = "audio_jobs", "audio_queue"
_FAMILY, _JOB, _STATE = "j", "job", "state"
_FIRST_BACKOFF_MS = 2_000
_LONGEST_BACKOFF_MS = 60_000
_MOST_DEATHS = 20  # of workers that held the same job: kills are forgiven, a crasher is not
_ORPHAN_MS = 60_000
_PAGE = 32
_MOST_TRIES = 16
_DIGITS = 15


class JobKind(StrEnum):
    """What is to be done.

    The first pass over one recording, the rest of an album's ladder, or the renderings of an
    immersive master: those that every one gets, or all.
    """

    LOSSLESS = "lossless"
    ALBUM = "album"
    SPATIAL = "spatial"
    SPATIAL_ALL = "spatial-all"


class _Payload(msgspec.Struct, frozen=True, array_like=True):
    """What never changes while the job lives."""

    kind: JobKind
    subject: str
    content_hash: str
    path: str
    album_id: str


class _State(msgspec.Struct, frozen=True, array_like=True):
    """What changes. ``round`` grows when an album is asked for again while it is worked on."""

    urgent: bool = False
    not_before: int = 0
    attempts: int = 0
    deaths: int = 0
    round: int = 0
    holder: str = ""  # host/pid/token of the worker, empty: nobody
    lease_until: int = 0
    dead: str = ""  # the reason; empty: alive
    permanent: bool = False


@dataclass(frozen=True, slots=True)
class Job:
    """A claimed job. ``path`` is as the catalogue writes it."""

    kind: JobKind
    recording_id: RecordingId
    content_hash: str
    path: str
    album_id: AlbumId
    urgent: bool
    attempts: int
    holder: str
    round: int

    @property
    def key(self) -> bytes:
        """Return the job's row key."""
        return _key(self.kind, self.recording_id or self.album_id)


@dataclass(frozen=True, slots=True)
class DeadJob:
    """A job that was given up, and why."""

    kind: JobKind
    subject: str
    path: str
    reason: str


_encode = msgspec.msgpack.Encoder().encode
_decode_payload = msgspec.msgpack.Decoder(_Payload).decode
_decode_state = msgspec.msgpack.Decoder(_State).decode


class AudioJobs:
    """Hands out jobs, urgent ones first; each to one worker at a time, at least once."""

    def __init__(self, tables: Tables, signals: Signals, clock: Clock) -> None:
        self._tables = tables
        self._signals = signals
        self._clock = clock
        self._packages = PackageStore(tables)

    async def enqueue(
        self,
        recording_id: RecordingId,
        content_hash: str,
        path: str,
        album_id: AlbumId,
        urgent: bool = False,  # noqa: FBT001, FBT002 - named in every call
    ) -> None:
        """Ask for a recording to be made playable, and its album's ladder after it.

        Asking again changes nothing, but that ``urgent`` moves it to the front. What has been given
        up is tried again where its file has moved.
        """
        package = await self._packages.package(recording_id)
        if package is not None and package.rendition(Rung.FLAC) is not None:
            if not package.complete and album_id:
                await self.enqueue_album(album_id)
            return
        payload = _Payload(JobKind.LOSSLESS, recording_id, content_hash, path, album_id)
        await self._ask(payload, urgent=urgent)

    async def enqueue_album(self, album_id: AlbumId) -> None:
        """Ask for the rest of an album's ladder; what is there already is not made again."""
        await self._ask(_Payload(JobKind.ALBUM, album_id, "", "", album_id), urgent=False)

    async def enqueue_spatial(
        self,
        recording_id: RecordingId,
        content_hash: str,
        path: str,
        album_id: AlbumId,
        *,
        everything: bool = False,
    ) -> None:
        """Ask for the renderings of a recording's immersive master, which lies at ``path``."""
        kind = JobKind.SPATIAL_ALL if everything else JobKind.SPATIAL
        payload = _Payload(kind, recording_id, content_hash, path, album_id)
        await self._ask(payload, urgent=False)

    async def claim(self, worker: str, *, urgent_only: bool = False) -> Job | None:
        """Take, for ``LEASE_MS``, the most urgent job that is due and free; None where none is.

        A job whose worker has died on this machine is free at once.
        """
        holder = f"{_here()}/{worker}/{random_id()}"
        now = self._clock.now()
        for level in "0" if urgent_only else "012":
            job = await self._claim_at(level, holder, now)
            if job is not None:
                return job
        return None

    async def heartbeat(self, job: Job) -> bool:
        """Prolong the lease; False where it was lost: then stop."""
        until = self._clock.now() + LEASE_MS
        changed = await self._change(
            job.key,
            lambda s: (
                msgspec.structs.replace(s, lease_until=until) if s.holder == job.holder else None
            ),
        )
        return changed is not None

    async def complete(self, job: Job) -> None:
        """Say that the job is done; an album asked for again meanwhile goes back into the queue."""
        for _ in range(_MOST_TRIES):
            found = await self._read(job.key)
            if found is None or found[1].holder != job.holder:
                return
            payload, state, raw = found
            if state.round != job.round:
                await self._put_back(job, lambda s: _State(round=s.round))
                return
            if await self._swap(job.key, raw, [DeleteRow()]):
                await self._forget(job.key, payload, state)
                return

    async def fail(self, job: Job, reason: str, *, permanent: bool, counts: bool = True) -> bool:
        """Say that the job failed; return whether it was given up.

        It is tried again later, unless ``permanent`` or for the fifth time. Failures of the
        surroundings (a full disk) do not count.
        """
        found = await self._read(job.key)
        if found is None or found[1].holder != job.holder:
            return False
        payload, state, _ = found
        attempts = state.attempts + counts
        if permanent or attempts >= MOST_ATTEMPTS:
            buried = msgspec.structs.replace(
                state, holder="", attempts=attempts, dead=reason, permanent=permanent
            )
            await self._change(job.key, lambda s: buried if s.holder == job.holder else None)
            await self._forget(job.key, payload, state)
            return True
        pause = min(_FIRST_BACKOFF_MS << max(attempts - 1, 0), _LONGEST_BACKOFF_MS)
        if not counts:
            pause = _LONGEST_BACKOFF_MS // 4
        due = self._clock.now() + pause
        await self._put_back(
            job, lambda s: _State(not_before=due, attempts=attempts, round=s.round)
        )
        return False

    async def release(self, job: Job) -> None:
        """Give a job back undone, because we stop: another may take it at once."""
        await self._put_back(job, lambda s: msgspec.structs.replace(s, holder="", lease_until=0))

    async def failure(self, recording_id: RecordingId) -> str | None:
        """Return why a recording was given up, or None where it was not."""
        found = await self._read(_key(JobKind.LOSSLESS, recording_id))
        return found[1].dead or None if found is not None else None

    async def is_outstanding(self, recording_id: RecordingId) -> bool:
        """Say whether a recording waits for its first pass or is in it."""
        found = await self._read(_key(JobKind.LOSSLESS, recording_id))
        return found is not None and not found[1].dead

    async def status(self) -> dict[str, int]:
        """Count the jobs that are waiting, running and dead (given up); done ones are gone."""
        now = self._clock.now()
        counts = dict.fromkeys(("waiting", "running", "dead"), 0)
        for _, state in await self._all():
            held = "running" if self._is_held(state, now) else "waiting"
            counts["dead" if state.dead else held] += 1
        return counts

    async def dead(self) -> list[DeadJob]:
        """Return the jobs that were given up, with reasons."""
        return [DeadJob(p.kind, p.subject, p.path, s.dead) for p, s in await self._all() if s.dead]

    async def _ask(self, payload: _Payload, *, urgent: bool) -> None:
        key = _key(payload.kind, payload.subject)
        for _ in range(_MOST_TRIES):
            found = await self._read(key)
            if found is None:
                if await self._created(key, payload, urgent=urgent):
                    break
                continue
            known, state, raw = found
            wanted = _asked_again(known, payload, state, urgent=urgent)
            if wanted == state:
                return
            await self._hint(key, payload, wanted)
            cells = [
                SetCell(_FAMILY, _JOB, _encode(payload)),
                SetCell(_FAMILY, _STATE, _encode(wanted)),
            ]
            if await self._swap(key, raw, cells):
                break
        await self._signals.publish(WAKE_CHANNEL, b"")

    async def _created(self, key: bytes, payload: _Payload, *, urgent: bool) -> bool:
        state = _State(urgent=urgent, not_before=self._clock.now())
        await self._hint(key, payload, state)
        return await self._swap(
            key,
            None,
            [
                SetCell(_FAMILY, _JOB, _encode(payload)),
                SetCell(_FAMILY, _STATE, _encode(state)),
            ],
        )

    async def _claim_at(self, level: str, holder: str, now: int) -> Job | None:
        start, end = level.encode(), f"{level}{now + 1:0{_DIGITS}d}".encode()
        while hints := await self._tables.scan(_QUEUE, start=start, end=end, limit=_PAGE):
            for hint in hints:
                job = await self._try(hint, holder, now)
                if job is not None:
                    return job
            start = hints[-1].key + b"\0"
        return None

    async def _try(self, hint: Row, holder: str, now: int) -> Job | None:
        key = hint.key[1 + _DIGITS :]
        due = int(hint.key[1 : 1 + _DIGITS])
        found = await self._read(key)
        if found is None or found[1].dead or found[1].not_before > now:
            if found is not None or due + _ORPHAN_MS < now:
                await self._tables.mutate(_QUEUE, hint.key, [DeleteRow()])
            return None
        payload, state, raw = found
        if self._is_held(state, now):
            return None
        deaths = state.deaths + bool(state.holder)
        if deaths >= _MOST_DEATHS:
            buried = msgspec.structs.replace(
                state, holder="", dead=f"{deaths} workers died over it.", permanent=True
            )
            await self._swap(key, raw, [SetCell(_FAMILY, _STATE, _encode(buried))])
            return None
        taken = msgspec.structs.replace(
            state, holder=holder, lease_until=now + LEASE_MS, deaths=deaths
        )
        if not await self._swap(key, raw, [SetCell(_FAMILY, _STATE, _encode(taken))]):
            return None
        return _job(payload, taken)

    def _is_held(self, state: _State, now: int) -> bool:
        return bool(state.holder) and state.lease_until > now and not _has_died(state.holder)

    async def _put_back(self, job: Job, change: Callable[[_State], _State]) -> None:
        """Put a job that we hold back into the queue, to be taken when it is due."""
        for _ in range(_MOST_TRIES):
            found = await self._read(job.key)
            if found is None or found[1].holder != job.holder:
                return
            payload, state, raw = found
            waiting = change(state)
            await self._hint(job.key, payload, waiting)
            if await self._swap(job.key, raw, [SetCell(_FAMILY, _STATE, _encode(waiting))]):
                await self._signals.publish(WAKE_CHANNEL, b"")
                return

    async def _change(self, key: bytes, change: Callable[[_State], _State | None]) -> _State | None:
        for _ in range(_MOST_TRIES):
            found = await self._read(key)
            changed = None if found is None else change(found[1])
            if found is None or changed is None:
                return None
            if await self._swap(key, found[2], [SetCell(_FAMILY, _STATE, _encode(changed))]):
                return changed
        return None

    async def _read(self, key: bytes) -> tuple[_Payload, _State, bytes] | None:
        row = await self._tables.read(_JOBS, key)
        payload = None if row is None else row.value(_FAMILY, _JOB)
        raw = None if row is None else row.value(_FAMILY, _STATE)
        if payload is None or raw is None:
            return None
        return _decode_payload(payload), _decode_state(raw), raw

    async def _swap(
        self, key: bytes, raw: bytes | None, mutations: list[SetCell] | list[DeleteRow]
    ) -> bool:
        return await self._tables.check_and_mutate(
            _JOBS, key, Condition(_FAMILY, _STATE, raw), then=mutations
        )

    async def _hint(self, key: bytes, payload: _Payload, state: _State) -> None:
        await self._tables.mutate(_QUEUE, _hint_key(key, payload, state), [SetCell("q", "", b"")])

    async def _forget(self, key: bytes, payload: _Payload, state: _State) -> None:
        await self._tables.mutate(_QUEUE, _hint_key(key, payload, state), [DeleteRow()])

    async def _all(self) -> list[tuple[_Payload, _State]]:
        found = []
        start = b""
        while rows := await self._tables.scan(_JOBS, start=start, limit=1000):
            for row in rows:
                payload, raw = row.value(_FAMILY, _JOB), row.value(_FAMILY, _STATE)
                if payload is not None and raw is not None:
                    found.append((_decode_payload(payload), _decode_state(raw)))
            start = rows[-1].key + b"\0"
        return found


def _asked_again(known: _Payload, payload: _Payload, state: _State, *, urgent: bool) -> _State:
    """Return the state of a job that exists, once it is asked for again."""
    if state.dead:
        moved = known.path != payload.path or known.content_hash != payload.content_hash
        again = moved or payload.kind is JobKind.ALBUM or (urgent and not state.permanent)
        return _State(urgent=urgent) if again else state
    if payload.kind is not JobKind.LOSSLESS:
        return msgspec.structs.replace(state, round=state.round + 1) if state.holder else state
    if urgent and not state.urgent:
        return msgspec.structs.replace(state, urgent=True, not_before=0)
    return state


def _job(payload: _Payload, state: _State) -> Job:
    of_album = payload.kind is JobKind.ALBUM
    return Job(
        kind=payload.kind,
        recording_id=RecordingId("" if of_album else payload.subject),
        content_hash=payload.content_hash,
        path=payload.path,
        album_id=AlbumId(payload.album_id),
        urgent=state.urgent,
        attempts=state.attempts,
        holder=state.holder,
        round=state.round,
    )


def _key(kind: JobKind, subject: str) -> bytes:
    return f"{kind}:{subject}".encode()


def _hint_key(key: bytes, payload: _Payload, state: _State) -> bytes:
    level = "0" if state.urgent else "1" if payload.kind is JobKind.LOSSLESS else "2"
    return f"{level}{state.not_before:0{_DIGITS}d}".encode() + key


def _here() -> str:
    return f"{socket.gethostname().replace('/', '_')}/{os.getpid()}"


def _has_died(holder: str) -> bool:
    """Say whether the holder was a process of this machine that is no more."""
    host, pid, *_ = holder.split("/")
    if host != socket.gethostname().replace("/", "_"):
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False
