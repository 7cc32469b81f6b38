"""The workspace driver on HDFS, over WebHDFS by fsspec."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager, suppress
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any, Final, TypeVar, cast
from urllib.parse import parse_qs, urlsplit

from fsspec.implementations.webhdfs import WebHDFS
from requests import HTTPError, RequestException

from antiphon.kernel import Invalid, NotFound, Unavailable
from antiphon.storage.about import About
from antiphon.storage.workspace import check_path, is_part, part_name

_T = TypeVar("_T")

_ANSWER_SECONDS: Final = 10.0
_STATE: Final = "/jmx?qry=Hadoop:service=NameNode,name=NameNodeInfo"
_LEAST_ROOM_PERCENT: Final = 5.0
_COPY_BYTES: Final = 1024 * 1024
_BYTES: Final = {"Content-Type": "application/octet-stream"}


class HdfsWorkspace:
    """``Workspace`` below one folder of an HDFS; each answer has a bound, a whole file has none."""

    def __init__(self, files: WebHDFS, folder: str) -> None:
        self._files = files
        self._folder = folder
        session = files.session
        session.request = partial(session.request, timeout=_ANSWER_SECONDS)

    async def write(self, path: str, parts: Iterable[bytes]) -> None:
        """Write a whole file, durably: a reader sees all of it or none."""
        await asyncio.to_thread(self._write, self._at(path), path, parts)

    @asynccontextmanager
    async def local(self, path: str) -> AsyncIterator[Path]:
        """Enter to have a copy of the file at a local path."""
        at = self._at(path)
        with tempfile.TemporaryDirectory(prefix="antiphon-", ignore_cleanup_errors=True) as folder:
            copy = Path(folder) / PurePosixPath(path).name
            await asyncio.to_thread(_answered, partial(self._fetch, at, copy), path)
            yield copy

    async def delete(self, path: str) -> None:
        """Remove a file; removing what is not there is fine."""
        await asyncio.to_thread(_answered, partial(self._delete, self._at(path)), path)

    async def list(self, prefix: str) -> list[str]:
        """Return the paths below ``prefix``, sorted."""
        below = self._at(prefix) if prefix else self._folder
        listed = await asyncio.to_thread(_answered, partial(self._find, below), prefix)
        found = (PurePosixPath(name) for name in listed)
        return sorted(p.relative_to(self._folder).as_posix() for p in found if not is_part(p.name))

    def _write(self, at: str, path: str, parts: Iterable[bytes]) -> None:
        target = PurePosixPath(at)
        part = str(target.with_name(part_name(target.name)))
        body = _Body(parts)
        try:
            _answered(partial(self._send, part, body), path)
        except Exception as fault:
            # A node that does not answer is not asked again: the next write removes what is left.
            if body.fault is not None or isinstance(fault.__cause__, HTTPError):
                with suppress(Exception):
                    self._files.rm(part)
            if body.fault is not None:
                raise body.fault from None
            raise
        _answered(partial(self._name, part, target), path)

    def _send(self, part: str, body: "_Body") -> None:
        """Store a file as one stream; fsspec's own writer appends block by block."""
        self._files.makedirs(str(PurePosixPath(part).parent), exist_ok=True)
        where = self._place("CREATE", method="put", path=part, overwrite="true")
        self._files.session.put(where, data=iter(body), headers=_BYTES).raise_for_status()

    def _name(self, part: str, target: PurePosixPath) -> None:
        # Before it has its name: a write killed here is repeated, one killed afterwards is not.
        self._delete_parts(target, before=PurePosixPath(part).name)
        # WebHDFS replaces a file in one step only when it is told to.
        self._call(
            "RENAME",
            method="put",
            path=part,
            destination=str(target),
            renameoptions="OVERWRITE",
        )

    def _fetch(self, at: str, copy: Path) -> None:
        """Copy a file here, whole; fsspec's own reader takes a refusal for the file's bytes."""
        size = self._files.info(at)["size"]
        where = self._place("OPEN", path=at)
        with self._files.session.get(where, stream=True) as answer, copy.open("wb") as sink:
            answer.raise_for_status()
            for data in answer.iter_content(_COPY_BYTES):
                sink.write(data)
            if sink.tell() != size:
                raise OSError(f"{sink.tell()} of its {size} bytes came")

    def _place(self, op: str, **more: Any) -> str:
        """Return the address of the data node that the name node sends us to."""
        told: str | None = self._call(op, redirect=False, **more).headers.get("Location")
        if told is None:
            raise OSError("it names no data node")
        return told

    def _call(self, op: str, **more: Any) -> Any:
        return self._files._call(op, **more)  # noqa: SLF001 - fsspec has no public name for it

    def _delete(self, at: str) -> None:
        self._files.rm(at)
        self._delete_parts(PurePosixPath(at))

    def _delete_parts(self, target: PurePosixPath, *, before: str = "") -> None:
        """Remove what unfinished writes of a file left beside it."""
        for name in self._find(str(target.parent)):
            beside = PurePosixPath(name).name
            if is_part(beside, of=target.name) and (not before or beside < before):
                self._files.rm(name)

    def _find(self, below: str) -> Sequence[str]:
        try:
            self._files.info(below)  # ``exists`` takes a node that is down for an absence
            return [*self._files.find(below)]
        except FileNotFoundError:
            return []

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

    async def close(self) -> None:
        """Close the connections."""
        self._files.session.close()

    def _at(self, path: str) -> str:
        check_path(path)
        return f"{self._folder}/{path}"


class _Body:
    """What is sent, and what went wrong with it here: that is not the engine's failing."""

    def __init__(self, parts: Iterable[bytes]) -> None:
        self._parts = parts
        self.fault: Exception | None = None

    def __iter__(self) -> Iterator[bytes]:
        try:
            yield from self._parts
        except Exception as fault:
            self.fault = fault
            raise


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
