"""Recognition, its pure rules: endpoints, spellings, sounds, the language model."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from antiphon.voice import AudioClipped, AudioInvalid, AudioTooLong, NothingHeard, PcmFormat
from antiphon.voice.model import Named, NameKind
from antiphon.voice.recognition import MOST_SECONDS, Endpointer, Hearing, spoken_words
from antiphon.voice.recognition.arpa import Sentence, arpa_lines
from antiphon.voice.recognition.letters import sounds_of
from antiphon.voice.recognition.lexicon import dictionary_lines, read_dictionary
from antiphon.voice.recognition.phrases import CONTROLS, phrases_of

RATE = 16_000


def noise(seconds: float, level: float, seed: int = 1) -> np.ndarray:
    drawn = np.random.default_rng(seed).standard_normal(round(seconds * RATE))
    return (level * drawn).astype(np.float32)


def syllables(seconds: float, level: float = 0.1) -> np.ndarray:
    """Tones that come and go four times a second, as syllables do."""
    t = np.arange(round(seconds * RATE)) / RATE
    return (level * np.sin(2 * np.pi * 200 * t) * np.sin(np.pi * 4 * t) ** 2).astype(np.float32)


def pcm(samples: np.ndarray) -> bytes:
    return (np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes()


def heard(samples: np.ndarray, fmt: PcmFormat | None = None) -> bytes:
    hearing = Hearing(fmt or PcmFormat(RATE))
    return hearing.push(pcm(samples)) + hearing.flush()


@pytest.mark.parametrize("floor", [0.0, 0.001, 0.01])
def test_speech_begins_where_it_rises_over_the_room(floor: float) -> None:
    sound = np.concatenate([noise(1, floor), syllables(2) + noise(2, floor, 2), noise(1.5, floor)])
    endpoint = Endpointer()
    endpoint.push(sound)
    assert endpoint.began is not None
    assert abs(endpoint.began - RATE) < 0.15 * RATE
    assert endpoint.ended


def test_speech_from_the_first_sample_is_found() -> None:
    endpoint = Endpointer()
    endpoint.push(syllables(2))
    assert endpoint.began is not None
    assert endpoint.began < 0.3 * RATE
    assert not endpoint.ended


@pytest.mark.parametrize("level", [0.0, 1e-4, 0.01, 0.3])
def test_steady_sound_is_no_speech(level: float) -> None:
    endpoint = Endpointer()
    endpoint.push(noise(6, level))
    assert endpoint.began is None


def test_speech_after_a_pause_takes_the_end_back() -> None:
    endpoint = Endpointer()
    endpoint.push(np.concatenate([noise(0.5, 0.001), syllables(1), noise(1, 0.001)]))
    assert endpoint.ended
    endpoint.push(syllables(0.5))
    assert not endpoint.ended


def test_a_room_that_gets_louder_is_followed() -> None:
    endpoint = Endpointer()
    endpoint.push(np.concatenate([noise(1, 0.001), syllables(1), noise(5, 0.02)]))
    assert endpoint.ended


@settings(deadline=None)
@given(cuts=st.lists(st.integers(1, 5_000), max_size=20))
def test_endpoints_do_not_depend_on_how_the_sound_is_cut(cuts: list[int]) -> None:
    sound = np.concatenate([noise(0.5, 0.001), syllables(1), noise(0.8, 0.001)])
    whole, cut = Endpointer(), Endpointer()
    whole.push(sound)
    at = 0
    for length in [*cuts, len(sound)]:
        cut.push(sound[at : at + length])
        at += length
    assert (cut.began, cut.ended, cut.level) == (whole.began, whole.ended, whole.level)


def test_silence_before_the_speech_is_left_away_and_never_digital_silence_comes_out() -> None:
    sound = np.concatenate([np.zeros(5 * RATE, np.float32), syllables(1), np.zeros(RATE // 2)])
    out = np.frombuffer(heard(sound), "<i2")
    assert 1.9 * RATE < len(out) < 2.2 * RATE
    quiet = out[: RATE // 4].astype(float) / 32768
    speech = out[RATE // 2 : 3 * RATE // 2].astype(float) / 32768
    assert 24 < 20 * np.log10(speech.std() / quiet.std()) < 34


def test_the_same_sound_and_seed_are_heard_the_same() -> None:
    assert heard(syllables(1)) == heard(syllables(1))


@pytest.mark.parametrize("rate", [16_000, 22_050, 44_100, 48_000])
def test_every_rate_becomes_16_khz(rate: int) -> None:
    t = np.arange(rate) / rate
    tone = 0.1 * np.sin(2 * np.pi * 300 * t) * np.sin(np.pi * 4 * t) ** 2
    hearing = Hearing(PcmFormat(rate, 4, 2), seed=None)
    both = np.repeat((tone * 2**31).astype("<i4"), 2)
    out = np.frombuffer(hearing.push(both.tobytes()) + hearing.flush(), "<i2")
    assert abs(len(out) - RATE) < 200
    spectrum = np.abs(np.fft.rfft(out[:RATE]))
    assert abs(spectrum.argmax() * RATE / len(out[:RATE]) - 300) < 6


@pytest.mark.parametrize(
    "fmt",
    [
        PcmFormat(8_000),
        PcmFormat(0),
        PcmFormat(10**9),
        PcmFormat(RATE, 1),
        PcmFormat(RATE, 3),
        PcmFormat(RATE, 2, 0),
        PcmFormat(RATE, 2, 99),
    ],
)
def test_formats_that_are_not_heard_are_refused(fmt: PcmFormat) -> None:
    with pytest.raises(AudioInvalid):
        Hearing(fmt)


def test_half_a_sample_is_refused() -> None:
    with pytest.raises(AudioInvalid, match="whole samples"):
        Hearing(PcmFormat(RATE)).push(b"\0\0\0")


def test_thirty_minutes_are_refused_after_thirty_seconds() -> None:
    hearing = Hearing(PcmFormat(RATE))
    second = pcm(noise(1, 0.01))
    for _ in range(MOST_SECONDS):
        hearing.push(second)
    with pytest.raises(AudioTooLong):
        hearing.push(second)


@pytest.mark.parametrize("level", [0.0, 0.01, 0.2])
def test_silence_and_steady_noise_are_refused(level: float) -> None:
    with pytest.raises(NothingHeard):
        heard(noise(3, level))


def test_nothing_at_all_is_refused() -> None:
    with pytest.raises(NothingHeard):
        heard(noise(0, 0))


def test_an_overdriven_microphone_is_refused() -> None:
    sound = np.concatenate([noise(0.5, 0.001), 30 * syllables(1, 0.5)])
    with pytest.raises(AudioClipped):
        heard(sound)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("Panic! at the Disco", "panic at the disco"),
        ("blink-182", "blink one hundred eighty two"),
        ("M.I.A.", "m i a"),
        ("Beyoncé", "beyonce"),
        ("Simon & Garfunkel", "simon and garfunkel"),
        ("1999 (2019 Remaster)", "nineteen ninety nine"),
        ("1905", "nineteen oh five"),
        ("Don\u2019t Stop", "don't stop"),
        ("Umbrella (feat. JAY-Z)", "umbrella"),
        ("22", "twenty two"),
        ("24K Magic", "twenty four k magic"),
        ("007", "zero zero seven"),
        ("2112", "two thousand one hundred twelve"),
        ("宇多田ヒカル", ""),
        ("(untitled)", "untitled"),
    ],
)
def test_names_become_the_words_that_are_said(name: str, words: str) -> None:
    assert " ".join(spoken_words(name)) == words


@settings(deadline=None)
@given(st.text(max_size=60))
def test_every_name_becomes_plain_words(name: str) -> None:
    for word in spoken_words(name):
        assert word.replace("'", "").isalpha()
        assert word == word.lower()
        assert word.isascii()


@settings(deadline=None)
@given(st.text("abcdefghijklmnopqrstuvwxyz'", min_size=1, max_size=20))
def test_every_word_has_a_sound(word: str) -> None:
    phones = sounds_of(word).split()
    assert phones
    assert all(p.isalpha() and p.isupper() for p in phones)


@pytest.mark.parametrize(
    ("word", "sounds"),
    [
        ("blane", "B L EY N"),
        ("shick", "SH IH K"),
        ("knotter", "N AA T ER"),
        ("plooms", "P L UW M Z"),
    ],
)
def test_words_that_no_dictionary_knows_sound_as_they_are_spelt(word: str, sounds: str) -> None:
    assert sounds_of(word) == sounds


def test_known_words_keep_all_their_sounds_and_unknown_ones_are_put_together() -> None:
    known = read_dictionary(["either IY DH ER", "either(2) AY DH ER", "sun S AH N", "dog D AO G"])
    lines = list(dictionary_lines(["either", "sundog", "dogs", "sun's"], known))
    assert lines == [
        "either IY DH ER",
        "either(2) AY DH ER",
        "sundog S AH N D AO G",
        "dogs D AO G Z",
        "sun's S AH N Z",
    ]


def arpa(sentences: list[Sentence]) -> dict[tuple[str, ...], tuple[float, float]]:
    found = {}
    for line in arpa_lines(sentences):
        parts = line.split("\t")
        if len(parts) > 1:
            weight = 10 ** float(parts[2]) if len(parts) == 3 else 1.0
            found[tuple(parts[1].split())] = (10 ** float(parts[0]), weight)
    return found


def probability(model: dict, gram: tuple[str, ...]) -> float:
    if gram in model:
        return model[gram][0]
    return model.get(gram[:-1], (0, 1.0))[1] * probability(model, gram[1:])


def test_the_language_model_is_a_distribution_after_every_history() -> None:
    said = ["play blue river", "play red river", "stop", "play blue sky", "stop now"]
    model = arpa([Sentence(tuple(s.split()), 1 + n) for n, s in enumerate(said)])
    words = [gram[0] for gram in model if len(gram) == 1 and gram != ("<s>",)]
    histories = [g for g in model if len(g) < 3 and g[-1] != "</s>"] + [()]
    for history in histories:
        total = sum(probability(model, (*history, word)) for word in words)
        assert total == pytest.approx(1, abs=2e-3), history


def test_what_is_in_the_catalogue_is_likelier_than_what_is_not() -> None:
    names = [
        Named(NameKind.SONG, "1", "Blue River", "Anna Bell"),
        Named(NameKind.ARTIST, "2", "Red"),
    ]
    sentences = list(phrases_of(names))
    model = arpa(sentences)
    assert probability(model, ("play", "blue", "river")) > probability(
        model, ("play", "red", "river")
    )
    said = {" ".join(s.words) for s in sentences}
    assert "play blue river by anna bell" in said
    assert set(CONTROLS) <= said


def test_only_the_most_popular_names_are_expected_of_a_huge_catalogue() -> None:
    names = [Named(NameKind.ARTIST, str(n), f"{n}", popularity=n) for n in range(20_100)]
    said = {" ".join(s.words) for s in phrases_of(names)}
    assert "play twenty thousand ninety nine" in said
    assert "play ninety nine" not in said
