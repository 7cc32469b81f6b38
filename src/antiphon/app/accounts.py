"""``antiphon statements ...`` and ``antiphon audit ...``, and what joins plays to the ledger."""

import csv
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from antiphon.app.compose import Installation, open_installation
from antiphon.app.secret import derived_key, read_secret
from antiphon.app.serving import prepare_data
from antiphon.app.settings import Settings
from antiphon.charts import ChartMaker, ChartStore, PlayCounts
from antiphon.kernel import Corrupt, Invalid, SongId, UnixMs
from antiphon.rights import (
    OWN_LIBRARY,
    PLAYS,
    AuditLog,
    Books,
    Ledger,
    Money,
    MoneyBook,
    Period,
    PlayRule,
    PlayRules,
    Reconciliation,
    Rights,
    Sender,
    SongFacts,
    SongTerms,
    draw_up,
    dsr,
    dsr_name,
    needed_ms,
    report_of,
    sent_of,
    statement_csv,
)

_SECOND_COUNT = "reconciliation"
_PAGE = 5000


class LedgerSongs:
    """Who holds a song: the label that delivered it, or nobody, by the deals of this moment.

    How long must be heard is by the rules that held when the play was granted.
    """

    def __init__(self, installation: Installation) -> None:
        self._rights = Rights(installation.tables, installation.clock)
        self._catalog = installation.catalog
        self._rules = PlayRules(installation.tables)

    async def terms_of(self, song_ids: Sequence[str]) -> Sequence[SongTerms]:
        """Return one answer per song."""
        ids = [SongId(i) for i in song_ids]
        deals = await self._rights.store.songs(ids)
        songs = await self._catalog.songs(ids)
        rules = await self._rules.of([(d.sender, d.release_id) if d else None for d in deals])
        lengths = [song.duration if song else 0 for song in songs]
        return [
            SongTerms(deal.sender if deal else OWN_LIBRARY, needed_ms(length), length, rule)
            for deal, length, rule in zip(deals, lengths, rules, strict=True)
        ]


def ledger_of(installation: Installation) -> Ledger:
    """Return the ledger of plays."""
    return Ledger(installation.tables, installation.clock, LedgerSongs(installation))


def play_counts_of(installation: Installation, *, generation: str = "") -> PlayCounts:
    """Return the counts of the same plays by hour, from which charts are made."""
    return PlayCounts(installation.tables, LedgerSongs(installation), generation=generation)


def chart_maker_of(installation: Installation) -> ChartMaker:
    """Return what makes charts of those counts."""
    return ChartMaker(
        play_counts_of(installation),
        ChartStore(installation.tables),
        installation.catalog,
        installation.clock,
    )


def audit_of(installation: Installation) -> AuditLog:
    """Return the log of changes."""
    key = derived_key(read_secret(installation.settings), "audit")
    return AuditLog(installation.tables, installation.clock, key)


async def show(settings: Settings, month: str, money: Path | None) -> list[str]:
    """Return a line for each holder."""
    async with _opened(settings) as installation:
        ledger, period = ledger_of(installation), Period.parse(month)
        books = draw_up(
            period, await ledger.usage(period), (await _money(installation, period, money)).terms
        )
        closed = await ledger.closed_at(period) is not None
    lines = [
        f"{s.holder:<24} {s.plays:>12} plays {s.micros / 1e6:>16.6f} {s.currency}"
        for s in books.statements
    ]
    state = "closed" if closed else "open: figures may still change"
    return [f"{period} is {state}.", *lines]


async def close(settings: Settings, month: str) -> str:
    """Close a month."""
    async with _opened(settings) as installation:
        period = Period.parse(month)
        if not await ledger_of(installation).close(period):
            return f"{period} was closed before."
        await audit_of(installation).append("command line", "period_closed", str(period))
    return f"Closed {period}: plays that are told later count in the month that is closed next."


async def set_money(settings: Settings, month: str, file: Path) -> str:
    """Write down what came in for a month."""
    async with _opened(settings) as installation:
        period, money = Period.parse(month), _read(file)
        await MoneyBook(installation.tables).write(period, money)
        await audit_of(installation).append(
            "command line", "money_changed", str(period), {"currency": money.currency}
        )
    return f"{period} is stated in {money.currency}, by {len(money.pools)} pools."


async def set_rule(
    settings: Settings, subject: str, seconds: float, percent: float, since: datetime | None
) -> str:
    """Say what counts as a play of a label's songs, or of one release's, from a moment on."""
    async with _opened(settings) as installation:
        now = installation.clock.now()
        begins = now if since is None else UnixMs(round(since.timestamp() * 1000))
        rule = PlayRule(begins, round(seconds * 1000), round(percent * 10_000))
        await PlayRules(installation.tables).add(subject, rule, now)
        told = {"seconds": f"{seconds:g}", "percent": f"{percent:g}", "since": str(begins)}
        await audit_of(installation).append("command line", "play_rule_added", subject, told)
    return f"{seconds:g} s or {percent:g} % of a song of {subject} count as a play from then on."


async def rules(settings: Settings) -> list[str]:
    """Return a line for each rule of what counts as a play."""
    async with _opened(settings) as installation:
        found = await PlayRules(installation.tables).everything()
    return [
        f"{subject:<24} from {datetime.fromtimestamp(rule.since / 1000, UTC):%Y-%m-%d %H:%M} UTC: "
        f"{rule.needed_ms / 1000:g} s, at most {rule.share_millionths / 10_000:g} % of the song"
        for subject, some in found
        for rule in some
    ] or ["30 s, or half of a song that is shorter than a minute, for all."]


async def export(settings: Settings, month: str, money: Path | None, target: Path) -> list[str]:
    """Write a DSR flat file and a CSV for each holder of a closed month; return their names."""
    async with _opened(settings) as installation:
        ledger, period = ledger_of(installation), Period.parse(month)
        if await ledger.closed_at(period) is None:
            raise Invalid(f"{period} is open: antiphon statements close {period}.")
        told = await _money(installation, period, money)
        books = draw_up(period, await ledger.usage(period), told.terms)
        songs = await _songs(installation, books)
        created_at = installation.clock.now()
        sender = Sender(told.sender_id or settings.party_id, told.sender_name)
        files: dict[str, str] = {}
        for statement in books.statements:
            name = dsr_name(statement, sender, created_at)
            files[name] = dsr(statement, songs, sender, created_at)
            files[f"{name.removesuffix('.tsv')}.csv"] = statement_csv(statement, songs)
        _write(target, files)
        await audit_of(installation).append(
            "command line", "statements_exported", str(period), {"files": str(len(files))}
        )
    return list(files)


async def reconcile(settings: Settings, month: str, served: Path | None) -> list[str]:
    """Count the log a second time, beside the ledger; return what does not fit, a line each."""
    async with _opened(settings) as installation:
        period = Period.parse(month)
        second = Reconciliation(period)
        await _count_again(installation, second)
        counted = await ledger_of(installation).counted(period)
    found = second.report(counted, _served(served))
    return [f"{d.kind} {d.subject}: expected {d.expected}, found {d.found}" for d in found]


async def verify_audit(settings: Settings, end: str | None) -> tuple[bool, str]:
    """Return whether the audit log is whole, and a sentence."""
    async with _opened(settings) as installation:
        finding = await audit_of(installation).verify(expected_end=end)
    if finding.first_altered is not None:
        return False, f"Entry {finding.first_altered} of the audit log: {finding.detail}"
    return True, f"{finding.entries} entries are whole; the end is {finding.end}."


def _write(target: Path, files: Mapping[str, str]) -> None:
    target.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (target / name).write_text(text, "utf-8", newline="")


async def _count_again(installation: Installation, second: Reconciliation) -> None:
    songs, known = LedgerSongs(installation), dict[str, SongTerms]()
    await installation.events.rewind(PLAYS, group=_SECOND_COUNT)
    async with installation.events.subscribe(PLAYS, group=_SECOND_COUNT) as subscription:
        while records := await subscription.poll(max_records=_PAGE, wait=0):
            found = []
            for record in records:
                try:
                    sent = sent_of(record)
                    if sent is not None:
                        second.add_sent(*sent, record.envelope.occurred_at)
                    found.append(report_of(record))
                except Corrupt:  # the ledger has set it aside, too
                    continue
            reports = [report for report in found if report is not None]
            unknown = sorted({r.song_id for r in reports} - known.keys())
            known |= dict(zip(unknown, await songs.terms_of(unknown), strict=True))
            for report in reports:
                second.add(report, known[report.song_id])
            await subscription.commit(records)


async def _songs(installation: Installation, books: Books) -> dict[str, SongFacts]:
    ids = sorted({line.usage.song_id for s in books.statements for line in s.lines})
    return await facts_of(installation, ids)


async def facts_of(installation: Installation, ids: Sequence[str]) -> dict[str, SongFacts]:
    """Return what the catalogue says of songs, as reports need it."""
    songs = await installation.catalog.songs([SongId(i) for i in ids])
    return {
        song.id: SongFacts(
            song.title, ", ".join(a.name for a in song.artists), song.isrc or "", song.duration
        )
        for song in songs
        if song is not None
    }


async def _money(installation: Installation, period: Period, file: Path | None) -> Money:
    """Return a month's money: of the file, or what was written down of it."""
    if file is not None:
        return _read(file)
    return await MoneyBook(installation.tables).read(period) or Money()


def _read(file: Path) -> Money:
    try:
        return msgspec.toml.decode(file.read_bytes(), type=Money)
    except (OSError, msgspec.DecodeError) as fault:
        raise Invalid(f"{file}: {fault}.") from fault


def _served(file: Path | None) -> Mapping[str, int] | None:
    """Return the milliseconds sent for each grant from a CSV of two columns without a header."""
    if file is None:
        return None
    try:
        with file.open(newline="", encoding="utf-8") as opened:
            return {grant: int(ms) for grant, ms in csv.reader(opened)}
    except (OSError, ValueError) as fault:
        raise Invalid(f"{file}: {fault}; two columns are needed, grant and ms.") from fault


@asynccontextmanager
async def _opened(settings: Settings) -> AsyncIterator[Installation]:
    prepare_data(settings)
    installation = open_installation(settings)
    try:
        yield installation
    finally:
        await installation.close()
