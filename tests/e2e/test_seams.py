"""What leaves the player across seams, switches and faults, sample by sample, in real Chromium.

The songs are a sine cut into pieces, so a sample too many, too few or too late anywhere shows as a
step of its phase.
"""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.sync_api import Browser

from antiphon.audio import Rung

from .seam_world import (
    CUT,
    EDGE,
    HERTZ,
    MOST_DISPLACED,
    RATE,
    Playing,
    World,
    an_album,
    assert_seamless,
    decoded_rung,
    expected,
    longest_silence,
    phases,
    serving,
    sine,
)

pytestmark = pytest.mark.browser


@pytest.fixture
def world() -> World:
    return World()


def test_a_seam_between_lossless_songs_is_exact_to_the_sample(
    playing: Playing, world: World
) -> None:
    an_album(world, CUT, CUT)
    playing.play("a", "b")
    sound = playing.to_the_end()
    assert playing.rungs == ["flac"]
    assert_seamless(sound, world)
    course = phases(sound, RATE, HERTZ)[RATE // 20 : -RATE // 20]  # each sample for itself
    assert np.abs(course - np.median(course)).max() <= MOST_DISPLACED
    assert playing.stalls == 0


def test_a_seam_between_lossy_songs_is_exact_to_a_tenth_of_a_sample(
    playing: Playing, world: World
) -> None:
    an_album(world, CUT, CUT)
    world.only = ["aac-256"]
    world.chosen = "aac-256"
    playing.play("a", "b")
    sound = playing.to_the_end()
    assert playing.rungs == ["aac-256"]
    assert_seamless(sound, world)
    assert playing.stalls == 0


@pytest.mark.parametrize("rung", [Rung.AAC_64, Rung.AAC_128])
def test_two_lossy_songs_sound_as_one_decoder_without_a_browser_has_them(
    playing: Playing, world: World, rung: Rung
) -> None:
    # So few bits bend even a sine: what is compared is every sample, not the phase.
    an_album(world, CUT, CUT)
    world.only = [rung]
    world.chosen = rung
    playing.play("a", "b")
    sound = playing.to_the_end()
    both = np.concatenate([decoded_rung(world, song, rung) for song in "ab"])[EDGE:-EDGE]
    start = _found(both[: RATE // 2], sound)
    beside = sound[start : start + len(both)]
    assert np.abs(beside - both).max() < 1e-3
    assert playing.stalls == 0


def _found(part: NDArray[np.float32], sound: NDArray[np.float32]) -> int:
    """Return where in the sound a part of it begins: of the many places a sine fits, the best."""
    likely = range(EDGE - 4096, EDGE + 4096)
    return min(likely, key=lambda n: float(np.abs(sound[n : n + len(part)] - part).max()))


def test_switching_rungs_within_songs_and_at_their_seam_is_not_heard(
    chromium: Browser, world: World
) -> None:
    # song b begins at another place in each rung (cueShift), and every segment is of another rung
    an_album(world, CUT, 13 * RATE + 123)
    with serving(world) as url:
        page = chromium.new_page()
        page.goto(url)
        page.wait_for_function("'start' in globalThis")
        page.evaluate(
            """async () => {
              const order = ["aac-256", "flac"];
              let turn = 0;
              const choose = ({ variants }) => {
                const rung = order[turn++ % order.length];
                return variants.find((v) => v.rung === rung) ?? variants[0];
              };
              globalThis.h = await start({ choose });
            }"""
        )
        playing = Playing(page, world)
        playing.play("a", "b")
        sound = playing.to_the_end()
        assert {"flac", "aac-256"} <= set(playing.rungs)
        assert len(playing.rungs) >= 4
        assert_seamless(sound, world)
        assert playing.stalls == 0
        page.close()
    assert any(r.cue_shift for r in world.songs["b"].values())


def test_when_the_network_slows_down_the_rung_falls_and_the_music_goes_on(
    playing: Playing, world: World
) -> None:
    an_album(world, 16 * RATE)
    world.bytes_per_second = 150_000
    playing.play("a")
    playing.until("h.engine.snapshot.status === 'playing' && h.engine.positionMs() > 1500")
    world.bytes_per_second = 20_000
    sound = playing.to_the_end()
    assert playing.rungs[0] == "flac"
    assert playing.rungs[-1] in {"aac-64", "aac-128"}
    assert longest_silence(sound) == 0
    assert abs(len(sound) - expected(world)) <= RATE // 10
    assert playing.stalls == 0


def test_errors_of_the_server_are_ridden_out(playing: Playing, world: World) -> None:
    an_album(world, 2 * CUT, CUT)
    world.only = ["flac"]
    world.failing = {"a/flac/init.mp4": 1, "a/flac/0.m4s": 2, "b/flac/0.m4s": 2}
    playing.play("a", "b")
    sound = playing.to_the_end()
    assert not any(world.failing.values())
    assert_seamless(sound, world)


def test_expired_addresses_are_renewed_while_the_music_plays(
    playing: Playing, world: World
) -> None:
    an_album(world, 9 * RATE)
    world.only = ["flac"]
    world.bytes_per_second = 100_000  # so that some is left to fetch when the addresses expire
    playing.play("a")
    playing.until("h.engine.positionMs() > 300")
    world.token = "t1"
    sound = playing.to_the_end()
    assert len(world.requests) > len(set(world.requests)), "nothing was refused"
    assert_seamless(sound, world)
    assert playing.stalls == 0


def test_a_skip_to_another_album_while_one_plays_sounds_from_its_first_sample(
    playing: Playing, world: World
) -> None:
    an_album(world, 14 * RATE)
    world.only = ["flac"]
    world.package(["z"], [sine(CUT, RATE)], RATE)
    playing.play("a")
    playing.until("h.engine.positionMs() > 1000")
    playing.play("z")
    sound = playing.to_the_end()
    tail = sound[-CUT + RATE // 20 :]
    assert longest_silence(tail) == 0
    course = phases(tail, RATE)
    assert float(np.abs(course - np.median(course)).max()) <= MOST_DISPLACED


def test_a_seek_lands_where_it_was_aimed(playing: Playing, world: World) -> None:
    an_album(world, 20 * RATE)
    playing.play("a")
    playing.until("h.engine.positionMs() > 500")
    for target in (12_345, 3_000, 18_000):
        playing.page.evaluate(
            "positionMs => h.engine.dispatch({ type: 'seek', positionMs })", target
        )
        playing.until(f"Math.abs(h.engine.positionMs() - {target}) < 900")
        playing.until(f"h.engine.positionMs() > {target + 200}")
        assert playing.page.evaluate("h.engine.snapshot.status") == "playing"
    sound: Any = playing.to_the_end()
    tail = sound[-RATE:-EDGE]
    assert longest_silence(tail) == 0
