"""The parent's end of the processes that decode for pocketsphinx."""

import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

import msgspec

from antiphon.voice.model import Named
from antiphon.voice.recognition.errors import RecogniserUnavailable
from antiphon.voice.recognition.pocketsphinx_frames import HEADER

__all__ = ["DecoderProcess", "make_model"]

_Answer = TypeVar("_Answer")
_PACKAGE = "antiphon.voice.recognition"
_ANSWER_SECONDS = 20.0  # a decoder that has only just been started included
_MODEL_SECONDS = 300.0
_GONE = "The recogniser broke off: try again."


async def make_model(names: Sequence[Named], folder: Path) -> None:
    """Write the model for these names; ``RecogniserUnavailable`` where that fails."""
    child = await _started("pocketsphinx_model", folder)
    try:
        async with asyncio.timeout(_MODEL_SECONDS):
            await child.communicate(msgspec.json.encode(names))
    except TimeoutError as late:
        raise RecogniserUnavailable("The names of the catalogue took too long.") from late
    finally:
        await _ended(child)
    if child.returncode:
        raise RecogniserUnavailable("No language model could be made of the catalogue.")


class DecoderProcess:
    """One decoder, used by one stream at a time. ``RecogniserUnavailable`` at every deadline.

    ``folder`` is the model that it has read.
    """

    def __init__(self, folder: Path, child: asyncio.subprocess.Process) -> None:
        self.folder = folder
        self._child = child

    @classmethod
    async def start(cls, folder: Path) -> "DecoderProcess":
        """Return a decoder with the model of this folder; it loads while the first sound comes."""
        return cls(folder, await _started("pocketsphinx_worker", folder))

    @property
    def alive(self) -> bool:
        """Whether it has not ended."""
        return self._child.returncode is None

    async def begin(self) -> None:
        """Begin an utterance; one under way is dropped."""
        await self._send(b"B", b"")

    async def sound(self, pcm: bytes) -> None:
        """Decode more of it: 16 bits, 16 kHz, mono."""
        await self._send(b"A", pcm)

    async def words(self) -> str:
        """Return the words so far."""
        return await self._asked(b"P", str)

    async def finish(self) -> list[tuple[str, float]]:
        """Return the hypotheses, none where no word was found."""
        return await self._asked(b"F", list[tuple[str, float]])

    def kill(self) -> None:
        """End the process without waiting: whoever waits for it gets ``RecogniserUnavailable``."""
        if self.alive:
            self._child.kill()

    async def end(self) -> None:
        """End the process, at once."""
        await _ended(self._child)

    async def _send(self, letter: bytes, body: bytes) -> None:
        assert self._child.stdin is not None
        try:
            async with asyncio.timeout(_ANSWER_SECONDS):
                self._child.stdin.write(HEADER.pack(letter, len(body)) + body)
                await self._child.stdin.drain()
        except (TimeoutError, OSError) as fault:
            raise RecogniserUnavailable(_GONE) from fault

    async def _asked(self, letter: bytes, kind: type[_Answer]) -> _Answer:
        await self._send(letter, b"")
        assert self._child.stdout is not None
        try:
            async with asyncio.timeout(_ANSWER_SECONDS):
                line = await self._child.stdout.readline()
            return msgspec.json.decode(line, type=kind)
        except (TimeoutError, OSError, ValueError) as fault:
            raise RecogniserUnavailable(_GONE) from fault


async def _started(module: str, folder: Path) -> asyncio.subprocess.Process:
    try:
        return await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            f"{_PACKAGE}.{module}",
            str(folder),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
    except OSError as fault:
        raise RecogniserUnavailable("The recogniser cannot be started.") from fault


async def _ended(child: asyncio.subprocess.Process) -> None:
    if child.returncode is None:
        child.kill()
    await child.wait()
    # The pipes are closed by the loop soon after; without this their transports outlive it.
    await asyncio.sleep(0)
