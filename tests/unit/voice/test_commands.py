import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.voice import Intent, SlotName
from antiphon.voice.commands import pattern_of, read_command
from antiphon.voice.english import COMMANDS

SAID = {
    Intent.PAUSE: ["pause", "Please stop the music.", "shut up", "hey antiphon, pause please"],
    Intent.RESUME: ["play", "resume", "keep going", "continue the music", "can you go on"],
    Intent.SKIP: ["next", "skip this song please", "play the next song", "skip to the next track"],
    Intent.PREVIOUS: ["previous song", "go back", "play this again", "start over"],
    Intent.SHUFFLE_ON: ["shuffle", "turn on shuffle", "turn shuffle on", "shuffle this playlist"],
    Intent.SHUFFLE_OFF: ["turn off shuffle", "stop shuffling", "play them in order"],
    Intent.REPEAT_ONE: ["repeat this song", "loop it", "play this over and over"],
    Intent.REPEAT_ALL: ["repeat", "repeat all", "loop the album", "turn on repeat"],
    Intent.REPEAT_OFF: ["repeat off", "turn off repeat", "stop repeating"],
    Intent.VOLUME: ["turn it up", "louder", "set the volume to forty percent", "volume 30", "mute"],
    Intent.SEEK: ["skip forward thirty seconds", "rewind 10 seconds", "go to 1:30"],
    Intent.LIKE: ["I love this song", "thumbs up", "add this to my favourites"],
    Intent.DISLIKE: ["thumbs down", "i hate this", "never play this again", "less like this"],
    Intent.WHAT_IS_THIS: ["what's this song called?", "who is this", "what am I listening to"],
    Intent.SLEEP_TIMER: ["set a sleep timer for half an hour", "stop playing in 20 minutes"],
    Intent.LYRICS: ["show me the lyrics", "what are the words to this song"],
    Intent.SPATIAL_ON: ["turn on spatial audio", "play it in surround"],
    Intent.SPATIAL_OFF: ["spatial off", "play in stereo"],
    Intent.QUALITY: ["play in lossless", "set the quality to low"],
    Intent.UNDO: ["undo", "that was wrong"],
}
NAMES = [
    "play hello",
    "play stop by the spice girls",
    "play stereo mcs",
    "play silence",
    "play pause by four tet",
    "play back in black",
    "play next to me",
    "play shuffle by bombay bicycle club",
    "play the volume by one two three",
    "play louder than love",
    "play repeat offender",
    "play high quality jazz",
]


@pytest.mark.parametrize("intent", SAID)
def test_what_people_say_is_the_command_that_they_mean(intent: Intent) -> None:
    for text in SAID[intent]:
        reading = read_command(text)
        assert reading is not None, text
        assert reading.intent is intent, text


@pytest.mark.parametrize("text", NAMES)
def test_music_whose_name_holds_a_command_is_no_command(text: str) -> None:
    assert read_command(text) is None


@pytest.mark.parametrize(
    ("text", "slot", "said"),
    [
        ("add this to my workout playlist", SlotName.PLAYLIST, "workout"),
        ("put this song on the playlist called Rainy Days", SlotName.PLAYLIST, "Rainy Days"),
        ("play it on the kitchen speaker", SlotName.DEVICE, "the kitchen speaker"),
        ("please set a sleep timer for half an hour.", SlotName.AMOUNT, "half an hour"),
        ("skip three songs", SlotName.AMOUNT, "three"),
    ],
)
def test_a_slot_says_what_was_said_and_where(text: str, slot: SlotName, said: str) -> None:
    reading = read_command(text)
    assert reading is not None
    found = next(s for s in reading.slots if s.name is slot)
    assert found.text == said
    assert text[found.begin : found.end] == said


def test_every_phrase_is_matched_by_itself_without_what_may_be_left_out() -> None:
    assert len(COMMANDS) > 80
    assert pattern_of("turn [it|the music] (up|down)") == (
        r"\bturn\b\s*(?:\bit\b|\bthe\b\s*\bmusic\b)?\s*(?:\bup\b|\bdown\b)"
    )


@given(st.text(max_size=500))
def test_any_text_is_read_and_slots_lie_where_they_say(text: str) -> None:
    reading = read_command(text)
    for slot in () if reading is None else reading.slots:
        assert text[slot.begin : slot.end] == slot.text


@pytest.mark.parametrize("words", ["play ", "turn it up ", "a", "put it on ", "skip 1 sec ", "("])
def test_repeated_words_are_read_in_bounded_time(words: str) -> None:
    text = (words * 500)[:500]
    read_command(text)
    began = time.process_time()
    read_command(text)
    assert time.process_time() - began < 0.05
