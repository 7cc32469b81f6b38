"""A disk of its own for an engine's folder, that a test can fill."""

import os
import shutil
import subprocess
from pathlib import Path
from types import TracebackType
from typing import Self

from antiphon.testing.engines.installing import CannotInstall, program

_SIZE = 1024 * 1024 * 1024  # on paper: it lies in memory and takes what is written


class Disk:
    """A file system at ``folder``, in memory; use it as a context manager; needs root."""

    def __init__(self, folder: Path) -> None:
        """Say where; nothing is made before it is entered."""
        self._folder = folder

    def fill(self, *, leave: int) -> None:
        """Shrink it until no more than ``leave`` bytes are free."""
        self._resize(shutil.disk_usage(self._folder).used + leave)

    def make_room(self) -> None:
        """Make it large again."""
        self._resize(_SIZE)

    def __enter__(self) -> Self:
        """Mount it; ``CannotInstall`` where this process may not."""
        if os.geteuid() != 0:
            raise CannotInstall("a disk of its own needs root: run this as root.")
        self._folder.mkdir(parents=True, exist_ok=True)
        _mount("-t", "tmpfs", "-o", f"size={_SIZE}", "tmpfs", str(self._folder))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Remove it with all that it holds."""
        command = [program("umount", "mount"), "--lazy", str(self._folder)]
        subprocess.run(command, check=True, capture_output=True)  # noqa: S603 - ours

    def _resize(self, size: int) -> None:
        _mount("-o", f"remount,size={size}", str(self._folder))


def _mount(*arguments: str) -> None:
    command = [program("mount", "mount"), *arguments]
    answer = subprocess.run(command, check=False, capture_output=True, text=True)  # noqa: S603
    if answer.returncode:
        raise CannotInstall(f"no disk of its own here: {answer.stderr.strip()}")
