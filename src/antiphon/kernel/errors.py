"""One root and six kinds of error; rooms subclass, the edge maps kind to status.

AntiphonError
|- NotFound      the thing named by the caller does not exist (404)
|- Conflict      it exists, or changed, in a way that forbids this (409)
|- Invalid       the request can never succeed as it stands (400, 422)
|- Denied        the caller may not (401, 403)
|- Unavailable   not now; the same call may succeed later (429, 503)
`- Corrupt       stored or delivered data breaks its own rules (500, 422)
"""

from typing import ClassVar


class AntiphonError(Exception):
    """Root of all errors that Antiphon raises on purpose.

    ``code`` is stable and machine-readable; ``detail`` is one sentence that says what to do;
    ``fields`` carries the data that a client or a log line needs.
    """

    code: ClassVar[str] = "error"

    def __init__(self, detail: str, **fields: object) -> None:
        super().__init__(detail)
        self.detail = detail
        self.fields = fields


class NotFound(AntiphonError):  # noqa: N818 - the kinds read as facts
    """The thing that the caller named does not exist, or not for this caller."""

    code = "not_found"


class Conflict(AntiphonError):  # noqa: N818
    """The thing exists or has changed in a way that forbids this call."""

    code = "conflict"


class Invalid(AntiphonError):  # noqa: N818
    """The request can never succeed as it stands."""

    code = "invalid"


class Denied(AntiphonError):  # noqa: N818
    """The caller is unknown or not allowed."""

    code = "denied"


class Unavailable(AntiphonError):  # noqa: N818
    """Not now: the same call may succeed later."""

    code = "unavailable"


class Corrupt(AntiphonError):  # noqa: N818
    """Stored or delivered data breaks its own rules."""

    code = "corrupt"
