"""Label messages read: megabytes per CPU-second, and how memory follows the size of a message.

The parser is expat (C) with handlers of our own, which gather each record and hand it out; the
figure is that of ``read_message``, all checks included. Messages are made by
``antiphon.testing.label_messages`` with 500 songs, and indented as labels send them: public samples
have 53 to 67 bytes per element. It is the slowest of the four versions, best of three readings.
"""

import io
import time
import tracemalloc
import xml.etree.ElementTree as ET
from typing import Any

from antiphon.rights.ern import read_message
from antiphon.rights.ern.xml import RecordReader
from antiphon.testing.label_messages import VERSIONS, LabelRelease, LabelTrack, release_message

SONGS = 500
LARGE = 4
TARGET_MB = 20.0
MEGA = 1e6
_CONTAINERS = frozenset({"PartyList", "ResourceList", "ReleaseList", "DealList"})


def run() -> dict[str, Any]:
    messages = {version: message(version, SONGS) for version in VERSIONS}
    rates = {v: _rate(raw) for v, raw in messages.items()}
    raw = messages["4.3"]
    slowest = min(rates.values())
    small = _peak_of_reader(message("4.3", SONGS))
    large = _peak_of_reader(message("4.3", SONGS * LARGE))
    return {
        "name": "ern",
        "figures": {
            "mb_per_cpu_second": round(slowest, 1),
            "fastest_version_mb": round(max(rates.values()), 1),
            "message_mb": round(len(raw) / MEGA, 2),
            "bytes_per_element": round(len(raw) / raw.count(b"</"), 1),
            "parser_peak_kb": round(small / 1e3),
            "parser_peak_kb_of_four_times_as_much": round(large / 1e3),
        },
        "peer": {"elementtree_tree_only_mb": round(_best(_tree, raw), 1)},
        "targets": {"mb_per_cpu_second": {"at_least": TARGET_MB, "met": slowest >= TARGET_MB}},
    }


def message(version: str, songs: int) -> bytes:
    tracks = [
        LabelTrack(f"QZTST26{n:05d}", f"Song & {n}", f"resources/{n}.flac", "0" * 32)
        for n in range(songs)
    ]
    tree = ET.ElementTree(ET.fromstring(release_message(version, LabelRelease(tracks))))
    ET.indent(tree)
    out = io.BytesIO()
    tree.write(out, "utf-8", xml_declaration=True)
    assert not read_message(io.BytesIO(out.getvalue())).faults
    return out.getvalue()


def _rate(raw: bytes) -> float:
    return _best(lambda r: read_message(io.BytesIO(r)), raw)


def _tree(raw: bytes) -> None:
    parser = ET.XMLParser()
    parser.feed(raw)
    parser.close()


def _best(work: Any, raw: bytes) -> float:
    """Return the most megabytes that one CPU-second does, of three readings."""
    found = []
    for _ in range(3):
        begin = time.process_time()
        work(raw)
        found.append(len(raw) / MEGA / (time.process_time() - begin))
    return max(found)


def _peak_of_reader(raw: bytes) -> int:
    """Return the most bytes that reading records holds, what is kept of them aside."""
    tracemalloc.start()
    try:
        RecordReader(_CONTAINERS, lambda *_: None, lambda *_: None).read(io.BytesIO(raw))
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
