"""A backup holds what exists nowhere else."""

import asyncio
import shutil
from pathlib import Path

from antiphon.app.accounts import verify_audit
from antiphon.app.backups import back_up, restore
from antiphon.app.compose import open_installation
from antiphon.app.serving import prepare_data
from antiphon.app.settings import load_settings
from antiphon.rights import AuditEntry


async def opened_once(settings) -> None:
    await open_installation(settings).close()


def test_what_labels_delivered_is_in_a_backup_and_comes_back(tmp_path: Path) -> None:
    settings = load_settings(data=str(tmp_path / "data"))
    prepare_data(settings)
    asyncio.run(opened_once(settings))
    master = tmp_path / "data" / "workspace" / "masters" / "release" / "song.flac"
    master.parent.mkdir(parents=True)
    master.write_bytes(b"a label's master")
    back_up(settings, tmp_path / "backup", media=False)
    shutil.rmtree(tmp_path / "data")
    asyncio.run(restore(settings, tmp_path / "backup"))
    assert master.read_bytes() == b"a label's master"


async def told(settings, action: str) -> list[AuditEntry]:
    installation = open_installation(settings)
    try:
        if action:
            await installation.audit.append("test", action, "it")
        return list(reversed(await installation.audit.latest()))
    finally:
        await installation.close()


def test_a_restore_stands_in_the_log_of_changes_that_it_has_put_back(tmp_path: Path) -> None:
    settings = load_settings(data=str(tmp_path / "data"))
    prepare_data(settings)
    asyncio.run(told(settings, "before_the_backup"))
    back_up(settings, tmp_path / "backup", media=False)
    asyncio.run(told(settings, "lost_with_the_disk"))
    shutil.rmtree(tmp_path / "data")
    asyncio.run(restore(settings, tmp_path / "backup"))
    entries = asyncio.run(told(settings, ""))
    assert [e.action for e in entries] == ["before_the_backup", "restored"]
    assert entries[1].actor == "command line"
    assert entries[1].subject.endswith("Z"), "the moment of the backup"
    assert entries[1].details["media"] == "false"
    assert asyncio.run(verify_audit(settings, None))[0]
