"""A catalogue of invented songs, written by the real writer: for measuring lists and search."""

import random
from collections.abc import Iterator, Sequence

from antiphon.catalog import (
    AlbumFacts,
    CatalogWriter,
    GenreRef,
    Master,
    Song,
    SongEntry,
    SourceFormat,
    album_id,
    credit,
    genre_id,
    recording_id,
    song_id,
)
from antiphon.kernel import DurationMs, SampleRateHz, UnixMs
from bench.music_library import GENRES, SYLLABLES

BATCH = 2000
WORDS = 60_000


def vocabulary(chance: random.Random) -> list[str]:
    """Return words as unlike each other as those of a language; the first are the frequent ones."""
    words: dict[str, None] = {}
    while len(words) < WORDS:
        words["".join(chance.choices(SYLLABLES, k=chance.choice((1, 2, 2, 3, 3, 4, 5))))] = None
        if len(words) % 7 == 0:  # words of two or three letters, as in any language
            words["".join(chance.choices("abcdefghijklmnoprstuvw", k=chance.choice((2, 3))))] = None
    return list(words)


def phrase(chance: random.Random, words: Sequence[str], count: int) -> str:
    """Return some words, frequent ones frequently (Zipf: the n-th word about 1/n as often)."""
    picked = (words[int(len(words) ** chance.random()) - 1] for _ in range(count))
    return " ".join(picked).title()


def entries(songs: int, *, seed: int = 1) -> Iterator[SongEntry]:
    """Yield songs album by album, about ten to an album, about five albums to an artist."""
    chance = random.Random(seed)
    words = vocabulary(chance)
    made = 0
    while made < songs:
        artist = phrase(chance, words, 2)
        for _ in range(chance.randint(1, 9)):
            title, year = phrase(chance, words, 3), str(chance.randint(1960, 2026))
            for number in range(1, chance.randint(6, 14)):
                if made == songs:
                    return
                made += 1
                name = phrase(chance, words, chance.randint(1, 4))
                yield entry(name, artist, title, number, made, year, chance.choice(GENRES))


def entry(
    name: str, artist: str, album: str, number: int, serial: int, year: str, genre: str
) -> SongEntry:
    by = (credit(artist),)
    home = album_id(album, [artist])
    sound = f"{serial:040x}"
    recording = recording_id(sound)
    path = f"/music/{artist}/{album}/{number:02d} {name}.flac"
    duration = DurationMs(180_000 + serial % 90_000)
    song = Song(
        id=song_id(recording, home, 1, number),
        recording_id=recording,
        title=name,
        artists=by,
        album_id=home,
        album_title=album,
        album_artists=by,
        disc=1,
        number=number,
        duration=duration,
        master=Master(path, sound, SourceFormat.FLAC, SampleRateHz(44_100), 2, 16, duration),
        added_at=UnixMs(1_600_000_000_000 + serial * 1000),
        genres=(GenreRef(genre_id(genre), genre),),
        released=year,
    )
    return SongEntry(song, AlbumFacts(artists=by))


async def fill(writer: CatalogWriter, songs: int) -> None:
    """Write so many songs."""
    batch: list[SongEntry] = []
    for one in entries(songs):
        batch.append(one)
        if len(batch) == BATCH:
            await writer.apply(batch)
            batch = []
    if batch:
        await writer.apply(batch)
