"""Segments per second of server CPU, nginx sending the same files beside it.

Every segment of every rung of a few songs, in turn: what a catalogue's listeners ask for. Each
rung alone is told as well, since small files favour nginx's sendfile and large ones do not.
"""

import json
from typing import Any

from antiphon.audio import STEREO_RUNGS, Rung
from bench.grant import granted
from bench.streaming_house import (
    Load,
    furnished,
    get,
    granian,
    load,
    nginx,
    temporary_folder,
)

SONGS = 6
SEGMENTS = 5
TARGET_SHARE = 1 / 3
ALL_CODECS = ["mp4a.40.2", "flac", "alac"]


def run() -> dict[str, Any]:
    with temporary_folder() as folder:
        house = furnished(folder, songs=SONGS, segments=SEGMENTS, with_media=SONGS)
        rungs = [
            r for r in STEREO_RUNGS if r is not Rung.ALAC
        ]  # FLAC's twin is never granted beside it
        with granian(folder) as (url, process):
            asks = [{"songId": s.id, "capabilities": {"codecs": ALL_CODECS}} for s in house.songs]
            bases = [
                {v["rung"]: v["baseUrl"] for v in granted(url, ask, house.bearer)["variants"]}
                for ask in asks
            ]
            ours = {
                name: load(url, process, requests, folder=folder)
                for name, requests in _requests(rungs, bases).items()
            }
        paths = [
            {r: f"/media/{s.master.content_hash[:2]}/{s.master.content_hash}/{r}/" for r in rungs}
            for s in house.songs
        ]
        with nginx(folder, folder / "objects") as (url, process):
            theirs = {
                name: load(url, process, requests, folder=folder)
                for name, requests in _requests(rungs, paths).items()
            }
    assert not any(m.failures for m in [*ours.values(), *theirs.values()]), "refused requests"
    share = {name: ours[name].per_cpu_second / theirs[name].per_cpu_second for name in ours}
    return {
        "name": "segments",
        "figures": _per_cpu_second(ours)
        | {f"{name}_share_of_nginx": round(value, 2) for name, value in share.items()},
        "peer": _per_cpu_second(theirs),
        "targets": {
            "ladder_share_of_nginx": {
                "at_least": round(TARGET_SHARE, 2),
                "met": share["ladder"] >= TARGET_SHARE,
            }
        },
    }


def _requests(rungs: list[Rung], bases: list[dict[Any, str]]) -> dict[str, list[bytes]]:
    alone = {
        str(rung): [get(f"{base[rung]}{n}.m4s") for base in bases for n in range(SEGMENTS)]
        for rung in rungs
    }
    together = [requests[n] for n in range(SONGS * SEGMENTS) for requests in alone.values()]
    return {"ladder": together, **alone}


def _per_cpu_second(loads: dict[str, Load]) -> dict[str, int]:
    return {f"{name}_per_cpu_second": round(m.per_cpu_second) for name, m in loads.items()}


if __name__ == "__main__":
    print(json.dumps(run(), indent=2))
