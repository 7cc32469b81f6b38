"""Cassandra, one node, from Maven coordinates."""

from collections.abc import Sequence
from functools import cached_property
from typing import ClassVar

from antiphon.testing.engines.engine import Engine, free_port, listens
from antiphon.testing.engines.installing import jars, java

_COORDINATES = ("org.apache.cassandra:cassandra-all:5.0.6",)
_YAML = """
cluster_name: antiphon
num_tokens: {tokens}
{ring}partitioner: org.apache.cassandra.dht.Murmur3Partitioner
endpoint_snitch: SimpleSnitch
listen_address: {host}
rpc_address: {host}
storage_port: {storage}
native_transport_port: {port}
# A write is acknowledged after the log is synced, as a killed machine must lose none.
commitlog_sync: group
commitlog_sync_group_window: 2ms
commitlog_directory: {folder}/commitlog
data_file_directories: [{folder}/data]
hints_directory: {folder}/hints
saved_caches_directory: {folder}/saved
cdc_raw_directory: {folder}/cdc
# Reads at SERIAL do not then contend with each other, and with writers only once.
paxos_variant: v2
seed_provider:
  - class_name: org.apache.cassandra.locator.SimpleSeedProvider
    parameters: [{{seeds: "{seeds}"}}]
"""
# What Cassandra reaches into on Java 17, by its own launch script's list of modules.
_EXPORTS = (
    "java.base/jdk.internal.misc", "java.base/jdk.internal.ref", "java.base/sun.nio.ch",
    "java.management.rmi/com.sun.jmx.remote.internal.rmi", "java.rmi/sun.rmi.registry",
    "java.rmi/sun.rmi.server", "java.sql/java.sql", "java.base/java.lang.ref",
    "jdk.unsupported/sun.misc", "jdk.attach/sun.tools.attach",
)  # fmt: skip
_OPENS = (
    "java.base/java.lang.module", "java.base/jdk.internal.loader", "java.base/jdk.internal.ref",
    "java.base/jdk.internal.reflect", "java.base/jdk.internal.math",
    "java.base/jdk.internal.module", "java.base/jdk.internal.util.jar",
    "jdk.management/com.sun.management.internal", "java.base/sun.nio.ch", "java.base/java.io",
    "java.base/java.lang", "java.base/java.lang.reflect", "java.base/java.util",
    "java.base/java.util.concurrent", "java.base/java.nio", "java.rmi/sun.rmi.transport.tcp",
)  # fmt: skip


class Cassandra(Engine):
    """One node."""

    name: ClassVar[str] = "cassandra"
    start_seconds: ClassVar[float] = 180.0
    host = "127.0.0.1"
    heap = "768m"
    tokens = 8

    @cached_property
    def ports(self) -> tuple[int, int]:
        """Return the ports of clients and of other nodes."""
        return free_port(), free_port()

    @property
    def client_port(self) -> int:
        """Return the port that clients connect to first."""
        return self.ports[0]

    @property
    def url(self) -> str:
        """Return the URL that settings take."""
        return f"cassandra://127.0.0.1:{self.ports[0]}/antiphon"

    def install(self) -> None:
        """Fetch the jars."""
        jars(self.name, _COORDINATES, self.cache)

    def prepare(self) -> None:
        """Write its settings."""
        port, storage = self.ports
        text = _YAML.format(
            host=self.host,
            port=port,
            storage=storage,
            tokens=self.tokens,
            ring=self.ring(),
            seeds=",".join(f"{host}:{storage}" for host in self.seeds()),
            folder=self.folder,
        )
        (self.folder / "cassandra.yaml").write_text(text, "utf-8")

    def seeds(self) -> list[str]:
        """Return the nodes that it asks for the others."""
        return [self.host]

    def ring(self) -> str:
        """Return the settings of its place among others."""
        return ""

    def commands(self) -> Sequence[Sequence[str]]:
        """Return the node's command."""
        modules = [f"--add-exports={m}=ALL-UNNAMED" for m in _EXPORTS]
        modules += [f"--add-opens={m}=ALL-UNNAMED" for m in _OPENS]
        properties = {
            "cassandra.storagedir": self.folder,
            "cassandra.config": f"file://{self.folder}/cassandra.yaml",
            "cassandra.skip_wait_for_gossip_to_settle": 0,
            "cassandra.ring_delay_ms": 100,
            "cassandra-foreground": "yes",
        }
        told = [f"-D{name}={value}" for name, value in properties.items()]
        memory = [f"-Xmx{self.heap}", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"]
        path = ["-cp", f"{jars(self.name, _COORDINATES, self.cache)}/*"]
        main = "org.apache.cassandra.service.CassandraDaemon"
        return [[java(), *memory, *modules, *told, *path, main]]

    def ready(self) -> bool:
        """Return whether it takes clients."""
        return listens(self.ports[0], self.host)
