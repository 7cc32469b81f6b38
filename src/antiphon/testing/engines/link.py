"""A way to an engine that can be made slow: answers come later, as over a bad network."""

import asyncio
import threading
from contextlib import suppress
from types import TracebackType
from typing import Self

from antiphon.testing.engines.engine import free_port

_READ_BYTES = 64 * 1024
_MOST_WAITING = 256  # pieces of one connection; the engine waits then, as on a full network
_HOST = "127.0.0.1"


class Link:
    """A port of loopback that passes everything on to an engine's; use it as a context manager.

    ``delay`` may be set at any time: every answer comes so many seconds later, in order, at full
    width. It runs in a thread of its own.
    """

    def __init__(self, port: int, *, host: str = _HOST, at: int | None = None) -> None:
        """``port``: the engine's; it need not listen yet. ``host`` and ``at``: where to listen."""
        self.host = host
        self.port = at or free_port()
        self.delay = 0.0
        self.accepted = 0  # connections so far
        self._engine = port
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._passing: set[asyncio.Task[None]] = set()

    def through(self, url: str) -> str:
        """Return an address of the engine as it is reached by way of this link."""
        return url.replace(f":{self._engine}", f":{self.port}")

    def __enter__(self) -> Self:
        """Listen."""
        self._thread.start()
        opening = asyncio.start_server(self._accept, self.host, self.port)
        self._server = asyncio.run_coroutine_threadsafe(opening, self._loop).result(10)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close all connections."""
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    async def _close(self) -> None:
        self._server.close()
        for task in self._passing:
            task.cancel()
        await asyncio.gather(*self._passing, return_exceptions=True)

    async def _accept(self, client: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._passing.add(task)
        self.accepted += 1
        try:
            with suppress(OSError):
                answers, engine = await asyncio.open_connection(_HOST, self._engine)
                try:
                    await asyncio.gather(_pass(client, engine), self._answer(answers, back))
                finally:
                    engine.close()
        except asyncio.CancelledError:  # the link is closed: nobody awaits this task
            return
        finally:
            self._passing.discard(task)
            back.close()

    async def _answer(self, answers: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        """Pass answers on, each when it is due."""
        waiting: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(_MOST_WAITING)
        taking = asyncio.create_task(self._take(answers, waiting))
        try:
            while True:
                due, piece = await waiting.get()
                await asyncio.sleep(due - self._loop.time())
                if not piece:
                    back.close()
                    return
                back.write(piece)
                await back.drain()
        finally:
            taking.cancel()

    async def _take(
        self, answers: asyncio.StreamReader, waiting: "asyncio.Queue[tuple[float, bytes]]"
    ) -> None:
        piece = b"..."
        while piece:
            try:
                piece = await answers.read(_READ_BYTES)
            except OSError:
                piece = b""
            await waiting.put((self._loop.time() + self.delay, piece))


async def _pass(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while piece := await source.read(_READ_BYTES):
            sink.write(piece)
            await sink.drain()
    sink.close()
