"""Google's Bigtable emulator, from its Go module: in memory, so a kill empties it."""

from collections.abc import Sequence
from functools import cached_property
from typing import ClassVar

from antiphon.testing.engines.engine import Engine, free_port, listens
from antiphon.testing.engines.installing import go_tool

_PACKAGE = "cloud.google.com/go/bigtable/cmd/emulator"
_VERSION = "v1.58.0"


class Bigtable(Engine):
    """One emulator with one instance."""

    name: ClassVar[str] = "bigtable"

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
        return "bigtable://antiphon/desk"

    def settings(self) -> dict[str, str]:
        """Return where the client library finds an emulator."""
        return {"BIGTABLE_EMULATOR_HOST": f"127.0.0.1:{self.port}"}

    def install(self) -> None:
        """Build it."""
        go_tool(_PACKAGE, _VERSION, self.cache)

    def commands(self) -> Sequence[Sequence[str]]:
        """Return the emulator's command."""
        emulator = str(go_tool(_PACKAGE, _VERSION, self.cache))
        return [[emulator, "-host", "127.0.0.1", "-port", str(self.port)]]

    def ready(self) -> bool:
        """Return whether it takes clients."""
        return listens(self.port)
