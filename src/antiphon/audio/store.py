"""Packages and measures as rows."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import msgspec

from antiphon.audio.events import TOPIC, RecordingReady
from antiphon.audio.model import (
    Departing,
    Loudness,
    Measure,
    Package,
    Rendition,
    Rung,
    Segment,
)
from antiphon.kernel import Corrupt, Event, RecordingId, UnixMs, random_id
from antiphon.storage import DeleteCell, Mutation, Row, SetCell, Tables

TABLE = "packages"
_MEASURES = "audio_measures"
_SCENE = "scene."
_PAGE = 500
HEAD, RUNGS, DEPARTING = "p", "r", "d"
_HASH, COMPLETE, REDUCED, VERSION = "hash", "complete", "reduced", "version"


class Outbox(Protocol):
    """What changes a row and tells of it; see ``antiphon.eventlog.Outbox``."""

    async def write(
        self,
        table: str,
        key: bytes,
        mutations: Sequence[Mutation],
        events: Sequence[Event],
        *,
        topic: str,
    ) -> None:
        """Change one row and tell the log."""
        ...


class _StoredRendition(msgspec.Struct, array_like=True):
    """A rendition in one cell; segments as two parallel lists."""

    codec: str
    prefix: str
    sample_rate: int
    channels: int
    bit_depth: int
    priming: int
    cue_shift: int
    samples: int
    init_size: int
    average_bandwidth: int
    peak_bandwidth: int
    segment_samples: list[int]
    segment_sizes: list[int]
    kid: str = ""
    gain_db: float = 0.0


class StoredDeparting(msgspec.Struct, array_like=True):
    """A departing rendition in one cell; ``rendition`` is its cell as it was among the rungs."""

    rung: Rung
    since: UnixMs
    made_at: UnixMs
    rendition: bytes


_encode = msgspec.msgpack.Encoder().encode
encode_departing = _encode
_decode_rendition = msgspec.msgpack.Decoder(_StoredRendition).decode
decode_departing = msgspec.msgpack.Decoder(StoredDeparting).decode
_decode_loudness = msgspec.msgpack.Decoder(Loudness).decode
_decode_measure = msgspec.msgpack.Decoder(Measure).decode


class PackageStore:
    """Reads what is ready of each recording."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    async def package(self, recording_id: RecordingId) -> Package | None:
        """Return what is ready of one recording, or None before its first rung."""
        return (await self.packages([recording_id]))[0]

    async def packages(self, recording_ids: Sequence[RecordingId]) -> list[Package | None]:
        """Return one answer per id, in order."""
        rows = await self._tables.read_many(TABLE, [i.encode() for i in recording_ids])
        return [
            None if row is None else _package(i, row)
            for i, row in zip(recording_ids, rows, strict=True)
        ]

    async def every(self) -> AsyncIterator[Package]:
        """Yield every package there is, in order of recordings."""
        start = b""
        while rows := await self._tables.scan(TABLE, start=start, limit=_PAGE):
            for row in rows:
                package = _package(RecordingId(row.key.decode()), row)
                if package is not None:
                    yield package
            start = rows[-1].key + b"\0"

    async def measures(self, recording_ids: Sequence[RecordingId]) -> list[Measure | None]:
        """Return what the first pass measured, one answer per id, in order."""
        rows = await self._tables.read_many(_MEASURES, [i.encode() for i in recording_ids])
        cells = [None if row is None else row.value("m", "") for row in rows]
        return [None if cell is None else _decode_measure(cell) for cell in cells]

    async def scene(self, recording_id: RecordingId, content_hash: str) -> bytes | None:
        """Return where the objects of this immersive master are, as it was kept."""
        row = await self._tables.read(_MEASURES, recording_id.encode())
        cells = {} if row is None else row.columns("m")
        found = cells.get(f"{_SCENE}{content_hash}")
        return None if found is None else found.value

    async def put_scene(self, recording_id: RecordingId, content_hash: str, scene: bytes) -> None:
        """Keep where the objects of an immersive master are; those of another one go."""
        key = recording_id.encode()
        row = await self._tables.read(_MEASURES, key)
        mine = f"{_SCENE}{content_hash}"
        cells = {} if row is None else row.columns("m")
        others = [c for c in cells if c.startswith(_SCENE) and c != mine]
        changes: list[Mutation] = [DeleteCell("m", column) for column in others]
        await self._tables.mutate(_MEASURES, key, [*changes, SetCell("m", mine, scene)])

    async def put_measure(self, recording_id: RecordingId, measure: Measure) -> None:
        """Keep what the first pass measured."""
        await self._tables.mutate(
            _MEASURES, recording_id.encode(), [SetCell("m", "", _encode(measure))]
        )


@dataclass(frozen=True, slots=True)
class Progress:
    """What has become ready of a recording; all objects are in the store before this is put."""

    recording_id: RecordingId
    content_hash: str
    renditions: Sequence[Rendition]
    loudness: Loudness | None
    complete: bool = False


class PackageWriter:
    """Adds to packages, and tells the log in the same step."""

    def __init__(self, outbox: Outbox) -> None:
        self._outbox = outbox

    async def put(self, progress: Progress) -> None:
        """Add renditions to a package, replacing those of the same rungs."""
        mutations: list[Mutation] = [
            SetCell(HEAD, _HASH, progress.content_hash.encode()),
            new_version(),
            *(SetCell(RUNGS, r.rung, _encode(_stored(r))) for r in progress.renditions),
        ]
        if progress.loudness is not None:
            mutations.append(SetCell(HEAD, "loudness", _encode(progress.loudness)))
        if progress.complete:
            mutations += [SetCell(HEAD, COMPLETE, b"1"), DeleteCell(HEAD, REDUCED)]
        rungs = tuple(str(r.rung) for r in progress.renditions)
        await self._outbox.write(
            TABLE,
            progress.recording_id.encode(),
            mutations,
            [RecordingReady(progress.recording_id, rungs)] if rungs else [],
            topic=TOPIC,
        )


def new_version() -> SetCell:
    """Return what every change of a package writes, so that none is made over another unseen."""
    return SetCell(HEAD, VERSION, random_id().encode())


def _package(recording_id: RecordingId, row: Row) -> Package | None:
    content_hash = row.value(HEAD, _HASH)
    if content_hash is None:
        return None
    loudness = row.value(HEAD, "loudness")
    cells = row.columns(RUNGS)
    try:
        return Package(
            recording_id=recording_id,
            content_hash=content_hash.decode(),
            renditions=tuple(_rendition(r, cells[r].value) for r in Rung if r in cells),
            loudness=None if loudness is None else _decode_loudness(loudness),
            complete=row.value(HEAD, COMPLETE) is not None,
            departing=tuple(_departing(c.value) for c in row.columns(DEPARTING).values()),
            reduced=reduced_of(row),
            made_at={r: UnixMs(cells[r].written_at) for r in Rung if r in cells},
        )
    except msgspec.DecodeError as fault:
        raise Corrupt(f"The package of recording {recording_id} is damaged: {fault}.") from fault


def _departing(cell: bytes) -> Departing:
    stored = decode_departing(cell)
    rendition = _rendition(stored.rung, stored.rendition)
    return Departing(rendition, stored.since, stored.made_at)


def reduced_of(row: Row) -> tuple[Rung, ...]:
    """Return the rungs that were taken off offer."""
    told = (row.value(HEAD, REDUCED) or b"").decode().split(",")
    return tuple(rung for rung in Rung if rung in told)


def _rendition(rung: Rung, cell: bytes) -> Rendition:
    stored = _decode_rendition(cell)
    fields: dict[str, Any] = {
        name: getattr(stored, name)
        for name in _StoredRendition.__struct_fields__
        if not name.startswith("segment_")
    }
    pairs: Any = zip(stored.segment_samples, stored.segment_sizes, strict=True)
    return Rendition(rung=rung, segments=tuple(Segment(n, size) for n, size in pairs), **fields)


def prefix_of(cell: bytes) -> str:
    """Return where the rendition lies that is stored in a cell."""
    return _decode_rendition(cell).prefix


def _stored(rendition: Rendition) -> _StoredRendition:
    return _StoredRendition(
        codec=rendition.codec,
        prefix=rendition.prefix,
        sample_rate=rendition.sample_rate,
        channels=rendition.channels,
        bit_depth=rendition.bit_depth,
        priming=rendition.priming,
        cue_shift=rendition.cue_shift,
        samples=rendition.samples,
        init_size=rendition.init_size,
        average_bandwidth=rendition.average_bandwidth,
        peak_bandwidth=rendition.peak_bandwidth,
        segment_samples=[s.samples for s in rendition.segments],
        segment_sizes=[s.size for s in rendition.segments],
        kid=rendition.kid,
        gain_db=rendition.gain_db,
    )
