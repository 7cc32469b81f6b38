"""The vault of an installation and its signing keys, and ``antiphon keys ...``."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from antiphon.app.secret import derived_key, read_secret
from antiphon.app.serving import prepare_data
from antiphon.app.settings import Settings
from antiphon.identity import OVERLAP_MS, SigningKeys
from antiphon.kernel import Clock, HouseholdId, SystemClock
from antiphon.rights import (
    AuditLog,
    DrmSystem,
    KeySource,
    KeyStatus,
    KeyVault,
    SpekeKeys,
    SpekeServer,
    forget_streams,
    open_key_encryption,
    parsed_headers,
)
from antiphon.storage import Tables, open_tables

_ACTOR = "command line"


def open_key_vault(settings: Settings, tables: Tables, clock: Clock) -> KeyVault:
    """Return the vault as the settings have it; nothing is read or made yet."""
    encryption = open_key_encryption(
        settings.key_encryption, settings.key_encryption_before, folder=settings.data_path
    )
    return KeyVault(
        tables, clock, encryption, protect=settings.protect, source=_key_server(settings)
    )


def _key_server(settings: Settings) -> KeySource | None:
    if not settings.speke_url:
        return None
    systems = tuple(DrmSystem[name.upper()] for name in settings.speke_systems)
    headers = parsed_headers(settings.speke_headers)
    return SpekeKeys(SpekeServer(settings.speke_url, headers, systems))


async def rotate(settings: Settings) -> str:
    """Wrap every data key again; the server may run meanwhile."""
    async with _tables(settings) as tables:
        done = await open_key_vault(settings, tables, SystemClock()).rotate_kek()
        details = {"generation": str(done.generation), "rewrapped": str(done.rewrapped)}
        await _audit(settings, tables).append(_ACTOR, "keys_rotated", "key encryption", details)
    begun = "The rotation that was interrupted is done" if done.resumed else "Rotated"
    return f"{begun}: generation {done.generation}, {done.rewrapped} data keys wrapped again."


async def status(settings: Settings) -> tuple[bool, list[str]]:
    """Return whether every key opens, and what there is, a line each."""
    async with _tables(settings) as tables:
        found = await open_key_vault(settings, tables, SystemClock()).status()
    return not found.unopened, _lines(settings, found)


async def reset_streams(settings: Settings, household: str) -> str:
    """Forget which devices of a household play; without one, of all households."""
    async with _tables(settings) as tables:
        count = await forget_streams(tables, HouseholdId(household) if household else None)
        await _audit(settings, tables).append(_ACTOR, "streams_reset", household or "all")
    return f"Forgot what was playing in {count} households."


async def rotate_signing(settings: Settings) -> str:
    """Announce a new key for access tokens; what the old one signed stays good meanwhile."""
    clock = SystemClock()
    async with _tables(settings) as tables:
        keys = SigningKeys(tables, clock, derived_key(read_secret(settings), "tokens"))
        kid = await keys.rotate()
        await _audit(settings, tables).append(_ACTOR, "signing_keys_rotated", kid)
        known = len((await keys.published())["keys"])
    if known == 1:
        return f"Made the first signing key {kid}; it signs at once."
    return f"Announced the signing key {kid}; it signs in {OVERLAP_MS // 60_000} minutes."


def _lines(settings: Settings, found: KeyStatus) -> list[str]:
    counts = f"{found.recordings} recordings, {found.content_keys} content keys"
    interrupted = ", a rotation was interrupted: run antiphon keys rotate" * found.is_rotating
    lines = [
        f"protected   {settings.protect}: {counts}",
        f"generation  {found.generation}{interrupted}",
    ]
    for by, count in sorted(found.data_keys.items()):
        note = "  CANNOT BE OPENED: restore its key" if by in found.unopened else ""
        lines.append(f"data keys   {count} wrapped by {by}{note}")
    return lines


def _audit(settings: Settings, tables: Tables) -> AuditLog:
    return AuditLog(tables, SystemClock(), derived_key(read_secret(settings), "audit"))


@asynccontextmanager
async def _tables(settings: Settings) -> AsyncIterator[Tables]:
    prepare_data(settings)
    tables = open_tables(settings.engine_url("tables"))
    try:
        yield tables
    finally:
        await tables.close()
