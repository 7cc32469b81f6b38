"""Editing a playlist, and what counts as heard: pure decisions."""

import unicodedata
from collections.abc import Sequence

from antiphon.library.errors import BadName, NoSuchItem, PlaylistFull
from antiphon.library.model import Heard, PlaylistItem

MAX_ITEMS = 10_000
_MAX_NAME = 200
_HEARD_MS = 10_000

Items = tuple[PlaylistItem, ...]


def checked_name(raw: str) -> str:
    """Return a playlist's name, NFC and without control characters; ``BadName`` otherwise."""
    clean = "".join(c for c in unicodedata.normalize("NFC", raw) if unicodedata.category(c) != "Cc")
    name = clean.strip()
    if not 1 <= len(name) <= _MAX_NAME:
        raise BadName(f"A playlist's name has 1 to {_MAX_NAME} characters.", pointer="/name")
    return name


def with_added(items: Items, added: Sequence[PlaylistItem], position: int | None) -> Items:
    """Return the items with ``added`` before ``position``, or at the end."""
    if len(items) + len(added) > MAX_ITEMS:
        raise PlaylistFull(f"A playlist holds at most {MAX_ITEMS} songs.")
    at = len(items) if position is None else min(position, len(items))
    return (*items[:at], *added, *items[at:])


def without(items: Items, item_id: str) -> Items:
    """Return the items without one."""
    at = _index(items, item_id)
    return (*items[:at], *items[at + 1 :])


def with_moved(items: Items, item_id: str, position: int) -> Items:
    """Return the items with one moved, so that afterwards it stands at ``position``."""
    at = _index(items, item_id)
    rest = [*items[:at], *items[at + 1 :]]
    rest.insert(min(max(position, 0), len(rest)), items[at])
    return tuple(rest)


def counts_as_heard(play: Heard) -> bool:
    """Say whether a play belongs into the history: it goes on, or ten seconds were heard."""
    return play.heard_ms is None or play.heard_ms >= _HEARD_MS


def _index(items: Items, item_id: str) -> int:
    for index, item in enumerate(items):
        if item.item_id == item_id:
            return index
    raise NoSuchItem("The playlist has no such item; it may have been removed meanwhile.")
