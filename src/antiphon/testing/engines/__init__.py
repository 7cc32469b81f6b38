"""Real engines on this machine: installed from packages, run on loopback as ordinary processes.

    python -m antiphon.testing.engines [NAME ...]     start them and print their URLs

| name | what | where from |
|---|---|---|
| redis | cache and signals | Debian |
| s3 | objects: Versity S3 Gateway on a folder | Go module |
| kafka | event log, one node in KRaft mode | Maven coordinates |
| cassandra | tables, one node | Maven coordinates |
| bigtable | tables: Google's emulator, in memory | Go module |
| hdfs | workspace: a name node and a data node | Maven coordinates |
| azure | objects: Azurite, only where it is named | npm |

    python -m antiphon.testing.engines --three kafka --three cassandra

runs three nodes of each instead, every one in a network namespace, so that one can be cut off; that
needs root.

For desks and tests: no passwords, nothing is tuned, and what they hold is gone when they stop.
"""

from antiphon.testing.engines.azure import Azure
from antiphon.testing.engines.bigtable import Bigtable
from antiphon.testing.engines.cassandra import Cassandra
from antiphon.testing.engines.engine import Engine
from antiphon.testing.engines.hdfs import Hdfs
from antiphon.testing.engines.installing import CannotInstall
from antiphon.testing.engines.kafka import Kafka
from antiphon.testing.engines.redis import Redis
from antiphon.testing.engines.s3 import S3

ENGINES: dict[str, type[Engine]] = {
    engine.name: engine for engine in (Redis, S3, Kafka, Cassandra, Bigtable, Hdfs)
}
# Only where it is named: what speaks as another cloud's object store does.
EMULATORS: dict[str, type[Engine]] = {engine.name: engine for engine in (Azure,)}

__all__ = ["EMULATORS", "ENGINES", "CannotInstall", "Engine"]
