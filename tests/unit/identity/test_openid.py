"""Signing in by way of a provider, good or hostile: only who is vouched for gets in."""

import base64
import hmac
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey

from antiphon.identity import InvitationWish, NewAccount, Principal, Provider
from antiphon.identity.errors import (
    LastWayIn,
    NoSuchInvitation,
    ProofNeeded,
    WrongCredentials,
)
from antiphon.identity.openid import egress
from antiphon.identity.openid.errors import (
    LinkedElsewhere,
    NoAccountYet,
    NoSuchLink,
    NoSuchProvider,
    OpenIdRefused,
    ProviderUnavailable,
)
from antiphon.identity.openid.flow import ProviderAnswer
from antiphon.kernel import FixedClock
from antiphon.storage import DeleteRow

from .conftest import OWNER
from .hostile import CLIENT, KEY, hostile_provider, unsigned
from .openid_house import ADDRESS, PHONE, House, given

OTHER = RSAKey.generate_key(2048)


@pytest.fixture
async def house(clock: FixedClock) -> AsyncIterator[House]:
    async with hostile_provider(clock) as provider:
        made = House(provider, clock)
        await made.begin()
        yield made


async def test_a_person_comes_back_to_the_account_of_the_first_time(house: House) -> None:
    first = await house.sign_in()
    assert not first.is_owner
    assert (await house.sign_in()).account_id == first.account_id
    house.provider.subject = "person-2"
    assert (await house.sign_in()).account_id != first.account_id


async def test_the_same_mail_from_a_provider_opens_nobody_elses_account(house: House) -> None:
    house.provider.claims = {
        "email": "robin@music.example",
        "email_verified": "true",
        "preferred_username": "Robin",
    }
    found = await house.sign_in()
    assert found.account_id != house.owner.account_id
    account = await house.identity.account_of(found)
    assert account.username.startswith("robin-")
    assert account.password_hash == ""


async def test_nobody_new_gets_in_where_the_owner_has_not_said_so(house: House) -> None:
    house.use(new_accounts="nobody")
    with pytest.raises(NoAccountYet, match="link one first"):
        await house.sign_in()
    assert len(await house.identity.users()) == 1


CLAIMS: dict[str, dict[str, Any]] = {
    "another issuer": {"iss": "https://evil.example"},
    "no issuer": {"iss": None},
    "another audience": {"aud": "other"},
    "no audience": {"aud": None},
    "several audiences and no azp": {"aud": [CLIENT, "other"]},
    "another azp": {"azp": "other"},
    "expired": {"exp": 1_699_999_000},
    "no exp": {"exp": None},
    "exp a string": {"exp": "tomorrow"},
    "exp true": {"exp": True},
    "exp infinite": {"exp": 1e300},
    "issued in the future": {"iat": 1_700_000_100},
    "issued long ago": {"iat": 1_699_000_000},
    "no iat": {"iat": None},
    "not yet valid": {"nbf": 1_700_000_100},
    "no nonce": {"nonce": None},
    "another nonce": {"nonce": "x"},
    "a nonce that is a list": {"nonce": ["x"]},
    "no subject": {"sub": None},
    "an empty subject": {"sub": ""},
    "a subject that is a number": {"sub": 7},
    "a subject of 256": {"sub": "x" * 256},
    "at_hash of another token": {"at_hash": "AAAAAAAAAAAAAAAAAAAAAA"},
}


@pytest.mark.parametrize("name", CLAIMS)
async def test_an_id_token_with_wrong_claims_is_refused(house: House, name: str) -> None:
    house.provider.claims = CLAIMS[name]
    with pytest.raises(OpenIdRefused):
        await house.sign_in()
    assert len(await house.identity.users()) == 1


def confused(claims: dict[str, Any]) -> str:
    head, body, _ = unsigned(claims, "HS256").split(".")
    mac = hmac.digest(KEY.as_pem(private=False), f"{head}.{body}".encode(), "sha256")
    return f"{head}.{body}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"


TOKENS: dict[str, Callable[[dict[str, Any]], str]] = {
    "alg none": lambda c: unsigned(c, "none"),
    "alg None": lambda c: unsigned(c, "None"),
    "RS256 without a signature": lambda c: unsigned(c, "RS256"),
    "HS256 with the public key": confused,
    "no token at all": lambda _c: "",
    "not base64": lambda _c: "%.%.%",
    "an oversize token": lambda _c: "a." + "b" * 20_000 + ".c",
    "a header that is a list": lambda _c: base64.urlsafe_b64encode(b"[]").decode() + ".e30.e30",
}


@pytest.mark.parametrize("name", TOKENS)
async def test_an_id_token_that_is_not_signed_properly_is_refused(house: House, name: str) -> None:
    house.provider.token = TOKENS[name]
    with pytest.raises(OpenIdRefused):
        await house.sign_in()


@pytest.mark.parametrize(
    "header",
    [
        {"kid": "../../dev/null"},
        {"kid": "unknown"},
        {"jku": "http://127.0.0.1:1/keys"},
        {"x5u": "http://127.0.0.1:1/"},
        {"jwk": OTHER.as_dict(private=False)},
    ],
    ids=["kid of a path", "kid unknown", "jku", "x5u", "jwk"],
)
async def test_a_key_that_the_token_itself_brings_or_names_is_not_used(
    house: House, header: dict[str, Any]
) -> None:
    house.provider.header, house.provider.key = header, OTHER
    with pytest.raises(OpenIdRefused):
        await house.sign_in()
    assert set(house.provider.asked) <= {"/.well-known/openid-configuration", "/keys", "/token"}


@pytest.mark.filterwarnings("ignore::joserfc.errors.SecurityWarning")
async def test_a_key_of_1024_bits_is_not_used(house: House) -> None:
    weak = RSAKey.generate_key(1024, {"kid": "one"}, auto_kid=False)
    house.provider.keys, house.provider.key = [weak.as_dict(private=False)], weak
    with pytest.raises(OpenIdRefused, match="does not publish"):
        await house.sign_in()


async def test_a_provider_that_changed_its_key_is_asked_again_once_a_minute(house: House) -> None:
    await house.sign_in()
    house.clock.advance(seconds=61)
    new = ECKey.generate_key("P-256", {"kid": "two"})
    house.provider.keys.append(new.as_dict(private=False))
    house.provider.key, house.provider.header = new, {"alg": "ES256", "kid": "two"}
    await house.sign_in()
    asked = house.provider.asked.count("/keys")
    house.provider.header = {"alg": "ES256", "kid": "three"}
    for _ in range(5):
        with pytest.raises(OpenIdRefused):
            await house.sign_in()
    assert house.provider.asked.count("/keys") == asked


async def test_keys_serve_on_for_a_day_while_the_provider_hides_them(house: House) -> None:
    await house.sign_in()
    gone = b"HTTP/1.1 503 Gone\r\nContent-Length: 0\r\n\r\n"
    house.provider.raw = {"/keys": gone}
    house.clock.advance(seconds=23 * 3600)
    await house.sign_in()
    house.clock.advance(seconds=3600)
    with pytest.raises(ProviderUnavailable):
        await house.sign_in()


async def test_the_answer_of_another_provider_is_refused(house: House) -> None:
    with pytest.raises(OpenIdRefused, match="another provider"):
        await house.sign_in(iss="https://evil.example")
    with pytest.raises(OpenIdRefused, match="which provider"):
        await house.sign_in(iss="")


@pytest.mark.parametrize("state", ["", "x", "é", "x" * 5000])
async def test_a_state_that_was_not_given_out_is_refused(house: House, state: str) -> None:
    with pytest.raises(OpenIdRefused):
        await house.sign_in(state=state)


@pytest.mark.parametrize("browser", ["", "x" * 43])
async def test_an_answer_in_another_browser_is_refused(house: House, browser: str) -> None:
    begun = await house.openid.begin("home", address=ADDRESS)
    answer = given(house.provider.browse(begun.url), browser)
    with pytest.raises(OpenIdRefused, match="another browser"):
        await house.openid.sign_in("home", answer, PHONE)


async def test_an_answer_is_good_once(house: House) -> None:
    answer = await house.answered()
    await house.openid.sign_in("home", answer, PHONE)
    with pytest.raises(OpenIdRefused, match="used already"):
        await house.openid.sign_in("home", answer, PHONE)


async def test_a_code_that_was_used_before_is_refused_by_the_provider(house: House) -> None:
    answer = await house.answered()
    await house.openid.sign_in("home", answer, PHONE)
    with pytest.raises(OpenIdRefused, match="does not take this answer"):
        await house.sign_in(code=answer.code)


async def test_a_code_of_another_sign_in_fails_for_want_of_its_verifier(house: House) -> None:
    stolen = await house.answered()
    with pytest.raises(OpenIdRefused, match="does not take this answer"):
        await house.sign_in(code=stolen.code)


async def test_an_answer_that_begins_a_link_is_no_sign_in_and_the_other_way_round(
    house: House,
) -> None:
    begun = await house.openid.offer(house.owner, "home", None)
    answer = given(house.provider.browse(begun.url), begun.browser)
    with pytest.raises(OpenIdRefused, match="something else"):
        await house.openid.sign_in("home", answer, PHONE)
    with pytest.raises(OpenIdRefused, match="something else"):
        await house.openid.link(house.owner, "home", await house.answered())


async def test_what_somebody_did_not_allow_is_told_as_that(house: House) -> None:
    with pytest.raises(OpenIdRefused, match="did not allow"):
        await house.sign_in(error="access_denied", code="")
    with pytest.raises(OpenIdRefused, match="said no"):
        await house.sign_in(error="<script>", code="x")


async def test_an_unknown_provider_is_not_there(house: House) -> None:
    with pytest.raises(NoSuchProvider):
        await house.openid.begin("../home", address=ADDRESS)


OVERSIZE = b"HTTP/1.1 200 OK\r\n\r\n" + b" " * (egress.MOST_BYTES + 1)
REDIRECT = b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n"
NESTED = b"[" * 100_000
ANSWERS = {
    "a redirect": REDIRECT,
    "more than is read": OVERSIZE,
    "no JSON": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nno",
    "a list": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]",
    "nested deeply": b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(NESTED), NESTED),
    "half an answer": b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{}",
    "no HTTP": b"SSH-2.0\r\n",
}


@pytest.mark.parametrize("path", ["/.well-known/openid-configuration", "/keys", "/token"])
@pytest.mark.parametrize("name", ANSWERS)
async def test_a_provider_that_answers_otherwise_than_it_should_is_unavailable(
    house: House, name: str, path: str
) -> None:
    house.provider.raw = {path: ANSWERS[name]}
    with pytest.raises(ProviderUnavailable):
        await house.sign_in()


async def test_a_provider_that_drips_is_given_up(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(egress, "SECONDS", 0.2)
    house.provider.delay = 0.5
    with pytest.raises(ProviderUnavailable, match="Timeout"):
        await house.openid.begin("home", address=ADDRESS)


@pytest.mark.parametrize(
    "metadata",
    [
        {"issuer": "https://evil.example"},
        {"issuer": None},
        {"authorization_endpoint": "javascript:alert(1)"},
        {"authorization_endpoint": "http://evil.example/"},
        {"token_endpoint": "file:///etc/passwd"},
        {"token_endpoint": "https://user@evil.example/"},
        {"jwks_uri": "http://169.254.169.254/"},
        {"jwks_uri": 7},
    ],
    ids=str,
)
async def test_a_provider_that_names_a_bad_address_is_unavailable(
    house: House, metadata: dict[str, Any]
) -> None:
    house.provider.metadata = metadata
    with pytest.raises(ProviderUnavailable):
        await house.openid.begin("home", address=ADDRESS)


@pytest.mark.parametrize("issuer", ["http://9.9.9.9", "http://localhost", "file:///x", "https://"])
def test_an_issuer_that_is_not_https_is_refused_in_the_settings(issuer: str) -> None:
    wish = {"id": "x", "name": "X", "issuer": issuer, "client_id": "c"}
    with pytest.raises(msgspec.ValidationError, match="https"):
        msgspec.convert(wish, Provider)


async def test_apples_conventions_a_posted_form_and_a_secret_signed_for_each_request(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = ECKey.generate_key("P-256")
    file = tmp_path / "AuthKey.p8"
    file.write_bytes(key.as_pem(private=True))
    apple = {"client_secret": "", "style": "apple", "team": "TEAM"}
    house.use(**apple, key_id="KEY", key_file=str(file), new_accounts="anyone")
    forms: list[dict[str, str]] = []
    exchanged = house.provider._exchanged
    monkeypatch.setattr(
        house.provider, "_exchanged", lambda form: (forms.append(form), exchanged(form))[1]
    )
    begun = await house.openid.begin("home", address=ADDRESS)
    assert "response_mode=form_post" in begun.url
    assert "sign-in%2Fopenid%2Fhome%2Fform" in begun.url
    sent = house.provider.browse(begun.url)
    answer = ProviderAnswer(sent["state"], begun.browser, sent["code"], sent["iss"], "", "Kim Lee")
    account, _ = await house.openid.sign_in("home", answer, PHONE)
    assert account.display_name == "Kim Lee"
    secret = jwt.decode(forms[0]["client_secret"], key, algorithms=["ES256"])
    assert secret.header["kid"] == "KEY"
    assert {secret.claims[n] for n in ("iss", "sub", "aud")} == {
        "TEAM",
        CLIENT,
        house.provider.issuer,
    }


async def test_a_private_relay_mail_of_apple_is_shown_and_opens_nothing(
    house: House, tmp_path: Path
) -> None:
    """Apple gives who hides theirs an address of its relay: it names nobody, and may change."""
    file = tmp_path / "AuthKey.p8"
    file.write_bytes(ECKey.generate_key("P-256").as_pem(private=True))
    apple = {"client_secret": "", "style": "apple", "team": "TEAM"}
    house.use(**apple, key_id="KEY", key_file=str(file), new_accounts="anyone")
    relay = "q8x2k7@privaterelay.appleid.com"
    # Apple writes its booleans as text, too.
    house.provider.claims = {"email": relay, "email_verified": "true", "is_private_email": "true"}
    first = await house.sign_in()
    account = await house.identity.account_of(first)
    assert account.username == "q8x2k7"
    (link,) = await house.openid.links(first)
    assert link.shown_as == relay
    # A new relay address is the same person; the same address of another subject is not.
    house.provider.claims["email"] = "other@privaterelay.appleid.com"
    assert (await house.sign_in()).account_id == first.account_id
    house.provider.claims["email"] = relay
    house.provider.subject = "person-2"
    assert (await house.sign_in()).account_id != first.account_id
    assert relay not in str(house.audit.entries)


# ---------------------------------------------------------------------------------------- linking


async def test_a_linked_sign_in_opens_the_account_that_linked_it(house: House) -> None:
    house.use(new_accounts="nobody")
    link = await house.link(house.owner)
    assert (await house.sign_in()).account_id == house.owner.account_id
    with pytest.raises(LinkedElsewhere):
        await house.link(house.owner)
    await house.openid.unlink(house.owner, link)
    with pytest.raises(NoAccountYet):
        await house.sign_in()


async def test_linking_wants_the_password_or_a_sign_in_of_just_now(house: House) -> None:
    house.clock.advance(seconds=16 * 60)
    with pytest.raises(ProofNeeded):
        await house.openid.offer(house.owner, "home", None)
    with pytest.raises(WrongCredentials):
        await house.openid.offer(house.owner, "home", "wrong")
    await house.openid.offer(house.owner, "home", OWNER.password)


async def test_nobody_finishes_what_another_account_began(house: House) -> None:
    kim = await house.identity.add_user(NewAccount("kim", "correct horse"))
    assert kim
    signed = await house.identity.sign_in("kim", "correct horse", PHONE, address=ADDRESS)
    begun = await house.openid.offer(house.owner, "home", None)
    answer = given(house.provider.browse(begun.url), begun.browser)
    with pytest.raises(OpenIdRefused, match="somebody else"):
        await house.openid.link(house.who(signed[1]), "home", answer)


async def test_the_last_way_in_and_others_links_cannot_be_unlinked(house: House) -> None:
    person = await house.sign_in()
    (link,) = await house.openid.links(person)
    with pytest.raises(LastWayIn):
        await house.openid.unlink(person, link.id)
    with pytest.raises(NoSuchLink):
        await house.openid.unlink(house.owner, link.id)


async def test_the_links_of_an_account_go_with_it(house: House) -> None:
    person = await house.sign_in()
    await house.identity.remove_user(person.account_id)
    assert await house.tables.scan("openid_links") == []
    assert (await house.sign_in()).account_id != person.account_id


async def test_a_link_whose_account_is_being_made_is_not_taken_for_a_ruin(house: House) -> None:
    person = await house.sign_in()
    (link,) = await house.openid.links(person)
    await house.tables.mutate("accounts", b"a/" + person.account_id.encode(), [DeleteRow()])
    with pytest.raises(OpenIdRefused, match="in a minute"):
        await house.sign_in()
    house.clock.advance(seconds=61)
    assert (await house.sign_in()).account_id != link.account_id


# ---------------------------------------------------------------------------------------- invited


async def invitation(house: House, **wish: Any) -> str:
    return (await house.households.invite(house.owner, InvitationWish(**wish)))[1]


async def accepted(house: House, token: str, *, to_begin: str = "") -> Principal:
    """Accept an invitation by way of the provider, begun for another one where one is given."""
    begun_for, _ = await house.households.open(to_begin or token)
    begun = await house.openid.offer_invited("home", begun_for, address=ADDRESS)
    answer = given(house.provider.browse(begun.url), begun.browser)
    opened, _ = await house.households.open(token)
    async with house.openid.invited("home", opened, answer) as invited:
        _, tokens = await house.households.accept(
            token, invited.new, PHONE, passwordless=invited.account_id, by=invited.link_id
        )
    return house.who(tokens)


async def test_somebody_invited_gets_an_account_where_nobody_new_would(house: House) -> None:
    house.use(new_accounts="nobody")
    house.provider.claims = {"preferred_username": "Robin", "name": "Kim Example"}
    token = await invitation(house, new_household="Next door")
    head = await accepted(house, token)
    account = await house.identity.account_of(head)
    assert (account.role.value, account.display_name) == ("head", "Kim Example")
    assert account.username.startswith("robin-")
    assert (await house.sign_in()).account_id == head.account_id
    assert house.audit.actions()[-1] == "invitation_taken"
    with pytest.raises(NoSuchInvitation):
        await house.households.open(token)


async def test_an_invitation_is_no_second_account_for_whom_has_one(house: House) -> None:
    person = await house.sign_in()
    token = await invitation(house)
    with pytest.raises(LinkedElsewhere, match="sign in with it"):
        await accepted(house, token)
    assert (await house.sign_in()).account_id == person.account_id
    await house.households.open(token)  # it is still good, for somebody else


async def test_what_was_begun_for_one_invitation_is_not_good_for_another(house: House) -> None:
    one, other = await invitation(house, new_household="Next door"), await invitation(house)
    with pytest.raises(OpenIdRefused, match="another invitation"):
        await accepted(house, one, to_begin=other)
    with pytest.raises(OpenIdRefused, match="something else"):
        await house.openid.sign_in("home", await begun_as_invited(house, other), PHONE)
    assert await house.tables.scan("openid_links") == []


async def begun_as_invited(house: House, token: str) -> ProviderAnswer:
    opened, _ = await house.households.open(token)
    begun = await house.openid.offer_invited("home", opened, address=ADDRESS)
    return given(house.provider.browse(begun.url), begun.browser)


async def test_where_the_account_cannot_be_made_no_link_stays(house: House) -> None:
    token = await invitation(house)
    opened, _ = await house.households.open(token)
    answer = await begun_as_invited(house, token)
    await house.households.withdraw(house.owner, opened.id)
    with pytest.raises(NoSuchInvitation):
        async with house.openid.invited("home", opened, answer) as invited:
            await house.households.accept(
                token, invited.new, PHONE, passwordless=invited.account_id
            )
    assert await house.tables.scan("openid_links") == []
    assert len(await house.identity.users()) == 1
