"""What belongs to one machine of an installation, and whether it belongs to the installation."""

import secrets
from pathlib import Path
from typing import Final

from antiphon.app.secret import derived_key, read_secret, secret_path
from antiphon.app.settings import Settings
from antiphon.kernel import Conflict
from antiphon.storage import Condition, Row, SetCell, open_tables

FORMAT: Final = 1  # of what tables and events hold; goes up where older programs misread them
TABLE: Final = "installation"
KEY: Final = b"this"
FAMILY: Final = "i"
MARK_CELL: Final = "secret"  # not the secret: what it is known by
FORMAT_CELL: Final = "format"
MOVING_CELL: Final = "moving"  # there while an installation is being moved to these tables


def machine_id(settings: Settings) -> str:
    """Return the name of this machine's search index among those of its installation.

    Made at first use. It lies with the index: machines may share a data folder, and no index.
    """
    file = index_folder(settings) / "machine"
    file.parent.mkdir(parents=True, exist_ok=True)
    try:
        with file.open("x", encoding="ascii") as sink:
            sink.write(secrets.token_hex(6))
    except FileExistsError:
        pass
    return file.read_text("ascii")


async def join(settings: Settings) -> None:
    """Join the installation that the tables hold, or found it; every machine does so at its start.

    ``Conflict`` where its secret is another, where a newer program wrote it, or where it is being
    moved there: such a machine would refuse everybody's sign-ins, or harm what is there.
    """
    tables = open_tables(settings.engine_url("tables"))
    mark = derived_key(read_secret(settings), "installation")
    founding = [
        SetCell(FAMILY, MARK_CELL, mark),
        SetCell(FAMILY, FORMAT_CELL, str(FORMAT).encode()),
    ]
    try:
        absent = Condition(FAMILY, MARK_CELL, None)
        if await tables.check_and_mutate(TABLE, KEY, absent, then=founding):
            return
        row = await tables.read(TABLE, KEY)
    finally:
        await tables.close()
    assert row is not None, "the row was there a moment ago"
    refuse_foreign(settings, row, mark)


def refuse_foreign(settings: Settings, row: Row, mark: bytes) -> None:
    """Raise ``Conflict`` where what the tables hold is not for this program with this secret."""
    if row.value(FAMILY, MARK_CELL) != mark:
        raise Conflict(
            f"These tables belong to an installation with another secret: copy its secret to "
            f"{secret_path(settings)}, or name other tables."
        )
    if row.value(FAMILY, MOVING_CELL) is not None:
        raise Conflict("These tables hold half of an installation: run antiphon migrate again.")
    written = int(row.value(FAMILY, FORMAT_CELL) or b"0")
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
    return index_folder(settings) / "complete"


def index_folder(settings: Settings) -> Path:
    """Return where this machine's search index lies."""
    return Path(settings.engine_url("search").partition(":")[2])
