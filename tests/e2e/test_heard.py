"""Somebody signs in, searches, plays, skips: Chromium sounds as the files of real music do."""

import base64
import json
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import mutagen
import numpy as np
import pytest
import soxr
from playwright.sync_api import Page, expect, sync_playwright
from scipy import signal

from .conftest import OWNER, PASSWORD, Server, start_server, stop_server, wait_until
from .real_music import real_music

pytestmark = [pytest.mark.browser, pytest.mark.real_music]
expect.set_options(timeout=15_000)

FLAGS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
FILES = ("battle-epic", "breaking_the_chains", "elvish-theme", "knolls", "love_theme", "main_menu")
SUNG = "breaking_the_chains"
WORDS = ["A first line", "and a second", "and a third that stays"]
RECORDER = (Path(__file__).parents[2] / "web" / "tests" / "recorder.js").read_text("utf-8")
# Whatever is connected to the loudspeakers is recorded too, by the way of a silent twin.
LISTEN = (
    """
  window.heard = { rate: 0, blocks: [] };
  const connect = AudioNode.prototype.connect;
  AudioNode.prototype.connect = function (target, ...rest) {
    const result = connect.call(this, target, ...rest);
    if (target instanceof AudioDestinationNode) {
      const context = this.context;
      const code = URL.createObjectURL(new Blob([RECORDER], { type: "text/javascript" }));
      context.audioWorklet.addModule(code).then(() => {
        const recorder = new AudioWorkletNode(context, "recorder", { outputChannelCount: [2] });
        const nothing = new GainNode(context, { gain: 0 });
        recorder.port.onmessage = ({ data }) => window.heard.blocks.push(data);
        window.heard.rate = context.sampleRate;
        connect.call(this, recorder);
        connect.call(recorder, nothing);
        connect.call(nothing, context.destination);
      });
    }
    return result;
  };
  window.takeHeard = async () => {
    const bytes = await new Blob(window.heard.blocks.splice(0)).arrayBuffer();
    let text = "";
    for (let at = 0; at < bytes.byteLength; at += 32768)
      text += String.fromCharCode(...new Uint8Array(bytes.slice(at, at + 32768)));
    return btoa(text);
  };
"""
).replace("RECORDER", json.dumps(RECORDER))


@dataclass(frozen=True)
class Heard:
    """What came out of the player: (samples, 2), full scale 1.0."""

    samples: np.ndarray
    rate: int


@pytest.fixture(scope="module")
def music(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("music")
    package = real_music("wesnoth-1.16-music")["wesnoth-1.16-music"]
    for name in FILES:
        shutil.copy2(next(package.rglob(f"{name}.ogg")), folder)
    lines = [f"[00:{number * 3:02d}.50]{words}" for number, words in enumerate(WORDS)]
    (folder / f"{SUNG}.lrc").write_text("\n".join(lines) + "\n")
    return folder


@pytest.fixture(scope="module")
def server(music: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    # Encrypted: what is heard has gone through keys and licences as well.
    data, encrypted = tmp_path_factory.mktemp("heard") / "data", {"ANTIPHON_PROTECT": "everything"}
    server = start_server(data, "--music", str(music), env=encrypted)
    token = server.sign_in()

    def count() -> int:
        answer = server.call("GET", "/v1/catalog/home/songs", token=token)[1]
        return int(answer["meta"]["total"])

    wait_until(lambda: count() == len(FILES), seconds=60, what="the songs")
    yield server
    assert stop_server(server) == 0


@pytest.fixture
def page(server: Server) -> Iterator[Page]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
        # The recorder is no part of the page: its policy would not let it in.
        context = browser.new_context(
            base_url=server.url, viewport={"width": 1440, "height": 900}, bypass_csp=True
        )
        page = context.new_page()
        page.add_init_script(LISTEN)
        yield page
        browser.close()


def title_of(file: Path) -> str:
    tags: Any = mutagen.File(file)  # type: ignore[attr-defined]  # mutagen is half typed
    return str(tags["title"][0])


def file_of(music: Path, title: str) -> Path:
    return next(f for f in music.glob("*.ogg") if title_of(f) == title)


def position(page: Page) -> int:
    return int(page.get_by_role("slider", name="Position").first.input_value())


def hear(page: Page, *, until_ms: int) -> Heard:
    """Listen until the position has come so far; return all that was heard since last time."""
    wait_until(lambda: position(page) >= until_ms, seconds=60, what=f"{until_ms} ms of music")
    data = base64.b64decode(page.evaluate("takeHeard()"))
    samples = np.frombuffer(data, dtype="<f4").reshape(-1, 2).astype(float)
    return Heard(samples, int(page.evaluate("heard.rate")))


def decoded(file: Path, rate: int) -> np.ndarray:
    resampler = av.AudioResampler(format="dbl", layout="stereo")
    with av.open(str(file)) as container:
        own_rate = container.streams.audio[0].rate
        frames = [f for frame in container.decode(audio=0) for f in resampler.resample(frame)]
    samples = np.concatenate([f.to_ndarray().reshape(-1, 2) for f in frames])
    return np.asarray(soxr.resample(samples, own_rate, rate))


def likeness(heard: Heard, file: Path) -> float:
    """Return the correlation of two seconds from the end of what was heard with the file."""
    source = decoded(file, heard.rate)
    part = heard.samples[-3 * heard.rate : -heard.rate]
    assert np.sqrt(np.mean(part**2)) > 1e-4, "silence"
    match = signal.correlate(source[:, 0], part[:, 0], mode="valid", method="fft")
    squares = np.concatenate(([0.0], np.cumsum(source[:, 0] ** 2)))
    energy = squares[len(part) :] - squares[: -len(part)]
    start = int(np.argmax(match / np.sqrt(energy + 1e-3)))
    beside = source[start : start + len(part)]
    return float(np.corrcoef(part.ravel(), beside.ravel())[0, 1])


def test_a_listener_signs_in_searches_plays_skips_and_reads_along(page: Page, music: Path) -> None:
    page.goto("/")
    page.get_by_label("User name").fill(OWNER)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", level=1, name=re.compile("^Good "))).to_be_visible()

    sung = music / f"{SUNG}.ogg"
    page.keyboard.press("/")
    page.keyboard.type(title_of(sung).lower())
    expect(page.get_by_role("heading", name="Top result")).to_be_visible()
    top = page.get_by_role("main").locator(".top")
    expect(top).to_contain_text(title_of(sung))
    top.get_by_role("button", name="Play").click()
    heard = hear(page, until_ms=6000)
    assert likeness(heard, sung) > 0.99

    page.get_by_role("heading", name="Top result").click()  # leave the field, so that keys steer
    page.keyboard.press("o")
    words = page.get_by_role("region", name="Lyrics").get_by_role("button")
    expect(words).to_have_text(WORDS)
    expect(words.nth(2)).to_have_attribute("aria-current", "true")
    page.keyboard.press("Escape")

    top.get_by_role("link", name=title_of(sung)).click()
    page.get_by_role("main").get_by_role("button", name="Play", exact=True).click()
    first = playing(page)
    page.keyboard.press("n")
    wait_until(lambda: playing(page) != first, what="the next song")
    page.evaluate("takeHeard()")
    heard = hear(page, until_ms=5000)
    assert likeness(heard, file_of(music, playing(page))) > 0.99


def playing(page: Page) -> str:
    """Return the title of the song that sounds, as the window names it."""
    return page.title().split(" · ")[0]
