"""Requests that name only what is playing: "this artist", "the whole album", "more like it"."""

import re
from enum import StrEnum
from typing import Final

_OPENING: Final = (
    r"\W*(?:(?:please|now|just|(?:can|could|would|will) (?:you|we|i))[,\s]+)*"
    r"(?:(?:play|hear|put on|start|give me|shuffle|listen to)\s+)?(?:me\s+)?"
)
_CLOSING: Final = r"(?:[,\s]+(?:please|thanks|instead|now))*[\s.!?]*"
_ARTIST: Final = r"(?:artist|band|singer|group|musician|composer)"
_MORE: Final = (
    r"(?:some |something |a )?(?:more|else|music|songs?|anything|everything|something|album)"
)


class Reference(StrEnum):
    """What of the playing song is meant."""

    ARTIST = "artist"
    ALBUM = "album"
    LIKE = "like"


_PHRASES: Final = {
    Reference.ARTIST: (
        rf"(?:{_MORE}(?: songs?| music)? (?:by|from|of) )?(?:this|that|the same) {_ARTIST}"
        rf"|{_MORE}(?: songs?| music)? (?:by|from|of) (?:them|him|her|the {_ARTIST})"
    ),
    Reference.ALBUM: (
        r"(?:more|something|songs?|everything) (?:from|of|on)"
        r" (?:this|that|the same) (?:album|record)"
        r"|(?:the |this |that )?(?:whole|entire|full|rest of the|rest of this) (?:album|record)"
        r"|(?:this|that|the same) (?:album|record)"
        r"|the (?:album|record) (?:this|it) (?:is|comes) (?:on|from)"
    ),
    Reference.LIKE: (
        r"(?:something|more|music|songs?|tracks|stuff|things|a station|radio)"
        r"(?: songs?| music| tracks| stuff)? (?:like|similar to|based on|that sounds like)"
        r" (?:this|that|it)(?: one| song| track)?"
        r"|similar (?:music|songs|stuff|tracks|artists)|more of (?:this|the same)"
    ),
}
_PATTERNS: Final = {
    reference: re.compile(f"{_OPENING}(?:{phrase}){_CLOSING}", re.IGNORECASE)
    for reference, phrase in _PHRASES.items()
}


def read_reference(text: str) -> Reference | None:
    """Return what of the playing song a text asks for; None where it asks for something else."""
    return next((r for r, pattern in _PATTERNS.items() if pattern.fullmatch(text)), None)
