"""A key-encryption key in a file of mode 0600: the driver ``file:``.

One line per key, ``generation key`` with the key as 64 hex digits; the highest generation wraps,
all of them open. A rotation adds a line, and drops only keys of generations before the last one,
so that a process which had read the file just before still writes what the file opens.
"""

import asyncio
import fcntl
import os
import re
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import blake2b
from pathlib import Path
from typing import Final

from antiphon.rights.keys.model import KeysUnavailable, KeysUnreadable
from antiphon.rights.keys.wrapping import Wrapped, decrypt, encrypt, not_configured

_KEY_BYTES: Final = 32
_AAD: Final = b"antiphon data key"
_LINE: Final = re.compile(r"(\d{1,9}) ([0-9a-f]{64})")
_HEAD: Final = "# Antiphon key-encryption keys. Who has this file can open every content key.\n"

_Stamp = tuple[int, int, int]


class FileKeyEncryption:
    """Keys from a file, made at the first use; read again where it has changed."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._stamp: _Stamp = (0, 0, 0)
        self._keys: dict[int, bytes] = {}
        self._by_name: dict[str, bytes] = {}

    def opens(self, by: str) -> bool:
        """Say whether that is one of the file's keys."""
        self._read()
        return by in self._by_name

    async def wrap(self, plain: bytes) -> Wrapped:
        """Wrap under the highest generation."""
        self._read()
        if not self._keys:
            await asyncio.to_thread(self._add, 1)
            self._read()
        key = self._keys[max(self._keys)]
        return Wrapped(_name(key), encrypt(key, plain, _AAD, secrets.token_bytes))

    async def unwrap(self, wrapped: Wrapped) -> bytes:
        """Return what was wrapped by one of the keys."""
        if not self.opens(wrapped.by):
            raise not_configured(wrapped.by)
        plain = decrypt(self._by_name[wrapped.by], wrapped.blob, _AAD)
        if plain is None:
            raise KeysUnreadable(f"A key wrapped by {wrapped.by} was altered.")
        return plain

    async def advance(self, generation: int) -> None:
        """Add the key of that generation where the file has none."""
        await asyncio.to_thread(self._add, generation)

    async def forget(self, used: frozenset[str], before: int) -> None:
        """Drop what is old and wraps nothing."""
        await asyncio.to_thread(self._drop, used, before)

    def _read(self) -> None:
        """Read the file where it is not the one that was read last; an absent file has no keys."""
        try:
            found = self._file.stat()
            stamp = (found.st_ino, found.st_mtime_ns, found.st_size)
            if stamp == self._stamp:
                return
            keys = _parsed(self._file)
        except FileNotFoundError:
            stamp, keys = (0, 0, 0), {}
        except OSError as fault:
            raise KeysUnavailable(f"{self._file} cannot be read: {fault.strerror}.") from fault
        self._stamp, self._keys = stamp, keys
        self._by_name = {_name(key): key for key in keys.values()}

    def _add(self, generation: int) -> None:
        def change(keys: dict[int, bytes]) -> None:
            keys.setdefault(generation, secrets.token_bytes(_KEY_BYTES))

        self._change(change)

    def _drop(self, used: frozenset[str], before: int) -> None:
        def change(keys: dict[int, bytes]) -> None:
            for generation in [g for g in keys if g < before and _name(keys[g]) not in used]:
                del keys[generation]

        self._change(change)

    def _change(self, change: Callable[[dict[int, bytes]], None]) -> None:
        """Change the file as a whole, one process at a time; a kill leaves the old or the new."""
        try:
            with _locked(self._file.with_name(self._file.name + ".lock")):
                keys = _parsed(self._file) if self._file.exists() else {}
                before = dict(keys)
                change(keys)
                if keys != before:
                    _replace(self._file, keys)
        except OSError as fault:
            raise KeysUnavailable(f"{self._file} cannot be written: {fault.strerror}.") from fault


@contextmanager
def _locked(lock: Path) -> Iterator[None]:
    descriptor = os.open(lock, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _replace(file: Path, keys: dict[int, bytes]) -> None:
    part = file.with_name(file.name + ".part")
    lines = [f"{generation} {keys[generation].hex()}\n" for generation in sorted(keys)]
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as sink:
        sink.write(_HEAD + "".join(lines))
        sink.flush()
        os.fsync(sink.fileno())
    part.rename(file)
    folder = os.open(file.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _parsed(file: Path) -> dict[int, bytes]:
    keys = {}
    for line in file.read_text("utf-8", "replace").splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        found = _LINE.fullmatch(line.strip())
        if found is None:
            raise KeysUnreadable(f"{file} is no file of keys: restore it from a backup.")
        keys[int(found[1])] = bytes.fromhex(found[2])
    return keys


def _name(key: bytes) -> str:
    return "file:" + blake2b(key, digest_size=8, person=b"antiphon-kek").hexdigest()
