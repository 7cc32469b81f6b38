"""Music in: folders of files become songs of the catalogue, and stay what the folders are."""

from antiphon.ingest.model import Phase, Progress, ScanReport
from antiphon.ingest.service import FolderImport
from antiphon.ingest.state import Failure

__all__ = ["Failure", "FolderImport", "Phase", "Progress", "ScanReport"]
