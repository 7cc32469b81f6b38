import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.kernel import (
    Denied,
    Invalid,
    NotFound,
    Unavailable,
    derived_id,
    is_well_formed,
    problem,
    random_id,
)
from antiphon.kernel.ids import _text


@given(st.lists(st.text(), min_size=1, max_size=4))
def test_a_derived_id_follows_from_its_parts(parts: list[str]) -> None:
    assert derived_id("song", *parts) == derived_id("song", *parts)
    assert is_well_formed(derived_id("song", *parts))


def test_parts_are_told_apart_from_their_concatenation() -> None:
    assert derived_id("song", "ab", "c") != derived_id("song", "a", "bc")
    assert derived_id("song", "a") != derived_id("album", "a")


def test_a_name_that_is_not_unicode_has_an_id_too() -> None:
    assert is_well_formed(derived_id("song", b"\xff\xfe".decode("utf-8", "surrogateescape")))


def test_random_ids_are_well_formed_and_differ() -> None:
    ids = {random_id() for _ in range(1000)}
    assert len(ids) == 1000
    assert all(map(is_well_formed, ids))


@pytest.mark.parametrize(
    "value", ["", "../../etc/passwd", "ABCDEFGHIJKLMNOP", "a" * 15, "a" * 25, "a" * 16 + "\n"]
)
def test_what_cannot_be_an_id_is_told(value: str) -> None:
    assert not is_well_formed(value)


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (NotFound("x"), 404),
        (Denied("x"), 401),
        (Denied("x", http_status=403), 403),
        (Unavailable("x", http_status=429), 429),
        (Invalid("x"), 400),
    ],
)
def test_each_kind_of_error_has_its_status(error: Exception, status: int) -> None:
    assert isinstance(error, NotFound | Denied | Unavailable | Invalid)
    got, body = problem(error)
    assert (got, body["errors"][0]["status"]) == (status, str(status))


def test_a_problem_names_the_parameter_at_fault() -> None:
    _, body = problem(Invalid("limit must be 1 to 500.", parameter="limit"))
    assert body["errors"][0]["source"] == {"parameter": "limit"}


@given(st.binary(min_size=1, max_size=40))
def test_ids_are_base32_however_they_are_made(raw: bytes) -> None:
    assert _text(raw) == base64.b32encode(raw).decode().rstrip("=").lower()
