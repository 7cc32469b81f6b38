"""A spatial song in the player: its mark, the plan of its sounds, a head turned by hand, the wish.

The song's field, scene and head are put into the answers of a running server.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect

from .conftest import Server
from .spatial_world import RATE, RUNG, Field, packaged, to_the_sides
from .test_head_tracking import from_direction, noise
from .test_player_ui import (
    DESK,
    PHONE,
    WATCH_POLICY,
    heading,
    no_serious_finding,
    play_album,
    sign_in,
    spills,
)

pytestmark = pytest.mark.browser
NAMES = ("Voice", "Guitar", "Bells", "Choir")


@pytest.fixture(scope="module")
def field() -> Field:
    return packaged(from_direction(noise(120 * RATE), 0.0, 1.0, 0.0))


def scene() -> dict[str, Any]:
    """Return four objects that go round at their own paces and heights."""
    objects = []
    for n, name in enumerate(NAMES):
        angles = [(ms, n * 1.7 + ms / (2500.0 + 900 * n)) for ms in range(0, 120_000, 200)]
        height = (0.0, 0.5, 0.9, -0.4)[n]
        flat = float(np.sqrt(1 - height**2))
        track = [[ms, flat * np.sin(a), flat * np.cos(a), height] for ms, a in angles]
        objects.append({"name": name, "kind": "object", "track": track})
    return {"durationMs": 120_000, "objects": objects}


@pytest.fixture
def page(chromium: Browser, demo_server: Server, field: Field) -> Iterator[Page]:
    """A signed-in tab in which every song is spatial; it ends without faults."""
    demo_server.sign_in()
    context = chromium.new_context(
        base_url=demo_server.url, viewport=DESK, color_scheme="dark", locale="en-GB"
    )
    context.set_default_timeout(15_000)
    context.add_init_script(WATCH_POLICY)
    _make_spatial(context, field)
    tab = context.new_page()
    faults: list[str] = []
    tab.on("pageerror", lambda error: faults.append(str(error)))
    sign_in(tab)
    yield tab
    faults += tab.evaluate("window.violations")
    context.unroute_all(behavior="ignoreErrors")  # what the page still fetches ahead
    context.close()
    assert faults == []


def _make_spatial(context: BrowserContext, field: Field) -> None:
    def grant(route: Route) -> None:
        answer = route.fetch()
        made = answer.json()
        if json.loads(route.request.post_data or "{}")["spatial"] != "off":
            entry = field.entry(f"/hls/test/{RUNG}/", 0.0)
            made["spatial"] = {"renditions": [entry], "scene": "/v1/spatial/songs/x/scene"}
        route.fulfill(response=answer, json=made)

    def marked(route: Route) -> None:
        answer = route.fetch()
        text = answer.text().replace('"audioTraits":[', '"audioTraits":["spatial",')
        route.fulfill(response=answer, body=text.replace('"spatial",]', '"spatial"]'))

    context.route("**/v1/me/plays", grant)
    context.route(re.compile(r"/v1/catalog/"), marked)
    context.route("**/v1/spatial/songs/**", lambda route: route.fulfill(json=scene()))
    context.route("**/v1/spatial/heads/**", lambda route: route.fulfill(body=to_the_sides()))
    context.route(
        f"**/hls/test/{RUNG}/*",
        lambda route: route.fulfill(
            body=field.file(route.request.url.rpartition("/")[2]), content_type="audio/mp4"
        ),
    )


@pytest.fixture(scope="module")
def album(demo_server: Server) -> dict[str, Any]:
    """The longest album of the demo catalogue."""
    path = "/v1/catalog/home/albums?limit=50"
    data = demo_server.call("GET", path, token=demo_server.sign_in())[1]["data"]
    return max(data, key=lambda one: int(one["attributes"]["trackCount"]))


def in_space(page: Page, album: dict[str, Any]) -> None:
    """Play an album and open the plan."""
    play_album(page, album)
    page.keyboard.press("o")
    page.get_by_role("dialog", name="Now playing").get_by_role("button", name="Space").click()
    expect(plan(page)).to_be_visible()


def plan(page: Page) -> Any:
    return page.get_by_role("application", name=re.compile("Your head among 4 sounds"))


def test_a_spatial_song_is_marked_and_seen_in_space(
    page: Page, album: dict[str, Any], tmp_path: Path
) -> None:
    in_space(page, album)
    stage = page.get_by_role("dialog", name="Now playing")
    expect(stage.get_by_text("Spatial", exact=True).first).to_be_visible()
    for theme in ("dark", "light"):
        page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
        for size, name in ((DESK, "desk"), (PHONE, "phone")):
            page.set_viewport_size(size)
            no_serious_finding(page, f"space ({theme}, {name})")
            assert spills(page) == []
            page.screenshot(path=tmp_path / f"space-{theme}-{name}.png")


def test_the_head_is_turned_by_keys_and_by_dragging(page: Page, album: dict[str, Any]) -> None:
    in_space(page, album)
    plan(page).focus()
    for _ in range(3):
        page.keyboard.press("ArrowLeft")
    expect(plan(page)).to_have_accessible_name(re.compile("looking 30° left"))
    expect(page.get_by_text("You look 30° left")).to_be_attached()
    page.keyboard.press("Home")
    expect(plan(page)).to_have_accessible_name(re.compile("looking straight ahead"))
    box = plan(page).bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] / 2 + 100, box["y"] + box["height"] / 2, steps=5)
    page.mouse.up()
    expect(plan(page)).to_have_accessible_name(re.compile("looking 60° right"))
    page.get_by_role("button", name="Look ahead").click()
    expect(plan(page)).to_have_accessible_name(re.compile("looking straight ahead"))


def test_a_device_without_sensors_says_so(page: Page, album: dict[str, Any]) -> None:
    in_space(page, album)
    page.get_by_role("button", name="Follow this device").click()
    expect(page.get_by_text("This device cannot tell how it is held.")).to_be_visible()


def test_stereo_can_be_compared_and_space_turned_off(page: Page, album: dict[str, Any]) -> None:
    in_space(page, album)
    page.get_by_role("radio", name="Stereo").check(force=True)
    expect(page.get_by_role("radio", name="Stereo")).to_be_checked()
    page.get_by_role("radio", name="Spatial").check(force=True)
    page.keyboard.press("Escape")
    page.goto("/settings")
    heading(page, "Settings")
    page.get_by_role("group", name="Spatial sound").get_by_text("Off").click()
    kept = page.evaluate("JSON.parse(localStorage.getItem('antiphon.preferences')).spatial")
    assert kept == "off"
