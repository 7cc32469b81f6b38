"""Machines of one installation: what belongs to each, and who may join."""

from pathlib import Path

import pytest

from antiphon.app.machine import (
    FORMAT,
    index_completed,
    index_is_complete,
    join,
    machine_id,
)
from antiphon.app.secret import read_secret
from antiphon.app.serving import prepare_data
from antiphon.app.settings import Settings
from antiphon.kernel import Conflict, Invalid
from antiphon.storage import SetCell, open_tables


def machine(folder: Path, **more: object) -> Settings:
    tables = f"lmdb:{folder.parent / 'shared'}"
    settings = Settings(data=str(folder), tables=tables, **more)  # type: ignore[arg-type]
    prepare_data(settings)
    return settings


def test_a_machine_keeps_its_name_and_no_other_has_it(tmp_path: Path) -> None:
    one, two = machine(tmp_path / "one"), machine(tmp_path / "two")
    assert machine_id(one) == machine_id(one)
    assert machine_id(one) != machine_id(two)


def test_machines_that_share_a_data_folder_are_told_apart_by_their_index(tmp_path: Path) -> None:
    one, two = (machine(tmp_path / "data", search=f"tantivy:{tmp_path / n}") for n in "ab")
    assert machine_id(one) != machine_id(two)


async def test_machines_with_one_secret_are_one_installation(tmp_path: Path) -> None:
    one = machine(tmp_path / "one")
    await join(one)
    await join(one)
    await join(machine(tmp_path / "two", secret_file=str(tmp_path / "one" / "secret")))


async def test_a_machine_with_another_secret_is_refused(tmp_path: Path) -> None:
    await join(machine(tmp_path / "one"))
    with pytest.raises(Conflict, match=r"copy its secret to .*two/secret"):
        await join(machine(tmp_path / "two"))


async def test_a_machine_older_than_what_is_there_is_refused(tmp_path: Path) -> None:
    one = machine(tmp_path / "one")
    await join(one)
    tables = open_tables(one.engine_url("tables"))
    newer = SetCell("i", "format", str(FORMAT + 1).encode())
    await tables.mutate("installation", b"this", [newer])
    await tables.close()
    with pytest.raises(Conflict, match="update this machine"):
        await join(one)


def test_a_secret_that_is_named_is_never_made_up(tmp_path: Path) -> None:
    settings = Settings(data=str(tmp_path), secret_file=str(tmp_path / "absent"))
    with pytest.raises(Invalid, match="copy it from the installation's first machine"):
        read_secret(settings)
    assert not (tmp_path / "absent").exists()


def test_an_index_is_awaited_only_where_machines_share_the_log(tmp_path: Path) -> None:
    assert index_is_complete(machine(tmp_path / "alone"))
    shared = machine(tmp_path / "one", events="kafka://127.0.0.1:9/x")
    assert not index_is_complete(shared)
    index_completed(shared)
    assert index_is_complete(shared)
