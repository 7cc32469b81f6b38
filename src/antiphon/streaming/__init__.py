"""From a tap to bytes: play grants, signed URLs, HLS playlists, segments, play events."""

from antiphon.streaming.hot import HotRoutes
from antiphon.streaming.inspector import Finding, Level, Outcome, Report, inspect
from antiphon.streaming.model import (
    Caller,
    Decision,
    Exclusion,
    MediaPass,
    PlayTicket,
    Preference,
    Reason,
    Wish,
)
from antiphon.streaming.openapi import describe
from antiphon.streaming.service import (
    Jobs,
    NothingPlayable,
    NotReady,
    Packages,
    Songs,
    SongUnknown,
    SongUnplayable,
    StreamingService,
)
from antiphon.streaming.tokens import PlayUnknown, UrlExpired, UrlForged, UrlNotYetValid

__all__ = [
    "Caller",
    "Decision",
    "Exclusion",
    "Finding",
    "HotRoutes",
    "Jobs",
    "Level",
    "MediaPass",
    "NotReady",
    "NothingPlayable",
    "Outcome",
    "Packages",
    "PlayTicket",
    "PlayUnknown",
    "Preference",
    "Reason",
    "Report",
    "SongUnknown",
    "SongUnplayable",
    "Songs",
    "StreamingService",
    "UrlExpired",
    "UrlForged",
    "UrlNotYetValid",
    "Wish",
    "describe",
    "inspect",
]
