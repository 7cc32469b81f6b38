"""Acknowledgements: what became of a message, written for whoever sent it."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.sax.saxutils import escape

from antiphon.rights.deliveries import ACKNOWLEDGED, Delivery
from antiphon.rights.model import FaultFound


@dataclass(frozen=True, slots=True)
class Settled:
    """What became of a delivery, ``at`` a moment as ISO 8601."""

    outcome: str
    faults: Sequence[FaultFound]
    notes: Sequence[str]
    at: str


def acknowledge(delivery: Delivery, settled: Settled, into: Path | None) -> list[str]:
    """Write ``NAME.ack.xml`` for each message, beside it or ``into`` a folder.

    Returns a note for each that could not be written: a delivery may lie where nothing can be.
    """
    unwritten = []
    for delivered in delivery.messages:
        folder = into or delivered.path.parent
        target = folder / f"{delivered.path.stem}{ACKNOWLEDGED}"
        message = delivered.message
        fields = {
            "MessageId": message.message_id,
            "MessageSender": message.recipient,
            "MessageRecipient": message.sender,
            "MessageCreatedDateTime": settled.at,
            "FileName": delivered.path.name,
            "FileHash": delivered.digest,
            "Outcome": settled.outcome,
        }
        try:
            folder.mkdir(parents=True, exist_ok=True)
            part = target.with_name(f".{target.name}.part")
            part.write_text(_document(fields, settled), "utf-8")
            part.replace(target)
        except OSError as fault:
            reason = fault.strerror or type(fault).__name__
            unwritten.append(f"{target.name} could not be written: {reason}.")
    return unwritten


def _document(fields: dict[str, str], settled: Settled) -> str:
    lines = [f"  <{name}>{_text(value)}</{name}>" for name, value in fields.items()]
    lines += map(_fault, settled.faults)
    lines += [f"  <Note>{_text(note)}</Note>" for note in settled.notes]
    body = "\n".join(lines)
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<Acknowledgement>\n{body}\n</Acknowledgement>\n'
    )


def _fault(fault: FaultFound) -> str:
    return (
        f"  <Fault>\n    <Element>{_text(fault.path)}</Element>\n    <Line>{fault.line}</Line>\n"
        f"    <Rule>{fault.rule.value}</Rule>\n    <WhatToDo>{_text(fault.detail)}</WhatToDo>\n"
        "  </Fault>"
    )


def _text(value: str) -> str:
    """Return text that XML can hold, whatever a message had in its place."""
    return escape("".join(c if c.isprintable() else " " for c in value))
