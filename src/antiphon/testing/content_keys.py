"""What the processes do that make and rotate content keys until they are killed."""

import asyncio
from itertools import count
from multiprocessing.connection import Connection
from pathlib import Path

from antiphon.kernel import RecordingId, SystemClock
from antiphon.rights import KeyVault, open_key_encryption
from antiphon.storage import Tables, open_tables
from antiphon.testing.children import Told

RUNG = "flac"


def vault_in(folder: Path, tables: Tables) -> KeyVault:
    """Return a vault that protects everything, its key file in ``folder``."""
    encryption = open_key_encryption("", folder=folder)
    return KeyVault(tables, SystemClock(), encryption, protect="everything")


def make_keys(connection: Connection, folder: str, name: str) -> None:
    """Make keys of recordings ``name-0``, ``name-1`` ...; tell each with its key."""

    async def run() -> None:
        vault = vault_in(Path(folder), open_tables(f"lmdb:{folder}/tables"))
        for number in count():
            recording = f"{name}-{number}"
            found = await vault.content_key(RecordingId(recording), RUNG)
            assert found is not None
            told(recording, found.kid, found.key, found.iv)

    told = Told(connection)
    asyncio.run(run())


def rotate_keys(connection: Connection, folder: str) -> None:
    """Rotate again and again; tell each generation that is done."""

    async def run() -> None:
        vault = vault_in(Path(folder), open_tables(f"lmdb:{folder}/tables"))
        while True:
            done = await vault.rotate_kek()
            told(done.generation, done.resumed)

    told = Told(connection)
    asyncio.run(run())
