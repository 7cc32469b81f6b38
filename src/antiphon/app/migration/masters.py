"""What labels delivered, from one workspace to another: it is nowhere else."""

import asyncio
from hashlib import blake2b
from pathlib import Path
from typing import Final

from antiphon.app.migration.rows import Sum, Tell
from antiphon.kernel import Corrupt
from antiphon.storage import FileParts, Workspace

_MASTERS: Final = "masters"
_CHUNK_BYTES: Final = 1 << 20


async def holds_masters(workspace: Workspace) -> bool:
    """Say whether something that a label delivered lies in a workspace."""
    return bool(await workspace.list(_MASTERS))


async def copy_masters(source: Workspace, target: Workspace, tell: Tell) -> None:
    """Copy what labels delivered, and take away what the source does not have.

    A file is there whole or not at all, so what is there was copied before.
    """
    wanted = await source.list(_MASTERS)
    present = set(await target.list(_MASTERS))
    for path in wanted:
        if path not in present:
            async with source.local(path) as file:
                await target.write(path, FileParts(file))
        tell(1)
    for path in present.difference(wanted):
        await target.delete(path)


async def verify_masters(source: Workspace, target: Workspace, tell: Tell) -> Sum:
    """Compare them; one that differs is taken out of the target, and told as ``Corrupt``."""
    whole, count = blake2b(digest_size=16), 0
    present = set(await target.list(_MASTERS))
    for path in await source.list(_MASTERS):
        digest = await _digest(source, path)
        if path not in present or await _digest(target, path) != digest:
            await target.delete(path)
            raise Corrupt(f"{path} differs from the source's. It was removed: run migrate again.")
        whole.update(path.encode("utf-8", "surrogateescape") + b"\0" + digest)
        count += 1
        tell(1)
    return Sum(count, whole.hexdigest())


async def _digest(workspace: Workspace, path: str) -> bytes:
    async with workspace.local(path) as file:
        return await asyncio.to_thread(_digest_of, file)


def _digest_of(path: Path) -> bytes:
    digest = blake2b(digest_size=16)
    with path.open("rb") as file:
        while part := file.read(_CHUNK_BYTES):
            digest.update(part)
    return digest.digest()
