"""Phrases that readers and wishes take alike: any music at all, favourites, ways of playing."""

import re
from typing import Final

from antiphon.catalog import name_key

VERSIONS: Final = (
    r"(?:live|acoustic|unplugged|instrumental|karaoke|demo|remix(?:ed)?"
    r"|(?:(?:19|20)\d\d )?re-?master(?:ed)?|extended|radio edit"
    r"|clean|censored|explicit|uncensored|studio|original|mono|deluxe)"
)
"""What versions are called, as a regular expression."""
RECORDING: Final = r"(?: (?:version|edition|recording|mix|cut|one|take))"

_ANYTHING: Final = frozenset({"surprise me", "dj for me", "play for me", "anything goes"})
_MUSIC: Final = frozenset(
    {"music", "song", "songs", "track", "tracks", "tune", "tunes", "library", "collection"}
    | {"stuff", "thing", "things", "something", "anything", "everything"}
)
_AROUND: Final = frozenset(
    {"some", "any", "all", "of", "my", "the", "a", "an", "random", "good", "nice", "great", "else"}
    | {"from", "in", "you", "like", "cool", "more", "other", "on", "me", "whatever"}
    | {"another", "different"}
)
_PUT_ON: Final = re.compile(r"(?:put|turn|get) (?P<what>.+) on[\s.!?]*", re.IGNORECASE)
_FAVOURITES: Final = re.compile(
    r"(?:all |some )?(?:of )?(?:my )?(?:(?:favou?rites?|liked|loved)"
    r"(?: (?:songs?|tracks?|music|list|playlist|ones))?|likes"
    r"|(?:the )?(?:songs?|music|tracks|stuff|ones)(?: that)?"
    r" i(?:'ve| have)? (?:like|love)d?)[\s.!?]*",
    re.IGNORECASE,
)
_WAY: Final = re.compile(
    r"[,\s]+(?:(?:on|in|with) (?:shuffle|random(?: order)?|order)(?: mode)?"
    r"|on (?:repeat|a loop|loop)|shuffled|instead|(?:once )?again"
    r"|all the way through|from (?:the )?(?:beginning|start|top)|from start to (?:finish|end)"
    r"|in full|if you (?:can|have it)|for (?:me|us))$",
    re.IGNORECASE,
)


def is_anything(said: str) -> bool:
    """Return whether words ask for music and name none: "something good", "my library"."""
    put_on = _PUT_ON.fullmatch(said)
    key = name_key(said if put_on is None else put_on.group("what"))
    words = key.split()
    return key in _ANYTHING or (
        bool(_MUSIC & set(words)) and all(w in _MUSIC or w in _AROUND for w in words)
    )


def is_favourites(said: str) -> bool:
    """Return whether words ask for what the listener likes."""
    return _FAVOURITES.fullmatch(said) is not None


def without_way(said: str) -> str:
    """Return a request without how it is to be played at its end: "on shuffle", "instead"."""
    while (found := _WAY.search(said)) is not None and found.start() > 0:
        said = said[: found.start()]
    return said
