"""Voice: what a listener says or types becomes music, or an answer that says why not."""

from antiphon.voice.model import (
    Found,
    Intent,
    Linked,
    Named,
    NameKind,
    Reading,
    Slot,
    SlotName,
    Sought,
    Transcript,
    Verdict,
)

__all__ = [
    "Found",
    "Intent",
    "Linked",
    "NameKind",
    "Named",
    "Reading",
    "Slot",
    "SlotName",
    "Sought",
    "Transcript",
    "Verdict",
]
