"""What identity refuses, each with its code."""

from antiphon.kernel import Conflict, Denied, Invalid, NotFound, Unavailable


class NotSignedIn(Denied):
    """There is no valid access token with the request."""

    code = "not_signed_in"


class WrongCredentials(Denied):
    """User name and password do not fit; which of them is wrong is not told."""

    code = "wrong_credentials"


class SignInEnded(Denied):
    """The refresh token is not good any more: sign in again."""

    code = "sign_in_ended"


class OwnerOnly(Denied):
    """Only the household's owner may do this."""

    code = "owner_only"


class NotFromHere(Denied):
    """The cookie came without proof that the player itself sent it."""

    code = "cross_site"


class TooManyAttempts(Unavailable):
    """Too many attempts to sign in; the detail says when to try again."""

    code = "too_many_attempts"


class AlreadySetUp(Conflict):
    """The household has its owner."""

    code = "already_set_up"


class UsernameTaken(Conflict):
    """Another account has this user name."""

    code = "username_taken"


class BadUsername(Invalid):
    """The user name breaks a rule."""

    code = "bad_username"


class BadPassword(Invalid):
    """The password is too short or too long."""

    code = "bad_password"


class NoSuchUser(NotFound):
    """There is no such account in this household."""

    code = "no_such_user"


class NoSuchDevice(NotFound):
    """The listener is not signed in on such a device."""

    code = "no_such_device"


class ManagerOnly(Denied):
    """Only the owner or the head of a household may do this."""

    code = "manager_only"


class ProofNeeded(Denied):
    """This adds a way in: the password, or a sign-in of just now, has to be shown."""

    code = "proof_needed"


class NotAChild(Invalid):
    """Only children's passwords are set by others."""

    code = "not_a_child"


class BadInvitation(Invalid):
    """The wish for an invitation breaks a rule."""

    code = "bad_invitation"


class NoSuchHousehold(NotFound):
    """There is no such household."""

    code = "no_such_household"


class NoSuchInvitation(NotFound):
    """There is no such invitation, or it is used, withdrawn or too old."""

    code = "no_such_invitation"


class PasskeysUnavailable(Conflict):
    """The address of this installation is none that passkeys can be for."""

    code = "passkeys_unavailable"


class PasskeyRefused(Invalid):
    """What the authenticator sent does not prove who it is."""

    code = "passkey_refused"


class PasskeyKnown(Conflict):
    """This passkey is registered already, or there are too many."""

    code = "passkey_known"


class NoSuchPasskey(NotFound):
    """The account has no such passkey."""

    code = "no_such_passkey"


class LastWayIn(Conflict):
    """Without this the account could not be entered any more."""

    code = "last_way_in"


class NoSuchApiToken(NotFound):
    """The account has no such API token."""

    code = "no_such_api_token"


class BadApiToken(Invalid):
    """The wish for an API token breaks a rule."""

    code = "bad_api_token"


class TokenMayNot(Denied):
    """The API token has not the scope for this, or no API token may do it."""

    code = "token_may_not"
