"""The ``wyoming`` role: voice satellites and home automation speak for one user of the house."""

import asyncio
from contextlib import suppress
from typing import Final

import structlog

from antiphon.app.compose import Installation, open_installation
from antiphon.app.metrics import Metrics
from antiphon.app.settings import Settings
from antiphon.app.voice_metrics import VoiceCollector
from antiphon.app.voicing import voice_desk
from antiphon.gateways import (
    Answered,
    Understood,
    WyomingGateway,
    WyomingRoles,
    WyomingSettings,
)
from antiphon.identity import NoSuchUser
from antiphon.kernel import AntiphonError
from antiphon.voice import (
    Answer,
    Asker,
    EspeakSpeaker,
    Intent,
    Outcome,
    Question,
    Situation,
    Transcript,
    Voice,
)

log = structlog.get_logger()

_LEARN_SECONDS: Final = 5.0
_DIALOGUE: Final = "wyoming"
_DONE_HERE: Final = frozenset({Intent.LIKE, Intent.DISLIKE, Intent.ADD_TO_PLAYLIST})
"""What the server does by itself; everything else is for a player to do."""


class Satellites:
    """What is understood and done for those who come over Wyoming, all for one user."""

    def __init__(self, installation: Installation, voice: Voice, username: str) -> None:
        self._identity = installation.identity
        self._voice = voice
        self._username = username

    async def understand(self, text: str) -> Understood | None:
        """Say what a text asks for; nothing is done."""
        reading = await self._voice.read(text)
        if reading is None or reading.intent is Intent.NONE:
            return None
        entities = tuple((slot.name.value, slot.text) for slot in reading.slots)
        return Understood(reading.intent.value, entities)

    async def handle(self, text: str) -> Answered:
        """Do what the server can do by itself, and say what only a player could do.

        ``NoSuchUser`` where the user is gone.
        """
        question = Question(await self._asker(), Transcript([(text, 1.0)]), Situation(_DIALOGUE))
        return answered(await self._voice.ask(question))

    async def _asker(self) -> Asker:
        account = await self._identity.user_named(self._username)
        if account is None:
            raise NoSuchUser(f"There is no user {self._username}: antiphon user list.")
        return Asker(account.listener_id, account.household_id, account.allows_explicit)


def answered(answer: Answer) -> Answered:
    """Return what a satellite is told: it has a loudspeaker for words, and no player."""
    if answer.outcome is Outcome.REFUSE:
        return Answered(answer.reply.text, handled=False)
    if answer.action is None or answer.action.intent in _DONE_HERE:
        return Answered(answer.reply.text)  # done, or a question that the next words answer
    found = "" if answer.action.item is None else f"I found {answer.action.item.name}, but "
    told = f"{found}no player is connected to this microphone."
    return Answered(told[0].upper() + told[1:], handled=False)


async def run_wyoming(settings: Settings, name: str, stop: asyncio.Event) -> None:
    """Serve satellites until ``stop``.

    ``Invalid`` where the address would open an unprotected port, ``Unavailable`` where it is taken.
    """
    installation = open_installation(settings)
    desk = voice_desk(installation)
    metrics = Metrics(settings.data_path / "run" / "metrics", name)
    metrics.watch_engines(installation.guards())
    metrics.watch(VoiceCollector(desk.counts))
    try:
        voice = await desk.voice()
        satellites = Satellites(installation, voice, settings.wyoming_user)
        roles = WyomingRoles(
            await voice.recogniser(), EspeakSpeaker(), satellites.understand, satellites.handle
        )
        gateway = WyomingGateway(roles, _address(settings))
        await gateway.start()
        log.info("wyoming_serves", host=settings.wyoming_host, port=gateway.port)
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(metrics.keep_written(stop))
                group.create_task(_keep_learning(voice, stop))
        finally:
            await gateway.close()
    finally:
        await desk.close()
        await installation.close()


def _address(settings: Settings) -> WyomingSettings:
    return WyomingSettings(
        settings.wyoming_host,
        settings.wyoming_port,
        trusted_network=settings.wyoming_trusted_network,
    )


async def _keep_learning(voice: Voice, stop: asyncio.Event) -> None:
    """Teach what hears the names of what has come into the catalogue since."""
    while not stop.is_set():
        with suppress(AntiphonError):  # an engine is away: the guards tell, the next round tries
            await voice.recogniser()
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), _LEARN_SECONDS)
