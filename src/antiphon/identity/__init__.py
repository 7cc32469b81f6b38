"""Who is asking: accounts of a household, signing in, devices, tokens."""

from antiphon.identity.api import routes
from antiphon.identity.errors import (
    AlreadySetUp,
    NoSuchUser,
    NotSignedIn,
    OwnerOnly,
    SignInEnded,
    TooManyAttempts,
    UsernameTaken,
    WrongCredentials,
)
from antiphon.identity.http import PUBLIC, AuthMiddleware, client_address, requires_owner
from antiphon.identity.model import Account, Device, Preferences, Principal, Role, Tokens
from antiphon.identity.service import Identity, NewAccount, SignInDevice

__all__ = [
    "PUBLIC",
    "Account",
    "AlreadySetUp",
    "AuthMiddleware",
    "Device",
    "Identity",
    "NewAccount",
    "NoSuchUser",
    "NotSignedIn",
    "OwnerOnly",
    "Preferences",
    "Principal",
    "Role",
    "SignInDevice",
    "SignInEnded",
    "Tokens",
    "TooManyAttempts",
    "UsernameTaken",
    "WrongCredentials",
    "client_address",
    "requires_owner",
    "routes",
]
