"""A key-encryption key behind a command, such as the client of a key management service.

The command is run as ``COMMAND wrap`` or ``COMMAND unwrap``, without a shell. It reads one line of
base64 and prints one line of base64; status 0 is success, 1 means "not mine, or altered", any
other that the service cannot be asked now. What it prints as errors is neither kept nor logged,
since it may quote what it was given.
"""

import asyncio
import base64
import binascii
import shlex
from contextlib import suppress
from typing import Final

from antiphon.kernel import Invalid
from antiphon.rights.keys.model import KeysUnavailable, KeysUnreadable
from antiphon.rights.keys.wrapping import Wrapped

_NAME: Final = "command"
_MOST_BYTES: Final = 64 * 1024
_REFUSED: Final = 1
_SECONDS: Final = 20.0


class CommandKeyEncryption:
    """Wraps and unwraps by running a command; ``seconds`` is how long it may take."""

    def __init__(self, command: str, *, seconds: float = _SECONDS) -> None:
        try:
            self._arguments = shlex.split(command)
        except ValueError as fault:
            raise Invalid(f"{command!r} is no command: {fault}.") from fault
        if not self._arguments:
            raise Invalid("Name a command: command:/path/to/program arguments.")
        self._seconds = seconds

    def opens(self, by: str) -> bool:
        """Say whether a command wrapped it; which one, only the command knows."""
        return by == _NAME

    async def wrap(self, plain: bytes) -> Wrapped:
        """Let the command wrap."""
        return Wrapped(_NAME, await self._run("wrap", plain))

    async def unwrap(self, wrapped: Wrapped) -> bytes:
        """Let the command unwrap."""
        return await self._run("unwrap", wrapped.blob)

    async def advance(self, generation: int) -> None:
        """The service has versions of its own: wrapping again is enough to get to the newest."""

    async def forget(self, used: frozenset[str], before: int) -> None:
        """And it forgets by its own rules."""

    async def _run(self, verb: str, given: bytes) -> bytes:
        try:
            process = await asyncio.create_subprocess_exec(
                *self._arguments,
                verb,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
            )
        except OSError as fault:
            raise KeysUnavailable(f"{self._what} cannot be run: {fault.strerror}.") from fault
        try:
            async with asyncio.timeout(self._seconds):
                out, _ = await process.communicate(base64.b64encode(given) + b"\n")
        except TimeoutError as fault:
            raise KeysUnavailable(f"{self._what} took over {self._seconds:g} s.") from fault
        finally:
            if process.returncode is None:
                with suppress(ProcessLookupError):
                    process.kill()
                await process.wait()
        return self._answer(process.returncode, out)

    def _answer(self, status: int | None, out: bytes) -> bytes:
        if status == _REFUSED:
            raise KeysUnreadable(f"{self._what} says that this key is not its own (status 1).")
        if status != 0:
            raise KeysUnavailable(f"{self._what} failed with status {status}: run it by hand.")
        try:
            answer = base64.b64decode(out[:_MOST_BYTES].strip(), validate=True)
        except binascii.Error as fault:
            raise KeysUnavailable(f"{self._what} printed no base64.") from fault
        if not answer:
            raise KeysUnavailable(f"{self._what} printed nothing.")
        return answer

    @property
    def _what(self) -> str:
        return f"The key command {self._arguments[0]!r}"
