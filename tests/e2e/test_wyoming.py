"""A running server, spoken to by the protocol's own client, for one user of the house."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from wyoming.asr import Transcribe, Transcript
from wyoming.audio import AudioChunk, AudioStart, AudioStop
from wyoming.client import AsyncTcpClient
from wyoming.error import Error
from wyoming.event import Event
from wyoming.handle import Handled, NotHandled
from wyoming.info import Describe, Info
from wyoming.intent import Intent, NotRecognized, Recognize
from wyoming.tts import Synthesize

from .conftest import Server, free_port, start_server, stop_server, wait_until

_SECONDS = 60.0


@pytest.fixture(scope="module")
def served(demo_server: Server) -> tuple[Server, int]:
    """The demo's server, whose owner is there, and the port where satellites come."""
    demo_server.sign_in()
    log = demo_server.log
    wait_until(lambda: "wyoming_serves" in log.read_text(), seconds=120, what="Wyoming")
    return demo_server, demo_server.wyoming_port


@asynccontextmanager
async def satellite(port: int) -> AsyncIterator[AsyncTcpClient]:
    async with AsyncTcpClient("127.0.0.1", port) as client:
        yield client


async def answer(client: AsyncTcpClient) -> Event:
    event = await asyncio.wait_for(client.read_event(), _SECONDS)
    assert event is not None, "the server has hung up"
    return event


async def told(port: int, text: str) -> Event:
    async with satellite(port) as client:
        await client.write_event(Transcript(text).event())
        return await answer(client)


@pytest.fixture(scope="module")
def song(served: tuple[Server, int]) -> dict[str, str]:
    server, _ = served
    page = server.call("GET", "/v1/catalog/home/songs?limit=1", token=server.sign_in())[1]
    return dict(page["data"][0]["attributes"], id=page["data"][0]["id"])


async def test_every_role_is_told_of(served: tuple[Server, int]) -> None:
    async with satellite(served[1]) as client:
        await client.write_event(Describe().event())
        info = Info.from_event(await answer(client))
    assert [len(r) for r in (info.asr, info.tts, info.handle, info.intent)] == [1, 1, 1, 1]


async def test_what_is_spoken_by_the_server_is_heard_by_it(
    served: tuple[Server, int], song: dict[str, str]
) -> None:
    text = f"play {song['name']} by {song['artistName']}"
    async with satellite(served[1]) as client:
        await client.write_event(Synthesize(text).event())
        spoken = [await answer(client)]
        while not AudioStop.is_type(spoken[-1].type):
            spoken.append(await answer(client))
        assert AudioStart.is_type(spoken[0].type)
        assert all(AudioChunk.is_type(event.type) for event in spoken[1:-1])
        until, heard = time.monotonic() + _SECONDS, ""
        while heard != text.lower() and time.monotonic() < until:  # new names are learned in time
            await client.write_event(Transcribe(language="en").event())
            for event in spoken:
                await client.write_event(event)
            heard = Transcript.from_event(await answer(client)).text
    assert heard == text.lower()


async def test_a_request_is_understood_and_nothing_done(
    served: tuple[Server, int], song: dict[str, str]
) -> None:
    async with satellite(served[1]) as client:
        await client.write_event(Recognize(f"play {song['name']} by {song['artistName']}").event())
        intent = Intent.from_event(await answer(client))
        await client.write_event(Recognize("will it rain tomorrow").event())
        assert NotRecognized.is_type((await answer(client)).type)
    assert intent.name == "play"
    assert song["artistName"].lower() in {str(e.value).lower() for e in intent.entities}


async def test_a_playlist_is_filled_by_voice(
    served: tuple[Server, int], song: dict[str, str]
) -> None:
    server, port = served
    token = server.sign_in()
    made = server.call("POST", "/v1/me/playlists", {"name": "Night drive"}, token)[1]
    event = await told(port, f"add {song['name']} by {song['artistName']} to night drive")
    assert Handled.is_type(event.type), event
    path = f"/v1/me/playlists/{made['data'][0]['id']}/items"
    items = server.call("GET", path, token=token)[1]["data"]
    assert [item["song"]["id"] for item in items] == [song["id"]]


async def test_what_only_a_player_could_do_is_not_called_done(
    served: tuple[Server, int], song: dict[str, str]
) -> None:
    event = await told(served[1], f"play {song['name']} by {song['artistName']}")
    said = NotHandled.from_event(event).text or ""
    assert song["name"] in said
    assert "no player" in said


async def test_what_is_no_request_is_refused_with_a_reason(served: tuple[Server, int]) -> None:
    assert NotHandled.from_event(await told(served[1], "what is the capital of Peru")).text
    async with satellite(served[1]) as client:
        await client.write_event(Transcript("play " * 500).event())
        assert Error.is_type((await answer(client)).type)


def test_a_user_that_nobody_knows_is_said_so(served: tuple[Server, int], tmp_path: Path) -> None:
    port = free_port()
    env = {"ANTIPHON_WYOMING_USER": "nobody", "ANTIPHON_WYOMING_PORT": str(port)}
    server = start_server(tmp_path / "data", env=env)
    try:
        wait_until(lambda: "wyoming_serves" in server.log.read_text(), seconds=60, what="Wyoming")
        event = asyncio.run(told(port, "play something"))
        assert Error.is_type(event.type)
        assert "nobody" in Error.from_event(event).text
    finally:
        stop_server(server)
