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
