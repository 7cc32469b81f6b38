"""Households over HTTP: users and children, invitations, the households of the installation."""

from collections.abc import Sequence
from typing import Annotated, Any

import msgspec
from litestar import Controller, Response, Router, delete, get, patch, post
from litestar.di import NamedDependency, Provide
from litestar.params import HeaderParameter

from antiphon.identity.households import (
    Households,
    HouseholdSummary,
    InvitationWish,
    Profile,
    UserChange,
)
from antiphon.identity.http import PUBLIC, requires_manager, requires_owner
from antiphon.identity.model import Account, Household, Invitation
from antiphon.identity.passkeys import Passkeys
from antiphon.identity.service import NewAccount
from antiphon.identity.wire import (
    Asking,
    DeviceIn,
    In,
    Out,
    Text,
    TokensOut,
    checked_id,
    moment,
    tokens_out,
)
from antiphon.kernel import AccountId, HouseholdId, Invalid

_Households = NamedDependency[Households]
_Passkeys = NamedDependency[Passkeys]
_Client = Annotated[
    str | None, HeaderParameter(name="X-Antiphon-Client", description="`web` for the web player.")
]


class UserIn(In, frozen=True, kw_only=True):
    """A member to be."""

    username: Text
    password: Text
    display_name: Text = ""
    is_child: bool = False
    allows_explicit: bool = True


class UserChangeIn(In, frozen=True, kw_only=True):
    """What to change of a user; absent fields stay. The password of children only."""

    display_name: Text | None = None
    is_child: bool | None = None
    allows_explicit: bool | None = None
    password: Text | None = None


class HouseholdIn(In, frozen=True, kw_only=True):
    """What to change of the household."""

    name: Text


class InvitationIn(In, frozen=True, kw_only=True):
    """Into this household, or with ``newHousehold`` into a new one of that name (owner only)."""

    new_household: Text | None = None
    is_child: bool = False
    allows_explicit: bool = True
    hours: int = 7 * 24


class LinkIn(In, frozen=True, kw_only=True):
    """The secret part of an invitation's link."""

    token: Text


class InvitedIn(In, frozen=True, kw_only=True):
    """Who wants a passkey for the account they are invited to."""

    token: Text
    username: Text
    display_name: Text = ""


class AcceptIn(In, frozen=True, kw_only=True):
    """The account to be, with a password or what the authenticator answered."""

    token: Text
    username: Text
    display_name: Text = ""
    password: Text | None = None
    credential: dict[str, Any] | None = None
    device: DeviceIn = DeviceIn()


class UserOut(Out, frozen=True, kw_only=True):
    """One of the household's accounts."""

    id: str
    username: str
    display_name: str
    role: str
    is_child: bool
    allows_explicit: bool
    created_at: str


class UsersOut(Out, frozen=True, kw_only=True):
    """The household's accounts."""

    data: list[UserOut]


class HouseholdOut(Out, frozen=True, kw_only=True):
    """The household that asks."""

    id: str
    name: str


class HouseholdSummaryOut(Out, frozen=True, kw_only=True):
    """One of the installation's households."""

    id: str
    name: str
    founding: bool
    heads: list[str]
    members: int


class HouseholdsOut(Out, frozen=True, kw_only=True):
    """The installation's households."""

    data: list[HouseholdSummaryOut]


class InvitationOut(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """An open invitation; ``token`` is told once, when it is made."""

    id: str
    new_household: str
    is_child: bool = False
    allows_explicit: bool = True
    created_at: str
    expires_at: str
    token: str | None = None


class InvitationsOut(Out, frozen=True, kw_only=True):
    """Open invitations."""

    data: list[InvitationOut]


class InvitedOut(Out, frozen=True, kw_only=True):
    """What a link invites to."""

    household: str
    is_new: bool
    is_child: bool
    expires_at: str


class UserRoutes(Controller):
    """The household's accounts, for who manages it."""

    path = "/v1/users"
    tags = ("Users",)
    guards = (requires_manager,)

    @get("/", operation_id="listUsers")
    async def users(self, request: Asking, households: _Households) -> UsersOut:
        """List the accounts of your household."""
        return UsersOut(data=[_user_out(a) for a in await households.users(request.user)])

    @post("/", operation_id="addUser")
    async def add(self, request: Asking, data: UserIn, households: _Households) -> UserOut:
        """Add a member or a child."""
        new = NewAccount(data.username, data.password, data.display_name)
        profile = Profile(data.is_child, data.allows_explicit)
        return _user_out(await households.add(request.user, new, profile))

    @patch("/{user_id:str}", operation_id="changeUser")
    async def change(
        self, request: Asking, user_id: str, data: UserChangeIn, households: _Households
    ) -> UserOut:
        """Change a name, whether it is a child, and whether explicit songs may be heard."""
        wish = UserChange(data.display_name, data.is_child, data.allows_explicit, data.password)
        account_id = AccountId(checked_id(user_id))
        return _user_out(await households.change(request.user, account_id, wish))

    @delete("/{user_id:str}", operation_id="removeUser")
    async def remove(self, request: Asking, user_id: str, households: _Households) -> None:
        """Remove a member and sign them out everywhere."""
        await households.remove(request.user, AccountId(checked_id(user_id)))


class HouseholdRoutes(Controller):
    """The household that asks, and for the owner all of them."""

    path = "/v1"
    tags = ("Households",)

    @get("/household", operation_id="readHousehold")
    async def own(self, request: Asking, households: _Households) -> HouseholdOut:
        """Tell which household this is."""
        return _household_out(await households.own(request.user))

    @patch("/household", guards=[requires_manager], operation_id="renameHousehold")
    async def rename(
        self, request: Asking, data: HouseholdIn, households: _Households
    ) -> HouseholdOut:
        """Give your household another name."""
        return _household_out(await households.rename(request.user, data.name))

    @get("/households", guards=[requires_owner], operation_id="listHouseholds")
    async def everyone(self, households: _Households) -> HouseholdsOut:
        """List all households of this installation."""
        return HouseholdsOut(data=[_summary_out(s) for s in await households.everyone()])

    @delete(
        "/households/{household_id:str}", guards=[requires_owner], operation_id="removeHousehold"
    )
    async def dissolve(self, request: Asking, household_id: str, households: _Households) -> None:
        """Remove a household with everybody in it."""
        await households.dissolve(request.user, HouseholdId(checked_id(household_id)))


class InvitationRoutes(Controller):
    """Inviting, for who manages a household; being invited, for anyone who has a link."""

    path = "/v1/invitations"
    tags = ("Households",)

    @get("/", guards=[requires_manager], operation_id="listInvitations")
    async def invitations(self, request: Asking, households: _Households) -> InvitationsOut:
        """List the open invitations of your household."""
        found = await households.invitations(request.user)
        return InvitationsOut(data=[_invitation_out(i) for i in found])

    @post("/", guards=[requires_manager], operation_id="createInvitation")
    async def invite(
        self, request: Asking, data: InvitationIn, households: _Households
    ) -> InvitationOut:
        """Make a one-time link; its secret is told this once."""
        profile = Profile(data.is_child, data.allows_explicit)
        wish = InvitationWish(data.new_household, profile, data.hours)
        invitation, token = await households.invite(request.user, wish)
        return _invitation_out(invitation, token)

    @delete("/{invitation_id:str}", guards=[requires_manager], operation_id="withdrawInvitation")
    async def withdraw(self, request: Asking, invitation_id: str, households: _Households) -> None:
        """Make a link worthless."""
        await households.withdraw(request.user, checked_id(invitation_id))

    @post(
        "/look", opt={PUBLIC: True}, security=[], status_code=200, operation_id="lookAtInvitation"
    )
    async def look(self, data: LinkIn, households: _Households) -> InvitedOut:
        """Tell what a link invites to."""
        invitation, household = await households.open(data.token)
        return InvitedOut(
            household=household.name,
            is_new=bool(invitation.new_household),
            is_child=invitation.is_child,
            expires_at=moment(invitation.expires_at),
        )

    @post(
        "/passkey",
        opt={PUBLIC: True},
        security=[],
        status_code=200,
        operation_id="offerInvitedPasskey",
    )
    async def offer(
        self, data: InvitedIn, households: _Households, passkeys: _Passkeys
    ) -> dict[str, Any]:
        """Return what a browser needs to make a passkey for the account to be."""
        invitation, _ = await households.open(data.token)
        return await passkeys.offer_invited(invitation, data.username, data.display_name)

    @post("/accept", opt={PUBLIC: True}, security=[], operation_id="acceptInvitation")
    async def accept(
        self,
        request: Asking,
        data: AcceptIn,
        households: _Households,
        passkeys: _Passkeys,
        client: _Client = None,
    ) -> Response[TokensOut]:
        """Make the account that was invited, and sign it in; a link works once."""
        if (data.password is None) == (data.credential is None):
            raise Invalid("Send a password or a passkey.", pointer="/password")
        new = NewAccount(data.username, data.password or "", data.display_name)
        device = data.device.chosen()
        if data.credential is None:
            _, tokens = await households.accept(data.token, new, device)
            return tokens_out(request, tokens, client, status=201)
        invitation, _ = await households.open(data.token)
        async with passkeys.invited(invitation, data.credential) as account_id:
            _, tokens = await households.accept(data.token, new, device, passwordless=account_id)
        return tokens_out(request, tokens, client, status=201)


def household_routes(households: Households, passkeys: Passkeys) -> Sequence[Router]:
    """Return the routes of users, households and invitations, to be mounted at the root."""
    return [
        Router(
            "/",
            route_handlers=[UserRoutes, HouseholdRoutes, InvitationRoutes],
            dependencies={
                "households": Provide(lambda: households, sync_to_thread=False),
                "passkeys": Provide(lambda: passkeys, sync_to_thread=False),
            },
        )
    ]


def _user_out(account: Account) -> UserOut:
    return UserOut(
        id=account.id,
        username=account.username,
        display_name=account.display_name,
        role=account.role.value,
        is_child=account.is_child,
        allows_explicit=account.allows_explicit,
        created_at=moment(account.created_at),
    )


def _household_out(household: Household) -> HouseholdOut:
    return HouseholdOut(id=household.id, name=household.name)


def _summary_out(summary: HouseholdSummary) -> HouseholdSummaryOut:
    return HouseholdSummaryOut(
        id=summary.household.id,
        name=summary.household.name,
        founding=summary.is_founding,
        heads=list(summary.heads),
        members=summary.members,
    )


def _invitation_out(invitation: Invitation, token: str | None = None) -> InvitationOut:
    return InvitationOut(
        id=invitation.id,
        new_household=invitation.new_household,
        is_child=invitation.is_child,
        allows_explicit=invitation.allows_explicit,
        created_at=moment(invitation.created_at),
        expires_at=moment(invitation.expires_at),
        token=token,
    )
