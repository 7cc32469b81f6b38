import gzip
from collections.abc import MutableMapping
from pathlib import Path
from typing import Any

import pytest

from antiphon.app.player_files import PlayerFiles


@pytest.fixture
def player(tmp_path: Path) -> PlayerFiles:
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text("<!doctype html><title>Antiphon</title>")
    (tmp_path / "assets" / "app-abc123.js").write_text("console.log(1);" * 100)
    return PlayerFiles(tmp_path)


async def ask(
    player: PlayerFiles, path: str, *, method: str = "GET", **headers: str
) -> tuple[int, dict[str, str], bytes]:
    sent: list[MutableMapping[str, Any]] = []

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    async def receive() -> MutableMapping[str, Any]:
        return {"type": "http.request", "body": b""}

    raw = [(k.replace("_", "-").encode(), v.encode()) for k, v in headers.items()]
    await player({"method": method, "path": path, "headers": raw}, receive, send)
    answered = {k.decode(): v.decode() for k, v in sent[0]["headers"]}
    return sent[0]["status"], answered, sent[1]["body"]


async def test_every_view_of_the_player_is_the_one_page(player: PlayerFiles) -> None:
    for path in ("/", "/albums/abc", "/search"):
        status, headers, body = await ask(player, path)
        assert (status, headers["cache-control"]) == (200, "no-cache")
        assert b"Antiphon" in body


async def test_hashed_assets_are_kept_for_ever_and_packed(player: PlayerFiles) -> None:
    status, headers, body = await ask(player, "/assets/app-abc123.js", accept_encoding="gzip, br")
    assert (status, headers["content-encoding"]) == (200, "gzip")
    assert "immutable" in headers["cache-control"]
    assert gzip.decompress(body).startswith(b"console.log")


async def test_a_file_that_is_not_there_is_not_a_view(player: PlayerFiles) -> None:
    assert (await ask(player, "/assets/none.js"))[0] == 404


@pytest.mark.parametrize(
    "path", ["/../secret.txt", "/%2e%2e/secret.txt", "/assets/../../secret.txt", "//etc/passwd.x"]
)
async def test_nothing_outside_the_player_can_be_named(player: PlayerFiles, path: str) -> None:
    assert (await ask(player, path))[0] == 404


async def test_an_unchanged_file_is_not_sent_again(player: PlayerFiles) -> None:
    etag = (await ask(player, "/"))[1]["etag"]
    status, _, body = await ask(player, "/", if_none_match=etag)
    assert (status, body) == (304, b"")


async def test_other_methods_are_refused(player: PlayerFiles) -> None:
    assert (await ask(player, "/", method="POST"))[0] == 405
