"""Music in: folders of files become songs of the catalogue, and stay what the folders are."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from antiphon.ingest.desk import Imports
from antiphon.ingest.labels import LabelImport
from antiphon.ingest.model import ImportRecord, Phase, Progress, ScanReport
from antiphon.ingest.service import FolderImport
from antiphon.ingest.state import Failure

if TYPE_CHECKING:
    from litestar import Router

__all__ = [
    "Failure",
    "FolderImport",
    "ImportRecord",
    "Imports",
    "LabelImport",
    "Phase",
    "Progress",
    "ScanReport",
    "routes",
]


def routes(imports: Imports) -> "Sequence[Router]":
    """Return the HTTP routes of imports, to be mounted at the root."""
    from antiphon.ingest import api  # noqa: PLC0415 - only HTTP workers load the web framework

    return api.routes(imports)
