"""Objects: copied where they are not there in their size, and compared byte for byte."""

import asyncio
from hashlib import blake2b
from typing import Final

from antiphon.app.migration.at_once import each
from antiphon.app.migration.rows import Sum, Tell
from antiphon.kernel import Corrupt
from antiphon.storage import ObjectInfo, Objects

_AT_ONCE: Final = 16


async def copy_objects(source: Objects, target: Objects, tell: Tell) -> None:
    """Make the target hold what the source does and nothing else."""
    held = {info.key: info.size async for info in target.list("")}

    async def copy(info: ObjectInfo) -> None:
        if held.pop(info.key, None) != info.size:
            data = await source.get(info.key)
            if data is not None:
                await target.put(info.key, data)
        tell(1)

    await each(source.list(""), copy, at_once=_AT_ONCE)
    for key in held:
        await target.delete(key)


async def verify_objects(source: Objects, target: Objects, tell: Tell) -> Sum:
    """Compare all objects; what differs is taken out of the target, and told as ``Corrupt``."""
    total, seen, wrong = 0, 0, []

    async def compare(info: ObjectInfo) -> None:
        nonlocal total, seen
        ours, theirs = await asyncio.gather(source.get(info.key), target.get(info.key))
        if ours is None or theirs is None or _digest(ours) != _digest(theirs):
            wrong.append(info.key)
            await target.delete(info.key)
            return
        total += int.from_bytes(_digest(info.key.encode() + b"\0" + _digest(ours)))
        seen += 1
        tell(1)

    await each(source.list(""), compare, at_once=_AT_ONCE)
    there = sum([1 async for _ in target.list("")])
    if wrong or there != seen:
        example = f", such as {min(wrong)}" if wrong else ""
        raise Corrupt(
            f"{len(wrong) or there - seen} objects differ between both ends{example}. They were "
            "taken out of the target: run migrate again."
        )
    return Sum(seen, f"{total % 2**128:032x}")


def _digest(data: bytes) -> bytes:
    return blake2b(data, digest_size=16).digest()
