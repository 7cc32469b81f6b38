"""The voice room of one process, composed when the first listener speaks."""

import asyncio
from typing import TYPE_CHECKING

import antiphon.catalog.events
from antiphon.app.compose import Installation
from antiphon.voice import VoiceDesk

if TYPE_CHECKING:
    from antiphon.voice import Voice


def voice_desk(installation: Installation) -> VoiceDesk:
    """Return what opens the room; the models and the names of the catalogue come with it."""

    async def changes() -> int:
        extents = await installation.events.extents(antiphon.catalog.events.TOPIC)
        return sum(extent.end for extent in extents.values())

    async def opened() -> "Voice":
        from antiphon.voice import opening  # noqa: PLC0415 - heavy, and not before it is needed

        reader = await asyncio.to_thread(opening.load_reader)
        return opening.open_voice(
            reader,
            tables=installation.tables,
            cache=installation.cache,
            catalog=installation.catalog,
            library=installation.library,
            gate=installation.rights,
            clock=installation.clock,
            changes=changes,
        )

    return VoiceDesk(opened)
