"""Who changed what: a chain in which every entry holds the hash of the one before.

Table ``rights_audit``: the key is the entry's number, sixteen digits, cell ``r/v`` the entry. An
entry is written only where its number is free, so writers queue up and none is lost. The hash is
keyed: who can write the table but does not know the installation's secret cannot mend the chain.
Removing the newest entries leaves a shorter chain that is whole: keep the printed end elsewhere.
"""

from collections.abc import AsyncIterator, Mapping
from hashlib import blake2b
from typing import Final

import msgspec

from antiphon.kernel import Clock, UnixMs
from antiphon.storage import Condition, SetCell, Tables

AUDIT: Final = "rights_audit"
_F: Final = "r"
_V: Final = "v"
_PAGE: Final = 1000
_START: Final = "0" * 64


class AuditEntry(msgspec.Struct, frozen=True, array_like=True):
    """One change: when, by whom, what was done, to what, and what is worth knowing of it."""

    number: int
    at: UnixMs
    actor: str
    action: str
    subject: str
    details: dict[str, str]
    previous: str
    hash: str = ""


class AuditFinding(msgspec.Struct, frozen=True):
    """What a check found: how many entries are whole, the end's hash, the first bad number."""

    entries: int
    end: str
    first_altered: int | None = None
    detail: str = ""


_encode = msgspec.msgpack.Encoder(order="deterministic").encode
_entry = msgspec.msgpack.Decoder(AuditEntry).decode


class AuditLog:
    """Appends and checks. ``key`` is derived from the installation's secret."""

    def __init__(self, tables: Tables, clock: Clock, key: bytes) -> None:
        self._tables = tables
        self._clock = clock
        self._key = blake2b(key, digest_size=32, person=b"antiphon-audit").digest()

    async def append(
        self, actor: str, action: str, subject: str, details: Mapping[str, str] | None = None
    ) -> AuditEntry:
        """Write down one change, durably; never before the change itself is decided."""
        while True:
            last = await self._last()
            open_entry = AuditEntry(
                number=last.number + 1 if last else 1,
                at=self._clock.now(),
                actor=actor,
                action=action,
                subject=subject,
                details=dict(details or {}),
                previous=last.hash if last else _START,
            )
            entry = msgspec.structs.replace(open_entry, hash=self._hash(open_entry))
            free = Condition(_F, _V, None)
            cell = SetCell(_F, _V, _encode(entry))
            if await self._tables.check_and_mutate(AUDIT, _key(entry.number), free, then=[cell]):
                return entry

    async def verify(self, *, expected_end: str | None = None) -> AuditFinding:
        """Follow the chain; stop at the first entry that is not as it was written."""
        previous, count = _START, 0
        async for key, raw in self._raw():
            number = count + 1
            fault = self._fault(key, raw, number, previous)
            if fault:
                return AuditFinding(count, previous, number, fault)
            previous, count = _entry(raw).hash, number
        if expected_end is not None and expected_end != previous:
            return AuditFinding(count, previous, count + 1, "The end of the chain is missing.")
        return AuditFinding(count, previous)

    async def latest(self, limit: int = 100, *, before: int | None = None) -> list[AuditEntry]:
        """Return the newest entries, newest first; of those before a number, where one is given."""
        end = None if before is None else _key(before)
        rows = await self._tables.scan(AUDIT, end=end, limit=limit, reverse=True)
        return [_entry(row.value(_F, _V) or b"") for row in rows]

    def _fault(self, key: bytes, raw: bytes, number: int, previous: str) -> str:
        try:
            entry = _entry(raw)
        except msgspec.DecodeError:
            return "It cannot be read."
        if key != _key(number) or entry.number != number:
            return f"Entry {number} is missing."
        if entry.previous != previous:
            return "It does not follow the one before."
        if entry.hash != self._hash(entry):
            return "It was altered."
        return ""

    def _hash(self, entry: AuditEntry) -> str:
        text = _encode(msgspec.structs.replace(entry, hash=""))
        return blake2b(text, key=self._key, digest_size=32).hexdigest()

    async def _last(self) -> AuditEntry | None:
        found = await self.latest(1)
        return found[0] if found else None

    async def _raw(self) -> AsyncIterator[tuple[bytes, bytes]]:
        start = b""
        while rows := await self._tables.scan(AUDIT, start=start, limit=_PAGE):
            for row in rows:
                yield row.key, row.value(_F, _V) or b""
            start = rows[-1].key + b"\0"


def _key(number: int) -> bytes:
    return f"{number:016d}".encode()
