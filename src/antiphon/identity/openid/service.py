"""Signing in by way of a provider, linking, unlinking, and what a provider gives notice of."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Final

from antiphon.identity import errors
from antiphon.identity.attempts import Attempts
from antiphon.identity.audit import Audit, actor
from antiphon.identity.model import Account, Invitation, Principal, Role, Tokens
from antiphon.identity.openid.errors import (
    LinkedElsewhere,
    NoAccountYet,
    NoSuchLink,
    NoSuchProvider,
    OpenIdRefused,
)
from antiphon.identity.openid.flow import TTL_SECONDS, Begun, CodeFlow, ProviderAnswer, Vouched
from antiphon.identity.openid.id_token import Person, header_of
from antiphon.identity.openid.links import Link, Links, link_id
from antiphon.identity.openid.notices import NOTICE_SECONDS, Notice, NoticeKind, notice_of
from antiphon.identity.openid.provider import Provider
from antiphon.identity.openid.revocations import Revocations
from antiphon.identity.passkeys import WayIn
from antiphon.identity.rules import label
from antiphon.identity.service import Identity, NewAccount, SignInDevice
from antiphon.kernel import AccountId, Clock, random_id
from antiphon.storage import Cache

_NAMES_TRIED: Final = 20
_SETTLING_MS: Final = 60_000


@dataclass(frozen=True, slots=True)
class Invited:
    """The account to be of somebody invited, whom a provider vouches for."""

    account_id: AccountId
    new: NewAccount
    link_id: str


class OpenIdSignIn:
    """The use cases of linked sign-ins. ``origin`` is where browsers reach the installation."""

    def __init__(  # noqa: PLR0913 - its ports, each another one
        self,
        identity: Identity,
        links: Links,
        cache: Cache,
        clock: Clock,
        audit: Audit,
        *,
        providers: Sequence[Provider],
        origin: str,
        secret: bytes,
        other_ways: Sequence[WayIn] = (),
    ) -> None:
        self._identity = identity
        self._links = links
        self._cache = cache
        self._clock = clock
        self._audit = audit
        self._flow = CodeFlow(cache, clock, providers=providers, origin=origin)
        self._revocations = Revocations(links, self._flow, clock, secret)
        self._other_ways = tuple(other_ways)
        self._attempts = Attempts(cache)

    def providers(self) -> list[Provider]:
        """Return the providers in the order of the settings."""
        return self._flow.providers()

    # ------------------------------------------------------------------------------- signing in

    async def begin(self, provider_id: str, *, address: str) -> Begun:
        """Begin a sign-in of one browser; ``ProviderUnavailable``."""
        await self._attempts.spend("openid", address)
        return await self._flow.begun(self._flow.provider(provider_id), "sign-in", "")

    async def sign_in(
        self, provider_id: str, answer: ProviderAnswer, device: SignInDevice
    ) -> tuple[Account, Tokens]:
        """Begin a family of tokens for whom the provider vouches for."""
        provider = self._flow.provider(provider_id)
        vouched = await self._flow.vouched(provider, answer, "sign-in")
        known = await self._known(provider, vouched.person)
        if known is None:
            account, link = await self._made(provider, vouched)
        else:
            account, link = known
            if vouched.refresh_token:
                sealed = self._revocations.sealed(link.id, vouched.refresh_token)
                newer = replace(link, provider=provider.id, sealed_token=sealed)
                await self._links.replace(link, newer)
        return account, await self._identity.begin(account, device, by=link.id)

    async def _known(self, provider: Provider, person: Person) -> tuple[Account, Link] | None:
        """Return whose a person of a provider is; a link that a kill left without one goes."""
        link = await self._links.find(provider.issuer, person.subject)
        if link is None:
            return None
        account = await self._identity.store.account(link.account_id)
        if account is not None:
            return account, link
        if self._clock.now() - link.linked_at < _SETTLING_MS:  # its account is being made
            raise OpenIdRefused("This sign-in is in use just now: try again in a minute.")
        await self._links.remove(link)
        return None

    async def _made(self, provider: Provider, vouched: Vouched) -> tuple[Account, Link]:
        household = await self._identity.store.household()
        if provider.new_accounts == "nobody" or household is None:
            detail = (
                f"No account here belongs to this {provider.name} sign-in: link one first, "
                "or ask the owner of this server."
            )
            raise NoAccountYet(detail, http_status=403)
        account_id = AccountId(random_id())
        link = self._link(provider, vouched, account_id)
        if not await self._links.add(link):
            raise OpenIdRefused("This sign-in was used twice at once: try again.")
        try:
            account = await self._drafted(vouched.person, account_id)
            await self._identity.store.put_account(account)
        except BaseException:
            await self._links.remove(link, gives_back=True)
            raise
        details = {"provider": provider.id}
        await self._audit.append(f"account {account_id}", "account_made", account_id, details)
        return account, link

    async def _drafted(self, person: Person, account_id: AccountId) -> Account:
        """Return the new account under the first of its names that is free."""
        household = await self._identity.store.household()
        assert household is not None, "asked before there is a household"
        for new in _names_for(person):
            account = await self._identity.draft(
                new, Role.MEMBER, household[0], passwordless=account_id
            )
            try:
                await self._identity.claim(account)
            except errors.UsernameTaken:
                continue
            return account
        raise errors.UsernameTaken("No user name is free for this sign-in.")

    # -------------------------------------------------------------------------------- invited

    async def offer_invited(
        self, provider_id: str, invitation: Invitation, *, address: str
    ) -> Begun:
        """Begin for somebody who holds the link of an invitation."""
        await self._attempts.spend("openid", address)
        return await self._flow.begun(self._flow.provider(provider_id), "invited", invitation.id)

    @asynccontextmanager
    async def invited(
        self, provider_id: str, invitation: Invitation, answer: ProviderAnswer
    ) -> AsyncIterator[Invited]:
        """Link an account to be; what fails inside takes the link away again."""
        provider = self._flow.provider(provider_id)
        vouched = await self._flow.vouched(provider, answer, "invited")
        if vouched.bound_to != invitation.id:
            raise OpenIdRefused("This was begun for another invitation: begin again.")
        is_known = await self._known(provider, vouched.person) is not None
        link = self._link(provider, vouched, AccountId(random_id()))
        if is_known or not await self._links.add(link):
            detail = f"This {provider.name} sign-in has an account here already: sign in with it."
            raise LinkedElsewhere(detail)
        try:
            yield Invited(link.account_id, await self._free_name(vouched.person), link.id)
        except BaseException:
            await self._links.remove(link, gives_back=True)
            raise

    async def _free_name(self, person: Person) -> NewAccount:
        for new in _names_for(person):
            if await self._identity.user_named(new.username) is None:
                return new
        raise errors.UsernameTaken("No user name is free for this sign-in.")

    # ---------------------------------------------------------------------------------- linking

    async def offer(self, principal: Principal, provider_id: str, password: str | None) -> Begun:
        """Begin linking, for somebody who proves who they are here first."""
        provider = self._flow.provider(provider_id)
        account = await self._identity.prove(principal, password)
        return await self._flow.begun(provider, "link", account.id)

    async def link(self, principal: Principal, provider_id: str, answer: ProviderAnswer) -> Link:
        """Link whom the provider vouches for with the account that began it."""
        provider = self._flow.provider(provider_id)
        vouched = await self._flow.vouched(provider, answer, "link")
        if vouched.bound_to != principal.account_id:
            raise OpenIdRefused("This was begun by somebody else: begin again.")
        is_known = await self._known(provider, vouched.person) is not None
        link = self._link(provider, vouched, principal.account_id)
        if is_known or not await self._links.add(link):
            detail = f"This {provider.name} sign-in is linked with an account already."
            raise LinkedElsewhere(detail)
        await self._audit.append(
            actor(principal), "openid_linked", link.id, {"provider": provider.id}
        )
        return link

    async def links(self, principal: Principal) -> list[Link]:
        """Return what is linked with the account that asks."""
        return await self._links.of(principal.account_id)

    async def unlink(self, principal: Principal, wanted: str) -> None:
        """Unlink; ``LastWayIn`` where the account could not be entered without it."""
        mine = await self._links.of(principal.account_id)
        link = next((link for link in mine if link.id == wanted), None)
        if link is None:
            raise NoSuchLink("You have no such linked sign-in.")
        account = await self._identity.account_of(principal)
        ways = await self._ways_beside(link, account)
        if not ways:
            detail = "This is your last way in: set a password or add a passkey first."
            raise errors.LastWayIn(detail)
        await self._links.remove(link, gives_back=True)
        await self._audit.append(
            actor(principal), "openid_unlinked", link.id, {"provider": link.provider}
        )

    async def _ways_beside(self, link: Link, account: Account) -> int:
        """Return how many ways into an account there are without this link."""
        others = [one for one in await self._links.of(account.id) if one.id != link.id]
        ways = len(others) + bool(account.password_hash)
        for other in self._other_ways:
            ways += await other.ways_of(account.id)
        return ways

    def _link(self, provider: Provider, vouched: Vouched, account_id: AccountId) -> Link:
        person = vouched.person
        wanted = link_id(provider.issuer, person.subject)
        token = vouched.refresh_token
        return Link(
            id=wanted,
            account_id=account_id,
            provider=provider.id,
            issuer=provider.issuer,
            subject=person.subject,
            shown_as=label(person.mail or person.name or person.username, fallback=provider.name),
            linked_at=self._clock.now(),
            sealed_token=self._revocations.sealed(wanted, token) if token else b"",
        )

    # ------------------------------------------------------------------ what the provider tells

    async def take_notice(self, provider_id: str, payload: str, *, address: str) -> Notice:
        """Do what a notice calls for, once; ``OpenIdRefused`` where it is not the provider's.

        Whoever withdrew the consent, or has no account there any more, is signed out where they
        came in by way of it, and unlinked. Only the last way in stays linked after a withdrawal:
        getting in by it wants a new consent anyhow.
        """
        provider = self._flow.provider(provider_id)
        if provider.style != "apple":
            raise NoSuchProvider(f"{provider.name} sends no notices.")
        try:
            algorithm, kid = header_of(payload)
            key = await self._flow.directory(provider).key(kid, algorithm)
            notice = notice_of(payload, key, algorithm, provider, now=self._clock.now() // 1000)
        except OpenIdRefused:  # the provider itself may send as many as it has
            await self._attempts.spend("openid-notices", address)
            raise
        mark = f"openid-notice/{notice.mark}"
        if await self._cache.get(mark) is None:
            await self._followed(provider, notice)
            await self._cache.set(mark, b"1", ttl=NOTICE_SECONDS + TTL_SECONDS)
        return notice

    async def _followed(self, provider: Provider, notice: Notice) -> None:
        link = await self._links.find(provider.issuer, notice.subject)
        if link is None or link.linked_at > notice.until:  # nobody's, or of an earlier consent
            return
        details = {"account": link.account_id, "provider": provider.id}
        if notice.kind.ends_sign_ins:
            account = await self._identity.store.account(link.account_id)
            stays = (
                notice.kind is NoticeKind.CONSENT_REVOKED
                and account is not None
                and not await self._ways_beside(link, account)
            )
            # The link goes last: after a kill before that, the notice that comes again finds it.
            ended = await self._identity.end_linked(link.account_id, link.id, notice.until)
            if stays:
                await self._links.replace(link, replace(link, sealed_token=b""))
            else:
                await self._links.remove(link)
            details |= {"ended": str(ended), "unlinked": str(not stays).lower()}
        action = f"openid_{notice.kind.name.lower()}"
        await self._audit.append(f"provider {provider.id}", action, link.id, details)

    async def keep_current(self, stop: asyncio.Event) -> None:
        """Give back to providers what removed links left, until ``stop``."""
        await self._revocations.keep_current(stop)

    async def give_back_due(self) -> int:
        """Give back now what is due; return for how many that is settled."""
        return await self._revocations.settle_due()


def _names_for(person: Person) -> Iterator[NewAccount]:
    """Yield what a person could be called here, the best first."""
    wished = person.username or person.mail.partition("@")[0]
    base = "".join(c for c in wished if c.isalnum() or c in "._-")[:48] or "listener"
    for number in range(_NAMES_TRIED):
        name = base if number == 0 else f"{base}-{secrets.token_hex(3)}"
        yield NewAccount(name, "", person.name or wished)
