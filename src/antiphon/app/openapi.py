"""The OpenAPI document: the rooms' routes, the hot routes, and what each may refuse.

Litestar knows the good answers. Refusals have one shape and follow from what a route is: whether
it wants a token, an owner, a body, an id. They are added here once, rather than at each handler.
"""

from typing import Any

import msgspec
from litestar import Litestar
from litestar.handlers import HTTPRouteHandler

from antiphon.app.live_description import live_paths
from antiphon.identity import PUBLIC, requires_manager, requires_owner
from antiphon.streaming import describe

_METHODS = {"get", "put", "post", "patch", "delete"}
_PROBLEMS = "#/components/schemas/Problems"
_MEANING = {
    400: "The request is not what this route takes.",
    401: "There is no valid access token, or what was to be proven is wrong.",
    403: "The account that asks may not do this.",
    404: "There is no such thing, or it is another's.",
    408: "The body did not arrive in time.",
    409: "Something else has happened first.",
    413: "The body is too large.",
    414: "The address is longer than 64 KiB; the HTTP server says so, without a body.",
    422: "The body is JSON, but not what this route takes.",
    429: "Too many attempts; Retry-After says when to try again.",
    503: "The server cannot do this now; it may be tried again.",
}
_TOLD_BY_THE_SERVER = 414
# What does not follow from what a route is.
_MORE = {
    "setUp": {409},
    "signIn": {401, 429},
    "renewToken": {401},
    "changeMe": {401},
    "changePassword": {403},
    "addUser": {409},
    "createInvitation": {403},
    "lookAtInvitation": {404},
    "offerInvitedPasskey": {404, 409},
    "acceptInvitation": {404, 409},
    "askForPasskey": {409, 429},
    "signInWithPasskey": {409, 429},
    "beginOpenIdSignIn": {429},
    "signInWithOpenId": {403, 409},
    "takeOpenIdNotice": {429},
    "beginInvitedOpenId": {429},
    "acceptInvitationWithOpenId": {409},
    "beginLinking": {403, 429},
    "linkSignIn": {409},
    "unlinkSignIn": {409},
    "offerPasskey": {403, 409, 429},
    "addPasskey": {409},
    "removePasskey": {409},
    "createApiToken": {403, 429},
    "removeUser": {403},
    "startImport": {409},
    "getLicence": {403, 408, 409, 422, 429},
    "renewLicence": {403, 409, 429},
    "readAvailability": {404},
    "changePlaylist": {409},
    "addPlaylistItems": {409},
    "removePlaylistItem": {409},
    "movePlaylistItem": {409},
    "play": {403, 404, 408, 422},
    "recordPlay": {408, 422},
    "renderSpatial": {408},
}
_SCHEMAS: dict[str, Any] = {
    "Problem": {
        "type": "object",
        "required": ["id", "status", "code", "title", "detail"],
        "properties": {
            "id": {"type": "string"},
            "status": {"type": "string", "pattern": "^[45][0-9]{2}$"},
            "code": {"type": "string"},
            "title": {"type": "string"},
            "detail": {"type": "string"},
            "meta": {"type": "object", "description": "For programs; depends on the code."},
            "source": {
                "type": "object",
                "properties": {"parameter": {"type": "string"}, "pointer": {"type": "string"}},
                "additionalProperties": False,
            },
        },
        "additionalProperties": False,
    },
    "Problems": {
        "type": "object",
        "required": ["errors"],
        "properties": {
            "errors": {
                "type": "array",
                "minItems": 1,
                "items": {"$ref": "#/components/schemas/Problem"},
            }
        },
        "additionalProperties": False,
    },
}


def described(app: Litestar) -> bytes:
    """Return the document (OpenAPI 3.1) as JSON."""
    document: dict[str, Any] = app.openapi_schema.to_schema()
    paths, schemas = describe()
    document["paths"] |= paths | live_paths()
    document["components"]["schemas"] |= schemas | _SCHEMAS
    handlers = {
        handler.operation_id: handler
        for route in app.routes
        for handler in getattr(route, "route_handlers", ())
        if isinstance(handler, HTTPRouteHandler)
    }
    for path, item in document["paths"].items():
        for method, operation in item.items():
            if method in _METHODS:
                _complete(path, operation, handlers.get(operation["operationId"]))
    return msgspec.json.encode(document)


def _complete(path: str, operation: dict[str, Any], handler: HTTPRouteHandler | None) -> None:
    """Add who may ask, and the refusals, to one operation."""
    public = handler is not None and bool(handler.opt.get(PUBLIC))
    if public:
        operation["security"] = []
    answers = operation["responses"]
    answers.pop("400", None)  # the framework's own shape, which is never sent
    if operation["operationId"] == "renewToken":
        answers["204"] = {"description": "The web player has no sign-in to renew."}
    if "204" in answers:
        answers["204"].pop("content", None)
    refusals = {503} | _MORE.get(operation["operationId"], set()) | _by_form(path, operation)
    if not public:
        refusals.add(401)
    if handler is not None and {requires_owner, requires_manager} & set(handler.resolve_guards()):
        refusals.add(403)
    for status in sorted(refusals):
        answers[str(status)] = {"description": _MEANING[status]}
        if status != _TOLD_BY_THE_SERVER:
            body = {"application/json": {"schema": {"$ref": _PROBLEMS}}}
            answers[str(status)]["content"] = body


def _by_form(path: str, operation: dict[str, Any]) -> set[int]:
    """Return the refusals that follow from what a request consists of."""
    found: set[int] = set()
    if operation.get("parameters"):
        found |= {400, _TOLD_BY_THE_SERVER}
    if "requestBody" in operation:
        is_streamed = "application/octet-stream" in operation["requestBody"]["content"]
        found |= {400} if is_streamed else {400, 413}
    if "{" in path:
        found.add(404)
    return found
