"""A folder of music becomes a service: imported, searched, granted, fetched, decoded, compared."""

import io
import shutil
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from .conftest import Server, start_server, stop_server, wait_until
from .real_music import real_music

pytestmark = pytest.mark.real_music

LADDER = {"aac-64", "aac-128", "aac-256", "flac"}  # ALAC is FLAC's twin: one of them is granted
SHORT = "elf-land.ogg"  # 27 s
EVERYTHING = {"codecs": ["mp4a.40.2", "flac", "alac"], "mse": True, "hls": True}


@pytest.fixture(scope="module")
def music(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """At least sixty real songs: clean, messy, untagged, and files that are no music at all."""
    folder = tmp_path_factory.mktemp("music")
    packages = real_music()
    for name, most in (
        ("wesnoth-1.16-music", 24),
        ("singularity-music", 10),
        ("hyperrogue-music", 30),
        ("asc-music", 3),
    ):
        files = sorted(f for f in packages[name].rglob("*") if f.suffix in {".ogg", ".mp3"})
        for file in files[:most]:
            shutil.copy2(file, folder / file.name)
    (folder / "broken.flac").write_bytes(b"fLaC" + bytes(200))
    (folder / "empty.mp3").write_bytes(b"")
    (folder / "really-text.ogg").write_text("not music at all\n" * 100)
    (folder / "ignored.txt").write_text("notes")
    return folder


@pytest.fixture(scope="module")
def server(music: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = start_server(tmp_path_factory.mktemp("real") / "data", "--music", str(music))
    yield server
    assert stop_server(server) == 0


@pytest.fixture(scope="module")
def token(server: Server) -> str:
    token = server.sign_in()
    wait_until(lambda: total(server, token) >= 60, seconds=60, what="sixty songs")
    return token


def total(server: Server, token: str) -> int:
    return int(
        server.call("GET", "/v1/catalog/home/songs?limit=1", token=token)[1]["meta"]["total"]
    )


def songs(server: Server, token: str, query: str = "limit=500") -> list[dict[str, Any]]:
    status, page = server.call("GET", f"/v1/catalog/home/songs?{query}", token=token)
    assert status == 200, page
    return list(page["data"])


def grant_for(server: Server, token: str, song_id: str) -> dict[str, Any]:
    def granted() -> dict[str, Any] | None:
        body = {"songId": song_id, "capabilities": EVERYTHING}
        status, grant = server.call("POST", "/v1/me/plays", body, token)
        assert status in {201, 503}, grant
        return grant if status == 201 else None

    return dict(wait_until(granted, seconds=30, what="a play grant"))


def fetch(server: Server, path: str) -> bytes:
    with urllib.request.urlopen(server.url + path, timeout=20) as answer:
        return bytes(answer.read())


def rendition(server: Server, variant: dict[str, Any]) -> bytes:
    base = variant["baseUrl"]
    parts = [fetch(server, base + variant["init"])]
    parts += [fetch(server, f"{base}{n}.m4s") for n in range(len(variant["segments"]))]
    return b"".join(parts)


def decoded(source: Any) -> np.ndarray:
    """Return all samples as (samples, channels), full scale 1.0."""
    resampler = av.AudioResampler(format="dbl")
    with av.open(source) as container:
        channels = container.streams.audio[0].channels
        frames = [f for frame in container.decode(audio=0) for f in resampler.resample(frame)]
    return np.concatenate([f.to_ndarray().reshape(-1, channels) for f in frames])


# First, as the server of the other tests is busy with the ladders of some sixty songs.
def test_the_lossy_rungs_follow_and_sound_the_same(
    music: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("short")
    shutil.copy2(music / SHORT, folder / SHORT)
    server = start_server(tmp_path_factory.mktemp("ladder") / "data", "--music", str(folder))
    try:
        token = server.sign_in()
        song = wait_until(lambda: songs(server, token), what="the song")[0]

        def all_rungs() -> dict[str, Any] | None:
            grant = grant_for(server, token, song["id"])
            return grant if {v["rung"] for v in grant["variants"]} >= LADDER else None

        grant = wait_until(all_rungs, seconds=120, what="the whole ladder")
        by_rung = {v["rung"]: decoded(io.BytesIO(rendition(server, v))) for v in grant["variants"]}
    finally:
        stop_server(server)
    loud = np.sqrt(np.mean(by_rung["flac"] ** 2))
    for rung in ("aac-64", "aac-128", "aac-256"):
        assert 0.9 < np.sqrt(np.mean(by_rung[rung] ** 2)) / loud < 1.1


def test_every_song_is_there_and_every_other_file_has_its_reason(
    server: Server, token: str, music: Path
) -> None:
    expected = sum(f.suffix in {".ogg", ".mp3"} for f in music.iterdir()) - 2
    wait_until(lambda: total(server, token) == expected, seconds=60, what=f"{expected} songs")

    def failures() -> list[str]:
        answer = server.call("GET", "/v1/imports/failures?limit=500", token=token)[1]
        return [Path(failure["path"]).name for failure in answer["data"] if failure["reason"]]

    told = wait_until(lambda: len(failures()) >= 3 and failures(), what="what could not be used")
    assert sorted(told) == ["broken.flac", "empty.mp3", "really-text.ogg"]


def test_songs_without_tags_are_named_from_their_files(server: Server, token: str) -> None:
    names = [song["attributes"]["name"] for song in songs(server, token)]
    assert all(names)
    assert not any(name.endswith((".ogg", ".mp3")) for name in names)


def test_search_finds_a_song_in_spite_of_a_typing_error(server: Server, token: str) -> None:
    wanted = next(
        s
        for s in songs(server, token)
        if len(s["attributes"]["name"]) > 8 and s["attributes"]["name"].isascii()
    )
    name = wanted["attributes"]["name"]
    word = max(name.split(), key=len)
    typo = name.replace(word, word[:2] + word[3:])

    def found() -> bool:
        path = f"/v1/catalog/home/search?types=songs&term={urllib.request.quote(typo)}"
        results = server.call("GET", path, token=token)[1]["results"]
        return wanted["id"] in [s["id"] for s in results.get("songs", {}).get("data", [])]

    wait_until(found, seconds=15, what=f"{name!r} for {typo!r}")


def test_what_a_listener_gets_is_what_the_file_holds(
    server: Server, token: str, music: Path
) -> None:
    song = next(s for s in songs(server, token) if s["attributes"]["source"]["format"] == "vorbis")
    grant = grant_for(server, token, song["id"])
    flac = next(v for v in grant["variants"] if v["rung"] == "flac")
    heard = decoded(io.BytesIO(rendition(server, flac)))
    assert len(heard) == flac["samples"]
    best = min(
        _difference(heard, decoded(str(file)))
        for file in music.iterdir()
        if file.suffix == ".ogg" and file.name != "really-text.ogg" and _near(file, song)
    )
    assert best < 1e-3  # rounding to 16 bits, and nothing else


def _near(file: Path, song: dict[str, Any]) -> bool:
    try:
        with av.open(str(file)) as container:
            seconds = (container.duration or 0) / 1e6
    except av.error.InvalidDataError:  # one of the packages' files has a damaged header
        return False
    return abs(seconds * 1000 - song["attributes"]["durationInMillis"]) < 60


def _difference(a: np.ndarray, b: np.ndarray) -> float:
    if a.shape[1] != b.shape[1] or abs(len(a) - len(b)) > 64:
        return 1.0
    n = min(len(a), len(b))
    return float(np.abs(a[:n] - b[:n]).max())


def test_a_forged_or_foreign_address_is_refused(server: Server, token: str) -> None:
    first, second = songs(server, token)[:2]
    grant = grant_for(server, token, first["id"])
    path = grant["variants"][0]["baseUrl"]
    signature = path.split("/")[2]
    forged = path.replace(signature, signature[:-2] + ("AA" if signature[-2:] != "AA" else "BB"))
    foreign = path.replace(first["id"], second["id"])
    for bad in (forged, foreign, path + "../../../secret", path.replace("/hls/", "/hls/../")):
        status, _ = server.call("GET", bad + "init.mp4")
        assert status in {403, 404}
    assert server.call("POST", "/v1/me/plays", {"songId": first["id"]})[0] == 401


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def test_what_was_heard_becomes_history(server: Server, token: str) -> None:
    song = songs(server, token)[0]
    grant = grant_for(server, token, song["id"])
    events = [
        {"type": "started", "positionMs": 0, "at": _now()},
        {"type": "progress", "positionMs": 100, "at": _now()},
    ]
    status, answer = server.call(
        "POST", f"/v1/me/plays/{grant['id']}/events", {"events": events}, token
    )
    assert status == 202, answer

    def remembered() -> bool:
        history = server.call("GET", "/v1/me/history", token=token)[1]
        return song["id"] in str(history["data"])

    wait_until(remembered, seconds=15, what="the play in the history")


def test_a_song_dropped_into_the_folder_appears_and_a_deleted_one_goes(
    server: Server, token: str, music: Path
) -> None:
    before = total(server, token)
    extra = max(real_music("wesnoth-1.16-music")["wesnoth-1.16-music"].rglob("*.ogg"))
    target = music / "dropped-in.ogg"
    shutil.copy2(extra, target)
    wait_until(lambda: total(server, token) == before + 1, seconds=30, what="the new song")
    target.unlink()
    wait_until(lambda: total(server, token) == before, seconds=30, what="the song to go")
