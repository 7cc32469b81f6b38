"""After a restore: what is derived is derived again."""

from antiphon.app.compose import open_installation
from antiphon.app.settings import Settings
from antiphon.archive import new_generation
from antiphon.audio import PACKAGES
from antiphon.storage import DeleteRow

_PAGE = 1000


async def rebuild_projections(settings: Settings, *, media: bool) -> None:
    """Let every projection read the log from its beginning; they are idempotent.

    The search index is not part of a backup. Without media, packages are forgotten too, so that
    the recordings are encoded again.
    """
    from antiphon.app.events_role import every_projection  # noqa: PLC0415 - loads the import

    installation = open_installation(settings)
    try:
        for projection in every_projection(installation):
            await installation.events.rewind(projection.topic, group=projection.group)
        await new_generation(installation.tables)
        if not media:
            while rows := await installation.tables.scan(PACKAGES, limit=_PAGE):
                await installation.tables.mutate_many(
                    PACKAGES, [(row.key, [DeleteRow()]) for row in rows]
                )
    finally:
        await installation.close()
