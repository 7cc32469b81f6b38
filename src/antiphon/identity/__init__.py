"""Who is asking: accounts of a household, signing in, devices, tokens."""

from antiphon.identity.api import routes
from antiphon.identity.api_tokens import BEARER as API_TOKEN_BEARER
from antiphon.identity.api_tokens import ApiTokens, ApiTokenWish, Scope
from antiphon.identity.api_tokens_api import api_token_routes
from antiphon.identity.audit import Audit
from antiphon.identity.errors import (
    AlreadySetUp,
    NoSuchUser,
    NotSignedIn,
    OwnerOnly,
    SignInEnded,
    TokenMayNot,
    TooManyAttempts,
    UsernameTaken,
    WrongCredentials,
)
from antiphon.identity.households import (
    Households,
    InvitationWish,
    Profile,
    UserChange,
)
from antiphon.identity.households_api import household_routes
from antiphon.identity.http import (
    PUBLIC,
    AuthMiddleware,
    client_address,
    requires_manager,
    requires_owner,
)
from antiphon.identity.model import (
    Account,
    Device,
    Household,
    Invitation,
    Passkey,
    Preferences,
    Principal,
    Role,
    Tokens,
)
from antiphon.identity.openid.api import openid_routes
from antiphon.identity.openid.invited_api import invited_by_provider_routes
from antiphon.identity.openid.links import Links
from antiphon.identity.openid.provider import Provider
from antiphon.identity.openid.service import OpenIdSignIn
from antiphon.identity.passkeys import Passkeys, WayIn
from antiphon.identity.passkeys_api import passkey_routes
from antiphon.identity.relying_party import RelyingParty, relying_party
from antiphon.identity.service import Identity, NewAccount, SignInDevice
from antiphon.identity.signing_keys import OVERLAP_MS, SigningKeys

__all__ = [
    "API_TOKEN_BEARER",
    "OVERLAP_MS",
    "PUBLIC",
    "Account",
    "AlreadySetUp",
    "ApiTokenWish",
    "ApiTokens",
    "Audit",
    "AuthMiddleware",
    "Device",
    "Household",
    "Households",
    "Identity",
    "Invitation",
    "InvitationWish",
    "Links",
    "NewAccount",
    "NoSuchUser",
    "NotSignedIn",
    "OpenIdSignIn",
    "OwnerOnly",
    "Passkey",
    "Passkeys",
    "Preferences",
    "Principal",
    "Profile",
    "Provider",
    "RelyingParty",
    "Role",
    "Scope",
    "SignInDevice",
    "SignInEnded",
    "SigningKeys",
    "TokenMayNot",
    "Tokens",
    "TooManyAttempts",
    "UserChange",
    "UsernameTaken",
    "WayIn",
    "WrongCredentials",
    "api_token_routes",
    "client_address",
    "household_routes",
    "invited_by_provider_routes",
    "openid_routes",
    "passkey_routes",
    "relying_party",
    "requires_manager",
    "requires_owner",
    "routes",
]
