"""Filters of the head that somebody chose, ready to render with."""

from functools import lru_cache
from pathlib import Path

from antiphon.spatial.headphones.head_model import RADIUS_MM, modelled_head
from antiphon.spatial.headphones.hrtf import diffuse_field_equalised, resampled
from antiphon.spatial.headphones.magls import BinauralFilters, magls_filters
from antiphon.spatial.headphones.sofa import read_sofa

__all__ = ["default_filters", "filters_of_file"]


@lru_cache(maxsize=8)
def default_filters(sample_rate: int, radius_mm: float | None = None) -> BinauralFilters:
    """Return the filters of the modelled head; they take seconds to make, once a process."""
    head = modelled_head(sample_rate, RADIUS_MM if radius_mm is None else radius_mm)
    return magls_filters(diffuse_field_equalised(head))


def filters_of_file(path: Path, sample_rate: int) -> BinauralFilters:
    """Return the filters of a measured head; raise ``MasterUnreadable`` where there is none."""
    return magls_filters(diffuse_field_equalised(resampled(read_sofa(path), sample_rate)))
