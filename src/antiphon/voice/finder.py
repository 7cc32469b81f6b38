"""From a wish to what it names and plays: linked, seen by this listener, narrowed, in order."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from antiphon.catalog import Song, name_key
from antiphon.kernel import NotFound
from antiphon.voice.answers import Reason
from antiphon.voice.asking import Asker
from antiphon.voice.model import Found, Linked, Named, NameKind, Sought, Verdict
from antiphon.voice.moods import genre_words
from antiphon.voice.music import MOST_SONGS, Music
from antiphon.voice.names import TakenApart, named_album
from antiphon.voice.ports import Names
from antiphon.voice.wishes import Wish, Years

_MOST_CHOICES: Final = 3
_LOOKED_AT: Final = 8
_STILL_LIKELY: Final = 0.8
"""Likeness from which a candidate is worth asking about once a better one is hidden."""
_OF_EXCLUDED: Final = frozenset(
    {"the", "one", "ones", "version", "versions", "a", "any", "anything", "songs", "song", "music"}
    | {"stuff", "recordings", "by", "from", "nothing"}
)
_IN_ORDER: Final = frozenset({NameKind.SONG, NameKind.ALBUM, NameKind.PLAYLIST})


@dataclass(frozen=True, slots=True)
class Finding:
    """What a wish has led to. ``item`` is the first of ``candidates``, or what stands for many.

    ``songs`` may be played, in the order in which to play them. Where there are none, ``reason``,
    and in ``withheld`` the code of rights, if it was them.
    """

    verdict: Verdict
    candidates: tuple[Named, ...] = ()
    songs: tuple[Song, ...] = ()
    shuffled: bool = False
    reason: Reason | None = None
    detail: str = ""
    withheld: str = ""

    @property
    def item(self) -> Named | None:
        """Return what was found."""
        return self.candidates[0] if self.candidates else None


@dataclass(frozen=True, slots=True)
class _Seen:
    """A candidate that a listener may know of, and whether any of it may be heard by them."""

    found: Found
    is_heard: bool


@dataclass(frozen=True, slots=True)
class Finder:
    """Finds for one listener, with the names of the catalogue as they are now."""

    names: Names
    music: Music
    asker: Asker
    taken_apart: TakenApart
    chance: random.Random = field(default_factory=random.Random)
    looked_up: dict[tuple[NameKind, str], Sequence[Song]] = field(default_factory=dict)

    async def find(self, wish: Wish) -> Finding:
        """Return what a wish names, and what of it may be played."""
        if wish.anything or wish.favourites:
            return await self._unnamed(wish)
        if (own := await self._own_playlist(wish)) is not None:
            return await self.play(own, wish=wish)
        if wish.playlist and not wish.sought:
            return await self._playlist(wish)
        if wish.similar_to:
            return await self._similar(wish)
        if wish.sought:
            return await self._named(wish)
        return await self._described(wish)

    async def play(self, item: Named, *, wish: Wish | None = None) -> Finding:
        """Return what an item plays, narrowed by the rest of a wish."""
        wish = wish or Wish()
        try:
            songs = await self._songs_of(item)
        except NotFound:
            songs = []
        if wish.years is not None and item.kind is not NameKind.SONG:
            songs = [s for s in songs if wish.years.holds(s.released)]
        songs = await self._without(songs, wish.excluded)
        shuffled = wish.shuffled or (item.kind not in _IN_ORDER and not wish.in_order)
        return await self._finding(item, songs, shuffled=shuffled)

    async def by_others(self, item: Named) -> Finding:
        """Return what bears the name of an item and is of another artist."""
        wanted = Sought(item.name, kinds=frozenset({item.kind}))
        _, items = await self.link([wanted])
        others = tuple(i for i in items if name_key(i.artist) != name_key(item.artist))
        if len(others) == 1:
            return await self.play(others[0])
        verdict = Verdict.SEVERAL if others else Verdict.ABSENT
        return Finding(verdict, others, reason=None if others else Reason.NOT_FOUND)

    async def like(self, item: Named, *, in_order: bool = False) -> Finding:
        """Return music of the genres of an item."""
        songs = await self.music.like(item, self.asker)
        named = Named(NameKind.GENRE, item.id, f"music like {item.name}", item.artist)
        return await self._finding(named, songs, shuffled=not in_order)

    async def link(self, tries: Sequence[Sought]) -> tuple[Verdict, tuple[Named, ...]]:
        """Return the best of several ways to look for a name, without what is hidden here.

        Choices are of what may be heard; so is the first, where another version of it may be.
        """
        best: tuple[Verdict, tuple[Named, ...]] = (Verdict.ABSENT, ())
        for sought in tries:
            linked = self.names.link(sought)
            if linked.verdict is Verdict.ABSENT:
                continue
            asked = sought.version or self.taken_apart(sought.name)[1]
            verdict, items = _judged(linked, await self._seen(linked), asked)
            if verdict in {Verdict.CERTAIN, Verdict.SEVERAL}:
                return verdict, items[:_MOST_CHOICES]
            if best[0] is Verdict.ABSENT and verdict is Verdict.LIKELY:
                best = verdict, items[:_MOST_CHOICES]
        return best

    async def _unnamed(self, wish: Wish) -> Finding:
        if wish.favourites:
            songs = await self.music.favourites(self.asker)
            return await self._many("your favourites", NameKind.PLAYLIST, songs, wish)
        songs = await self.music.anything(self.chance)
        return await self._many("your music", NameKind.GENRE, songs, wish)

    async def _own_playlist(self, wish: Wish) -> Named | None:
        """Return the listener's playlist that is named, unless the catalogue has that name too."""
        if not wish.said or (not wish.playlist and self.names.kinds_of(name_key(wish.said))):
            return None
        return await self.music.playlist_named(wish.said, self.asker)

    async def _without(self, songs: Sequence[Song], excluded: str) -> list[Song]:
        """Return songs but those that are not wanted: a version, or what something names."""
        words = [w for w in name_key(excluded).split() if w not in _OF_EXCLUDED]
        if not words:
            return list(songs)
        said = " ".join(words)
        if kinds := set(self.taken_apart(f"x ({said})")[1].split()):
            return [s for s in songs if not kinds & set(self.taken_apart(s.title)[1].split())]
        verdict, items = await self.link([Sought(said)])
        away = set()
        for item in items if verdict is Verdict.SEVERAL else items[:1]:
            away |= {song.id for song in await self.music.of(item, self.asker)}
        return [s for s in songs if s.id not in away and not _is_excluded(s, words)]

    async def _named(self, wish: Wish) -> Finding:
        verdict, candidates = await self.link(wish.sought)
        if verdict is Verdict.ABSENT:
            if (playlist := await self.music.playlist_named(wish.name, self.asker)) is not None:
                return await self.play(playlist, wish=wish)
            return Finding(Verdict.ABSENT, reason=Reason.NOT_FOUND)
        if verdict is Verdict.SEVERAL:
            return Finding(verdict, candidates)
        item = candidates[0]
        if (wish.newest or wish.oldest) and item.kind is NameKind.ARTIST:
            album = await self.music.newest_of(item, oldest=wish.oldest)
            item = item if album is None else named_album(album, self.taken_apart)
        found = await self.play(item, wish=wish)
        return found if verdict is Verdict.CERTAIN else replace(found, verdict=verdict)

    async def _playlist(self, wish: Wish) -> Finding:
        found = await self.music.playlist_named(wish.playlist, self.asker)
        if found is not None:
            return await self.play(found, wish=wish)
        verdict, candidates = await self.link([Sought(wish.playlist)])
        if verdict is Verdict.CERTAIN:
            return await self.play(candidates[0], wish=wish)
        return Finding(Verdict.ABSENT, reason=Reason.NO_SUCH_PLAYLIST)

    async def _similar(self, wish: Wish) -> Finding:
        verdict, candidates = await self.link([Sought(wish.similar_to)])
        if verdict is Verdict.ABSENT:
            return Finding(Verdict.ABSENT, reason=Reason.NOT_FOUND)
        return await self.like(candidates[0], in_order=wish.in_order)

    async def _described(self, wish: Wish) -> Finding:
        """Find by genre, mood and years; each narrows."""
        songs: list[Song] | None = None
        names = []
        if wish.genre:
            songs = await self._of_genre(wish.genre)
            names.append(wish.genre)
        if wish.mood:
            fitting = await self.music.of_genres(genre_words(wish.mood))
            ids = {s.id for s in fitting}
            songs = fitting if songs is None else [s for s in songs if s.id in ids] or songs
            names.insert(0, wish.mood)
        if wish.years is not None:
            songs = (
                _within(wish.years, songs)
                if songs is not None
                else await self.music.of_years(wish.years)
            )
            names.append(f"from {_spoken(wish.years)}")
        if songs is None:
            return Finding(Verdict.ABSENT, reason=Reason.NOT_UNDERSTOOD)
        return await self._many(" ".join(names) + " music", NameKind.GENRE, songs, wish)

    async def _of_genre(self, name: str) -> list[Song]:
        verdict, candidates = await self.link([Sought(name, kinds=frozenset({NameKind.GENRE}))])
        if verdict in {Verdict.CERTAIN, Verdict.SEVERAL}:
            return await self.music.of(candidates[0], self.asker)
        return await self.music.of_genres(name_key(name).split())

    async def _many(self, name: str, kind: NameKind, songs: Sequence[Song], wish: Wish) -> Finding:
        wanted = await self._without(songs, wish.excluded)
        shuffled = not wish.in_order
        return await self._finding(Named(kind, "", name), wanted, shuffled=shuffled)

    async def _finding(self, item: Named, songs: Sequence[Song], *, shuffled: bool) -> Finding:
        songs = list(songs)
        if shuffled:
            self.chance.shuffle(songs)
            disliked = await self.music.disliked(self.asker)
            songs = [s for s in songs if s.id not in disliked] or songs
        found = await self.music.playable(songs, self.asker)
        if not songs or found.is_hidden:
            return Finding(Verdict.ABSENT, reason=Reason.NOT_FOUND)
        return Finding(
            Verdict.CERTAIN, (item,), found.songs[:MOST_SONGS], shuffled,
            found.reason, found.detail, found.withheld,
        )  # fmt: skip

    async def _seen(self, linked: Linked) -> tuple[_Seen, ...]:
        """Return the candidates of which this listener may know, and whether they may be heard."""
        seen = []
        for found in linked.candidates[:_LOOKED_AT]:
            songs = await self._songs_of(found.item)
            playable = await self.music.playable(songs, self.asker)
            if songs and not playable.is_hidden:
                seen.append(_Seen(found, bool(playable.songs)))
            if linked.verdict is Verdict.CERTAIN and len(seen) == 1 and seen[0].is_heard:
                break  # nobody asks for the others
        return tuple(seen)

    async def _songs_of(self, item: Named) -> Sequence[Song]:
        """Return the songs of an item; looked up once in a turn."""
        key = (item.kind, item.id)
        if key not in self.looked_up:
            self.looked_up[key] = await self.music.of(item, self.asker)
        return self.looked_up[key]


def _judged(linked: Linked, seen: Sequence[_Seen], asked: str) -> tuple[Verdict, tuple[Named, ...]]:
    """Return how sure the first is once what is hidden is gone: what remains is no surer."""
    if not seen:
        return Verdict.ABSENT, ()
    items = tuple(one.found.item for one in seen)
    if linked.verdict is Verdict.SEVERAL:
        heard = tuple(one.found.item for one in seen if one.is_heard) or items[:1]
        return (Verdict.SEVERAL if len(heard) > 1 else Verdict.CERTAIN), heard
    verdict, first = linked.verdict, seen[0]
    if first.found != linked.candidates[0]:
        if first.found.likeness < _STILL_LIKELY:
            return Verdict.ABSENT, ()
        verdict = Verdict.LIKELY
    if not first.is_heard and not asked:
        others = (o.found.item for o in seen if o.is_heard and _is_same(o.found.item, items[0]))
        items = tuple(others)[:1] or items
    return verdict, items


def _is_same(one: Named, other: Named) -> bool:
    """Return whether two are versions of one thing."""
    keys = [(i.kind, name_key(i.name), name_key(i.artist)) for i in (one, other)]
    return keys[0] == keys[1]


def _is_excluded(song: Song, words: Sequence[str]) -> bool:
    key = name_key(f"{song.title} {' '.join(a.name for a in song.artists)}").split()
    return set(words) <= set(key)


def _within(years: Years, songs: Sequence[Song]) -> list[Song]:
    return [s for s in songs if years.holds(s.released)]


def _spoken(years: Years) -> str:
    return str(years.first) if years.first == years.last else f"the {years.first}s"
