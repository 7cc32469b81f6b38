"""Checks a playlist and its media against Apple's authoring specification and RFC 8216."""

from antiphon.streaming.inspector import (
    rules_audio,
    rules_boxes,
    rules_delivery,
    rules_media,
    rules_syntax,
    rules_variants,
)
from antiphon.streaming.inspector.fetching import Fetched, Fetcher, PlainFetcher, address_of
from antiphon.streaming.inspector.findings import Finding, Level, Outcome, Report
from antiphon.streaming.inspector.presentation import gather
from antiphon.streaming.inspector.rule import Rule

__all__ = [
    "RULES",
    "Fetched",
    "Fetcher",
    "Finding",
    "Level",
    "Outcome",
    "PlainFetcher",
    "Report",
    "Rule",
    "inspect",
]

RULES: tuple[Rule, ...] = (
    *rules_audio.RULES,
    *rules_media.RULES,
    *rules_boxes.RULES,
    *rules_variants.RULES,
    *rules_delivery.RULES,
    *rules_syntax.RULES,
)


async def inspect(source: str, *, fetcher: Fetcher | None = None) -> Report:
    """Fetch the playlist at a URL or in a file, with all that it leads to, and judge it.

    ``Invalid`` where the source is no playlist or cannot be read, ``NotFound`` for a missing file.
    """
    presentation = await gather(address_of(source), fetcher or PlainFetcher())
    return Report(source, tuple(rule.judge(presentation) for rule in RULES))
