"""Three nodes of an engine in namespaces of their own, one of which can be killed or cut off."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import ClassVar, Self

from antiphon.testing.engines.cassandra import Cassandra
from antiphon.testing.engines.engine import Engine
from antiphon.testing.engines.kafka import Kafka
from antiphon.testing.engines.network import Network

_SIZE = 3


class ThreeNodes(ABC):
    """Three nodes below one folder; use it as a context manager."""

    name: ClassVar[str]

    def __init__(self, folder: Path, cache: Path) -> None:
        """Keep data and logs in ``folder``, what is installed in ``cache``."""
        self.network = Network(_SIZE)
        self.nodes = [self._node(folder, cache, number) for number in range(_SIZE)]
        self._stack = ExitStack()

    @property
    @abstractmethod
    def url(self) -> str:
        """Return the URL that settings take."""

    @abstractmethod
    def _node(self, folder: Path, cache: Path, number: int) -> Engine:
        """Return the node of this number, counted from 0."""

    def settings(self) -> dict[str, str]:
        """Return the environment by which clients reach them beside the URL."""
        return self.nodes[0].settings()

    def __enter__(self) -> Self:
        """Start all of them; ``CannotInstall`` and ``EngineFailed`` as with one."""
        with ExitStack() as stack:
            for node in self.nodes:
                node.install()
            stack.enter_context(self.network)
            for node in self.nodes:
                stack.push(node)
                node.launch()
            for node in self.nodes:
                node.wait()
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop all of them."""
        for number in range(_SIZE):
            self.network.join(number)
        self._stack.close()


class _KafkaNode(Kafka):
    """One of three: what is written must be on two, and a lost one is given up after 6 s."""

    heap = "256m"
    start_seconds: ClassVar[float] = 120.0

    def __init__(self, folder: Path, cache: Path, network: Network, number: int) -> None:
        super().__init__(folder, cache)
        self._network = network
        self._number = number
        self.node = number + 1
        self.host = network.address(number)

    @property
    def ports(self) -> tuple[int, int]:
        """Return the ports, the same at every node."""
        return 9092, 9093

    def voters(self) -> list[str]:
        return [f"{n + 1}@{self._network.address(n)}:{self.ports[1]}" for n in range(_SIZE)]

    def prepare(self) -> None:
        super().prepare()
        with self._properties.open("a", encoding="utf-8") as more:
            more.write("broker.session.timeout.ms=6000\nbroker.heartbeat.interval.ms=1000\n")

    def commands(self) -> Sequence[Sequence[str]]:
        return [[*self._network.inside(self._number), *c] for c in super().commands()]


class ThreeKafka(ThreeNodes):
    """Three nodes that are broker and controller each."""

    name: ClassVar[str] = "kafka"

    @property
    def url(self) -> str:
        """Return the URL that settings take."""
        return "kafka://" + ",".join(f"{self.network.address(n)}:9092" for n in range(_SIZE))

    def _node(self, folder: Path, cache: Path, number: int) -> Engine:
        return _KafkaNode(folder / f"{self.name}-{number + 1}", cache, self.network, number)


class _CassandraNode(Cassandra):
    """One of three that keep everything; their places in the ring are fixed, so that all start."""

    heap = "320m"
    tokens = 1

    def __init__(self, folder: Path, cache: Path, network: Network, number: int) -> None:
        super().__init__(folder, cache)
        self._network = network
        self._number = number
        self.host = network.address(number)

    @property
    def ports(self) -> tuple[int, int]:
        """Return the ports, the same at every node."""
        return 9042, 7000

    def seeds(self) -> list[str]:
        return [self._network.address(n) for n in range(_SIZE)]

    def ring(self) -> str:
        place = -(2**63) + 1 + self._number * (2**64 // _SIZE)
        return f"initial_token: {place}\nauto_bootstrap: false\n"

    def commands(self) -> Sequence[Sequence[str]]:
        return [[*self._network.inside(self._number), *c] for c in super().commands()]


class ThreeCassandra(ThreeNodes):
    """Three nodes, each with a copy of every row."""

    name: ClassVar[str] = "cassandra"

    @property
    def url(self) -> str:
        """Return the URL that settings take."""
        hosts = ",".join(f"{self.network.address(n)}:9042" for n in range(_SIZE))
        return f"cassandra://{hosts}/antiphon?replicas={_SIZE}"

    def _node(self, folder: Path, cache: Path, number: int) -> Engine:
        return _CassandraNode(folder / f"{self.name}-{number + 1}", cache, self.network, number)


THREE: dict[str, type[ThreeNodes]] = {kind.name: kind for kind in (ThreeKafka, ThreeCassandra)}
