"""What deals say counts as a play: by label or by release, each rule from a moment on.

Table ``rights_play_rules``: the key is a label's party id or a release's id, cell ``r/v`` its
rules, the earliest first. Rules are only added, and only for what is granted from then on: so
whoever counts the log again finds the same.
"""

from collections.abc import Sequence
from typing import Final

import msgspec

from antiphon.kernel import Conflict, Invalid, UnixMs
from antiphon.rights.accounting.model import PlayRule
from antiphon.storage import Condition, SetCell, Tables

PLAY_RULES: Final = "rights_play_rules"
_F: Final = "r"
_V: Final = "v"
_PAGE: Final = 1000
_MOST: Final = 1000
_LONGEST_SUBJECT: Final = 200
_DAY_MS: Final = 86_400_000
_MILLION: Final = 1_000_000

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(tuple[PlayRule, ...]).decode


class PlayRules:
    """Reads and adds rules."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    async def of(self, subjects: Sequence[tuple[str, str] | None]) -> list[tuple[PlayRule, ...]]:
        """Return the rules of songs by (label, release); of none where there is no label.

        Those of the release count where it has any, else the label's.
        """
        known = sorted({name for subject in subjects if subject for name in subject if name})
        rows = await self._tables.read_many(PLAY_RULES, [name.encode() for name in known])
        raws = [row.value(_F, _V) if row else None for row in rows]
        found = {n: _decode(raw) for n, raw in zip(known, raws, strict=True) if raw}
        none: tuple[PlayRule, ...] = ()
        return [
            none if subject is None else found.get(subject[1]) or found.get(subject[0]) or none
            for subject in subjects
        ]

    async def add(self, subject: str, rule: PlayRule, now: UnixMs) -> None:
        """Add a rule. ``Invalid`` for one in the past, or before one that was added already."""
        _check(subject, rule, now)
        row = await self._tables.read(PLAY_RULES, subject.encode())
        raw = row.value(_F, _V) if row else None
        before = _decode(raw) if raw else ()
        if before and rule.since <= before[-1].since:
            raise Invalid("A rule begins after those that were added before.")
        if len(before) >= _MOST:
            raise Invalid(f"{subject} has {_MOST} rules: that must be a mistake.")
        cell = SetCell(_F, _V, _encode((*before, rule)))
        was = Condition(_F, _V, raw)
        if not await self._tables.check_and_mutate(PLAY_RULES, subject.encode(), was, then=[cell]):
            raise Conflict(f"A rule for {subject} was added meanwhile: look, then try again.")

    async def everything(self) -> list[tuple[str, tuple[PlayRule, ...]]]:
        """Return all rules by what they are for."""
        found, start = [], b""
        while rows := await self._tables.scan(PLAY_RULES, start=start, limit=_PAGE):
            found += [(row.key.decode(), _decode(row.value(_F, _V) or b"\x90")) for row in rows]
            start = rows[-1].key + b"\0"
        return found


def _check(subject: str, rule: PlayRule, now: UnixMs) -> None:
    if not 0 < len(subject) <= _LONGEST_SUBJECT:
        raise Invalid("Name a label by its party id, or a release by its id.")
    if rule.since < now:
        raise Invalid("A rule cannot begin in the past: plays are counted already.")
    if not 0 <= rule.needed_ms <= _DAY_MS or not 0 <= rule.share_millionths <= _MILLION:
        raise Invalid("A rule asks for 0 to 86400 seconds and for 0 to 100 % of a song.")
