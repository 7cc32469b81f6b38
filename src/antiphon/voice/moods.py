"""Moods and occasions, as words of genres: until songs are known by their sound."""

from typing import Final

_MOODS: Final = (
    (
        "ambient new age chillout downtempo lounge classical",
        "calm relaxing chill chilled quiet peaceful mellow soothing yoga spa sleep asleep bedtime",
    ),
    (
        "ambient classical instrumental lo-fi lofi electronic",
        "focus concentration concentrate study studying work working reading",
    ),
    (
        "dance house techno edm disco electronic pop funk",
        "party dance dancing dance-floor club upbeat happy cheerful feel-good energetic fun",
    ),
    (
        "rock metal punk electronic techno drum hip-hop",
        "workout gym running training exercise pumped angry aggressive intense",
    ),
    (
        "soul jazz r&b rnb bossa ballad",
        "romantic dinner love sexy date candlelight evening smooth",
    ),
    (
        "blues folk singer-songwriter ballad ambient",
        "sad melancholic melancholy heartbreak lonely rainy gloomy depressed",
    ),
    ("rock country pop", "driving road-trip roadtrip travel"),
)
_BY_MOOD: Final = {
    mood: tuple(genres.split()) for genres, moods in _MOODS for mood in moods.split()
}


def genre_words(mood: str) -> tuple[str, ...]:
    """Return words of which one is in the name of a genre that fits; empty for no known mood."""
    found: dict[str, None] = {}
    for word in mood.lower().replace("road trip", "road-trip").split():
        found |= dict.fromkeys(_BY_MOOD.get(word, ()))
    return tuple(found)
