"""From a wish to what it names and plays: linked, seen by this listener, narrowed, in order."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from antiphon.catalog import Song, name_key
from antiphon.kernel import NotFound
from antiphon.voice.answers import Reason
from antiphon.voice.asking import Asker
from antiphon.voice.model import Linked, Named, NameKind, Sought, Verdict
from antiphon.voice.moods import genre_words
from antiphon.voice.music import MOST_SONGS, Music
from antiphon.voice.names import TakenApart, named_album
from antiphon.voice.ports import Names
from antiphon.voice.wishes import Wish, Years

_MOST_CHOICES: Final = 3
_LOOKED_AT: Final = 6
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
class Finder:
    """Finds for one listener, with the names of the catalogue as they are now."""

    names: Names
    music: Music
    asker: Asker
    taken_apart: TakenApart
    chance: random.Random = field(default_factory=random.Random)

    async def find(self, wish: Wish) -> Finding:
        """Return what a wish names, and what of it may be played."""
        if wish.anything:
            songs = await self.music.anything(self.chance)
            return await self._many("your music", NameKind.GENRE, songs, wish)
        if wish.favourites:
            songs = await self.music.favourites(self.asker)
            return await self._many("your favourites", NameKind.PLAYLIST, songs, wish)
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
            songs = await self.music.of(item, self.asker)
        except NotFound:
            songs = []
        if wish.years is not None and item.kind is not NameKind.SONG:
            songs = [s for s in songs if wish.years.holds(s.released)]
        if wish.excluded:
            songs = [s for s in songs if not _is_excluded(s, wish.excluded)]
        shuffled = wish.shuffled or (item.kind not in _IN_ORDER and not wish.in_order)
        return await self._finding(item, songs, shuffled=shuffled)

    async def link(self, tries: Sequence[Sought]) -> tuple[Verdict, tuple[Named, ...]]:
        """Return the best of several ways to look for a name, without what is hidden here."""
        best: tuple[Verdict, tuple[Named, ...]] = (Verdict.ABSENT, ())
        for sought in tries:
            linked = self.names.link(sought)
            if linked.verdict is Verdict.ABSENT:
                continue
            seen = await self._seen(linked)
            verdict = _verdict_of(linked, seen)
            if verdict in {Verdict.CERTAIN, Verdict.SEVERAL}:
                return verdict, seen[:_MOST_CHOICES]
            if best[0] is Verdict.ABSENT and verdict is Verdict.LIKELY:
                best = verdict, seen[:_MOST_CHOICES]
        return best

    async def _named(self, wish: Wish) -> Finding:
        verdict, candidates = await self.link(wish.sought)
        if verdict is Verdict.ABSENT:
            if (playlist := await self.music.playlist_named(wish.name, self.asker)) is not None:
                return await self.play(playlist, wish=wish)
            return Finding(Verdict.ABSENT, reason=Reason.NOT_FOUND)
        if verdict is Verdict.SEVERAL:
            return Finding(verdict, candidates)
        item = candidates[0]
        if wish.newest and item.kind is NameKind.ARTIST:
            album = await self.music.newest_of(item)
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
        item = candidates[0]
        songs = await self.music.like(item, self.asker)
        like = Named(NameKind.GENRE, item.id, f"music like {item.name}", item.artist)
        return await self._finding(like, songs, shuffled=not wish.in_order)

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
        return await self._finding(Named(kind, "", name), songs, shuffled=not wish.in_order)

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

    async def _seen(self, linked: Linked) -> tuple[Named, ...]:
        """Return the candidates of which this listener may know."""
        seen = []
        for found in linked.candidates[:_LOOKED_AT]:
            songs = await self.music.of(found.item, self.asker)
            if songs and not (await self.music.playable(songs, self.asker)).is_hidden:
                seen.append(found.item)
        return tuple(seen)


def _verdict_of(linked: Linked, seen: Sequence[Named]) -> Verdict:
    """Return how sure the first is once what is hidden is gone: what remains is no surer."""
    if not seen:
        return Verdict.ABSENT
    if linked.verdict is Verdict.SEVERAL and len(seen) == 1:
        return Verdict.CERTAIN
    if seen[0] != linked.candidates[0].item:
        return Verdict.LIKELY if linked.verdict is Verdict.CERTAIN else linked.verdict
    return linked.verdict


def _is_excluded(song: Song, said: str) -> bool:
    words = set(name_key(said).split()) - {"the", "one", "version", "versions", "ones", "a"}
    key = set(name_key(f"{song.title} {' '.join(a.name for a in song.artists)}").split())
    return bool(words) and words <= key


def _within(years: Years, songs: Sequence[Song]) -> list[Song]:
    return [s for s in songs if years.holds(s.released)]


def _spoken(years: Years) -> str:
    return str(years.first) if years.first == years.last else f"the {years.first}s"
