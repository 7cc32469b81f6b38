"""For which site passkeys are: pure, from the address at which the installation is reached."""

import ipaddress
from dataclasses import dataclass
from urllib.parse import urlsplit

_DEFAULT_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class RelyingParty:
    """``id`` is the host that passkeys belong to, ``origin`` the one page address they work at."""

    id: str
    origin: str


def relying_party(public_url: str, port: int) -> RelyingParty | None:
    """Return the relying party for an address; None where browsers allow none there.

    They want a host name, and HTTPS unless it is this machine itself (Web Authentication, 5.1.3;
    Secure Contexts, 3.1). Without a public address that is ``http://localhost`` at ``port``.
    """
    parts = urlsplit(public_url or f"http://localhost:{port}")
    try:
        host, chosen = (parts.hostname or "").lower(), parts.port
    except ValueError:
        return None
    if parts.scheme not in _DEFAULT_PORTS or not host or _is_address(host):
        return None
    is_local = host == "localhost" or host.endswith(".localhost")
    if parts.scheme != "https" and not is_local:
        return None
    is_default = chosen in {None, _DEFAULT_PORTS[parts.scheme]}
    return RelyingParty(host, f"{parts.scheme}://{host}{'' if is_default else f':{chosen}'}")


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
