"""Which immersive master belongs to which stereo file beside it: pure decisions."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from antiphon.catalog import Song, clean
from antiphon.ingest.naming import named_by_path, readable
from antiphon.ingest.songs import Described
from antiphon.kernel import SongId

_MOST_APART_MS: Final = 20  # a thousand samples, as labels are asked to conform masters
# What people add to the name of the file that is the immersive one.
_MIX: Final = re.compile(
    r"[\s_\-(\[]*(?:dolby|atmos|spatial|immersive|surround|binaural|ambi-?x|ambisonics?|adm|bwf|"
    r"mix|master|[1-3]oa|\d\.\d(?:\.\d)?|[\s_\-()\[\]])+$",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Side:
    """One of two files that may be the same song.

    ``titles`` are what the file may be called by; ``told`` says that its tags name it.
    """

    song_id: SongId
    is_immersive: bool
    isrc: str | None
    disc: int
    number: int
    titles: frozenset[str]
    told: bool
    duration_ms: int


def side_of_file(described: Described, song_id: SongId, name: bytes) -> Side:
    """Return a file that was read; ``name`` is the file's own."""
    tags, place, sound = described.tags, described.place, described.sound
    by_name = named_by_path((), readable(name), tracks=99)
    return Side(
        song_id=song_id,
        is_immersive=bool(sound.scene),
        isrc=tags.isrc,
        disc=place.disc,
        number=place.number,
        titles=frozenset(map(_bare, (described.title, by_name.title))),
        told=bool(tags.title),
        duration_ms=sound.duration_ms,
    )


def side_of_song(song: Song) -> Side:
    """Return a file that was taken in before, by the song that it speaks for."""
    return Side(
        song_id=song.id,
        is_immersive=bool(song.master.scene),
        isrc=song.isrc,
        disc=song.disc,
        number=song.number,
        titles=frozenset([_bare(song.title)]),
        told=True,
        duration_ms=song.duration,
    )


def partner_of(side: Side, others: Iterable[Side]) -> Side | None:
    """Return the file of the other kind that is the same song; None where none is."""
    return next(
        (o for o in others if o.is_immersive != side.is_immersive and _is_same(side, o)), None
    )


def mismatch(side: Side, partner: Side) -> str:
    """Return a sentence where an immersive master and its stereo file differ in length."""
    more = side.duration_ms - partner.duration_ms
    if abs(more) <= _MOST_APART_MS:
        return ""
    word = "longer" if more > 0 else "shorter"
    return (
        f"the immersive master is {abs(more) / 1000:.3f} s {word} than the stereo file of this "
        "song: both are played from their beginnings"
    )


def _is_same(a: Side, b: Side) -> bool:
    if a.isrc and b.isrc:
        return a.isrc == b.isrc
    called_alike = bool(a.titles & b.titles)
    if a.number and b.number:
        numbered_alike = (a.disc, a.number) == (b.disc, b.number)
        return numbered_alike and (called_alike or not (a.told and b.told))
    return called_alike


def _bare(title: str) -> str:
    """Return a title without what names the mix, for comparison."""
    text = clean(title).casefold()
    return _MIX.sub("", text) or text
