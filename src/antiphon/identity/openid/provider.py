"""A provider as the settings describe it."""

from pathlib import Path
from typing import Final, Literal
from urllib.parse import urlsplit

import msgspec

from antiphon.kernel import Invalid

_LOOPBACK: Final = {"127.0.0.1", "::1", "localhost"}


class Provider(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One table ``[[openid]]`` of the settings.

    ``id`` is its name in addresses. ``new_accounts`` says whether somebody whom nobody knows here
    gets an account of the founding household. ``client_auth`` says where the client's secret goes,
    for providers that take it in one place only. ``key_file`` (a .p8 or PEM with a P-256 key, named
    ``key_id`` at the provider) stands for a secret: what it signs shows who asks. ``style`` apple
    needs it, and ``team``; its notices may be for one of ``notice_audiences``, too (the App ID of a
    group). ``private_addresses`` lets it be in the house's own network, and without TLS on this
    machine itself.
    """

    id: str
    name: str
    issuer: str
    client_id: str
    client_secret: str = ""
    client_auth: Literal["auto", "basic", "post"] = "auto"
    scopes: tuple[str, ...] = ("openid", "profile", "email")
    new_accounts: Literal["nobody", "anyone"] = "nobody"
    private_addresses: bool = False
    style: Literal["standard", "apple"] = "standard"
    team: str = ""
    key_id: str = ""
    key_file: str = ""
    notice_audiences: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse what could not work, when the settings are read."""
        if not self.id.isascii() or not self.id.replace("-", "").isalnum() or len(self.id) > 32:
            raise ValueError("openid.id has 1 to 32 letters, digits and hyphens")
        if "openid" not in self.scopes:
            raise ValueError("openid.scopes has to name openid")
        if self.style == "apple" and not (self.team and self.key_id and self.key_file):
            raise ValueError("openid of style apple needs team, key_id and key_file")
        if self.key_file and self.client_secret:
            raise ValueError("openid has client_secret or key_file, not both")
        parts = urlsplit(self.issuer)
        if parts.query or parts.fragment or not self.may_ask(self.issuer):
            raise ValueError("openid.issuer is an https address without query")

    @property
    def posts_form(self) -> bool:
        """Whether the answer comes as a form that the provider's page posts."""
        return self.style == "apple" and set(self.scopes) != {"openid"}

    def may_ask(self, url: str) -> bool:
        """Say whether an address has a form that may be asked: https, no user name."""
        try:
            parts = urlsplit(url)
            host, _ = parts.hostname, parts.port
        except ValueError:
            return False
        safe = parts.scheme == "https" or (
            parts.scheme == "http" and self.private_addresses and host in _LOOPBACK
        )
        return safe and bool(host) and "@" not in parts.netloc

    def private_key(self) -> bytes:
        """Return the .p8 key's text; ``Invalid`` where it cannot be read."""
        try:
            return Path(self.key_file).read_bytes()
        except OSError as fault:
            raise Invalid(
                f"The key file of {self.name} cannot be read: {fault.strerror}."
            ) from None
