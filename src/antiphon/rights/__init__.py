"""Who may hear what, where, when and how: label deliveries, deals, availability."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from antiphon.kernel import Clock
from antiphon.rights.accounting.audit import AuditEntry, AuditFinding, AuditLog
from antiphon.rights.accounting.dsr import Sender, SongFacts, dsr, dsr_name, statement_csv
from antiphon.rights.accounting.feed import GROUP as LEDGER_GROUP
from antiphon.rights.accounting.feed import PLAYS, LedgerFeed, report_of
from antiphon.rights.accounting.ledger import FencedOut, Ledger, Place
from antiphon.rights.accounting.model import (
    OWN_LIBRARY,
    Period,
    PlayReport,
    SongTerms,
    Usage,
    UsageLine,
)
from antiphon.rights.accounting.reconcile import Discrepancy, Reconciliation
from antiphon.rights.accounting.rules import needed_ms
from antiphon.rights.accounting.statements import (
    Books,
    Pool,
    Rate,
    Statement,
    StatementLine,
    draw_up,
)
from antiphon.rights.accounting.statements import Terms as StatementTerms
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
from antiphon.rights.model import HOME, CommercialModel, Deal, UseType
from antiphon.rights.service import Asker, Rights, SongUnavailable
from antiphon.rights.store import SongDeals

if TYPE_CHECKING:
    from litestar import Router

__all__ = [
    "HOME",
    "KEY_FILE",
    "LEDGER_GROUP",
    "MOST_KIDS",
    "OWN_LIBRARY",
    "PLAYS",
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
    "DeviceRevoked",
    "Discrepancy",
    "DrmSignalling",
    "DrmSystem",
    "FencedOut",
    "KeyEncryption",
    "KeySource",
    "KeyStatus",
    "KeyUnknown",
    "KeyVault",
    "KeysUnavailable",
    "KeysUnreadable",
    "Ledger",
    "LedgerFeed",
    "Licence",
    "LicenceEnded",
    "Licences",
    "Period",
    "Place",
    "Plan",
    "PlayReport",
    "Pool",
    "Protect",
    "ProtectedKey",
    "Rate",
    "Reason",
    "Reconciliation",
    "Rights",
    "Rotation",
    "Sender",
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
    "TooManyKeys",
    "TooManyStreams",
    "Usage",
    "UsageLine",
    "UsageRule",
    "UseType",
    "draw_up",
    "dsr",
    "dsr_name",
    "forget_streams",
    "needed_ms",
    "open_key_encryption",
    "parsed_headers",
    "read_cpix",
    "report_of",
    "routes",
    "statement_csv",
    "write_cpix",
]


def routes(
    rights: Rights, clock: Clock, *, exists: Any, audit: Any, guards: Sequence[Any]
) -> "Sequence[Router]":
    """Return the HTTP routes; ``exists`` knows households, ``guards`` let the owner through."""
    from antiphon.rights import api  # noqa: PLC0415 - only HTTP workers load the web framework

    return api.routes(api.Desk(rights, clock, exists, audit), guards=guards)
