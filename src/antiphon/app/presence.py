"""Who uses a data folder: any number of processes at once, or alone the one that moves it.

The locks are the system's own: they end with the process that holds them, however it ends.
"""

import fcntl
import os
from pathlib import Path
from typing import Final, Self

from antiphon.app.settings import Settings
from antiphon.kernel import Conflict, Unavailable

_LOCK: Final = "lock"
_HALF: Final = "half-moved"


class Presence:
    """A process's part in a data folder, until it is left."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def leave(self) -> None:
        """Let go of the folder; leaving twice is fine."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.leave()


def enter(settings: Settings, *, alone: bool = False) -> Presence:
    """Take part in the data folder, or have it ``alone``; ``Conflict`` where that cannot be."""
    file = settings.data_path / "run" / _LOCK
    try:
        settings.data_path.mkdir(parents=True, exist_ok=True, mode=0o700)
        file.parent.mkdir(exist_ok=True)
        descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as fault:
        told = f"The data folder {settings.data_path} cannot be used: {fault.strerror}."
        raise Unavailable(told) from fault
    try:
        if not alone:
            refuse_half_moved(settings)
        fcntl.flock(descriptor, (fcntl.LOCK_EX if alone else fcntl.LOCK_SH) | fcntl.LOCK_NB)
    except BlockingIOError as fault:
        os.close(descriptor)
        raise Conflict(
            f"{settings.data_path} is in use: stop its server and what else works on it."
            if alone
            else f"{settings.data_path} is being moved: wait until that is done."
        ) from fault
    except Conflict:
        os.close(descriptor)
        raise
    return Presence(descriptor)


def refuse_half_moved(settings: Settings) -> None:
    """Raise ``Conflict`` where an installation was being moved to this folder and is not whole."""
    mark = half_moved_mark(settings)
    if mark.exists():
        raise Conflict(
            f"{settings.data_path} holds half of {mark.read_text('utf-8')}: run the same "
            "antiphon migrate again."
        )


def half_moved_mark(settings: Settings) -> Path:
    """Return the file that is there from the beginning of a move to this folder to its end."""
    return settings.data_path / _HALF
