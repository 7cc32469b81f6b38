"""Editing a playlist: nothing is lost or doubled, whatever the order of edits."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.kernel import SongId, UnixMs
from antiphon.library import NoSuchItem, PlaylistFull, PlaylistItem
from antiphon.library.errors import BadName
from antiphon.library.rules import MAX_ITEMS, checked_name, with_added, with_moved, without

Items = tuple[PlaylistItem, ...]


def items(count: int) -> Items:
    return tuple(PlaylistItem(f"i{n}", SongId(f"s{n}"), UnixMs(n)) for n in range(count))


def ids(some: Items) -> list[str]:
    return [item.item_id for item in some]


@given(st.integers(1, 40), st.data())
def test_a_moved_item_stands_where_it_was_put_and_the_rest_keep_their_order(
    count: int, data: st.DataObject
) -> None:
    before = items(count)
    item = data.draw(st.sampled_from(before))
    position = data.draw(st.integers(0, count + 5))
    after = with_moved(before, item.item_id, position)
    assert ids(after).index(item.item_id) == min(position, count - 1)
    assert [i for i in after if i != item] == [i for i in before if i != item]


@given(st.integers(0, 30), st.integers(0, 10), st.one_of(st.none(), st.integers(0, 50)))
def test_added_items_stand_together_in_their_order(
    count: int, more: int, position: int | None
) -> None:
    added = [PlaylistItem(f"n{n}", SongId("s"), UnixMs(0)) for n in range(more)]
    after = with_added(items(count), added, position)
    at = count if position is None else min(position, count)
    assert list(after[at : at + more]) == added
    assert [i for i in after if i not in added] == list(items(count))


@given(st.integers(1, 30), st.data())
def test_a_removed_item_is_gone_and_no_other(count: int, data: st.DataObject) -> None:
    item = data.draw(st.sampled_from(items(count)))
    assert set(without(items(count), item.item_id)) == set(items(count)) - {item}


def test_an_item_that_is_not_there_cannot_be_moved_or_removed() -> None:
    with pytest.raises(NoSuchItem):
        with_moved(items(3), "other", 0)
    with pytest.raises(NoSuchItem):
        without(items(3), "other")


def test_a_playlist_has_its_limit() -> None:
    with pytest.raises(PlaylistFull):
        with_added(items(MAX_ITEMS), items(1), None)


@pytest.mark.parametrize("name", ["", "   ", "\n\t", "x" * 201])
def test_a_name_must_be_something_that_can_be_read(name: str) -> None:
    with pytest.raises(BadName):
        checked_name(name)


def test_markup_in_a_name_is_kept_as_text() -> None:
    assert checked_name(" <img src=x onerror=alert(1)> ") == "<img src=x onerror=alert(1)>"
