"""What changed in folders since they were looked at last."""

import asyncio
import os
from collections.abc import Sequence
from pathlib import Path

import structlog
import watchfiles

from antiphon.ingest.together import waited

log = structlog.get_logger()

_SETTLE_MS = 1500  # copying an album makes a burst of changes: wait for its end
_AWAY_SECONDS = 30.0
_BLIND_SECONDS = 300.0
_EVERYTHING_SECONDS = 3600.0  # network folders tell of nothing: look at everything now and then


class Changes:
    """Collects the folders in which something changed. Waiting for them hands them over."""

    def __init__(self, roots: Sequence[bytes]) -> None:
        self._roots = roots
        self._folders: set[bytes] = set()
        self._some = asyncio.Event()

    def everything(self) -> None:
        """Say that anything may have changed."""
        self.again(self._roots)

    def again(self, folders: Sequence[bytes]) -> None:
        """Say that these folders have to be looked at."""
        self._folders.update(folders)
        self._some.set()

    async def next(self, stop: asyncio.Event) -> list[bytes]:
        """Return the folders to look at, none of them within another; empty at ``stop``."""
        some = asyncio.ensure_future(self._some.wait())
        over = asyncio.ensure_future(stop.wait())
        try:
            await asyncio.wait(
                {some, over},
                return_when=asyncio.FIRST_COMPLETED,
                timeout=_EVERYTHING_SECONDS,
            )
        finally:
            some.cancel()
            over.cancel()
        if stop.is_set():
            return []
        folders = self._folders or set(self._roots)
        self._folders = set()
        self._some.clear()
        return outermost(folders)

    async def watch(self, stop: asyncio.Event) -> None:
        """Collect changes until ``stop``; roots that are away are waited for."""
        while not stop.is_set():
            there = await asyncio.to_thread(_those_there, self._roots)
            pause = _AWAY_SECONDS
            try:
                await self._watch(there, stop)
            except (OSError, RuntimeError) as fault:  # a root vanished, or too many folders
                log.warning("watching_failed", reason=str(fault))
                pause = _BLIND_SECONDS
            if await waited(stop, pause):
                return
            self.everything()

    async def _watch(self, roots: Sequence[str], stop: asyncio.Event) -> None:
        if not roots:
            return
        watcher = watchfiles.awatch(
            *roots,
            watch_filter=None,
            debounce=_SETTLE_MS,
            step=200,
            stop_event=stop,
            ignore_permission_denied=True,
        )
        async for changed in watcher:
            self.again([_folder_of(path) for _, path in changed])


def outermost(folders: set[bytes]) -> list[bytes]:
    """Return the folders that lie within no other of them."""
    kept: list[bytes] = []
    for folder in sorted(folders):
        if not kept or not (folder == kept[-1] or folder.startswith(kept[-1] + b"/")):
            kept.append(folder)
    return kept


def _folder_of(path: str) -> bytes:
    return os.fsencode(Path(path).parent)


def _those_there(roots: Sequence[bytes]) -> list[str]:
    return [os.fsdecode(root) for root in roots if Path(os.fsdecode(root)).is_dir()]
