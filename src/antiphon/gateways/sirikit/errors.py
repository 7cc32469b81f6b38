"""What is wrong with a request itself: protocol exceptions.

They are for requests that break the protocol. What was asked well and cannot be done is told in a
resolution or in a response code, so that the listener hears more than "something went wrong".
"""

from enum import StrEnum
from typing import Final

from antiphon.kernel import AntiphonError, Denied, Unavailable

_METHOD: Final = "ProtocolException"
_RETRY_SECONDS: Final = 1.0  # the client waits for no more than about five
_UNAUTHORIZED: Final = 401
_FORBIDDEN: Final = 403


class Why(StrEnum):
    """The vendor's reasons."""

    UNSUPPORTED = "unsupported"
    """There is no such method."""
    UNAUTHORIZED = "unauthorized"
    UNEXPECTED = "unexpected"
    """The steps came in the wrong order."""
    INVALID = "invalid"
    """The method belongs to another endpoint."""
    UNPARSEABLE = "unparseable"
    DEPRECATED = "deprecated"
    INTERNAL = "internal"
    COMPLEX = "complex"
    """It took too long."""
    BUSY = "busy"


_CODES: Final = {why: number for number, why in enumerate(Why, start=1)}


class ProtocolError(Exception):
    """A request, or a step of one, that breaks the protocol or cannot be taken now.

    ``status`` is of the HTTP answer where the whole request is refused; a step that fails alone
    stands among the others' results in an answer of 200.
    """

    def __init__(
        self, why: Why, detail: str, *, status: int = 400, retry: float | None = None
    ) -> None:
        super().__init__(detail)
        self.why = why
        self.detail = detail
        self.status = status
        self.retry = retry

    def result(self, method: str = "", index: int | None = None) -> dict[str, object]:
        """Return it as the vendor's ``ProtocolExceptionInvocationResponse``.

        ``method`` and ``index`` are due with unsupported, unauthorized, invalid and busy. Nothing
        of ``detail`` is told: debugging traces are not for services in production.
        """
        told: dict[str, object] = {"reason": self.why.value, "code": _CODES[self.why]}
        if method:
            told["methodName"] = method
        if index is not None:
            told["methodIndex"] = index
        if self.retry is not None:
            told["retryWithDelay"] = self.retry
        return {"method": _METHOD, "exception": told}


def protocol_error(error: AntiphonError) -> ProtocolError:
    """Return what an error of the rooms is in this protocol."""
    if isinstance(error, Unavailable):
        return ProtocolError(Why.BUSY, error.detail, status=503, retry=_RETRY_SECONDS)
    if isinstance(error, Denied):
        status = _FORBIDDEN if error.fields.get("http_status") == _FORBIDDEN else _UNAUTHORIZED
        return ProtocolError(Why.UNAUTHORIZED, error.detail, status=status)
    return ProtocolError(Why.INTERNAL, error.detail, status=500)


def busy() -> ProtocolError:
    """Return the refusal of one request too many."""
    return ProtocolError(Why.BUSY, "Too many requests at once.", status=503, retry=_RETRY_SECONDS)
