"""The Audio Definition Model (ITU-R BS.2076): documents in, scenes out."""

from antiphon.spatial.adm.chna import ChnaEntry, read_chna, write_chna
from antiphon.spatial.adm.items import scene_of
from antiphon.spatial.adm.model import Document
from antiphon.spatial.adm.reading import document_of, read_document
from antiphon.spatial.adm.writing import write_scene

__all__ = [
    "ChnaEntry",
    "Document",
    "document_of",
    "read_chna",
    "read_document",
    "scene_of",
    "write_chna",
    "write_scene",
]
