"""Speech by the real espeak-ng."""

import time
from contextlib import aclosing
from pathlib import Path

import numpy as np
import pytest

from antiphon.voice import EspeakSpeaker, SpeakerUnavailable, SpeechInvalid
from antiphon.voice.speech import MOST_SPOKEN
from antiphon.voice.speech.ssml import safe_ssml


async def spoken(text: str, language: str = "en", *, ssml: bool = False) -> bytes:
    async with aclosing(EspeakSpeaker().speak(text, language, ssml=ssml)) as sound:
        return b"".join([chunk async for chunk in sound])


async def test_a_sentence_becomes_a_second_or_two_of_sound() -> None:
    speaker = EspeakSpeaker()
    sound = await spoken("Playing Broken Mirror by the Little Engines.")
    samples = np.frombuffer(sound, "<i2")
    assert 1.5 < len(sound) / speaker.format.bytes_per_second < 5
    assert np.abs(samples).max() > 3_000


async def test_the_first_sound_comes_before_the_last_is_made() -> None:
    text = "Playing the next song, and then the one after it. " * 15
    began = time.process_time()
    async with aclosing(EspeakSpeaker().speak(text)) as sound:
        first = await anext(sound)
        assert len(first) == 4_410
        rest = sum([len(chunk) async for chunk in sound])
    assert rest > 20 * len(first)
    assert time.process_time() - began < 2


async def test_who_stops_listening_ends_the_program() -> None:
    async with aclosing(EspeakSpeaker().speak("one two three four " * 50)) as sound:
        await anext(sound)
    assert not [p for p in Path("/proc").glob("[0-9]*") if _is_our_espeak(p)]


def _is_our_espeak(process: Path) -> bool:
    try:
        status = (process / "status").read_text()
        parent = next(line for line in status.splitlines() if line.startswith("PPid:"))
        mine = int(parent.split()[1]) == int(Path("/proc/self").resolve().name)
        return mine and "espeak" in (process / "comm").read_text()
    except (OSError, StopIteration):
        return False


@pytest.mark.parametrize("text", ["--version", "-v de", "$(id)", "`id`; rm x", "a\x00b\x1b[1m"])
async def test_no_text_is_an_option_or_a_command(text: str) -> None:
    assert len(await spoken(text)) > 4_410


async def test_ssml_shapes_the_speech() -> None:
    plain = await spoken("<speak>one two</speak>", ssml=True)
    paused = await spoken('<speak>one<break time="900ms"/>two</speak>', ssml=True)
    assert len(paused) > len(plain) + 22_050


async def test_sound_files_are_never_read_for_ssml() -> None:
    """espeak-ng would hand the name to a shell."""
    text = '<speak>hello <audio src="/x&quot;; touch /tmp/y; &quot;">there</audio></speak>'
    assert safe_ssml(text) == "<speak>hello there</speak>"


@pytest.mark.parametrize(
    "text",
    [
        "hello",
        "<speak>hello",
        "<p>hello</p>",
        "<speak><break/></speak>",
        '<!DOCTYPE x [<!ENTITY a "aa">]><speak>&a;</speak>',
        "<speak>" + "<p>" * 60 + "x" + "</p>" * 60 + "</speak>",
    ],
)
async def test_ssml_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(SpeechInvalid):
        await spoken(text, ssml=True)


@pytest.mark.parametrize("text", ["", "  \n ", "\x00\x01", "a" * (MOST_SPOKEN + 1)])
async def test_nothing_and_too_much_are_refused(text: str) -> None:
    with pytest.raises(SpeechInvalid):
        await spoken(text)


@pytest.mark.parametrize("language", ["zz-zz", "../etc", "en --phonout=x", ""])
async def test_a_language_that_is_not_there_is_refused(language: str) -> None:
    with pytest.raises(SpeechInvalid):
        await spoken("hello", language)


async def test_every_language_that_is_told_can_be_spoken() -> None:
    for language in EspeakSpeaker().languages:
        assert await spoken("12", language), language


async def test_a_missing_program_is_named() -> None:
    async with aclosing(EspeakSpeaker("no-such-program").speak("hello")) as sound:
        with pytest.raises(SpeakerUnavailable, match="espeak-ng") as fault:
            await anext(sound)
    assert fault.value.fields == {"package": "espeak-ng"}
