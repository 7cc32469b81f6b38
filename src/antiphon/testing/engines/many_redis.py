"""Redis in several processes: a master watched by Sentinels, and a cluster."""

import subprocess
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import ClassVar

from antiphon.testing.engines.engine import Engine, free_port
from antiphon.testing.engines.installing import program

_MASTER = "antiphon"
_SENTINEL = """
port {port}
bind 127.0.0.1
dir {folder}
sentinel monitor {master} 127.0.0.1 {at} 2
sentinel down-after-milliseconds {master} 1000
sentinel failover-timeout {master} 4000
"""


class ManyRedis(Engine):
    """Servers with ports of their own, each in a folder of its own."""

    count: ClassVar[int]

    @cached_property
    def ports(self) -> list[int]:
        """Return the servers' ports; a cluster's talk to each other 10,000 above them."""
        found: list[int] = []
        while len(found) < self.count:
            port = free_port() % 10_000 + 20_000
            if port not in found:
                found.append(port)
        return found

    @property
    def client_port(self) -> int:
        """Return the port that clients connect to first."""
        return self.ports[0]

    def install(self) -> None:
        """Look for the server."""
        program("redis-server", "redis-server")

    def ask(self, port: int, *words: str) -> str:
        """Return what a server answers; nothing where it does not."""
        command = [program("redis-cli", "redis-tools"), "-p", str(port), *words]
        answer = subprocess.run(command, capture_output=True, check=False, timeout=20)  # noqa: S603
        return answer.stdout.decode()

    def _server(self, port: int, *options: str) -> list[str]:
        folder = self.folder / str(port)
        folder.mkdir(exist_ok=True)
        server = [program("redis-server", "redis-server"), "--port", str(port)]
        where = ["--bind", "127.0.0.1", "--dir", str(folder)]
        return [*server, *where, "--save", "", "--appendonly", "no", *options]


class WatchedRedis(ManyRedis):
    """A master, a replica that takes its place, and three Sentinels that see to it."""

    name: ClassVar[str] = "redis-sentinel"
    count: ClassVar[int] = 5

    @property
    def url(self) -> str:
        """Return the URL that settings take."""
        hosts = ",".join(f"127.0.0.1:{port}" for port in self.ports[2:])
        return f"redis+sentinel://{hosts}/{_MASTER}/0"

    def commands(self) -> Sequence[Sequence[str]]:
        """Return the commands of all five, the master's first."""
        master, replica, *sentinels = self.ports
        follows = ("--replicaof", "127.0.0.1", str(master))
        sentinel = program("redis-server", "redis-server")
        return [
            self._server(master),
            self._server(replica, *follows),
            *([sentinel, str(self._told(port)), "--sentinel"] for port in sentinels),
        ]

    def ready(self) -> bool:
        """Return whether every Sentinel knows the replica and the other two."""
        wanted = {"num-slaves": "1", "num-other-sentinels": "2", "flags": "master"}
        for port in self.ports[2:]:
            told = self.ask(port, "sentinel", "master", _MASTER).split("\n")
            found = dict(zip(told[::2], told[1::2], strict=False))
            if any(found.get(name) != value for name, value in wanted.items()):
                return False
        return "master_link_status:up" in self.ask(self.ports[1], "info", "replication")

    def _told(self, port: int) -> Path:
        """Return the settings of a Sentinel, which it rewrites."""
        path = self.folder / f"sentinel-{port}.conf"
        folder = self.folder / str(port)
        folder.mkdir(exist_ok=True)
        text = _SENTINEL.format(port=port, folder=folder, master=_MASTER, at=self.ports[0])
        path.write_text(text, "utf-8")
        return path


class ClusteredRedis(ManyRedis):
    """Three masters and a replica of each."""

    name: ClassVar[str] = "redis-cluster"
    count: ClassVar[int] = 6

    @property
    def url(self) -> str:
        """Return the URL that settings take."""
        return "redis+cluster://" + ",".join(f"127.0.0.1:{port}" for port in self.ports)

    def commands(self) -> Sequence[Sequence[str]]:
        """Return the commands of all six, those that begin as masters first."""
        cluster = ("--cluster-enabled", "yes", "--cluster-node-timeout", "1000")
        return [self._server(port, *cluster) for port in self.ports]

    def ready(self) -> bool:
        """Return whether every slot has a master and each of them its replica."""
        if not all("PONG" in self.ask(port, "ping") for port in self.ports):
            return False
        if "cluster_known_nodes:1\r" in self.ask(self.ports[0], "cluster", "info"):
            hosts = [f"127.0.0.1:{port}" for port in self.ports]
            options = ("--cluster-replicas", "1", "--cluster-yes")
            self.ask(self.ports[0], "--cluster", "create", *hosts, *options)
        told = [self.ask(port, "cluster", "info") for port in self.ports]
        links = [self.ask(port, "info", "replication") for port in self.ports]
        following = sum("master_link_status:up" in link for link in links)
        return all("cluster_state:ok" in info for info in told) and following == self.count // 2
