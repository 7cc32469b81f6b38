"""API tokens: for scripts and other programs, each with a name, scopes and perhaps an end.

A token is ``antiphon_pat_<id>_<secret>``: the prefix lets scanners of published code find it, the
secret has 256 random bits, of which only the SHA-256 hash is kept. Checking a request must not
wait, so ``admit`` reads the row first and ``Identity.authenticate`` finds what it has found.
"""

import base64
import hashlib
import hmac
import re
import secrets
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from antiphon.identity import errors
from antiphon.identity.api_token_store import ApiTokenStore
from antiphon.identity.audit import Audit, actor
from antiphon.identity.model import ApiToken, Principal, Role
from antiphon.identity.rules import label
from antiphon.identity.service import Identity
from antiphon.kernel import Clock, DeviceId, UnixMs, random_id
from antiphon.storage import Tables

PREFIX: Final = "antiphon_pat_"
BEARER: Final = b"Bearer " + PREFIX.encode()
_TOKEN: Final = re.compile(PREFIX + r"([a-z2-7]{24})_([a-z2-7]{52})\Z")
_KEPT_SECONDS: Final = 1.0
_KEPT: Final = 10_000
_DAY_MS: Final = 86_400_000
_MAX_DAYS: Final = 3650
_MOST: Final = 50
_NOTE_USE_MS: Final = 60_000  # a busy token writes its row once a minute, not at each request


class Scope(StrEnum):
    """What a token may be used for; none includes another."""

    READ = "read"
    PLAY = "play"
    LIBRARY = "library"
    ADMIN = "admin"
    SUBSONIC = "subsonic"


@dataclass(frozen=True, slots=True)
class ApiTokenWish:
    """A name, scopes, and in how many days it ends (None: never)."""

    name: str
    scopes: frozenset[Scope]
    days: int | None = None


class ApiTokens:
    """The use cases of API tokens. A revoked token is refused everywhere within two seconds."""

    def __init__(self, identity: Identity, tables: Tables, clock: Clock, audit: Audit) -> None:
        self._identity = identity
        self._store = ApiTokenStore(tables)
        self._clock = clock
        self._audit = audit
        self._known: OrderedDict[bytes, tuple[Principal, float]] = OrderedDict()
        identity.accept_api_tokens(self.principal_of)

    async def create(
        self, principal: Principal, wish: ApiTokenWish, password: str | None
    ) -> tuple[ApiToken, str]:
        """Return a new token and its text, which is shown this once."""
        account = await self._identity.prove(principal, password)
        if account.is_child:
            raise errors.BadApiToken("A child's profile makes no API tokens.", pointer="/scopes")
        if not wish.scopes:
            raise errors.BadApiToken("Choose at least one scope.", pointer="/scopes")
        if Scope.ADMIN in wish.scopes and account.role is Role.MEMBER:
            detail = "Only who manages a household can give the scope admin."
            raise errors.BadApiToken(detail, pointer="/scopes")
        if wish.days is not None and not 1 <= wish.days <= _MAX_DAYS:
            raise errors.BadApiToken(f"A token ends in 1 to {_MAX_DAYS} days.", pointer="/days")
        if len(await self._store.of(account.id)) >= _MOST:
            raise errors.BadApiToken(f"An account has at most {_MOST} API tokens.")
        secret = base64.b32encode(secrets.token_bytes(32)).decode().rstrip("=").lower()
        now = self._clock.now()
        token = ApiToken(
            id=random_id(),
            account_id=account.id,
            name=label(wish.name, fallback="A program"),
            scopes=tuple(sorted(scope.value for scope in wish.scopes)),
            secret_hash=_hashed(secret),
            created_at=now,
            expires_at=UnixMs(0 if wish.days is None else now + wish.days * _DAY_MS),
        )
        await self._store.add(token)
        details = {"scopes": " ".join(token.scopes)}
        await self._audit.append(actor(principal), "api_token_made", token.id, details)
        return token, f"{PREFIX}{token.id}_{secret}"

    async def list(self, principal: Principal) -> Sequence[ApiToken]:
        """Return the tokens of who asks, the newest first."""
        return await self._store.of(principal.account_id)

    async def revoke(self, principal: Principal, token_id: str) -> None:
        """End a token, and whatever was begun with it."""
        token = await self._store.token(token_id)
        if token is None or token.account_id != principal.account_id:
            raise errors.NoSuchApiToken("You have no such API token.")
        await self._store.remove(token)
        await self._identity.end_device(principal.account_id, DeviceId(token.id))
        await self._audit.append(actor(principal), "api_token_revoked", token.id)

    async def admit(self, authorization: bytes) -> Principal:
        """Return who a token speaks for, and remember it for ``authenticate`` for a second."""
        kept = self.principal_of(authorization)
        if kept is not None:
            return kept
        principal = await self._checked(authorization)
        self._known[authorization] = principal, self._clock.monotonic() + _KEPT_SECONDS
        self._known.move_to_end(authorization)
        if len(self._known) > _KEPT:
            self._known.popitem(last=False)
        return principal

    def principal_of(self, authorization: bytes) -> Principal | None:
        """Return whom ``admit`` found within the last second; None where it did not."""
        kept = self._known.get(authorization)
        return None if kept is None or kept[1] <= self._clock.monotonic() else kept[0]

    async def _checked(self, authorization: bytes) -> Principal:
        match = _TOKEN.match(authorization[len(b"Bearer ") : 256].decode("latin-1"))
        token = None if match is None else await self._store.token(match[1])
        # Without a row the comparison is made all the same: the time tells nothing.
        kept = _hashed("") if token is None else token.secret_hash
        fits = hmac.compare_digest(kept, _hashed(match[2] if match else ""))
        now = self._clock.now()
        if token is None or not fits or (token.expires_at and token.expires_at <= now):
            raise errors.NotSignedIn("The API token is not valid: it is wrong, ended or revoked.")
        account = await self._identity.store.account(token.account_id)
        if account is None:
            raise errors.NotSignedIn("The account of this API token is gone.")
        if now - token.last_used_at >= _NOTE_USE_MS:
            await self._store.used(token, now)
        scopes = frozenset(token.scopes)
        return Principal(
            account.id,
            account.listener_id,
            account.household_id,
            DeviceId(token.id),
            account.role if Scope.ADMIN in scopes else Role.MEMBER,
            account.allows_explicit,
            account.epoch,
            scopes,
        )


def _hashed(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
