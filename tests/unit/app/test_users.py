from pathlib import Path

from antiphon.app import users
from antiphon.app.accounts import audit_of, verify_audit
from antiphon.app.compose import open_installation
from antiphon.app.settings import Settings


async def test_what_the_command_line_does_to_people_is_written_down(tmp_path: Path) -> None:
    settings = Settings(data=str(tmp_path / "data"))
    await users.add(settings, "robin", "correct horse", owner=True)
    await users.add(settings, "kim", "correct horse", owner=False)
    await users.set_password(settings, "kim", "another horse")
    await users.remove(settings, "kim")
    installation = open_installation(settings)
    try:
        entries = list(reversed(await audit_of(installation).latest()))
    finally:
        await installation.close()
    assert [e.action for e in entries] == [
        "owner_made",
        "user_added",
        "password_set",
        "user_removed",
    ]
    assert {e.actor for e in entries} == {"command line"}
    assert len({e.subject for e in entries[1:]}) == 1
    assert "horse" not in str(entries)
    assert (await verify_audit(settings, None))[0]
