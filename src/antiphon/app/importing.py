"""Imports: from the command line, and what the events process runs."""

from collections.abc import Sequence
from pathlib import Path
from typing import Self

import click
import msgspec
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from antiphon.app.compose import Installation, open_installation
from antiphon.app.repackaging import repackager_of
from antiphon.app.serving import prepare_data
from antiphon.app.settings import Settings
from antiphon.catalog import CatalogWriter
from antiphon.ingest import FolderImport, LabelImport, ScanReport
from antiphon.ingest import Progress as ScanProgress
from antiphon.rights import DeliveryRecord, Schemas

_SHOWN_FAILURES = 20


def folder_import(installation: Installation) -> FolderImport:
    """Return the importer of folders on this installation's engines."""
    writer = CatalogWriter(installation.tables, installation.outbox)
    return FolderImport(writer, installation.tables, installation.objects, installation.clock)


async def import_folders(settings: Settings, paths: Sequence[Path], *, as_json: bool) -> bool:
    """Import, showing progress; return whether a file could not be used."""
    prepare_data(settings)
    installation = open_installation(settings)
    try:
        with _Bar(hidden=as_json) as bar:
            report = await folder_import(installation).scan(paths, bar.show)
    finally:
        await installation.close()
    click.echo(msgspec.json.format(msgspec.json.encode(report)) if as_json else _summary(report))
    return bool(report.failed)


def label_import(installation: Installation, schemas: Path | None = None) -> LabelImport:
    """Return the importer of label deliveries on this installation's engines.

    ``schemas``, or the folder that the settings name, holds XSDs that check messages as well.
    """
    told = schemas or installation.settings.ern_schemas
    return LabelImport(
        writer=CatalogWriter(installation.tables, installation.outbox),
        catalog=installation.catalog,
        rights=installation.rights,
        vault=installation.keys,
        packages=repackager_of(installation),
        audit=installation.audit,
        tables=installation.tables,
        objects=installation.objects,
        clock=installation.clock,
        workspace=installation.workspace,
        schemas=Schemas(Path(told).expanduser()) if told else None,
        party=installation.settings.party_id,
    )


async def import_delivery(
    settings: Settings,
    path: Path,
    *,
    metadata_only: bool,
    acknowledgements: Path | None,
    schemas: Path | None,
    as_json: bool,
) -> bool:
    """Take one delivery in, or say why not; return whether it was refused."""
    prepare_data(settings)
    installation = open_installation(settings)
    try:
        record = await label_import(installation, schemas).take(
            path, metadata_only=metadata_only, acknowledgements=acknowledgements
        )
    finally:
        await installation.close()
    told = msgspec.json.format(msgspec.json.encode(record)) if as_json else _told(record)
    click.echo(told)
    return record.outcome == "refused"


def _told(record: DeliveryRecord) -> str:
    lines = [f"Delivery {record.outcome}: {', '.join(record.releases) or 'no release'}."]
    lines += [f"  {fault}" for fault in record.faults]
    lines += [f"  {note}" for note in record.notes]
    return "\n".join(lines)


class _Bar:
    """A line of progress on the terminal."""

    def __init__(self, *, hidden: bool) -> None:
        self._progress = Progress(
            TextColumn("{task.description:<10}"),
            BarColumn(),
            TextColumn("{task.completed} of {task.total} files"),
            TimeElapsedColumn(),
            console=Console(stderr=True),
            disable=hidden,
        )
        self._task = self._progress.add_task("waiting", total=None)

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self._progress.stop()

    def show(self, now: ScanProgress) -> None:
        """Draw how far the scan is."""
        self._progress.update(
            self._task, description=now.phase.value, completed=now.done, total=now.found or None
        )


def _summary(report: ScanReport) -> str:
    counts = ", ".join(
        f"{getattr(report, name)} {name}"
        for name in ("added", "changed", "moved", "removed", "unchanged")
        if getattr(report, name)
    )
    lines = [f"Imported: {counts or 'nothing new'}."]
    lines += [f"  {path}: {reason}" for path, reason in report.failed[:_SHOWN_FAILURES]]
    if report.failed:
        lines.insert(1, f"{len(report.failed)} files could not be used:")
    if len(report.failed) > _SHOWN_FAILURES:
        lines.append(f"  and {len(report.failed) - _SHOWN_FAILURES} more: --json lists all.")
    return "\n".join(lines)
