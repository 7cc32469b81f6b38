"""Giving consent back: what a removed link leaves is revoked at its provider (RFC 7009).

The token lies sealed by AES-256-GCM under a key derived from the installation's secret. Removing a
link leaves a row behind, so that nothing is forgotten when the provider is not there or this
process is killed; it is tried for a week, then said in the log and dropped. More than one process
may work on the rows: who takes one puts its next try off first.
"""

import asyncio
import secrets
from contextlib import suppress
from dataclasses import replace
from typing import Final

import structlog
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from antiphon.identity.openid.client_auth import authenticated
from antiphon.identity.openid.egress import send
from antiphon.identity.openid.errors import NoSuchProvider
from antiphon.identity.openid.flow import CodeFlow
from antiphon.identity.openid.links import Left, Links
from antiphon.kernel import AntiphonError, Clock, UnixMs

log = structlog.get_logger()

_EVERY_SECONDS: Final = 5.0
_FIRST_WAIT_MS: Final = 30_000
_LONGEST_WAIT_MS: Final = 6 * 3_600_000
_GIVEN_UP_MS: Final = 7 * 86_400_000
_NONCE_BYTES: Final = 12
_OK: Final = 200
# What the provider says of the token itself: asking again would change nothing.
_SETTLED: Final = (b'"invalid_token"', b'"invalid_grant"', b'"unsupported_token_type"')


class Revocations:
    """The tokens of links, sealed; and their way back to the provider."""

    def __init__(self, links: Links, flow: CodeFlow, clock: Clock, secret: bytes) -> None:
        self._links = links
        self._flow = flow
        self._clock = clock
        self._seal = AESGCM(secret)

    def sealed(self, link_id: str, token: str) -> bytes:
        """Return a token as it may lie in the tables, good for this link only."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return nonce + self._seal.encrypt(nonce, token.encode(), link_id.encode())

    async def keep_current(self, stop: asyncio.Event) -> None:
        """Settle what is due every few seconds, until ``stop``."""
        while not stop.is_set() and self._flow.providers():
            try:
                await self.settle_due()
            except AntiphonError as fault:
                log.warning("provider_tokens_not_read", why=fault.detail)
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), _EVERY_SECONDS)

    async def settle_due(self) -> int:
        """Revoke what is due; return how many rows that settled."""
        now = self._clock.now()
        settled = 0
        for left in await self._links.left():
            if left.next_at > now:
                continue
            wait = min(_FIRST_WAIT_MS * 2 ** min(left.tries, 12), _LONGEST_WAIT_MS)
            taken = replace(
                left,
                tries=left.tries + 1,
                first_at=left.first_at or now,
                next_at=UnixMs(now + wait),
            )
            if not await self._links.take_left(left, taken):
                continue  # another process has it
            if await self._is_settled(taken, now):
                await self._links.forget_left(taken)
                settled += 1
        return settled

    async def _is_settled(self, left: Left, now: int) -> bool:
        try:
            why = await self._refusal(left)
        except (NoSuchProvider, InvalidTag):
            log.warning("provider_token_dropped", provider=left.provider, link=left.link_id)
            return True
        except AntiphonError as fault:
            why = fault.detail
        if not why:
            log.info("provider_token_revoked", provider=left.provider, link=left.link_id)
            return True
        is_over = now - left.first_at >= _GIVEN_UP_MS
        event = "provider_token_given_up" if is_over else "provider_token_not_revoked"
        log.warning(event, provider=left.provider, link=left.link_id, why=why)
        return is_over

    async def _refusal(self, left: Left) -> str:
        """Ask the provider to revoke; return why it did not, or nothing."""
        provider = self._flow.provider(left.provider)
        sealed = left.sealed_token
        token = self._seal.decrypt(
            sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], left.link_id.encode()
        )
        metadata = await self._flow.directory(provider).metadata()
        if not metadata.revocation_endpoint:
            return ""
        body, headers = authenticated(
            provider,
            {"token": token.decode(), "token_type_hint": "refresh_token"},
            takes_basic=metadata.takes_basic,
            now=self._clock.now() // 1000,
        )
        status, raw = await send(provider, metadata.revocation_endpoint, body=body, headers=headers)
        is_settled = status == _OK or any(error in raw for error in _SETTLED)
        return "" if is_settled else f"HTTP {status}"
