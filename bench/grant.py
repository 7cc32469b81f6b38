"""Server CPU of a play grant and of a playlist, nginx sending the same playlist beside it.

500 songs with five rungs of 40 segments, asked for in turn, each request a new grant; playlists
gzipped. "first" is with nothing kept in memory: every request reads rows and makes everything
anew, as for a song that nobody played lately. Licences are for one key
each, of 200 households in turn; most find their lease still fresh, and write nothing. Each renewal
is a durable write. The wrk client's CPU does not count.
"""

import json
import urllib.request
from itertools import cycle
from pathlib import Path
from typing import Any

from bench.streaming_house import (
    furnished,
    get,
    granian,
    load,
    nginx,
    post,
    temporary_folder,
)

SONGS = 500
SEGMENTS = 40
CODECS = ["mp4a.40.2", "flac", "opus"]
TARGET_US = 100.0
LICENCE_TARGET_US = 150.0


def run() -> dict[str, Any]:
    with temporary_folder() as folder:
        house = furnished(folder, songs=SONGS, segments=SEGMENTS, with_media=0)
        asks = [
            {
                "songId": song.id,
                "capabilities": {"codecs": CODECS, "mse": True, "hls": False},
                "network": {"kbps": 9000 + n},
                "preference": "auto",
            }
            for n, song in enumerate(house.songs)
        ]
        with granian(folder) as (url, process):
            grants = [granted(url, ask, house.bearer) for ask in asks]
            ask_again = [post("/v1/me/plays", ask, house.bearer) for ask in asks]
            main = [get(g["playlistUrl"], Accept_Encoding="gzip") for g in grants]
            media = [get(g["variants"][-1]["playlistUrl"], Accept_Encoding="gzip") for g in grants]
            measured = {
                "grant": load(url, process, ask_again, folder=folder),
                "multivariant": load(url, process, main, folder=folder),
                "media_playlist": load(url, process, media, folder=folder),
            }
            asking = list(zip(cycle(asks[: len(house.kids)]), cycle(house.kids), house.neighbours))
            licences = [licence(url, ask, kid, bearer) for ask, kid, bearer in asking]
            measured["licence"] = load(url, process, licences, folder=folder)
            renewals = [raw.replace(b"/licence ", b"/licence/renew ", 1) for raw in licences]
            measured["renewal"] = load(url, process, renewals, folder=folder)
            peer_files(folder / "www", url, grants[0])
        with granian(folder, cache_bytes=0) as (url, process):
            measured["first_grant"] = load(url, process, ask_again, folder=folder)
            measured["first_media_playlist"] = load(url, process, media, folder=folder)
        with nginx(folder, folder / "www") as (url, process):
            same = [get("/flac.m3u8", Accept_Encoding="gzip")]
            peer = load(url, process, same, folder=folder)
    assert not any(m.failures for m in [*measured.values(), peer]), "refused requests"
    figures = {f"{name}_cpu_us": round(m.cpu_us, 1) for name, m in measured.items()}
    figures |= {f"{name}_per_second": round(m.requests / m.seconds) for name, m in measured.items()}
    return {
        "name": "grant",
        "figures": figures,
        "peer": {"nginx_media_playlist_cpu_us": round(peer.cpu_us, 1)},
        "targets": {
            f"{name}_cpu_us": {"at_most": TARGET_US, "met": measured[name].cpu_us <= TARGET_US}
            for name in ("grant", "multivariant", "media_playlist")
        }
        | {
            f"{name}_cpu_us": {
                "at_most": LICENCE_TARGET_US,
                "met": measured[name].cpu_us <= LICENCE_TARGET_US,
            }
            for name in ("licence", "renewal")
        },
    }


def granted(url: str, ask: Any, bearer: str) -> Any:
    request = urllib.request.Request(
        f"{url}/v1/me/plays", json.dumps(ask).encode(), {"Authorization": bearer}
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.load(answer)


def licence(url: str, ask: Any, kid: str, bearer: str) -> bytes:
    """Return the request for one key of a new play."""
    play = granted(url, ask, bearer)["id"]
    return post(f"/v1/me/plays/{play}/licence", {"kids": [kid]}, bearer)


def peer_files(root: Path, url: str, grant: Any) -> None:
    root.mkdir()
    request = urllib.request.Request(
        url + grant["variants"][-1]["playlistUrl"], headers={"Accept-Encoding": "gzip"}
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        (root / "flac.m3u8.gz").write_bytes(answer.read())


if __name__ == "__main__":
    print(json.dumps(run(), indent=2))
