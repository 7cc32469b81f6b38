"""Work in forked children, which may be killed at any moment; none is waited for without end.

For scripts of their own: nothing may be open, and no thread may run, in a process that forks.
"""

import asyncio
import faulthandler
import os
import select
import signal
import sys
import traceback
from collections.abc import Awaitable, Callable

_PATIENCE_SECONDS = 120.0


def run_forked(work: Callable[[], Awaitable[None]], *, kill_after: float | None = None) -> bool:
    """Run ``work`` in a forked child; return whether it got through before ``kill_after`` seconds.

    ``RuntimeError`` where it fails by itself, and where nobody kills it and it does not end within
    two minutes: what it raised, or where its threads stood, is on standard error then.
    """
    sys.stderr.flush()
    child = os.fork()
    if not child:
        _work_and_exit(work)
    ended = os.pidfd_open(child)
    try:
        if not _is_readable(ended, _PATIENCE_SECONDS if kill_after is None else kill_after):
            os.kill(child, signal.SIGABRT if kill_after is None else signal.SIGKILL)
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    finally:
        os.close(ended)
    if status == -signal.SIGKILL and kill_after is not None:
        return False
    if status:
        raise RuntimeError(f"a child ended with {status}; what it printed says why")
    return True


def _work_and_exit(work: Callable[[], Awaitable[None]]) -> None:
    status = 1
    try:
        faulthandler.enable()
        asyncio.run(_awaited(work))
        status = 0
    except BaseException:  # noqa: BLE001 - whatever it is, this process ends here
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(status)


async def _awaited(work: Callable[[], Awaitable[None]]) -> None:
    await work()


def _is_readable(fd: int, seconds: float) -> bool:
    return bool(select.select([fd], [], [], seconds)[0])
