import asyncio
import os
import time
from collections.abc import AsyncIterator

import pytest

from antiphon.testing.engines.link import Link

DELAY = 0.2


@pytest.fixture
async def echo() -> AsyncIterator[int]:
    """A port that sends back what it gets."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while piece := await reader.read(65536):
            writer.write(piece)
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    yield server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()


async def asked(port: int, data: bytes) -> tuple[bytes, float]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    begin = time.monotonic()
    writer.write(data)
    first = await reader.read(1)
    took = time.monotonic() - begin
    rest = await reader.readexactly(len(data) - 1)
    writer.close()
    await writer.wait_closed()
    return first + rest, took


async def test_answers_come_whole_and_as_late_as_said(echo: int) -> None:
    data = os.urandom(3_000_000)
    with Link(echo) as link:
        assert (await asked(link.port, b"ab"))[1] < DELAY
        link.delay = DELAY
        begin = time.monotonic()
        answers = await asyncio.gather(*(asked(link.port, data) for _ in range(3)))
        assert all(found == data and took >= DELAY for found, took in answers)
        assert time.monotonic() - begin < 10 * DELAY, "each piece waited for the one before"
        link.delay = 0.0
        assert (await asked(link.port, b"ab"))[1] < DELAY


async def test_an_engine_that_is_down_is_down_behind_its_link(echo: int) -> None:
    with Link(1) as link:
        reader, writer = await asyncio.open_connection("127.0.0.1", link.port)
        assert await asyncio.wait_for(reader.read(1), 5) == b""
        writer.close()
        assert link.through("redis://h:1/0") == f"redis://h:{link.port}/0"
