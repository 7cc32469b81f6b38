"""Redis, from Debian."""

import subprocess
from collections.abc import Sequence
from functools import cached_property
from typing import ClassVar

from antiphon.testing.engines.engine import Engine, free_port
from antiphon.testing.engines.installing import program


class Redis(Engine):
    """One server that keeps nothing on the disk, as a cache does."""

    name: ClassVar[str] = "redis"

    @cached_property
    def port(self) -> int:
        """Return its port."""
        return free_port()

    @property
    def client_port(self) -> int:
        """Return the port that clients connect to first."""
        return self.port

    @property
    def url(self) -> str:
        """Return the URL that settings take."""
        return f"redis://127.0.0.1:{self.port}/0"

    def install(self) -> None:
        """Look for the server."""
        program("redis-server", "redis-server")

    def commands(self) -> Sequence[Sequence[str]]:
        """Return the server's command."""
        server = program("redis-server", "redis-server")
        where = ["--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(self.folder)]
        return [[server, *where, "--save", "", "--appendonly", "no", "--maxmemory", "256mb"]]

    def ready(self) -> bool:
        """Return whether it answers a ping."""
        ask = [program("redis-cli", "redis-tools"), "-p", str(self.port), "ping"]
        answer = subprocess.run(ask, capture_output=True, check=False, timeout=5)  # noqa: S603
        return answer.stdout.strip() == b"PONG"
