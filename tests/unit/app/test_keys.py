"""``antiphon keys`` shows and rotates; a backup says which keys are in it."""

import asyncio
import stat
from pathlib import Path
from uuid import UUID

import pytest
from click.testing import CliRunner

from antiphon.app.backups import back_up
from antiphon.app.cli import main
from antiphon.app.compose import open_installation
from antiphon.app.doctor import examine
from antiphon.app.keys import open_key_vault
from antiphon.app.settings import Settings, load_settings
from antiphon.kernel import Invalid, RecordingId, SystemClock
from antiphon.storage import open_tables
from antiphon.testing.speke_server import speke_server

SONG = RecordingId("abcdefghijklmnop")


def keys_in(settings: Settings) -> dict:
    async def run() -> dict:
        tables = open_tables(settings.engine_url("tables"))
        vault = open_key_vault(settings, tables, SystemClock())
        await vault.content_key(SONG, "flac")
        found = dict(await vault.keys(SONG))
        await tables.close()
        return found

    return asyncio.run(run())


def run(*arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(main, arguments)
    return done.exit_code, done.output


def test_keys_are_rotated_and_counted(tmp_path: Path) -> None:
    data = str(tmp_path / "data")
    assert run("keys", "status", "--data", data)[0] == 0
    made = keys_in(Settings(data=data, protect="everything"))
    assert "generation 2, 2 data keys" in run("keys", "rotate", "--data", data)[1]
    assert "1 entries are whole" in run("audit", "verify", "--data", data)[1]
    status, shown = run("keys", "status", "--data", data)
    assert (status, "1 content keys" in shown, "data keys   2 wrapped by file:" in shown) == (
        0,
        True,
        True,
    )
    assert keys_in(Settings(data=data)) == made


def test_status_says_when_the_key_file_is_gone(tmp_path: Path) -> None:
    data = str(tmp_path / "data")
    assert run("keys", "status", "--data", data)[0] == 0
    keys_in(Settings(data=data, protect="everything"))
    assert {f.subject: f.ok for f in asyncio.run(examine(Settings(data=data)))}["keys"]
    (tmp_path / "data" / "key-encryption-keys").unlink()
    status, shown = run("keys", "status", "--data", data)
    assert status == 1
    assert "CANNOT BE OPENED" in shown
    found = {f.subject: f for f in asyncio.run(examine(Settings(data=data)))}
    assert (found["keys"].ok, "restore its file" in found["keys"].detail) == (False, True)


def test_a_backup_holds_the_key_file_and_says_so(tmp_path: Path) -> None:
    settings = Settings(data=str(tmp_path / "data"), protect="everything")
    run("keys", "status", "--data", settings.data)
    made = keys_in(settings)
    assert "can open every content key" in back_up(settings, tmp_path / "backup", media=False)
    back = str(tmp_path / "back")
    status, shown = run("restore", str(tmp_path / "backup"), "--data", back)
    assert status == 0, shown
    file = tmp_path / "back" / "key-encryption-keys"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert keys_in(Settings(data=back)) == made


def test_a_backup_says_when_the_keys_lie_elsewhere(tmp_path: Path) -> None:
    data = str(tmp_path / "data")
    run("keys", "status", "--data", data)
    settings = Settings(data=data, key_encryption=f"file:{tmp_path}/elsewhere")
    assert "not in it" in back_up(settings, tmp_path / "backup", media=False)


def test_streams_are_forgotten_where_a_clock_had_run_ahead(tmp_path: Path) -> None:
    data = str(tmp_path / "data")
    assert run("keys", "reset-streams", "--data", data) == (
        0,
        "Forgot what was playing in 0 households.\n",
    )


def test_keys_come_from_a_key_server_where_the_settings_name_one(tmp_path: Path) -> None:
    (tmp_path / "antiphon.toml").write_text(
        'protect = "everything"\nspeke_systems = ["fairplay"]\n'
    )
    with speke_server() as server:
        settings = load_settings(
            file=tmp_path / "antiphon.toml",
            env={
                "ANTIPHON_SPEKE_URL": server.url,
                "ANTIPHON_SPEKE_HEADERS": f"Authorization: {server.token}\nX-Customer: a, b",
            },
            data=str(tmp_path),
        )
        found = keys_in(settings)["flac"]
        ((headers, body),) = server.asked
    assert headers["x-customer"] == "a, b"
    assert body.count("<cpix:DRMSystem ") == 1
    assert found.key == server.key(f"{SONG}/flac", str(UUID(bytes=found.kid)))
    assert keys_in(Settings(data=str(tmp_path)))["flac"] == found


def test_a_wrong_key_server_is_refused_before_anything_is_opened(tmp_path: Path) -> None:
    data = str(tmp_path / "data")
    (tmp_path / "antiphon.toml").write_text('speke_url = "http://keys.example/"\n')
    status, shown = run(
        "--config", str(tmp_path / "antiphon.toml"), "keys", "status", "--data", data
    )
    assert (status, "https" in shown) == (1, True)
    with pytest.raises(Invalid):
        load_settings(env={}, speke_systems=["clearplay"])


def test_a_rotation_of_signing_keys_announces_one_and_is_written_down(tmp_path: Path) -> None:
    data = str(tmp_path / "data")
    status, first = run("keys", "rotate-signing", "--data", data)
    assert (status, "signs at once" in first) == (0, True)
    status, second = run("keys", "rotate-signing", "--data", data)
    assert (status, "signs in 20 minutes" in second) == (0, True)
    kids = {shown.split("key ", 1)[1].split(";")[0].split()[0] for shown in (first, second)}
    assert published(Settings(data=data)) == kids
    assert "2 entries are whole" in run("audit", "verify", "--data", data)[1]


def published(settings: Settings) -> set[str]:
    """Return the ids of the keys that a server on this folder publishes."""

    async def read() -> set[str]:
        installation = open_installation(settings)
        keys = (await installation.identity.signing_keys.published())["keys"]
        await installation.close()
        return {key["kid"] for key in keys}

    return asyncio.run(read())
