"""What leaves the player across seams, switches and faults, sample by sample, in real Chromium.

The songs are a sine cut into pieces, so a sample too many, too few or too late anywhere shows as a
step of its phase.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.sync_api import Browser, Page, sync_playwright

from antiphon.audio import Rung

from .seam_world import (
    CHROMIUM_FLAGS,
    World,
    decoded,
    decoded_rung,
    heard,
    longest_silence,
    phases,
    serving,
    sine,
)

pytestmark = pytest.mark.browser

RATE = 44_100
CUT = 3 * RATE + 4_711  # on no boundary of any codec's frames
EDGE = 3 * RATE // 4  # the ends: where the sine begins and ends, AAC rings and settles
WINDOW = RATE // 20  # AAC at 64 kbit/s is noisy: its phase is told from so many samples
HERTZ = 2_999.7  # a sample is a fifteenth of a turn
MOST_DISPLACED = 0.1  # samples
MOST_LOST = 5  # samples, at the ends: less than a turn, so that the phase cannot hide one


@dataclass
class Playing:
    """One page with the engine and what it has sent to the loudspeakers."""

    page: Page
    world: World

    def play(self, *songs: str) -> None:
        self.page.evaluate(
            "ids => h.engine.dispatch({ type: 'play-queue', items: songs(...ids) })", list(songs)
        )

    def until(self, condition: str, seconds: float = 60) -> None:
        self.page.wait_for_function(condition, timeout=seconds * 1000)

    def to_the_end(self, seconds: float = 60) -> NDArray[np.float32]:
        """Wait for the queue's end; return all that was heard."""
        self.until("h.engine.snapshot.status === 'ended'", seconds)
        self.page.wait_for_timeout(300)
        return heard(decoded(self.page.evaluate("h.recorded()")))

    @property
    def stalls(self) -> int:
        return int(self.page.evaluate("h.stalls"))

    @property
    def rungs(self) -> list[str]:
        """The rungs whose segments were asked for, in order, without repeats in a row."""
        asked = [r.split("/")[1] for r in self.world.requests if r.endswith(".m4s")]
        return [r for i, r in enumerate(asked) if i == 0 or asked[i - 1] != r]


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=CHROMIUM_FLAGS
        )
        yield browser
        browser.close()


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def playing(chromium: Browser, world: World) -> Iterator[Playing]:
    with serving(world) as url:
        page = chromium.new_page()
        faults: list[str] = []
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.goto(url)
        page.wait_for_function("'start' in globalThis")
        page.evaluate("async () => { globalThis.h = await start({}); }")
        yield Playing(page, world)
        page.close()
    assert faults == []


def an_album(world: World, *lengths: int) -> None:
    """Package one sine as songs a, b, ... of these many samples."""
    whole = sine(sum(lengths), RATE, HERTZ)
    cuts = np.cumsum(lengths)[:-1]
    world.package("abcdef"[: len(lengths)], np.split(whole, cuts), RATE)


def displaced(sound: NDArray[np.float32]) -> float:
    """Return by how many samples the sine strays at most from one even course."""
    turning = sound[:, 1] + 1j * sound[:, 0]
    turning *= np.exp(-2j * np.pi * HERTZ / RATE * np.arange(len(sound)))
    windows = len(turning) // WINDOW
    course = np.unwrap(np.angle(turning[: windows * WINDOW].reshape(windows, WINDOW).mean(axis=1)))
    course *= RATE / (2 * np.pi * HERTZ)
    return float(np.abs(course - np.median(course)).max())


def expected(world: World) -> int:
    return sum(next(iter(rungs.values())).samples for rungs in world.songs.values())


def assert_seamless(sound: NDArray[np.float32], world: World) -> None:
    assert longest_silence(sound) == 0
    assert displaced(sound[EDGE:-EDGE]) <= MOST_DISPLACED
    assert abs(len(sound) - expected(world)) <= MOST_LOST


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
