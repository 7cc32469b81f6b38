"""Google Cloud Storage as fake-gcs-server speaks it, from its Go module: in memory."""

import http.client
import json
from collections.abc import Sequence
from functools import cached_property
from typing import ClassVar

from antiphon.testing.engines.engine import Engine, free_port, listens
from antiphon.testing.engines.installing import go_tool

_PACKAGE, _VERSION = "github.com/fsouza/fake-gcs-server", "v1.52.3"
_BUCKET = "antiphon"


class Gcs(Engine):
    """One server with one bucket, that asks for no credentials."""

    name: ClassVar[str] = "gcs"

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
        return f"gs://{_BUCKET}?endpoint=http://127.0.0.1:{self.port}&sign=no"

    def settings(self) -> dict[str, str]:
        """Return an account that signs nothing in."""
        account = {
            "disable_oauth": True,
            "client_email": "",
            "private_key": "",
            "private_key_id": "",
        }
        return {"GOOGLE_SERVICE_ACCOUNT_KEY": json.dumps(account)}

    def install(self) -> None:
        """Build it."""
        go_tool(_PACKAGE, _VERSION, self.cache)

    def commands(self) -> Sequence[Sequence[str]]:
        """Return its command."""
        server = str(go_tool(_PACKAGE, _VERSION, self.cache))
        at = f"127.0.0.1:{self.port}"
        where = ["-host", "127.0.0.1", "-port", str(self.port), "-public-host", at]
        plain = ["-scheme", "http", "-backend", "memory", "-external-url", f"http://{at}"]
        return [[server, *where, *plain]]

    def ready(self) -> bool:
        """Return whether it has the bucket, which is made here: drivers make none."""
        if not listens(self.port):
            return False
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        told = {"Content-Type": "application/json"}
        try:
            connection.request("POST", "/storage/v1/b", json.dumps({"name": _BUCKET}), told)
            return connection.getresponse().status in {http.client.OK, http.client.CONFLICT}
        except OSError:
            return False
        finally:
            connection.close()
