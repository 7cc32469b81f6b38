import asyncio

import pytest

from antiphon.identity import (
    Households,
    InvitationWish,
    NewAccount,
    OwnerOnly,
    Principal,
    Profile,
    Role,
    UserChange,
    UsernameTaken,
)
from antiphon.identity.errors import (
    BadInvitation,
    NoSuchHousehold,
    NoSuchInvitation,
    NoSuchUser,
    NotAChild,
)
from antiphon.kernel import HouseholdId, random_id

from .test_passkeys import PHONE, House

NEXT_DOOR = InvitationWish(new_household="Next door")


@pytest.fixture
async def house() -> House:
    made = House()
    await made.begin()
    return made


async def moved_in(house: House, name: str, wish: InvitationWish, by: Principal) -> Principal:
    _, token = await house.households.invite(by, wish)
    new = NewAccount(name, "correct horse")
    return house.who((await house.households.accept(token, new, PHONE))[1])


async def test_an_invitation_of_the_owner_founds_a_household_with_its_head(house: House) -> None:
    ada = await moved_in(house, "ada", NEXT_DOOR, house.owner)
    assert ada.role is Role.HEAD
    assert ada.household_id != house.owner.household_id
    assert (await house.households.own(ada)).name == "Next door"
    summaries = await house.households.everyone()
    assert [(s.household.name, s.is_founding, s.members) for s in summaries] == [
        ("Home", True, 2),
        ("Next door", False, 1),
    ]


async def test_a_head_manages_their_own_people_and_nobody_elses(house: House) -> None:
    ada = await moved_in(house, "ada", NEXT_DOOR, house.owner)
    child = await house.households.add(
        ada, NewAccount("tim", "correct horse"), Profile(is_child=True, allows_explicit=False)
    )
    assert child.household_id == ada.household_id
    assert (child.is_child, child.allows_explicit) == (True, False)
    assert {a.username for a in await house.households.users(ada)} == {"ada", "tim"}
    assert {a.username for a in await house.households.users(house.owner)} == {"kim", "robin"}
    for stranger in (house.kim.account_id, house.owner.account_id):
        with pytest.raises(NoSuchUser):
            await house.households.change(ada, stranger, UserChange(allows_explicit=False))
        with pytest.raises(NoSuchUser):
            await house.households.remove(ada, stranger)
    for nobody in (house.kim, house.kim):
        with pytest.raises(NoSuchUser):
            await house.households.change(nobody, child.id, UserChange(allows_explicit=True))
    await house.households.change(house.owner, child.id, UserChange(allows_explicit=True))
    await house.households.remove(ada, child.id)


async def test_nobody_removes_themselves_or_the_owner(house: House) -> None:
    ada = await moved_in(house, "ada", NEXT_DOOR, house.owner)
    with pytest.raises(OwnerOnly):
        await house.households.remove(ada, ada.account_id)
    with pytest.raises(OwnerOnly):
        await house.households.remove(house.owner, house.owner.account_id)


async def test_of_many_who_use_one_link_exactly_one_gets_in(house: House) -> None:
    _, token = await house.households.invite(house.owner, NEXT_DOOR)
    tries = [
        house.households.accept(token, NewAccount(f"n{n}", "correct horse"), PHONE)
        for n in range(6)
    ]
    outcomes = await asyncio.gather(*tries, return_exceptions=True)
    assert sum(isinstance(o, tuple) for o in outcomes) == 1
    assert sum(isinstance(o, NoSuchInvitation) for o in outcomes) == 5
    assert len(await house.identity.users()) == 3
    for n in range(6):  # who came too late has no claim on the name
        if await house.identity.user_named(f"n{n}") is None:
            await house.identity.add_user(NewAccount(f"n{n}", "correct horse"))


@pytest.mark.parametrize(
    "token",
    ["", ".", "x", "a" * 24, "a" * 24 + ".x", "." * 500, "\ud800.\ud800"],
)
async def test_what_is_no_link_opens_nothing(house: House, token: str) -> None:
    with pytest.raises(NoSuchInvitation):
        await house.households.open(token)


async def test_a_link_ends_when_it_says_is_withdrawn_or_its_maker_is_gone(house: House) -> None:
    ada = await moved_in(house, "ada", NEXT_DOOR, house.owner)
    first, early = await house.households.invite(ada, InvitationWish(hours=1))
    second, withdrawn = await house.households.invite(ada, InvitationWish(hours=48))
    _, orphaned = await house.households.invite(ada, InvitationWish(hours=48))
    assert [i.id for i in await house.households.invitations(ada)][-2:] != [first.id]
    with pytest.raises(NoSuchInvitation):
        await house.households.withdraw(house.owner, second.id)
    await house.households.withdraw(ada, second.id)
    house.clock.advance(seconds=3600)
    for dead in (early, withdrawn, f"{second.id}.{early.partition('.')[2]}"):
        with pytest.raises(NoSuchInvitation):
            await house.households.open(dead)
    await house.households.open(orphaned)
    assert len(await house.households.invitations(ada)) == 1
    await house.households.dissolve(house.owner, ada.household_id)
    with pytest.raises(NoSuchInvitation):
        await house.households.open(orphaned)


async def test_a_link_survives_a_name_that_is_taken(house: House) -> None:
    _, token = await house.households.invite(house.owner, InvitationWish())
    with pytest.raises(UsernameTaken):
        await house.households.accept(token, NewAccount("kim", "correct horse"), PHONE)
    await house.households.accept(token, NewAccount("kim2", "correct horse"), PHONE)


async def test_only_the_owner_founds_households_and_times_are_bounded(house: House) -> None:
    ada = await moved_in(house, "ada", NEXT_DOOR, house.owner)
    with pytest.raises(OwnerOnly):
        await house.households.invite(ada, NEXT_DOOR)
    for hours in (0, -1, 721):
        with pytest.raises(BadInvitation):
            await house.households.invite(ada, InvitationWish(hours=hours))


async def test_a_dissolved_household_leaves_nobody_signed_in(house: House) -> None:
    ada = await moved_in(house, "ada", NEXT_DOOR, house.owner)
    await house.households.dissolve(house.owner, ada.household_id)
    assert house.identity.is_revoked(ada.device_id)
    assert {a.username for a in await house.identity.users()} == {"kim", "robin"}
    with pytest.raises(OwnerOnly):
        await house.households.dissolve(house.owner, house.owner.household_id)
    with pytest.raises(NoSuchHousehold):
        await house.households.dissolve(house.owner, HouseholdId(random_id()))


async def test_a_head_sets_a_childs_password_and_no_grown_ups(house: House) -> None:
    change = UserChange(password="another horse")
    with pytest.raises(NotAChild):
        await house.households.change(house.owner, house.kim.account_id, change)
    child = UserChange(is_child=True, password="another horse")
    await house.households.change(house.owner, house.kim.account_id, child)
    await house.identity.sign_in("kim", "another horse", PHONE, address="9.9.9.9")
    assert house.identity.is_revoked(house.kim.device_id)


async def test_every_change_is_written_down_by_ids_and_without_secrets(house: House) -> None:
    households: Households = house.households
    ada = await moved_in(house, "ada", NEXT_DOOR, house.owner)
    tim = await households.add(ada, NewAccount("tim", "correct horse"), Profile(is_child=True))
    await households.change(ada, tim.id, UserChange(password="another horse"))
    await households.remove(ada, tim.id)
    await households.rename(ada, "Number 9")
    await households.dissolve(house.owner, ada.household_id)
    assert house.audit.actions() == [
        "invitation_made",
        "invitation_taken",
        "user_added",
        "user_changed",
        "user_removed",
        "household_renamed",
        "household_removed",
    ]
    actors = [entry[0] for entry in house.audit.entries]
    assert actors[0] == f"account {house.owner.account_id}"
    assert actors[2:6] == [f"account {ada.account_id}"] * 4
    assert "horse" not in str(house.audit.entries)
