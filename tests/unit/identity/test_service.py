import asyncio
from collections.abc import Sequence

import pytest

from antiphon.eventlog import EventTypes, Outbox
from antiphon.identity import (
    AlreadySetUp,
    Identity,
    NewAccount,
    NotSignedIn,
    OwnerOnly,
    Preferences,
    Role,
    SignInDevice,
    SignInEnded,
    Tokens,
    TooManyAttempts,
    UsernameTaken,
    WrongCredentials,
)
from antiphon.identity.errors import BadPassword, BadUsername, NoSuchDevice, NoSuchUser
from antiphon.identity.events import TOPIC, UserRemoved
from antiphon.kernel import DeviceId, Envelope, FixedClock, HouseholdId, Unavailable
from antiphon.testing import MemoryEventLog, MemoryTables

from .conftest import OWNER, an_identity

PHONE = SignInDevice("Phone", "ios")


def bearer(tokens: Tokens) -> bytes:
    return b"Bearer " + tokens.access_token.encode()


async def test_exactly_one_of_many_first_visitors_becomes_the_owner(identity: Identity) -> None:
    names = [NewAccount(f"visitor{n}", "correct horse") for n in range(8)]
    outcomes = await asyncio.gather(
        *(identity.set_up(new, PHONE) for new in names), return_exceptions=True
    )
    assert sum(isinstance(o, tuple) for o in outcomes) == 1
    assert sum(isinstance(o, AlreadySetUp) for o in outcomes) == 7
    assert [user.role for user in await identity.users()] == [Role.OWNER]


async def test_a_set_up_killed_before_its_last_step_still_lets_the_owner_in(
    identity: Identity, tables: MemoryTables, owner: Tokens
) -> None:
    from antiphon.storage import DeleteRow

    await tables.mutate("accounts", b"n/robin", [DeleteRow()])
    account, _ = await identity.sign_in("robin", "correct horse", PHONE, address="1.2.3.4")
    assert account.role is Role.OWNER


async def test_the_user_name_is_the_same_in_every_unicode_form_and_case(
    identity: Identity, owner: Tokens
) -> None:
    for spelling in ("robin", "ROBIN", "\uff32\uff4f\uff42\uff49\uff4e", " robin "):
        await identity.sign_in(spelling, "correct horse", PHONE, address="1.2.3.4")
    with pytest.raises(UsernameTaken):
        await identity.add_user(NewAccount("\uff52obin", "correct horse"))


@pytest.mark.parametrize(
    "username",
    [
        "%",
        "_",
        "'--",
        "robin\0",
        "",
        "nobody",
        "a" * 5000,
        "\U0001f3b5" * 300,
        "admin' OR '1'='1",
        "\ud800",
    ],
)
async def test_strange_user_names_are_no_way_in(
    identity: Identity, owner: Tokens, username: str
) -> None:
    with pytest.raises(WrongCredentials):
        await identity.sign_in(username, "correct horse", PHONE, address="1.2.3.4")


async def test_an_unknown_user_costs_as_much_work_as_a_known_one(
    identity: Identity, owner: Tokens, monkeypatch: pytest.MonkeyPatch
) -> None:
    verified: list[str] = []
    inner = identity._passwords._fits

    async def counted(stored: str, password: str) -> bool:
        verified.append(stored)
        return await inner(stored, password)

    monkeypatch.setattr(identity._passwords, "_fits", counted)
    for name in ("robin", "nobody"):
        with pytest.raises(WrongCredentials):
            await identity.sign_in(name, "wrong", PHONE, address="1.2.3.4")
    assert len(verified) == 2
    assert all("m=19456,t=2,p=1" in stored for stored in verified)


async def test_ten_failures_slow_an_address_down_and_lock_nobody_out(
    identity: Identity, owner: Tokens
) -> None:
    for _ in range(10):
        with pytest.raises(WrongCredentials):
            await identity.sign_in("robin", "wrong", PHONE, address="6.6.6.6")
    with pytest.raises(TooManyAttempts) as refusal:
        await identity.sign_in("robin", "correct horse", PHONE, address="6.6.6.6")
    assert refusal.value.fields["http_status"] == 429
    await identity.sign_in("robin", "correct horse", PHONE, address="1.2.3.4")


async def test_a_refresh_token_is_good_once(identity: Identity, owner: Tokens, clock: FixedClock):
    child = await identity.renew(owner.refresh_token)
    assert child.refresh_token != owner.refresh_token
    assert identity.authenticate(bearer(child)).is_owner
    clock.advance(seconds=31)
    with pytest.raises(SignInEnded):
        await identity.renew(owner.refresh_token)


async def test_a_replayed_refresh_token_ends_the_whole_family(
    identity: Identity, owner: Tokens, clock: FixedClock
) -> None:
    child = await identity.renew(owner.refresh_token)
    clock.advance(seconds=31)
    with pytest.raises(SignInEnded, match="two places"):
        await identity.renew(owner.refresh_token)
    with pytest.raises(SignInEnded):
        await identity.renew(child.refresh_token)
    with pytest.raises(NotSignedIn):
        identity.authenticate(bearer(child))


async def test_a_lost_answer_can_be_asked_for_again_within_the_grace(
    identity: Identity, owner: Tokens, clock: FixedClock
) -> None:
    first = await identity.renew(owner.refresh_token)
    clock.advance(seconds=29)
    again = await identity.renew(owner.refresh_token)
    assert again.refresh_token == first.refresh_token
    await identity.renew(again.refresh_token)


async def test_two_tabs_that_renew_at_once_get_the_same_child(
    identity: Identity, owner: Tokens
) -> None:
    answers = await asyncio.gather(*(identity.renew(owner.refresh_token) for _ in range(6)))
    assert len({answer.refresh_token for answer in answers}) == 1


async def test_sixty_days_without_use_end_a_sign_in(
    identity: Identity, owner: Tokens, clock: FixedClock
) -> None:
    clock.advance(seconds=61 * 86_400)
    with pytest.raises(SignInEnded):
        await identity.renew(owner.refresh_token)


@pytest.mark.parametrize("token", ["", "a.b.c", "..", "x" * 5000, "a" * 24 + "." + "b" * 24 + ".c"])
async def test_what_was_never_a_refresh_token_is_refused(
    identity: Identity, owner: Tokens, token: str
) -> None:
    with pytest.raises(SignInEnded):
        await identity.renew(token)


async def test_a_revoked_device_is_refused_at_once_here_and_after_a_reload_elsewhere(
    identity: Identity, owner: Tokens, tables: MemoryTables, clock: FixedClock
) -> None:
    elsewhere = an_identity(tables, clock, MemoryEventLog())
    await elsewhere.reload()
    _, phone = await identity.sign_in("robin", "correct horse", PHONE, address="1.2.3.4")
    principal = elsewhere.authenticate(bearer(phone))
    await identity.revoke_device(identity.authenticate(bearer(owner)), principal.device_id)
    with pytest.raises(NotSignedIn):
        identity.authenticate(bearer(phone))
    await elsewhere.reload()
    with pytest.raises(NotSignedIn):
        elsewhere.authenticate(bearer(phone))
    with pytest.raises(SignInEnded):
        await identity.renew(phone.refresh_token)
    assert identity.authenticate(bearer(owner)).is_owner


async def test_revocations_are_kept_no_longer_than_tokens_live(
    identity: Identity, owner: Tokens, tables: MemoryTables, clock: FixedClock
) -> None:
    await identity.sign_out(identity.authenticate(bearer(owner)))
    assert len(await tables.scan("revocations")) == 1
    clock.advance(seconds=6 * 3600)
    await identity.reload()
    assert len(await tables.scan("revocations")) == 1  # media addresses live for six hours
    clock.advance(seconds=700)
    await identity.reload()
    assert await tables.scan("revocations") == []


async def test_nobody_can_revoke_another_accounts_device(identity: Identity, owner: Tokens) -> None:
    await identity.add_user(NewAccount("sam", "battery staple"))
    _, sam = await identity.sign_in("sam", "battery staple", PHONE, address="1.2.3.4")
    robins = identity.authenticate(bearer(owner)).device_id
    with pytest.raises(NoSuchDevice):
        await identity.revoke_device(identity.authenticate(bearer(sam)), robins)
    with pytest.raises(NoSuchDevice):
        await identity.revoke_device(identity.authenticate(bearer(sam)), DeviceId("z" * 24))
    assert identity.authenticate(bearer(owner)).is_owner


async def test_a_new_password_signs_every_other_device_out(
    identity: Identity, owner: Tokens
) -> None:
    _, phone = await identity.sign_in("robin", "correct horse", PHONE, address="1.2.3.4")
    principal = identity.authenticate(bearer(owner))
    with pytest.raises(WrongCredentials):
        await identity.change_password(principal, "guess", "battery staple")
    await identity.change_password(principal, "correct horse", "battery staple")
    assert identity.authenticate(bearer(owner)).is_owner
    with pytest.raises(NotSignedIn):
        identity.authenticate(bearer(phone))
    with pytest.raises(WrongCredentials):
        await identity.sign_in("robin", "correct horse", PHONE, address="1.2.3.4")
    await identity.sign_in("robin", "battery staple", PHONE, address="1.2.3.4")


async def test_a_removed_user_is_gone_everywhere_and_the_name_is_free(
    identity: Identity, owner: Tokens
) -> None:
    sam = await identity.add_user(NewAccount("sam", "battery staple"))
    _, tokens = await identity.sign_in("sam", "battery staple", PHONE, address="1.2.3.4")
    await identity.remove_user(sam.id)
    with pytest.raises(NotSignedIn):
        identity.authenticate(bearer(tokens))
    with pytest.raises(SignInEnded):
        await identity.renew(tokens.refresh_token)
    with pytest.raises(NoSuchUser):
        await identity.remove_user(sam.id)
    await identity.add_user(NewAccount("sam", "battery staple"))


async def test_the_owner_cannot_be_removed(identity: Identity, owner: Tokens) -> None:
    account = await identity.account_of(identity.authenticate(bearer(owner)))
    with pytest.raises(OwnerOnly):
        await identity.remove_user(account.id)


async def test_one_of_many_wins_a_user_name(identity: Identity, owner: Tokens) -> None:
    outcomes = await asyncio.gather(
        *(identity.add_user(NewAccount("sam", "battery staple")) for _ in range(5)),
        return_exceptions=True,
    )
    assert sum(isinstance(o, UsernameTaken) for o in outcomes) >= 3
    assert len([u for u in await identity.users() if u.username == "sam"]) >= 1
    account, _ = await identity.sign_in("sam", "battery staple", PHONE, address="1.2.3.4")
    assert account.username == "sam"


@pytest.mark.parametrize("username", ["", " ", "a b", "a/b", "<b>", "a\0b", "a\u202eb", "x" * 65])
async def test_names_that_would_confuse_are_refused(
    identity: Identity, owner: Tokens, username: str
) -> None:
    with pytest.raises(BadUsername):
        await identity.add_user(NewAccount(username, "battery staple"))


@pytest.mark.parametrize("password", ["", "short", "x" * 257])
async def test_passwords_out_of_bounds_are_refused(
    identity: Identity, owner: Tokens, password: str
) -> None:
    with pytest.raises(BadPassword):
        await identity.add_user(NewAccount("sam", password))


async def test_names_and_preferences_can_be_changed(identity: Identity, owner: Tokens) -> None:
    principal = identity.authenticate(bearer(owner))
    await identity.change(principal, display_name="R\u0000obin", preferences=Preferences("low"))
    account = await identity.account_of(principal)
    assert (account.display_name, account.preferences.quality) == ("Robin", "low")


async def test_no_secret_is_stored_in_the_clear(
    identity: Identity, owner: Tokens, tables: MemoryTables
) -> None:
    rows = [*await tables.scan("accounts"), *await tables.scan("devices")]
    stored = b"".join(
        cell.value for row in rows for columns in row.families.values() for cell in columns.values()
    )
    for secret in (OWNER.password, owner.refresh_token.rsplit(".", 1)[1], owner.access_token):
        assert secret.encode() not in stored


async def test_a_removed_user_is_told_of_once_and_is_gone_from_the_list(
    tables: MemoryTables, clock: FixedClock
) -> None:
    log = MemoryEventLog()
    identity = an_identity(tables, clock, log)
    await identity.set_up(OWNER, PHONE)
    sam = await identity.add_user(NewAccount("sam", "correct horse"))
    await identity.remove_user(sam.id)
    with pytest.raises(NoSuchUser):
        await identity.remove_user(sam.id)
    (record,) = log.records(TOPIC)
    told = EventTypes(UserRemoved).decode(record.envelope)
    assert told == UserRemoved(sam.id, sam.listener_id)
    assert [user.username for user in await identity.users()] == ["robin"]


async def test_a_removal_killed_before_it_was_told_is_told_by_the_sweep(
    tables: MemoryTables, clock: FixedClock
) -> None:
    class Killed(MemoryEventLog):
        async def append(self, topic: str, envelopes: Sequence[Envelope]) -> None:
            raise Unavailable("killed here")

    identity = an_identity(tables, clock, Killed())
    await identity.set_up(OWNER, PHONE)
    sam = await identity.add_user(NewAccount("sam", "correct horse"))
    with pytest.raises(Unavailable):
        await identity.remove_user(sam.id)
    assert [user.username for user in await identity.users()] == ["robin"]
    log, later = MemoryEventLog(), FixedClock(clock.now() + 10_000)
    await Outbox(tables, log, later).sweep()
    assert [r.envelope.key for r in log.records(TOPIC)] == [sam.listener_id]
    again = await an_identity(tables, clock, log).add_user(NewAccount("sam", "correct horse"))
    assert again.listener_id != sam.listener_id


async def test_a_signed_out_device_is_known_as_such_and_the_others_by_name(
    identity: Identity, owner: Tokens
) -> None:
    principal = identity.authenticate(bearer(owner))
    device = principal.device_id
    named = await identity.device_names(principal.household_id, [device])
    assert named == {device: (await identity.devices(principal))[0].name}
    assert await identity.device_names(HouseholdId("another"), [device]) == {}
    assert not identity.is_revoked(device)
    await identity.sign_out(principal)
    assert identity.is_revoked(device)


async def test_what_an_account_may_hear_is_in_its_next_token_and_the_last_is_refused(
    identity: Identity, tables: MemoryTables, clock: FixedClock, owner: Tokens
) -> None:
    child = await identity.add_user(NewAccount("kim", "correct horse"))
    _, before = await identity.sign_in("kim", "correct horse", PHONE, address="1.2.3.4")
    assert identity.authenticate(bearer(before)).allows_explicit
    other_process = an_identity(tables, clock, MemoryEventLog())
    await other_process.reload()  # as at its start: it learns the keys of access tokens
    assert other_process.authenticate(bearer(before)).allows_explicit

    await identity.allow_explicit(child.id, allows=False)
    await other_process.reload()
    for process in (identity, other_process):
        with pytest.raises(NotSignedIn):
            process.authenticate(bearer(before))
    after = await other_process.renew(before.refresh_token)
    assert not identity.authenticate(bearer(after)).allows_explicit
    assert identity.authenticate(bearer(owner)).allows_explicit


async def test_no_change_of_preferences_undoes_a_restriction_made_at_the_same_time(
    identity: Identity, owner: Tokens
) -> None:
    child = await identity.add_user(NewAccount("kim", "correct horse"))
    _, tokens = await identity.sign_in("kim", "correct horse", PHONE, address="1.2.3.4")
    principal = identity.authenticate(bearer(tokens))
    changes = [identity.change(principal, display_name=f"Kim {n}") for n in range(10)]
    await asyncio.gather(
        *changes[:5], identity.allow_explicit(child.id, allows=False), *changes[5:]
    )
    assert not (await identity.account_of(principal)).allows_explicit


async def test_an_epoch_is_forgotten_when_no_living_token_is_short_of_it(
    identity: Identity, tables: MemoryTables, clock: FixedClock, owner: Tokens
) -> None:
    child = await identity.add_user(NewAccount("kim", "correct horse"))
    await identity.allow_explicit(child.id, allows=False)
    rows = await tables.scan("epochs")
    assert [row.key.decode() for row in rows] == [child.id]
    written = rows[0].columns("i")[""].written_at
    clock.advance(ms=max(written - clock.now(), 0) + 700_000)
    await identity.reload()
    assert await tables.scan("epochs") == []
