"""Structured logs: one event per line, named in the past tense."""

import logging
import sys
from typing import Any

import structlog
from structlog.typing import EventDict, WrappedLogger

# Without local variables: they would carry tokens and names into the log.
_TRACEBACKS = structlog.processors.ExceptionRenderer(
    structlog.tracebacks.ExceptionDictTransformer(show_locals=False, max_frames=12)
)
_SECRET = ("token", "password", "secret", "authorization", "cookie")


def configure_logs(*, log_format: str, level: str, role: str) -> None:
    """Set logging up for this process; ``auto`` is readable on a terminal and JSON elsewhere."""
    terminal = log_format == "text" or (log_format == "auto" and sys.stderr.isatty())
    renderer: Any = (
        structlog.dev.ConsoleRenderer(pad_event_to=28)
        if terminal
        else structlog.processors.JSONRenderer()
    )
    number = logging.getLevelNamesMapping().get(level.upper(), logging.INFO)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _TRACEBACKS if not terminal else _keep,
            _redact,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    structlog.contextvars.bind_contextvars(role=role)
    logging.basicConfig(level=max(number, logging.WARNING), stream=sys.stderr, force=True)


def _keep(_logger: WrappedLogger, _name: str, event: EventDict) -> EventDict:
    return event


def _redact(_logger: WrappedLogger, _name: str, event: EventDict) -> EventDict:
    for name in event:
        if any(word in name.lower() for word in _SECRET):
            event[name] = "[redacted]"
    return event
