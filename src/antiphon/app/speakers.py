"""The gateways of one process for speakers that ask by themselves."""

from antiphon.app.compose import Installation
from antiphon.gateways import (
    SirikitConfiguration,
    SirikitRooms,
    SirikitRoutes,
    read_sirikit_key,
    sirikit_configuration,
)
from antiphon.streaming import StreamingService
from antiphon.voice import VoiceDesk


def sirikit_routes(
    installation: Installation, desk: VoiceDesk, plays: StreamingService
) -> SirikitRoutes:
    """Return the routes below ``/siri``; they say so where the gateway is not set up.

    ``Invalid`` where the key that the settings name is none.
    """
    settings = installation.settings
    rooms: SirikitRooms | None = None
    found: SirikitConfiguration | None = None
    if settings.siri_bundle_id and settings.siri_key:
        rooms = SirikitRooms(
            voice=desk,
            catalog=installation.catalog,
            library=installation.library,
            gate=installation.rights,
            plays=plays,
            cache=installation.cache,
            clock=installation.clock,
            origin=(settings.public_url or f"http://localhost:{settings.port}").rstrip("/"),
            bundle_id=settings.siri_bundle_id,
        )
        key = read_sirikit_key(settings.siri_key)
        found = sirikit_configuration(rooms.base_url, settings.siri_bundle_id, key)
    authenticate, admit = installation.identity.authenticate, installation.api_tokens.admit
    return SirikitRoutes(rooms, found, authenticate, admit)
