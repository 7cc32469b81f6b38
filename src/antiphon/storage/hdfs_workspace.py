"""The workspace driver on HDFS, over WebHDFS by fsspec."""

import asyncio
import shutil
import tempfile
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO, Final, TypeVar, cast
from urllib.parse import parse_qs, urlsplit

from fsspec.implementations.webhdfs import WebHDFS
from requests import HTTPError, RequestException

from antiphon.kernel import Invalid, NotFound, Unavailable
from antiphon.storage.about import About
from antiphon.storage.workspace import check_path

_T = TypeVar("_T")

_ANSWER_SECONDS: Final = 30.0
_STATE: Final = "/jmx?qry=Hadoop:service=NameNode,name=NameNodeInfo"
_LEAST_ROOM_PERCENT: Final = 5.0
_COPY_BYTES: Final = 1024 * 1024


class HdfsWorkspace:
    """``Workspace`` below one folder of an HDFS; ``files`` is opened once for each worker."""

    def __init__(self, files: WebHDFS, folder: str) -> None:
        self._files = files
        self._folder = folder
        session = files.session
        session.request = partial(session.request, timeout=_ANSWER_SECONDS)

    def open_read(self, path: str) -> BinaryIO:
        """Open a file for reading; ``NotFound`` where it is absent."""
        at = self._at(path)
        return cast("BinaryIO", _answered(lambda: self._files.open(at, "rb"), path))

    def write(self, path: str, data: bytes) -> None:
        """Write a whole file atomically: a reader sees all of it or none."""
        target = self._at(path)
        part = f"{target}.{uuid.uuid4().hex}.part"

        def put() -> None:
            self._files.makedirs(str(PurePosixPath(target).parent), exist_ok=True)
            with self._files.open(part, "wb", replication=None) as sink:
                sink.write(data)
            # WebHDFS replaces a file in one step only when it is told to.
            self._files._call(  # noqa: SLF001 - fsspec's own ``mv`` does not replace
                "RENAME", method="put", path=part, destination=target, renameoptions="OVERWRITE"
            )

        _answered(put, path)

    @contextmanager
    def local(self, path: str) -> Iterator[Path]:
        """Enter to have a copy of the file at a local path."""
        with tempfile.TemporaryDirectory(prefix="antiphon-") as folder:
            copy = Path(folder) / PurePosixPath(path).name
            with self.open_read(path) as source, copy.open("wb") as sink:
                _answered(lambda: shutil.copyfileobj(source, sink, _COPY_BYTES), path)
            yield copy

    def delete(self, path: str) -> None:
        """Remove a file; removing what is not there is fine."""
        at = self._at(path)
        _answered(lambda: self._files.rm(at), path)

    def list(self, prefix: str) -> list[str]:
        """Return the paths below ``prefix``, sorted."""
        below = self._at(prefix) if prefix else self._folder

        def find() -> list[str]:
            try:
                self._files.info(below)  # ``exists`` takes a node that is down for an absence
            except FileNotFoundError:
                return []
            return list(self._files.find(below))

        found = (PurePosixPath(name) for name in _answered(find, prefix))
        names = (name.relative_to(self._folder).as_posix() for name in found)
        return sorted(name for name in names if not name.endswith(".part"))

    async def about(self) -> About:
        """Return its version and state, as its name node tells."""
        return await asyncio.to_thread(self._about)

    def _about(self) -> About:
        url = self._files.url.partition("/webhdfs/")[0] + _STATE

        def ask() -> dict[str, Any]:
            answer = self._files.session.get(url)
            answer.raise_for_status()
            return cast("dict[str, Any]", answer.json()["beans"][0])

        told = _answered(ask, "")
        advice = []
        if told.get("Safemode"):
            advice.append("it takes no writes: let its name node leave the safe mode.")
        if told.get("NumberOfMissingBlocks"):
            advice.append(
                f"{told['NumberOfMissingBlocks']} blocks are missing: see its own report."
            )
        if told.get("PercentRemaining", 100.0) < _LEAST_ROOM_PERCENT:
            advice.append(f"only {told['PercentRemaining']:.0f} % of it are free: make room.")
        return About(f"HDFS {told['SoftwareVersion']}", tuple(advice))

    def close(self) -> None:
        """Close the connections."""
        self._files.session.close()

    def _at(self, path: str) -> str:
        check_path(path)
        return f"{self._folder}/{path}"


def open_hdfs(url: str) -> HdfsWorkspace:
    """Open ``hdfs://host:port/folder?user=name``: the name node's HTTP address."""
    parts = urlsplit(url)
    host, _, port = parts.netloc.rpartition(":")
    folder = parts.path.rstrip("/")
    if not host or not port.isdigit() or not folder:
        raise Invalid(f"{url!r} cannot be the workspace: write hdfs://host:port/folder.")
    user = parse_qs(parts.query).get("user", ["antiphon"])[0]
    files = WebHDFS(host, int(port), user=user, skip_instance_cache=True)
    return HdfsWorkspace(files, folder)


def _answered(work: Callable[[], _T], path: str) -> _T:
    try:
        return work()
    except FileNotFoundError as fault:
        raise NotFound(f"There is no file {path} in the workspace.") from fault
    except (RequestException, OSError, RuntimeError) as fault:
        raise Unavailable(f"HDFS does not answer for {path!r}: {_reason(fault)}") from fault


def _reason(fault: Exception) -> str:
    """Return what HDFS itself says of a refusal, where it says something."""
    if isinstance(fault, HTTPError) and fault.response is not None:
        with suppress(ValueError, KeyError, TypeError):
            return str(fault.response.json()["RemoteException"]["message"]).partition("\n")[0]
    return str(fault)
