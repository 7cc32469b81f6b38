"""One engine: its processes, when it is ready, how it is hurt and how it ends."""

import ctypes
import os
import signal
import socket
import subprocess
import time
from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import ClassVar, Self

from antiphon.kernel import Unavailable

_POLL_SECONDS = 0.1
_TERM_SECONDS = 15.0
_LOG_TAIL = 2000
_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None, use_errno=True)


class EngineFailed(Unavailable):
    """An engine did not come up, or ended by itself; the message ends with its log's tail."""


class Engine(ABC):
    """An engine below one folder; use it as a context manager.

    Data survive ``kill`` and ``start``, so that a test can hurt it in the middle.
    """

    name: ClassVar[str]
    start_seconds: ClassVar[float] = 60.0

    def __init__(self, folder: Path, cache: Path) -> None:
        """Keep data and logs in ``folder``, what is installed in ``cache``."""
        self.folder = folder
        self.cache = cache
        self.processes: list[subprocess.Popen[bytes]] = []
        folder.mkdir(parents=True, exist_ok=True)

    @property
    @abstractmethod
    def url(self) -> str:
        """Return the URL that settings take."""

    @abstractmethod
    def install(self) -> None:
        """Fetch what is missing; ``CannotInstall`` says what this machine lacks."""

    @abstractmethod
    def commands(self) -> Sequence[Sequence[str]]:
        """Return the commands of its processes."""

    @abstractmethod
    def ready(self) -> bool:
        """Return whether it answers."""

    def prepare(self) -> None:  # noqa: B027 - most need nothing before the first start
        """Make what the processes expect to find, once."""

    def environment(self) -> dict[str, str]:
        """Return what the processes need beside this process's environment."""
        return {}

    def settings(self) -> dict[str, str]:
        """Return the environment by which clients reach it, credentials included."""
        return {}

    def start(self) -> Self:
        """Run it and wait until it answers; ``EngineFailed`` after ``start_seconds``."""
        self.install()
        if not (self.folder / "prepared").exists():
            self.prepare()
            (self.folder / "prepared").touch()
        for number, command in enumerate(self.commands()):
            with self._log(number).open("ab") as log:
                self.processes.append(
                    subprocess.Popen(  # noqa: S603 - commands are ours
                        command,
                        stdout=log,
                        stderr=log,
                        stdin=subprocess.DEVNULL,
                        cwd=self.folder,
                        env={**os.environ, **self.environment()},
                        start_new_session=True,
                        preexec_fn=_end_with_parent,  # noqa: PLW1509 - it only calls prctl
                    )
                )
        self._wait()
        return self

    def stop(self) -> None:
        """End it in order, data kept."""
        for process in reversed(self.processes):
            process.terminate()
        for process in self.processes:
            try:
                process.wait(_TERM_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self.processes = []

    def kill(self) -> None:
        """End it at once, as a power cut ends it."""
        for process in self.processes:
            process.kill()
            process.wait()
        self.processes = []

    def pause(self) -> None:
        """Make it hang: connections stay, nothing answers."""
        for process in self.processes:
            process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on after ``pause``."""
        for process in self.processes:
            process.send_signal(signal.SIGCONT)

    def __enter__(self) -> Self:
        """Start it."""
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop it."""
        self.resume()
        self.stop()

    def _wait(self) -> None:
        deadline = time.monotonic() + self.start_seconds
        while not self.ready():
            ended = [p.returncode for p in self.processes if p.poll() is not None]
            if ended or time.monotonic() > deadline:
                why = f"ended with {ended[0]}" if ended else f"took over {self.start_seconds:.0f} s"
                tail = self._log(0).read_bytes()[-_LOG_TAIL:].decode("utf-8", "replace")
                self.kill()
                raise EngineFailed(f"{self.name} {why}:\n{tail}")
            time.sleep(_POLL_SECONDS)

    def _log(self, number: int) -> Path:
        return self.folder / f"{self.name}-{number}.log"


def _end_with_parent() -> None:
    """Have the kernel end this process when the one that started it is killed (prctl(2))."""
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def free_port() -> int:
    """Return a port of loopback that nothing uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def listens(port: int) -> bool:
    """Return whether something accepts connections on a port of loopback."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0
