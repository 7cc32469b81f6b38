"""Where media lie: the stores that the settings name, and what is kept where."""

from typing import Final

from antiphon.app.settings import Settings
from antiphon.audio import MEDIA, TierRules
from antiphon.storage import Objects, StorageClass, TieredObjects, open_objects

LOWER: Final = {StorageClass.WARM: "objects_warm", StorageClass.COLD: "objects_cold"}
"""The settings of the stores below the hot one."""


def with_lower_stores(hot: Objects, settings: Settings) -> Objects:
    """Return one port over all stores that media may lie in; ``hot`` itself where it is alone."""
    lower = {
        kind: open_objects(url, engine=name)
        for kind, name in LOWER.items()
        if (url := getattr(settings, name))
    }
    return TieredObjects(hot, lower, prefix=f"{MEDIA}/") if lower else hot


def tier_rules(settings: Settings) -> TierRules:
    """Return what is hot, warm and cold; ``Invalid`` where that cannot be."""
    return TierRules(
        hot_days=settings.hot_days,
        cold_days=settings.cold_days,
        hot_plays=settings.hot_plays,
        cold_rungs=settings.cold_rungs,
    )
