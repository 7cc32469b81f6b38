"""A statement as files: DDEX DSR flat file and CSV, pure.

The flat file follows DDEX Digital Sales Report Message Suite, Part 8 (record types): ``HEAD``,
``SY01.03`` (summary), ``SR02.01`` (single-record block of the Basic Audio Profile for streaming),
``SRFO``. Cells are separated by tabs, lines that begin with ``#`` are to be ignored but counted.
HEAD 1-10, SY01 1-9, SR02 1-9 and SRFO follow the published cell lists. The cells after those
follow our reading and are named in the comment lines: no file has been checked by a DDEX
validator or a recipient, and the allowed values (Part 9) are only those written below.
"""

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from antiphon.kernel import UnixMs
from antiphon.rights.accounting.statements import MILLION, Statement, StatementLine

_VERSION: Final = "dsrf/1.3/9/1.3"
_PROFILE: Final = "BasicAudioProfileSRB"
_PROFILE_VERSION: Final = "1.3"
_MODELS: Final = {
    "subscription": "SubscriptionModel",
    "advertising": "AdvertisementSupportedModel",
    "free": "FreeOfChargeModel",
}
_USES: Final = {
    "on-demand-stream": "OnDemandStream",
    "preview": "NonInteractiveStream",
    "conditional-download": "ConditionalDownload",
    "radio": "NonInteractiveStream",
}
_HEAD_CELLS: Final = (
    "HEAD",
    "MessageVersion",
    "Profile",
    "ProfileVersion",
    "MessageId",
    "MessageCreatedDateTime",
    "FileNumber",
    "NumberOfFiles",
    "UsageStartDate",
    "UsageEndDate",
    "SenderPartyId",
    "SenderName",
    "ServiceDescription",
    "RecipientPartyId",
    "RecipientName",
)
_SUMMARY_CELLS: Final = (
    "SY01.03",
    "SummaryRecordId",
    "DistributionChannel",
    "DistributionChannelDPID",
    "CommercialModel",
    "UseType",
    "Territory",
    "ServiceDescription",
    "Usages",
    "Users",
    "CurrencyOfReporting",
    "NetRevenue",
)
_RECORD_CELLS: Final = (
    "SR02.01",
    "SummaryRecordId",
    "DspResourceId",
    "ISRC",
    "ResourceTitle",
    "ResourceSubTitle",
    "ResourceDisplayArtistName",
    "ResourceDisplayArtistPartyId",
    "Duration",
    "IsRoyaltyBearing",
    "NumberOfStreams",
    "UsageDurationSeconds",
    "AllocatedRevenue",
    "UsageMonth",
)
_CSV_CELLS: Final = (
    "holder",
    "song",
    "isrc",
    "title",
    "artist",
    "territory",
    "tier",
    "use",
    "played_in",
    "plays",
    "heard_ms",
    "micros",
    "currency",
)
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, slots=True)
class SongFacts:
    """What a report says of a song besides its id."""

    title: str = ""
    artist: str = ""
    isrc: str = ""
    duration_ms: int = 0


@dataclass(frozen=True, slots=True)
class Sender:
    """Who reports: DDEX party id (``PADPIDA...``) and name; empty where the operator has none."""

    party_id: str = ""
    name: str = "Antiphon"


def dsr_name(statement: Statement, sender: Sender, created_at: UnixMs) -> str:
    """Return the file's name by DDEX's convention for flat files."""
    moment = datetime.fromtimestamp(created_at / 1000, UTC)
    parts = (
        "DSR",
        statement.holder,
        sender.party_id or sender.name,
        "Streaming",
        str(statement.period),
        "Multi",
        "1of1",
        f"{moment:%Y%m%dT%H%M%S}",
    )
    return "_".join(map(_in_name, parts)) + ".tsv"


def dsr(
    statement: Statement, songs: Mapping[str, SongFacts], sender: Sender, created_at: UnixMs
) -> str:
    """Return one holder's report as a DSR flat file of one part."""
    groups: dict[tuple[str, str, str], list[StatementLine]] = {}
    for line in statement.lines:
        place = (line.usage.tier, line.usage.use, line.usage.territory)
        groups.setdefault(place, []).append(line)
    rows = [_comment(_HEAD_CELLS), _head(statement, sender, created_at), _comment(_SUMMARY_CELLS)]
    numbered = list(enumerate(sorted(groups.items()), start=1))
    for number, (place, lines) in numbered:
        rows.append(_summary(number, place, lines, statement.currency))
    rows.append(_comment(_RECORD_CELLS))
    for number, (_, lines) in numbered:
        rows += [_record(number, line, songs.get(line.usage.song_id)) for line in lines]
    rows.append(["SRFO", str(len(rows) + 1), str(len(groups))])
    return "".join("\t".join(map(_cell, row)) + "\r\n" for row in rows)


def statement_csv(statement: Statement, songs: Mapping[str, SongFacts]) -> str:
    """Return one holder's report as CSV; nothing in it is taken for a formula."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(_CSV_CELLS)
    for line in statement.lines:
        usage, facts = line.usage, songs.get(line.usage.song_id) or SongFacts()
        words = [usage.holder, usage.song_id, facts.isrc, facts.title, facts.artist]
        words += [usage.territory, usage.tier, usage.use, line.played_in]
        numbers = (line.plays, line.heard_ms, line.micros, statement.currency)
        writer.writerow([*map(_harmless, words), *numbers])
    return out.getvalue()


def _head(statement: Statement, sender: Sender, created_at: UnixMs) -> list[str]:
    moment = datetime.fromtimestamp(created_at // 1000, UTC)
    first, last = statement.period.days[0], statement.period.days[-1]
    return [
        "HEAD",
        _VERSION,
        _PROFILE,
        _PROFILE_VERSION,
        f"{statement.period}-{statement.holder}-{created_at}",
        f"{moment:%Y-%m-%dT%H:%M:%SZ}",
        "1",
        "1",
        _date(first),
        _date(last),
        sender.party_id,
        sender.name,
        "Streaming",
        statement.holder,
        "",
    ]


def _summary(
    number: int, place: tuple[str, str, str], lines: Sequence[StatementLine], currency: str
) -> list[str]:
    tier, use, territory = place
    plays = sum(line.plays for line in lines)
    money = amount(sum(line.micros for line in lines))
    words = ["SY01.03", str(number), "", "", _MODELS.get(tier, tier), _USES.get(use, use)]
    return [*words, territory, tier, str(plays), "", currency, money]


def _record(number: int, line: StatementLine, facts: SongFacts | None) -> list[str]:
    facts = facts or SongFacts()
    return [
        "SR02.01",
        str(number),
        line.usage.song_id,
        facts.isrc,
        facts.title,
        "",
        facts.artist,
        "",
        _duration(facts.duration_ms),
        "true" if line.micros else "false",
        str(line.plays),
        str(line.heard_ms // 1000),
        amount(line.micros),
        line.played_in,
    ]


def amount(micros: int) -> str:
    """Return millionths as a decimal number with six places."""
    sign = "-" if micros < 0 else ""
    return f"{sign}{abs(micros) // MILLION}.{abs(micros) % MILLION:06d}"


def _duration(ms: int) -> str:
    seconds = ms // 1000
    return f"PT{seconds // 3600}H{seconds // 60 % 60}M{seconds % 60}S" if ms else ""


def _date(day: str) -> str:
    return f"{day[:4]}-{day[4:6]}-{day[6:]}"


def _comment(cells: Sequence[str]) -> list[str]:
    return [f"#{cells[0]}", *cells[1:]]


def _cell(text: str) -> str:
    """Return text that cannot end a cell or a line."""
    return " ".join(text.split()) if any(c in text for c in "\t\r\n") else text


def _in_name(text: str) -> str:
    return "".join(c if c.isalnum() or c in "-." else "-" for c in text).strip(".") or "-"


def _harmless(text: str) -> str:
    return f"'{text}" if text.startswith(_FORMULA) else text
