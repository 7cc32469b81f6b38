"""``antiphon user ...``: the household's accounts from the machine itself."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from antiphon.app.compose import open_installation
from antiphon.app.serving import prepare_data
from antiphon.app.settings import Settings
from antiphon.identity import Identity, NewAccount, NoSuchUser, SignInDevice


async def listing(settings: Settings) -> list[str]:
    """Return one line for each account."""
    async with _identity(settings) as identity:
        users = await identity.users()
    return [f"{u.username:<24} {u.role.value:<8} {u.display_name}" for u in users] or ["No users."]


async def add(settings: Settings, username: str, password: str, *, owner: bool) -> str:
    """Add a member, or make the owner."""
    new = NewAccount(username, password)
    async with _identity(settings) as identity:
        if owner:
            account, _ = await identity.set_up(new, SignInDevice("Command line", "cli"))
            return f"{account.username} owns this household."
        account = await identity.add_user(new)
    return f"Added {account.username}."


async def set_password(settings: Settings, username: str, password: str) -> str:
    """Set a password and end every sign-in of that user."""
    async with _identity(settings) as identity:
        await identity.reset_password(username, password)
    return f"Set. {username} has to sign in again everywhere."


async def remove(settings: Settings, username: str) -> str:
    """Remove a member."""
    async with _identity(settings) as identity:
        account = await identity.user_named(username)
        if account is None:
            raise NoSuchUser(f"There is no user {username!r}: antiphon user list.")
        await identity.remove_user(account.id)
    return f"Removed {account.username}."


@asynccontextmanager
async def _identity(settings: Settings) -> AsyncIterator[Identity]:
    prepare_data(settings)
    installation = open_installation(settings)
    try:
        yield installation.identity
    finally:
        await installation.close()
