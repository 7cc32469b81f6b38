"""The server: who may connect, and how many."""

import asyncio

import structlog

from antiphon.gateways.wyoming.conversation import Conversation, error_event
from antiphon.gateways.wyoming.model import WyomingRoles, WyomingSettings, checked
from antiphon.kernel import Unavailable
from antiphon.voice import MOST_LINE, write_event

__all__ = ["WyomingGateway"]

_log = structlog.get_logger()


class WyomingGateway:
    """Listens for Wyoming clients from ``start`` to ``close``.

    ``Invalid`` where the settings would open an unprotected port to a network without saying so.
    """

    def __init__(self, roles: WyomingRoles, settings: WyomingSettings | None = None) -> None:
        self._roles = roles
        self._settings = checked(settings or WyomingSettings())
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.Task[None]] = set()

    @property
    def port(self) -> int:
        """Return the port, also where the settings left the choice to the system (0)."""
        assert self._server is not None, "start comes first"
        return int(self._server.sockets[0].getsockname()[1])

    async def start(self) -> None:
        """Listen; ``Unavailable`` where the address is taken."""
        try:
            self._server = await asyncio.start_server(
                self._welcome, self._settings.host, self._settings.port, limit=MOST_LINE
            )
        except OSError as fault:
            raise Unavailable(
                f"Port {self._settings.port} of {self._settings.host} cannot be listened on."
            ) from fault

    async def close(self) -> None:
        """Stop listening, and end all conversations."""
        if self._server is None:
            return
        self._server.close()
        for task in self._open:
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)
        await self._server.wait_closed()

    def _welcome(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.get_running_loop().create_task(self._converse(reader, writer))
        self._open.add(task)
        task.add_done_callback(self._open.discard)

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            if len(self._open) > self._settings.connections:
                refusal = Unavailable("Too many are connected: try again in a moment.")
                await write_event(writer, error_event(refusal))
            else:
                await Conversation(self._roles, self._settings, reader, writer).serve()
        except (TimeoutError, OSError) as gone:
            _log.info("wyoming_client_left", reason=type(gone).__name__)
        finally:
            writer.close()
            await asyncio.gather(writer.wait_closed(), return_exceptions=True)
