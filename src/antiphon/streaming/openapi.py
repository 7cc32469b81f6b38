"""What the OpenAPI document says of the hot routes below ``/v1``; media addresses are opaque."""

from typing import Any

import msgspec

from antiphon.streaming.wire import GrantOut, PlayEventsIn, PlayIn

_JSON = "application/json"


def describe() -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the paths and the schemas; refusals are the app's to add."""
    (play, events, grant), schemas = msgspec.json.schema_components(
        [PlayIn, PlayEventsIn, GrantOut], ref_template="#/components/schemas/{name}"
    )
    schemas["Grant"] = {
        "allOf": [
            grant,
            {
                "type": "object",
                "required": ["id", "expiresAt"],
                "properties": {
                    "id": {"type": "string"},
                    "expiresAt": {"type": "string", "format": "date-time"},
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
                "parameters": [
                    {
                        "name": "play_id",
                        "in": "path",
                        "required": True,
                        "schema": {"type": "string"},
                    }
                ],
                "requestBody": {"required": True, "content": {_JSON: {"schema": events}}},
                "responses": {"202": {"description": "Taken down."}},
            }
        },
    }
    return paths, schemas
