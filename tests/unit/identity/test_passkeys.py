import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from webauthn.helpers import base64url_to_bytes, bytes_to_base64url

from antiphon.eventlog import Outbox
from antiphon.identity import (
    Households,
    Identity,
    InvitationWish,
    NewAccount,
    Passkeys,
    Principal,
    RelyingParty,
    SignInDevice,
    Tokens,
    UsernameTaken,
    relying_party,
)
from antiphon.identity.errors import (
    LastWayIn,
    NoSuchPasskey,
    PasskeyKnown,
    PasskeyRefused,
    PasskeysUnavailable,
    ProofNeeded,
    TooManyAttempts,
    WrongCredentials,
)
from antiphon.kernel import FixedClock, Invalid
from antiphon.testing import MemoryCache, MemoryEventLog, MemoryTables, SoftwareAuthenticator

from .conftest import OWNER, SECRET
from .noting import Noting

SITE = RelyingParty("music.example", "https://music.example")
PHONE = SignInDevice("Phone", "ios")
ADDRESS = "1.2.3.4"


@dataclass
class House:
    """An installation with its owner and the member kim."""

    clock: FixedClock = field(default_factory=FixedClock)
    tables: MemoryTables = field(default_factory=MemoryTables)
    audit: Noting = field(default_factory=Noting)

    def __post_init__(self) -> None:
        cache = MemoryCache()
        outbox = Outbox(self.tables, MemoryEventLog(), self.clock)
        self.identity = Identity(self.tables, cache, outbox, self.clock, SECRET)
        self.passkeys = Passkeys(
            self.identity, self.tables, cache, self.clock, self.audit, site=SITE
        )
        self.households = Households(self.identity, self.tables, self.clock, self.audit)

    def who(self, tokens: Tokens) -> Principal:
        return self.identity.authenticate(b"Bearer " + tokens.access_token.encode())

    async def begin(self) -> None:
        self.owner = self.who((await self.identity.set_up(OWNER, PHONE))[1])
        await self.identity.add_user(NewAccount("kim", "correct horse"))
        signed = await self.identity.sign_in("kim", "correct horse", PHONE, address=ADDRESS)
        self.kim = self.who(signed[1])

    async def registered(self, principal: Principal, **device: Any) -> SoftwareAuthenticator:
        authenticator = SoftwareAuthenticator(SITE.origin, **device)
        options = await self.passkeys.offer(principal, None)
        await self.passkeys.register(principal, authenticator.make(options), "Key")
        return authenticator

    async def sign_in(self, credential: dict[str, Any]) -> Principal:
        found = await self.passkeys.sign_in(credential, PHONE, address=ADDRESS)
        return self.who(found[1])


@pytest.fixture
async def house() -> House:
    made = House()
    await made.begin()
    return made


async def test_who_has_registered_a_passkey_signs_in_with_it_and_no_name(house: House) -> None:
    key = await house.registered(house.kim)
    for _ in range(3):
        signed_in = await house.sign_in(key.get(await house.passkeys.ask(ADDRESS)))
        assert signed_in.account_id == house.kim.account_id
    (kept,) = await house.passkeys.list(house.kim)
    assert (kept.name, kept.sign_count, kept.last_used_at) == ("Key", 4, house.clock.now())
    assert house.audit.actions() == ["passkey_added"]


async def test_an_authenticator_that_does_not_count_is_let_in_again_and_again(house: House) -> None:
    key = await house.registered(house.kim)
    key = SoftwareAuthenticator(SITE.origin)
    options = await house.passkeys.offer(house.kim, None)
    await house.passkeys.register(house.kim, key.make(options, count=0), "Synced")
    for _ in range(2):
        await house.sign_in(key.get(await house.passkeys.ask(ADDRESS), count=0))


@pytest.mark.parametrize(
    "wrong",
    [
        {"origin": "https://music.example.evil"},
        {"origin": "http://music.example"},
        {"origin": "https://music.example:8443"},
        {"rp_id": "evil.example"},
        {"kind": "webauthn.create"},
        {"challenge": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"},
        {"challenge": ""},
        {"count": 1},
        {"count": 0},
        {"user_handle": b"somebody else"},
    ],
)
async def test_an_answer_with_one_thing_wrong_is_refused(
    house: House, wrong: dict[str, Any]
) -> None:
    key = await house.registered(house.kim)
    with pytest.raises(PasskeyRefused):
        await house.sign_in(key.get(await house.passkeys.ask(ADDRESS), **wrong))


@pytest.mark.parametrize(
    "wrong",
    [
        {"origin": "https://evil.example"},
        {"rp_id": "evil.example"},
        {"kind": "webauthn.get"},
        {"challenge": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"},
    ],
)
async def test_a_registration_with_one_thing_wrong_keeps_nothing(
    house: House, wrong: dict[str, Any]
) -> None:
    options = await house.passkeys.offer(house.kim, None)
    answer = SoftwareAuthenticator(SITE.origin).make(options, **wrong)
    with pytest.raises(PasskeyRefused):
        await house.passkeys.register(house.kim, answer, "Key")
    assert await house.passkeys.list(house.kim) == []


async def test_a_challenge_is_good_for_one_answer(house: House) -> None:
    key = await house.registered(house.kim)
    options = await house.passkeys.ask(ADDRESS)
    answer = key.get(options)
    await house.sign_in(answer)
    for replayed in (answer, key.get(options)):
        with pytest.raises(PasskeyRefused):
            await house.sign_in(replayed)


async def test_a_challenge_answered_wrongly_is_used_up(house: House) -> None:
    key = await house.registered(house.kim)
    options = await house.passkeys.ask(ADDRESS)
    with pytest.raises(PasskeyRefused):
        await house.sign_in(key.get(options, rp_id="evil.example"))
    with pytest.raises(PasskeyRefused):
        await house.sign_in(key.get(options))


async def test_a_challenge_for_registering_is_none_for_signing_in(house: House) -> None:
    key = await house.registered(house.kim)
    options = await house.passkeys.offer(house.kim, None)
    with pytest.raises(PasskeyRefused):
        await house.sign_in(key.get(options))


async def test_nobody_registers_with_a_challenge_given_to_another(house: House) -> None:
    options = await house.passkeys.offer(house.kim, None)
    answer = SoftwareAuthenticator(SITE.origin).make(options)
    with pytest.raises(PasskeyRefused):
        await house.passkeys.register(house.owner, answer, "Key")


async def test_a_foreign_credential_and_a_foreign_key_are_refused(house: House) -> None:
    key = await house.registered(house.kim)
    unknown = SoftwareAuthenticator(SITE.origin, rp_id=SITE.id)
    forged = SoftwareAuthenticator(
        SITE.origin, rp_id=SITE.id, credential_id=key.credential_id, user_handle=key.user_handle
    )
    forged.count = 100
    for foreign in (unknown, forged):
        with pytest.raises(PasskeyRefused):
            await house.sign_in(foreign.get(await house.passkeys.ask(ADDRESS)))


async def test_who_manages_must_be_verified_by_the_authenticator_and_others_need_not(
    house: House,
) -> None:
    with pytest.raises(PasskeyRefused):
        await house.registered(house.owner, verifies=False)
    key = await house.registered(house.owner)
    key.verifies = False
    with pytest.raises(PasskeyRefused):
        await house.sign_in(key.get(await house.passkeys.ask(ADDRESS)))
    theirs = await house.registered(house.kim, verifies=False)
    await house.sign_in(theirs.get(await house.passkeys.ask(ADDRESS)))


async def test_a_credential_is_registered_once(house: House) -> None:
    key = await house.registered(house.kim)
    options = await house.passkeys.offer(house.owner, None)
    with pytest.raises(PasskeyKnown):
        await house.passkeys.register(house.owner, key.make(options), "Mine too")


async def test_the_last_way_in_stays(house: House) -> None:
    invitation, token = await house.households.invite(house.owner, InvitationWish())
    key = SoftwareAuthenticator(SITE.origin)
    options = await house.passkeys.offer_invited(invitation, "guest", "Guest")
    async with house.passkeys.invited(invitation, key.make(options)) as account_id:
        new = NewAccount("guest", "")
        signed = await house.households.accept(token, new, PHONE, passwordless=account_id)
    guest = house.who(signed[1])
    assert (
        await house.sign_in(key.get(await house.passkeys.ask(ADDRESS)))
    ).account_id == account_id
    (only,) = await house.passkeys.list(guest)
    with pytest.raises(LastWayIn):
        await house.passkeys.remove(guest, only.id)
    with pytest.raises(WrongCredentials):
        await house.identity.sign_in("guest", "", PHONE, address=ADDRESS)
    await house.identity.change_password(guest, "", "a password of mine")
    await house.passkeys.remove(guest, only.id)
    with pytest.raises(PasskeyRefused):
        await house.sign_in(key.get(await house.passkeys.ask(ADDRESS)))


async def test_an_invited_passkey_is_not_kept_where_the_account_was_not_made(house: House) -> None:
    invitation, token = await house.households.invite(house.owner, InvitationWish())
    key = SoftwareAuthenticator(SITE.origin)
    options = await house.passkeys.offer_invited(invitation, "kim", "Kim")
    credential = key.make(options)

    async def accept() -> None:
        async with house.passkeys.invited(invitation, credential) as account_id:
            new = NewAccount("kim", "")
            await house.households.accept(token, new, PHONE, passwordless=account_id)

    with pytest.raises(UsernameTaken):
        await accept()
    assert await house.tables.scan("passkey_ids") == []
    assert await house.tables.scan("passkeys") == []
    await house.households.open(token)  # the link is still good


async def test_only_who_proves_it_adds_a_way_in(house: House) -> None:
    house.clock.advance(seconds=16 * 60)
    with pytest.raises(ProofNeeded):
        await house.passkeys.offer(house.kim, None)
    with pytest.raises(WrongCredentials):
        await house.passkeys.offer(house.kim, "wrong")
    await house.passkeys.offer(house.kim, "correct horse")
    for _ in range(9):
        with pytest.raises(WrongCredentials):
            await house.passkeys.offer(house.kim, "wrong")
    with pytest.raises(TooManyAttempts):
        await house.passkeys.offer(house.kim, "correct horse")


async def test_nobody_touches_anothers_passkey(house: House) -> None:
    await house.registered(house.kim)
    (kept,) = await house.passkeys.list(house.kim)
    with pytest.raises(NoSuchPasskey):
        await house.passkeys.remove(house.owner, kept.id)
    with pytest.raises(NoSuchPasskey):
        await house.passkeys.rename(house.owner, kept.id, "Mine")
    assert await house.passkeys.list(house.kim) == [kept]


async def test_a_removed_user_leaves_no_passkey(house: House) -> None:
    key = await house.registered(house.kim)
    await house.identity.remove_user(house.kim.account_id)
    assert await house.tables.scan("passkeys") == []
    with pytest.raises(PasskeyRefused):
        await house.sign_in(key.get(await house.passkeys.ask(ADDRESS)))


def _cut(credential: dict[str, Any]) -> dict[str, Any]:
    whole = credential["response"]
    return credential | {"response": {k: v[: len(v) // 2] for k, v in whole.items() if v}}


@pytest.mark.parametrize(
    "spoilt",
    [
        lambda _: {},
        lambda c: c | {"response": {}},
        lambda c: c | {"response": "x"},
        lambda c: c | {"id": 7},
        lambda c: c | {"rawId": "AAAA"},
        lambda c: c | {"type": "password"},
        lambda c: c | {"response": c["response"] | {"clientDataJSON": "W10"}},
        lambda c: c | {"response": c["response"] | {"clientDataJSON": "_w"}},
        lambda c: (
            c | {"response": c["response"] | {"authenticatorData": "AA", "attestationObject": "AA"}}
        ),
        lambda c: c | {"response": c["response"] | {"signature": "AA", "attestationObject": "oA"}},
        _cut,
    ],
)
async def test_a_malformed_answer_is_refused_and_nothing_else(
    house: House, spoilt: Callable[[dict[str, Any]], dict[str, Any]]
) -> None:
    key = await house.registered(house.kim)
    with pytest.raises(Invalid):
        await house.sign_in(spoilt(key.get(await house.passkeys.ask(ADDRESS))))
    options = await house.passkeys.offer(house.kim, None)
    answer = spoilt(SoftwareAuthenticator(SITE.origin).make(options))
    with pytest.raises(Invalid):
        await house.passkeys.register(house.kim, answer, "Key")


@pytest.mark.parametrize(
    ("public_url", "found"),
    [
        ("https://music.example", RelyingParty("music.example", "https://music.example")),
        ("https://Music.Example:443/", RelyingParty("music.example", "https://music.example")),
        ("https://m.example:8443", RelyingParty("m.example", "https://m.example:8443")),
        ("http://localhost:8484", RelyingParty("localhost", "http://localhost:8484")),
        ("", RelyingParty("localhost", "http://localhost:8484")),
        ("http://music.example", None),
        ("https://192.168.1.4:8484", None),
        ("https://[::1]", None),
        ("http://127.0.0.1:8484", None),
        ("https://music.example:port", None),
        ("ftp://localhost", None),
        ("nonsense", None),
    ],
)
def test_passkeys_are_for_secure_addresses_with_a_name(
    public_url: str, found: RelyingParty | None
) -> None:
    assert relying_party(public_url, 8484) == found


async def test_without_such_an_address_there_are_no_passkeys(house: House) -> None:
    passkeys = Passkeys(
        house.identity, house.tables, MemoryCache(), house.clock, house.audit, site=None
    )
    with pytest.raises(PasskeysUnavailable):
        await passkeys.ask(ADDRESS)
    with pytest.raises(PasskeysUnavailable):
        await passkeys.offer(house.kim, None)


def _bent(credential: dict[str, Any], chance: random.Random) -> dict[str, Any]:
    """Return a credential with a few bytes of one part changed, cut off or put in."""
    response = dict(credential["response"])
    part = chance.choice([name for name, value in response.items() if value])
    raw = bytearray(base64url_to_bytes(response[part]))
    at = chance.randrange(len(raw))
    match chance.randrange(3):
        case 0:
            raw[at] ^= 1 << chance.randrange(8)
        case 1:
            del raw[at : at + chance.randrange(1, 9)]
        case _:
            raw[at:at] = chance.randbytes(chance.randrange(1, 9))
    return credential | {"response": response | {part: bytes_to_base64url(bytes(raw))}}


async def test_no_bent_answer_signs_in_or_fails_otherwise_than_by_refusal(house: House) -> None:
    key = await house.registered(house.kim, count=1000)
    chance = random.Random(20)
    for turn in range(250):
        answer = _bent(key.get(await house.passkeys.ask(f"host {turn}"), count=2000), chance)
        with pytest.raises(PasskeyRefused):
            await house.sign_in(answer)


async def test_a_bent_registration_is_refused_or_signs_in_as_nobody_else(house: House) -> None:
    chance = random.Random(21)
    for _ in range(250):
        key = SoftwareAuthenticator(SITE.origin)
        answer = _bent(key.make(await house.passkeys.offer(house.kim, None)), chance)
        try:
            made = await house.passkeys.register(house.kim, answer, "Bent")
        except PasskeyRefused:
            continue
        assert made.account_id == house.kim.account_id  # what was bent is not attested: its id
        await house.passkeys.remove(house.kim, made.id)
