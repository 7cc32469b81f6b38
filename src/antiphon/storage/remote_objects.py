"""The objects driver for stores on the network: S3, Google Cloud Storage, Azure Blob.

What is not answered in time raises ``Unavailable``; obstore's own retries are off, as the guard
above repeats what may be repeated. A create-only put whose answer was lost may have been stored:
look at what is there where that matters.
"""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

import httpx
import obstore
from obstore.exceptions import (
    AlreadyExistsError,
    BaseError,
    PermissionDeniedError,
    UnauthenticatedError,
)
from obstore.store import AzureStore, GCSStore, S3Store

from antiphon.kernel import Invalid, Unavailable, UnixMs
from antiphon.storage.about import About
from antiphon.storage.objects import Location, ObjectInfo, check_object_key

_PART_BYTES: Final = 8 * 1024 * 1024  # larger objects go up in parts of this size
_AT_ONCE: Final = 4
_ANSWER: Final = timedelta(seconds=20)
_CONNECT: Final = timedelta(seconds=3)
_KNOWN: Final = {
    "s3": {"endpoint": "URL", "region": "NAME"},
    "gs": {"endpoint": "URL"},
    "az": {"endpoint": "URL"},
}
_GOOGLE: Final = {"endpoint": "base_url"}  # the client's own word for it
_ABOUT_SECONDS: Final = 3.0
_LONGEST_NAME: Final = 60
_ENDPOINTS: Final = {"s3": "https://s3.amazonaws.com", "gs": "https://storage.googleapis.com"}
_Store = S3Store | GCSStore | AzureStore


class RemoteObjects:
    """``Objects`` in one bucket, below an optional prefix."""

    def __init__(self, store: _Store, *, signs: bool = True, endpoint: str = "") -> None:
        """``signs``: whether browsers reach the store, so that URLs for them can be signed.

        ``endpoint`` is where it is reached, where that is told.
        """
        self._store = store
        self._signs = signs
        self._endpoint = endpoint

    async def put(self, key: str, data: bytes, *, create_only: bool = False) -> bool:
        """Store ``data``; with ``create_only`` return False and change nothing where it exists."""
        check_object_key(key)
        try:
            await obstore.put_async(
                self._store,
                key,
                data,
                mode="create" if create_only else "overwrite",
                use_multipart=False if create_only else None,
                chunk_size=_PART_BYTES,
                max_concurrency=_AT_ONCE,
            )
        except AlreadyExistsError:
            return False
        except BaseError as fault:
            raise _unavailable(key, fault) from fault
        return True

    async def get(self, key: str, *, start: int = 0, length: int | None = None) -> bytes | None:
        """Return the object, or ``length`` bytes of it from ``start`` (fewer at its end)."""
        check_object_key(key)
        if start == 0 and length is None:
            return await self._whole(key)
        found = await self.head(key)
        if found is None:
            return None
        if not 0 <= start <= found.size:
            raise Invalid(f"{key} has {found.size} bytes; there is no byte {start}.")
        rest = found.size - start
        wanted = rest if length is None else min(max(length, 0), rest)
        if wanted == 0:
            return b""
        try:
            part = await obstore.get_range_async(self._store, key, start=start, length=wanted)
        except FileNotFoundError:
            return None
        except BaseError as fault:
            raise _unavailable(key, fault) from fault
        return bytes(part)

    async def head(self, key: str) -> ObjectInfo | None:
        """Return size and etag, or None."""
        check_object_key(key)
        try:
            meta = await obstore.head_async(self._store, key)
        except FileNotFoundError:
            return None
        except BaseError as fault:
            raise _unavailable(key, fault) from fault
        return _info(key, meta)

    async def list(self, prefix: str) -> AsyncIterator[ObjectInfo]:
        """Yield all objects below ``prefix`` (whole path segments, or empty for all)."""
        below = prefix.rstrip("/")
        if below:
            check_object_key(below)
        try:
            async for chunk in obstore.list(self._store, below or None, chunk_size=500):
                for meta in chunk:
                    yield _info(meta["path"], meta)
        except BaseError as fault:
            raise _unavailable(prefix, fault) from fault

    async def delete(self, key: str) -> None:
        """Remove the object; removing what is not there is fine."""
        check_object_key(key)
        try:
            await obstore.delete_async(self._store, key)
        except FileNotFoundError:
            return
        except BaseError as fault:
            raise _unavailable(key, fault) from fault

    def locate(self, key: str, *, seconds: int = 3600) -> Location:
        """Return a URL that gives the object to anyone for ``seconds``."""
        check_object_key(key)
        if not self._signs:
            return Location()
        return Location(url=obstore.sign(self._store, "GET", key, timedelta(seconds=seconds)))

    async def about(self) -> About:
        """Return what the store calls itself in its answers; many name no version."""
        kind = type(self._store).__name__.removesuffix("Store")
        if not self._endpoint:
            return About(kind)
        try:
            async with httpx.AsyncClient(timeout=_ABOUT_SECONDS) as client:
                answer = await client.head(self._endpoint)  # a refusal has its name as well
        except httpx.HTTPError as fault:
            raise Unavailable(
                f"The object store does not answer at its endpoint: {fault}"
            ) from fault
        named = answer.headers.get("server", "")[:_LONGEST_NAME]
        return About(f"{kind}, {named if named.isprintable() and named else 'which has no name'}")

    async def close(self) -> None:
        """Nothing stays open."""

    async def _whole(self, key: str) -> bytes | None:
        try:
            answer = await obstore.get_async(self._store, key)
            return bytes(await answer.bytes_async())
        except FileNotFoundError:
            return None
        except BaseError as fault:
            raise _unavailable(key, fault) from fault


def open_remote(url: str) -> RemoteObjects:
    """Open ``s3://bucket/prefix?endpoint=URL&region=NAME``, ``gs://`` or ``az://`` likewise.

    Only S3 has regions. Azure's account is part of its endpoint, or stands in the environment.
    Credentials come from the environment, by the names that each store's own tools use.
    ``?sign=no``: players do not reach the store, so that everything is sent by this installation.
    """
    parts = urlsplit(url)
    asked = {name: values[0] for name, values in parse_qs(parts.query).items()}
    known = _KNOWN[parts.scheme]
    if not parts.netloc or set(asked) - known.keys() - {"sign"}:
        told = "&".join(f"{name}={known[name]}" for name in known)
        raise Invalid(f"{url!r}: write {parts.scheme}://bucket/prefix?{told}&sign=no.")
    signs = asked.pop("sign", "yes") != "no"
    options: dict[str, Any] = {
        "prefix": parts.path.strip("/") or None,
        "client_options": {
            "timeout": _ANSWER,
            "connect_timeout": _CONNECT,
            "allow_http": asked.get("endpoint", "").startswith("http://"),
        },
        "retry_config": {"max_retries": 0, "retry_timeout": timedelta(0)},
    }
    endpoint = asked.get("endpoint") or _ENDPOINTS.get(parts.scheme, "")
    store = _store(parts.scheme, parts.netloc, asked, options)
    return RemoteObjects(store, signs=signs, endpoint=endpoint)


def _store(scheme: str, bucket: str, asked: dict[str, str], options: dict[str, Any]) -> _Store:
    try:
        if scheme == "s3":
            return S3Store(bucket, config=asked, **options)  # type: ignore[arg-type]
        if scheme == "gs":
            asked = {_GOOGLE[name]: value for name, value in asked.items()}
            return GCSStore(bucket, config=asked, **options)  # type: ignore[arg-type]
        return AzureStore(bucket, config=asked, **options)  # type: ignore[arg-type]
    except BaseError as fault:
        raise Invalid(f"The object store {scheme}://{bucket} cannot be opened: {fault}") from fault


def _info(key: str, meta: Any) -> ObjectInfo:
    modified = UnixMs(int(meta["last_modified"].timestamp()) * 1000)  # headers tell no finer
    return ObjectInfo(key, meta["size"], _etag(meta), modified)


def _etag(meta: Any) -> str:
    told = meta["e_tag"] or f"{meta['last_modified'].timestamp():.6f}-{meta['size']}"
    return str(told).strip('"')


def _unavailable(key: str, fault: Exception) -> Unavailable:
    first = str(fault).partition("\n")[0][:300]
    if isinstance(fault, PermissionDeniedError | UnauthenticatedError):
        told = "check its credentials and what they may do"
        return Unavailable(f"The object store refuses what is asked of {key!r}: {told}. {first}")
    return Unavailable(f"The object store does not answer for {key!r}: {first}")
