"""Imports over HTTP, for the household's owner: ``/v1/imports``."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated

import msgspec
from litestar import Controller, Router, delete, get, post
from litestar.di import NamedDependency, Provide
from litestar.params import FromPath, QueryParameter
from litestar.status_codes import HTTP_202_ACCEPTED

from antiphon.identity import requires_owner
from antiphon.ingest.desk import Imports
from antiphon.ingest.model import ImportRecord
from antiphon.kernel import UnixMs

_Desk = NamedDependency[Imports]
_Limit = Annotated[int, QueryParameter(ge=1, le=500, description="How many at most.")]
_Offset = Annotated[int, QueryParameter(ge=0, le=2**31 - 1, description="How many to pass over.")]


class _Camel(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """Base: camelCase names; what has no value is left out."""


class ImportAttributes(_Camel, frozen=True, kw_only=True):
    """How far an import is; ``found`` grows while folders are walked, ``done`` follows it."""

    phase: str
    found: int
    done: int
    added: int
    changed: int
    moved: int
    removed: int
    failed: int
    folder: str
    started_at: str | None = None
    finished_at: str | None = None


class ImportResource(_Camel, frozen=True, kw_only=True, tag_field="type", tag="imports"):
    """An import."""

    id: str
    href: str
    attributes: ImportAttributes


class ImportList(_Camel, frozen=True, kw_only=True):
    """The import that runs or ran last; empty before the first."""

    data: list[ImportResource]


class StartedImport(_Camel, frozen=True, kw_only=True):
    """The import that will run."""

    id: str


class FailureAttributes(_Camel, frozen=True, kw_only=True):
    """A file or folder that is not in the catalogue, and why."""

    path: str
    reason: str


class FailureMeta(_Camel, frozen=True, kw_only=True):
    """How many there are in all."""

    total: int


class FailureList(_Camel, frozen=True, kw_only=True):
    """Files and folders that are not in the catalogue, by path."""

    data: list[FailureAttributes]
    meta: FailureMeta
    next: str | None = None


class ImportRoutes(Controller):
    """Imports of the household's folders."""

    path = "/v1/imports"
    tags = ("Imports",)
    guards = (requires_owner,)

    @get("/", operation_id="listImports")
    async def every(self, imports: _Desk) -> ImportList:
        """Say how far the import that runs, or ran last, is."""
        record = await imports.current()
        return ImportList(data=[_resource(record)] if record else [])

    @post("/", operation_id="startImport", status_code=HTTP_202_ACCEPTED)
    async def start(self, imports: _Desk) -> StartedImport:
        """Ask for an import of all folders."""
        return StartedImport(id=await imports.start())

    @delete("/{import_id:str}", operation_id="cancelImport")
    async def cancel(self, imports: _Desk, import_id: FromPath[str]) -> None:
        """End an import; what it has taken in stays, and the next one goes on there."""
        await imports.cancel(import_id)

    @get("/failures", operation_id="listImportFailures")
    async def failures(
        self, imports: _Desk, limit: _Limit = 50, offset: _Offset = 0
    ) -> FailureList:
        """List what could not be imported, and why."""
        every = await imports.failures()
        shown = every[offset : offset + limit]
        more = offset + limit < len(every)
        return FailureList(
            data=[FailureAttributes(path=f.path, reason=f.reason) for f in shown],
            meta=FailureMeta(total=len(every)),
            next=f"/v1/imports/failures?limit={limit}&offset={offset + limit}" if more else None,
        )


def routes(imports: Imports) -> Sequence[Router]:
    """Return the routes of imports, to be mounted at the root."""

    def desk() -> Imports:
        return imports

    return [
        Router(
            "/",
            route_handlers=[ImportRoutes],
            dependencies={"imports": Provide(desk, sync_to_thread=False)},
        )
    ]


def _resource(record: ImportRecord) -> ImportResource:
    now = record.progress
    return ImportResource(
        id=record.id,
        href=f"/v1/imports/{record.id}",
        attributes=ImportAttributes(
            phase=now.phase.value,
            found=now.found,
            done=now.done,
            added=now.added,
            changed=now.changed,
            moved=now.moved,
            removed=now.removed,
            failed=now.failed,
            folder=now.folder,
            started_at=_moment(now.started_at),
            finished_at=_moment(now.finished_at),
        ),
    )


def _moment(at: UnixMs | None) -> str | None:
    if at is None:
        return None
    return datetime.fromtimestamp(at / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
