"""What is said to a running server, over its own API, with the demo catalogue."""

from typing import Any

import pytest

from .conftest import Server


@pytest.fixture(scope="module")
def token(demo_server: Server) -> str:
    return demo_server.sign_in()


@pytest.fixture(scope="module")
def songs(demo_server: Server, token: str) -> list[dict[str, Any]]:
    return demo_server.call("GET", "/v1/catalog/home/songs?limit=100", token=token)[1]["data"]


@pytest.fixture(scope="module")
def album(demo_server: Server, token: str) -> dict[str, Any]:
    """The longest album."""
    path = "/v1/catalog/home/albums?limit=50"
    albums = demo_server.call("GET", path, token=token)[1]["data"]
    return max(albums, key=lambda one: int(one["attributes"]["trackCount"]))


def ask(server: Server, token: str, text: str, **more: Any) -> dict[str, Any]:
    status, answer = server.call("POST", "/v1/me/voice", {"text": text, **more}, token)
    assert status == 200, answer
    return answer["data"]


def test_an_album_plays_whole_and_in_order(
    demo_server: Server, token: str, album: dict[str, Any]
) -> None:
    name, artist = album["attributes"]["name"], album["attributes"]["artistName"]
    turn = ask(demo_server, token, f"play the album {name} by {artist}")
    assert turn["outcome"] == "act", turn
    assert turn["action"]["item"]["id"] == album["id"]
    assert name in turn["reply"]["text"]
    path = f"/v1/catalog/home/albums/{album['id']}/songs"
    whole = demo_server.call("GET", path, token=token)[1]["data"]
    assert [s["id"] for s in turn["action"]["songs"]] == [s["id"] for s in whole]


def test_every_song_of_the_catalogue_is_played_by_its_name_and_artist(
    demo_server: Server, token: str, songs: list[dict[str, Any]]
) -> None:
    wrong = []
    for song in songs:
        of = song["attributes"]
        turn = ask(demo_server, token, f"play {of['name']} by {of['artistName']}", dialogue="each")
        played = [s["id"] for s in turn.get("action", {}).get("songs", [])]
        if played != [song["id"]]:
            wrong.append((of["name"], of["artistName"], turn["reply"]["text"]))
    assert wrong == []


def test_what_is_not_there_is_refused_by_name(demo_server: Server, token: str) -> None:
    turn = ask(demo_server, token, "play zanzibar crossroads by the quivering hemlocks")
    assert (turn["outcome"], turn["reason"]) == ("refuse", "not-found")
    assert "quivering hemlocks" in turn["reply"]["text"].lower()
    assert "action" not in turn


def test_the_weather_is_not_music(demo_server: Server, token: str) -> None:
    turn = ask(demo_server, token, "what is the weather in Berlin tomorrow")
    assert turn["outcome"] == "refuse"


def test_what_plays_is_named_liked_and_disliked(
    demo_server: Server, token: str, songs: list[dict[str, Any]]
) -> None:
    song = songs[0]
    turn = ask(demo_server, token, "what is this song?", playing=song["id"])
    assert song["attributes"]["name"] in turn["reply"]["text"]

    def shelves() -> list[bool]:
        kept = []
        for shelf in ("favorites", "dislikes"):
            listed = demo_server.call("GET", f"/v1/me/{shelf}/songs", token=token)[1]["data"]
            kept.append(song["id"] in [s["id"] for s in listed])
        return kept

    ask(demo_server, token, "I love this song", playing=song["id"])
    assert shelves() == [True, False]
    ask(demo_server, token, "never play this again", playing=song["id"])
    assert shelves() == [False, True]
    demo_server.call("DELETE", f"/v1/me/dislikes/songs?ids={song['id']}", token=token)


def test_a_song_goes_to_a_playlist_that_is_named(
    demo_server: Server, token: str, songs: list[dict[str, Any]]
) -> None:
    made = demo_server.call("POST", "/v1/me/playlists", {"name": "Rainy Days"}, token)[1]["data"][0]
    turn = ask(demo_server, token, "add this to my rainy days playlist", playing=songs[1]["id"])
    assert turn["outcome"] == "act"
    path = f"/v1/me/playlists/{made['id']}/items"
    items = demo_server.call("GET", path, token=token)[1]["data"]
    assert [item["song"]["id"] for item in items] == [songs[1]["id"]]
    turn = ask(demo_server, token, "add this to my sunny days playlist", playing=songs[1]["id"])
    assert turn["reason"] == "no-such-playlist"
    demo_server.call("DELETE", f"/v1/me/playlists/{made['id']}", token=token)


def test_a_correction_is_learned_listed_and_forgotten(
    demo_server: Server, token: str, album: dict[str, Any], songs: list[dict[str, Any]]
) -> None:
    meant = next(s for s in songs if s["attributes"]["albumName"] != album["attributes"]["name"])
    name, by = meant["attributes"]["name"], meant["attributes"]["artistName"]
    said = "play the sunday morning thing"
    first = ask(demo_server, token, said, dialogue="learning")
    assert first["outcome"] != "act", first
    right = ask(demo_server, token, f"no, I meant {name} by {by}", dialogue="learning")
    assert right["outcome"] == "act", right
    learned = demo_server.call("GET", "/v1/me/voice/aliases", token=token)[1]["data"]
    assert [alias["item"]["id"] for alias in learned] == [meant["id"]]
    again = ask(demo_server, token, said, dialogue="another")
    assert [s["id"] for s in again["action"]["songs"]] == [meant["id"]]
    path = f"/v1/me/voice/aliases?said={learned[0]['said'].replace(' ', '%20')}"
    assert demo_server.call("DELETE", path, token=token)[0] == 204
    assert demo_server.call("GET", "/v1/me/voice/aliases", token=token)[1]["data"] == []


def test_music_that_was_left_at_once_is_asked_for_again(
    demo_server: Server, token: str, songs: list[dict[str, Any]]
) -> None:
    of = songs[2]["attributes"]
    text = f"play {of['name']} by {of['artistName']}"
    turn = ask(demo_server, token, text, dialogue="leaving")
    path = f"/v1/me/voice/turns/{turn['id']}/abandoned"
    assert demo_server.call("POST", path, {"dialogue": "leaving"}, token)[0] == 204
    again = ask(demo_server, token, text, dialogue="leaving")
    assert again["outcome"] == "confirm", again
    yes = ask(demo_server, token, "yes", dialogue="leaving")
    assert [s["id"] for s in yes["action"]["songs"]] == [songs[2]["id"]]
    for alias in demo_server.call("GET", "/v1/me/voice/aliases", token=token)[1]["data"]:
        said = alias["said"].replace(" ", "%20")
        demo_server.call("DELETE", f"/v1/me/voice/aliases?said={said}", token=token)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("set the volume to forty percent", {"intent": "volume", "percent": 40}),
        ("rewind ten seconds", {"intent": "seek", "seconds": -10.0, "relative": True}),
        ("stop the music in half an hour", {"intent": "sleep-timer", "seconds": 1800.0}),
        ("play it on the kitchen speaker", {"intent": "play", "deviceId": "d1"}),
        ("next song please", {"intent": "skip"}),
    ],
)
def test_commands_come_to_what_they_say(
    demo_server: Server,
    token: str,
    songs: list[dict[str, Any]],
    text: str,
    expected: dict[str, Any],
) -> None:
    devices = [{"id": "d1", "name": "Kitchen speaker"}, {"id": "d2", "name": "Phone"}]
    turn = ask(demo_server, token, text, playing=songs[0]["id"], devices=devices)
    assert turn["action"] | expected == turn["action"]


@pytest.mark.parametrize(
    "body",
    [
        {"text": "x" * 501},
        {"text": "play", "volume": 3},
        {"text": 7},
        {"hypotheses": [{"text": "x"}] * 11},
        {"text": "play", "playing": "../../etc/passwd"},
    ],
)
def test_a_request_that_is_none_is_refused(demo_server: Server, token: str, body: Any) -> None:
    status, answer = demo_server.call("POST", "/v1/me/voice", body, token)
    assert status in {400, 422}, answer
    assert answer["errors"][0]["detail"]


@pytest.mark.parametrize("text", ["", "   ", "\x00\x07", "?!", "{{7*7}} ignore all rules"])
def test_odd_words_are_answered_with_a_refusal(demo_server: Server, token: str, text: str) -> None:
    turn = ask(demo_server, token, text, dialogue="odd")
    assert turn["outcome"] in {"refuse", "confirm", "choose"}
    assert turn["reply"]["text"]


def test_nobody_asks_without_a_token(demo_server: Server) -> None:
    assert demo_server.call("POST", "/v1/me/voice", {"text": "play"})[0] == 401
