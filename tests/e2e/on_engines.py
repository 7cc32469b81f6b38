"""The same tests on real engines: ``ANTIPHON_TEST_ENGINES=all pytest tests/e2e``.

Names of engines, separated by commas, or ``all`` for the five that make one installation. Each data
folder gets a corner of its own in every engine, told by ``antiphon.toml`` in the folder.
"""

import hashlib
import json
import os
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from antiphon.testing.engines import Engine
    from antiphon.testing.engines.link import Link

_CACHE = Path(__file__).parents[2] / ".cache" / "engines"
_ALL = ("redis", "s3", "kafka", "cassandra", "hdfs")
_PORTS = {
    "redis": "cache",
    "s3": "objects",
    "kafka": "events",
    "cassandra": "tables",
    "bigtable": "tables",
    "hdfs": "workspace",
}


def chosen() -> tuple[str, ...]:
    """Return the engines that this run is asked to use."""
    told = os.environ.get("ANTIPHON_TEST_ENGINES", "")
    return _ALL if told == "all" else tuple(name for name in told.split(",") if name)


def write_settings(data: Path, settings: Mapping[str, object]) -> None:
    """Write what the installation in a data folder is."""
    data.mkdir(mode=0o700, parents=True, exist_ok=True)
    lines = [f"{name} = {json.dumps(value)}" for name, value in settings.items()]
    (data / "antiphon.toml").write_text("\n".join(lines) + "\n", "utf-8")


class EnginesForTests:
    """The engines of one run: started when the first server needs them, stopped by ``close``."""

    def __init__(self, *, by_links: bool = False) -> None:
        """``by_links``: servers come to each engine by a link that can be made slow."""
        self._stack = ExitStack()
        self._running: dict[str, Engine] = {}
        self._links: dict[str, Link] | None = {} if by_links else None

    def furnish(self, data: Path) -> None:
        """Write the settings that put a data folder's installation on the chosen engines."""
        if not chosen() or (data / "antiphon.toml").exists():
            return
        own = "t" + hashlib.sha256(str(data).encode()).hexdigest()[:12]
        write_settings(data, self.urls(chosen(), own))

    def urls(self, names: Sequence[str], own: str) -> dict[str, str]:
        """Return the URL for each port, of a corner of its own in each of the named engines."""
        return {_PORTS[name]: self._corner(name, own) for name in names}

    def engine(self, name: str, own: str) -> "Engine":
        """Return the engine that holds that corner, to be hurt."""
        return self._engine(name, own if name == "redis" else "")

    def link(self, name: str, own: str) -> "Link":
        """Return the link to the engine that holds that corner."""
        assert self._links is not None
        return self._links[name + (own if name == "redis" else "")]

    def close(self) -> None:
        """Stop them all."""
        self._stack.close()
        self._running.clear()

    def _corner(self, name: str, own: str) -> str:
        if name == "redis":  # it has no names for corners: one for each, they start at once
            return self._url(name, own)
        url = self._url(name, "")
        parts = urlsplit(url)
        if name in {"s3", "hdfs"}:
            return parts._replace(path=f"{parts.path.rstrip('/')}/{own}").geturl()
        return parts._replace(path=f"/{own}").geturl()

    def _url(self, name: str, own: str) -> str:
        url = self._engine(name, own).url
        return url if self._links is None else self.link(name, own).through(url)

    def _engine(self, name: str, own: str) -> "Engine":
        from antiphon.testing.engines import ENGINES
        from antiphon.testing.engines.link import Link

        key = name + own
        if key not in self._running:
            folder = Path(self._stack.enter_context(tempfile.TemporaryDirectory(prefix=name)))
            engine = ENGINES[name](folder, _CACHE)
            if self._links is not None:
                self._links[key] = self._stack.enter_context(Link(engine.client_port))
                engine.reached_at = self._links[key].port
            self._stack.enter_context(engine)
            os.environ.update(engine.settings())
            self._running[key] = engine
        return self._running[key]
