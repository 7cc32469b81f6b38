"""A label's delivery, imported beside a running server, plays where and while its deals say."""

import asyncio
import base64
import hashlib
import json
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from antiphon.storage import open_objects
from antiphon.testing.label_messages import (
    VERSIONS,
    LabelDeal,
    LabelRelease,
    LabelTrack,
    purge_message,
    release_message,
)

from .conftest import Server, start_server, stop_server, wait_until

FRANCE = LabelDeal(territories=("FR",))
SECOND = 44_100


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, str]]:
    running = start_server(tmp_path_factory.mktemp("label") / "data")
    try:
        yield running, running.sign_in()
    finally:
        status = stop_server(running)
    assert status == 0


def make_sound(path: Path, hertz: int) -> str:
    """Write two seconds of FLAC; return its MD5."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("flac", rate=SECOND, layout="mono")
        tone = np.sin(np.arange(2 * SECOND) * 2 * np.pi * hertz / SECOND)
        frame = av.AudioFrame.from_ndarray((tone * 8000).astype(np.int16)[None], "s16", "mono")
        frame.sample_rate = SECOND
        for packet in [*stream.encode(frame), *stream.encode(None)]:
            container.mux(packet)
    return hashlib.md5(path.read_bytes()).hexdigest()


def release(folder: Path, number: int, **more: Any) -> LabelRelease:
    """Make the media of a release of two songs; return what its message says."""
    (folder / "resources").mkdir(parents=True, exist_ok=True)
    tracks = []
    for track in (1, 2):
        file = f"resources/{track}.flac"
        md5 = make_sound(folder / file, 200 * number + 55 * track)
        isrc = f"QZTST26{number:03}{track:02}"
        tracks.append(LabelTrack(isrc, f"Song {number}.{track}", file, md5))
    values = {"tracks": tracks, "deals": (FRANCE,), "title": f"Album {number}"}
    values |= {"icpn": barcode(number), "message_id": f"M{number}-1"}
    return LabelRelease(**values | more)


def barcode(number: int) -> str:
    """Return a good EAN-13."""
    digits = f"40063810{number:04}"
    total = sum(int(d) * (3 if i % 2 else 1) for i, d in enumerate(digits))
    return f"{digits}{-total % 10}"


def deliver(server: Server, folder: Path, message: bytes, *words: str) -> tuple[int, Any]:
    """Import a delivery by the command; return its status and report."""
    folder.mkdir(exist_ok=True)
    (folder / "message.xml").write_bytes(message)
    command = [sys.executable, "-m", "antiphon.app", "import", str(folder), "--json", *words]
    ran = subprocess.run(
        [*command, "--data", str(server.data)], capture_output=True, timeout=60, check=False
    )
    assert ran.stdout, ran.stderr.decode()
    return ran.returncode, json.loads(ran.stdout)


def put_into(server: Server, token: str, storefront: str) -> None:
    household = server.call("GET", "/v1/household", token=token)[1]["id"]
    path = f"/v1/rights/households/{household}/terms"
    assert server.call("PUT", path, {"storefront": storefront}, token)[0] == 200
    # Another worker may believe the old storefront for a quarter of a second.
    time.sleep(0.3)


def songs_of(server: Server, token: str, album: str) -> list[Any]:
    found = server.call("GET", "/v1/catalog/home/songs?limit=500", token=token)[1]["data"]
    return [song for song in found if song["attributes"]["albumName"] == album]


def ask(server: Server, token: str, song: Any) -> tuple[int, Any]:
    return server.call("POST", "/v1/me/plays", {"songId": song["id"]}, token)


def media(server: Server, grant: Any) -> tuple[int, bytes]:
    try:
        with urllib.request.urlopen(server.url + grant["playlistUrl"], timeout=20) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as fault:
        with fault:
            return fault.code, fault.read()


@pytest.mark.parametrize(("number", "version"), [*enumerate(VERSIONS, 1)])
def test_a_delivery_plays_where_its_deals_say_until_it_is_taken_down(
    server: tuple[Server, str], tmp_path: Path, number: int, version: str
) -> None:
    running, token = server
    told = release(tmp_path, number)
    status, report = deliver(running, tmp_path, release_message(version, told))
    assert (status, report["outcome"]) == (0, "accepted"), report
    first, second = wait_until(
        lambda: songs_of(running, token, f"Album {number}") or None, what="the songs"
    )
    assert (first["attributes"]["isrc"], first["attributes"]["name"]) == (
        f"QZTST26{number:03}01",
        f"Song {number}.1",
    )

    put_into(running, token, "fr")
    grant = wait_until(lambda: granted(running, token, first), what="a grant in France")
    assert_encrypted(running, token, grant)
    assert media(running, grant)[0] == 200
    put_into(running, token, "de")
    refusal = refused(running, token, second)
    assert refusal["meta"]["reason"] == "territory"
    assert not_renewed(running, token, grant) == 403
    put_into(running, token, "fr")
    assert licence(running, token, grant)[0] == 200

    assert deliver(running, tmp_path, release_message(version, told))[1]["outcome"] == "unchanged"
    later = {"created": "2026-02-01T10:00:00Z", "message_id": f"M{number}-2", "update": True}
    down = release(
        tmp_path, number, deals=(LabelDeal(territories=("FR",), take_down=True),), **later
    )
    assert deliver(running, tmp_path, release_message(version, down))[0] == 0
    wait_until(lambda: refused(running, token, first), seconds=1, what="the takedown")
    wait_until(
        lambda: b"song_unavailable" in media(running, grant)[1],
        seconds=1,
        what="the end of what was granted",
    )

    assert not_renewed(running, token, grant) == 403
    assert licence(running, token, grant)[0] == 403

    assert objects_of(running, grant) != []
    gone = release(tmp_path, number, created="2026-03-01T10:00:00Z", message_id=f"M{number}-3")
    status, report = deliver(running, tmp_path / "purge", purge_message(version, gone))
    assert report["faults"] == []
    assert (status, report["outcome"]) == (0, "purged")
    wait_until(lambda: not songs_of(running, token, f"Album {number}"), what="the purge")
    assert objects_of(running, grant) == []


def assert_encrypted(server: Server, token: str, grant: Any) -> None:
    """Check that the key of the licence opens what is stored, and that nothing is sound without."""
    status, answer = licence(server, token, grant)
    assert status == 200, answer
    key = base64.urlsafe_b64decode(answer["keys"][0]["k"] + "==")
    url = server.url + grant["progressiveUrl"]
    for given, sounds in ((key, True), (bytes(16), False)):
        command = ["/usr/bin/ffmpeg", "-v", "quiet", "-decryption_key", given.hex(), "-i", url]
        command += ["-f", "s16le", "-"]
        heard = subprocess.run(command, capture_output=True, timeout=20, check=False)
        assert (len(heard.stdout) == 2 * SECOND * 2) == sounds


def licence(server: Server, token: str, grant: Any) -> tuple[int, Any]:
    chosen = grant["decision"]["chosen"]
    kid = next(v["kid"] for v in grant["variants"] if v["rung"] == chosen)
    asked = base64.urlsafe_b64encode(bytes.fromhex(kid)).rstrip(b"=").decode()
    return server.call("POST", grant["protection"]["licenceUrl"], {"kids": [asked]}, token)


def not_renewed(server: Server, token: str, grant: Any) -> int | None:
    """Return the status by which a lease is not renewed; None where it is."""
    status, _ = server.call("POST", grant["protection"]["licenceUrl"] + "/renew", {}, token)
    return status if status != 204 else None


def objects_of(server: Server, grant: Any) -> list[str]:
    """Return the keys of the objects that hold a grant's rungs."""
    kids = [v["kid"] for v in grant["variants"]]

    async def listed() -> list[str]:
        objects = open_objects(server.engine_url("objects"))
        try:
            keys = [info.key async for info in objects.list("")]
        finally:
            await objects.close()
        return [key for key in keys if any(kid in key for kid in kids)]

    return asyncio.run(listed())


def granted(server: Server, token: str, song: Any) -> Any:
    status, body = ask(server, token, song)
    return body if status == 201 else None


def refused(server: Server, token: str, song: Any) -> Any:
    status, body = ask(server, token, song)
    return body["errors"][0] if status == 403 else None


def test_what_the_household_had_in_the_clear_is_encrypted_once_a_label_delivers_it(
    tmp_path: Path,
) -> None:
    told = release(tmp_path / "in", 8)
    music = tmp_path / "music"
    music.mkdir()
    shutil.copy2(tmp_path / "in" / "resources" / "1.flac", music / "Ours.flac")
    running = start_server(tmp_path / "data", "--music", str(music))
    try:
        token = running.sign_in()
        (own,) = wait_until(
            lambda: running.call("GET", "/v1/catalog/home/songs", token=token)[1]["data"],
            what="the household's own song",
        )
        whole = wait_until(lambda: complete(running, token, own), seconds=60, what="its ladder")
        assert {v["kid"] for v in whole["variants"]} == {None}
        assert media_folders(running) == {""}
        assert deliver(running, tmp_path / "in", release_message("4.3", told))[0] == 0
        put_into(running, token, "fr")
        songs = wait_until(lambda: songs_of(running, token, "Album 8"), what="the songs")
        for song in [own, *songs]:  # one sound, whoever asks for it
            wait_until(
                lambda s=song: encrypted(running, token, s), seconds=60, what="the ladder anew"
            )
        assert_encrypted(running, token, granted(running, token, songs[0]))
        assert "" not in media_folders(running), "nothing is left in the clear"
    finally:
        assert stop_server(running) == 0


def complete(server: Server, token: str, song: Any) -> Any:
    """Return a grant of a whole ladder, lossless and lossy; None as long as it is not."""
    grant = granted(server, token, song)
    rungs = {v["rung"] for v in grant["variants"]} if grant else set()
    return grant if {"flac", "aac-64"} <= rungs else None


def encrypted(server: Server, token: str, song: Any) -> bool:
    """Say whether a whole ladder is granted and none of it is in the clear."""
    grant = complete(server, token, song)
    return grant is not None and None not in {v["kid"] for v in grant["variants"]}


def media_folders(server: Server) -> set[str]:
    """Return what the folders of rungs are named by beside the rung: a key id, or nothing."""

    async def folders() -> set[str]:
        objects = open_objects(server.engine_url("objects"))
        try:
            return {info.key.split("/")[-2] async for info in objects.list("media/")}
        finally:
            await objects.close()

    return {name.partition(".")[2] for name in asyncio.run(folders())}


def test_a_delivery_with_a_fault_changes_nothing_and_says_what_to_do(
    server: tuple[Server, str], tmp_path: Path
) -> None:
    running, token = server
    told = release(tmp_path, 9)
    (tmp_path / "resources" / "2.flac").write_bytes(b"not what was hashed")
    status, report = deliver(running, tmp_path, release_message("4.3", told))
    assert (status, report["outcome"]) == (1, "refused")
    assert any("2.flac" in fault and "[file_altered]" in fault for fault in report["faults"])
    assert songs_of(running, token, "Album 9") == []
    acknowledged = (tmp_path / "message.ack.xml").read_text("utf-8")
    assert "<Rule>file_altered</Rule>" in acknowledged
    make_sound(tmp_path / "resources" / "2.flac", 200 * 9 + 110)
    assert deliver(running, tmp_path, release_message("4.3", told))[1]["outcome"] == "accepted"
