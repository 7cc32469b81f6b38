"""Taking what was read into the catalogue, a batch at a time.

Per batch: the journal says which files are meant, then pictures, catalogue, the files' own rows. A
kill between any two of these leaves a journal by which the next scan looks at the same files again,
and everything it then does a second time is idempotent.
"""

import asyncio
import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from antiphon.catalog import (
    ArtworkShelf,
    CatalogWriter,
    PreparedArtwork,
    Removal,
    SongEntry,
    os_path,
)
from antiphon.ingest.identities import Deciding, Decision, Holder
from antiphon.ingest.model import FileAnswer, Picture, ScanReport
from antiphon.ingest.pairing import Side, mismatch, partner_of, side_of_file, side_of_song
from antiphon.ingest.songs import Described, artwork_of, describe, entry_of
from antiphon.ingest.state import FileState, IngestState, Pending, file_key, portable
from antiphon.ingest.tracking import Tracker
from antiphon.kernel import Clock, RecordingId

_BATCH_PICTURE_BYTES = 32 * 1024 * 1024
_KNOWN_PICTURES = 20_000
_MAX_NOTES = 10_000


@dataclass(frozen=True, slots=True)
class Read:
    """A file that was read: where it lies, what came of it, what it was known as before.

    ``beside``: what is known of the files of its folder; grows as they are taken in.
    """

    root: bytes
    folder: bytes
    answer: FileAnswer
    stamp: bytes
    prior: FileState | None
    tracks: int = 0
    beside: dict[bytes, FileState] = field(default_factory=dict)

    @property
    def path(self) -> str:
        """Return the file's path as portable text."""
        return portable(self.folder + b"/" + self.answer.name)


@dataclass(slots=True)
class _Batch:
    """What is about to be taken in."""

    entries: list[SongEntry] = field(default_factory=list)
    removals: list[Removal] = field(default_factory=list)
    states: list[tuple[bytes, FileState]] = field(default_factory=list)
    forgotten: list[bytes] = field(default_factory=list)
    failed_before: set[bytes] = field(default_factory=set)
    read: list[Read] = field(default_factory=list)
    notes: list[tuple[str, str]] = field(default_factory=list)
    moved: int = 0


class Intake:
    """Collects what was read and takes it in when there is enough of it."""

    def __init__(
        self,
        state: IngestState,
        writer: CatalogWriter,
        shelf: ArtworkShelf,
        clock: Clock,
        *,
        batch_files: int,
    ) -> None:
        self._state = state
        self._writer = writer
        self._shelf = shelf
        self._clock = clock
        self._batch_files = batch_files
        self._read: list[Read] = []
        self._picture_bytes = 0
        self._pictures: set[str] = set()
        self._moved_from: set[bytes] = set()

    @property
    def is_full(self) -> bool:
        """Whether it is time to take in what was collected."""
        return len(self._read) >= self._batch_files or self._picture_bytes >= _BATCH_PICTURE_BYTES

    def add(self, read: Read) -> None:
        """Collect one file."""
        self._read.append(read)
        if read.answer.picture is not None:
            self._picture_bytes += len(read.answer.picture.data)

    def was_moved(self, folder: bytes, state: FileState) -> bool:
        """Say whether a file that is gone has turned up elsewhere in this scan."""
        return file_key(folder, state.name) in self._moved_from

    async def remove(self, removals: Sequence[Removal]) -> None:
        """Take files that are gone out of the catalogue."""
        if removals:
            await self._writer.apply((), removals)

    async def flush(self, report: ScanReport, tracker: Tracker) -> Counter[bytes]:
        """Take in what was collected; return how many files of which folder that were."""
        read, self._read, self._picture_bytes = self._read, [], 0
        if not read:
            return Counter()
        batch = await self._batch(read)
        await self._state.begin([Pending(folder, state) for folder, state in batch.states])
        await self._keep_pictures(read)
        applied = await self._writer.apply(batch.entries, batch.removals)
        await self._state.write_files(batch.states, failed_before=batch.failed_before)
        await self._state.forget_files(batch.forgotten)
        self._moved_from.update(batch.forgotten)
        for r, (_, state) in zip(batch.read, batch.states, strict=True):
            r.beside[state.name] = state
        _count(batch, {*applied.changed, *applied.added}, report, tracker)
        return Counter(r.folder for r in read)

    async def _batch(self, read: Sequence[Read]) -> _Batch:
        described = [(r, _described(r)) for r in read]
        deciding = Deciding(await self._holders([d for _, d in described if d]))
        pairing = await self._pairing(described)
        batch = _Batch()
        for r, d in sorted(described, key=_plain_first):
            decision = deciding.decide(d, r.prior) if d else None
            if d and decision:
                decision = _paired(r, d, decision, pairing, batch)
            self._put(batch, r, d, decision)
        return batch

    async def _pairing(
        self, described: Sequence[tuple[Read, Described | None]]
    ) -> dict[bytes, list[Side]]:
        """Return, of folders with immersive masters, the files that were taken in before."""
        sides: dict[bytes, list[Side]] = {}
        for r, d in described:
            arrives = d is not None and bool(d.sound.scene)
            if r.folder not in sides and (arrives or any(s.immersive for s in r.beside.values())):
                again = {o.answer.name for o, _ in described if o.folder == r.folder}
                known = [s.song_id for s in r.beside.values() if s.name not in again and s.song_id]
                songs = await self._writer.songs(list(dict.fromkeys(known)))
                sides[r.folder] = [side_of_song(song) for song in songs]
        return sides

    def _put(
        self, batch: _Batch, read: Read, described: Described | None, decision: Decision | None
    ) -> None:
        prior = read.prior
        if prior is not None and prior.reason:
            batch.failed_before.add(file_key(read.folder, prior.name))
        state = FileState(read.answer.name, read.stamp, reason=read.answer.failure)
        if described is not None and decision is not None:
            entry = entry_of(described, as_song=decision.song_id, added_at=self._clock.now())
            batch.entries.append(entry)
            state = _state_of(read, described, decision)
            if decision.moved_from is not None:
                self._put_move(batch, described, decision)
        batch.read.append(read)
        batch.states.append((read.folder, state))
        for song_id, recording_id in prior.songs if prior else ():
            if (song_id, recording_id) != (state.song_id, state.recording_id):
                batch.removals.append(Removal(song_id, recording_id, read.path))

    def _put_move(self, batch: _Batch, described: Described, decision: Decision) -> None:
        assert decision.moved_from is not None
        gone = os.fsencode(os_path(decision.moved_from))
        folder, name = os.path.split(gone)
        batch.removals.append(
            Removal(decision.song_id, described.place.recording_id, decision.moved_from)
        )
        batch.forgotten.append(file_key(folder, name))
        batch.moved += 1

    async def _holders(self, described: Sequence[Described]) -> dict[RecordingId, list[Holder]]:
        """Return the other files that hold the same sounds, and whether they are still there."""
        mine = {d.path for d in described}
        ids = list(dict.fromkeys(d.place.recording_id for d in described))
        others = {
            recording_id: {path: song for path, song in held.items() if path not in mine}
            for recording_id, held in (await self._writer.holders(ids)).items()
        }
        paths = [path for held in others.values() for path in held]
        if not paths:
            return {}
        there = await asyncio.to_thread(_which_exist, paths)
        keys = [file_key(*os.path.split(os.fsencode(os_path(path)))) for path in paths]
        states = dict(zip(paths, await self._state.file_states(keys), strict=True))
        return {
            recording_id: [
                Holder(path, song, _identity(states[path]), there=path in there)
                for path, song in held.items()
            ]
            for recording_id, held in others.items()
            if held
        }

    async def _keep_pictures(self, read: Sequence[Read]) -> None:
        """Keep the pictures that are new."""
        for picture in (r.answer.picture for r in read):
            if picture is None or not picture.data or picture.id in self._pictures:
                continue
            await self._keep_picture(picture)
            if len(self._pictures) >= _KNOWN_PICTURES:
                self._pictures.clear()
            self._pictures.add(picture.id)

    async def _keep_picture(self, picture: Picture) -> None:
        artwork = artwork_of(picture)
        if artwork is not None and await self._shelf.known(artwork.id) is None:
            await self._shelf.keep(PreparedArtwork(artwork, picture.content_type, picture.data))


def _described(read: Read) -> Described | None:
    if read.answer.sound is None:
        return None
    below = read.folder.removeprefix(read.root).strip(b"/")
    folders = [read.root.rpartition(b"/")[2], *(p for p in below.split(b"/") if p)]
    return describe(read.answer, path=read.path, folders=folders, tracks=read.tracks)


def _state_of(read: Read, described: Described, decision: Decision) -> FileState:
    return FileState(
        name=read.answer.name,
        stamp=read.stamp,
        song_id=decision.song_id,
        recording_id=described.place.recording_id,
        content_hash=described.sound.content_hash,
        identity=described.place.identity,
        immersive=bool(described.sound.scene),
    )


def _plain_first(pair: tuple[Read, Described | None]) -> bool:
    """Sort immersive masters behind what they may belong to."""
    _, described = pair
    return described is not None and bool(described.sound.scene)


def _paired(
    read: Read,
    described: Described,
    decision: Decision,
    pairing: dict[bytes, list[Side]],
    batch: _Batch,
) -> Decision:
    """Return the song of a file beside which the same song lies in the other kind."""
    beside = pairing.get(read.folder)
    if beside is None:
        return decision
    side = side_of_file(described, decision.song_id, read.answer.name)
    partner = partner_of(side, beside)
    is_settled = not side.is_immersive and read.prior is not None and bool(read.prior.song_id)
    if partner is not None and not is_settled:
        decision = replace(decision, song_id=partner.song_id)
        told = mismatch(*((side, partner) if side.is_immersive else (partner, side)))
        batch.notes += [(read.path, told)] if told else []
    beside.append(replace(side, song_id=decision.song_id))
    return decision


def _identity(state: FileState | None) -> str:
    return state.identity if state else ""


def _which_exist(paths: Sequence[str]) -> set[str]:
    return {path for path in paths if os.path.lexists(os_path(path))}


def _count(
    batch: _Batch,
    touched: set[str],
    report: ScanReport,
    tracker: Tracker,
) -> None:
    read = batch.read
    added = sum(1 for r in read if r.answer.sound and not (r.prior and r.prior.song_id))
    again = [
        s.song_id for (_, s), r in zip(batch.states, read, strict=True) if r.prior and s.song_id
    ]
    changed = sum(1 for song_id in again if song_id in touched)
    failed = [(r.path, r.answer.failure) for r in read if r.answer.failure]
    report.added += added - batch.moved
    report.changed += changed
    report.unchanged += len(again) - changed
    report.moved += batch.moved
    notes = [*batch.notes, *((r.path, note) for r in read for note in r.answer.notes)]
    report.noted += notes[: max(_MAX_NOTES - len(report.noted), 0)]
    tracker.add(
        done=len(read),
        added=added - batch.moved,
        changed=changed,
        moved=batch.moved,
        failed=len(failed),
    )
