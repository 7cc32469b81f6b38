"""What happens to the household's accounts, told on the topic ``identity``."""

from dataclasses import dataclass
from typing import ClassVar

from antiphon.kernel import AccountId, Event, ListenerId

TOPIC = "identity"


@dataclass(frozen=True, slots=True)
class UserRemoved(Event):
    """An account is gone; what its listener kept elsewhere has to go too."""

    account_id: AccountId
    listener_id: ListenerId
    type_name: ClassVar[str] = "identity.user_removed"

    @property
    def key(self) -> str:
        """Return the listener's id."""
        return self.listener_id
