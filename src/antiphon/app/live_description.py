"""What the OpenAPI document says of live spatial sound; its room is heavy and not loaded for that.

The WebSocket at the same path has no place in OpenAPI: docs/guides/spatial.md tells its protocol.
"""

from typing import Any, Final

LIVE_PATH: Final = "/v1/me/spatial"
_BYTES: Final = {"schema": {"type": "string", "format": "binary"}}
_DEGREES: Final = {"type": "number", "default": 0}
_PARAMETERS: Final[tuple[tuple[str, str, dict[str, Any]], ...]] = (
    ("layout", "The channels that come, a BS.2051 layout such as 4+7+0.", {"type": "string"}),
    (
        "ambisonics",
        "Or the order of the field that comes, ACN and SN3D.",
        {"type": "integer", "minimum": 1, "maximum": 3},
    ),
    ("format", "Of samples without a file around.", {"enum": ["f32", "s16"], "default": "f32"}),
    ("sampleRate", "The same.", {"enum": [44100, 48000, 96000], "default": 48000}),
    ("block", "Samples that are rendered at once.", {"enum": [128, 256, 512], "default": 256}),
    ("output", "A layout that goes out; two ears without it.", {"type": "string"}),
    (
        "headRadiusMm",
        "Of the ears' head; 87.5 without it.",
        {"type": "integer", "minimum": 70, "maximum": 110, "multipleOf": 5},
    ),
    ("yaw", "Where the head looks, degrees to the left.", _DEGREES),
    ("pitch", "Degrees up.", _DEGREES),
    ("roll", "Degrees, the right ear down.", _DEGREES),
)


def live_paths() -> dict[str, Any]:
    """Return the path of posted sound; refusals are added with those of all others."""
    return {
        LIVE_PATH: {
            "post": {
                "tags": ["Spatial"],
                "summary": "RenderSpatial",
                "description": "Render sound while it comes: raw samples, or WAV, RF64 and BW64 by "
                "their channels. Up to four times faster than it plays; as many samples come out "
                "as went in. What turns bad on the way is cut off.",
                "operationId": "renderSpatial",
                "parameters": [
                    {"name": name, "in": "query", "description": told, "schema": schema}
                    for name, told, schema in _PARAMETERS
                ],
                "requestBody": {
                    "required": True,
                    "content": {"application/octet-stream": _BYTES, "audio/wav": _BYTES},
                },
                "responses": {
                    "200": {
                        "description": "Interleaved float32 samples, little-endian.",
                        "headers": {
                            "Antiphon-Channels": {"schema": {"type": "integer"}},
                            "Antiphon-Sample-Rate": {"schema": {"type": "integer"}},
                        },
                        "content": {"application/octet-stream": _BYTES},
                    }
                },
            }
        }
    }
