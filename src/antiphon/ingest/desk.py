"""Imports as those see them who only ask: how far the last one is, start one, end one."""

from collections.abc import Sequence

from antiphon.ingest.model import ImportRecord
from antiphon.ingest.state import Failure, IngestState
from antiphon.kernel import Clock, Conflict, NotFound, random_id
from antiphon.storage import Tables


class Imports:
    """The desk where imports are asked for; ``FolderImport.serve`` does them, in any process."""

    def __init__(self, tables: Tables, clock: Clock) -> None:
        self._state = IngestState(tables, clock)

    async def current(self) -> ImportRecord | None:
        """Return the import that runs, or the last one that ran."""
        return await self._state.current_import()

    async def start(self) -> str:
        """Ask for an import of all folders; return its id. ``Conflict`` while one runs."""
        if await self._state.is_leased():
            raise Conflict("An import is running already: wait for it or cancel it.")
        return await self._state.request_import(random_id())

    async def cancel(self, import_id: str) -> None:
        """Ask to end the import; what it has taken in stays."""
        record = await self._state.current_import()
        if record is None or record.id != import_id:
            raise NotFound(f"There is no import {import_id}.")
        if not record.is_over:
            await self._state.request_cancel(import_id)

    async def failures(self) -> Sequence[Failure]:
        """Return every file and folder that is not in the catalogue, and why."""
        return await self._state.failures()
