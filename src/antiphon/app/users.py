"""``antiphon user ...``: the household's accounts from the machine itself."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from antiphon.app.accounts import audit_of
from antiphon.app.compose import Installation, open_installation
from antiphon.app.serving import prepare_data
from antiphon.app.settings import Settings
from antiphon.identity import NewAccount, NoSuchUser, SignInDevice


async def listing(settings: Settings) -> list[str]:
    """Return one line for each account."""
    async with _opened(settings) as installation:
        users = await installation.identity.users()
    return [f"{u.username:<24} {u.role.value:<8} {u.display_name}" for u in users] or ["No users."]


async def add(settings: Settings, username: str, password: str, *, owner: bool) -> str:
    """Add a member, or make the owner."""
    new = NewAccount(username, password)
    async with _opened(settings) as installation:
        identity = installation.identity
        if owner:
            account, _ = await identity.set_up(new, SignInDevice("Command line", "cli"))
            await _told(installation, "owner_made", account.id)
            return f"{account.username} owns this household."
        account = await identity.add_user(new)
        await _told(installation, "user_added", account.id)
    return f"Added {account.username}."


async def set_password(settings: Settings, username: str, password: str) -> str:
    """Set a password and end every sign-in of that user."""
    async with _opened(settings) as installation:
        account = await installation.identity.reset_password(username, password)
        await _told(installation, "password_set", account.id)
    return f"Set. {username} has to sign in again everywhere."


async def remove(settings: Settings, username: str) -> str:
    """Remove a member."""
    async with _opened(settings) as installation:
        account = await installation.identity.user_named(username)
        if account is None:
            raise NoSuchUser(f"There is no user {username!r}: antiphon user list.")
        await installation.identity.remove_user(account.id)
        await _told(installation, "user_removed", account.id)
    return f"Removed {account.username}."


@asynccontextmanager
async def _opened(settings: Settings) -> AsyncIterator[Installation]:
    prepare_data(settings)
    installation = open_installation(settings)
    try:
        yield installation
    finally:
        await installation.close()


async def _told(installation: Installation, action: str, subject: str) -> None:
    await audit_of(installation).append("command line", action, subject)
