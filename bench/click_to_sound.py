"""From the click to the first audible sample in Chromium, Shaka Player on the same HLS beside it.

A real server, the real player: songs that are a tone on the left or, every other one, the right,
so that an audio worklet at the loudspeakers knows whose sound it hears. From the input event
to the worklet's message: what the output device adds afterwards is not in it, for neither player.
Once in the clear and once encrypted, with a licence for each song.
"""

import json
import os
import re
import socket
import subprocess
import sys
import time
import urllib.request
import wave
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from playwright.sync_api import Page, Playwright, sync_playwright

from bench.streaming_house import temporary_folder

SONGS, SECONDS, RATE = 45, 10, 44_100
SKIPS = 12
PASSWORD = "correct horse battery"
WEB = Path(__file__).parents[1] / "web"
SHAKA = WEB / "node_modules/shaka-player/dist/shaka-player.compiled.js"
FLAGS = ["--no-sandbox", "--disable-gpu", "--autoplay-policy=no-user-gesture-required"]
DETECTOR = """
registerProcessor("detector", class extends AudioWorkletProcessor {
  process([input]) {
    const loud = input.map((channel) => channel.some((x) => Math.abs(x) > 0.01));
    if (loud[0] !== loud[1]) this.port.postMessage(loud[0] ? 0 : 1);
    return true;
  }
});"""
LISTEN = (
    """
  window.asked = null; window.took = null;
  window.arm = (side) => { window.side = side; window.took = null; window.asked = null; };
  for (const type of ["click", "keydown"])
    addEventListener(type, (event) => { window.asked ??= event.timeStamp; }, true);
  const connect = AudioNode.prototype.connect;
  window.detect = async (node, context) => {
    const code = URL.createObjectURL(new Blob([DETECTOR], { type: "text/javascript" }));
    await context.audioWorklet.addModule(code);
    const detector = new AudioWorkletNode(context, "detector", {
      channelCount: 2, channelCountMode: "explicit", numberOfOutputs: 0 });
    detector.port.onmessage = ({ data }) => {
      if (data === window.side && window.asked !== null)
        window.took ??= performance.now() - window.asked;
    };
    connect.call(node, detector);
  };
  AudioNode.prototype.connect = function (target, ...rest) {
    if (target instanceof AudioDestinationNode) void window.detect(this, this.context);
    return connect.call(this, target, ...rest);
  };
"""
).replace("DETECTOR", json.dumps(DETECTOR))
PEER = """async (token) => {
  const element = new Audio();
  const context = new AudioContext();
  context.createMediaElementSource(element).connect(context.destination);
  const player = new shaka.Player();
  await player.attach(element);
  window.peer = async (songId) => {
    const capabilities = { codecs: ["mp4a.40.2", "flac"], mse: true, hls: true };
    const answer = await fetch("/v1/me/plays", {
      method: "POST", body: JSON.stringify({ songId, capabilities }),
      headers: { "Content-Type": "application/json", Authorization: `Bearer ${token}` } });
    await player.load((await answer.json()).playlistUrl);
    await element.play();
  };
  const button = document.createElement("button");
  button.id = "peer";
  button.style = "position:fixed;inset:0;z-index:9999";
  button.onclick = () => window.peer(window.next);
  document.body.replaceChildren(button);
}"""


def run() -> dict[str, Any]:
    with temporary_folder() as folder:
        make_songs(folder / "music" / "Tones" / "Album")
        with sync_playwright() as playwright:
            clicks, skips, peer = measured(playwright, folder, "nothing")
            encrypted, encrypted_skips, encrypted_peer = measured(playwright, folder, "everything")
    figures = {
        "encrypted_click_p50_ms": percentile(encrypted, 50),
        "encrypted_skip_p50_ms": percentile(encrypted_skips, 50),
        "encrypted_over_clear": round(percentile(encrypted, 50) / percentile(clicks, 50), 3),
        "click_p50_ms": percentile(clicks, 50),
        "click_p95_ms": percentile(clicks, 95),
        "skip_p50_ms": percentile(skips, 50),
    }
    goals = {
        "encrypted_over_clear": 1.2,
        "click_p50_ms": 100,
        "click_p95_ms": 250,
        "skip_p50_ms": 50,
    }
    return {
        "name": "click_to_sound",
        "figures": figures,
        "peer": {
            "click_p50_ms": percentile(peer, 50),
            "click_p95_ms": percentile(peer, 95),
            "encrypted_click_p50_ms": percentile(encrypted_peer, 50),
        },
        "targets": {k: {"at_most": v, "met": figures[k] <= v} for k, v in goals.items()},
    }


def measured(
    playwright: Playwright, folder: Path, protect: str
) -> tuple[list[float], list[float], list[float]]:
    """Return clicks and skips of ours and clicks of the peer, on a server with this ``protect``."""
    with serving(folder, protect) as url:
        token, ids = ready(url)
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
        page = browser.new_context(base_url=url, bypass_csp=True).new_page()
        page.add_init_script(LISTEN)
        clicks, skips = own(page, url, token)
        peer = shaka(page, token, ids)
        browser.close()
    return clicks, skips, peer


def percentile(values: list[float], share: int) -> float:
    return round(float(np.percentile(values, share)), 1)


def make_songs(folder: Path) -> None:
    folder.mkdir(parents=True)
    for n in range(SONGS):
        tone = np.sin(2 * np.pi * (300 + 20 * n) * np.arange(SECONDS * RATE) / RATE + 1)
        both = np.zeros((len(tone), 2), "<i2")
        both[:, n % 2] = np.round(tone * 12_000)
        with wave.open(str(folder / f"{n + 1:03d} Tone {n + 1:02d}.wav"), "wb") as file:
            file.setparams((2, 2, RATE, 0, "NONE", "NONE"))
            file.writeframes(both.tobytes())


@contextmanager
def serving(folder: Path, protect: str) -> Iterator[str]:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    command = [sys.executable, "-m", "antiphon.app", "serve", "--data", str(folder / protect)]
    with (folder / f"{protect}.log").open("wb") as log:
        process = subprocess.Popen(
            [*command, "--port", str(port), "--music", str(folder / "music")],
            stdout=log,
            stderr=log,
            env={**os.environ, "ANTIPHON_PROTECT": protect},
        )
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(30)


def ready(url: str) -> tuple[str, list[str]]:
    until(lambda: call(url, "/readyz") is not None)
    owner = {"username": "robin", "password": PASSWORD, "displayName": "Robin"}
    device = {"name": "bench", "kind": "test"}
    token = call(url, "/v1/setup", {**owner, "device": device})["accessToken"]

    def songs() -> list[Any]:
        found = call(url, "/v1/catalog/home/songs?limit=100", token=token)
        return list(found["data"]) if found else []

    until(lambda: len(songs()) == SONGS)
    time.sleep(15)  # the lossy rungs are made: neither player shall share the cores with them
    named = sorted(songs(), key=lambda song: str(song["attributes"]["name"]))
    return token, [song["id"] for song in named]


def call(url: str, path: str, body: Any = None, token: str = "") -> Any:
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {token}"}
    data = None if body is None else json.dumps(body).encode()
    try:
        with urllib.request.urlopen(urllib.request.Request(url + path, data, headers)) as answer:
            return json.loads(answer.read() or b"{}")
    except OSError:
        return None


def until(condition: Callable[[], bool], seconds: float = 90) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.2)


def took(page: Page, number: int, act: Callable[[], None]) -> float:
    page.evaluate("side => arm(side)", number % 2)
    act()
    page.wait_for_function("window.took !== null", timeout=20_000)
    page.wait_for_timeout(1200)
    return float(page.evaluate("window.took"))


def own(page: Page, url: str, token: str) -> tuple[list[float], list[float]]:
    page.goto("/")
    page.get_by_label("User name").fill("robin")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("heading", level=1, name=re.compile("^Good ")).wait_for()
    album = call(url, "/v1/catalog/home/albums", token=token)["data"][0]["id"]
    page.goto(f"/albums/{album}")
    rows = page.get_by_role("button", name=re.compile("^Play .+ by "))
    rows.nth(SONGS - 1).wait_for()
    took(page, 1, rows.nth(1).click)  # the page's first touch opens the audio device
    clicks = []
    for n in range(4, SONGS, 3):
        name = re.compile(f"^Play .*Tone {n + 1:02d} by ")
        clicks.append(took(page, n, page.get_by_role("button", name=name).click))
    took(page, 2, page.get_by_role("button", name=re.compile("^Play .*Tone 03 by ")).click)
    return clicks, [took(page, n, lambda: page.keyboard.press("n")) for n in range(3, 3 + SKIPS)]


def shaka(page: Page, token: str, ids: list[str]) -> list[float]:
    page.goto("/")
    page.add_script_tag(content=SHAKA.read_text("utf-8"))
    page.evaluate(PEER, token)
    times = []
    for n in range(1, SONGS, 3):
        page.evaluate("id => { window.next = id; }", ids[n])
        times.append(took(page, n, page.locator("#peer").click))
    return times[1:]


if __name__ == "__main__":
    print(json.dumps(run(), indent=2))
