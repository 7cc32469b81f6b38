"""The real client of Wyoming talks to the real gateway; hostile ones do not trouble it."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, aclosing, asynccontextmanager, suppress

import pytest
from wyoming.asr import Transcribe, Transcript, TranscriptChunk, TranscriptStart, TranscriptStop
from wyoming.audio import AudioChunk, AudioStart, AudioStop
from wyoming.client import AsyncTcpClient
from wyoming.error import Error
from wyoming.event import Event
from wyoming.handle import Handled, NotHandled
from wyoming.info import Describe, Info
from wyoming.intent import Intent, NotRecognized, Recognize
from wyoming.ping import Ping, Pong
from wyoming.tts import Synthesize, SynthesizeTextFormat, SynthesizeVoice

from antiphon.gateways import Answered, Understood, WyomingGateway, WyomingRoles, WyomingSettings
from antiphon.kernel import Invalid, NotFound, Unavailable
from antiphon.voice import (
    EspeakSpeaker,
    Named,
    NameKind,
    PocketsphinxRecogniser,
    RecogniserBusy,
    RecogniserUnavailable,
    WyomingRecogniser,
)

SPEAKER = EspeakSpeaker()
RATE = SPEAKER.format.rate
NAMES = [
    Named(NameKind.SONG, "1", "Broken Mirror", "The Little Engines"),
    Named(NameKind.SONG, "2", "Violet Harbour", "Anna Becker"),
    Named(NameKind.SONG, "3", "Window in Berlin", "Klillo"),
]
SHAPE = {"rate": RATE, "width": 2, "channels": 1}


async def understand(text: str) -> Understood | None:
    if text == "trouble":
        raise NotFound("There is no such thing.")
    if not text.startswith("play "):
        return None
    return Understood("play", (("song", text.removeprefix("play ")),), "Playing.")


async def handle(text: str) -> Answered:
    return Answered(f"Doing {text}." if "play" in text else "No.", handled="play" in text)


@asynccontextmanager
async def gateway(
    recogniser: PocketsphinxRecogniser, **settings: float
) -> AsyncIterator[WyomingGateway]:
    roles = WyomingRoles(recogniser, SPEAKER, understand, handle)
    made = WyomingGateway(roles, WyomingSettings(port=0, **settings))
    await made.start()
    try:
        yield made
    finally:
        await made.close()


@pytest.fixture
async def recogniser() -> AsyncIterator[PocketsphinxRecogniser]:
    made = PocketsphinxRecogniser(decoders=1)
    yield made
    await made.close()


@pytest.fixture
async def served(recogniser: PocketsphinxRecogniser) -> AsyncIterator[WyomingGateway]:
    async with gateway(recogniser) as made:
        yield made


@asynccontextmanager
async def client(served: WyomingGateway) -> AsyncIterator[AsyncTcpClient]:
    async with AsyncTcpClient("127.0.0.1", served.port, read_timeout=30) as made:
        yield made


async def said(text: str) -> bytes:
    async with aclosing(SPEAKER.speak(text, "en-us")) as sound:
        return b"".join([chunk async for chunk in sound])


async def send_sound(to: AsyncTcpClient, sound: bytes, step: int = 2_048) -> None:
    await to.write_event(AudioStart(RATE, 2, 1).event())
    for at in range(0, len(sound), step):
        await to.write_event(AudioChunk(RATE, 2, 1, sound[at : at + step]).event())
    await to.write_event(AudioStop().event())


async def answer(from_: AsyncTcpClient) -> Event:
    event = await from_.read_event()
    assert event is not None
    return event


async def test_describe_tells_every_role_to_the_real_client(served: WyomingGateway) -> None:
    async with client(served) as c:
        await c.write_event(Describe().event())
        event = await answer(c)
    info = Info.from_event(event)
    assert [len(r) for r in (info.asr, info.tts, info.handle, info.intent)] == [1, 1, 1, 1]
    assert "en" in {language for voice in info.tts[0].voices for language in voice.languages}
    assert info.asr[0].models[0].languages == ["en"]
    assert all(event.data[name] == [] for name in ("wake", "mic", "snd"))


async def test_speech_becomes_a_transcript(
    served: WyomingGateway, recogniser: PocketsphinxRecogniser
) -> None:
    await recogniser.learn(NAMES)
    async with client(served) as c:
        for text in ("play broken mirror by the little engines", "pause the music"):
            await c.write_event(Transcribe(language="en").event())
            await send_sound(c, await said(text))
            assert Transcript.from_event(await answer(c)).text == text


async def test_partial_transcripts_come_where_they_are_asked_for(
    served: WyomingGateway, recogniser: PocketsphinxRecogniser
) -> None:
    await recogniser.learn(NAMES)
    async with client(served) as c:
        await c.write_event(Transcribe(context={"partials": True}).event())
        await send_sound(c, await said("play violet harbour by anna becker"))
        events = [await answer(c)]
        while not Transcript.is_type(events[-1].type):
            events.append(await answer(c))
    assert TranscriptStart.is_type(events[0].type)
    assert TranscriptStop.is_type(events[-2].type)
    chunks = [TranscriptChunk.from_event(e).text for e in events[1:-2]]
    assert len(chunks) > 1
    assert "".join(chunks) == Transcript.from_event(events[-1]).text


async def test_silence_becomes_an_empty_transcript(served: WyomingGateway) -> None:
    async with client(served) as c:
        await send_sound(c, bytes(RATE))
        assert Transcript.from_event(await answer(c)).text == ""
        await c.write_event(Ping("still here").event())
        assert Pong.from_event(await answer(c)).text == "still here"


async def test_recognize_is_answered_with_an_intent_and_the_context(
    served: WyomingGateway,
) -> None:
    async with client(served) as c:
        await c.write_event(Recognize("play x", context={"conversation": 7}).event())
        intent = Intent.from_event(await answer(c))
        assert (intent.name, intent.text, intent.context) == (
            "play",
            "Playing.",
            {"conversation": 7},
        )
        assert [(e.name, e.value) for e in intent.entities] == [("song", "x")]
        await c.write_event(Recognize("good morning").event())
        assert NotRecognized.from_event(await answer(c)).text == "good morning"


async def test_a_transcript_is_handled(served: WyomingGateway) -> None:
    async with client(served) as c:
        await c.write_event(Transcript("play x", context={"a": 1}).event())
        handled = Handled.from_event(await answer(c))
        assert (handled.text, handled.context) == ("Doing play x.", {"a": 1})
        await c.write_event(Transcript("sing").event())
        assert NotHandled.from_event(await answer(c)).text == "No."


@pytest.mark.parametrize(
    "request_",
    [
        Synthesize("Playing Broken Mirror."),
        Synthesize("Playing it.", SynthesizeVoice(language="de")),
        Synthesize("Playing it.", SynthesizeVoice(name="en-gb")),
        Synthesize("<speak>Playing it.</speak>", text_format=SynthesizeTextFormat.SSML),
    ],
)
async def test_synthesize_is_answered_with_sound(
    served: WyomingGateway, request_: Synthesize
) -> None:
    async with client(served) as c:
        await c.write_event(request_.event())
        events = [await answer(c)]
        while not AudioStop.is_type(events[-1].type):
            events.append(await answer(c))
    assert AudioStart.from_event(events[0]).rate == RATE
    chunks = [AudioChunk.from_event(e) for e in events[1:-1]]
    assert sum(chunk.seconds for chunk in chunks) > 0.5


async def test_the_client_driver_and_the_gateway_understand_each_other(
    served: WyomingGateway, recogniser: PocketsphinxRecogniser
) -> None:
    await recogniser.learn(NAMES)
    driver = WyomingRecogniser("127.0.0.1", served.port)
    await driver.learn(NAMES)
    stream = driver.open(SPEAKER.format)
    await stream.feed(await said("play violet harbour by anna becker"))
    assert (await stream.finish()).text == "play violet harbour by anna becker"
    await stream.close()
    await driver.close()


async def test_a_request_that_is_refused_gets_an_error_and_the_connection_stays(
    served: WyomingGateway,
) -> None:
    async with client(served) as c:
        for event, code in (
            (Recognize("trouble"), "not_found"),
            (Synthesize(""), "speech_invalid"),
            (Synthesize("a" * 2_000), "speech_invalid"),
            (Synthesize("a", SynthesizeVoice(name="../../etc")), "speech_invalid"),
        ):
            await c.write_event(event.event())
            assert Error.from_event(await answer(c)).code == code
        await c.write_event(Event("from-the-future", {"a": 1}, b"x"))
        await c.write_event(Ping().event())
        assert Pong.is_type((await answer(c)).type)


def line(**parts: object) -> bytes:
    return json.dumps(parts).encode() + b"\n"


AUDIO_START = line(type="audio-start", data=SHAPE)


@pytest.mark.parametrize(
    "sent",
    [
        b"x" * 1_000_000 + b"\n",
        b"no json\n",
        b"[]\n",
        b"{}\n",
        b'{"type": 7}\n',
        b"[" * 60_000 + b"\n",
        b"\xff\xfe\n",
        line(type="ping", data=7),
        line(type="ping", data_length=-1),
        line(type="ping", data_length="many"),
        line(type="ping", data_length=10**12),
        line(type="audio-chunk", payload_length=10**12),
        line(type="ping", data_length=2) + b"[]",
        line(type="ping", data_length=3) + b"{{{",
        line(type="recognize"),
        line(type="recognize", data={"text": 7}),
        line(type="recognize", data={"text": "a" * 501}),
        line(type="audio-chunk", data=SHAPE, payload_length=2) + b"ab",
        line(type="audio-stop"),
        line(type="audio-start"),
        line(type="audio-start", data=SHAPE | {"rate": "fast"}),
        line(type="audio-start", data=SHAPE | {"rate": 8_000}),
        line(type="audio-start", data=SHAPE | {"width": 1}),
        line(type="audio-start", data=SHAPE | {"channels": 10**9}),
        AUDIO_START + line(type="audio-chunk", data=SHAPE, payload_length=3) + b"abc",
        AUDIO_START + line(type="audio-chunk", data=SHAPE | {"rate": 16_000}),
        AUDIO_START
        + 2 * (line(type="audio-chunk", data=SHAPE, payload_length=10**6) + bytes(10**6)),
    ],
)
async def test_what_is_no_event_gets_an_error_and_the_end(
    served: WyomingGateway, sent: bytes
) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
    writer.write(sent)
    async with asyncio.timeout(20):
        answered = await reader.read(100_000)
        head, _, data = answered.partition(b"\n")
        assert json.loads(head)["type"] == "error"
        assert json.loads(data)["code"] in {"wyoming_invalid", "audio_invalid", "audio_too_long"}
        with suppress(ConnectionResetError):
            assert await reader.read() == b""
    writer.close()
    async with client(served) as c:
        await c.write_event(Ping().event())
        assert Pong.is_type((await answer(c)).type)


async def test_a_client_that_ends_inside_an_event_is_let_go(served: WyomingGateway) -> None:
    for sent in (b'{"type": "pi', line(type="ping", data_length=50) + b"{", AUDIO_START):
        _, writer = await asyncio.open_connection("127.0.0.1", served.port)
        writer.write(sent)
        await writer.drain()
        writer.close()
        await writer.wait_closed()
    async with client(served) as c:
        await c.write_event(Ping().event())
        assert Pong.is_type((await answer(c)).type)


async def test_who_says_nothing_is_let_go(recogniser: PocketsphinxRecogniser) -> None:
    async with gateway(recogniser, idle_seconds=0.2, sound_seconds=0.2) as served:
        for sent in (b"", b'{"type": "pi', AUDIO_START):
            reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
            writer.write(sent)
            async with asyncio.timeout(5):
                assert await reader.read() == b""
            writer.close()


async def test_two_hundred_connections_are_refused_but_the_first_are_served(
    recogniser: PocketsphinxRecogniser,
) -> None:
    async with gateway(recogniser, connections=20) as served, AsyncExitStack() as held:
        clients = [await held.enter_async_context(client(served)) for _ in range(200)]
        for c in clients[:20]:
            await c.write_event(Ping().event())
            assert Pong.is_type((await answer(c)).type)
        for c in clients[20:]:
            assert Error.from_event(await answer(c)).code == "unavailable"


async def test_a_client_that_goes_in_the_middle_frees_the_recogniser(
    served: WyomingGateway, recogniser: PocketsphinxRecogniser
) -> None:
    sound = await said("pause the music")
    for _ in range(3):
        async with client(served) as c:
            await c.write_event(AudioStart(RATE, 2, 1).event())
            await c.write_event(AudioChunk(RATE, 2, 1, sound).event())
    for _ in range(40):  # the gateway learns a little later that they are gone
        async with client(served) as c:
            await send_sound(c, sound)
            heard = await answer(c)
        if Transcript.is_type(heard.type):
            break
        assert Error.from_event(heard).code == RecogniserBusy.code
        await asyncio.sleep(0.25)
    assert Transcript.from_event(heard).text == "pause the music"


async def test_a_recogniser_that_is_gone_is_told(
    served: WyomingGateway, recogniser: PocketsphinxRecogniser
) -> None:
    await recogniser.close()
    async with client(served) as c:
        await c.write_event(AudioStart(RATE, 2, 1).event())
        await c.write_event(AudioChunk(RATE, 2, 1, await said("pause the music")).event())
        assert Error.from_event(await answer(c)).code == RecogniserUnavailable.code


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "music.example"])
def test_other_addresses_than_loopback_are_refused_unless_they_are_meant(
    recogniser: PocketsphinxRecogniser, host: str
) -> None:
    roles = WyomingRoles(recogniser, SPEAKER, understand, handle)
    with pytest.raises(Invalid, match="trusted_network"):
        WyomingGateway(roles, WyomingSettings(host=host))
    WyomingGateway(roles, WyomingSettings(host=host, trusted_network=True))


async def test_a_port_that_is_taken_is_said_to_be(served: WyomingGateway) -> None:
    roles = WyomingRoles(PocketsphinxRecogniser(), SPEAKER, understand, handle)
    with pytest.raises(Unavailable):
        await WyomingGateway(roles, WyomingSettings(port=served.port)).start()
    await roles.recogniser.close()


async def test_nothing_that_was_said_is_logged(
    served: WyomingGateway, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        async with client(served) as c:
            await c.write_event(Recognize("play my secret").event())
            await answer(c)
            await c.write_event(Transcript("play my secret").event())
            await answer(c)
    captured = capsys.readouterr()
    assert "secret" not in caplog.text + captured.out + captured.err
