"""A backup holds what exists nowhere else."""

import asyncio
import shutil
from pathlib import Path

from antiphon.app.backups import back_up, restore
from antiphon.app.compose import open_installation
from antiphon.app.serving import prepare_data
from antiphon.app.settings import load_settings


async def opened_once(settings) -> None:
    await open_installation(settings).close()


def test_what_labels_delivered_is_in_a_backup_and_comes_back(tmp_path: Path) -> None:
    settings = load_settings(data=str(tmp_path / "data"))
    prepare_data(settings)
    asyncio.run(opened_once(settings))
    master = tmp_path / "data" / "masters" / "release" / "song.flac"
    master.parent.mkdir(parents=True)
    master.write_bytes(b"a label's master")
    back_up(settings, tmp_path / "backup", media=False)
    shutil.rmtree(tmp_path / "data")
    asyncio.run(restore(settings, tmp_path / "backup"))
    assert master.read_bytes() == b"a label's master"
