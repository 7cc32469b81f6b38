"""Free requests read by the phrases around names, with the catalogue's names at hand. Pure."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from antiphon.catalog import name_key
from antiphon.voice.model import Intent, NameKind, Reading, Slot, SlotName
from antiphon.voice.moods import genre_words
from antiphon.voice.ports import Names
from antiphon.voice.understanding import words as w

_NOTHING: Final = (Reading(Intent.NONE, (), 1.0),)
_KINDS: Final = {
    "song": SlotName.SONG,
    "track": SlotName.SONG,
    "tune": SlotName.SONG,
    "single": SlotName.SONG,
    "album": SlotName.ALBUM,
    "record": SlotName.ALBUM,
    "lp": SlotName.ALBUM,
    "ep": SlotName.ALBUM,
    "artist": SlotName.ARTIST,
    "band": SlotName.ARTIST,
    "group": SlotName.ARTIST,
    "singer": SlotName.ARTIST,
    "musician": SlotName.ARTIST,
    "composer": SlotName.ARTIST,
    "playlist": SlotName.PLAYLIST,
}
_TITLES: Final = frozenset({NameKind.SONG, NameKind.ALBUM})
_ANY: Final = frozenset(
    {"music", "something", "anything", "some music", "songs", "my music", "my library", "my songs"}
)
_QUEUES: Final = (
    (w.QUEUE_NEXT, Intent.QUEUE_NEXT, ("what",)),
    (w.QUEUE_LAST, Intent.QUEUE_LAST, ("what", "what2")),
)
_FAVOURITES: Final = re.compile(r"\b(?:favou?rites?|liked songs|loved songs)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Span:
    """A part of the text, from ``begin`` to ``end``."""

    text: str
    begin: int
    end: int

    @property
    def said(self) -> str:
        return self.text[self.begin : self.end]

    def within(self, begin: int, end: int) -> "_Span":
        """Return a part of it, without blanks and signs around."""
        said = self.text[begin:end]
        lead = len(said) - len(said.lstrip(" ,"))
        return _Span(self.text, begin + lead, begin + len(said.rstrip(" ,")))

    def group(self, found: "re.Match[str]", *names: str) -> "_Span | None":
        """Return the first of these groups that took part in a match."""
        for name in names:
            if found.group(name) is not None:
                return self.within(found.start(name), found.end(name))
        return None

    def slot(self, name: SlotName) -> Slot:
        return Slot(name, self.said, self.begin, self.end)


class PhraseReader:
    """Reads requests by phrases; ``Reader``."""

    def read(self, text: str, names: Names) -> Sequence[Reading]:
        """Return the way to understand a text; ``Intent.NONE`` where it asks for no music."""
        whole = _without_politeness(text)
        if not whole.said:
            return _NOTHING
        for pattern, intent in (
            (w.QUEUE_NEXT, Intent.QUEUE_NEXT),
            (w.QUEUE_LAST, Intent.QUEUE_LAST),
        ):
            if (found := pattern.fullmatch(text, whole.begin, whole.end)) is not None:
                what = whole.group(
                    found, "what", "what2" if "what2" in found.groupdict() else "what"
                )
                return _reading(intent, what or whole, names)
        if (found := w.ADD.fullmatch(text, whole.begin, whole.end)) is not None:
            playlist = whole.group(found, "playlist", "playlist2") or whole
            slots = [playlist.slot(SlotName.PLAYLIST)]
            return _reading(
                Intent.ADD_TO_PLAYLIST, whole.group(found, "what") or whole, names, slots
            )
        verb = w.PLAY.match(text, whole.begin, whole.end)
        rest = whole if verb is None else whole.within(verb.end(), whole.end)
        wished = verb is not None or w.DESIRE.search(text, 0, whole.begin) is not None
        if not wished and not _is_named(rest, names):
            return _NOTHING
        if w.NOT_MUSIC.search(rest.said) and not _is_named(rest, names):
            return _NOTHING
        return _reading(Intent.PLAY, rest, names)


def _reading(
    intent: Intent, what: _Span, names: Names, slots: Sequence[Slot] = ()
) -> tuple[Reading]:
    found = [*slots, *_slots(what, names)]
    return (Reading(intent, tuple(sorted(found, key=lambda s: s.begin)), 1.0),)


def _without_politeness(text: str) -> _Span:
    opening, closing = w.OPENING.match(text), w.CLOSING.search(text)
    begin = opening.end() if opening else 0
    end = closing.start() if closing else len(text)
    return _Span(text, begin, max(begin, end)).within(begin, max(begin, end))


def _is_named(span: _Span, names: Names) -> bool:
    """Return whether something is called exactly so, or so by somebody."""
    if names.kinds_of(name_key(span.said)):
        return True
    found = w.BY.fullmatch(span.text, span.begin, span.end)
    return found is not None and bool(names.kinds_of(name_key(found.group("artist"))))


def _slots(span: _Span, names: Names) -> Iterator[Slot]:
    """Yield what stands around the names, and then the names."""
    if names.kinds_of(name_key(span.said)) and name_key(span.said) not in _ANY:
        yield from _plain(span, names)
        return
    for pattern, name, group in (
        (w.DEVICE, SlotName.DEVICE, "device"),
        (w.EXCLUDED, SlotName.EXCLUDED, "excluded"),
    ):
        found = pattern.search(span.text, span.begin, span.end)
        if found is not None and found.start() > span.begin:
            yield _Span(span.text, found.start(group), found.end(group)).slot(name)
            span = span.within(span.begin, found.start())
    if _FAVOURITES.search(span.said) or name_key(span.said) in _ANY:
        return
    yield from _phrase(span, names)


def _phrase(span: _Span, names: Names) -> Iterator[Slot]:
    for read in (_similar, _sorted, _playlist, _versioned, _kinded, _by_alone, _by, _of_artist):
        slots = list(read(span, names))
        if slots:
            yield from slots
            return
    yield from _described(span, names)


def _similar(span: _Span, _names: Names) -> Iterator[Slot]:
    found = w.SIMILAR.fullmatch(span.text, span.begin, span.end)
    if found is not None and (like := span.group(found, "similar", "before")) is not None:
        yield like.slot(SlotName.SIMILAR_TO)


def _sorted(span: _Span, _names: Names) -> Iterator[Slot]:
    for pattern, artists, sorts in (
        (w.NEWEST, ("artist", "artist2"), ("sort", "sort2")),
        (w.BEST, ("artist",), ("sort",)),
    ):
        found = pattern.fullmatch(span.text, span.begin, span.end)
        if found is None:
            continue
        if (sort := span.group(found, *sorts)) is not None:
            yield sort.slot(SlotName.SORT)
        if (artist := span.group(found, *artists)) is not None:
            yield artist.slot(SlotName.ARTIST)
        return


def _playlist(span: _Span, _names: Names) -> Iterator[Slot]:
    found = w.MY_PLAYLIST.fullmatch(span.text, span.begin, span.end)
    if found is not None and (name := span.group(found, "playlist", "playlist2")) is not None:
        yield name.slot(SlotName.PLAYLIST)


def _versioned(span: _Span, names: Names) -> Iterator[Slot]:
    """Read "the live version of X" and "X live": the version, and the rest by itself."""
    before = w.VERSION_BEFORE.fullmatch(span.text, span.begin, span.end)
    if before is not None and (rest := span.group(before, "rest")) is not None:
        yield _Span(span.text, before.start("version"), before.end("version")).slot(
            SlotName.VERSION
        )
        yield from _phrase(rest, names)
        return
    after = w.VERSION.search(span.text, span.begin, span.end)
    if after is not None and after.start() > span.begin:
        yield _Span(span.text, after.start("version"), after.end("version")).slot(SlotName.VERSION)
        yield from _phrase(span.within(span.begin, after.start()), names)


def _kinded(span: _Span, names: Names) -> Iterator[Slot]:
    found = w.KIND.fullmatch(span.text, span.begin, span.end)
    if found is None or (rest := span.group(found, "rest")) is None:
        return
    kind = _KINDS[found.group("kind").lower()]
    by = _split_by(rest, names)
    if by is None or kind in {SlotName.ARTIST, SlotName.PLAYLIST}:
        yield rest.slot(kind)
        return
    name, artist = by
    yield name.slot(kind)
    yield artist.slot(SlotName.ARTIST)


def _by_alone(span: _Span, _names: Names) -> Iterator[Slot]:
    found = w.BY_ALONE.fullmatch(span.text, span.begin, span.end)
    artist = None if found is None else span.group(found, "artist")
    if artist is not None and w.YEARS.fullmatch(span.text, artist.begin, artist.end) is None:
        yield artist.slot(SlotName.ARTIST)


def _by(span: _Span, names: Names) -> Iterator[Slot]:
    if (by := _split_by(span, names)) is not None:
        name, artist = by
        yield name.slot(_title_of(name, names))
        yield artist.slot(SlotName.ARTIST)


def _of_artist(span: _Span, names: Names) -> Iterator[Slot]:
    """Read "the Keith Jarrett album The Köln Concert"."""
    found = w.OF_ARTIST.fullmatch(span.text, span.begin, span.end)
    if found is None:
        return
    artist, name = span.group(found, "artist"), span.group(found, "name")
    if (
        artist is not None
        and name is not None
        and NameKind.ARTIST in names.kinds_of(name_key(artist.said))
    ):
        yield artist.slot(SlotName.ARTIST)
        yield name.slot(_KINDS[found.group("kind").lower()])


def _described(span: _Span, names: Names) -> Iterator[Slot]:
    """Read genres, moods and years, or else a bare name."""
    years = w.YEARS.search(span.text, span.begin, span.end)
    if years is not None and not (
        years.start() == span.begin
        and years.end() == span.end
        and names.kinds_of(name_key(span.said))
    ):
        yield _Span(span.text, years.start("year"), years.end("year")).slot(SlotName.YEAR)
        for part in (span.within(span.begin, years.start()), span.within(years.end(), span.end)):
            if part.begin < part.end:
                yield from _music_of(part, names)
        return
    yield from _music_of(span, names)


def _music_of(span: _Span, names: Names) -> Iterator[Slot]:
    if name_key(span.said) in _ANY | {"hits", "tracks", "tunes", "a song"}:
        return
    found = w.SOME_MUSIC.fullmatch(span.text, span.begin, span.end)
    of = None if found is None else span.group(found, "of")
    mood = None if found is None else span.group(found, "mood")
    if mood is not None and genre_words(mood.said):
        yield mood.slot(SlotName.MOOD)
        if of is None or name_key(of.said) in _ANY:
            return
    if of is not None and genre_words(of.said) and not names.kinds_of(name_key(span.said)):
        yield from _moods_and_genres(of, names)
        return
    if of is not None and NameKind.GENRE in names.kinds_of(name_key(of.said)):
        yield of.slot(SlotName.GENRE)
        return
    yield from _plain(span if mood is None or of is None else of, names)


def _moods_and_genres(span: _Span, names: Names) -> Iterator[Slot]:
    """Read "relaxing jazz": each word a mood or a genre."""
    for word in re.finditer(r"[^\s,]+", span.said):
        part = _Span(span.text, span.begin + word.start(), span.begin + word.end())
        if genre_words(part.said):
            yield part.slot(SlotName.MOOD)
        elif NameKind.GENRE in names.kinds_of(name_key(part.said)):
            yield part.slot(SlotName.GENRE)


def _plain(span: _Span, names: Names) -> Iterator[Slot]:
    kinds = names.kinds_of(name_key(span.said))
    if kinds == {NameKind.ARTIST}:
        yield span.slot(SlotName.ARTIST)
    elif kinds == {NameKind.GENRE}:
        yield span.slot(SlotName.GENRE)
    else:
        yield span.slot(SlotName.MUSIC)


def _title_of(span: _Span, names: Names) -> SlotName:
    kinds = names.kinds_of(name_key(span.said)) & _TITLES
    if kinds == {NameKind.ALBUM}:
        return SlotName.ALBUM
    return SlotName.SONG if kinds == {NameKind.SONG} else SlotName.MUSIC


def _split_by(span: _Span, names: Names) -> tuple[_Span, _Span] | None:
    """Return name and artist around the "by" after which a known artist stands, or the last."""
    best = None
    for by in re.finditer(r"\s(?:by|from)\s", span.said, re.IGNORECASE):
        name = span.within(span.begin, span.begin + by.start())
        artist = span.within(span.begin + by.end(), span.end)
        if name.begin == name.end or artist.begin == artist.end:
            continue
        if NameKind.ARTIST in names.kinds_of(name_key(artist.said)):
            return name, artist
        if by.group().strip().lower() == "by":
            best = name, artist
    return best
