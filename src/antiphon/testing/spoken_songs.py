"""A made-up catalogue of songs with names that can be said, for tests and benchmarks of the voice.

Names are drawn from common words, first names and surnames; some are invented words that no
dictionary holds, as in every real catalogue.
"""

import random
from collections.abc import Sequence

from antiphon.voice import Named, NameKind

__all__ = ["spoken_commands", "spoken_songs"]


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


_FIRST = _words(
    "Anna Bruno Clara Daniel Edith Frank Grace Henry Iris Jacob Karen Leo Maria Nathan Olivia "
    "Peter Quentin Rosa Simon Teresa Ursula Victor Wanda Alice Benjamin Charlotte David Emma"
)
_LAST = _words(
    "Anderson Becker Carter Dalton Ellis Fletcher Garcia Hudson Irving Jensen Keller Lambert "
    "Morgan Norton Osborne Palmer Quincy Robinson Sullivan Thornton Underwood Vaughn Whitaker"
)
_ADJECTIVES = _words(
    "broken silver hidden golden quiet burning distant electric frozen gentle hollow little "
    "midnight northern open paper restless sudden tender violet wicked yellow empty crystal"
)
_NOUNS = _words(
    "river window garden thunder shadow mirror station summer ocean letter mountain harbour "
    "feather engine island candle stranger kingdom winter desert tiger lantern bridge ribbon"
)
_PLACES = _words("London Memphis Berlin Havana Chicago Lisbon Dublin Tokyo Austin Paris")
_ONSETS = _words("b br d dr f fl g gl k kl l m n p pl r s sk st t tr v z")
_RHYMES = _words("ano ela ira ovo una ando essi orra illo amba ento idra")


def spoken_songs(count: int, seed: int) -> list[Named]:
    """Return that many songs with distinct names, the same for the same seed."""
    draw = random.Random(seed)  # noqa: S311 - a catalogue, not a secret
    artists = [_artist(draw) for _ in range(max(count // 3, 1))]
    found: dict[str, Named] = {}
    while len(found) < count:
        title = _title(draw)
        named = Named(NameKind.SONG, f"song-{len(found)}", title, draw.choice(artists))
        found.setdefault(title, named)
    return list(found.values())


def spoken_commands(songs: Sequence[Named], count: int, seed: int) -> list[tuple[str, Named]]:
    """Return requests as they are typed, each with the song that is meant."""
    draw = random.Random(seed)  # noqa: S311
    shapes = (
        "play {s.name} by {s.artist}",
        "play {s.name}",
        "play the song {s.name} by {s.artist}",
        "I want to hear {s.name} by {s.artist}",
        "put on {s.name} by {s.artist}",
    )
    chosen = [draw.choice(songs) for _ in range(count)]
    return [(shapes[n % len(shapes)].format(s=song), song) for n, song in enumerate(chosen)]


def _artist(draw: random.Random) -> str:
    kind = draw.random()
    if kind < 0.45:
        return f"{draw.choice(_FIRST)} {draw.choice(_LAST)}"
    if kind < 0.7:
        return f"The {draw.choice(_ADJECTIVES)} {draw.choice(_NOUNS)}s".title()
    if kind < 0.85:
        return f"{draw.choice(_FIRST)} and the {draw.choice(_NOUNS)}s".title()
    return _invented(draw)


def _title(draw: random.Random) -> str:
    one, other = draw.choice(_NOUNS), draw.choice(_NOUNS)
    shapes = (
        (f"{draw.choice(_ADJECTIVES)} {one}", 35),
        (f"{one} in {draw.choice(_PLACES)}", 15),
        (f"{one} of the {other}", 15),
        (f"forget the {one}", 10),
        (f"{draw.randint(2, 99)} {one}s", 10),
        (one, 7),
        (_invented(draw), 8),
    )
    titles = [title for title, _ in shapes]
    return draw.choices(titles, [weight for _, weight in shapes])[0].title()


def _invented(draw: random.Random) -> str:
    return (draw.choice(_ONSETS) + draw.choice(_RHYMES)).title()
