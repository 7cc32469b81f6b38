"""An installation that trusts one provider, and its owner."""

from dataclasses import dataclass, field
from typing import Any

from antiphon.eventlog import Outbox
from antiphon.identity import (
    Households,
    Identity,
    Links,
    OpenIdSignIn,
    Principal,
    Provider,
    SignInDevice,
    Tokens,
)
from antiphon.identity.openid.flow import ProviderAnswer
from antiphon.kernel import FixedClock
from antiphon.testing import MemoryCache, MemoryEventLog, MemoryTables

from .conftest import OWNER, SECRET
from .hostile import CLIENT, HostileProvider
from .noting import Noting

PHONE = SignInDevice("Phone", "ios")
ADDRESS = "1.2.3.4"


@dataclass
class House:
    """An installation that trusts one provider, and its owner."""

    provider: HostileProvider
    clock: FixedClock
    tables: MemoryTables = field(default_factory=MemoryTables)
    audit: Noting = field(default_factory=Noting)

    def __post_init__(self) -> None:
        self.cache = MemoryCache()
        outbox = Outbox(self.tables, MemoryEventLog(), self.clock)
        self.identity = Identity(self.tables, self.cache, outbox, self.clock, SECRET)
        self.households = Households(self.identity, self.tables, self.clock, self.audit)
        self.use(new_accounts="anyone")

    def use(self, **changes: Any) -> None:
        wish = {
            "id": "home",
            "name": "Home",
            "issuer": self.provider.issuer,
            "client_id": CLIENT,
            "client_secret": "s",
            "private_addresses": True,
        }
        self.configured = Provider(**(wish | changes))
        self.openid = self.made()

    def made(self) -> OpenIdSignIn:
        """Return the service as one more process has it."""
        return OpenIdSignIn(
            self.identity,
            Links(self.tables),
            self.cache,
            self.clock,
            self.audit,
            providers=[self.configured],
            origin="https://music.example",
            secret=SECRET,
        )

    async def begin(self) -> None:
        self.owner = self.who((await self.identity.set_up(OWNER, PHONE))[1])

    def who(self, tokens: Tokens) -> Principal:
        return self.identity.authenticate(b"Bearer " + tokens.access_token.encode())

    async def answered(self, **changes: str) -> ProviderAnswer:
        begun = await self.openid.begin("home", address=ADDRESS)
        return given(self.provider.browse(begun.url, **changes), begun.browser)

    async def sign_in(self, **changes: str) -> Principal:
        answer = await self.answered(**changes)
        return self.who((await self.openid.sign_in("home", answer, PHONE))[1])

    async def link(self, principal: Principal) -> str:
        begun = await self.openid.offer(principal, "home", None)
        answer = given(self.provider.browse(begun.url), begun.browser)
        return (await self.openid.link(principal, "home", answer)).id


def given(sent: dict[str, str], browser: str) -> ProviderAnswer:
    return ProviderAnswer(
        sent["state"], browser, sent.get("code", ""), sent.get("iss") or None, sent.get("error", "")
    )
