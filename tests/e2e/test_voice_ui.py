"""Asking in the player: typed, answered, chosen, taken back; with keys alone and on a phone."""

import re
import subprocess
import wave
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from .conftest import Server
from .seam_world import CHROMIUM_FLAGS
from .test_player_ui import (
    DESK,
    PHONE,
    WATCH_POLICY,
    no_serious_finding,
    play_album,
    sign_in,
    sounds,
    spills,
)

pytestmark = pytest.mark.browser


@pytest.fixture
def page(chromium: Browser, demo_server: Server) -> Iterator[Page]:
    """A signed-in tab; it ends without faults."""
    demo_server.sign_in()
    context = chromium.new_context(
        base_url=demo_server.url, viewport=DESK, color_scheme="dark", locale="en-GB"
    )
    context.set_default_timeout(30_000)  # the first question waits for the names
    context.add_init_script(WATCH_POLICY)
    tab = context.new_page()
    faults: list[str] = []
    tab.on("pageerror", lambda error: faults.append(str(error)))
    sign_in(tab)
    yield tab
    faults += tab.evaluate("window.violations")
    context.close()
    assert faults == []


@pytest.fixture(scope="module")
def albums(demo_server: Server) -> list[dict[str, Any]]:
    path = "/v1/catalog/home/albums?limit=50"
    data = demo_server.call("GET", path, token=demo_server.sign_in())[1]["data"]
    return sorted(data, key=lambda one: -int(one["attributes"]["trackCount"]))


def ask(page: Page, text: str) -> None:
    field = page.get_by_label("What would you like to hear?")
    field.fill(text)
    field.press("Enter")


def test_a_typed_request_plays_the_right_music_and_is_taken_back(
    page: Page, albums: list[dict[str, Any]], tmp_path: Path
) -> None:
    play_album(page, albums[0])
    before = page.title()
    page.keyboard.press("v")
    name = albums[1]["attributes"]["name"]
    ask(page, f"play the album {name}")
    answer = page.get_by_role("region", name="Answer")
    expect(answer).to_have_attribute("data-outcome", "act")
    expect(answer).to_contain_text(f"Playing the album {name}")
    sounds(page)
    expect(page).not_to_have_title(before)
    for theme in ("dark", "light"):
        page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
        for size, of in ((DESK, "desk"), (PHONE, "phone")):
            page.set_viewport_size(size)
            no_serious_finding(page, f"ask ({theme}, {of})")
            assert spills(page) == []
            page.screenshot(path=tmp_path / f"ask-{theme}-{of}.png")
    page.set_viewport_size(DESK)
    answer.get_by_role("button", name="Undo").click()
    expect(page).to_have_title(before)


def test_what_is_not_there_is_said_and_nothing_changes(
    page: Page, albums: list[dict[str, Any]]
) -> None:
    play_album(page, albums[0])
    title = page.title()
    page.get_by_role("navigation", name="Main").get_by_role("button", name="Ask").click()
    ask(page, "play zanzibar crossroads by the quivering hemlocks")
    answer = page.get_by_role("region", name="Answer")
    expect(answer).to_have_attribute("data-outcome", "refuse")
    expect(answer).to_contain_text(re.compile("quivering hemlocks", re.IGNORECASE))
    expect(page).to_have_title(title)


def test_commands_reach_the_player(page: Page, albums: list[dict[str, Any]]) -> None:
    play_album(page, albums[0])
    page.keyboard.press("v")
    ask(page, "set the volume to thirty percent")
    expect(page.get_by_role("region", name="Answer")).to_contain_text("Volume 30 percent")
    ask(page, "pause please")
    expect(page.get_by_role("region", name="Answer")).to_contain_text("Paused")
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Play", exact=True).first).to_be_visible()
    volume = page.get_by_role("slider", name="Volume")
    expect(volume).to_have_value(re.compile(r"^(0?\.3|30)$"))


def test_examples_are_there_to_be_tried(page: Page) -> None:
    page.keyboard.press("v")
    dialog = page.get_by_role("dialog", name="Ask for music")
    expect(dialog.get_by_label("What would you like to hear?")).to_be_focused()
    dialog.get_by_role("button", name="Turn it up a bit").click()
    expect(page.get_by_role("region", name="Answer")).to_contain_text("Louder")


def spoken(text: str, file: Path) -> Path:
    """Write a sentence as sound, silence around it, as a microphone would give it over and over."""
    plain = file.with_suffix(".plain.wav")
    subprocess.run(["espeak-ng", "-v", "en-us", "-s", "150", "-w", plain, text], check=True)
    with wave.open(str(plain)) as made:
        rate, sound = made.getframerate(), made.readframes(made.getnframes())
    with wave.open(str(file), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(rate)
        out.writeframes(bytes(rate) + sound + bytes(3 * rate))
    return file


@pytest.fixture
def microphone(
    chromium: Browser, demo_server: Server, albums: list[dict[str, Any]], tmp_path: Path
) -> Iterator[Page]:
    """A tab of a browser of its own, into whose microphone the second album is asked for.

    The browser's own recogniser is out of reach here, so the server hears the microphone.
    """
    name = albums[1]["attributes"]["name"]
    file = spoken(f"play the album {name}", tmp_path / "said.wav")
    flags = [
        "--use-fake-ui-for-media-stream",
        "--use-fake-device-for-media-stream",
        f"--use-file-for-fake-audio-capture={file}",
    ]
    browser = chromium.browser_type.launch(
        executable_path="/usr/bin/chromium", args=[*CHROMIUM_FLAGS, *flags]
    )
    context = browser.new_context(base_url=demo_server.url, viewport=DESK, locale="en-US")
    context.set_default_timeout(60_000)  # the recogniser learns the names first
    context.add_init_script(
        "delete window.webkitSpeechRecognition; delete window.SpeechRecognition"
    )
    tab = context.new_page()
    sign_in(tab)
    yield tab
    browser.close()


def test_a_spoken_request_plays_the_right_song(
    microphone: Page, albums: list[dict[str, Any]]
) -> None:
    name = albums[1]["attributes"]["name"]
    microphone.keyboard.press("v")
    microphone.get_by_role("button", name="Speak").click()
    microphone.wait_for_timeout(4500)
    microphone.get_by_role("button", name="Stop listening").click()
    answer = microphone.get_by_role("region", name="Answer")
    expect(answer).to_have_attribute("data-outcome", "act", timeout=60_000)
    expect(answer).to_contain_text(f"Playing the album {name}")
    sounds(microphone)
