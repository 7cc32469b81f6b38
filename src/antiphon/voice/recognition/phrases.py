"""What listeners are expected to say: request templates filled with a catalogue's names. Pure."""

import re
from collections.abc import Iterable, Iterator, Sequence

from antiphon.voice.model import Named, NameKind
from antiphon.voice.recognition.arpa import Sentence
from antiphon.voice.recognition.spoken import spoken_words

__all__ = ["CONTROLS", "MOST_NAMES", "phrases_of"]

MOST_NAMES = 20_000
"""Names that a model is made of: the most popular ones; more would not be told apart anyway."""

CONTROLS = (
    "pause", "pause the music", "stop", "stop the music", "resume", "continue", "play",
    "play some music", "play something", "next", "next song", "skip", "skip this song",
    "play the next song", "previous", "previous song", "go back", "play the last song again",
    "shuffle", "shuffle on", "shuffle off", "turn shuffle on", "turn shuffle off",
    "repeat", "repeat this song", "repeat all", "repeat off", "turn repeat off", "louder",
    "quieter", "turn it up", "turn it down", "volume up", "volume down",
    "set the volume to ten percent", "set the volume to twenty percent",
    "set the volume to thirty percent", "set the volume to forty percent",
    "set the volume to fifty percent", "set the volume to sixty percent",
    "set the volume to seventy percent", "set the volume to eighty percent",
    "set the volume to ninety percent", "set the volume to a hundred percent", "mute",
    "i like this", "i like this song", "i love this song", "i don't like this",
    "i don't like this song", "add this to my playlist", "add this song to my playlist",
    "add this to my favourites", "what is this", "what is this song", "what song is this",
    "what's playing", "who is this", "who sings this", "show the lyrics", "show me the lyrics",
    "stop in ten minutes", "stop in twenty minutes", "stop in thirty minutes",
    "stop in an hour", "set a sleep timer for thirty minutes", "set a sleep timer for an hour",
    "skip forward thirty seconds", "go back thirty seconds", "go back ten seconds",
    "start again", "start this song again", "play it again", "play my favourites",
    "play my library", "turn spatial audio on", "turn spatial audio off", "undo", "undo that",
    "yes", "no", "cancel", "the first one", "the second one", "the third one",
    "no the live one", "no the other one", "best quality", "lossless quality",
)  # fmt: skip
"""Whole requests without a name."""

_TEMPLATES = {
    NameKind.SONG: (
        ("play {name}", 3), ("play {name} by {artist}", 4), ("play the song {name}", 1),
        ("play the song {name} by {artist}", 1), ("i want to hear {name} by {artist}", 1),
        ("i want to hear {name}", 1), ("put on {name}", 1), ("put on {name} by {artist}", 1),
        ("queue {name} by {artist}", 1), ("queue {name}", 1), ("play {name} next", 1),
        ("play {name} by {artist} next", 1), ("add {name} by {artist} to my playlist", 1),
        ("add {name} to my playlist", 1), ("play the live version of {name}", 1),
    ),
    NameKind.ARTIST: (
        ("play {name}", 4), ("play something by {name}", 2), ("play songs by {name}", 2),
        ("play music by {name}", 1), ("put on {name}", 1), ("i want to hear {name}", 1),
        ("i want to hear something by {name}", 1), ("play the new one by {name}", 1),
        ("play the latest album by {name}", 1), ("play something like {name}", 1),
        ("shuffle {name}", 1), ("play the best of {name}", 1),
    ),
    NameKind.ALBUM: (
        ("play the album {name}", 3), ("play the album {name} by {artist}", 3),
        ("play the {artist} album {name}", 1), ("play {name} by {artist}", 1),
        ("put on the album {name}", 1), ("queue the album {name}", 1),
    ),
    NameKind.PLAYLIST: (
        ("play my playlist {name}", 2), ("play my {name} playlist", 2),
        ("play the playlist {name}", 2), ("add this to my playlist {name}", 1),
        ("add this to {name}", 1), ("add this song to {name}", 1), ("shuffle {name}", 1),
    ),
    NameKind.GENRE: (
        ("play some {name}", 3), ("play {name}", 2), ("play {name} music", 2),
        ("play some {name} music", 2),
    ),
}  # fmt: skip
_CONTROL_WEIGHT = 300.0
_LEAST_WEIGHT = 20.0
_HOLE = re.compile(r"\{(\w+)\}")


def phrases_of(names: Sequence[Named]) -> Iterator[Sentence]:
    """Yield sentences for the most popular names, and the control phrases.

    Controls weigh as much as 300 names do in a catalogue of 3,000 songs, and less in a small one:
    both kinds stay likely.
    """
    kept = sorted(names, key=lambda n: -n.popularity)[:MOST_NAMES]
    weight = min(_CONTROL_WEIGHT, max(_LEAST_WEIGHT, len(kept) / 10))
    for phrase in CONTROLS:
        yield Sentence(tuple(phrase.split()), weight)
    for (kind, name, artist), _ in _distinct(kept):
        yield from _filled(kind, name, artist)


def _distinct(
    names: Iterable[Named],
) -> Iterable[tuple[tuple[NameKind, tuple[str, ...], tuple[str, ...]], None]]:
    found: dict[tuple[NameKind, tuple[str, ...], tuple[str, ...]], None] = {}
    for named in names:
        words, artist = tuple(spoken_words(named.name)), tuple(spoken_words(named.artist))
        if words:
            found[named.kind, words, artist] = None
    return found.items()


def _filled(kind: NameKind, name: tuple[str, ...], artist: tuple[str, ...]) -> Iterator[Sentence]:
    for template, weight in _TEMPLATES[kind]:
        if "{artist}" in template and not artist:
            continue
        words: list[str] = []
        for piece in template.split():
            hole = _HOLE.fullmatch(piece)
            if hole is None:
                words.append(piece)
            else:
                words += name if hole[1] == "name" else artist
        yield Sentence(tuple(words), float(weight))
