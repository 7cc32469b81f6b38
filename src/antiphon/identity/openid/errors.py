"""What signing in by way of a provider refuses."""

from antiphon.kernel import Conflict, Denied, Invalid, NotFound, Unavailable


class NoSuchProvider(NotFound):
    """No provider of this name is set up."""

    code = "no_such_provider"


class OpenIdRefused(Invalid):
    """What came back from the provider, or from the browser, does not prove who it is."""

    code = "openid_refused"


class ProviderUnavailable(Unavailable):
    """The provider does not answer, or not as the standard says."""

    code = "provider_unavailable"


class NoAccountYet(Denied):
    """The provider vouches for somebody whom nobody knows here."""

    code = "no_account_yet"


class LinkedElsewhere(Conflict):
    """This sign-in belongs to an account already."""

    code = "linked_elsewhere"


class NoSuchLink(NotFound):
    """The account has no such linked sign-in."""

    code = "no_such_link"
