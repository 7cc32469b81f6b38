"""One connection: events in, in their order, and the answer to each before the next is read."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, aclosing
from typing import Any, TypeVar

from antiphon.gateways.wyoming.hearing import Hearing
from antiphon.gateways.wyoming.info import info_event
from antiphon.gateways.wyoming.model import WyomingRoles, WyomingSettings
from antiphon.kernel import AntiphonError, Unavailable
from antiphon.voice import MAX_TEXT, WyomingEvent, WyomingInvalid, read_event, write_event

__all__ = ["Conversation", "error_event"]

_Answer = TypeVar("_Answer")
_ANSWER_SECONDS = 10.0
_STILL_USABLE = frozenset({"describe", "ping", "recognize", "transcript", "synthesize"})


def error_event(fault: AntiphonError) -> WyomingEvent:
    """Return ``error`` with the words and the code of a fault."""
    return WyomingEvent("error", {"text": fault.detail, "code": fault.code})


class Conversation:
    """Serves one client until it closes, breaks the protocol, or is silent for too long.

    A request that is refused gets ``error``; the connection stays. An event that is none, and
    sound that is refused, get ``error`` and the end of the connection. Unknown events are dropped,
    as the protocol wants it.
    """

    def __init__(
        self,
        roles: WyomingRoles,
        settings: WyomingSettings,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        self._roles = roles
        self._settings = settings
        self._reader = reader
        self._writer = writer
        self._hearing: Hearing | None = None
        self._partials = False
        self._answers: dict[str, Callable[[WyomingEvent], Awaitable[None]]] = {
            "describe": self._describe,
            "ping": self._ping,
            "transcribe": self._transcribe,
            "audio-start": self._audio_start,
            "audio-chunk": self._audio_chunk,
            "audio-stop": self._audio_stop,
            "recognize": self._recognize,
            "transcript": self._handle,
            "synthesize": self._synthesize,
        }

    async def serve(self) -> None:
        """Answer until the end; ``TimeoutError`` and ``OSError`` where the client is gone."""
        async with AsyncExitStack() as held:
            held.push_async_callback(self._hang_up)
            async for event in self._events():
                try:
                    await self._answered(event)
                except AntiphonError as fault:
                    await self._send(error_event(fault))
                    if isinstance(fault, WyomingInvalid) or event.type not in _STILL_USABLE:
                        return

    async def _events(self) -> AsyncIterator[WyomingEvent]:
        while True:
            busy = self._hearing is not None
            patience = self._settings.sound_seconds if busy else self._settings.idle_seconds
            try:
                event = await read_event(self._reader, patience)
            except WyomingInvalid as fault:
                await self._send(error_event(fault))
                return
            if event is None:
                return
            yield event

    async def _answered(self, event: WyomingEvent) -> None:
        answer = self._answers.get(event.type)
        if answer is not None:
            await answer(event)

    async def _send(self, event: WyomingEvent) -> None:
        await write_event(self._writer, event)

    async def _hang_up(self) -> None:
        hearing, self._hearing = self._hearing, None
        if hearing is not None:
            await hearing.close()

    async def _describe(self, _: WyomingEvent) -> None:
        await self._send(info_event(self._roles.speaker.languages))

    async def _ping(self, event: WyomingEvent) -> None:
        await self._send(WyomingEvent("pong", {"text": event.data.get("text")}))

    async def _transcribe(self, event: WyomingEvent) -> None:
        context = event.data.get("context")
        self._partials = isinstance(context, dict) and context.get("partials") is True

    async def _audio_start(self, event: WyomingEvent) -> None:
        await self._hang_up()
        recogniser = self._roles.recogniser
        self._hearing = Hearing(recogniser, self._send, event, partials=self._partials)
        await self._hearing.begin()

    async def _audio_chunk(self, event: WyomingEvent) -> None:
        await self._listening().sound(event)

    async def _audio_stop(self, _: WyomingEvent) -> None:
        hearing = self._listening()
        await hearing.stop()
        await self._hang_up()

    def _listening(self) -> Hearing:
        if self._hearing is None:
            raise WyomingInvalid("Sound begins with audio-start.")
        return self._hearing

    async def _recognize(self, event: WyomingEvent) -> None:
        text = _text(event)
        understood = await _soon(self._roles.understand(text))
        context = _context(event)
        if understood is None:
            await self._send(WyomingEvent("not-recognized", {"text": text} | context))
            return
        entities = [{"name": name, "value": value} for name, value in understood.entities]
        data: dict[str, Any] = {"name": understood.intent, "entities": entities}
        await self._send(WyomingEvent("intent", data | {"text": understood.text} | context))

    async def _handle(self, event: WyomingEvent) -> None:
        answered = await _soon(self._roles.handle(_text(event)))
        kind = "handled" if answered.handled else "not-handled"
        await self._send(WyomingEvent(kind, {"text": answered.text} | _context(event)))

    async def _synthesize(self, event: WyomingEvent) -> None:
        speaker = self._roles.speaker
        shape = speaker.format
        told = {"rate": shape.rate, "width": shape.width, "channels": shape.channels}
        ssml = event.data.get("text_format") == "ssml"
        began = False
        speech = speaker.speak(_text(event, most=None), _language(event), ssml=ssml)
        async with aclosing(speech) as sound:
            async for chunk in sound:
                if not began:
                    await self._send(WyomingEvent("audio-start", told))
                    began = True
                await self._send(WyomingEvent("audio-chunk", told, chunk))
        await self._send(WyomingEvent("audio-stop"))


async def _soon(answer: Awaitable[_Answer]) -> _Answer:
    try:
        async with asyncio.timeout(_ANSWER_SECONDS):
            return await answer
    except TimeoutError as late:
        raise Unavailable("That took too long: try again.") from late


def _text(event: WyomingEvent, most: int | None = MAX_TEXT) -> str:
    text = event.data.get("text")
    if not isinstance(text, str):
        raise WyomingInvalid(f"{event.type} has a text.")
    if most is not None and len(text) > most:
        raise WyomingInvalid(f"A request has at most {most} characters.")
    return text


def _context(event: WyomingEvent) -> dict[str, Any]:
    """Return the client's context, to be handed back with the answer."""
    context = event.data.get("context")
    return {"context": context} if isinstance(context, dict) else {}


def _language(event: WyomingEvent) -> str:
    voice = event.data.get("voice")
    if not isinstance(voice, dict):
        return "en"
    told = voice.get("name") or voice.get("language") or "en"
    return str(told)
