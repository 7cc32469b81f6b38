"""Single byte ranges, and every way to get them wrong."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.streaming.ranges import RangeNotSatisfiable, parse_range

SIZE = 1000


@pytest.mark.parametrize(
    ("header", "wanted"),
    [
        (None, None),
        (b"bytes=0-0", range(1)),
        (b"bytes=0-", range(SIZE)),
        (b"bytes=999-", range(999, SIZE)),
        (b"bytes=10-19", range(10, 20)),
        (b"bytes=10-99999", range(10, SIZE)),
        (b"bytes=-1", range(999, SIZE)),
        (b"bytes=-1000", range(SIZE)),
        (b"bytes=-123456789", range(SIZE)),
        (b"items=0-5", None),
        (b"none", None),
    ],
)
def test_a_single_range_is_cut_to_the_object(header, wanted):
    assert parse_range(header, SIZE) == wanted


@pytest.mark.parametrize(
    "header",
    [
        b"bytes=-0",
        b"bytes=1000-",
        b"bytes=1000-2000",
        b"bytes=20-10",
        b"bytes=",
        b"bytes=-",
        b"bytes=a-b",
        b"bytes=0-1,5-6",
        b"bytes=" + b",".join(b"%d-%d" % (n, n) for n in range(10_000)),
        b"bytes=0-" + b"9" * 4000,
        b"bytes=--1",
        b"bytes=1.5-2",
        b"bytes= 0-1",
        "bytes=\u0660-\u0661".encode(),
    ],
)
def test_what_is_no_satisfiable_single_range_is_refused_with_the_size(header):
    with pytest.raises(RangeNotSatisfiable) as refusal:
        parse_range(header, SIZE)
    assert refusal.value.fields == {"http_status": 416, "size": SIZE}


def test_no_range_of_an_empty_object_can_be_satisfied() -> None:
    for header in (b"bytes=0-", b"bytes=-1", b"bytes=0-0"):
        with pytest.raises(RangeNotSatisfiable):
            parse_range(header, 0)


@given(st.binary(max_size=40), st.integers(0, 10_000))
def test_any_bytes_give_a_part_of_the_object_or_a_refusal(junk, size):
    try:
        wanted = parse_range(b"bytes=" + junk, size)
    except RangeNotSatisfiable:
        return
    assert wanted is not None
    assert 0 <= wanted.start < wanted.stop <= size
