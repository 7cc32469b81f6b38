"""Who holds a lease: a process that can be seen to live or to be gone."""

import os
import socket
from pathlib import Path


def this_process() -> str:
    """Return what tells this process from every other, past and future, on any machine."""
    return f"{socket.gethostname()}/{os.getpid()}/{_started(os.getpid())}"


def is_gone(owner: str) -> bool:
    """Say whether the process surely does not live any more; one elsewhere never surely does."""
    host, _, rest = owner.partition("/")
    pid, _, started = rest.partition("/")
    if host != socket.gethostname() or not pid.isdigit():
        return False
    return _started(int(pid)) != started


def _started(pid: int) -> str:
    """Return when a process began, in ticks since boot; empty where there is no such process."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text("latin-1")
    except OSError:
        return "" if not Path("/proc").is_dir() and _lives(pid) else "none"
    return status.rpartition(")")[2].split()[19]


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
