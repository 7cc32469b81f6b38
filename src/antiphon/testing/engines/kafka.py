"""Kafka in KRaft mode, one node, from Maven coordinates."""

import base64
import subprocess
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import ClassVar

from antiphon.testing.engines.engine import Engine, free_port, listens
from antiphon.testing.engines.installing import jars, java

_VERSION = "4.1.1"
_COORDINATES = (
    f"org.apache.kafka:kafka_2.13:{_VERSION}",
    f"org.apache.kafka:kafka-tools:{_VERSION}",
    "org.slf4j:slf4j-simple:1.7.36",
)
_CLUSTER = base64.urlsafe_b64encode(b"antiphon-cluster").decode().rstrip("=")
_PROPERTIES = """
process.roles=broker,controller
node.id={node}
controller.quorum.voters={voters}
listeners=PLAINTEXT://{host}:{port},CONTROLLER://{host}:{controller}
advertised.listeners=PLAINTEXT://{host}:{reached_at}
controller.listener.names=CONTROLLER
log.dirs={folder}
offsets.topic.replication.factor={replicas}
offsets.topic.num.partitions=4
transaction.state.log.replication.factor={replicas}
transaction.state.log.min.isr=1
group.initial.rebalance.delay.ms=0
auto.create.topics.enable=false
"""


class Kafka(Engine):
    """One node that is broker and controller."""

    name: ClassVar[str] = "kafka"
    host = "127.0.0.1"
    node = 1
    heap = "512m"

    @cached_property
    def ports(self) -> tuple[int, int]:
        """Return the broker's and the controller's port."""
        return free_port(), free_port()

    @property
    def client_port(self) -> int:
        """Return the port that clients connect to first."""
        return self.ports[0]

    @property
    def url(self) -> str:
        """Return the URL that settings take."""
        return f"kafka://127.0.0.1:{self.ports[0]}"

    def install(self) -> None:
        """Fetch the jars."""
        jars(self.name, _COORDINATES, self.cache)

    def prepare(self) -> None:
        """Write the properties and format the log folder."""
        text = _PROPERTIES.format(
            node=self.node,
            host=self.host,
            port=self.ports[0],
            reached_at=self.reached_at or self.ports[0],
            controller=self.ports[1],
            voters=",".join(self.voters()),
            replicas=len(self.voters()),
            folder=self.folder / "log",
        )
        self._properties.write_text(text, "utf-8")
        tool = ["kafka.tools.StorageTool", "format", "-t", _CLUSTER, "-c", str(self._properties)]
        subprocess.run([*self._java(), *tool], check=True, capture_output=True)  # noqa: S603

    def voters(self) -> list[str]:
        """Return the controllers of its cluster."""
        return [f"{self.node}@{self.host}:{self.ports[1]}"]

    def commands(self) -> Sequence[Sequence[str]]:
        """Return the node's command."""
        return [[*self._java(), "kafka.Kafka", str(self._properties)]]

    def ready(self) -> bool:
        """Return whether the broker takes connections; it does so once it may lead."""
        return listens(self.ports[0], self.host)

    @property
    def _properties(self) -> Path:
        return self.folder / "server.properties"

    def _java(self) -> list[str]:
        memory = [
            f"-Xmx{self.heap}",
            "-XX:+UseSerialGC",
            "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
        ]
        return [java(), *memory, "-cp", f"{jars(self.name, _COORDINATES, self.cache)}/*"]
