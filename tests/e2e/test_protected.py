"""Encrypted songs in real Chromium: what is heard, and what happens when keys are not given."""

from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser

from antiphon.audio import Rung

from .seam_world import (
    CUT,
    HERTZ,
    MOST_DISPLACED,
    RATE,
    Playing,
    World,
    an_album,
    assert_seamless,
    decoded,
    heard,
    longest_silence,
    phases,
    serving,
)

pytestmark = pytest.mark.browser


@pytest.fixture
def world() -> World:
    return World(protected="abcdef")


@pytest.mark.parametrize("rung", [Rung.FLAC, Rung.AAC_256])
def test_a_seam_across_the_keys_of_two_songs_is_not_heard(
    playing: Playing, world: World, rung: Rung
) -> None:
    world.only, world.chosen = [rung], rung
    an_album(world, CUT, CUT)
    playing.play("a", "b")
    sound = playing.to_the_end()
    assert_seamless(sound, world)
    assert playing.stalls == 0
    assert world.desk.asked[:2] == [("licence", "a"), ("licence", "b")]
    kids = {world.songs[song][rung].kid for song in "ab"}
    assert len(kids) == 2
    assert "" not in kids


def test_each_sample_of_an_encrypted_lossless_seam_is_in_its_place(
    playing: Playing, world: World
) -> None:
    an_album(world, CUT, CUT)
    playing.play("a", "b")
    sound = playing.to_the_end()
    course = phases(sound, RATE, HERTZ)[RATE // 20 : -RATE // 20]
    assert np.abs(course - np.median(course)).max() <= MOST_DISPLACED


@pytest.mark.parametrize("protected", ["b", "a", "ac", "bc"])
def test_encrypted_songs_and_others_follow_each_other_without_a_gap(
    playing: Playing, world: World, protected: str
) -> None:
    world.protected = protected
    an_album(world, CUT, CUT, CUT)
    playing.play("a", "b", "c")
    sound = playing.to_the_end()
    assert_seamless(sound, world)
    assert world.desk.count("licence") == len(protected)


def test_rungs_switch_within_encrypted_songs(chromium: Browser, world: World) -> None:
    an_album(world, CUT, 13 * RATE + 123)
    with serving(world) as url:
        page = chromium.new_page()
        page.goto(url)
        page.wait_for_function("'start' in globalThis")
        page.evaluate(
            """async () => {
              const order = ["aac-256", "flac"];
              let turn = 0;
              const choose = ({ variants }) => {
                const rung = order[turn++ % order.length];
                return variants.find((v) => v.rung === rung) ?? variants[0];
              };
              globalThis.h = await start({ choose });
            }"""
        )
        playing = Playing(page, world)
        playing.play("a", "b")
        sound = playing.to_the_end()
        assert len(playing.rungs) >= 4
        assert_seamless(sound, world)
        assert world.desk.count("licence") == 2
        page.close()


def test_a_licence_server_that_stumbles_is_asked_again(playing: Playing, world: World) -> None:
    an_album(world, CUT)
    world.desk.failing = 2
    playing.play("a")
    assert_seamless(playing.to_the_end(), world)
    assert world.desk.count("licence") == 3


def test_leases_are_renewed_while_music_plays_and_given_back_after(
    playing: Playing, world: World
) -> None:
    an_album(world, 4 * RATE)
    world.desk.renew_seconds = 1
    playing.play("a")
    assert_seamless(playing.to_the_end(), world)
    assert world.desk.count("renew") >= 2
    playing.page.evaluate("h.engine.dispatch({ type: 'stop' })")
    eventually(playing, lambda: world.desk.count("release") == 1)


def test_a_player_that_is_paused_does_not_renew(playing: Playing, world: World) -> None:
    an_album(world, 4 * RATE)
    world.desk.renew_seconds = 1
    playing.play("a")
    playing.until("h.engine.positionMs() > 300")
    playing.page.evaluate("h.engine.dispatch({ type: 'pause' })")
    playing.page.wait_for_timeout(2500)
    assert world.desk.count("renew") <= 1
    before = world.desk.count("renew")
    playing.page.evaluate("h.engine.dispatch({ type: 'play' })")
    eventually(playing, lambda: world.desk.count("renew") > before)


def test_music_ends_where_the_lease_is_not_renewed(playing: Playing, world: World) -> None:
    an_album(world, 20 * RATE)
    world.desk.renew_seconds = 1
    playing.play("a")
    playing.until("h.engine.positionMs() > 500")
    world.desk.refused = {"a": (403, "song_unavailable")}
    playing.until("h.engine.snapshot.status === 'failed'")
    assert playing.page.evaluate("h.engine.snapshot.error.code") == "denied"
    assert playing.page.evaluate("h.engine.positionMs()") < 8000
    frames = playing.page.evaluate("h.frames()")
    playing.page.wait_for_timeout(500)
    assert playing.page.evaluate("h.level(4000)") == 0 or frames == 0


def test_a_lease_that_ended_in_a_pause_is_asked_for_anew(playing: Playing, world: World) -> None:
    an_album(world, 6 * RATE)
    world.desk.renew_seconds = 1
    playing.play("a")
    playing.until("h.engine.positionMs() > 300")
    ended = world.desk.answer

    def answer(method: str, song: str, what: str, body: Any) -> tuple[int, Any]:
        status, found = ended(method, song, what, body)
        if what == "renew" and world.desk.count("licence") == 1:
            return 409, {"errors": [{"code": "licence_ended", "title": "Ended"}]}
        return status, found

    world.desk.answer = answer  # type: ignore[method-assign]
    sound = playing.to_the_end()
    assert_seamless(sound, world)
    assert world.desk.count("licence") == 2


def test_too_many_streams_are_told_in_the_servers_words_and_play_tries_again(
    playing: Playing, world: World
) -> None:
    an_album(world, CUT, CUT)
    world.desk.refused = {"a": (409, "too_many_streams")}
    playing.play("a", "b")
    playing.until("h.engine.snapshot.status === 'failed'")
    error = playing.page.evaluate("h.engine.snapshot.error")
    assert error == {
        "code": "too_many_streams",
        "message": "No: too_many_streams.",
        "recoverable": True,
    }
    assert playing.page.evaluate("h.engine.snapshot.song.songId") == "a"
    world.desk.refused = {}
    playing.page.evaluate("h.engine.dispatch({ type: 'play' })")
    assert_seamless(playing.to_the_end(), world)


def test_a_song_whose_keys_are_refused_is_passed_over_at_its_seam(
    playing: Playing, world: World
) -> None:
    an_album(world, CUT, CUT, CUT)
    world.desk.refused = {"b": (403, "song_unavailable")}
    playing.play("a", "b", "c")
    playing.until("h.engine.snapshot.status === 'ended'")
    assert playing.page.evaluate("h.engine.snapshot.song.songId") == "c"
    sound = heard(decoded(playing.page.evaluate("h.recorded()")))
    assert longest_silence(sound) < 3 * RATE
    loud = int((np.abs(sound).max(axis=1) > 0.3).sum())
    assert abs(loud - 2 * CUT) < RATE // 2


def test_on_plain_http_encrypted_songs_say_why_they_do_not_play_and_others_do(
    playing: Playing, world: World
) -> None:
    world.protected = "a"
    an_album(world, CUT, CUT)
    playing.page.evaluate(
        """async () => {
          delete Navigator.prototype.requestMediaKeySystemAccess;
          globalThis.h = await start({});
        }"""
    )
    playing.play("a")
    playing.until("h.engine.snapshot.status === 'failed'")
    error = playing.page.evaluate("h.engine.snapshot.error")
    assert error["code"] == "protected"
    assert "https" in error["message"]
    playing.play("b")
    playing.until("h.engine.snapshot.status === 'playing' && h.engine.positionMs() > 500")
    assert world.desk.asked == []


def eventually(playing: Playing, done: Any) -> None:
    for _ in range(100):
        if done():
            return
        playing.page.wait_for_timeout(50)
    assert done()
