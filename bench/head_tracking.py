"""The player's head tracking: a third-order field to two ears, 256 taps, the head always turning.

CPU time in Node for a block of 128 samples, as a share of the time that it plays: what an audio
thread pays. In Chromium the same worklet renders ahead of time, as fast as one thread can; beside
it the browser's own convolvers, sixteen for each ear, which turn nothing.
"""

import functools
import http.server
import json
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright

ROOT = Path(__file__).parents[1]
_BLOCK_US = 128 / 48_000 * 1e6
_FLAGS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
_IN_PAGE = """async (own) => {
  const [RATE, SECONDS, CHANNELS, TAPS] = [48000, 20, 16, 256];
  const noise = (count) => Float32Array.from({ length: count }, () => Math.random() * 2 - 1);
  const context = new OfflineAudioContext(2, RATE * SECONDS, RATE);
  const buffer = context.createBuffer(CHANNELS, RATE * SECONDS, RATE);
  for (let c = 0; c < CHANNELS; c++) buffer.copyToChannel(noise(RATE * SECONDS), c);
  const source = new AudioBufferSourceNode(context, { buffer });
  if (own) {
    await context.audioWorklet.addModule("/worklet.js");
    const node = new AudioWorkletNode(context, "antiphon-field", { outputChannelCount: [2],
      channelCount: 16, channelCountMode: "max", channelInterpretation: "discrete" });
    node.port.postMessage({ type: "wear", taps: noise(2 * CHANNELS * TAPS) });
    source.connect(node).connect(context.destination);
    for (let s = 0.1; s < SECONDS; s += 0.1) context.suspend(s).then(() => {
      node.port.postMessage({ type: "look", pose: [Math.cos(s), 0, 0, Math.sin(s)] });
      context.resume();
    });
  } else {
    const merger = context.createChannelMerger(2);
    const splitter = context.createChannelSplitter(CHANNELS);
    source.connect(splitter);
    for (let c = 0; c < CHANNELS; c++) for (let ear = 0; ear < 2; ear++) {
      const taps = context.createBuffer(1, TAPS, RATE);
      taps.copyToChannel(noise(TAPS), 0);
      const node = new ConvolverNode(context, { buffer: taps, disableNormalization: true });
      splitter.connect(node, c).connect(merger, 0, ear);
    }
    merger.connect(context.destination);
  }
  source.start();
  const began = performance.now();
  await context.startRendering();
  return (performance.now() - began) / 1000 / SECONDS;
}"""


def run() -> dict[str, Any]:
    """Bundle the worklet and the measurement as the player is built, and run both."""
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        (folder / "index.html").write_text("<!doctype html><title>bench</title>")
        _bundle("web/tests/headTrackingCost.ts", folder / "cost.mjs")
        _bundle("web/src/spatial/worklet.ts", folder / "worklet.js")
        costs = json.loads(_in_node(f"node {folder / 'cost.mjs'}"))
        ours, native = _in_chromium(folder)
    return {
        "name": "head_tracking",
        "figures": {f"{name}_us_per_block": round(us, 1) for name, us in costs.items()}
        | {"share_of_core": round(costs["turning"] / _BLOCK_US, 4)}
        | {"chromium_share_of_core": round(ours, 4)},
        "peer": {"name": "ConvolverNode", "chromium_share_of_core": round(native, 4)},
        "targets": {"share_of_core": "< 0.1", "chromium_share_of_core": "< 0.1"},
    }


def _bundle(source: str, target: Path) -> None:
    esbuild = ROOT / "web/node_modules/.bin/esbuild"
    options = f"--bundle --format=esm --outfile={target} --log-level=warning"
    _in_node(f"{esbuild} {ROOT / source} {options}")


def _in_node(command: str) -> str:
    shell = ["bash", "-c", f". tools/node.sh && {command}"]
    return subprocess.run(shell, cwd=ROOT, check=True, capture_output=True, text=True).stdout


def _in_chromium(folder: Path) -> tuple[float, float]:
    """Return the least shares of three rounds in turn: of the worklet, of native convolvers."""
    with _serving(folder) as url, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=_FLAGS)
        page = browser.new_page()
        page.goto(url)
        rounds = [[page.evaluate(_IN_PAGE, own) for own in (True, False)] for _ in range(3)]
        browser.close()
    return min(ours for ours, _ in rounds), min(native for _, native in rounds)


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
        pass


@contextmanager
def _serving(folder: Path) -> Iterator[str]:
    handler = functools.partial(_Quiet, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}/index.html"
        server.shutdown()
