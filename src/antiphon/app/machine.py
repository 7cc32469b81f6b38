"""What belongs to one machine of an installation, and whether it belongs to the installation."""

import secrets
from pathlib import Path
from typing import Final

from antiphon.app.secret import derived_key, read_secret, secret_path
from antiphon.app.settings import Settings
from antiphon.kernel import Conflict
from antiphon.storage import Condition, SetCell, open_tables

FORMAT: Final = 1  # of what tables and events hold; goes up where older programs misread them
_TABLE: Final = "installation"
_KEY: Final = b"this"
_FAMILY: Final = "i"


def machine_id(settings: Settings) -> str:
    """Return the name of this machine's search index among those of its installation.

    Made at first use. It lies with the index: machines may share a data folder, and no index.
    """
    file = _index_folder(settings) / "machine"
    file.parent.mkdir(parents=True, exist_ok=True)
    try:
        with file.open("x", encoding="ascii") as sink:
            sink.write(secrets.token_hex(6))
    except FileExistsError:
        pass
    return file.read_text("ascii")


async def join(settings: Settings) -> None:
    """Join the installation that the tables hold, or found it; every machine does so at its start.

    ``Conflict`` where its secret is another, or where a newer program wrote it: such a machine
    would refuse everybody's sign-ins, or harm what is there.
    """
    tables = open_tables(settings.engine_url("tables"))
    mark = derived_key(read_secret(settings), "installation")
    founding = [
        SetCell(_FAMILY, "secret", mark),
        SetCell(_FAMILY, "format", str(FORMAT).encode()),
    ]
    try:
        absent = Condition(_FAMILY, "secret", None)
        if await tables.check_and_mutate(_TABLE, _KEY, absent, then=founding):
            return
        row = await tables.read(_TABLE, _KEY)
    finally:
        await tables.close()
    assert row is not None, "the row was there a moment ago"
    if row.value(_FAMILY, "secret") != mark:
        raise Conflict(
            f"These tables belong to an installation with another secret: copy its secret to "
            f"{secret_path(settings)}, or name other tables."
        )
    written = int(row.value(_FAMILY, "format") or b"0")
    if written > FORMAT:
        raise Conflict("A newer version of Antiphon wrote these tables: update this machine.")


def index_is_complete(settings: Settings) -> bool:
    """Say whether this machine's search index has once held all of the catalogue.

    Where machines do not share the log, the index is made as music arrives, and is never behind.
    """
    return not settings.shares_log or _complete(settings).exists()


def index_completed(settings: Settings) -> None:
    """Note that this machine's index holds all of the catalogue."""
    _complete(settings).touch()


def _complete(settings: Settings) -> Path:
    return _index_folder(settings) / "complete"


def _index_folder(settings: Settings) -> Path:
    return Path(settings.engine_url("search").partition(":")[2])
