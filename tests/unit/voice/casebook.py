"""Cases of what people say, read from text, and how an answer is judged by them.

A line is ``[who] [[what is playing]]> said => expected``; one that begins with ``+`` goes on with
the dialogue above. ``expected`` are clauses between semicolons, and ``||`` between alternatives.
Clauses: an outcome with its intent or reason (``act play``, ``refuse explicit``, ``not act``),
items (``song T / artist``, ``album``, ``artist``, ``playlist``), ``songs`` (exactly those that the
asker may hear) or ``some`` (none but those) with conditions, and amounts (``percent``, ``seconds``,
``count``, ``device``, ``quality``, ``to`` a playlist, ``shuffled``, ``ordered``).
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from antiphon.catalog import Song
from antiphon.voice import Answer, Asker, Named, Outcome

from .world import CASES, Piece, World

DEVICES = {"d1": "Kitchen speaker", "d2": "Living room TV", "d3": "Sam's phone", "d4": "Office"}
_LINE = re.compile(
    r"(?P<more>\+ )?(?:(?P<who>child|abroad|guest)?\s*(?:\[(?P<playing>.+?)\])?>\s*)?"
    r"(?P<said>.*?) => (?P<expected>.+)"
)
_ITEMS = frozenset({"song", "album", "artist", "playlist"})


@dataclass(frozen=True)
class Turn:
    """One thing said, and what must come of it."""

    said: str
    expected: str
    playing: str = ""


@dataclass
class Dialogue:
    """Turns that belong together, of one person."""

    group: str
    who: str
    turns: list[Turn] = field(default_factory=list)


def read_dialogues() -> list[Dialogue]:
    """Return all cases, in the order of their files."""
    return [d for path in sorted(CASES.glob("*.cases")) for d in _dialogues(path)]


def _dialogues(path: Path) -> Iterator[Dialogue]:
    dialogue = Dialogue(path.stem, "")
    for line in path.read_text().splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        found = _LINE.fullmatch(line)
        assert found is not None, f"{path.name}: {line}"
        turn = Turn(found["said"].strip(), found["expected"].strip(), found["playing"] or "")
        if found["more"]:
            dialogue.turns.append(turn)
            continue
        if dialogue.turns:
            yield dialogue
        dialogue = Dialogue(path.stem, found["who"] or "", [turn])
    yield dialogue


@dataclass(frozen=True)
class Judge:
    """Judges one answer to one asker."""

    world: World
    asker: Asker
    answer: Answer

    def fits(self, expected: str) -> bool:
        """Say whether the answer is one of the alternatives that are expected."""
        return any(self._all(alternative.split(";")) for alternative in expected.split("||"))

    def violations(self, said: str) -> list[str]:
        """Return what the answer holds that this asker may not hear, or not be told of."""
        known, found = self.world.by_id, list[str]()
        action = self.answer.action
        acted = [known[i] for i in (() if action is None else action.song_ids)]
        found += [f"acts on {p.song.title}" for p in acted if not p.may_be_heard(self.asker)]
        found += [
            f"offers {item.name}"
            for item in self.answer.choices
            if not any(p.may_be_heard(self.asker) for p in self._pieces_of(item))
        ]
        reply = self.answer.reply.text.casefold()
        for piece in self.world.pieces:
            hidden = not piece.may_be_told(self.asker.household_id)
            for name in (piece.song.title, piece.song.artists[0].name):
                folded = name.casefold()
                if hidden and len(name) > 3 and folded in reply and folded not in said.casefold():
                    found.append(f"speaks of {name}")
        return found

    def _all(self, clauses: list[str]) -> bool:
        clauses = [clause.strip() for clause in clauses]
        items = [c for c in clauses if c.split()[0] in _ITEMS]
        rest = [c for c in clauses if c not in items]
        return all(self._one(c) for c in rest) and (not items or self._items(items))

    def _one(self, clause: str) -> bool:
        word, _, value = clause.partition(" ")
        answer, action = self.answer, self.answer.action
        if word == "not":
            return answer.outcome.value != value
        if word in {outcome.value for outcome in Outcome}:
            told = answer.reason if answer.reason is not None else action and action.intent
            return answer.outcome.value == word and (not value or (told or "") == value)
        return action is not None and _AMOUNTS[word](self, action, value)

    def _items(self, clauses: list[str]) -> bool:
        answer = self.answer
        if answer.outcome is Outcome.CHOOSE:
            return len(clauses) == len(answer.choices) and all(
                any(self._is(item, c) for c in clauses) for item in answer.choices
            )
        if answer.outcome is Outcome.CONFIRM:
            return bool(answer.choices) and self._is(answer.choices[0], clauses[0])
        action = answer.action
        if action is None or action.item is None or not self._is(action.item, clauses[0]):
            return False
        heard = {p.song.id for p in self._pieces_of(action.item) if p.may_be_heard(self.asker)}
        return set(action.song_ids) <= heard and bool(action.song_ids)

    def _is(self, item: Named, clause: str) -> bool:
        kind, _, name = clause.partition(" ")
        title, _, artist = name.partition(" / ")
        if item.kind.value != kind:
            return False
        if kind == "playlist":
            return self.world.playlists.get(title) == item.id
        own = {"song": _song_keys, "album": _album_keys, "artist": _artist_keys}[kind]
        return any((item.id, title, artist) in own(p.song) for p in self.world.pieces)

    def _pieces_of(self, item: Named) -> list[Piece]:
        if item.kind.value == "playlist":
            return list(self.world.pieces)
        return [p for p in self.world.pieces if item.id in _ids(p.song)]

    def _meets(self, conditions: str) -> set[str]:
        return {
            p.song.id
            for p in self.world.pieces
            if p.may_be_heard(self.asker) and _holds(p.song, conditions)
        }


def _ids(song: Song) -> set[str]:
    genres = {g.id for g in song.genres}
    return {song.id, song.album_id, *(a.id for a in song.artists), *genres}


def _song_keys(song: Song) -> set[tuple[str, str, str]]:
    return {(song.id, song.title, ""), (song.id, song.title, song.artists[0].name)}


def _album_keys(song: Song) -> set[tuple[str, str, str]]:
    home, title = song.album_id, song.album_title
    return {(home, title, ""), (home, title, song.artists[0].name)}


def _artist_keys(song: Song) -> set[tuple[str, str, str]]:
    return {(a.id, a.name, "") for a in song.artists}


def _holds(song: Song, conditions: str) -> bool:
    """Say whether a song meets all of ``genre=a|b, by=x, year=1990-1999, !title=live, any``."""
    for condition in conditions.split(","):
        key, _, value = condition.strip().partition("=")
        of = _CONDITIONS[key.lstrip("!")]
        if of(song, value) is key.startswith("!"):
            return False
    return True


def _in_years(song: Song, value: str) -> bool:
    first, _, last = value.partition("-")
    return first <= song.released[:4] <= (last or first)


_CONDITIONS: Mapping[str, Callable[[Song, str], bool]] = {
    "genre": lambda song, value: any(g.name in value.split("|") for g in song.genres),
    "by": lambda song, value: song.artists[0].name in value.split("|"),
    "album": lambda song, value: song.album_title == value,
    "year": _in_years,
    "title": lambda song, value: value.lower() in song.title.lower(),
    "any": lambda _song, _value: True,
}


def _signed(value: str, number: float | None, *, is_relative: bool) -> bool:
    return number == float(value) and is_relative == value.startswith(("+", "-"))


_AMOUNTS: Mapping[str, Callable[[Judge, Any, str], bool]] = {
    "percent": lambda _, a, v: _signed(v, a.percent, is_relative=a.is_relative),
    "seconds": lambda _, a, v: _signed(v, a.seconds, is_relative=a.is_relative),
    "off": lambda _, a, _v: a.seconds is None,
    "count": lambda _, a, v: a.count == int(v),
    "device": lambda _, a, v: a.device_id == v,
    "quality": lambda _, a, v: a.quality == v,
    "to": lambda judge, a, v: a.playlist_id == judge.world.playlists[v],
    "shuffled": lambda _, a, _v: a.shuffled,
    "ordered": lambda _, a, _v: not a.shuffled,
    "songs": lambda judge, a, v: set(a.song_ids) == judge._meets(v) != set(),
    "some": lambda judge, a, v: set() != set(a.song_ids) <= judge._meets(v),
}
