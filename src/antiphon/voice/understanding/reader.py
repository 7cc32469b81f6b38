"""Free requests read by the phrases around names, with the catalogue's names at hand. Pure."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from antiphon.catalog import name_key
from antiphon.voice.model import Intent, NameKind, Reading, Slot, SlotName
from antiphon.voice.moods import genre_words
from antiphon.voice.phrasing import is_anything, is_favourites, without_way
from antiphon.voice.ports import Names
from antiphon.voice.understanding import words as w
from antiphon.voice.understanding.span import Span

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
_NAMED: Final = frozenset({SlotName.SONG, SlotName.ALBUM, SlotName.ARTIST, SlotName.MUSIC})
_EMPTY: Final = frozenset({"hits", "some", "any", "more", "the", "a song"})
_QUEUES: Final = (
    (w.QUEUE_NEXT, Intent.QUEUE_NEXT, ("what", "what2")),
    (w.QUEUE_LAST, Intent.QUEUE_LAST, ("what", "what2", "what3")),
)


class PhraseReader:
    """Reads requests by phrases; ``Reader``."""

    def read(self, text: str, names: Names) -> Sequence[Reading]:
        """Return the way to understand a text; ``Intent.NONE`` where it asks for no music."""
        whole = _without_politeness(text)
        if not whole.said:
            return _NOTHING
        return _kept(whole, names) or _played(whole, names)


def _kept(whole: Span, names: Names) -> tuple[Reading] | None:
    """Read what is to go to the queue or a playlist."""
    text = whole.text
    for pattern, intent, groups in _QUEUES:
        found = pattern.fullmatch(text, whole.begin, whole.end)
        if found is not None and not names.kinds_of(name_key(whole.after_verb().said)):
            what = whole.group(found, *groups) or whole
            return _reading(intent, what.after_verb(), names)
    if (found := w.ADD.fullmatch(text, whole.begin, whole.end)) is None:
        return None
    playlist = whole.group(found, "playlist", "playlist2") or whole
    what = whole.group(found, "what") or whole
    return _reading(Intent.ADD_TO_PLAYLIST, what, names, [playlist.slot(SlotName.PLAYLIST)])


def _played(whole: Span, names: Names) -> tuple[Reading]:
    """Read what is to play now; ``Intent.NONE`` where nothing is."""
    rest = whole.after_verb()
    wished = rest != whole or w.DESIRE.search(whole.text, 0, whole.begin) is not None
    if not wished and is_anything(whole.said):
        return (Reading(Intent.PLAY, (), 1.0),)
    if not wished and not _is_named(rest, names):
        return _NOTHING
    reading = _reading(Intent.PLAY, rest, names)
    if w.NOT_MUSIC.search(rest.said) and not _names_any(reading[0], rest, names):
        return _NOTHING
    return reading


def _reading(
    intent: Intent, what: Span, names: Names, slots: Sequence[Slot] = ()
) -> tuple[Reading]:
    found = [*slots, *_slots(what, names)]
    return (Reading(intent, tuple(sorted(found, key=lambda s: s.begin)), 1.0),)


def _without_politeness(text: str) -> Span:
    opening, closing = w.OPENING.match(text), w.CLOSING.search(text)
    begin = opening.end() if opening else 0
    end = closing.start() if closing else len(text)
    end = len(without_way(text[: max(begin, end)]))
    return Span(text, begin, max(begin, end)).within(begin, max(begin, end))


def _is_named(span: Span, names: Names) -> bool:
    """Return whether something is called exactly so, or so by somebody."""
    if names.kinds_of(name_key(span.said)):
        return True
    found = w.BY.fullmatch(span.text, span.begin, span.end)
    return found is not None and bool(names.kinds_of(name_key(found.group("artist"))))


def _names_any(reading: Reading, span: Span, names: Names) -> bool:
    """Return whether what was read is called exactly so."""
    return _is_named(span, names) or any(
        slot.name in _NAMED and names.kinds_of(name_key(slot.text)) for slot in reading.slots
    )


def _slots(span: Span, names: Names) -> Iterator[Slot]:
    """Yield what stands around the names, and then the names."""
    if names.kinds_of(name_key(span.said)) and not is_anything(span.said):
        yield from _plain(span, names)
        return
    for pattern, name, group in (
        (w.DEVICE, SlotName.DEVICE, "device"),
        (w.EXCLUDED, SlotName.EXCLUDED, "excluded"),
    ):
        found = pattern.search(span.text, span.begin, span.end)
        if found is not None and found.start() > span.begin:
            yield Span(span.text, found.start(group), found.end(group)).slot(name)
            span = span.within(span.begin, found.start())
    if is_favourites(span.said) or is_anything(span.said):
        return
    yield from _phrase(span, names)


def _phrase(span: Span, names: Names) -> Iterator[Slot]:
    for read in _READ:
        slots = list(read(span, names))
        if slots:
            yield from slots
            return
    yield from _described(span, names)


def _similar(span: Span, _names: Names) -> Iterator[Slot]:
    found = w.SIMILAR.fullmatch(span.text, span.begin, span.end)
    if found is not None and (like := span.group(found, "similar", "before")) is not None:
        yield like.slot(SlotName.SIMILAR_TO)


def _sorted(span: Span, names: Names) -> Iterator[Slot]:
    for pattern, artists, sorts in (
        (w.NEWEST, ("artist", "artist2", "artist3"), ("sort", "sort2", "sort3")),
        (w.BEST, ("artist",), ("sort",)),
    ):
        found = pattern.fullmatch(span.text, span.begin, span.end)
        artist = None if found is None else span.group(found, *artists)
        if found is None or artist is None or w.YEARS.fullmatch(f"{artist.said}"):
            continue
        if found.groupdict().get("artist3") and not names.kinds_of(name_key(artist.said)):
            continue
        if (sort := span.group(found, *sorts)) is not None:
            yield sort.slot(SlotName.SORT)
        yield artist.slot(SlotName.ARTIST)
        return


def _playlist(span: Span, _names: Names) -> Iterator[Slot]:
    found = w.MY_PLAYLIST.fullmatch(span.text, span.begin, span.end)
    if found is not None and (name := span.group(found, "playlist", "playlist2")) is not None:
        yield name.slot(SlotName.PLAYLIST)


def _versioned(span: Span, names: Names) -> Iterator[Slot]:
    """Read "the live version of X" and "X live": the version, and the rest by itself."""
    for pattern, is_sure in (
        (w.VERSION_BEFORE, True),
        (w.VERSION_ADJECTIVE, False),
        (w.LIVE_AT, False),
    ):
        found = pattern.fullmatch(span.text, span.begin, span.end)
        rest = None if found is None else span.group(found, "rest")
        if found is None or rest is None or not (is_sure or _is_named(rest, names)):
            continue
        yield Span(span.text, found.start("version"), found.end("version")).slot(SlotName.VERSION)
        yield from _phrase_or_name(rest, names)
        return
    after = w.VERSION.search(span.text, span.begin, span.end)
    if after is not None and after.start() > span.begin:
        yield Span(span.text, after.start("version"), after.end("version")).slot(SlotName.VERSION)
        yield from _phrase_or_name(_bare(span.within(span.begin, after.start()), names), names)


def _phrase_or_name(span: Span, names: Names) -> Iterator[Slot]:
    return _plain(span, names) if names.kinds_of(name_key(span.said)) else _phrase(span, names)


def _bare(span: Span, names: Names) -> Span:
    """Return a name without an article before it that is no part of it."""
    article = re.match(r"(?:the|an?) ", span.said, re.IGNORECASE)
    if article is None or names.kinds_of(name_key(span.said)):
        return span
    return span.within(span.begin + article.end(), span.end)


def _called(span: Span, names: Names) -> Iterator[Slot]:
    found = w.CALLED.fullmatch(span.text, span.begin, span.end)
    if found is not None and (rest := span.group(found, "rest")) is not None:
        yield from _phrase_or_name(rest, names)


def _kinded(span: Span, names: Names) -> Iterator[Slot]:
    found = w.KIND.fullmatch(span.text, span.begin, span.end)
    if found is None:
        found = w.KIND_AFTER.fullmatch(span.text, span.begin, span.end)
        if found is not None and not names.kinds_of(name_key(found.group("rest"))):
            return
    if found is None or (rest := span.group(found, "rest")) is None:
        return
    kind = _KINDS[found.group("kind").lower()]
    by = _split_by(rest, names)
    if by is None or kind in {SlotName.ARTIST, SlotName.PLAYLIST}:
        yield rest.slot(kind)
        return
    name, artist = by
    yield from _titled(name, kind, names)
    yield artist.slot(SlotName.ARTIST)


def _titled(name: Span, kind: SlotName, names: Names) -> Iterator[Slot]:
    """Read a name before "by": "paper lanterns live", "an acoustic paper lanterns"."""
    apart = [] if names.kinds_of(name_key(name.said)) else list(_versioned(name, names))
    if not apart:
        yield name.slot(kind)
        return
    for slot in apart:
        is_title = slot.name in {SlotName.MUSIC, SlotName.SONG, SlotName.ALBUM}
        yield replace(slot, name=kind) if is_title and kind is not SlotName.MUSIC else slot


def _by_alone(span: Span, _names: Names) -> Iterator[Slot]:
    found = w.BY_ALONE.fullmatch(span.text, span.begin, span.end)
    artist = None if found is None else span.group(found, "artist")
    if artist is not None and w.YEARS.fullmatch(span.text, artist.begin, artist.end) is None:
        yield artist.slot(SlotName.ARTIST)


def _by(span: Span, names: Names) -> Iterator[Slot]:
    if (by := _split_by(span, names)) is not None:
        name, artist = by
        yield from _titled(name, _title_of(name, names), names)
        yield artist.slot(SlotName.ARTIST)


def _of_artist(span: Span, names: Names) -> Iterator[Slot]:
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


def _described(span: Span, names: Names) -> Iterator[Slot]:
    """Read genres, moods and years, or else a bare name."""
    years = w.YEARS.search(span.text, span.begin, span.end)
    if years is not None and not (
        years.start() == span.begin
        and years.end() == span.end
        and names.kinds_of(name_key(span.said))
    ):
        yield Span(span.text, years.start("year"), years.end("year")).slot(SlotName.YEAR)
        for part in (span.within(span.begin, years.start()), span.within(years.end(), span.end)):
            if part.begin < part.end:
                yield from _music_of(part, names)
        return
    yield from _music_of(span, names)


def _music_of(span: Span, names: Names) -> Iterator[Slot]:
    if is_anything(span.said) or name_key(span.said) in _EMPTY:
        return
    found = w.SOME_MUSIC.fullmatch(span.text, span.begin, span.end)
    of = None if found is None else span.group(found, "of")
    mood = None if found is None else span.group(found, "mood")
    if mood is not None and genre_words(mood.said):
        yield mood.slot(SlotName.MOOD)
        if of is None or is_anything(of.said) or name_key(of.said) in _EMPTY:
            return
    if of is not None and NameKind.GENRE in names.kinds_of(name_key(of.said)):
        yield of.slot(SlotName.GENRE)
        return
    if of is not None and genre_words(of.said) and not names.kinds_of(name_key(span.said)):
        yield from _moods_and_genres(of, names)
        return
    if not names.kinds_of(name_key(span.said)):
        some = w.SOME.fullmatch(span.text, span.begin, span.end)
        if of is not None and (mood is not None or names.kinds_of(name_key(of.said))):
            span = of
        elif some is not None:
            span = span.group(some, "rest") or span
    yield from _plain(span, names)


def _moods_and_genres(span: Span, names: Names) -> Iterator[Slot]:
    """Read "relaxing jazz": each word a mood or a genre."""
    for word in re.finditer(r"[^\s,]+", span.said):
        part = Span(span.text, span.begin + word.start(), span.begin + word.end())
        if genre_words(part.said):
            yield part.slot(SlotName.MOOD)
        elif NameKind.GENRE in names.kinds_of(name_key(part.said)):
            yield part.slot(SlotName.GENRE)


def _plain(span: Span, names: Names) -> Iterator[Slot]:
    kinds = names.kinds_of(name_key(span.said))
    if kinds == {NameKind.ARTIST}:
        yield span.slot(SlotName.ARTIST)
    elif kinds == {NameKind.GENRE}:
        yield span.slot(SlotName.GENRE)
    else:
        yield span.slot(SlotName.MUSIC)


def _title_of(span: Span, names: Names) -> SlotName:
    kinds = names.kinds_of(name_key(span.said)) & _TITLES
    if kinds == {NameKind.ALBUM}:
        return SlotName.ALBUM
    return SlotName.SONG if kinds == {NameKind.SONG} else SlotName.MUSIC


def _split_by(span: Span, names: Names) -> tuple[Span, Span] | None:
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


_READ: Final = (
    _versioned,
    _similar,
    _sorted,
    _playlist,
    _called,
    _kinded,
    _by_alone,
    _by,
    _of_artist,
)
"""Phrases around names, in the order in which they are tried."""
