"""What deals say, as a listener sees it in Chromium: greyed, told why, and open where it opens."""

import asyncio
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from antiphon.kernel import SongId, SystemClock, UnixMs
from antiphon.rights import CommercialModel, Deal, Rights, SongDeals, UseType
from antiphon.storage import open_tables

from .conftest import OWNER, PASSWORD, Server, engine_url, start_server, stop_server, wait_until
from .routes_world import make_album
from .test_player_ui import DESK, FLAGS, PHONE, PLAYER, no_serious_finding

pytestmark = pytest.mark.browser
PICTURES = os.environ.get("ANTIPHON_TEST_PICTURES")


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    if not PLAYER.exists():
        pytest.skip("The player is not built: make setup.")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Robin's installation with one song, for which a label has a deal in France alone."""
    folder = tmp_path_factory.mktemp("available")
    make_album(folder / "music" / "Ann" / "Alb")
    running = start_server(folder / "data", "--music", str(folder / "music"))
    try:
        token = running.sign_in()
        song = wait_until(lambda: songs(running, token), what="the song")[0]
        with ThreadPoolExecutor(1) as thread:  # Playwright keeps a loop running in this one
            thread.submit(asyncio.run, deliver(running.data, song["id"])).result()
        wait_until(lambda: songs(running, token)[0]["attributes"].get("availability"), what="deals")
        yield running
    finally:
        status = stop_server(running)
    assert status == 0


def songs(server: Server, token: str) -> list:
    return server.call("GET", "/v1/catalog/home/songs", token=token)[1]["data"]


async def deliver(data: Path, song_id: str) -> None:
    """Give the song deals as a delivery does, beside the running server."""
    tables, clock = open_tables(engine_url(data, "tables")), SystemClock()
    deal = Deal(
        territories=frozenset({"fr"}),
        uses=frozenset({UseType.STREAM}),
        models=frozenset({CommercialModel.SUBSCRIPTION}),
        start=UnixMs(clock.now() - 1000),
    )
    told = SongDeals(deals=(deal,), release_id="r", sender="label", changed_at=clock.now())
    await Rights(tables, clock).store.write_songs([(SongId(song_id), told)])
    await tables.close()


@pytest.fixture
def page(chromium: Browser, server: Server) -> Iterator[Page]:
    context = chromium.new_context(base_url=server.url, viewport=DESK, color_scheme="dark")
    context.set_default_timeout(15_000)
    page = context.new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.goto("/")
    page.get_by_label("User name").fill(OWNER)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_role("link", name="Songs").first).to_be_visible()
    yield page
    context.close()
    assert faults == []


def picture(page: Page, name: str) -> None:
    if PICTURES:
        page.screenshot(path=f"{PICTURES}/{name}.png")


def test_a_song_that_may_not_be_heard_says_why_and_opens_with_the_storefront(page: Page) -> None:
    page.goto("/library/songs")
    row = page.get_by_role("button", name="One by Ann. This song is for some countries")
    expect(row).to_have_attribute("aria-disabled", "true")
    row.click(force=True)  # it can be pressed, and answers why
    expect(page.get_by_text("This song is for some countries").last).to_be_visible()
    expect(page.get_by_role("button", name="Pause One")).to_have_count(0)
    no_serious_finding(page, "withheld")
    picture(page, "withheld")
    page.set_viewport_size(PHONE)
    picture(page, "withheld-phone")
    page.set_viewport_size(DESK)

    page.goto("/settings/household")
    country = page.get_by_label("Country")
    expect(country).to_have_value("home")
    country.select_option("fr")
    expect(page.get_by_text("listens on other terms now")).to_be_visible()
    no_serious_finding(page, "withheld")
    expect(country).to_have_value("fr")
    country.scroll_into_view_if_needed()
    picture(page, "storefronts")

    page.goto("/library/songs")
    page.get_by_role("button", name="Play One by Ann").click()
    expect(page.get_by_role("button", name="Pause One")).to_be_visible()

    page.goto("/settings/household")
    page.get_by_label("Country").select_option("de")
    expect(page.get_by_text("listens on other terms now")).to_be_visible()
    page.goto("/library/songs")
    expect(page.get_by_role("button", name="not available in your country")).to_be_visible()
