"""HDFS, a name node and a data node, from Maven coordinates."""

import json
import subprocess
import urllib.request
from collections.abc import Sequence
from functools import cached_property
from typing import ClassVar

from antiphon.testing.engines.engine import Engine, free_port
from antiphon.testing.engines.installing import jars, java

_COORDINATES = ("org.apache.hadoop:hadoop-minicluster:3.4.2",)
_BLOCK_BYTES = 4 * 1024 * 1024  # a node takes no block where there is no room for five
_CHOOSING = "round-robin-volume-choosing-policy"
_ROOM = "org.apache.hadoop.hdfs.server"


class Hdfs(Engine):
    """Two processes, reached over HTTP (WebHDFS)."""

    name: ClassVar[str] = "hdfs"
    data_host = "127.0.0.1"  # as clients are told; that of a link where there is one
    start_seconds: ClassVar[float] = 120.0

    @cached_property
    def ports(self) -> dict[str, int]:
        """Return the ports by what they are for."""
        return {use: free_port() for use in ("rpc", "http", "data", "data_http", "data_ipc")}

    @property
    def client_port(self) -> int:
        """Return the port that clients connect to first."""
        return self.ports["http"]

    @property
    def url(self) -> str:
        """Return the URL that settings take."""
        return f"hdfs://127.0.0.1:{self.ports['http']}/antiphon"

    def install(self) -> None:
        """Fetch the jars."""
        jars(self.name, _COORDINATES, self.cache)

    def prepare(self) -> None:
        """Write the settings and format the name node."""
        self._write("core-site", {"fs.defaultFS": f"hdfs://127.0.0.1:{self.ports['rpc']}"})
        self._write("hdfs-site", self._settings())
        command = [*self._java(), f"{_ROOM}.namenode.NameNode", "-format", "-nonInteractive"]
        subprocess.run(command, check=True, capture_output=True)  # noqa: S603

    def commands(self) -> Sequence[Sequence[str]]:
        """Return the commands of both nodes."""
        nodes = ("namenode.NameNode", "datanode.DataNode")
        return [[*self._java(), f"{_ROOM}.{node}"] for node in nodes]

    def ready(self) -> bool:
        """Return whether the name node has left safe mode and knows the data node."""
        bean = "Hadoop:service=NameNode,name=FSNamesystemState"
        url = f"http://127.0.0.1:{self.ports['http']}/jmx?qry={bean}"
        try:
            with urllib.request.urlopen(url, timeout=2) as answer:
                [state] = json.load(answer)["beans"]
        except (OSError, ValueError):
            return False
        return bool(state["NumLiveDataNodes"] == 1 and state["FSState"] == "Operational")

    def _settings(self) -> dict[str, str]:
        at = {use: f"127.0.0.1:{port}" for use, port in self.ports.items()}
        return {
            "dfs.replication": "1",
            "dfs.blocksize": str(_BLOCK_BYTES),
            "dfs.namenode.name.dir": f"file://{self.folder}/name",
            "dfs.datanode.data.dir": f"file://{self.folder}/data",
            "dfs.namenode.http-address": at["http"],
            "dfs.datanode.address": at["data"],
            "dfs.datanode.http.address": at["data_http"],
            "dfs.datanode.ipc.address": at["data_ipc"],
            "dfs.datanode.hostname": self.data_host,
            "dfs.permissions.enabled": "false",
            f"dfs.datanode.{_CHOOSING}.additional-available-space": "0",  # beside the block's own
            "dfs.namenode.datanode.registration.ip-hostname-check": "false",
        }

    def _write(self, name: str, values: dict[str, str]) -> None:
        values = {"hadoop.tmp.dir": str(self.folder / "tmp"), **values}
        lines = [
            f"<property><name>{key}</name><value>{value}</value></property>"
            for key, value in values.items()
        ]
        text = f"<configuration>{''.join(lines)}</configuration>"
        (self.folder / f"{name}.xml").write_text(text, "utf-8")

    def _java(self) -> list[str]:
        path = f"{self.folder}:{jars(self.name, _COORDINATES, self.cache)}/*"
        memory = ["-Xmx256m", "-XX:+UseSerialGC", "--add-opens=java.base/java.lang=ALL-UNNAMED"]
        return [java(), *memory, "-cp", path]
