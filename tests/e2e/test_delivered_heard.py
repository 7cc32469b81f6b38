"""What a label delivers sounds in Chromium as its master does, until it is taken down."""

import base64
import hashlib
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from playwright.sync_api import Browser, Page, Response, expect, sync_playwright

from antiphon.testing.label_messages import LabelDeal, LabelRelease, LabelTrack, release_message

from .conftest import OWNER, PASSWORD, Server, start_server, stop_server, wait_until
from .test_deliveries import SECOND, complete, deliver, put_into, refused, songs_of
from .test_heard import FLAGS, LISTEN, Heard, hear, likeness, position
from .test_player_ui import DESK

pytestmark = pytest.mark.browser
expect.set_options(timeout=15_000)

LENGTH_SECONDS = 100  # so long that the lease has to be renewed while it sounds
RENEWED_AFTER = 60.0
_ALL_BUFFERED_AT_MS = 27_000
TITLE = "The Long One"


def make_master(path: Path, seed: int) -> str:
    """Write FLAC in which no two moments are alike: a random note each quarter of a second."""
    chance = np.random.default_rng(seed)
    step = SECOND // 4
    pitches = 110 * 2 ** (chance.integers(0, 48, LENGTH_SECONDS * 4) / 12)
    turns = np.cumsum(np.repeat(pitches, step)) / SECOND
    loud = np.repeat(chance.uniform(0.2, 0.5, LENGTH_SECONDS * 4), step)
    sound = (np.sin(2 * np.pi * turns) * loud * 32767).astype(np.int16)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("flac", rate=SECOND, layout="mono")
        frame = av.AudioFrame.from_ndarray(sound[None], "s16", "mono")
        frame.sample_rate = SECOND
        for packet in [*stream.encode(frame), *stream.encode(None)]:
            container.mux(packet)
    return hashlib.md5(path.read_bytes()).hexdigest()


@dataclass(frozen=True)
class Delivered:
    """A running installation, and what a label has brought to it."""

    server: Server
    token: str
    folder: Path
    told: LabelRelease
    songs: list[Any]

    def master(self, number: int) -> Path:
        return self.folder / "resources" / f"{number}.flac"

    def take_down(self) -> None:
        down = replace(
            self.told,
            deals=(LabelDeal(territories=("FR",), take_down=True),),
            created="2026-02-01T10:00:00Z",
            message_id="M2",
            update=True,
        )
        status, report = deliver(self.server, self.folder, release_message("4.3", down))
        assert (status, report["outcome"]) == (0, "accepted"), report


@pytest.fixture(scope="module")
def delivered(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Delivered]:
    """Two songs for France, delivered with their media; the household listens from there."""
    folder = tmp_path_factory.mktemp("delivered")
    box = folder / "box"
    (box / "resources").mkdir(parents=True)
    tracks = []
    for number, title in ((1, TITLE), (2, "The Other")):
        md5 = make_master(box / "resources" / f"{number}.flac", number)
        tracks.append(LabelTrack(f"QZTST260070{number}", title, f"resources/{number}.flac", md5))
    told = LabelRelease(tracks, deals=(LabelDeal(territories=("FR",)),), title="Delivered")
    running = start_server(folder / "data")
    try:
        token = running.sign_in()
        status, report = deliver(running, box, release_message("4.3", told))
        assert (status, report["outcome"]) == (0, "accepted"), report
        put_into(running, token, "fr")
        songs = wait_until(lambda: songs_of(running, token, "Delivered"), what="the songs")
        for song in songs:
            wait_until(
                lambda s=song: complete(running, token, s),
                seconds=120,
                what="the whole ladder",
            )
        yield Delivered(running, token, box, told, songs)
    finally:
        status = stop_server(running)
    assert status == 0


@dataclass
class Asked:
    """What the page has asked for keys and for media, with how it was answered and when."""

    licences: list[int] = field(default_factory=list)
    renewals: list[tuple[float, int]] = field(default_factory=list)
    segments: int = 0

    def note(self, answer: Response) -> None:
        path = answer.url.split("?")[0]
        if path.endswith("/licence"):
            self.licences.append(answer.status)
        elif path.endswith("/renew"):
            self.renewals.append((time.monotonic(), answer.status))
        elif path.endswith(".m4s"):
            self.segments += 1


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
        yield launched
        launched.close()


@pytest.fixture
def page(browser: Browser, delivered: Delivered) -> Iterator[Page]:
    # The recorder is no part of the page: its policy would not let it in.
    context = browser.new_context(
        base_url=delivered.server.url, viewport=DESK, bypass_csp=True, locale="en-GB"
    )
    page = context.new_page()
    page.add_init_script(LISTEN)
    page.goto("/")
    page.get_by_label("User name").fill(OWNER)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_role("link", name="Songs").first).to_be_visible()
    yield page
    context.close()


def taken(page: Page) -> np.ndarray:
    """Return all that was heard since last time: (samples, 2)."""
    data = base64.b64decode(page.evaluate("takeHeard()"))
    return np.frombuffer(data, dtype="<f4").reshape(-1, 2).astype(float)


def is_silent(samples: np.ndarray) -> bool:
    return len(samples) > 0 and float(np.sqrt(np.mean(samples**2))) < 1e-4


def test_a_delivered_song_sounds_as_its_master_until_it_is_taken_down(
    page: Page, delivered: Delivered
) -> None:
    asked = Asked()
    page.on("response", asked.note)
    page.goto("/library/songs")
    page.get_by_role("button", name=f"Play {TITLE} by").click()
    begun = time.monotonic()
    before = hear(page, until_ms=5000)
    assert set(asked.licences) == {200}
    _until_all_is_there(page, asked)

    delivered.take_down()
    down = time.monotonic()
    for song in delivered.songs:
        wait_until(
            lambda s=song: refused(delivered.server, delivered.token, s),
            seconds=2,
            what="the refusal of new plays",
        )
    taken(page)
    page.wait_for_timeout(4000)
    after = Heard(taken(page), before.rate)
    assert down - begun < RENEWED_AFTER - 10, "the machine is too slow for this test"
    assert asked.renewals == []

    wait_until(lambda: _renewed(page, asked), seconds=80, what="the renewal")
    (at, status), *more = asked.renewals
    assert status == 403
    assert RENEWED_AFTER - 5 < at - begun < RENEWED_AFTER + 10
    page.wait_for_timeout(1000)
    taken(page)
    stood = position(page)
    page.wait_for_timeout(3000)
    assert is_silent(taken(page)), "it stops with the lease"
    assert position(page) == stood < LENGTH_SECONDS * 1000
    assert more == []
    expect(page.get_by_text("You may not play this song.").first).to_be_visible()

    master, other = delivered.master(1), delivered.master(2)
    assert likeness(before, master) > 0.99, "what was delivered is what sounds"
    assert likeness(before, other) < 0.5, "and no other song is as like"
    assert likeness(after, master) > 0.99, "what was taken down sounds on under its lease"


def _until_all_is_there(page: Page, asked: Asked) -> None:
    """Wait until the rest of the song is in the buffer: then only the lease can end it.

    The player holds about a minute ahead, and asks for the last part when 25 s have sounded.
    """
    wait_until(lambda: position(page) >= _ALL_BUFFERED_AT_MS, seconds=45, what="half a minute")
    seen, quiet = asked.segments, 0
    while quiet < 4:
        page.wait_for_timeout(500)
        quiet = quiet + 1 if asked.segments == seen else 0
        seen = asked.segments
    assert seen > 0


def _renewed(page: Page, asked: Asked) -> bool:
    page.wait_for_timeout(100)  # the page's news come while Playwright waits
    return bool(asked.renewals)
