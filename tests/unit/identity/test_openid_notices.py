"""Notices of a provider: only its own count, once, and they touch only what came by way of it."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from joserfc.jwk import ECKey, RSAKey

from antiphon.identity import Links, Principal
from antiphon.identity.errors import TooManyAttempts
from antiphon.identity.openid.errors import NoAccountYet, NoSuchProvider, OpenIdRefused
from antiphon.kernel import FixedClock, Unavailable
from antiphon.testing import MemoryCache

from .hostile import CLIENT, hostile_provider, unsigned
from .openid_house import ADDRESS, PHONE, House


@pytest.fixture
async def house(clock: FixedClock, tmp_path: Path) -> AsyncIterator[House]:
    file = tmp_path / "key.p8"
    file.write_bytes(ECKey.generate_key("P-256").as_pem(private=True))
    async with hostile_provider(clock) as provider:
        made = House(provider, clock)
        await made.begin()
        made.use(**apple(file), new_accounts="anyone")
        yield made


def apple(file: Path) -> dict[str, Any]:
    return {
        "style": "apple",
        "team": "TEAM",
        "key_id": "KEY",
        "key_file": str(file),
        "client_secret": "",
        "notice_audiences": ("the.app",),
    }


def claims_of(house: House, kind: str, **changes: Any) -> dict[str, Any]:
    event = {"type": kind, "sub": house.provider.subject, "event_time": 1_700_000_000_000}
    made = {
        "iss": house.provider.issuer,
        "aud": CLIENT,
        "iat": house.clock.now() // 1000,
        "jti": "notice-1",
        "events": json.dumps(event),
        **changes,
    }
    return {name: value for name, value in made.items() if value is not None}


async def tell(house: House, kind: str, **changes: Any) -> str:
    """Post a notice; return it."""
    payload = house.provider.signed(claims_of(house, kind, **changes))
    await house.openid.take_notice("home", payload, address=ADDRESS)
    return payload


def is_in(house: House, principal: Principal) -> bool:
    return not house.identity.is_revoked(principal.device_id)


async def with_a_password(house: House, principal: Principal) -> Principal:
    """Give an account a second way in; return a sign-in by it."""
    await house.identity.change_password(principal, "", "a password of mine")
    account = await house.identity.account_of(principal)
    signed = await house.identity.sign_in(
        account.username, "a password of mine", PHONE, address=ADDRESS
    )
    return house.who(signed[1])


async def test_who_withdraws_the_consent_is_signed_out_where_they_came_by_it_and_unlinked(
    house: House,
) -> None:
    by_provider = await house.sign_in()
    by_password = await with_a_password(house, by_provider)
    await tell(house, "consent-revoked")
    assert not is_in(house, by_provider)
    assert is_in(house, by_password)
    assert is_in(house, house.owner)
    assert await house.openid.links(by_password) == []
    (actor, action, _, details) = house.audit.entries[-1]
    assert (actor, action) == ("provider home", "openid_consent_revoked")
    assert details == {
        "account": by_provider.account_id,
        "provider": "home",
        "ended": "1",
        "unlinked": "true",
    }


async def test_the_last_way_in_stays_linked_after_a_withdrawal_and_wants_a_new_consent(
    house: House,
) -> None:
    person = await house.sign_in()
    await tell(house, "consent-revoked")
    assert not is_in(house, person)
    house.clock.advance(seconds=2)
    assert (await house.sign_in()).account_id == person.account_id


@pytest.mark.parametrize("kind", ["account-delete", "account-deleted"])
async def test_who_has_no_account_at_the_provider_any_more_is_unlinked_in_any_case(
    house: House, kind: str
) -> None:
    person = await house.sign_in()
    await tell(house, kind, aud=["the.app"])
    assert not is_in(house, person)
    assert await house.openid.links(person) == []
    house.use(new_accounts="nobody")
    house.clock.advance(seconds=2)
    with pytest.raises(NoAccountYet):
        await house.sign_in()


@pytest.mark.parametrize("kind", ["email-disabled", "email-enabled", "something-new"])
async def test_a_notice_of_anything_else_is_written_down_and_changes_nothing(
    house: House, kind: str
) -> None:
    person = await house.sign_in()
    await tell(house, kind)
    assert is_in(house, person)
    assert len(await house.openid.links(person)) == 1
    assert house.audit.entries[-1][1].startswith("openid_")


async def test_a_notice_of_somebody_unknown_is_taken_and_touches_nobody(house: House) -> None:
    person = await house.sign_in()
    told = len(house.audit.entries)
    event = json.dumps({"type": "account-delete", "sub": "somebody else"})
    await tell(house, "account-delete", events=event)
    assert is_in(house, person)
    assert len(house.audit.entries) == told


@pytest.mark.parametrize("forgets", [False, True], ids=["", "with an emptied cache"])
async def test_a_notice_that_comes_again_ends_nothing_that_began_after_it(
    house: House, forgets: bool
) -> None:
    await house.sign_in()
    payload = await tell(house, "consent-revoked")
    house.clock.advance(seconds=2)
    again = await house.sign_in()
    if forgets:
        house.cache = MemoryCache()
        house.openid = house.made()
    await house.openid.take_notice("home", payload, address=ADDRESS)
    assert is_in(house, again)
    assert len(await house.openid.links(again)) == 1


async def test_a_notice_from_before_the_link_does_not_unlink(house: House) -> None:
    at = house.clock.now() // 1000
    house.clock.advance(seconds=10)
    person = await house.sign_in()
    await tell(house, "account-delete", iat=at)
    assert is_in(house, person)
    assert len(await house.openid.links(person)) == 1


FAULTS: dict[str, dict[str, Any]] = {
    "another issuer": {"iss": "https://evil.example"},
    "no issuer": {"iss": None},
    "another audience": {"aud": "other"},
    "no audience": {"aud": None},
    "an audience that is a number": {"aud": 7},
    "no time": {"iat": None},
    "a time that is text": {"iat": "now"},
    "a time that is true": {"iat": True},
    "the future": {"iat": 1_700_000_100},
    "two days ago": {"iat": 1_699_820_000},
    "expired": {"exp": 1_699_999_000},
    "no name": {"jti": None},
    "an empty name": {"jti": ""},
    "no events": {"events": None},
    "events that are no JSON": {"events": "consent-revoked"},
    "events that are a list": {"events": "[]"},
    "an event without a person": {"events": '{"type": "account-delete"}'},
    "an event of a number": {"events": '{"type": "account-delete", "sub": 7}'},
    "an event of nobody": {"events": '{"type": "account-delete", "sub": ""}'},
    "events nested deeply": {"events": "[" * 5000},
}


@pytest.mark.parametrize("name", FAULTS)
async def test_a_notice_with_a_fault_is_refused_and_does_nothing(house: House, name: str) -> None:
    person = await house.sign_in()
    with pytest.raises(OpenIdRefused):
        await tell(house, "account-delete", **FAULTS[name])
    assert is_in(house, person)
    assert len(await house.openid.links(person)) == 1


async def test_a_notice_that_the_provider_did_not_sign_is_refused(house: House) -> None:
    person = await house.sign_in()
    claims = claims_of(house, "account-delete")
    other = house.provider.signed(claims, RSAKey.generate_key(2048))
    good = house.provider.signed(claims)
    altered = good[:-20] + ("A" * 20)
    for payload in (other, altered, unsigned(claims, "none"), unsigned(claims, "RS256"), "", "x"):
        with pytest.raises(OpenIdRefused):
            await house.openid.take_notice("home", payload, address=ADDRESS)
    assert is_in(house, person)


async def test_an_id_token_is_no_notice(house: House) -> None:
    await house.sign_in()
    claims = claims_of(house, "x", events=None, jti=None, sub=house.provider.subject, nonce="n")
    payload = house.provider.signed(claims)
    with pytest.raises(OpenIdRefused):
        await house.openid.take_notice("home", payload, address=ADDRESS)


async def test_other_providers_send_no_notices(house: House) -> None:
    house.use(new_accounts="anyone")
    with pytest.raises(NoSuchProvider):
        await tell(house, "consent-revoked")
    with pytest.raises(NoSuchProvider):
        await house.openid.take_notice("other", "x", address=ADDRESS)


async def test_bad_notices_from_one_address_are_counted_and_good_ones_are_not(
    house: House,
) -> None:
    for number in range(320):
        await tell(house, "email-enabled", jti=str(number))
    with pytest.raises(TooManyAttempts):  # noqa: PT012 - the first ones are refused for their form
        for _ in range(320):
            with pytest.raises(OpenIdRefused):
                await house.openid.take_notice("home", "x", address=ADDRESS)
    await tell(house, "email-enabled", jti="one more")


async def test_a_notice_that_was_cut_short_is_followed_when_it_comes_again(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    person = await house.sign_in()

    async def killed(*_: object, **__: object) -> None:
        raise Unavailable("the tables are gone")

    with monkeypatch.context() as patch:
        patch.setattr(Links, "remove", killed)
        with pytest.raises(Unavailable):
            await tell(house, "account-delete")
    assert len(await house.openid.links(person)) == 1
    await tell(house, "account-delete")
    assert not is_in(house, person)
    assert await house.openid.links(person) == []
