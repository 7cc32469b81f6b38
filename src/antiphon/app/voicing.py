"""The voice room of one process, composed when the first listener speaks."""

import asyncio
from typing import TYPE_CHECKING

import antiphon.catalog.events
from antiphon.app.compose import Installation, open_installation
from antiphon.app.serving import prepare_data
from antiphon.app.settings import Settings
from antiphon.identity import Account, NoSuchUser, Role
from antiphon.voice import Answer, Asker, Question, Transcript, VoiceDesk

if TYPE_CHECKING:
    from antiphon.voice import Voice


def voice_desk(installation: Installation) -> VoiceDesk:
    """Return what opens the room; the models and the names of the catalogue come with it."""

    async def changes() -> int:
        extents = await installation.events.extents(antiphon.catalog.events.TOPIC)
        return sum(extent.end for extent in extents.values())

    async def opened() -> "Voice":
        from antiphon.voice import opening  # noqa: PLC0415 - heavy, and not before it is needed

        reader = await asyncio.to_thread(opening.load_reader)
        return opening.open_voice(
            reader,
            tables=installation.tables,
            cache=installation.cache,
            catalog=installation.catalog,
            library=installation.library,
            gate=installation.rights,
            clock=installation.clock,
            changes=changes,
            recogniser=installation.settings.recogniser,
        )

    return VoiceDesk(opened)


async def ask(settings: Settings, text: str, *, username: str | None) -> list[str]:
    """Return what a request of this user, or of the owner, comes to, line by line."""
    prepare_data(settings)
    installation = open_installation(settings)
    desk = voice_desk(installation)
    try:
        account = await _account(installation, username)
        asker = Asker(account.listener_id, account.household_id, account.allows_explicit)
        voice = await desk.voice()
        return _told(await voice.ask(Question(asker, Transcript([(text, 1.0)]))))
    finally:
        await desk.close()
        await installation.close()


async def _account(installation: Installation, username: str | None) -> Account:
    users = await installation.identity.users()
    for account in users:
        if account.username == username or (username is None and account.role is Role.OWNER):
            return account
    raise NoSuchUser(f"There is no user {username or 'who owns this'}: antiphon user list.")


def _told(answer: Answer) -> list[str]:
    intent = "none" if answer.reading is None else answer.reading.intent.value
    lines = [answer.reply.text, f"{answer.outcome.value}: {intent}"]
    if answer.reading is not None:
        lines += [f"  {slot.name.value} = {slot.text}" for slot in answer.reading.slots]
    if answer.action is not None and answer.action.song_ids:
        lines.append(f"  {len(answer.action.song_ids)} songs")
    return lines
