"""Acknowledgements: what became of a message, written for whoever sent it."""

from collections.abc import Sequence
from pathlib import Path
from xml.sax.saxutils import escape

from antiphon.rights.deliveries import ACKNOWLEDGED, Delivery
from antiphon.rights.model import FaultFound


def acknowledge(
    delivery: Delivery, outcome: str, faults: Sequence[FaultFound], at: str, into: Path | None
) -> list[str]:
    """Write ``NAME.ack.xml`` for each message, beside it or ``into`` a folder.

    ``at`` is the moment as ISO 8601. Returns a note for each that could not be written: a delivery
    may lie where nothing can be.
    """
    notes = []
    for delivered in delivery.messages:
        folder = into or delivered.path.parent
        target = folder / f"{delivered.path.stem}{ACKNOWLEDGED}"
        message = delivered.message
        fields = {
            "MessageId": message.message_id,
            "MessageSender": message.recipient,
            "MessageRecipient": message.sender,
            "MessageCreatedDateTime": at,
            "FileName": delivered.path.name,
            "FileHash": delivered.digest,
            "Outcome": outcome,
        }
        try:
            folder.mkdir(parents=True, exist_ok=True)
            part = target.with_name(f".{target.name}.part")
            part.write_text(_document(fields, faults), "utf-8")
            part.replace(target)
        except OSError as fault:
            reason = fault.strerror or type(fault).__name__
            notes.append(f"{target.name} could not be written: {reason}.")
    return notes


def _document(fields: dict[str, str], faults: Sequence[FaultFound]) -> str:
    lines = [f"  <{name}>{_text(value)}</{name}>" for name, value in fields.items()]
    lines += map(_fault, faults)
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
