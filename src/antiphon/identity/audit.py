"""The port through which administrative changes are written down."""

from collections.abc import Mapping
from typing import Protocol, runtime_checkable

from antiphon.identity.model import Principal


@runtime_checkable
class Audit(Protocol):
    """Appends to a log that nobody can mend unnoticed."""

    async def append(
        self, actor: str, action: str, subject: str, details: Mapping[str, str] | None = None, /
    ) -> object:
        """Write down one change that has been made, durably."""
        ...


def actor(principal: Principal) -> str:
    """Return how the log names who asked: by ids, which outlive a name and tell nothing else."""
    by = f"account {principal.account_id}"
    return by if principal.scopes is None else f"{by} by API token {principal.device_id}"
