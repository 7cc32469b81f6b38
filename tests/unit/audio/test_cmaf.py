"""Boxes, written and read."""

import contextlib
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.audio import STEREO_RUNGS, Loudness, Rung, find_box, read_boxes, read_units
from antiphon.audio.cmaf import TrackSpec, init_section, media_segment
from antiphon.kernel import Corrupt

STREAMINFO = bytes(range(34))
COOKIE = bytes(range(100, 124))
CODEC_DATA = {Rung.FLAC: STREAMINFO, Rung.ALAC: b"....alac" + COOKIE}
units = st.lists(
    st.tuples(st.binary(min_size=1, max_size=200), st.integers(1, 4096)), min_size=1, max_size=30
)


def spec(rung=Rung.FLAC, **changes):
    fields = {
        "rung": rung,
        "codec_data": {Rung.FLAC: STREAMINFO, Rung.ALAC: b"....alac" + COOKIE}.get(
            rung, b"\x12\x10"
        ),
        "sample_rate": 44100,
        "channels": 2,
        "bit_depth": 16,
        "priming": 0,
        "samples": 1000,
    }
    return TrackSpec(**(fields | changes))


@given(units, st.integers(0, 2**40), st.booleans())
def test_what_is_written_as_a_segment_is_read_back(access_units, decode_time, rolls):
    segment = media_segment(3, decode_time, access_units, rolls=rolls)
    assert read_units(segment) == access_units
    boxes = read_boxes(segment)
    assert [box.kind for box in boxes] == ["styp", "moof", "mdat"]
    assert int.from_bytes(find_box(boxes, "moof/traf/tfdt").body[4:], "big") == decode_time
    assert (find_box(boxes, "moof/traf/sbgp") is not None) == rolls


def test_equal_durations_are_told_once():
    even = media_segment(0, 0, [(b"abc", 1024), (b"de", 1024)])
    odd = media_segment(0, 0, [(b"abc", 1024), (b"de", 1000)])
    assert len(odd) == len(even) + 2 * 4 - 4


@pytest.mark.parametrize("rung", list(STEREO_RUNGS))
def test_the_init_section_has_what_a_player_needs(rung):
    boxes = read_boxes(init_section(spec(rung)))
    assert [box.kind for box in boxes] == ["ftyp", "moov"]
    entry = {Rung.FLAC: "fLaC/dfLa", Rung.ALAC: "alac/alac"}.get(rung, "mp4a/esds")
    config = find_box(boxes, f"moov/trak/mdia/minf/stbl/stsd/{entry}")
    expected = {Rung.FLAC: STREAMINFO, Rung.ALAC: COOKIE}.get(rung, b"\x12\x10")
    assert expected in config.body
    for path in ("moov/mvhd", "moov/mvex/trex", "moov/trak/tkhd", "moov/trak/edts/elst"):
        assert find_box(boxes, path) is not None
    mdhd = find_box(boxes, "moov/trak/mdia/mdhd").body
    assert struct.unpack_from(">I", mdhd, 12)[0] == 44100


def test_rates_above_65535_are_left_to_the_codecs_own_box():
    for rate, told in ((48000, 48000 << 16), (96000, 0), (192000, 0)):
        stsd = find_box(
            read_boxes(init_section(spec(sample_rate=rate))), "moov/trak/mdia/minf/stbl/stsd/fLaC"
        )
        assert int.from_bytes(stsd.body[24:28], "big") == told


def test_an_edit_longer_than_32_bits_is_told_in_64():
    elst = find_box(read_boxes(init_section(spec(samples=2**33))), "moov/trak/edts/elst").body
    assert elst[0] == 1
    assert int.from_bytes(elst[8:16], "big") == 2**33


@pytest.mark.parametrize(
    ("peak", "integrated"), [(99.0, 99.0), (-200.0, -200.0), (0.0, -23.0), (3.0, 6.0)]
)
def test_loudness_out_of_the_boxes_range_is_clipped_into_it(peak, integrated):
    boxes = read_boxes(init_section(spec(loudness=Loudness(integrated, peak))))
    assert len(find_box(boxes, "moov/trak/udta/ludt/tlou").body) == 4 + 2 + 3 + 1 + 1 + 3


def test_a_streaminfo_of_the_wrong_size_is_refused():
    with pytest.raises(Corrupt):
        init_section(spec(codec_data=b"short"))


@given(st.binary(max_size=300))
def test_any_bytes_are_boxes_or_corrupt(data):
    try:
        boxes = read_boxes(data)
    except Corrupt:
        return
    assert sum(box.size for box in boxes) == len(data)


@given(st.binary(max_size=200), st.integers(0, 400), st.integers(0, 255))
def test_a_damaged_segment_is_read_or_corrupt(tail, position, value):
    segment = bytearray(media_segment(0, 0, [(b"abc", 1024), (b"de", 1000)], rolls=True) + tail)
    segment[position % len(segment)] = value
    with contextlib.suppress(Corrupt):
        read_units(bytes(segment))


def test_boxes_nested_without_end_do_not_exhaust_us():
    data = b""
    for _ in range(2000):
        data = struct.pack(">I", len(data) + 8) + b"moov" + data
    read_boxes(data)
