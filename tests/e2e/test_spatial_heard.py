"""An ADM master, imported by the command, heard in space in Chromium; and as stereo without space.

Nothing is put in between: the server, its encoders, the player and its worklet are the real ones.
"""

import re
import subprocess
import sys
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, expect

from antiphon.spatial import (
    Bw64Writer,
    DirectTrack,
    ObjectBlock,
    ObjectItem,
    PcmFormat,
    PolarPosition,
    Scene,
    adm_chunks,
)

from .conftest import Server, start_server, stop_server, wait_until
from .test_player_ui import DESK, WATCH_POLICY, sign_in

pytestmark = pytest.mark.browser
RATE = 48_000
SECONDS = 60
WHAT_IS_HEARD = """
(() => {
  const connect = AudioNode.prototype.connect;
  const ears = [];
  AudioNode.prototype.connect = function (to, ...rest) {
    const done = connect.call(this, to, ...rest);
    if (to instanceof AudioDestinationNode) {
      const splitter = this.context.createChannelSplitter(2);
      connect.call(this, splitter);
      ears.push([0, 1].map((ear) => {
        const meter = this.context.createAnalyser();
        meter.fftSize = 16384;
        connect.call(splitter, meter, ear);
        return meter;
      }));
    }
    return done;
  };
  window.heard = () => {
    const power = [0, 0];
    for (const pair of ears) {
      pair.forEach((meter, ear) => {
        const wave = new Float32Array(meter.fftSize);
        meter.getFloatTimeDomainData(wave);
        power[ear] += wave.reduce((sum, value) => sum + value * value, 0) / wave.length;
      });
    }
    return power;
  };
})();
"""


def write_master(path: Path) -> None:
    """Write noise that comes from the left, and never moves."""
    block = ObjectBlock(Fraction(0), None, PolarPosition(90.0, 0.0))
    item = ObjectItem(name="cricket", track=DirectTrack(0), blocks=(block,))
    chance = np.random.default_rng(3)
    scene = Scene((item,), 1, RATE, "Cricket")
    with (
        path.open("wb") as file,
        Bw64Writer(file, PcmFormat(1, RATE, 24), adm_chunks(scene)) as writer,
    ):
        for _ in range(SECONDS):
            writer.write(chance.normal(0, 0.1, (RATE, 1)))


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("space")
    (folder / "Field").mkdir()
    write_master(folder / "Field" / "01 cricket.wav")
    server = start_server(folder / "data")
    try:
        server.sign_in()
        command = [sys.executable, "-m", "antiphon.app", "import", str(folder / "Field")]
        subprocess.run(
            [*command, "--data", str(server.data)], check=True, capture_output=True, timeout=120
        )
        yield server
    finally:
        assert stop_server(server) == 0


@pytest.fixture(scope="module")
def song(server: Server) -> Any:
    """The song of that master, once its field is there."""
    token = server.sign_in()
    (song,) = wait_until(
        lambda: server.call("GET", "/v1/catalog/home/songs", token=token)[1]["data"],
        seconds=60,
        what="the song",
    )
    asked = {
        "songId": song["id"],
        "spatial": "always",
        "capabilities": {"codecs": ["flac", "mp4a.40.2", "opus"], "maxChannels": 16},
    }

    def has_field() -> bool:
        status, grant = server.call("POST", "/v1/me/plays", asked, token)
        kinds = {r["kind"] for r in grant["spatial"]["renditions"]} if status == 201 else set()
        return "ambisonics" in kinds

    wait_until(has_field, seconds=300, what="the field")
    return song


@pytest.fixture
def page(chromium: Browser, server: Server) -> Iterator[Page]:
    context = chromium.new_context(base_url=server.url, viewport=DESK, locale="en-GB")
    context.add_init_script(WATCH_POLICY)
    context.add_init_script(WHAT_IS_HEARD)
    tab = context.new_page()
    faults: list[str] = []
    tab.on("pageerror", lambda error: faults.append(str(error)))
    sign_in(tab)
    yield tab
    faults += tab.evaluate("window.violations")
    context.close()
    assert faults == []


def play(page: Page, song: Any) -> None:
    page.goto(f"/albums/{song['relationships']['albums']['data'][0]['id']}")
    name = re.escape(song["attributes"]["name"])
    page.get_by_role("button", name=re.compile(f"^Play {name} by")).click()
    wait_until(lambda: sum(page.evaluate("heard()")) > 0, what="a sound")


def left_above_right(page: Page) -> float:
    """Return by how many dB more is heard on the left than on the right, for a second or so."""
    power = np.full(2, 1e-9)  # where nothing is heard
    for _ in range(4):
        page.wait_for_timeout(350)  # no meter sees a sample twice
        power += page.evaluate("heard()")
    return float(10 * np.log10(power[0] / power[1]))


def test_what_is_left_goes_round_as_the_head_turns(page: Page, song: Any) -> None:
    assert "spatial" in song["attributes"]["audioTraits"]
    with page.expect_response(re.compile("/v1/spatial/heads/default/filters")) as filters:
        play(page, song)
    assert filters.value.ok
    page.keyboard.press("o")
    stage = page.get_by_role("dialog", name="Now playing")
    stage.get_by_role("button", name="Space").click()
    plan = page.get_by_role("application", name=re.compile("Your head among one sound"))
    plan.focus()
    heard = {}
    for turned in (0, 90, 180):
        expect(plan).to_be_focused()
        heard[turned] = left_above_right(page)
        for _ in range(9):
            page.keyboard.press("ArrowLeft")
    print(f"left above right, dB, by degrees to the left: {heard}")
    assert heard[0] > 6.0, "it comes from the left"
    assert abs(heard[90]) < 1.5, "it is ahead"
    assert heard[180] < -6.0, "it comes from the right"


def test_a_plain_device_hears_stereo(page: Page, song: Any, server: Server) -> None:
    page.goto("/settings")
    page.get_by_role("group", name="Spatial sound").get_by_text("Off").click()
    play(page, song)
    assert left_above_right(page) > 20.0, "of two loudspeakers, the left one"
    token = server.sign_in()
    grant = server.call("POST", "/v1/me/plays", {"songId": song["id"]}, token)[1]
    assert not (grant.get("spatial") or {}).get("renditions")
    assert {v["rung"] for v in grant["variants"]} <= {
        "flac",
        "alac",
        "aac-64",
        "aac-128",
        "aac-256",
    }
