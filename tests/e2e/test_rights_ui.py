"""The owner's side of rights in Chromium: deliveries, faults, deals, countries, statements, log."""

import asyncio
import os
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from antiphon.eventlog import encode_event, open_eventlog
from antiphon.kernel import DeviceId, GrantId, ListenerId, SongId, SystemClock
from antiphon.streaming.events import TOPIC, PlayEnded
from antiphon.testing.label_messages import LabelDeal, release_message

from .conftest import OWNER, PASSWORD, Server, start_server, stop_server, wait_until
from .test_deliveries import deliver, put_into, release, songs_of
from .test_player_ui import DESK, PHONE, no_serious_finding, spills

pytestmark = pytest.mark.browser
PICTURES = os.environ.get("ANTIPHON_TEST_PICTURES")
DEALS = (
    LabelDeal(territories=("FR", "DE"), start="2026-01-01", end="2026-06-30"),
    LabelDeal(territories=("FR",), start="2026-07-01"),
)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """An installation with a delivery, a refused one, and three plays in the last minutes."""
    folder = tmp_path_factory.mktemp("rights")
    running = start_server(folder / "data")
    try:
        token = running.sign_in()
        good, bad = folder / "good", folder / "bad"
        told = release(good, 1, deals=DEALS, title="Canticles")
        loud = replace(told.tracks[0], warning="Explicit")
        told = replace(told, tracks=[loud, *told.tracks[1:]])
        assert deliver(running, good, release_message("4.3", told))[0] == 0
        wrong = release(bad, 2, title="Never heard")
        (bad / "resources" / "2.flac").write_bytes(b"not what was hashed")
        assert deliver(running, bad, release_message("4.3", wrong))[0] == 1
        song = wait_until(lambda: songs_of(running, token, "Canticles"), what="the songs")[0]
        with ThreadPoolExecutor(1) as thread:  # Playwright keeps a loop running in this one
            thread.submit(asyncio.run, played(running.data, song["id"], times=3)).result()
        wait_until(lambda: counted(running, token) == 3, what="the plays to be counted")
        yield running
    finally:
        status = stop_server(running)
    assert status == 0


async def played(data: Path, song: str, times: int) -> None:
    """Tell of plays as players do, beside the running server."""
    clock = SystemClock()
    log = open_eventlog(f"lmdb:{data.absolute() / 'events'}")
    now = clock.now()
    events = [
        PlayEnded(
            GrantId(f"grant{n}"),
            ListenerId("l" * 24),
            DeviceId("d" * 24),
            SongId(song),
            60_000,
            now,
            60_000,
            "ended",
            issued_at=now - 300_000,
            territory="fr",
        )
        for n in range(times)
    ]
    await log.append(TOPIC, [encode_event(event, clock=clock) for event in events])
    await log.close()


def month(server: Server, token: str) -> str:
    return str(server.call("GET", "/v1/rights/statements", token=token)[1]["data"][0]["period"])


def counted(server: Server, token: str) -> int:
    period = month(server, token)
    found = server.call("GET", f"/v1/rights/statements/{period}", token=token)[1]
    return sum(share["plays"] for share in found["holders"])


@pytest.fixture
def page(chromium: Browser, server: Server) -> Iterator[Page]:
    context = chromium.new_context(
        base_url=server.url, viewport=DESK, color_scheme="dark", locale="en-GB"
    )
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


def seen(page: Page, name: str) -> None:
    """Check a view for both sizes: nothing sticks out, nothing keeps anybody out."""
    no_serious_finding(page, name)
    for size, suffix in ((DESK, ""), (PHONE, "-phone")):
        page.set_viewport_size(size)
        page.wait_for_timeout(150)
        assert spills(page) == [], name
        if PICTURES:
            page.screenshot(path=f"{PICTURES}/{name}{suffix}.png")
    page.set_viewport_size(DESK)


def test_an_owner_sees_what_was_delivered_and_what_was_wrong_with_it(page: Page) -> None:
    page.goto("/settings")
    page.get_by_role("link", name="Rights").click()
    expect(page.get_by_role("heading", level=1, name="Rights")).to_be_visible()
    rows = page.get_by_role("list", name="Deliveries").get_by_role("listitem")
    expect(rows).to_have_count(2)
    expect(rows.nth(0)).to_contain_text("Refused")
    expect(rows.nth(1)).to_contain_text("Taken in")
    seen(page, "rights-deliveries")
    rows.nth(0).click()
    table = page.get_by_role("table", name="Faults")
    expect(table).to_contain_text("file_altered")
    expect(table).to_contain_text("2.flac")
    expect(page.get_by_text("Nothing of this delivery was taken in")).to_be_visible()
    seen(page, "rights-refused")


def test_deals_and_countries_of_a_delivered_song(page: Page) -> None:
    page.goto("/rights")
    page.get_by_role("list", name="Deliveries").get_by_role("listitem").nth(1).click()
    expect(page.get_by_role("heading", level=1, name="Canticles")).to_be_visible()
    seen(page, "rights-delivery")
    page.get_by_role("link", name="Song 1.1").click()
    expect(page.get_by_role("heading", level=1, name="Song 1.1")).to_be_visible()
    deals = page.get_by_role("list", name="Deals over time").get_by_role("listitem")
    expect(deals).to_have_count(2)
    expect(deals.filter(has_text="France, Germany")).to_contain_text("1 Jan 2026 to")
    expect(deals.filter(has_text="now")).to_contain_text("from 1 Jul 2026")
    expect(page.get_by_role("status").filter(has_text="countries")).to_contain_text("1 of")
    europe = page.get_by_role("region", name="Europe")
    expect(europe.get_by_text("France: may be heard")).to_be_attached()
    expect(europe.get_by_text(re.compile("^Germany: the deal has ended"))).to_be_attached()
    facts = page.get_by_role("region", name="What the label says")
    people = facts.get_by_role("table", name="People")
    expect(people.get_by_role("row").nth(1)).to_contain_text("The Quiet Engines")
    expect(people.get_by_role("row").nth(1)).to_contain_text("Main artist")
    expect(facts).to_contain_text("(P) 2026 Harbour Light")
    expect(facts).to_contain_text("English")
    seen(page, "rights-song")
    page.get_by_label("Find a country").fill("Franc")
    expect(page.get_by_role("region", name="Asia")).to_have_count(0)
    expect(europe.get_by_role("listitem")).to_have_count(1)
    page.get_by_label("Find a country").fill("")
    page.get_by_label("Plan").select_option("free")
    expect(page.get_by_role("status").filter(has_text="countries")).to_contain_text("0 of")


def test_explicit_songs_are_marked_wherever_they_are_named(page: Page, server: Server) -> None:
    put_into(server, server.sign_in(), "fr")
    page.goto("/library/songs")
    rows = page.get_by_role("main").get_by_text("Explicit", exact=True)
    expect(rows).to_have_count(1)
    page.get_by_role("button", name="Play Song 1.1 by").click()
    player = page.get_by_role("region", name="Player")
    expect(player.get_by_text("Explicit", exact=True)).to_be_attached()
    page.goto("/search?term=song%201.1")
    expect(page.get_by_role("main").get_by_text("Explicit", exact=True).first).to_be_attached()


def test_a_listener_sees_who_made_a_song(page: Page, server: Server) -> None:
    put_into(server, server.sign_in(), "fr")
    page.goto("/library/songs")
    page.get_by_role("button", name="More for Song 1.1").click()
    page.get_by_role("menuitem", name="Credits").click()
    dialog = page.get_by_role("dialog", name="Credits")
    expect(dialog).to_contain_text("The Quiet Engines")
    expect(dialog).to_contain_text("Main artist")
    expect(dialog).to_contain_text("Harbour Light")
    seen(page, "credits")


def test_a_month_gets_its_money_and_says_what_is_owed(page: Page, server: Server) -> None:
    page.goto("/rights/statements")
    months = page.get_by_role("list", name="Months").get_by_role("listitem")
    expect(months).to_have_count(24)
    months.nth(0).click()
    expect(page.get_by_text("3 plays").first).to_be_visible()
    page.get_by_role("button", name="Write it down").click()
    expect(page.get_by_label("Country", exact=True)).to_have_value("fr")
    page.get_by_label("Came in").fill("100")
    page.get_by_label("Shared by plays, %").fill("60")
    seen(page, "rights-money")
    page.get_by_role("button", name="Write it down").click()
    expect(page.get_by_text("The month is stated anew")).to_be_visible()
    holders = page.get_by_role("list", name="By holder")
    expect(holders).to_contain_text("€60.00")
    expect(page.get_by_role("list", name="By country")).to_contain_text("France")
    seen(page, "rights-statement")
    with page.expect_download() as download:
        page.get_by_role("button", name="as CSV").click()
    lines = Path(download.value.path()).read_text("utf-8").splitlines()
    assert "Song 1.1" in lines[1]
    assert lines[1].endswith(",3,180000,60000000,EUR")


def test_every_change_is_in_the_log_and_the_log_is_whole(page: Page) -> None:
    page.goto("/rights/changes")
    table = page.get_by_role("table", name="Changes")
    expect(table).to_contain_text("release delivered")
    page.get_by_role("button", name="Check the whole log").click()
    expect(page.get_by_text("whole.", exact=False)).to_be_visible()
    seen(page, "rights-changes")
