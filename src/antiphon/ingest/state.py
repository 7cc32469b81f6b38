"""What ingest remembers of files, so that a scan reads only what is new.

| table | key | cells |
|---|---|---|
| ingest_folders | folder id | v: path, digest of what lay in it when all of it was taken in |
| ingest_files | folder id + name id | v: name, stamp, song, or the reason why there is none |
| ingest_failures | folder id + name id | v: path, reason |
| ingest_state | "journal" | v: the files of the batch that is being applied |
| ingest_state | "lease" | v: who scans, until when |
| ingest_state | "import" | v: the import that runs or ran last; cancel: id to be cancelled |
| ingest_state | "request" | v: id of an import that somebody asked for |

A file's row is written after the catalogue has taken it in, a folder's after all its files. What a
killed scan had begun is in the journal, and is looked at again.
"""

import os
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import replace

import msgspec

from antiphon.catalog import os_path, portable_path
from antiphon.ingest.model import ImportRecord, Phase
from antiphon.ingest.owners import is_gone, this_process
from antiphon.kernel import Clock, Conflict, RecordingId, SongId, derived_id, random_id
from antiphon.storage import Condition, DeleteRow, Mutation, SetCell, Tables, prefix_range

FOLDERS = "ingest_folders"
FILES = "ingest_files"
FAILURES = "ingest_failures"
STATE = "ingest_state"
_F = "i"
_V = "v"
_JOURNAL = b"journal"
_LEASE = b"lease"
_IMPORT = b"import"
_REQUEST = b"request"
_CANCEL = "cancel"
_LEASE_MS = 20_000
_PAGE = 2000

_encode = msgspec.msgpack.Encoder().encode


class FolderState(msgspec.Struct, array_like=True, frozen=True):
    """A folder that was seen. An empty digest: not all of it was taken in."""

    path: bytes
    digest: bytes


class FileState(msgspec.Struct, array_like=True, frozen=True):
    """A file that was dealt with: taken in as a song, or refused for a reason.

    ``half_made`` are songs that a killed scan may have made of it besides; ``immersive`` marks
    immersive masters.
    """

    name: bytes
    stamp: bytes
    song_id: SongId = SongId("")
    recording_id: RecordingId = RecordingId("")
    content_hash: str = ""
    identity: str = ""
    reason: str = ""
    half_made: tuple[tuple[SongId, RecordingId], ...] = ()
    immersive: bool = False

    @property
    def songs(self) -> tuple[tuple[SongId, RecordingId], ...]:
        """Return every song that may be in the catalogue because of this file."""
        own = ((self.song_id, self.recording_id),) if self.song_id else ()
        return (*own, *self.half_made)

    def unread(self, *, half_made: "FileState") -> "FileState":
        """Return this as the state of a file that has to be looked at again."""
        besides = tuple(s for s in half_made.songs if s not in self.songs)
        return msgspec.structs.replace(self, stamp=b"", half_made=(*self.half_made, *besides))


class Failure(msgspec.Struct, array_like=True, frozen=True):
    """Why a file is not in the catalogue. The path is portable text."""

    path: str
    reason: str
    is_folder: bool = False


class Pending(msgspec.Struct, array_like=True, frozen=True):
    """A file that a batch is about to take in."""

    folder: bytes
    state: FileState


class _Lease(msgspec.Struct, array_like=True, frozen=True):
    holder: str
    until: int
    owner: str


_decode_folder = msgspec.msgpack.Decoder(FolderState).decode
_decode_file = msgspec.msgpack.Decoder(FileState).decode
_decode_failure = msgspec.msgpack.Decoder(Failure).decode
_decode_journal = msgspec.msgpack.Decoder(list[Pending]).decode
_decode_import = msgspec.msgpack.Decoder(ImportRecord).decode
_decode_lease = msgspec.msgpack.Decoder(_Lease).decode


def folder_key(path: bytes) -> bytes:
    """Return the key of a folder's row."""
    return derived_id("folder", path.decode("utf-8", "surrogateescape")).encode()


def file_key(folder: bytes, name: bytes) -> bytes:
    """Return the key of a file's row; files of one folder lie together."""
    return folder_key(folder) + derived_id("name", name.decode("utf-8", "surrogateescape")).encode()


class IngestState:
    """Reads and writes those rows."""

    def __init__(self, tables: Tables, clock: Clock) -> None:
        self._tables = tables
        self._clock = clock

    async def folders(self, paths: Sequence[bytes]) -> list[FolderState | None]:
        """Return what is remembered of folders, in the order of ``paths``."""
        rows = await self._tables.read_many(FOLDERS, [folder_key(p) for p in paths])
        return [_decode_folder(row.value(_F, _V) or b"") if row else None for row in rows]

    async def all_folders(self) -> list[FolderState]:
        """Return every folder that is remembered."""
        return [_decode_folder(v) for v in await self._all(FOLDERS)]

    async def files(self, folder: bytes) -> dict[bytes, FileState]:
        """Return what is remembered of a folder's files, by name."""
        prefix = folder_key(folder)
        states = [_decode_file(v) for v in await self._all(FILES, prefix)]
        return {state.name: state for state in states}

    async def file_states(self, keys: Sequence[bytes]) -> list[FileState | None]:
        """Return what is remembered of files by their keys."""
        rows = await self._tables.read_many(FILES, keys)
        return [_decode_file(row.value(_F, _V) or b"") if row else None for row in rows]

    async def failures(self) -> list[Failure]:
        """Return every file and folder that is not in the catalogue, and why, by path."""
        found = [_decode_failure(v) for v in await self._all(FAILURES)]
        return sorted(found, key=lambda failure: failure.path)

    async def root_device(self, root: bytes) -> int | None:
        """Return the device that a root was on when music was last found there."""
        row = await self._tables.read(STATE, b"root/" + folder_key(root))
        raw = row.value(_F, _V) if row else None
        return int(raw) if raw else None

    async def note_root_device(self, root: bytes, device: int) -> None:
        """Remember the device that a root is on."""
        cell = SetCell(_F, _V, str(device).encode())
        await self._tables.mutate(STATE, b"root/" + folder_key(root), [cell])

    async def begin(self, batch: Sequence[Pending]) -> None:
        """Remember which files are about to be taken in."""
        await self._tables.mutate(STATE, _JOURNAL, [SetCell(_F, _V, _encode(batch))])

    async def unfinished(self) -> list[Pending]:
        """Return the files of a batch that may not have been finished."""
        row = await self._tables.read(STATE, _JOURNAL)
        raw = row.value(_F, _V) if row else None
        return _decode_journal(raw) if raw else []

    async def settle(self) -> None:
        """Forget the journal: everything in it is done."""
        await self._tables.mutate(STATE, _JOURNAL, [DeleteRow()])

    async def write_files(
        self, files: Iterable[tuple[bytes, FileState]], *, failed_before: Container[bytes]
    ) -> None:
        """Remember files by key; those with a reason also among the failures."""
        rows: list[tuple[bytes, Sequence[Mutation]]] = []
        failures: list[tuple[bytes, Sequence[Mutation]]] = []
        for folder, state in files:
            key = file_key(folder, state.name)
            rows.append((key, [SetCell(_F, _V, _encode(state))]))
            if state.reason:
                failure = Failure(portable(folder + b"/" + state.name), state.reason)
                failures.append((key, [SetCell(_F, _V, _encode(failure))]))
            elif key in failed_before:
                failures.append((key, [DeleteRow()]))
        await self._write(FAILURES, failures)  # first: a file's row says that all is written
        await self._write(FILES, rows)

    async def write_folder_faults(
        self, faults: Mapping[bytes, str], *, below: Sequence[bytes]
    ) -> None:
        """Remember which folders could not be listed; what is remembered ``below`` else goes."""
        starts = [portable(start) for start in below]
        rows: list[tuple[bytes, Sequence[Mutation]]] = [
            (folder_key(os.fsencode(os_path(f.path))), [DeleteRow()])
            for f in await self.failures()
            if f.is_folder and any(is_within(f.path, start) for start in starts)
        ]
        for path, reason in faults.items():
            failure = Failure(portable(path), reason, is_folder=True)
            rows.append((folder_key(path), [SetCell(_F, _V, _encode(failure))]))
        await self._write(FAILURES, rows)

    async def forget_files(self, keys: Sequence[bytes]) -> None:
        """Forget files that are gone."""
        await self._write(FAILURES, [(key, [DeleteRow()]) for key in keys])
        await self._write(FILES, [(key, [DeleteRow()]) for key in keys])

    async def write_folders(self, folders: Sequence[FolderState]) -> None:
        """Remember folders."""
        rows = [(folder_key(f.path), [SetCell(_F, _V, _encode(f))]) for f in folders]
        await self._write(FOLDERS, rows)

    async def forget_folders(self, paths: Sequence[bytes]) -> None:
        """Forget folders that are gone."""
        await self._write(FOLDERS, [(folder_key(p), [DeleteRow()]) for p in paths])

    async def take_lease(self) -> str:
        """Become the one that scans; ``Conflict`` while another process does."""
        holder = random_id()
        row = await self._tables.read(STATE, _LEASE)
        raw = row.value(_F, _V) if row else None
        now = self._clock.now()
        lease = _decode_lease(raw) if raw is not None else None
        if lease and lease.until > now and not is_gone(lease.owner):
            raise Conflict("Another import is running: wait for it or cancel it.")
        taken = await self._tables.check_and_mutate(
            STATE, _LEASE, Condition(_F, _V, raw), then=[self._lease(holder)]
        )
        if not taken:
            raise Conflict("Another import has just begun: wait for it or cancel it.")
        return holder

    async def keep_lease(self, holder: str) -> None:
        """Stay the one that scans for some seconds more; ``Conflict`` if that was lost."""
        row = await self._tables.read(STATE, _LEASE)
        raw = row.value(_F, _V) if row else None
        kept = (
            raw is not None
            and _decode_lease(raw).holder == holder
            and await self._tables.check_and_mutate(
                STATE, _LEASE, Condition(_F, _V, raw), then=[self._lease(holder)]
            )
        )
        if not kept:
            raise Conflict("Another import has taken over.")

    async def drop_lease(self, holder: str) -> None:
        """Let others scan."""
        row = await self._tables.read(STATE, _LEASE)
        raw = row.value(_F, _V) if row else None
        if raw is not None and _decode_lease(raw).holder == holder:
            await self._tables.check_and_mutate(
                STATE, _LEASE, Condition(_F, _V, raw), then=[DeleteRow()]
            )

    async def current_import(self) -> ImportRecord | None:
        """Return the import that runs or ran last; one whose process has died counts as failed."""
        row = await self._tables.read(STATE, _IMPORT)
        raw = row.value(_F, _V) if row else None
        record = _decode_import(raw) if raw else None
        if record is None or record.is_over or await self.is_leased():
            return record
        return msgspec.structs.replace(
            record, progress=replace(record.progress, phase=Phase.FAILED)
        )

    async def is_leased(self) -> bool:
        """Say whether somebody scans."""
        row = await self._tables.read(STATE, _LEASE)
        raw = row.value(_F, _V) if row else None
        if raw is None:
            return False
        lease = _decode_lease(raw)
        return lease.until > self._clock.now() and not is_gone(lease.owner)

    async def note_import(self, record: ImportRecord) -> None:
        """Tell how far an import is."""
        await self._tables.mutate(STATE, _IMPORT, [SetCell(_F, _V, _encode(record))])

    async def request_cancel(self, import_id: str) -> None:
        """Ask whoever runs the import to end it."""
        await self._tables.mutate(STATE, _IMPORT, [SetCell(_F, _CANCEL, import_id.encode())])

    async def cancel_requested(self, import_id: str) -> bool:
        """Say whether somebody asked to end the import."""
        row = await self._tables.read(STATE, _IMPORT)
        return row is not None and row.value(_F, _CANCEL) == import_id.encode()

    async def request_import(self, import_id: str) -> str:
        """Ask for an import; return its id, or the id of one that was asked for already."""
        made = await self._tables.check_and_mutate(
            STATE,
            _REQUEST,
            Condition(_F, _V, None),
            then=[SetCell(_F, _V, import_id.encode())],
        )
        return import_id if made else (await self.requested_import() or import_id)

    async def requested_import(self) -> str | None:
        """Return the id of the import that somebody asked for."""
        row = await self._tables.read(STATE, _REQUEST)
        raw = row.value(_F, _V) if row else None
        return raw.decode() if raw else None

    async def answer_request(self, import_id: str) -> None:
        """Say that the import that was asked for is done."""
        condition = Condition(_F, _V, import_id.encode())
        await self._tables.check_and_mutate(STATE, _REQUEST, condition, then=[DeleteRow()])

    def _lease(self, holder: str) -> SetCell:
        return SetCell(
            _F, _V, _encode(_Lease(holder, self._clock.now() + _LEASE_MS, this_process()))
        )

    async def _write(self, table: str, rows: Sequence[tuple[bytes, Sequence[Mutation]]]) -> None:
        if rows:
            await self._tables.mutate_many(table, rows)

    async def _all(self, table: str, prefix: bytes = b"") -> list[bytes]:
        values: list[bytes] = []
        start, end = prefix_range(prefix) if prefix else (b"", None)
        while rows := await self._tables.scan(table, start=start, end=end, limit=_PAGE):
            values += [row.value(_F, _V) or b"" for row in rows]
            if len(rows) < _PAGE:
                break
            start = rows[-1].key + b"\0"
        return values


def is_within(path: str, folder: str) -> bool:
    """Say whether a path is a folder or lies below it."""
    return path == folder or path.startswith(folder.rstrip("/") + "/")


def portable(path: bytes) -> str:
    """Return a path as text that any encoder takes."""
    return portable_path(path.decode("utf-8", "surrogateescape"))
