"""Events outlive the programs that wrote them: what was once written can always be read.

``schemas.json`` holds, for every type of event that was ever written, samples of its payload: one
for each form that it has had. A sample is never taken out or changed. A field that is new gets a
default, and a sample of the new form is added by running this file with Python. What cannot be read
that way is a new version of the type, or a type of its own.
"""

import json
from pathlib import Path
from types import ModuleType
from typing import Any

import msgspec
import pytest

from antiphon.audio import events as audio
from antiphon.catalog import events as catalog
from antiphon.identity import events as identity
from antiphon.kernel import Event
from antiphon.rights.accounting import feed as ledger
from antiphon.streaming import events as streaming

WRITING = (audio, catalog, identity, streaming)
READING = (*WRITING, ledger)  # the ledger is below those who write what it reads
GOLDEN = Path(__file__).with_name("schemas.json")
KEPT: dict[str, Any] = json.loads(GOLDEN.read_text("utf-8")) if GOLDEN.exists() else {}


def classes(modules: tuple[ModuleType, ...]) -> list[type[Event]]:
    """Return the classes of events that modules define, bases of others left out."""
    found = [
        value
        for module in modules
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, Event) and hasattr(value, "type_name")
    ]
    return [c for c in found if c is not Event and not any(c in o.__mro__[1:] for o in found)]


WRITERS = {cls.type_name: cls for cls in classes(WRITING)}


def schema(cls: type[Event]) -> dict[str, Any]:
    """Return the JSON schema of a class's payload."""
    whole = msgspec.json.schema(cls)
    return dict(whole["$defs"][whole["$ref"].rpartition("/")[2]]) if "$ref" in whole else whole


def sample(cls: type[Event]) -> dict[str, Any]:
    """Return a payload with every field of today."""
    whole = msgspec.json.schema(cls)
    return {name: _value(s, whole) for name, s in schema(cls)["properties"].items()}


def _value(wanted: dict[str, Any], whole: dict[str, Any]) -> Any:
    if "$ref" in wanted:
        return _value(whole["$defs"][wanted["$ref"].rpartition("/")[2]], whole)
    if "anyOf" in wanted:
        return _value(wanted["anyOf"][0], whole)
    if "enum" in wanted:
        return wanted["enum"][0]
    kinds: dict[str, Any] = {"string": "x", "integer": 1, "number": 1.5, "boolean": True}
    if wanted["type"] == "array":
        return [_value(wanted.get("items") or {"type": "string"}, whole)]
    return kinds[wanted["type"]]


@pytest.mark.parametrize("name", sorted(KEPT))
def test_what_was_ever_written_is_read_by_everybody_who_reads_it(name: str) -> None:
    readers = [cls for cls in classes(READING) if cls.type_name == name]
    assert readers, f"nobody reads {name} any more: keep its class, or move what the log holds"
    for kept in KEPT[name]["samples"]:
        for reader in readers:
            read = msgspec.json.decode(json.dumps(kept), type=reader)
            written = json.loads(msgspec.json.encode(read))
            same = {field: value for field, value in kept.items() if field in written}
            assert {field: written[field] for field in same} == same
            if reader is WRITERS.get(name):
                assert set(kept) <= set(written), f"{name} has lost a field"


@pytest.mark.parametrize("name", sorted(WRITERS))
def test_every_form_that_is_written_now_is_kept(name: str) -> None:
    told = "run this file with Python"
    assert name in KEPT, told
    assert sample(WRITERS[name]) in KEPT[name]["samples"], told
    assert KEPT[name]["version"] == WRITERS[name].version, told


def test_a_field_that_is_taken_away_or_needed_anew_would_be_found() -> None:
    kept = KEPT["streaming.media_sent"]["samples"][0]
    without = {field: value for field, value in kept.items() if field != next(iter(kept))}
    with pytest.raises(msgspec.ValidationError, match="missing required field"):
        msgspec.json.decode(json.dumps(without), type=WRITERS["streaming.media_sent"])


def keep() -> None:
    """Add the forms of today to those that are kept."""
    for name, cls in sorted(WRITERS.items()):
        entry = KEPT.setdefault(name, {"samples": []})
        entry["version"] = cls.version
        if sample(cls) not in entry["samples"]:
            entry["samples"].append(sample(cls))
    GOLDEN.write_text(json.dumps(KEPT, indent=1, sort_keys=True) + "\n", "utf-8")


if __name__ == "__main__":
    keep()
