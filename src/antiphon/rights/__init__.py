"""Who may hear what, where, when and how: label deliveries, deals, availability."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from antiphon.kernel import Clock
from antiphon.rights.accounting.audit import AuditEntry, AuditFinding, AuditLog
from antiphon.rights.accounting.dsr import Sender, SongFacts, dsr, dsr_name, statement_csv
from antiphon.rights.accounting.feed import GROUP as LEDGER_GROUP
from antiphon.rights.accounting.feed import PLAYS, LedgerFeed, report_of, sent_of
from antiphon.rights.accounting.ledger import LEDGER as LEDGER_ROWS
from antiphon.rights.accounting.ledger import FencedOut, Ledger, Place
from antiphon.rights.accounting.model import (
    OWN_LIBRARY,
    Period,
    PlayReport,
    PlayRule,
    SongTerms,
    Usage,
    UsageLine,
)
from antiphon.rights.accounting.money import Money, MoneyBook
from antiphon.rights.accounting.play_rules import PlayRules
from antiphon.rights.accounting.reconcile import Discrepancy, Reconciliation
from antiphon.rights.accounting.rules import (
    WINDOW_MS,
    heard_within_wall_time,
    needed_ms,
    refusal,
)
from antiphon.rights.accounting.shard import ledger_place, with_ledger_place
from antiphon.rights.accounting.statements import (
    Books,
    Pool,
    Rate,
    Statement,
    StatementLine,
    draw_up,
)
from antiphon.rights.accounting.statements import Terms as StatementTerms
from antiphon.rights.acknowledging import Settled, acknowledge
from antiphon.rights.availability import Decision, Plan, Reason, SongRights, Terms
from antiphon.rights.cpix.model import (
    AudioFilter,
    CpixDocument,
    CpixKey,
    CpixRefused,
    CpixSystem,
    DrmSystem,
    SpekeFault,
    SpekeRefused,
    UsageRule,
)
from antiphon.rights.cpix.reading import read_cpix
from antiphon.rights.cpix.speke import SpekeKeys, SpekeServer, parsed_headers
from antiphon.rights.cpix.writing import write_cpix
from antiphon.rights.deliveries import (
    DeliveredMessage,
    Delivery,
    is_delivery,
    new_digest,
    open_delivery,
)
from antiphon.rights.ern.schemas import Schemas
from antiphon.rights.keys.model import (
    ContentKey,
    DrmSignalling,
    KeyStatus,
    KeysUnavailable,
    KeysUnreadable,
    Protect,
    ProtectedKey,
    Rotation,
)
from antiphon.rights.keys.opening import KEY_FILE, open_key_encryption
from antiphon.rights.keys.vault import KeySource, KeyVault
from antiphon.rights.keys.wrapping import KeyEncryption
from antiphon.rights.licences import (
    MOST_KIDS,
    ClockWentBack,
    DeviceRevoked,
    KeyUnknown,
    Licence,
    LicenceEnded,
    Licences,
    Stream,
    TooManyKeys,
    TooManyStreams,
    forget_streams,
)
from antiphon.rights.model import (
    HOME,
    WORLDWIDE,
    CommercialModel,
    Deal,
    DeliveredFile,
    Fault,
    FaultFound,
    LabelFacts,
    Message,
    MessageKind,
    Party,
    Placed,
    Release,
    Resource,
    RightsLine,
    Text,
    UseType,
    best_text,
)
from antiphon.rights.service import Asker, Rights, SongUnavailable
from antiphon.rights.store import (
    DeliveredSong,
    DeliveryRecord,
    ReleaseState,
    SongDeals,
    release_id,
)

if TYPE_CHECKING:
    from litestar import Router

__all__ = [
    "HOME",
    "KEY_FILE",
    "LEDGER_GROUP",
    "LEDGER_ROWS",
    "MOST_KIDS",
    "OWN_LIBRARY",
    "PLAYS",
    "WINDOW_MS",
    "WORLDWIDE",
    "Asker",
    "AudioFilter",
    "AuditEntry",
    "AuditFinding",
    "AuditLog",
    "Books",
    "ClockWentBack",
    "CommercialModel",
    "ContentKey",
    "CpixDocument",
    "CpixKey",
    "CpixRefused",
    "CpixSystem",
    "Deal",
    "Decision",
    "DeliveredFile",
    "DeliveredMessage",
    "DeliveredSong",
    "Delivery",
    "DeliveryRecord",
    "DeviceRevoked",
    "Discrepancy",
    "DrmSignalling",
    "DrmSystem",
    "Fault",
    "FaultFound",
    "FencedOut",
    "KeyEncryption",
    "KeySource",
    "KeyStatus",
    "KeyUnknown",
    "KeyVault",
    "KeysUnavailable",
    "KeysUnreadable",
    "LabelFacts",
    "Ledger",
    "LedgerFeed",
    "Licence",
    "LicenceEnded",
    "Licences",
    "Message",
    "MessageKind",
    "Money",
    "MoneyBook",
    "Party",
    "Period",
    "Place",
    "Placed",
    "Plan",
    "PlayReport",
    "PlayRule",
    "PlayRules",
    "Pool",
    "Protect",
    "ProtectedKey",
    "Rate",
    "Reason",
    "Reconciliation",
    "Release",
    "ReleaseState",
    "Resource",
    "Rights",
    "RightsLine",
    "Rotation",
    "Schemas",
    "Sender",
    "Settled",
    "SongDeals",
    "SongFacts",
    "SongRights",
    "SongTerms",
    "SongUnavailable",
    "SpekeFault",
    "SpekeKeys",
    "SpekeRefused",
    "SpekeServer",
    "Statement",
    "StatementLine",
    "StatementTerms",
    "Stream",
    "Terms",
    "Text",
    "TooManyKeys",
    "TooManyStreams",
    "Usage",
    "UsageLine",
    "UsageRule",
    "UseType",
    "acknowledge",
    "best_text",
    "draw_up",
    "dsr",
    "dsr_name",
    "forget_streams",
    "heard_within_wall_time",
    "is_delivery",
    "ledger_place",
    "needed_ms",
    "new_digest",
    "open_delivery",
    "open_key_encryption",
    "parsed_headers",
    "read_cpix",
    "refusal",
    "release_id",
    "report_of",
    "routes",
    "sent_of",
    "statement_csv",
    "with_ledger_place",
    "write_cpix",
]


def routes(
    rights: Rights, clock: Clock, *, exists: Any, audit: Any, guards: Sequence[Any]
) -> "Sequence[Router]":
    """Return the HTTP routes; ``exists`` knows households, ``guards`` let the owner through."""
    from antiphon.rights import api, desk  # noqa: PLC0415 - only HTTP workers load the web framework

    return api.routes(desk.Desk(rights, clock, exists, audit), guards=guards)


def statement_routes(
    ledger: Ledger,
    money: MoneyBook,
    audit: AuditLog,
    clock: Clock,
    *,
    facts: Any,
    guards: Sequence[Any],
) -> "Sequence[Router]":
    """Return the HTTP routes of statements and the audit log; ``facts`` names songs."""
    from antiphon.rights import statements_api  # noqa: PLC0415 - only HTTP workers load it

    desk = statements_api.Books(ledger, money, audit, clock, facts)
    return statements_api.routes(desk, guards=guards)
