"""Which scope an API token needs for which route: one table, and what is not in it is refused.

It stands before all routers, hot or not, and works on the path as they get it. Ways of getting in
(passwords, passkeys, tokens, invitations, new users, devices) are in no line: whoever holds an API
token can never make themselves another key.
"""

from typing import Final

from antiphon.identity import API_TOKEN_BEARER as _BEARER
from antiphon.identity import ApiTokens, Scope, TokenMayNot

_READS: Final = frozenset({"GET", "HEAD"})
_WRITES: Final = frozenset({"POST", "PUT", "PATCH", "DELETE"})
_ALL: Final = _READS | _WRITES
_CHANGES: Final = frozenset({"PATCH", "DELETE"})

# A path stands for itself; one that ends in "/" for everything below it.
SCOPES: Final[tuple[tuple[frozenset[str], str, Scope], ...]] = (
    (_READS, "/v1/catalog/", Scope.READ),
    (_READS, "/artwork/", Scope.READ),
    (_READS, "/v1/spatial/", Scope.READ),
    (_READS, "/v1/openapi.json", Scope.READ),
    (_READS, "/v1/me", Scope.READ),
    (_READS, "/v1/household", Scope.READ),
    (_READS, "/v1/me/favorites/", Scope.READ),
    (_WRITES, "/v1/me/favorites/", Scope.LIBRARY),
    (_READS, "/v1/me/dislikes/", Scope.READ),
    (_WRITES, "/v1/me/dislikes/", Scope.LIBRARY),
    (_READS, "/v1/me/library/", Scope.READ),
    (_WRITES, "/v1/me/library/", Scope.LIBRARY),
    (_READS, "/v1/me/playlists", Scope.READ),
    (_WRITES, "/v1/me/playlists", Scope.LIBRARY),
    (_READS, "/v1/me/playlists/", Scope.READ),
    (_WRITES, "/v1/me/playlists/", Scope.LIBRARY),
    (_READS, "/v1/me/history", Scope.READ),
    (_READS, "/v1/me/continue", Scope.READ),
    (_ALL, "/v1/me/plays", Scope.PLAY),
    (_ALL, "/v1/me/plays/", Scope.PLAY),
    (_ALL, "/v1/me/spatial", Scope.PLAY),
    (_ALL, "/v1/me/voice", Scope.PLAY),
    (_ALL, "/v1/me/voice/", Scope.PLAY),
    (_ALL, "/siri/", Scope.PLAY),  # what changes a library needs Scope.LIBRARY besides
    (_ALL, "/hls/", Scope.PLAY),
    (_ALL, "/v1/imports", Scope.ADMIN),
    (_ALL, "/v1/imports/", Scope.ADMIN),
    (_ALL, "/v1/rights/", Scope.ADMIN),
    (_READS, "/v1/users", Scope.ADMIN),
    (_CHANGES, "/v1/users/", Scope.ADMIN),
    (frozenset({"PATCH"}), "/v1/household", Scope.ADMIN),
    (_READS, "/v1/households", Scope.ADMIN),
    (_CHANGES, "/v1/households/", Scope.ADMIN),
    (_ALL, "/rest/", Scope.SUBSONIC),
)


def scope_for(method: str, path: str) -> Scope | None:
    """Return the scope that a request needs; None where no API token may send it."""
    for methods, prefix, scope in SCOPES:
        below = prefix.endswith("/")
        if method in methods and (path.startswith(prefix) if below else path == prefix):
            return scope
    return None


class TokenGate:
    """Lets requests with an API token through to where its scopes reach, and no further."""

    def __init__(self, tokens: ApiTokens) -> None:
        self._tokens = tokens

    async def check(self, method: str, path: str, authorization: bytes | None) -> None:
        """Return for all who may pass; ``NotSignedIn`` or ``TokenMayNot`` for the others."""
        if authorization is None or not authorization.startswith(_BEARER):
            return
        principal = await self._tokens.admit(authorization)
        scope = scope_for(method, path)
        if scope is None:
            raise TokenMayNot("No API token may do this: sign in.", http_status=403)
        if scope.value not in (principal.scopes or ()):
            raise TokenMayNot(f"This needs an API token with the scope {scope}.", http_status=403)
