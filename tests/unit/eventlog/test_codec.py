from dataclasses import dataclass
from typing import ClassVar

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.eventlog import EventTypes, encode_event
from antiphon.kernel import Corrupt, Envelope, Event, FixedClock, Invalid, SongId, UnixMs
from antiphon.testing.children import Counted


@dataclass(frozen=True, slots=True)
class _Renamed(Event):
    song_id: SongId
    titles: tuple[str, ...]
    year: int | None = None
    type_name: ClassVar[str] = "test.renamed"
    version: ClassVar[int] = 2

    @property
    def key(self) -> str:
        return self.song_id


@given(st.text(), st.lists(st.text()), st.none() | st.integers(-(2**53), 2**53))
def test_event_survives_the_way_through_an_envelope(
    song: str, titles: list[str], year: int | None
) -> None:
    event = _Renamed(SongId(song), tuple(titles), year)
    envelope = encode_event(event, clock=FixedClock(42))
    assert EventTypes(_Renamed).decode(envelope) == event
    assert (envelope.key, envelope.type_name, envelope.version) == (song, "test.renamed", 2)
    assert envelope.occurred_at == 42


def test_every_event_gets_an_id_of_its_own() -> None:
    ids = {encode_event(Counted("a", 1), clock=FixedClock()).event_id for _ in range(100)}
    assert len(ids) == 100
    assert encode_event(Counted("a", 1), clock=FixedClock(), event_id="x").event_id == "x"


def test_unknown_type_is_none() -> None:
    assert EventTypes(Counted).decode(Envelope("x", "other", 1, "k", UnixMs(0), b"?")) is None


def test_event_of_an_older_version_is_read_with_defaults() -> None:
    old = Envelope("x", "test.renamed", 1, "k", UnixMs(0), b'{"song_id":"s","titles":["a"]}')
    assert EventTypes(_Renamed).decode(old) == _Renamed(SongId("s"), ("a",))


def test_fields_that_are_not_known_are_passed_over() -> None:
    new = Envelope("x", "test.counted", 1, "k", UnixMs(0), b'{"subject":"s","number":1,"more":2}')
    assert EventTypes(Counted).decode(new) == Counted("s", 1)


@pytest.mark.parametrize("payload", [b"", b"{", b"[]", b'{"subject":1,"number":1}', b"\xff"])
def test_damaged_event_is_corrupt(payload: bytes) -> None:
    with pytest.raises(Corrupt):
        EventTypes(Counted).decode(Envelope("x", "test.counted", 1, "k", UnixMs(0), payload))


def test_event_of_a_newer_version_is_corrupt_rather_than_misread() -> None:
    newer = encode_event(Counted("a", 1), clock=FixedClock())
    newer = Envelope(newer.event_id, newer.type_name, 2, newer.key, UnixMs(0), newer.payload)
    with pytest.raises(Corrupt, match="newer"):
        EventTypes(Counted).decode(newer)


def test_two_classes_of_one_name_are_refused() -> None:
    with pytest.raises(Invalid):
        EventTypes(Counted, Counted)


def test_types_can_be_joined() -> None:
    both = EventTypes(Counted) + EventTypes(_Renamed)
    assert list(both.names()) == ["test.counted", "test.renamed"]


def test_payload_is_json() -> None:
    envelope = encode_event(Counted("a", 1), clock=FixedClock())
    assert msgspec.json.decode(envelope.payload) == {"subject": "a", "number": 1}
