"""The web player in a real Chromium: every view, by pointer, keys, finger, and axe's rules."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    Locator,
    Page,
    Playwright,
    Route,
    ViewportSize,
    expect,
    sync_playwright,
)

from .conftest import OWNER, PASSWORD, Server, start_server, stop_server, wait_until

pytestmark = pytest.mark.browser
expect.set_options(timeout=15_000)

AXE = Path(__file__).parents[2] / "web" / "node_modules" / "axe-core" / "axe.min.js"
PLAYER = Path(__file__).parents[2] / "src" / "antiphon" / "app" / "player" / "index.html"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--autoplay-policy=no-user-gesture-required",
]
PHONE: ViewportSize = {"width": 390, "height": 844}
DESK: ViewportSize = {"width": 1440, "height": 900}
WATCH_POLICY = """
  window.violations = [];
  document.addEventListener("securitypolicyviolation", (e) =>
    window.violations.push(`${e.violatedDirective} ${e.blockedURI}`));
"""

# ------------------------------------------------------------------------------------ the browser


@pytest.fixture(scope="module")
def playwright() -> Iterator[Playwright]:
    if not PLAYER.exists():
        pytest.skip("The player is not built: make setup.")
    with sync_playwright() as running:
        yield running


@pytest.fixture(scope="module")
def chromium(playwright: Playwright) -> Iterator[Browser]:
    browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
    yield browser
    browser.close()


@pytest.fixture(scope="module")
def signed_in(chromium: Browser, demo_server: Server) -> Iterator[BrowserContext]:
    """One browser profile with a sign-in: the pages of a module share its cookie, as tabs do."""
    demo_server.sign_in()
    context = chromium.new_context(
        base_url=demo_server.url, viewport=DESK, color_scheme="dark", locale="en-GB"
    )
    context.set_default_timeout(15_000)
    context.add_init_script(WATCH_POLICY)
    page = context.new_page()
    sign_in(page)
    page.close()
    yield context
    context.close()


@pytest.fixture
def page(signed_in: BrowserContext) -> Iterator[Page]:
    """A tab that must end without an uncaught error and without a breach of the page's policy."""
    tab = signed_in.new_page()
    faults: list[str] = []
    tab.on("pageerror", lambda error: faults.append(str(error)))
    yield tab
    faults += tab.evaluate("window.violations")
    tab.close()
    assert faults == []


@pytest.fixture(scope="module")
def token(demo_server: Server) -> str:
    return demo_server.sign_in()


@pytest.fixture(scope="module")
def albums(demo_server: Server, token: str) -> list[dict[str, Any]]:
    return list(demo_server.call("GET", "/v1/catalog/home/albums?limit=50", token=token)[1]["data"])


@pytest.fixture(scope="module")
def songs(demo_server: Server, token: str) -> list[dict[str, Any]]:
    return list(demo_server.call("GET", "/v1/catalog/home/songs?limit=50", token=token)[1]["data"])


@pytest.fixture
def playlist(demo_server: Server, token: str, songs: list[dict[str, Any]]) -> Iterator[str]:
    """A playlist of four songs."""
    made = demo_server.call("POST", "/v1/me/playlists", {"name": "Four in a row"}, token)[1]
    playlist_id = str(made["data"][0]["id"])
    ids = [song["id"] for song in songs[:4]]
    demo_server.call("POST", f"/v1/me/playlists/{playlist_id}/items", {"ids": ids}, token)
    yield playlist_id
    demo_server.call("DELETE", f"/v1/me/playlists/{playlist_id}", token=token)


# ---------------------------------------------------------------------------------------- helpers


def sign_in(page: Page, password: str = PASSWORD) -> None:
    page.goto("/")
    page.get_by_label("User name").fill(OWNER)
    page.get_by_label("Password", exact=True).fill(password)
    page.get_by_role("button", name="Sign in").click()
    heading(page, re.compile("^Good "))


def heading(page: Page, name: str | re.Pattern[str]) -> Locator:
    found = page.get_by_role("heading", level=1, name=name)
    expect(found).to_be_visible()
    return found


def longest(albums: list[dict[str, Any]]) -> dict[str, Any]:
    return max(albums, key=lambda album: int(album["attributes"]["trackCount"]))


def play_album(page: Page, album: dict[str, Any]) -> None:
    """Play an album with at least three songs from its page."""
    page.goto(f"/albums/{album['id']}")
    heading(page, album["attributes"]["name"])
    page.get_by_role("main").get_by_role("button", name="Play", exact=True).click()
    sounds(page)


def sounds(page: Page) -> None:
    """Wait until the position moves."""
    expect(page.get_by_role("button", name="Pause", exact=True).first).to_be_visible()
    wait_until(lambda: position(page) >= 1000, seconds=60, what="sound")


def position(page: Page) -> int:
    return int(page.get_by_role("slider", name="Position").first.input_value())


def rows(page: Page, label: str) -> list[str]:
    """The names in a sortable list, from top to bottom."""
    grips = page.get_by_role("list", name=label).locator(".grip")
    names = grips.evaluate_all(
        "els => els.map(e => [e.closest('li').getBoundingClientRect().top, e.ariaLabel])"
        ".sort((a, b) => a[0] - b[0]).map(([, label]) => label)"
    )
    return [re.sub(r"^Move (.*), \d+ of \d+\..*$", r"\1", name) for name in names]


def drag(page: Page, grip: Locator, by: float) -> None:
    box = grip.bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    for step in range(1, 9):
        page.mouse.move(x, y + by * step / 8)
    page.mouse.up()


def no_serious_finding(page: Page, where: str) -> None:
    page.wait_for_timeout(350)  # half-faded text has no contrast of its own
    page.evaluate(AXE.read_text())
    found = page.evaluate("async () => (await axe.run(document)).violations")
    bad = [
        f"{v['impact']}: {v['id']} ({v['help']}) at {[n['target'] for n in v['nodes'][:4]]}"
        for v in found
        if v["impact"] in {"serious", "critical"}
    ]
    assert not bad, f"{where}:\n" + "\n".join(bad)


def spills(page: Page) -> list[str]:
    """What reaches past the right edge of the window without lying in something that scrolls."""
    return list(
        page.evaluate(
            """() => [...document.querySelectorAll('#app *')].filter((e) => {
              const box = e.getBoundingClientRect();
              if (box.width === 0 || box.right <= innerWidth + 1) return false;
              for (let p = e.parentElement; p; p = p.parentElement)
                if (/auto|scroll|hidden|clip/.test(getComputedStyle(p).overflowX)
                    && p.getBoundingClientRect().right <= innerWidth + 1) return false;
              return true;
            }).map((e) => e.outerHTML.slice(0, 120))"""
        )
    )


# ------------------------------------------------------------------------- first run and signing in


def test_the_first_visit_makes_the_owner_who_hears_music_and_comes_back(
    chromium: Browser, demo_server: Server, tmp_path: Path
) -> None:
    composed = demo_server.data / "demo"  # the same music: it is not composed twice
    server = start_server(tmp_path / "data", "--music", str(composed))
    context = chromium.new_context(base_url=server.url, viewport=DESK)
    page = context.new_page()
    try:
        page.goto("/")
        heading(page, "Welcome to Antiphon")
        no_serious_finding(page, "first run")
        page.get_by_role("button", name="Create account").click()
        expect(page.get_by_label("Your name")).to_be_focused()
        expect(page.get_by_text("Enter a user name.")).to_be_visible()
        page.get_by_label("Your name").fill("Robin")
        page.get_by_label("User name").fill(OWNER)
        page.get_by_label("Password", exact=True).fill(PASSWORD)
        page.get_by_label("Password again").fill(PASSWORD)
        page.get_by_role("button", name="Create account").click()
        heading(page, re.compile("Robin"))

        token = server.sign_in()
        wait_until(lambda: albums_of(server, token), seconds=90, what="an album")
        play_album(page, longest(albums_of(server, token)))

        page.reload()
        heading(page, longest(albums_of(server, token))["attributes"]["name"])

        page.goto("/settings")
        page.get_by_role("button", name="Sign out", exact=True).click()
        heading(page, "Antiphon")
        no_serious_finding(page, "sign-in")
        page.get_by_label("User name").fill(OWNER)
        page.get_by_label("Password", exact=True).fill("not the password")
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_role("alert")).to_contain_text("not right")
        page.get_by_label("Password", exact=True).fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        heading(page, "Settings")
    finally:
        context.close()
        assert stop_server(server) == 0


def albums_of(server: Server, token: str) -> list[dict[str, Any]]:
    return list(server.call("GET", "/v1/catalog/home/albums?limit=50", token=token)[1]["data"])


def test_a_device_that_is_signed_out_elsewhere_asks_to_sign_in(
    chromium: Browser, demo_server: Server, token: str
) -> None:
    before = {d["id"] for d in demo_server.call("GET", "/v1/me/devices", token=token)[1]["data"]}
    with chromium.new_context(base_url=demo_server.url, viewport=DESK) as context:
        page = context.new_page()
        sign_in(page)
        devices = demo_server.call("GET", "/v1/me/devices", token=token)[1]["data"]
        (device,) = [d["id"] for d in devices if d["id"] not in before]
        demo_server.call("DELETE", f"/v1/me/devices/{device}", token=token)
        notice = page.get_by_text("You were signed out")

        def refused() -> bool:
            """Each process of the server hears of it within moments."""
            for view in ("Artists", "Genres"):
                link = page.get_by_role("navigation", name="Main").get_by_role("link", name=view)
                if link.is_visible():
                    link.click()
                    page.wait_for_timeout(300)
            return notice.is_visible()

        wait_until(refused, seconds=20, what="the sign-in to end")


# ------------------------------------------------------------------------------------ every view


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_no_view_has_a_serious_accessibility_finding(
    page: Page,
    theme: Any,
    albums: list[dict[str, Any]],
    songs: list[dict[str, Any]],
    playlist: str,
    demo_server: Server,
    token: str,
) -> None:
    page.emulate_media(color_scheme=theme)
    artist = albums[0]["relationships"]["artists"]["data"][0]["id"]
    genre = demo_server.call("GET", "/v1/catalog/home/genres", token=token)[1]["data"][0]["id"]
    demo_server.call("PUT", f"/v1/me/favorites/songs?ids={songs[0]['id']}", token=token)
    for path in [
        "/",
        "/search",
        f"/search?term={songs[0]['attributes']['name'].split()[0]}",
        *(f"/library/{section}" for section in ("albums", "artists", "songs", "genres")),
        "/library/favourites",
        f"/albums/{albums[0]['id']}",
        f"/artists/{artist}",
        f"/genres/{genre}",
        "/playlists",
        f"/playlists/{playlist}",
        "/history",
        "/settings",
        "/settings/sign-ins",
        "/settings/household",
        "/no/such/page",
        "/albums/aaaaaaaaaaaaaaaa",
    ]:
        page.goto(path)
        expect(page.get_by_role("heading").first).to_be_visible()
        page.wait_for_load_state("networkidle")
        no_serious_finding(page, f"{path} ({theme})")


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_nothing_that_opens_over_a_view_has_a_serious_accessibility_finding(
    page: Page, theme: Any, albums: list[dict[str, Any]]
) -> None:
    page.emulate_media(color_scheme=theme)
    play_album(page, longest(albums))
    page.get_by_role("button", name="Queue", exact=True).click()
    no_serious_finding(page, "queue")
    page.get_by_role("button", name="Lyrics", exact=True).click()
    no_serious_finding(page, "lyrics")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="More for this album").click()
    no_serious_finding(page, "menu")
    page.get_by_role("menuitem", name="Add to playlist").click()
    no_serious_finding(page, "add to playlist")
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    no_serious_finding(page, "shortcuts")
    page.keyboard.press("Escape")
    page.keyboard.press("o")
    stage = page.get_by_role("dialog", name="Now playing")
    no_serious_finding(page, "now playing")
    stage.get_by_role("button", name="why this quality").click()
    no_serious_finding(page, "why this quality")


@pytest.mark.parametrize("width", [320, 390, 768, 1024, 1440, 2200])
def test_no_view_spills_over_the_side_of_the_window(
    page: Page, width: int, albums: list[dict[str, Any]], playlist: str
) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    for path in [
        "/",
        "/search",
        "/library/albums",
        "/library/songs",
        f"/albums/{albums[0]['id']}",
        f"/playlists/{playlist}",
        "/settings",
        "/settings/sign-ins",
        "/settings/household",
    ]:
        page.goto(path)
        expect(page.get_by_role("heading").first).to_be_attached()
        page.wait_for_load_state("networkidle")
        assert spills(page) == [], path


def test_the_player_can_be_installed(page: Page) -> None:
    page.goto("/")
    address = page.locator("link[rel=manifest]").get_attribute("href")
    assert address is not None
    manifest = json.loads(page.request.get(address).body())
    assert {"name", "short_name", "start_url", "display", "icons"} <= manifest.keys()
    sizes = set()
    for icon in manifest["icons"]:
        answer = page.request.get(icon["src"])
        assert answer.status == 200
        if icon["type"] == "image/png":
            body = answer.body()
            width = int.from_bytes(body[16:20])
            assert icon["sizes"] == f"{width}x{width}"
            sizes.add(width)
    assert {192, 512} <= sizes


# -------------------------------------------------------------------------------------- keyboard


def test_the_keyboard_alone_finds_plays_and_steers(
    page: Page, albums: list[dict[str, Any]]
) -> None:
    album = longest(albums)
    name = album["attributes"]["name"]
    page.goto("/")
    heading(page, re.compile("^Good "))
    page.keyboard.press("Tab")
    expect(page.get_by_text("Skip to content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("main")).to_be_focused()

    page.keyboard.press("/")
    field = page.get_by_role("combobox")
    expect(field).to_be_focused()
    page.keyboard.type(name)
    option = page.get_by_role("option").filter(has_text=name).filter(has_text="Album")
    expect(option.first).to_be_visible()
    for _ in range(page.get_by_role("option").count()):
        page.keyboard.press("ArrowDown")
        if option.first.get_attribute("aria-selected") == "true":
            break
    page.keyboard.press("Enter")
    expect(heading(page, name)).to_be_focused()

    page.keyboard.press("Tab")
    while not page.evaluate("document.activeElement.textContent.trim() === 'Play'"):
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    sounds(page)
    first = page.title()

    page.keyboard.press("n")
    expect(page).not_to_have_title(first)
    page.keyboard.press("k")
    expect(page.get_by_role("button", name="Pause", exact=True)).to_have_count(0)
    page.get_by_role("main").focus()
    page.keyboard.press(" ")
    expect(page.get_by_role("button", name="Pause", exact=True).first).to_be_visible()

    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keyboard")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog", name="Keyboard")).to_have_count(0)
    page.keyboard.press("m")
    expect(page.get_by_role("slider", name="Volume")).to_have_attribute(
        "aria-valuetext", "0 percent"
    )
    page.keyboard.press("m")


def test_arrows_walk_through_a_list_of_songs(page: Page) -> None:
    page.goto("/library/songs")
    buttons = page.get_by_role("list", name="Songs").locator(".lead")
    expect(buttons.nth(2)).to_be_visible()
    buttons.nth(0).focus()
    page.keyboard.press("ArrowDown")
    expect(buttons.nth(1)).to_be_focused()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowUp")
    expect(buttons.nth(1)).to_be_focused()


def test_a_menu_takes_the_focus_and_gives_it_back(page: Page, albums: list[dict[str, Any]]) -> None:
    page.goto(f"/albums/{albums[0]['id']}")
    button = page.get_by_role("button", name="More for this album")
    button.focus()
    page.keyboard.press("Enter")
    items = page.get_by_role("menuitem")
    expect(items.nth(0)).to_be_focused()
    page.keyboard.press("ArrowUp")
    expect(items.last).to_be_focused()
    page.keyboard.press("Home")
    page.keyboard.press("ArrowDown")
    expect(items.nth(1)).to_be_focused()
    page.keyboard.press("Escape")
    expect(button).to_be_focused()


# ---------------------------------------------------------------------------------------- search


def test_search_answers_as_one_types(page: Page, songs: list[dict[str, Any]]) -> None:
    wanted = max(songs, key=lambda song: len(song["attributes"]["name"]))["attributes"]["name"]
    page.goto("/search")
    page.get_by_role("combobox").press_sequentially(wanted, delay=25)
    expect(page.get_by_role("heading", name="Top result")).to_be_visible()
    expect(page.get_by_role("main").get_by_text(wanted, exact=True).first).to_be_visible()
    typed = {"term": [wanted]}
    wait_until(lambda: parse_qs(urlsplit(page.url).query) == typed, what="the address")
    page.reload()
    expect(page.get_by_role("combobox")).to_have_value(wanted)
    expect(page.get_by_role("heading", name="Top result")).to_be_visible()
    page.get_by_role("combobox").fill("zzqqxxzzqqxx")
    expect(page.get_by_role("heading", name=re.compile("^Nothing for"))).to_be_visible()


# ------------------------------------------------------------------------------ playlists, queue


def test_a_playlist_is_made_from_a_song_renamed_and_deleted(
    page: Page, songs: list[dict[str, Any]]
) -> None:
    name = songs[0]["attributes"]["name"]
    page.goto("/library/songs")
    page.get_by_role("button", name=f"More for {name}", exact=True).first.click()
    page.get_by_role("menuitem", name="Add to playlist").click()
    page.get_by_role("button", name="New playlist").last.click()
    page.get_by_label("Name", exact=True).fill("<b>Bold</b> & new")
    page.get_by_role("button", name="Create").click()
    page.get_by_role("navigation", name="Main").get_by_text("<b>Bold</b> & new").click()
    heading(page, "<b>Bold</b> & new")
    expect(page.get_by_role("main").get_by_text(name, exact=True)).to_be_visible()
    page.get_by_role("button", name="Rename playlist").click()
    page.get_by_label("Name", exact=True).fill("Renamed")
    page.get_by_role("button", name="Rename", exact=True).click()
    heading(page, "Renamed")
    page.get_by_role("button", name="More for this playlist").click()
    page.get_by_role("menuitem", name="Delete").click()
    page.get_by_role("button", name="Delete", exact=True).click()
    heading(page, "Playlists")
    expect(page.get_by_role("navigation", name="Main").get_by_text("Renamed")).to_have_count(0)


def test_a_playlist_is_put_in_order_by_keys_and_by_dragging(page: Page, playlist: str) -> None:
    page.goto(f"/playlists/{playlist}")
    label = "Songs in order"
    grips = page.get_by_role("list", name=label).locator(".grip")
    expect(grips).to_have_count(4)
    a, b, c, d = rows(page, label)

    grip = page.get_by_role("button", name=f"Move {a}, 1 of 4")
    grip.focus()
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("button", name=f"Move {a}, 2 of 4")).to_be_focused()
    assert rows(page, label) == [b, a, c, d]
    expect(page.locator("[aria-live]").filter(has_text=f"{a}, now 2 of 4")).to_have_count(1)

    drag(page, page.get_by_role("button", name=f"Move {d}, 4 of 4"), by=-3 * 60)
    wait_until(lambda: rows(page, label) == [d, b, a, c], what="the dragged order")

    page.reload()
    expect(grips).to_have_count(4)
    assert rows(page, label) == [d, b, a, c]

    page.get_by_role("button", name=f"More for {b}", exact=True).click()
    page.get_by_role("menuitem", name="Remove from this playlist").click()
    wait_until(lambda: rows(page, label) == [d, a, c], what="the song to go")


def test_the_queue_is_dragged_stepped_shortened_and_cleared(
    page: Page, albums: list[dict[str, Any]]
) -> None:
    play_album(page, longest(albums))
    page.get_by_role("button", name="Queue", exact=True).click()
    label = "Next in the queue"
    before = rows(page, label)
    if len(before) < 3:
        page.goto("/library/songs")
        page.get_by_role("list", name="Songs").locator(".lead").first.click()
        sounds(page)
        page.get_by_role("button", name="Queue", exact=True).click()
        before = rows(page, label)
    a, b, c = before[:3]

    drag(page, page.get_by_role("button", name=re.compile(f"^Move {re.escape(c)}, 3 of")), by=-116)
    wait_until(lambda: rows(page, label)[:3] == [c, a, b], what="the dragged order")
    page.get_by_role("button", name=re.compile(f"^Move {re.escape(c)}, 1 of")).focus()
    page.keyboard.press("ArrowDown")
    wait_until(lambda: rows(page, label)[:3] == [a, c, b], what="the stepped order")

    page.get_by_role("button", name=f"Remove {c} from the queue").click()
    wait_until(lambda: rows(page, label)[:2] == [a, b], what="the removal")
    page.keyboard.press("n")
    expect(page).to_have_title(re.compile(re.escape(a)))
    page.get_by_role("button", name="Clear", exact=True).click()
    expect(page.get_by_text("Nothing follows.")).to_be_visible()


def test_a_reload_brings_the_queue_back_where_it_was_left(
    page: Page, albums: list[dict[str, Any]]
) -> None:
    play_album(page, longest(albums))
    page.keyboard.press("ArrowRight")
    wait_until(lambda: position(page) >= 10_000, what="ten seconds")
    title = page.title()
    page.reload()
    play = page.get_by_role("region", name="Player").get_by_role("button", name="Play", exact=True)
    expect(play).to_be_enabled()
    wait_until(lambda: position(page) >= 10_000, what="the position to come back")
    play.click()
    expect(page).to_have_title(title)


def test_a_song_is_favoured_in_one_place_and_shown_so_in_all(
    page: Page, songs: list[dict[str, Any]]
) -> None:
    name = songs[3]["attributes"]["name"]
    page.goto("/library/songs")
    page.get_by_role("button", name=f"Add {name} to favourites", exact=True).first.click()
    expect(
        page.get_by_role("button", name=f"Remove {name} from favourites", exact=True).first
    ).to_be_visible()
    page.goto("/library/favourites")
    expect(page.get_by_role("main").get_by_text(name, exact=True).first).to_be_visible()
    page.get_by_role("button", name=f"Remove {name} from favourites", exact=True).first.click()


# ------------------------------------------------------------------------------------ now playing


def test_lyrics_follow_the_song_and_lead_through_it(
    page: Page, songs: list[dict[str, Any]]
) -> None:
    sung = next(song for song in songs if song["attributes"]["hasTimeSyncedLyrics"])
    album = sung["relationships"]["albums"]["data"][0]["id"]
    page.goto(f"/albums/{album}")
    name = re.escape(sung["attributes"]["name"])
    page.get_by_role("button", name=re.compile(f"^Play {name} by")).click()
    sounds(page)
    page.keyboard.press("o")
    words = page.get_by_role("region", name="Lyrics")
    lines = words.get_by_role("button")
    expect(lines.nth(3)).to_be_attached()
    lines.nth(3).click()
    expect(lines.nth(3)).to_have_attribute("aria-current", "true")
    wait_until(lambda: 0.2 < depth(lines.nth(3), words) < 0.5, what="the line to come to its place")


def depth(inner: Locator, outer: Locator) -> float:
    """How far down `outer` the top of `inner` is: 0 at its top, 1 at its foot."""
    box, view = inner.bounding_box(), outer.bounding_box()
    assert box is not None
    assert view is not None
    return (box["y"] - view["y"]) / view["height"]


def test_the_quality_is_shown_and_explains_itself(page: Page, albums: list[dict[str, Any]]) -> None:
    play_album(page, albums[0])
    page.keyboard.press("o")
    stage = page.get_by_role("dialog", name="Now playing")
    badge = stage.get_by_role("button", name="why this quality")
    expect(badge).to_contain_text("Lossless")
    badge.click()
    why = page.get_by_role("dialog", name="About this stream")
    expect(why).to_contain_text("kHz")
    expect(why.get_by_role("heading", name="Why")).to_be_visible()
    page.keyboard.press("Escape")
    expect(why).to_be_hidden()
    expect(stage).to_be_visible()
    page.keyboard.press("Escape")
    expect(stage).to_have_count(0)


# ------------------------------------------------------------------------------ themes and phones


def test_the_theme_follows_the_system_until_it_is_chosen(page: Page) -> None:
    page.emulate_media(color_scheme="light")
    page.goto("/settings")
    root = page.locator("html")
    expect(root).to_have_attribute("data-theme", "light")
    page.emulate_media(color_scheme="dark")
    expect(root).to_have_attribute("data-theme", "dark")
    page.get_by_role("radio", name="Light").check(force=True)
    expect(root).to_have_attribute("data-theme", "light")
    page.reload()
    expect(root).to_have_attribute("data-theme", "light")
    page.get_by_role("radio", name="As the system").check(force=True)
    expect(root).to_have_attribute("data-theme", "dark")


def test_a_phone_has_tabs_a_small_player_and_a_way_back(
    page: Page, albums: list[dict[str, Any]]
) -> None:
    page.set_viewport_size(PHONE)
    page.goto("/")
    tabs = page.get_by_role("navigation", name="Main")
    for name in ("Search", "Library", "Settings", "Home"):
        tabs.get_by_role("link", name=name).click()
        expect(tabs.get_by_role("link", name=name)).to_have_attribute("aria-current", "page")
    page.goto(f"/albums/{albums[0]['id']}")
    page.get_by_role("main").get_by_role("button", name="Play", exact=True).click()
    page.get_by_role("button", name=re.compile("^Open now playing")).click()
    stage = page.get_by_role("dialog", name="Now playing")
    expect(stage.get_by_role("slider", name="Position")).to_be_visible()
    no_serious_finding(page, "now playing on a phone")
    assert spills(page) == []
    page.go_back()
    expect(stage).to_have_count(0)
    heading(page, albums[0]["attributes"]["name"])


def test_going_back_finds_the_list_where_it_was_left(page: Page) -> None:
    serve_many_songs(page, 5000)
    page.goto("/library/songs")
    main = page.get_by_role("main")
    expect(page.get_by_text("Song number 3", exact=True)).to_be_visible()
    main.evaluate("e => e.scrollTop = 30000")
    expect(page.get_by_text("Song number 500", exact=True)).to_be_visible()
    page.get_by_role("link", name="Genres").first.click()
    heading(page, "Genres")
    page.go_back()
    expect(page.get_by_text("Song number 500", exact=True)).to_be_visible()


# ------------------------------------------------------------------------------- long and hostile


def serve_many_songs(page: Page, total: int, name: str = "Song number {}") -> list[int]:
    """Let the list of songs have ``total`` of them; return the offsets that get asked for."""
    asked: list[int] = []

    def answer(route: Route) -> None:
        offset = int(re.search(r"offset=(\d+)", route.request.url)[1])  # type: ignore[index]
        limit = int(re.search(r"limit=(\d+)", route.request.url)[1])  # type: ignore[index]
        asked.append(offset)
        span = range(offset, min(offset + limit, total))
        data = [_song(at, name.format(at)) for at in span]
        route.fulfill(json={"data": data, "meta": {"total": total}})

    # A restored queue asks for its songs by their ids: those are the server's own.
    page.route(re.compile(r"/v1/catalog/home/songs\?(?!.*\bids=)"), answer)
    return asked


def _song(at: int, name: str) -> dict[str, Any]:
    return {
        "id": f"song{at}",
        "type": "songs",
        "attributes": {
            "name": name,
            "artistName": "Somebody",
            "albumName": "Something",
            "discNumber": 1,
            "trackNumber": 1,
            "durationInMillis": 180_000,
        },
    }


def test_a_hundred_thousand_songs_need_few_rows_and_few_requests(page: Page) -> None:
    asked = serve_many_songs(page, 100_000)
    page.goto("/library/songs")
    main = page.get_by_role("main")
    drawn = page.get_by_role("list", name="Songs").locator("li")
    expect(page.get_by_text("Song number 0", exact=True)).to_be_visible()
    most = main.evaluate(
        """async (main) => {
          let most = 0;
          for (let step = 0; step < 120; step += 1) {
            main.scrollTop += 1500;
            await new Promise(requestAnimationFrame);
            most = Math.max(most, main.querySelectorAll('ul li').length);
          }
          return most;
        }"""
    )
    assert most <= 45
    main.evaluate("e => e.scrollTop = e.scrollHeight")
    expect(page.get_by_text("Song number 99999", exact=True)).to_be_visible()
    expect(drawn.last).to_have_attribute("aria-posinset", "100000")
    assert len(asked) < 25  # what flies past is not loaded


def test_names_are_shown_as_text_whatever_they_hold(page: Page) -> None:
    hostile = "<img src=x onerror=\"window.violations.push('script ran')\"> & {} <script>"
    serve_many_songs(page, 3, hostile.replace("{}", "&lt;{}&gt;"))
    page.goto("/library/songs")
    shown = page.get_by_text("onerror=").first
    expect(shown).to_be_visible()
    assert shown.inner_text().startswith("<img src=x")
    assert page.locator("img[src=x]").count() == 0


def test_a_failed_list_says_so_and_can_be_tried_again(page: Page) -> None:
    broken = True

    def answer(route: Route) -> None:
        if broken:
            route.fulfill(status=500, json={"errors": [{"title": "Broken", "code": "internal"}]})
        else:
            route.continue_()

    page.route(re.compile(r"/v1/catalog/home/artists\?"), answer)
    page.goto("/library/artists")
    expect(page.get_by_role("alert")).to_contain_text("could not be loaded")
    broken = False
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_role("list", name="Artists").get_by_role("link").first).to_be_visible()
