"""What reading a message takes: memory follows its largest record, and that has bounds."""

import io
import tracemalloc
from itertools import chain, repeat

import pytest

from antiphon.rights.ern import read_message
from antiphon.rights.ern.xml import (
    MAX_BYTES,
    MAX_NAMES,
    MAX_RECORD_BYTES,
    MAX_RECORD_PARTS,
    MAX_TEXT,
    MAX_TOKEN_BYTES,
    RecordReader,
)
from antiphon.rights.model import Fault
from antiphon.testing.label_messages import LabelDeal, LabelRelease, LabelTrack, release_message

MEGA = 1_000_000
BEGIN = b'<?xml version="1.0"?><e:NewReleaseMessage xmlns:e="http://ddex.net/xml/ern/43">'
HEAD = BEGIN + b"<MessageHeader>"
CONTAINERS = frozenset({"PartyList", "ResourceList", "ReleaseList", "DealList"})


class Stream(io.RawIOBase):
    """Gives out pieces one after another, so that nobody holds the whole; counts its bytes."""

    def __init__(self, *pieces):
        self._pieces = chain(*((p,) if isinstance(p, bytes) else p for p in pieces))
        self._rest = b""
        self.given = 0

    def read(self, size=-1):
        while len(self._rest) < size and (piece := next(self._pieces, None)) is not None:
            self._rest += piece
        given, self._rest = self._rest[:size], self._rest[size:]
        self.given += len(given)
        return given


def peak_of(work):
    tracemalloc.start()
    try:
        result = work()
        return result, tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def refused(*pieces):
    """Return the rule by which a message is refused, the bytes read until then, and the memory."""
    stream = Stream(*pieces)
    reading, peak = peak_of(lambda: read_message(stream))
    (fault,) = reading.faults
    return fault.rule, stream.given, peak


def message(songs, deals=1):
    """Return a message with a deal for each song, or several."""
    tracks = [LabelTrack(f"QZTST26{n:05d}", f"Song {n}", f"{n}.flac") for n in range(songs)]
    terms = [LabelDeal(release=f"R{n + 1}") for n in range(songs)] * deals
    return release_message("4.3", LabelRelease(tracks, terms))


def test_four_times_the_records_take_no_more_memory_to_read():
    def read(raw):
        reader = RecordReader(CONTAINERS, lambda *_: None, lambda *_: None)
        return peak_of(lambda: reader.read(io.BytesIO(raw)))[1]

    small, large = read(message(100, deals=10)), read(message(100, deals=40))
    assert large < small + 50_000
    assert large < MEGA


def test_what_is_kept_of_a_message_is_at_most_four_times_its_size():
    raw = message(400)
    reading, peak = peak_of(lambda: read_message(io.BytesIO(raw)))
    assert reading.faults == ()
    assert len(reading.message.resources) == 400
    assert peak < 4 * len(raw)


def test_a_message_without_end_is_refused_after_as_many_bytes_as_one_may_have():
    party = b"<Comment>" + b"x" * (MAX_TEXT - 1) + b"</Comment>"
    rule, given, peak = refused(BEGIN, repeat(party))
    assert rule is Fault.TOO_LARGE
    assert MAX_BYTES < given < MAX_BYTES + 2 * MAX_TEXT
    assert peak < 2 * MEGA


def test_a_million_attributes_are_refused_before_they_are_read():
    attributes = (f' a{n}=""'.encode() for n in range(MEGA))
    rule, given, peak = refused(BEGIN, b"<MessageHeader", attributes, b"/></e:NewReleaseMessage>")
    assert rule is Fault.TOO_LARGE
    assert given < MAX_TOKEN_BYTES + 2 * MAX_TEXT
    assert peak < 4 * MAX_TOKEN_BYTES


@pytest.mark.parametrize("begin", [b'<MessageHeader a="', b"<!-- ", b"<?pi "])
def test_a_tag_a_comment_or_an_instruction_without_end_is_refused(begin):
    rule, given, _ = refused(BEGIN, begin, repeat(b"x" * MAX_TEXT))
    assert rule is Fault.TOO_LARGE
    assert given < MAX_TOKEN_BYTES + 3 * MAX_TEXT


def test_attributes_of_a_record_are_counted_as_well_as_its_tags():
    element = b"<MessageId" + b"".join(b' a%d=""' % n for n in range(60)) + b"/>"
    rule, given, peak = refused(HEAD, repeat(element))
    assert rule is Fault.TOO_LARGE
    assert given < 8 * MAX_RECORD_PARTS
    assert peak < 120 * MEGA


def test_the_texts_of_a_record_are_counted_as_well():
    text = b"x" * 60_000 + "\N{GRINNING FACE}".encode()  # for its sake four bytes a character
    rule, given, peak = refused(HEAD, repeat(b"<MessageId>" + text + b"</MessageId>"))
    assert rule is Fault.TOO_LARGE
    assert given < MAX_RECORD_BYTES + 3 * MAX_TEXT
    assert peak < 5 * MAX_RECORD_BYTES


def test_the_record_of_most_elements_takes_what_the_guide_says():
    elements = repeat(b"<MessageId>1</MessageId>", MAX_RECORD_PARTS // 2 - 10)
    stream = Stream(HEAD, elements, b"</MessageHeader></e:NewReleaseMessage>")
    reading, peak = peak_of(lambda: read_message(stream))
    assert Fault.TOO_LARGE not in [f.rule for f in reading.faults]
    assert peak < 120 * MEGA


@pytest.mark.parametrize("name", ["ResourceId", "SoundRecordingDetailsByTerritory"])
@pytest.mark.parametrize(("inner", "parts"), [(b"", 1), (b"<ISRC/>", 3)])
def test_what_is_kept_of_a_recording_of_most_elements_has_the_same_bound(name, inner, parts):
    one = (
        b"<%s>%s</%s>" % (name.encode(), inner, name.encode())
        if inner
        else b"<%s/>" % name.encode()
    )
    head, tail = b"<ResourceList><SoundRecording>", b"</SoundRecording></ResourceList>"
    elements = repeat(one, MAX_RECORD_PARTS // parts - 10)
    stream = Stream(BEGIN, head, elements, tail, b"</e:NewReleaseMessage>")
    reading, peak = peak_of(lambda: read_message(stream))
    assert Fault.TOO_LARGE not in [f.rule for f in reading.faults]
    assert len(reading.message.resources) == 0
    assert peak < 120 * MEGA


def test_names_that_are_ever_different_are_refused():
    records = (b"<Comment><n%d/></Comment>" % n for n in range(10 * MAX_NAMES))
    rule, given, peak = refused(BEGIN, records)
    assert rule is Fault.TOO_LARGE
    assert given < 60 * MAX_NAMES
    assert peak < 10 * MEGA


def test_an_inclusion_is_not_followed(tmp_path):
    secret = tmp_path / "secret.xml"
    secret.write_text("<TitleText>What nobody should read</TitleText>")
    include = (
        f'<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="{secret.as_uri()}"/>'
    ).encode()
    raw = message(1)
    for place in (b"<ResourceList>", b"<SoundRecording>", b"<DealTerms>", b"<DisplayTitle>"):
        reading = read_message(io.BytesIO(raw.replace(place, place + include, 1)))
        assert [f.rule for f in reading.faults] in ([Fault.UNKNOWN_ELEMENT], []), place
        assert "nobody should read" not in str(reading)
