"""What the OpenAPI document says of the hot routes below ``/v1``; media addresses are opaque."""

from typing import Any

import msgspec

from antiphon.streaming.licensing import LicenceIn, LicenceOut
from antiphon.streaming.wire import GrantOut, PlayEventsIn, PlayIn

_JSON = "application/json"
_PLAY_ID = {"name": "play_id", "in": "path", "required": True, "schema": {"type": "string"}}
_UNIX_MS = {"schema": {"type": "integer"}}
_LEASE = {
    "Antiphon-Lease-Expires": {"description": "Until when, in Unix milliseconds.", **_UNIX_MS},
    "Antiphon-Lease-Renew": {"description": "When to renew, in Unix milliseconds.", **_UNIX_MS},
}
_PROTECTION = {
    "type": "object",
    "description": "How the song is encrypted; licenceUrl is null where a DRM system has the keys.",
    "required": ["scheme", "licenceUrl"],
    "properties": {
        "scheme": {"type": "string", "enum": ["cbcs"]},
        "licenceUrl": {"type": ["string", "null"]},
    },
}


def describe() -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the paths and the schemas; refusals are the app's to add."""
    (play, events, grant, asked, licence), schemas = msgspec.json.schema_components(
        [PlayIn, PlayEventsIn, GrantOut, LicenceIn, LicenceOut],
        ref_template="#/components/schemas/{name}",
    )
    schemas["Grant"] = {
        "allOf": [
            grant,
            {
                "type": "object",
                "required": ["id", "expiresAt", "protection"],
                "properties": {
                    "id": {"type": "string"},
                    "expiresAt": {"type": "string", "format": "date-time"},
                    "protection": {"anyOf": [_PROTECTION, {"type": "null"}]},
                },
            },
        ]
    }
    granted = {_JSON: {"schema": {"$ref": "#/components/schemas/Grant"}}}
    paths = {
        "/v1/me/plays": {
            "post": {
                "tags": ["Plays"],
                "summary": "Play",
                "description": "Ask for a song: where its media is, and why this quality.",
                "operationId": "play",
                "requestBody": {"required": True, "content": {_JSON: {"schema": play}}},
                "responses": {"201": {"description": "Granted.", "content": granted}},
            }
        },
        "/v1/me/plays/{play_id}/events": {
            "post": {
                "tags": ["Plays"],
                "summary": "RecordPlay",
                "description": "Tell what became of a play.",
                "operationId": "recordPlay",
                "parameters": [_PLAY_ID],
                "requestBody": {"required": True, "content": {_JSON: {"schema": events}}},
                "responses": {"202": {"description": "Taken down."}},
            }
        },
        "/v1/me/plays/{play_id}/licence": {
            "post": {
                "tags": ["Plays"],
                "summary": "GetLicence",
                "description": "Get the keys of an encrypted song, with a lease (W3C Clear Key).",
                "operationId": "getLicence",
                "parameters": [_PLAY_ID],
                "requestBody": {"required": True, "content": {_JSON: {"schema": asked}}},
                "responses": {
                    "200": {
                        "description": "The keys.",
                        "headers": _LEASE,
                        "content": {_JSON: {"schema": licence}},
                    }
                },
            },
            "delete": {
                "tags": ["Plays"],
                "summary": "ReleaseLicence",
                "description": "Give a lease back: the song is over or was left.",
                "operationId": "releaseLicence",
                "parameters": [_PLAY_ID],
                "responses": {"204": {"description": "Given back."}},
            },
        },
        "/v1/me/plays/{play_id}/licence/renew": {
            "post": {
                "tags": ["Plays"],
                "summary": "RenewLicence",
                "description": "Get a longer lease, while the song may still be heard.",
                "operationId": "renewLicence",
                "parameters": [_PLAY_ID],
                "responses": {"204": {"description": "Renewed.", "headers": _LEASE}},
            }
        },
    }
    return paths, schemas
