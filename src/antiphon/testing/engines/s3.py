"""An S3 service on a folder: Versity S3 Gateway, from its Go module."""

import http.client
from collections.abc import Sequence
from functools import cached_property
from typing import ClassVar

from antiphon.testing.engines.engine import Engine, free_port, listens
from antiphon.testing.engines.installing import go_tool

_PACKAGE = "github.com/versity/versitygw/cmd/versitygw"
_VERSION = "v1.8.0"
_KEY, _SECRET, _BUCKET = "antiphon", "antiphon-secret", "antiphon"  # for loopback only


class S3(Engine):
    """One gateway with one bucket."""

    name: ClassVar[str] = "s3"

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
        return f"s3://{_BUCKET}?endpoint=http://127.0.0.1:{self.port}&region=us-east-1"

    def settings(self) -> dict[str, str]:
        """Return the credentials."""
        return {"AWS_ACCESS_KEY_ID": _KEY, "AWS_SECRET_ACCESS_KEY": _SECRET}

    def install(self) -> None:
        """Build it."""
        go_tool(_PACKAGE, _VERSION, self.cache)

    def prepare(self) -> None:
        """Make the bucket: a folder."""
        (self.folder / "root" / _BUCKET).mkdir(parents=True)

    def commands(self) -> Sequence[Sequence[str]]:
        """Return the gateway's command."""
        gateway = str(go_tool(_PACKAGE, _VERSION, self.cache))
        keys = ["--access", _KEY, "--secret", _SECRET, "--port", f"127.0.0.1:{self.port}"]
        sidecar = ["--sidecar", str(self.folder / "meta")]
        (self.folder / "meta").mkdir(exist_ok=True)
        return [[gateway, *keys, "--quiet", "posix", *sidecar, str(self.folder / "root")]]

    def ready(self) -> bool:
        """Return whether it answers at all; without keys that is a refusal."""
        if not listens(self.port):
            return False
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=2)
        try:
            connection.request("GET", "/")
            return connection.getresponse().status < http.client.INTERNAL_SERVER_ERROR
        except OSError:
            return False
        finally:
            connection.close()
