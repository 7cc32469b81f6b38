"""SSML reduced to what is safe to hand to a synthesiser. Pure.

espeak-ng reads sound files for ``<audio>``, through a shell; so only what shapes speech is kept.
"""

import xml.etree.ElementTree as ET
from collections.abc import Iterator
from xml.sax.saxutils import escape, quoteattr

from antiphon.voice.speech.errors import SpeechInvalid

__all__ = ["safe_ssml"]

_KEPT = {
    "speak": (),
    "p": (),
    "s": (),
    "break": ("time", "strength"),
    "emphasis": ("level",),
    "prosody": ("rate", "pitch", "range", "volume"),
    "say-as": ("interpret-as", "format"),
    "sub": ("alias",),
}
_MOST_DEPTH = 20


def safe_ssml(text: str) -> str:
    """Return the speech of a ``<speak>`` document with the elements that shape it.

    Other elements lose their tags and keep their words. ``SpeechInvalid`` where it is no XML, has
    a document type (entities could make it grow), is nested too deeply or has nothing to say.
    """
    if "<!" in text or "<?" in text:
        raise SpeechInvalid("SSML has no declarations, comments or instructions here.")
    try:
        root = ET.fromstring(text)  # noqa: S314 - without a document type there are no entities
    except ET.ParseError as fault:
        raise SpeechInvalid("This is not well-formed SSML.") from fault
    if _name(root) != "speak":
        raise SpeechInvalid("SSML begins with <speak>.")
    if not "".join(root.itertext()).strip():
        raise SpeechInvalid("There is nothing to say.")
    return "".join(_written(root, 0))


def _written(element: ET.Element, depth: int) -> Iterator[str]:
    if depth > _MOST_DEPTH:
        raise SpeechInvalid(f"SSML is nested at most {_MOST_DEPTH} deep.")
    name = _name(element)
    kept = _KEPT.get(name)
    if kept is not None:
        pairs = ((a, element.get(a)) for a in kept)
        told = "".join(f" {a}={quoteattr(v)}" for a, v in pairs if v is not None)
        yield f"<{name}{told}>"
    yield escape(element.text or "")
    for child in element:
        yield from _written(child, depth + 1)
        yield escape(child.tail or "")
    if kept is not None:
        yield f"</{name}>"


def _name(element: ET.Element) -> str:
    return element.tag.rpartition("}")[2]
