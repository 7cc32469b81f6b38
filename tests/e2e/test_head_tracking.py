"""A third-order field in real Chromium: its channels, what a turning head hears and how soon."""

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.sync_api import Browser, Page

from antiphon.spatial.ambisonics.third_order import COMPONENTS, encode

from .seam_world import Playing, decoded, serving, sine
from .spatial_world import RATE, RUNG, Field, SpatialWorld, packaged, to_the_sides

pytestmark = pytest.mark.browser
BLOCK_MS = 128 / RATE * 1000
LATEST_MS = 30.0
TURNS = 200
START = """async (options) => {
  const filters = async () => {
    const answer = await fetch("/filters");
    if (!answer.ok) throw new Error("no filters");
    return answer.arrayBuffer();
  };
  const headTracking = { workletUrl: "/worklet.js", filters };
  globalThis.h = await start({ sampleRate: 48000, headTracking, ...globalThis.more, ...options });
}"""
# What leaves the engine goes through ears, which tell when each block was made and how loud it is.
WITH_EARS = """async () => {
  const context = new AudioContext({ sampleRate: 48000 });
  await context.audioWorklet.addModule("/ears.js");
  const stereo = { channelCount: 2, channelCountMode: "explicit", outputChannelCount: [2] };
  const ears = new AudioWorkletNode(context, "ears", stereo);
  globalThis.heard = [];
  ears.port.onmessage = ({ data }) => heard.push(...data);
  ears.connect(context.destination);
  Object.defineProperty(context, "destination", { value: ears });
  globalThis.context = context;
  globalThis.more = { createContext: () => context };
}"""
# Turns the head to and fro at uneven intervals; returns when it was told to, and where.
TURN = """async (turns) => {
  const told = [];
  const wait = (ms) => new Promise((done) => setTimeout(done, ms));
  for (let n = 0; n < turns; n++) {
    const side = n % 2 === 0 ? 1 : -1;
    told.push([performance.timeOrigin + performance.now(), side]);
    h.engine.look([Math.SQRT1_2, 0, 0, side * Math.SQRT1_2]);
    await wait(60 + (n * 37) % 50);
  }
  await wait(300);
  const { baseLatency, outputLatency } = context;
  return { told, heard, baseLatency, outputLatency };
}"""


def noise(samples: int, seed: int = 5) -> NDArray[np.float32]:
    return (np.random.default_rng(seed).standard_normal(samples) * 0.1).astype(np.float32)


def from_direction(sound: NDArray[np.float32], *point: float) -> NDArray[np.float32]:
    """Return a sound from a point (right, front, up) as a field (samples, 16)."""
    return (sound[:, None] * encode(np.array([point]))[0]).astype(np.float32)


def a_song(world: SpatialWorld, name: str, field: NDArray[np.float32]) -> None:
    """Package a field, beside a stereo of the same length."""
    world.package([name], [sine(len(field), RATE)], RATE)
    world.fields[name] = packaged(field)


@pytest.fixture
def world() -> SpatialWorld:
    return SpatialWorld(filters=to_the_sides())


@contextmanager
def listening(
    chromium: Browser, world: SpatialWorld, *, ears: bool = False, **options: Any
) -> Iterator[Playing]:
    """Open a page whose engine tracks heads."""
    with serving(world, world.pages()) as url:
        page = chromium.new_page()
        faults: list[str] = []
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.goto(url)
        page.wait_for_function("'start' in globalThis")
        if ears:
            page.evaluate(WITH_EARS)
        page.evaluate(START, options)
        yield Playing(page, world)
        page.close()
    assert faults == []


def immersion(page: Page) -> Any:
    return page.evaluate("h.engine.snapshot.immersion")


def sounding(playing: Playing, milliseconds: int = 700) -> None:
    playing.until(
        f"h.engine.snapshot.status === 'playing' && h.engine.positionMs() > {milliseconds}"
    )


def level(sound: NDArray[np.float32]) -> float:
    """Return the power of both channels in dB."""
    return float(10 * np.log10(np.mean(sound**2)))


def test_sixteen_channels_arrive_in_order(chromium: Browser, world: SpatialWorld) -> None:
    # a sine in each channel, and filters that weigh each channel otherwise in each ear
    hertz = 200 + 110 * np.arange(COMPONENTS)
    time = np.arange(4 * RATE)[:, None] / RATE
    a_song(world, "a", (0.1 * np.sin(2 * np.pi * hertz * time)).astype(np.float32))
    taps = np.zeros((2, COMPONENTS, 64), "<f4")
    taps[0, :, 0] = (np.arange(COMPONENTS) + 1) / 17
    taps[1, :, 0] = 1 - taps[0, :, 0]
    world.filters = taps.tobytes()
    with listening(chromium, world) as playing:
        playing.play("a")
        sounding(playing)
        assert immersion(playing.page)["kind"] == "ambisonics"
        sound = playing.to_the_end()[RATE : 3 * RATE]
    spectrum = np.abs(np.fft.rfft(sound * np.hanning(len(sound))[:, None], axis=0))
    peaks = spectrum[np.round(hertz * len(sound) / RATE).astype(int)]
    shares = peaks[:, 0] / peaks.sum(axis=1)
    assert np.abs(shares - taps[0, :, 0]).max() < 0.02
    assert {r.split("/")[1] for r in world.requests} == {RUNG}


def test_what_each_ear_hears_follows_the_head_within_30_ms(
    chromium: Browser, world: SpatialWorld
) -> None:
    a_song(world, "a", from_direction(noise(30 * RATE), 0.0, 1.0, 0.0))
    with listening(chromium, world, ears=True) as playing:
        playing.play("a")
        sounding(playing)
        found = playing.page.evaluate(TURN, TURNS)
    delays = _delays(found)
    p50, p99 = np.percentile(delays, (50, 99))
    outside = 1000 * (found["baseLatency"] + found["outputLatency"])
    print(f"motion to sound: p50 {p50:.1f}, p99 {p99:.1f} ms; the output adds {outside:.1f} ms")
    assert len(delays) == TURNS - 1
    assert p99 <= LATEST_MS


def _delays(found: dict[str, Any]) -> list[float]:
    """Return, for each turn after the first, when the first block was made that it is heard in."""
    heard = np.array(found["heard"])
    # ahead is at the right of a head that looks to the left
    side = np.where(
        heard[:, 2] > 4 * heard[:, 1], 1, np.where(heard[:, 1] > 4 * heard[:, 2], -1, 0)
    )
    delays = []
    for at, wanted in found["told"][1:]:
        later = np.flatnonzero((heard[:, 0] >= np.floor(at)) & (side == wanted))
        delays.append(float(heard[later[0], 0] - at) + BLOCK_MS)
    return delays


def test_stereo_to_compare_with_is_as_loud_and_stays_where_it_is(
    chromium: Browser, world: SpatialWorld
) -> None:
    places = ((-0.9, 0.4, 0.0), (0.7, 0.7, 0.0), (0.0, -1.0, 0.2), (0.2, 1.0, 0.3))
    field = sum(from_direction(noise(14 * RATE, n), *at) for n, at in enumerate(places))
    a_song(world, "a", np.asarray(field, np.float32))
    with listening(chromium, world) as playing:
        playing.play("a")
        sounding(playing, 5000)
        page = playing.page
        marks = [page.evaluate("h.frames()")]
        page.evaluate("h.engine.dispatch({ type: 'set-hearing', hearing: 'stereo' })")
        sounding(playing, 9000)
        marks.append(page.evaluate("h.frames()"))
        page.evaluate("h.engine.dispatch({ type: 'set-hearing', hearing: 'spatial' })")
        sounding(playing, 12_000)
        sound = decoded(page.evaluate("h.recorded()"))
    spatial, stereo = sound[marks[0] - 3 * RATE : marks[0]], sound[marks[1] - 3 * RATE : marks[1]]
    assert abs(level(spatial) - level(stereo)) < 1.0
    assert np.abs(spatial[: len(stereo)] - stereo).max() > 0.01  # it is another sound


def test_a_song_of_another_form_follows_within_a_tenth_of_a_second(
    chromium: Browser, world: SpatialWorld
) -> None:
    a_song(world, "a", from_direction(noise(4 * RATE), 0.0, 1.0, 0.0))
    world.package(["b"], [sine(4 * RATE, RATE)], RATE)
    a_song(world, "c", from_direction(noise(4 * RATE), 0.0, 1.0, 0.0))
    with listening(chromium, world) as playing:
        playing.play("a", "b", "c")
        sound = playing.to_the_end()
        assert playing.stalls == 0
    assert _longest_gap(sound) < RATE // 10
    assert abs(len(sound) - 12 * RATE) < RATE // 5


def test_two_spatial_songs_of_an_album_join_without_a_gap(
    chromium: Browser, world: SpatialWorld
) -> None:
    for name in "ab":
        a_song(world, name, from_direction(noise(4 * RATE), 0.0, 1.0, 0.0))
    with listening(chromium, world) as playing:
        playing.play("a", "b")
        sound = playing.to_the_end()
        assert playing.stalls == 0
    assert _longest_gap(sound) < RATE // 200


def _longest_gap(sound: NDArray[np.float32]) -> int:
    """Return the longest run of windows of 64 samples without sound, in samples."""
    windows = np.abs(sound[: len(sound) // 64 * 64]).reshape(-1, 64 * 2).max(axis=1) > 1e-4
    runs = [len(list(run)) for loud, run in itertools.groupby(windows) if not loud]
    return 64 * max(runs, default=0)


def _undecodable(field: Field) -> Field:
    """Return a field whose frames no decoder accepts."""
    heads = [(n, *data.partition(b"mdat")) for n, data in field.segments]
    broken = tuple((n, moof + mdat + b"\xff" * len(sound)) for n, moof, mdat, sound in heads)
    return replace(field, segments=broken)


@pytest.mark.parametrize("missing", ["worklet", "filters", "field", "wish"])
def test_whatever_is_missing_stereo_is_heard(
    chromium: Browser, world: SpatialWorld, missing: str
) -> None:
    a_song(world, "a", from_direction(noise(4 * RATE), 0.0, 1.0, 0.0))
    options: dict[str, Any] = {}
    if missing == "worklet":
        options["headTracking"] = {"workletUrl": "/nowhere.js", "filters": None}
    elif missing == "filters":
        world.filters = b""
    elif missing == "field":
        world.fields["a"] = _undecodable(world.fields["a"])
    else:
        options["initial"] = {"normalisation": "off", "spatial": "off"}
    with listening(chromium, world, **options) as playing:
        playing.play("a")
        sound = playing.to_the_end()
        assert immersion(playing.page) is None
    assert abs(level(sound[RATE : 2 * RATE]) - level(np.float32(sine(RATE, RATE)) / 32768)) < 0.5
