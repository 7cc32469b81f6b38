"""The one table from kinds of error to HTTP status, and the body that clients get."""

from typing import TypedDict

from antiphon.kernel.errors import (
    AntiphonError,
    Conflict,
    Corrupt,
    Denied,
    Invalid,
    NotFound,
    Unavailable,
)
from antiphon.kernel.ids import random_id

_STATUS: tuple[tuple[type[AntiphonError], int, str], ...] = (
    (NotFound, 404, "Not Found"),
    (Conflict, 409, "Conflict"),
    (Invalid, 400, "Bad Request"),
    (Denied, 401, "Unauthorized"),
    (Unavailable, 503, "Service Unavailable"),
    (Corrupt, 500, "Internal Server Error"),
)
_TITLES = {
    401: "Unauthorized",
    403: "Forbidden",
    408: "Request Timeout",
    413: "Content Too Large",
    416: "Range Not Satisfiable",
    422: "Unprocessable Content",
    429: "Too Many Requests",
}


class Problem(TypedDict, total=False):
    """One entry of the ``errors`` array."""

    id: str
    status: str
    code: str
    title: str
    detail: str
    source: dict[str, str]
    meta: dict[str, object]


def problem(error: AntiphonError) -> tuple[int, dict[str, list[Problem]]]:
    """Return the HTTP status and the JSON body that tell a client about ``error``.

    A subclass may carry ``http_status`` in its fields to be more exact within its kind
    (403 for Denied, 429 for Unavailable, 422 for Invalid); ``parameter`` or ``pointer`` in its
    fields become ``source``; ``meta``, a mapping, is passed on for programs to read.
    """
    status, title = next(
        ((s, t) for kind, s, t in _STATUS if isinstance(error, kind)), (500, "Error")
    )
    exact = error.fields.get("http_status")
    if isinstance(exact, int):
        status, title = exact, _TITLES.get(exact, title)
    body = problem_body(
        status, code=error.code, title=title, detail=error.detail, source=_source(error)
    )
    meta = error.fields.get("meta")
    if isinstance(meta, dict):
        body["errors"][0]["meta"] = meta
    return status, body


def problem_body(
    status: int, *, code: str, title: str, detail: str, source: dict[str, str] | None = None
) -> dict[str, list[Problem]]:
    """Return the body for one problem that did not start as an ``AntiphonError``."""
    entry: Problem = {
        "id": random_id(),
        "status": str(status),
        "code": code,
        "title": title,
        "detail": detail,
    }
    if source:
        entry["source"] = source
    return {"errors": [entry]}


def _source(error: AntiphonError) -> dict[str, str]:
    return {k: str(error.fields[k]) for k in ("parameter", "pointer") if k in error.fields}
