"""The JSON API: the rooms' routes in one Litestar application, one table of errors."""

from functools import partial
from typing import TYPE_CHECKING, Any

import structlog
from litestar import Litestar, Request, Response, get
from litestar.exceptions import HTTPException, ValidationException
from litestar.middleware import DefineMiddleware
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.openapi.spec import Components, License, SecurityScheme

import antiphon.catalog
import antiphon.charts
import antiphon.identity
import antiphon.ingest
import antiphon.library
import antiphon.rights
import antiphon.streaming
import antiphon.voice
from antiphon import __version__
from antiphon.app.accounts import facts_of, ledger_of
from antiphon.app.openapi import described
from antiphon.kernel import AntiphonError, Invalid, problem, problem_body

if TYPE_CHECKING:
    from antiphon.app.compose import Installation

log = structlog.get_logger()

_INTERNAL = 500
_MAX_BODY = 1024 * 1024


@get(
    "/v1/openapi.json",
    opt={antiphon.identity.PUBLIC: True},
    media_type="application/json",
    include_in_schema=False,
    sync_to_thread=False,
)
def openapi(request: Request[Any, Any, Any]) -> bytes:
    """Return the description of this API (OpenAPI 3.1)."""
    return described(request.app)


class ApiRequest(Request[Any, Any, Any]):
    """A request whose body may be anything: what is no JSON is the sender's fault, not ours."""

    async def json(self) -> Any:
        """Return the decoded body; ``Invalid`` where it is nested too deeply or not UTF-8."""
        try:
            return await super().json()
        except RecursionError:
            raise Invalid("The body is nested too deeply.") from None
        except UnicodeDecodeError as fault:
            raise Invalid(f"The body is not UTF-8 at byte {fault.start}.") from fault


def json_api(installation: "Installation", voice: antiphon.voice.VoiceDesk) -> Litestar:
    """Return the application that answers ``/v1/...`` and ``/artwork/...``."""
    return Litestar(
        route_handlers=[
            openapi,
            *antiphon.identity.routes(
                installation.identity, installation.audit, installation.settings.trusted_proxies
            ),
            *antiphon.identity.household_routes(installation.households, installation.passkeys),
            *antiphon.identity.passkey_routes(
                installation.passkeys, installation.settings.trusted_proxies
            ),
            *antiphon.identity.openid_routes(
                installation.openid, installation.settings.trusted_proxies
            ),
            *antiphon.identity.invited_by_provider_routes(
                installation.openid, installation.households, installation.settings.trusted_proxies
            ),
            *antiphon.identity.api_token_routes(installation.api_tokens),
            *antiphon.catalog.routes(installation.catalog, installation.rights),
            *antiphon.charts.routes(
                antiphon.charts.ChartStore(installation.tables),
                installation.catalog,
                installation.rights,
                installation.rights.storefront_of,
            ),
            *antiphon.library.routes(
                installation.library, installation.catalog, installation.rights
            ),
            *antiphon.voice.routes(voice, installation.catalog, installation.rights),
            *antiphon.streaming.spatial_routes(
                installation.catalog,
                installation.rights,
                installation.packages,
                antiphon.streaming.Heads(installation.objects),
            ),
            *antiphon.ingest.routes(installation.imports),
            *antiphon.rights.routes(
                installation.rights,
                installation.clock,
                exists=installation.households.exists,
                audit=installation.audit,
                guards=[antiphon.identity.requires_owner],
            ),
            *antiphon.rights.statement_routes(
                ledger_of(installation),
                antiphon.rights.MoneyBook(installation.tables),
                installation.audit,
                installation.clock,
                facts=partial(facts_of, installation),
                guards=[antiphon.identity.requires_owner],
            ),
        ],
        middleware=[
            DefineMiddleware(antiphon.identity.AuthMiddleware, identity=installation.identity)
        ],
        exception_handlers={
            AntiphonError: _known,
            HTTPException: _framework,
            Exception: _unknown,
        },
        openapi_config=OpenAPIConfig(
            title="Antiphon",
            version=__version__,
            description="The native API of an Antiphon installation.",
            license=License(name="Apache-2.0", identifier="Apache-2.0"),
            path="/v1/openapi",  # a place of its own: it answers everything below in HTML
            render_plugins=[JsonRenderPlugin(path="/schema.json")],
            components=Components(
                security_schemes={
                    "bearer": SecurityScheme(type="http", scheme="bearer", bearer_format="JWT")
                }
            ),
            security=[{"bearer": []}],
        ),
        request_class=ApiRequest,
        request_max_body_size=_MAX_BODY,
        debug=False,
    )


def _known(_request: Request[Any, Any, Any], error: AntiphonError) -> Response[Any]:
    status, body = problem(error)
    headers = {}
    if "retry_after" in error.fields:
        headers["Retry-After"] = str(error.fields["retry_after"])
    return Response(body, status_code=status, headers=headers)


def _framework(_request: Request[Any, Any, Any], error: HTTPException) -> Response[Any]:
    source = _first_source(error) if isinstance(error, ValidationException) else None
    body = problem_body(
        error.status_code,
        code=_CODES.get(error.status_code, "invalid"),
        title=_title(error.status_code),
        detail=_detail(error),
        source=source,
    )
    return Response(body, status_code=error.status_code, headers=error.headers or {})


def _unknown(request: Request[Any, Any, Any], error: Exception) -> Response[Any]:
    log.error("request_failed", path=request.url.path, exc_info=error)
    body = problem_body(
        _INTERNAL,
        code="internal",
        title="Internal Server Error",
        detail="Something failed on the server; its log has the details.",
    )
    return Response(body, status_code=_INTERNAL)


_CODES = {
    401: "denied",
    403: "denied",
    404: "not_found",
    405: "method_not_allowed",
    413: "too_large",
}
_TITLES = {
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    413: "Content Too Large",
    429: "Too Many Requests",
}


def _title(status: int) -> str:
    return _TITLES.get(status, "Error")


def _detail(error: HTTPException) -> str:
    if isinstance(error, ValidationException) and isinstance(error.extra, list) and error.extra:
        first = error.extra[0]
        if isinstance(first, dict):
            return f"{first.get('key', 'The request')}: {first.get('message', error.detail)}"
    return error.detail or _title(error.status_code)


def _first_source(error: ValidationException) -> dict[str, str] | None:
    if isinstance(error.extra, list) and error.extra and isinstance(error.extra[0], dict):
        key = error.extra[0].get("key")
        if key:
            place = "pointer" if error.extra[0].get("source") == "body" else "parameter"
            return {place: str(key)}
    return None
