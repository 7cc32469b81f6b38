"""Label deliveries become songs: all of a delivery or nothing, and the same one twice is once.

Everything that can fail comes first: reading, hashes, measuring, planning, copying the files. Then,
per release: a row that says what is in work, deals, protection, catalogue, and at last the
release's own row. Deals come before the catalogue, so that a delivered song is never for a moment
taken for one of the household's own; the row comes last, so that a delivery which was cut short is
simply taken in again, and nothing of what it had begun is left over.
"""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Protocol

import structlog

from antiphon.catalog import ArtworkShelf, Catalog, CatalogWriter
from antiphon.ingest.label_checks import (
    Checked,
    check_display,
    check_history,
    check_media,
    measure,
    releases_of,
)
from antiphon.ingest.label_plan import Copy, Planner, Step, kept_paths, masters_of
from antiphon.ingest.readers import ProcessReader, Reader, ThreadReader
from antiphon.ingest.state import IngestState
from antiphon.ingest.together import alongside
from antiphon.kernel import Clock, Conflict, RecordingId, random_id
from antiphon.rights import (
    WORLDWIDE,
    Deal,
    DeliveryRecord,
    Fault,
    FaultFound,
    ReleaseState,
    Rights,
    Schemas,
    Settled,
    SongDeals,
    acknowledge,
    new_digest,
    open_delivery,
)
from antiphon.storage import FileParts, Objects, Tables, Workspace

log = structlog.get_logger()

_LEASE_TRIES: Final = 120
_LEASE_SECONDS: Final = 0.5
_KEEP_SECONDS: Final = 5.0
_ACTOR: Final = "import"
_MOST_TOLD: Final = 10  # messages by name; the delivery's own row names all
_ALTERED: Final = "it changed while it was being imported: import again when all has arrived."


class Packages(Protocol):
    """What is packaged of recordings, as far as deliveries are concerned with it."""

    async def erase(self, recording_ids: Sequence[RecordingId], /) -> None:
        """Take packages back."""
        ...

    async def renew(self, recording_ids: Sequence[RecordingId], /) -> None:
        """Have packaged again what was packaged before it was to be protected."""
        ...


class Vault(Protocol):
    """Keys of recordings, as far as deliveries are concerned with them."""

    async def protect(self, recording_ids: Sequence[RecordingId], *, release: str = "") -> None:
        """Mark recordings as protected, before they are packaged."""
        ...

    async def forget(self, recording_ids: Sequence[RecordingId]) -> None:
        """Destroy the keys of recordings that were purged."""
        ...


class Audit(Protocol):
    """Where changes of rights are written down."""

    async def append(
        self, actor: str, action: str, subject: str, details: Mapping[str, str] | None = None
    ) -> object:
        """Write down one change, durably."""
        ...


class LabelImport:
    """Takes deliveries in; one at a time, and not while folders are being scanned."""

    def __init__(  # noqa: PLR0913 - ports by name
        self,
        *,
        writer: CatalogWriter,
        catalog: Catalog,
        rights: Rights,
        vault: Vault,
        packages: Packages,
        audit: Audit,
        tables: Tables,
        objects: Objects,
        clock: Clock,
        workspace: Workspace,
        schemas: Schemas | None = None,
        party: str = "",
        isolated: bool = True,
    ) -> None:
        """Keep delivered files in ``workspace``; ``isolated``: read them in another process.

        ``schemas`` check messages beside our own rules; ``party`` is this service's DDEX party id.
        """
        self._writer = writer
        self._catalog = catalog
        self._rights = rights
        self._vault = vault
        self._packages = packages
        self._audit = audit
        self._state = IngestState(tables, clock)
        self._shelf = ArtworkShelf.on(tables, objects)
        self._clock = clock
        self._workspace = workspace
        self._schemas = schemas
        self._party = party
        self._isolated = isolated

    async def take(
        self, path: Path, *, metadata_only: bool = False, acknowledgements: Path | None = None
    ) -> DeliveryRecord:
        """Take one delivery in, or refuse it with every fault; return what became of it.

        ``Conflict`` where another import runs for longer than a minute.
        """
        path = await asyncio.to_thread(lambda: path.expanduser().absolute())
        delivery = await asyncio.to_thread(
            open_delivery,
            path,
            metadata_only=metadata_only,
            schemas=self._schemas,
            party=self._party,
        )
        checked = Checked(delivery, list(delivery.faults), list(delivery.notes))
        reader: Reader = ProcessReader() if self._isolated else ThreadReader()
        try:
            await measure(checked, reader)
        finally:
            await reader.stop()
        outcome = "refused"
        if not checked.faults:
            holder = await self._take_lease()
            try:
                work = self._taken(checked, metadata_only=metadata_only)
                outcome = await alongside(work, self._keep_lease(holder))
            finally:
                await self._state.drop_lease(holder)
        return await self._recorded(path, checked, outcome, acknowledgements)

    async def _taken(self, checked: Checked, *, metadata_only: bool) -> str:
        """Check against what is here, plan, copy, and only then change anything."""
        priors: dict[str, ReleaseState | None] = {}
        for _, _, of_id in releases_of(checked.delivery):
            if of_id not in priors:
                priors[of_id] = await self._rights.store.release(of_id)
        check_display(checked, self._clock.now())
        check_history(checked, priors)
        check_media(checked, priors, metadata_only=metadata_only)
        if checked.faults:
            return "refused"
        known = [s.song_id for p in priors.values() if p for s in p.songs if s.song_id]
        songs = {s.id: s for s in await self._catalog.songs(known) if s is not None}
        planner = Planner(checked, priors, songs, now=self._clock.now())
        steps = planner.steps()
        for step in steps:
            checked.faults += await self._copied(step)
        if checked.faults:
            for step in steps:
                await self._tidy(step.release_id, kept_paths(priors[step.release_id]))
            return "refused"
        for step in steps:
            await self._apply(step)
        return _outcome(checked, steps)

    async def _apply(self, step: Step) -> None:
        store = self._rights.store
        await store.write_release(step.in_work())
        await self._tell(step)
        await self._withdraw(step)
        if step.cover is not None and await self._shelf.known(step.cover.artwork.id) is None:
            await self._shelf.keep(step.cover)
        await store.write_facts(step.facts)
        await store.write_songs(step.deals)
        recordings = list(dict.fromkeys(e.song.recording_id for e in step.entries))
        await self._vault.protect(recordings, release=step.release_id)
        # The household may have had the same sound in a folder, packaged in the clear.
        await self._packages.renew(recordings)
        await self._writer.apply(step.entries, step.removals())
        await self._forget(step)
        await self._tidy(step.release_id, kept_paths(besides=step.songs))
        await store.write_release(step.done())
        log.info("release_taken_in", release_id=step.release_id, songs=len(step.entries))

    async def _tell(self, step: Step) -> None:
        message = step.delivered.message
        details = {
            "message": message.message_id,
            "sender": message.sender,
            "release": step.release.key,
            "digest": step.delivered.digest,
            "songs": str(len(step.entries)),
        }
        action = "release_purged" if step.is_purge else "release_delivered"
        await self._audit.append(_ACTOR, action, step.release_id, details)

    async def _tell_of_refusal(self, record: DeliveryRecord) -> None:
        details = {
            "senders": ", ".join(record.senders),
            "messages": ", ".join(record.messages[:_MOST_TOLD]),
            "faults": str(len(record.faults)),
            "rules": ", ".join(sorted({fault.rule for fault in record.found})),
        }
        await self._audit.append(_ACTOR, "delivery_refused", record.id, details)

    async def _withdraw(self, step: Step) -> None:
        """Have songs that go be no one's to play, even those that linger in a queue."""
        ended = Deal(frozenset({WORLDWIDE}), is_taken_down=True)
        word = SongDeals(
            deals=(ended,),
            release_id=step.release_id,
            sender=step.delivered.message.sender,
            sender_name=step.delivered.message.sender_name,
            changed_at=self._clock.now(),
        )
        await self._rights.store.write_songs([(i, word) for i in step.withdrawn])

    async def _forget(self, step: Step) -> None:
        """Destroy the keys and packages of recordings that nothing holds any more."""
        await self._rights.store.forget_facts(step.withdrawn)
        mine = {s.recording_id for s in step.songs}
        gone = list(dict.fromkeys(s.recording_id for s in step.gone if s.recording_id not in mine))
        held = await self._writer.holders(gone) if gone else {}
        orphans = [i for i in gone if not held.get(i)]
        if orphans:
            await self._vault.forget(orphans)
            await self._packages.erase(orphans)

    async def _copied(self, step: Step) -> list[FaultFound]:
        """Copy files; one that changed since it was checked, or does not fit, is a fault."""
        faults = []
        present = set(await self._workspace.list(masters_of(step.release_id)))
        for copy in step.copies:
            if copy.target in present:  # its name tells its sound
                continue
            try:
                await self._workspace.write(copy.target, _AsStated(copy))
            except _Altered:
                faults.append(_fault(copy, Fault.FILE_ALTERED, _ALTERED))
            except OSError as failed:
                detail = f"it could not be copied ({failed.strerror}): make room, import again."
                faults.append(_fault(copy, Fault.FILE_UNUSABLE, detail))
        return faults

    async def _tidy(self, release_id: str, kept: set[str]) -> None:
        """Delete what the workspace holds of a release and none of its songs plays from."""
        for path in await self._workspace.list(masters_of(release_id)):
            if path not in kept:
                await self._workspace.delete(path)

    async def _take_lease(self) -> str:
        for _ in range(_LEASE_TRIES):
            try:
                return await self._state.take_lease()
            except Conflict:
                await asyncio.sleep(_LEASE_SECONDS)
        return await self._state.take_lease()

    async def _keep_lease(self, holder: str) -> None:
        while True:
            await asyncio.sleep(_KEEP_SECONDS)
            await self._state.keep_lease(holder)

    async def _recorded(
        self, path: Path, checked: Checked, outcome: str, acknowledgements: Path | None
    ) -> DeliveryRecord:
        now = self._clock.now()
        at = datetime.fromtimestamp(now / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        settled = Settled(outcome, checked.faults, tuple(checked.notes), at)
        checked.notes += await asyncio.to_thread(
            acknowledge, checked.delivery, settled, acknowledgements
        )
        messages = [m.message for m in checked.delivery.messages]
        record = DeliveryRecord(
            id=random_id(),
            received_at=now,
            folder=str(path),
            outcome=outcome,
            messages=tuple(m.message_id for m in messages),
            releases=tuple(dict.fromkeys(r.key for _, r, _ in releases_of(checked.delivery))),
            titles=tuple(
                dict.fromkeys(
                    r.titles[0].value for _, r, _ in releases_of(checked.delivery) if r.titles
                )
            ),
            faults=tuple(map(str, checked.faults)),
            found=tuple(checked.faults),
            notes=tuple(checked.notes),
            senders=tuple(dict.fromkeys(m.sender for m in messages if m.sender)),
        )
        await self._rights.store.write_delivery(record)
        if outcome == "refused":
            await self._tell_of_refusal(record)
        log.info("delivery_settled", outcome=outcome, delivery_id=record.id)
        return record


def _outcome(checked: Checked, steps: Sequence[Step]) -> str:
    if any(not step.is_purge for step in steps):
        return "accepted"
    if steps:
        return "purged"
    tested = [m for m in checked.delivery.messages if m.message.is_test]
    checked.notes += (f"{m.path.name}: a test message changes nothing." for m in tested)
    return "tested" if tested else "unchanged"


def _fault(copy: Copy, rule: Fault, detail: str) -> FaultFound:
    name = repr(copy.file.path[:80])
    return FaultFound(rule, f"{copy.message}{copy.file.at}", copy.file.line, f"{name}: {detail}")


class _Altered(Exception):  # noqa: N818 - a finding, told by its fault
    """The file is not what the message states."""


class _AsStated:
    """The bytes of a delivered file; ``_Altered`` at their end where they are not as stated."""

    def __init__(self, copy: Copy) -> None:
        self._source = copy.source
        self._file = copy.file

    def __iter__(self) -> Iterator[bytes]:
        digest = new_digest(self._file.hash_algorithm) if self._file.hash_algorithm else None
        for data in FileParts(self._source):
            if digest is not None:
                digest.update(data)
            yield data
        if digest is not None and digest.hexdigest() != self._file.hash_value:
            raise _Altered
