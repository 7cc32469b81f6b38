"""Recognition by the real pocketsphinx, of what the real espeak-ng says."""

import asyncio
import os
import time
from collections.abc import AsyncIterator
from contextlib import aclosing

import pytest
from rapidfuzz import fuzz

from antiphon.kernel import Invalid
from antiphon.testing.spoken_songs import spoken_commands, spoken_songs
from antiphon.voice import (
    AudioInvalid,
    AudioTooLong,
    EspeakSpeaker,
    Named,
    NothingHeard,
    PcmFormat,
    PocketsphinxRecogniser,
    Recogniser,
    RecogniserBusy,
    RecogniserUnavailable,
    Transcript,
    WyomingRecogniser,
    open_recogniser,
)
from antiphon.voice.recognition import pocketsphinx_recogniser, spoken_words

SONGS = spoken_songs(200, seed=11)
SPEAKER = EspeakSpeaker()
FORMAT = SPEAKER.format


async def said(text: str, language: str = "en-us") -> bytes:
    async with aclosing(SPEAKER.speak(text, language)) as sound:
        return b"".join([chunk async for chunk in sound])


async def heard(recogniser: Recogniser, sound: bytes) -> Transcript:
    stream = recogniser.open(FORMAT)
    try:
        for at in range(0, len(sound), 4_410):
            await stream.feed(sound[at : at + 4_410])
        return await stream.finish()
    finally:
        await stream.close()


def meant(transcript: Transcript) -> Named:
    def likeness(song: Named) -> float:
        words = " ".join(spoken_words(f"play {song.name} by {song.artist}"))
        alone = " ".join(spoken_words(f"play {song.name}"))
        return max(fuzz.ratio(text, w) for text in [transcript.text] for w in (words, alone))

    return max(SONGS, key=likeness)


@pytest.fixture
async def recogniser() -> AsyncIterator[PocketsphinxRecogniser]:
    made = PocketsphinxRecogniser(decoders=1)
    yield made
    await made.close()


async def test_three_commands_of_four_find_their_song(recogniser: PocketsphinxRecogniser) -> None:
    await recogniser.learn(SONGS)
    commands = spoken_commands(SONGS, 16, seed=12)
    right = 0
    for text, song in commands:
        transcript = await heard(recogniser, await said(text))
        right += meant(transcript).id == song.id
        confidences = [c for _, c in transcript.hypotheses]
        assert confidences == sorted(confidences, reverse=True)
        assert all(0 <= c <= 1 for c in confidences)
    assert right >= 0.75 * len(commands)


async def test_words_come_while_the_sound_does_and_the_rest_soon_after_its_end(
    recogniser: PocketsphinxRecogniser,
) -> None:
    await recogniser.learn(SONGS)
    song = SONGS[0]
    sound = await said(f"play the song {song.name} by {song.artist}")
    stream = recogniser.open(FORMAT)
    guesses = []
    for at in range(0, len(sound), 8_820):
        await stream.feed(sound[at : at + 8_820])
        guesses.append(await stream.partial())
    used = os.times()
    transcript = await stream.finish()
    spent = os.times()
    assert guesses[0] == ""
    assert guesses[-1].startswith("play the song")
    assert transcript.text.startswith("play the song")
    assert spent.user - used.user < 0.25  # the event loop's own; decoding is not here
    await stream.close()


async def test_the_event_loop_turns_while_a_command_is_decoded(
    recogniser: PocketsphinxRecogniser,
) -> None:
    sound = await said("turn the volume down and stop in twenty minutes")
    longest = 0.0
    done = asyncio.Event()

    async def watch() -> None:
        nonlocal longest
        while not done.is_set():
            began = time.thread_time()
            await asyncio.sleep(0.001)  # without it, this would keep a core from the decoder
            longest = max(longest, time.thread_time() - began)

    watching = asyncio.create_task(watch())
    transcript = await heard(recogniser, sound)
    done.set()
    await watching
    assert transcript.text
    assert longest < 0.1


async def test_without_a_catalogue_requests_without_names_are_heard(
    recogniser: PocketsphinxRecogniser,
) -> None:
    assert (await heard(recogniser, await said("pause the music"))).text == "pause the music"


async def test_an_utterance_does_not_depend_on_those_before_it(
    recogniser: PocketsphinxRecogniser,
) -> None:
    await recogniser.learn(SONGS)
    sound = await said(f"play {SONGS[1].name} by {SONGS[1].artist}")
    first = await heard(recogniser, sound)
    await heard(recogniser, await said("what is this song", "en-gb"))
    assert await heard(recogniser, sound) == first


async def test_names_that_are_learnt_replace_those_of_before(
    recogniser: PocketsphinxRecogniser,
) -> None:
    await recogniser.learn(SONGS[:50])
    await recogniser.learn([])
    assert (await heard(recogniser, await said("next song"))).text == "next song"


async def test_silence_and_odd_bytes_and_long_sound_are_refused(
    recogniser: PocketsphinxRecogniser,
) -> None:
    with pytest.raises(NothingHeard):
        await heard(recogniser, bytes(2 * FORMAT.bytes_per_second))
    with pytest.raises(AudioInvalid):
        await heard(recogniser, bytes(4_411))
    with pytest.raises(AudioTooLong):
        await heard(recogniser, bytes(1_800 * FORMAT.bytes_per_second))
    with pytest.raises(AudioInvalid):
        recogniser.open(PcmFormat(8_000))


async def test_who_finds_all_decoders_in_use_is_refused_and_may_come_again(
    recogniser: PocketsphinxRecogniser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pocketsphinx_recogniser, "_BUSY_SECONDS", 0.1)
    sound = await said("pause the music")
    holding = recogniser.open(FORMAT)
    await holding.feed(sound)
    with pytest.raises(RecogniserBusy):
        await heard(recogniser, sound)
    await holding.close()
    assert (await heard(recogniser, sound)).text == "pause the music"


async def test_who_falls_asleep_over_a_stream_loses_it(
    recogniser: PocketsphinxRecogniser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pocketsphinx_recogniser, "_HELD_SECONDS", 0.3)
    sound = await said("pause the music")
    stream = recogniser.open(FORMAT)
    await stream.feed(sound)
    await asyncio.sleep(0.5)
    with pytest.raises(RecogniserUnavailable):
        await stream.finish()
    await stream.close()
    monkeypatch.undo()
    assert (await heard(recogniser, sound)).text == "pause the music"


async def test_a_closed_recogniser_says_so() -> None:
    recogniser = PocketsphinxRecogniser(decoders=1)
    await recogniser.close()
    with pytest.raises(RecogniserUnavailable):
        await heard(recogniser, await said("pause the music"))


async def test_a_speech_server_that_is_not_there_is_said_to_be_missing() -> None:
    recogniser = open_recogniser("wyoming://127.0.0.1:9")
    assert isinstance(recogniser, WyomingRecogniser)
    with pytest.raises(RecogniserUnavailable):
        await heard(recogniser, await said("pause the music"))


@pytest.mark.parametrize("url", ["", "whisper:", "wyoming://", "wyoming://host", "http://[", "x"])
def test_an_address_that_is_no_recogniser_is_refused(url: str) -> None:
    with pytest.raises(Invalid):
        open_recogniser(url)
