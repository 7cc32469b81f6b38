"""What the archive says of an event: pure decisions.

Nothing in it names a listener. Who it was is a pseudonym, from a key that belongs to the listener
alone and is destroyed with the account: what is in the archive then is about nobody. It changes
with the month, so that what one listener heard lies in pieces even then. Grants and devices are
disguised by the same key. A field that is not listed here does not enter the archive.
"""

import hashlib
import hmac
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from antiphon.eventlog import Record
from antiphon.kernel import UnixMs

SCHEMA: Final = 1  # of the files; a new column needs no new one, another meaning does
ROOT: Final = f"archive/v{SCHEMA}"

LISTENER: Final = "listener_id"
DISGUISED: Final = frozenset({"grant_id", "device_id"})
LEFT_OUT: Final = frozenset({"account_id", "master_path", "path"})
KEPT: Final = frozenset(
    {
        "album_id",
        "artist_id",
        "at_ms",
        "content_hash",
        "heard_ms",
        "issued_at",
        "position_ms",
        "reason",
        "recording_id",
        "rungs",
        "sent_ms",
        "song_id",
        "territory",
        "tier",
        "use",
    }
)
_TOKEN_CHARACTERS: Final = 24
_OFFSET_DIGITS: Final = 20


@dataclass(frozen=True, slots=True)
class Line:
    """One row of the archive: where the log has it, and what it says."""

    topic: str
    partition: int
    offset: int
    event_id: str
    type: str
    version: int
    occurred_at: UnixMs
    key: str | None
    listener: str | None
    payload: str


def listener_of(record: Record) -> str | None:
    """Return whom an event is about, or None."""
    found = _fields(record).get(LISTENER)
    return found if isinstance(found, str) else None


def line_of(record: Record, key: bytes | None) -> Line:
    """Return what the archive says of an event; ``key`` is its listener's, None once shredded."""
    envelope, fields = record.envelope, _fields(record)
    said = {name: value for name, value in fields.items() if name in KEPT}
    if key is not None:
        hidden = {name: fields[name] for name in sorted(DISGUISED & fields.keys())}
        said |= {name: _token(key, f"{name}:{value}") for name, value in hidden.items()}
    whom = fields.get(LISTENER)
    month = f"{_moment(envelope.occurred_at):%Y-%m}"
    return Line(
        topic=record.topic,
        partition=record.partition,
        offset=record.offset,
        event_id=envelope.event_id,
        type=envelope.type_name,
        version=envelope.version,
        occurred_at=envelope.occurred_at,
        key=None if whom is not None else envelope.key,
        listener=None if key is None or whom is None else _token(key, month),
        payload=msgspec.json.encode(said).decode(),
    )


def day_of(at: UnixMs) -> str:
    """Return the day, by UTC, in whose folder an event lies."""
    return f"{_moment(at):%Y-%m-%d}"


def file_key(topic: str, day: str, chain: str, first: int) -> str:
    """Return the object of one day's events of a range; ``chain`` names partition and log."""
    return f"{ROOT}/events/{topic}/{day}/{chain}-{first:0{_OFFSET_DIGITS}d}.parquet"


def claims_folder(topic: str, chain: str) -> str:
    """Return where the claims of a chain lie."""
    return f"{ROOT}/claims/{topic}/{chain}"


def claim_key(topic: str, chain: str, after: int) -> str:
    """Return the object of the claim that goes on at offset ``after``."""
    return f"{claims_folder(topic, chain)}/{after:0{_OFFSET_DIGITS}d}.json"


def _fields(record: Record) -> dict[str, Any]:
    """Return what an event says; nothing where that cannot be read."""
    try:
        return msgspec.json.decode(record.envelope.payload, type=dict[str, Any])
    except msgspec.DecodeError:
        return {}


def _token(key: bytes, told: str) -> str:
    return hmac.new(key, told.encode(), hashlib.sha256).hexdigest()[:_TOKEN_CHARACTERS]


def _moment(at: UnixMs) -> datetime:
    return datetime.fromtimestamp(at / 1000, UTC)
