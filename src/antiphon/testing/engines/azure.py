"""Azurite, Microsoft's emulator of Azure Blob, from npm: in memory, so a kill empties it."""

import base64
import hashlib
import hmac
import http.client
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cached_property
from typing import ClassVar

from antiphon.testing.engines.engine import Engine, free_port, listens
from antiphon.testing.engines.installing import node, npm_tool

_PACKAGE, _VERSION = "azurite", "3.37.0"
_ACCOUNT, _CONTAINER = "antiphon", "antiphon"
_KEY = base64.b64encode(b"antiphon-secret, for loopback only").decode()
_API = "2021-08-06"


class Azure(Engine):
    """One account with one container."""

    name: ClassVar[str] = "azure"

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
        return f"az://{_CONTAINER}?endpoint=http://127.0.0.1:{self.port}/{_ACCOUNT}"

    def settings(self) -> dict[str, str]:
        """Return the credentials."""
        return {"AZURE_STORAGE_ACCOUNT_NAME": _ACCOUNT, "AZURE_STORAGE_ACCOUNT_KEY": _KEY}

    def environment(self) -> dict[str, str]:
        """Return the account that it shall have."""
        return {"AZURITE_ACCOUNTS": f"{_ACCOUNT}:{_KEY}"}

    def install(self) -> None:
        """Fetch it."""
        npm_tool(_PACKAGE, _VERSION, self.cache)

    def commands(self) -> Sequence[Sequence[str]]:
        """Return its command."""
        program = npm_tool(_PACKAGE, _VERSION, self.cache) / "azurite-blob"
        where = ["--blobHost", "127.0.0.1", "--blobPort", str(self.port)]
        quiet = ["--silent", "--inMemoryPersistence", "--skipApiVersionCheck", "--disableTelemetry"]
        return [[node(), str(program), *where, *quiet]]

    def ready(self) -> bool:
        """Return whether it has the container, which is made here: drivers make none."""
        if not listens(self.port):
            return False
        path = f"/{_ACCOUNT}/{_CONTAINER}"
        now = f"{datetime.now(UTC):%a, %d %b %Y %H:%M:%S} GMT"
        told = {"x-ms-date": now, "x-ms-version": _API, "Content-Length": "0"}
        headers = "".join(f"{name}:{told[name]}\n" for name in ("x-ms-date", "x-ms-version"))
        text = f"PUT{12 * chr(10)}{headers}/{_ACCOUNT}{path}\nrestype:container"
        digest = hmac.digest(base64.b64decode(_KEY), text.encode(), hashlib.sha256)
        told["Authorization"] = f"SharedKey {_ACCOUNT}:{base64.b64encode(digest).decode()}"
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request("PUT", f"{path}?restype=container", headers=told)
            return connection.getresponse().status in {http.client.CREATED, http.client.CONFLICT}
        except OSError:
            return False
        finally:
            connection.close()
