"""Small words that the contract suites share."""

from collections.abc import Awaitable

from antiphon.kernel import AntiphonError


async def refused(kind: type[AntiphonError], call: Awaitable[object]) -> AntiphonError:
    """Return the error with which ``call`` is refused; fail where it is not, or with another."""
    try:
        result = await call
    except kind as error:
        return error
    raise AssertionError(f"expected {kind.__name__}, got the result {result!r}")
