"""From a tap to bytes: play grants, signed URLs, HLS playlists, segments, play events."""

from antiphon.streaming.heads import Heads
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
    SpatialPreference,
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
from antiphon.streaming.spatial_api import spatial_routes
from antiphon.streaming.tokens import PlayUnknown, UrlExpired, UrlForged, UrlNotYetValid
from antiphon.streaming.wire import PlayEventIn, PlayEventsIn, PlayIn

__all__ = [
    "Caller",
    "Decision",
    "Exclusion",
    "Finding",
    "Heads",
    "HotRoutes",
    "Jobs",
    "Level",
    "MediaPass",
    "NotReady",
    "NothingPlayable",
    "Outcome",
    "Packages",
    "PlayEventIn",
    "PlayEventsIn",
    "PlayIn",
    "PlayTicket",
    "PlayUnknown",
    "Preference",
    "Reason",
    "Report",
    "SongUnknown",
    "SongUnplayable",
    "Songs",
    "SpatialPreference",
    "StreamingService",
    "UrlExpired",
    "UrlForged",
    "UrlNotYetValid",
    "Wish",
    "describe",
    "inspect",
    "spatial_routes",
]
