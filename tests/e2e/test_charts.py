"""What is played comes into the charts: over HTTP as it is told, and in Chromium."""

import asyncio
import os
import random
import re
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import av
import msgspec
import numpy as np
import pytest
from playwright.sync_api import Browser, Page, ViewportSize, expect, sync_playwright

from antiphon.eventlog import open_eventlog
from antiphon.kernel import Envelope, SystemClock, UnixMs

from .conftest import OWNER, PASSWORD, Server, engine_url, start_server, stop_server, wait_until
from .test_availability_ui import deliver
from .test_player_ui import DESK, FLAGS, PHONE, PLAYER, no_serious_finding

PICTURES = os.environ.get("ANTIPHON_TEST_PICTURES")
HOUR_MS = 3_600_000
SONGS = (  # title, artist, album, genre; how often it is played
    ("One", "Ann", "Alb", "Folk", 3),
    ("Two", "Ben", "Alb", "Folk", 2),
    ("Three", "Cid", "Bel", "Jazz", 1),
)


def write_song(folder: Path, title: str, artist: str, album: str, genre: str) -> None:
    """Write a FLAC of two seconds: one second of it is half, and counts."""
    folder.mkdir(parents=True, exist_ok=True)
    with av.open(str(folder / f"{title}.flac"), "w") as container:
        container.metadata.update(
            title=title, artist=artist, album=album, album_artist="Various", genre=genre
        )
        stream = container.add_stream("flac", rate=44100, layout="mono")
        pitch = sum(title.encode())  # the same sound would be the same recording
        tone = np.sin(np.arange(2 * 44100) * 2 * np.pi * pitch / 44100)
        frame = av.AudioFrame.from_ndarray((tone * 8000).astype(np.int16)[None], "s16", "mono")
        frame.sample_rate = 44100
        for packet in [*stream.encode(frame), *stream.encode(None)]:
            container.mux(packet)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("charts")
    for title, artist, album, genre, _ in SONGS:
        write_song(folder / "music" / album, title, artist, album, genre)
    running = start_server(folder / "data", "--music", str(folder / "music"))
    try:
        yield running
    finally:
        status = stop_server(running)
    assert status == 0


@pytest.fixture(scope="module")
def token(server: Server) -> str:
    return server.sign_in()


@pytest.fixture(scope="module")
def ids(server: Server, token: str) -> dict[str, str]:
    """The songs by title, once they can be played."""

    def listed() -> dict[str, str] | None:
        data = server.call("GET", "/v1/catalog/home/songs", token=token)[1]["data"]
        return {s["attributes"]["name"]: s["id"] for s in data} if len(data) == len(SONGS) else None

    return dict(wait_until(listed, what="the songs"))


@pytest.fixture(scope="module")
def played(server: Server, token: str, ids: dict[str, str]) -> dict[str, str]:
    """Every song played as often as it should be, each play told twice."""
    titles = [title for title, _, _, _, times in SONGS for _ in range(times)]
    grants = [
        wait_until(partial(grant, server, token, ids[title]), what="a grant") for title in titles
    ]
    time.sleep(1.2)  # as long as must be heard: nobody hears more than has passed
    ended = {"type": "ended", "positionMs": 2000, "heardMs": 2000, "at": round(time.time() * 1000)}
    for path in [f"/v1/me/plays/{one}/events" for one in grants] * 2:
        status, answer = server.call("POST", path, {"events": [ended]}, token)
        assert status < 300, answer
    wait_until(lambda: len(charts(server, token)["songs"]["data"]) == len(SONGS), what="charts")
    return ids


def grant(server: Server, token: str, song_id: str) -> str | None:
    status, answer = server.call("POST", "/v1/me/plays", {"songId": song_id}, token)
    return str(answer["id"]) if status == 201 else None


def charts(server: Server, token: str, query: str = "") -> dict[str, Any]:
    status, answer = server.call("GET", f"/v1/catalog/home/charts?{query}", token=token)
    assert status == 200, answer
    return dict(answer["results"])


def names(page: dict[str, Any]) -> list[str]:
    return [item["attributes"]["name"] for item in page["data"]]


def test_charts_stand_in_the_order_of_plays_that_count(
    server: Server, token: str, played: dict[str, str]
) -> None:
    for query in ("period=24h", "", "period=30d", "chart=trending"):
        found = charts(server, token, query)
        assert names(found["songs"]) == ["One", "Two", "Three"], query
        assert names(found["albums"]) == ["Alb", "Bel"], query
        assert names(found["artists"]) == ["Ann", "Ben", "Cid"], query
    meta = charts(server, token)["songs"]["meta"]
    assert meta["total"] == 3
    assert meta["places"] == [
        {"id": played[title], "rank": rank} for rank, title in enumerate(("One", "Two", "Three"), 1)
    ]


def test_a_chart_is_of_one_genre_and_of_the_kinds_asked_for(
    server: Server, token: str, played: dict[str, str]
) -> None:
    genres = server.call("GET", "/v1/catalog/home/genres", token=token)[1]["data"]
    jazz = next(g["id"] for g in genres if g["attributes"]["name"] == "Jazz")
    found = charts(server, token, f"genre={jazz}&types=songs,artists")
    assert found.keys() == {"songs", "artists"}
    assert (names(found["songs"]), names(found["artists"])) == (["Three"], ["Cid"])


def test_pages_of_a_chart_follow_each_other(
    server: Server, token: str, played: dict[str, str]
) -> None:
    first = charts(server, token, "types=songs&period=24h&limit=2")["songs"]
    assert names(first) == ["One", "Two"]
    status, answer = server.call("GET", first["next"], token=token)
    assert status == 200
    assert names(answer["results"]["songs"]) == ["Three"]
    assert answer["results"]["songs"]["meta"]["places"][0]["rank"] == 3
    assert "next" not in answer["results"]["songs"]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("home/charts?period=1y", 400),
        ("home/charts?types=genres", 400),
        ("home/charts?limit=0", 400),
        ("home/charts?genre=" + "a" * 24, 404),
        ("home/charts?genre=%00", 404),
        ("nowhere/charts", 404),
    ],
)
def test_what_makes_no_sense_is_refused(server: Server, token: str, path: str, status: int) -> None:
    assert server.call("GET", f"/v1/catalog/{path}", token=token)[0] == status


def test_another_storefront_has_charts_of_its_own(
    server: Server, token: str, played: dict[str, str]
) -> None:
    status, answer = server.call("GET", "/v1/catalog/fr/charts", token=token)
    assert status == 200
    assert answer["results"]["songs"] == {"data": [], "meta": {"total": 0, "places": []}}


def test_what_a_storefront_may_not_hear_is_in_none_of_its_charts(
    server: Server, token: str, played: dict[str, str]
) -> None:
    def gone(_: int) -> bool:
        return "One" not in names(charts(server, token)["songs"])

    with ThreadPoolExecutor(1) as thread:  # Playwright may keep a loop running in this one
        thread.submit(asyncio.run, deliver(server.data, played["One"])).result()
    wait_until(lambda: all(map(gone, range(20))), what="the deal in every worker")
    found = charts(server, token)
    assert [(p["id"], p["rank"]) for p in found["songs"]["meta"]["places"]] == [
        (played["Two"], 1),
        (played["Three"], 2),
    ]
    assert names(found["artists"]) == ["Ben", "Cid"], "of Ann there is nothing to be heard"
    assert names(found["albums"]) == ["Alb", "Bel"], "of Alb something is left"


# ------------------------------------------------------------------------------------- the player


@pytest.fixture(scope="module")
def listened(demo_server: Server) -> Server:
    """The demo catalogue after a month in which some songs rose and others faded."""
    token = demo_server.sign_in()
    songs = demo_server.call("GET", "/v1/catalog/home/songs?limit=60", token=token)[1]["data"]
    with ThreadPoolExecutor(1) as thread:  # Playwright may keep a loop running in this one
        told = month_of_plays([s["id"] for s in songs])
        thread.submit(asyncio.run, tell(demo_server.data, told)).result()
    wait_until(
        lambda: len(charts(demo_server, token, "period=30d")["songs"]["data"]) >= 10,
        what="the charts",
    )
    return demo_server


def month_of_plays(songs: list[str]) -> list[Envelope]:
    chance = random.Random(4)
    now, made = SystemClock().now(), []
    for place, song in enumerate(songs):
        rises = place % 5 == 3
        for number in range(6 + 240 // (place + 2)):
            ago = chance.randrange(30 if rises else 720)
            issued = now - ago * HOUR_MS - 300_000
            play = {
                "grant_id": f"past-{place}-{number}",
                "listener_id": f"l{number % 9}",
                "device_id": "d",
                "song_id": song,
                "position_ms": 240_000,
                "at_ms": issued + 240_000,
                "heard_ms": 240_000,
                "reason": "ended",
                "issued_at": issued,
            }
            told_at = UnixMs(issued + 240_000)
            payload = msgspec.json.encode(play)
            made.append(
                Envelope(f"p{place}-{number}", "streaming.play_ended", 1, "l", told_at, payload)
            )
    return made


async def tell(data: Path, told: list[Envelope]) -> None:
    log = open_eventlog(engine_url(data, "events"))
    await log.append("plays", told)
    await log.close()


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    if not PLAYER.exists():
        pytest.skip("The player is not built: make setup.")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
        yield browser
        browser.close()


def opened(browser: Browser, server: Server, viewport: ViewportSize, *, dark: bool) -> Page:
    context = browser.new_context(
        base_url=server.url, viewport=viewport, color_scheme="dark" if dark else "light"
    )
    context.set_default_timeout(15_000)
    page = context.new_page()
    page.goto("/")
    page.get_by_label("User name").fill(OWNER)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Good ")
    return page


def picture(page: Page, name: str) -> None:
    if PICTURES:
        page.wait_for_timeout(700)
        page.screenshot(path=f"{PICTURES}/{name}.png")


@pytest.mark.browser
def test_the_charts_are_a_page_to_choose_and_play_from(chromium: Browser, listened: Server) -> None:
    page = opened(chromium, listened, DESK, dark=True)
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    shelf = page.get_by_role("region", name="Trending")
    expect(shelf.get_by_role("listitem").first).to_be_visible()
    picture(page, "home-dark-desk")
    page.get_by_role("navigation").get_by_role("link", name="Charts").first.click()
    expect(page.get_by_role("heading", level=1, name="Charts")).to_be_visible()
    rows = page.get_by_role("region", name="Songs").get_by_role("listitem")
    expect(rows.first).to_contain_text("1")
    picture(page, "charts-dark-desk")
    no_serious_finding(page, "charts in the dark")

    token = listened.sign_in()
    for label, query in (("Today", "period=24h"), ("This month", "period=30d")):
        page.get_by_text(label, exact=True).click()
        best = names(charts(listened, token, query)["songs"])[0]
        expect(rows.first).to_contain_text(best)
    genre = charts(listened, token, "period=30d")["songs"]["data"][0]["attributes"]["genreNames"][0]
    page.get_by_label("Genre").select_option(label=genre)
    expect(page).to_have_url(re.compile(r"/charts\?chart=30d&genre=\w+$"))
    rows.first.get_by_role("button", name="Play ").first.click()
    expect(rows.first.locator('[aria-current="true"]')).to_be_visible()
    page.get_by_label("Genre").select_option(label="All genres")
    page.get_by_text("Trending", exact=True).first.click()
    expect(page.get_by_text("more than it usually is")).to_be_visible()
    trending = names(charts(listened, token, "chart=trending")["songs"])
    expect(rows.first).to_contain_text(trending[0])
    picture(page, "trending-dark-desk")
    page.context.close()
    assert faults == []


@pytest.mark.browser
def test_the_charts_fit_a_phone_in_daylight(chromium: Browser, listened: Server) -> None:
    page = opened(chromium, listened, PHONE, dark=False)
    page.get_by_role("navigation").get_by_role("link", name="Charts").click()
    rows = page.get_by_role("region", name="Songs").get_by_role("listitem")
    expect(rows.first).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    picture(page, "charts-light-phone")
    page.get_by_role("region", name="Albums").scroll_into_view_if_needed()
    picture(page, "charts-light-phone-albums")
    no_serious_finding(page, "charts on a phone")
    page.set_viewport_size(DESK)
    picture(page, "charts-light-desk")
    page.context.close()
