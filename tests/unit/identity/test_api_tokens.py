import re

import pytest

from antiphon.app.token_scopes import SCOPES, TokenGate, scope_for
from antiphon.identity import (
    ApiTokens,
    ApiTokenWish,
    NotSignedIn,
    Role,
    Scope,
    TokenMayNot,
    UserChange,
)
from antiphon.identity.errors import BadApiToken, NoSuchApiToken, ProofNeeded

from .test_passkeys import House

READ = frozenset({Scope.READ})


@pytest.fixture
async def house() -> House:
    made = House()
    await made.begin()
    return made


@pytest.fixture
def tokens(house: House) -> ApiTokens:
    return ApiTokens(house.identity, house.tables, house.clock, house.audit)


async def test_a_token_speaks_for_its_account_with_its_scopes(
    house: House, tokens: ApiTokens
) -> None:
    token, text = await tokens.create(house.owner, ApiTokenWish("Script", READ), None)
    assert re.fullmatch(r"antiphon_pat_[a-z2-7]{24}_[a-z2-7]{52}", text)
    bearer = f"Bearer {text}".encode()
    with pytest.raises(NotSignedIn):  # nothing is known of it before it was admitted
        house.identity.authenticate(bearer)
    admitted = await tokens.admit(bearer)
    assert admitted == house.identity.authenticate(bearer)
    assert (admitted.account_id, admitted.device_id) == (house.owner.account_id, token.id)
    assert admitted.scopes == {"read"}
    assert admitted.role is Role.MEMBER  # without the scope admin even the owner's manages nothing


async def test_only_a_hash_of_the_secret_is_kept(house: House, tokens: ApiTokens) -> None:
    _, text = await tokens.create(house.kim, ApiTokenWish("Script", READ), None)
    secret = text.rsplit("_", 1)[1].encode()
    for table in ("api_tokens", "accounts", "devices", "revocations"):
        for row in await house.tables.scan(table):
            assert secret not in row.key
            for cells in row.families.values():
                assert all(secret not in cell.value for cell in cells.values())
    assert text.rsplit("_", 1)[1] not in str(house.audit.entries)


async def test_a_wrong_a_cut_and_a_foreign_secret_are_refused(
    house: House, tokens: ApiTokens
) -> None:
    _, one = await tokens.create(house.kim, ApiTokenWish("One", READ), None)
    _, other = await tokens.create(house.owner, ApiTokenWish("Other", READ), None)
    mixed = one.rsplit("_", 1)[0] + "_" + other.rsplit("_", 1)[1]
    for text in (mixed, one[:-1], one + "a", one.upper(), "antiphon_pat_", "antiphon_pat_" * 99):
        with pytest.raises(NotSignedIn):
            await tokens.admit(f"Bearer {text}".encode())


async def test_a_token_ends_when_it_says_and_when_it_is_revoked(
    house: House, tokens: ApiTokens
) -> None:
    _, brief = await tokens.create(house.kim, ApiTokenWish("Brief", READ, days=1), None)
    made, kept = await tokens.create(house.kim, ApiTokenWish("Kept", READ), None)
    house.clock.advance(seconds=86_400)
    with pytest.raises(NotSignedIn):
        await tokens.admit(f"Bearer {brief}".encode())
    bearer = f"Bearer {kept}".encode()
    await tokens.admit(bearer)
    with pytest.raises(NoSuchApiToken):
        await tokens.revoke(house.owner, made.id)
    await tokens.revoke(house.kim, made.id)
    with pytest.raises(NotSignedIn):  # at once here, in other processes within two seconds
        house.identity.authenticate(bearer)
    house.clock.advance(seconds=2)
    with pytest.raises(NotSignedIn):
        await tokens.admit(bearer)


async def test_what_the_account_may_hear_holds_for_its_tokens_too(
    house: House, tokens: ApiTokens
) -> None:
    _, text = await tokens.create(house.kim, ApiTokenWish("Script", READ), None)
    bearer = f"Bearer {text}".encode()
    assert (await tokens.admit(bearer)).allows_explicit
    change = UserChange(allows_explicit=False)
    await house.households.change(house.owner, house.kim.account_id, change)
    with pytest.raises(NotSignedIn):
        house.identity.authenticate(bearer)
    house.clock.advance(seconds=2)
    assert not (await tokens.admit(bearer)).allows_explicit
    assert house.identity.authenticate(bearer).scopes == {"read"}


async def test_a_removed_user_leaves_no_token(house: House, tokens: ApiTokens) -> None:
    _, text = await tokens.create(house.kim, ApiTokenWish("Script", READ), None)
    await house.identity.remove_user(house.kim.account_id)
    assert await house.tables.scan("api_tokens") == []
    with pytest.raises(NotSignedIn):
        await tokens.admit(f"Bearer {text}".encode())


async def test_a_wish_that_breaks_a_rule_makes_no_token(house: House, tokens: ApiTokens) -> None:
    for wish in (
        ApiTokenWish("x", frozenset()),
        ApiTokenWish("x", READ, days=0),
        ApiTokenWish("x", READ, days=4000),
        ApiTokenWish("x", frozenset({Scope.ADMIN})),
    ):
        with pytest.raises(BadApiToken):
            await tokens.create(house.kim, wish, None)
    await house.households.change(house.owner, house.kim.account_id, UserChange(is_child=True))
    with pytest.raises(BadApiToken):
        await tokens.create(house.kim, ApiTokenWish("x", READ), None)
    house.clock.advance(seconds=16 * 60)
    with pytest.raises(ProofNeeded):
        await tokens.create(house.owner, ApiTokenWish("x", READ), None)
    assert await tokens.list(house.kim) == []


async def test_use_is_noted_once_a_minute(house: House, tokens: ApiTokens) -> None:
    _, text = await tokens.create(house.kim, ApiTokenWish("Script", READ), None)
    began = house.clock.now()
    for seconds in (0, 30, 40):
        house.clock.advance(seconds=seconds)
        await tokens.admit(f"Bearer {text}".encode())
    (token,) = await tokens.list(house.kim)
    assert token.last_used_at == began + 70_000


async def test_the_gate_lets_through_where_the_scope_reaches_and_no_further(
    house: House, tokens: ApiTokens
) -> None:
    _, text = await tokens.create(house.owner, ApiTokenWish("Script", READ), None)
    gate, bearer = TokenGate(tokens), f"Bearer {text}".encode()
    await gate.check("GET", "/v1/me", bearer)
    await gate.check("POST", "/v1/me/api-tokens", None)  # the router's business
    await gate.check("POST", "/v1/me/api-tokens", b"Bearer eyJ")
    for method, path in (
        ("PATCH", "/v1/me"),
        ("POST", "/v1/me/plays"),
        ("GET", "/v1/me/api-tokens"),
        ("GET", "/v1/me/"),
        ("GET", "/v1//me"),
        ("GET", "/nowhere"),
        ("OPTIONS", "/v1/me"),
    ):
        with pytest.raises(TokenMayNot):
            await gate.check(method, path, bearer)


def test_no_line_of_the_table_hides_another() -> None:
    for methods, path, scope in SCOPES:
        sample = path + "x" if path.endswith("/") else path
        assert {scope_for(method, sample) for method in methods} == {scope}
