"""Speech by espeak-ng, a small formant synthesiser: the Debian package ``espeak-ng``."""

import asyncio
import re
import shutil
from collections.abc import AsyncGenerator
from typing import Final

from antiphon.voice.pcm import PcmFormat
from antiphon.voice.speech.errors import SpeakerUnavailable, SpeechInvalid
from antiphon.voice.speech.port import MOST_SPOKEN
from antiphon.voice.speech.ssml import safe_ssml

__all__ = ["EspeakSpeaker"]

_PROGRAM = "espeak-ng"
_FORMAT = PcmFormat(22_050)
_WAV_HEADER = 44  # espeak-ng writes the plain one
_CHUNK = 4_410  # bytes, 0.1 s
_FIRST_SECONDS = 5.0
_CHUNK_SECONDS = 5.0
_MOST_SOUND = 180 * _FORMAT.bytes_per_second  # 1,000 characters take some 70 s
_AT_ONCE = 4
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[a-z0-9]{2,8}){0,3}")
_LANGUAGES: Final = (
    "en", "en-gb", "en-us", "de", "fr", "es", "it", "pt", "pt-br", "nl", "sv", "da", "nb", "fi",
    "pl", "cs", "sk", "hu", "ro", "tr", "el", "ru", "uk", "ja", "ko", "hi", "ar", "he", "id", "vi",
)  # fmt: skip
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


class EspeakSpeaker:
    """A ``Speaker`` that runs the program once for each text, four at a time.

    The text goes through standard input: no shell sees it, and it cannot become an option.
    """

    def __init__(self, program: str = _PROGRAM) -> None:
        self._program = program
        self._places = asyncio.Semaphore(_AT_ONCE)

    @property
    def format(self) -> PcmFormat:
        """Return 22,050 Hz, 16 bits, mono."""
        return _FORMAT

    @property
    def languages(self) -> tuple[str, ...]:
        """Return the languages of the store; the program knows a hundred more."""
        return _LANGUAGES

    async def speak(
        self, text: str, language: str = "en", *, ssml: bool = False
    ) -> AsyncGenerator[bytes, None]:
        """Yield the sound; see the port. The first of it comes after a tenth of a second."""
        said = _checked(text, ssml=ssml)
        voice = _voice(language)
        async with self._places:
            child = await self._started(voice, ssml=ssml)
            try:
                async for chunk in _sound(child, said):
                    yield chunk
            finally:
                if child.returncode is None:
                    child.kill()
                await child.wait()

    async def _started(self, voice: str, *, ssml: bool) -> asyncio.subprocess.Process:
        program = shutil.which(self._program)
        if program is None:
            raise SpeakerUnavailable(
                "There is no espeak-ng: install the package espeak-ng.", package="espeak-ng"
            )
        options = ["--stdin", "--stdout", "-b", "1", "-v", voice, *(["-m"] if ssml else [])]
        return await asyncio.create_subprocess_exec(
            program,
            *options,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )


async def _sound(child: asyncio.subprocess.Process, said: bytes) -> AsyncGenerator[bytes, None]:
    assert child.stdin is not None
    assert child.stdout is not None
    try:
        child.stdin.write(said)
        child.stdin.close()
        async with asyncio.timeout(_FIRST_SECONDS):
            await child.stdout.readexactly(_WAV_HEADER)
        sent = 0
        while sent < _MOST_SOUND:
            async with asyncio.timeout(_CHUNK_SECONDS):
                chunk = await _read(child.stdout)
            if not chunk:
                await _gone(child)
                return
            sent += len(chunk)
            yield chunk
    except asyncio.IncompleteReadError as fault:
        await _gone(child)
        raise SpeechInvalid("Nothing of this can be spoken in this language.") from fault
    except (TimeoutError, OSError) as fault:
        raise SpeakerUnavailable("espeak-ng takes too long.") from fault


async def _gone(child: asyncio.subprocess.Process) -> None:
    """Wait for a program that has closed its output: killing it now would confuse the loop."""
    async with asyncio.timeout(_CHUNK_SECONDS):
        await child.wait()


async def _read(stream: asyncio.StreamReader) -> bytes:
    """Return the next tenth of a second, in whole samples; less at the end, then nothing."""
    try:
        return await stream.readexactly(_CHUNK)
    except asyncio.IncompleteReadError as last:
        return last.partial[: len(last.partial) // _FORMAT.frame * _FORMAT.frame]


def _checked(text: str, *, ssml: bool) -> bytes:
    if len(text) > MOST_SPOKEN:
        raise SpeechInvalid(f"At most {MOST_SPOKEN} characters are spoken.", most=MOST_SPOKEN)
    said = _CONTROL.sub(" ", text).strip()
    if not said:
        raise SpeechInvalid("There is nothing to say.")
    said = safe_ssml(said) if ssml else said
    return said.encode("utf-8", "replace") + b"\n"


def _voice(language: str) -> str:
    voice = language.lower().replace("_", "-")
    if _LANGUAGE.fullmatch(voice) is None:
        raise SpeechInvalid("A language is written as in en or pt-br.")
    return voice
