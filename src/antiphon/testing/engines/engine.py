"""One engine: its processes, when it is ready, how it is hurt and how it ends."""

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
from antiphon.testing.engines.installing import program

_POLL_SECONDS = 0.1
_TERM_SECONDS = 15.0
_LOG_TAIL = 2000


class EngineFailed(Unavailable):
    """An engine did not come up, or ended by itself; the message ends with its log's tail."""


class Engine(ABC):
    """An engine below one folder; use it as a context manager.

    Data survive ``kill`` and ``start``, so that a test can hurt it in the middle.
    """

    name: ClassVar[str]
    start_seconds: ClassVar[float] = 60.0
    reached_at: int | None = None  # the port of a link that clients come by, where there is one

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

    @property
    @abstractmethod
    def client_port(self) -> int:
        """Return the port that clients connect to first."""

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
        self.launch()
        self.wait()
        return self

    def launch(self) -> None:
        """Run it without waiting, for nodes that are ready only together."""
        self.install()
        if not (self.folder / "prepared").exists():
            self.prepare()
            (self.folder / "prepared").touch()
        for number, command in enumerate(self.commands()):
            with self._log(number).open("ab") as log:
                self.processes.append(
                    subprocess.Popen(  # noqa: S603 - commands are ours
                        [*_ends_with_parent(), *command],
                        stdout=log,
                        stderr=log,
                        stdin=subprocess.DEVNULL,
                        cwd=self.folder,
                        env={**os.environ, **self.environment()},
                        start_new_session=True,
                    )
                )

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

    def wait(self) -> None:
        """Wait until it answers; ``EngineFailed`` after ``start_seconds``."""
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


def _ends_with_parent() -> list[str]:
    """Return what has the kernel end a command when the process that started it is killed.

    A ``preexec_fn`` could do the same, but then Python forks instead of spawning, and gRPC's
    handlers, where a test has loaded it, abort the fork.
    """
    return [program("setpriv", "util-linux"), "--pdeathsig", "KILL", "--"]


def free_port() -> int:
    """Return a port of loopback that nothing uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def listens(port: int, host: str = "127.0.0.1") -> bool:
    """Return whether something accepts connections on a port; of loopback unless said."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex((host, port)) == 0
