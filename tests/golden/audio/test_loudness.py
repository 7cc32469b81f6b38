"""Loudness and true peak, against analytic values and FFmpeg's meter."""

import re
import subprocess
import wave

import numpy as np
import pytest

from antiphon.audio.loudness import LoudnessMeter, TruePeakMeter, k_weighting, loudness_of
from antiphon.audio.model import Measure

RATES = [16000, 22050, 32000, 44100, 48000, 88200, 96000, 192000]


def measure(x, rate, chunk=65536):
    meter = LoudnessMeter(rate, x.shape[1])
    for start in range(0, len(x), chunk):
        meter.push(x[start : start + chunk])
    return meter.finish()


def integrated(measured):
    return loudness_of(measured).integrated


def tone(rate, seconds, level_db, frequency=997.0, channels=2):
    t = np.arange(round(rate * seconds)) / rate
    x = 10 ** (level_db / 20) * np.sin(2 * np.pi * frequency * t)
    return np.repeat(x[:, None], channels, axis=1)


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("level", [-18.0, -23.0, -33.0])
def test_a_stereo_tone_of_997_hz_measures_its_level(rate, level):
    # BS.1770-4: 997 Hz at 0 dBFS in one channel reads -3.01 LKFS; in two, 3.01 LU more
    assert loudness_of(measure(tone(rate, 5, level), rate)).integrated == pytest.approx(
        level, abs=0.1
    )


def test_one_channel_alone_is_3_lu_softer_and_lfe_is_not_counted():
    mono = loudness_of(measure(tone(48000, 5, -20, channels=1), 48000))
    assert mono.integrated == pytest.approx(-23.01, abs=0.05)
    six = np.zeros((48000 * 5, 6))
    six[:, 3] = tone(48000, 5, -20, channels=1)[:, 0]
    assert loudness_of(measure(six, 48000)) is None
    six[:, 4] = six[:, 3]
    assert loudness_of(measure(six, 48000)).integrated == pytest.approx(-23.01 + 1.49, abs=0.05)


def test_ebu_tech_3341_cases_3_to_5_read_minus_23():
    def level(*parts):
        x = np.concatenate([tone(48000, seconds, db, 1000.0) for db, seconds in parts])
        return integrated(measure(x, 48000))

    assert level((-36, 10), (-23, 60), (-36, 10)) == pytest.approx(-23, abs=0.1)
    assert level((-72, 10), (-36, 10), (-23, 60), (-36, 10), (-72, 10)) == pytest.approx(
        -23, abs=0.1
    )
    assert level((-26, 20), (-20, 20.1), (-26, 20)) == pytest.approx(-23, abs=0.1)


def test_the_filter_at_48_khz_is_the_standards():
    shelf, high_pass = k_weighting(48000)
    assert shelf == pytest.approx(
        [
            1.53512485958697,
            -2.69169618940638,
            1.19839281085285,
            1,
            -1.69065929318241,
            0.73248077421585,
        ],
        abs=1e-7,
    )
    assert high_pass == pytest.approx([1, -2, 1, 1, -1.99004745483398, 0.99007225036621], abs=1e-7)


@pytest.mark.parametrize(("rate", "part"), [(44100, 4), (48000, 4), (96000, 4)])
def test_a_sine_between_its_samples_has_its_true_peak_found(rate, part):
    # at a quarter of the rate and 45 degrees, samples miss the crest by 3.01 dB
    n = np.arange(rate)
    x = np.sin(2 * np.pi * n / part + np.pi / 4)[:, None].astype(np.float64)
    fade = np.minimum(1, np.minimum(n, n[::-1]) / 2000)[:, None]
    found = measure(x * fade, rate).true_peak
    assert 20 * np.log10(found) == pytest.approx(0, abs=0.1)


def test_skipping_low_blocks_does_not_change_the_true_peak():
    rng = np.random.default_rng(1)
    x = (rng.standard_normal((1, 400_000)) * np.linspace(0.01, 0.3, 400_000)).astype(np.float32)
    forwards, backwards = TruePeakMeter(44100, 1), TruePeakMeter(44100, 1)
    forwards.push(x)  # rising: hardly a block can be skipped
    forwards.finish()
    backwards.push(np.ascontiguousarray(x[:, ::-1]))  # falling: nearly all are
    backwards.finish()
    assert forwards.peak == pytest.approx(backwards.peak, rel=1e-3)


@pytest.mark.parametrize("seed", range(4))
def test_music_measures_as_in_ffmpeg(tmp_path, ffmpeg, master, seed):
    rate = [44100, 48000, 32000, 96000][seed]
    pcm = master(rate * 12 + seed * 1111, rate)
    swell = np.abs(np.sin(np.linspace(0, 7, len(pcm))))[:, None] ** (seed + 1)
    pcm = (pcm * swell).astype(np.int16)
    path = tmp_path / "x.wav"
    with wave.open(str(path), "wb") as file:
        file.setparams((2, 2, rate, len(pcm), "NONE", ""))
        file.writeframes(pcm.tobytes())
    said = subprocess.run(
        [ffmpeg, "-nostats", "-i", path, "-af", "ebur128=peak=true", "-f", "null", "-"],
        capture_output=True,
        text=True,
        check=True,
    ).stderr
    ours = loudness_of(measure(pcm, rate))
    assert ours.integrated == pytest.approx(
        float(re.findall(r"I:\s+(\S+) LUFS", said)[-1]), abs=0.1
    )
    assert ours.true_peak == pytest.approx(
        float(re.findall(r"Peak:\s+(\S+) dBFS", said)[-1]), abs=0.2
    )


def test_the_measure_does_not_depend_on_the_size_of_chunks(master):
    pcm = master(300_000, 44100)
    whole = measure(pcm, 44100, chunk=len(pcm))
    for chunk in (1000, 4096, 77_777):
        parts = measure(pcm, 44100, chunk=chunk)
        assert loudness_of(parts).integrated == pytest.approx(
            loudness_of(whole).integrated, abs=1e-6
        )
        assert parts.true_peak == pytest.approx(whole.true_peak, rel=1e-5)
        assert (parts.head_peak, parts.tail_peak) == (whole.head_peak, whole.tail_peak)


def test_an_albums_loudness_is_that_of_its_songs_in_one_piece(master):
    pcm = master(44100 * 20, 44100)
    pcm[: 44100 * 5] //= 8
    cut = 44100 * 5  # on a hop, so that the same blocks exist but for the few across the cut
    songs = [measure(pcm[:cut], 44100), measure(pcm[cut:], 44100)]
    album = loudness_of(songs[0], songs)
    whole = loudness_of(measure(pcm, 44100))
    assert album.album_integrated == pytest.approx(whole.integrated, abs=0.1)
    assert album.album_true_peak == pytest.approx(whole.true_peak, abs=0.01)
    assert album.integrated < album.album_integrated - 5


@pytest.mark.parametrize("samples", [0, 1, 10, 17_000])
def test_silence_and_what_is_shorter_than_a_block_have_no_loudness(samples):
    assert loudness_of(measure(np.zeros((samples, 2), np.int16), 44100)) is None
    assert isinstance(measure(np.ones((samples, 2), np.int16), 44100), Measure)


def test_measuring_is_much_faster_than_real_time(master):
    import time

    pcm = master(44100 * 30, 44100)
    began = time.process_time()
    measure(pcm, 44100)
    assert 30 / (time.process_time() - began) >= 150
