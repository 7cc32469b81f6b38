"""Masters: files with ADM, loudspeaker channels, ambisonics or stereo, read as a stream."""

from antiphon.spatial.masters.bw64 import Bw64File, PcmFormat, begin_of_sound, floats_of
from antiphon.spatial.masters.bw64_writing import Bw64Writer
from antiphon.spatial.masters.channels import LAYOUTS, scene_of_ambisonics, scene_of_channels
from antiphon.spatial.masters.reading import adm_chunks, is_adm, read_scene

__all__ = [
    "LAYOUTS",
    "Bw64File",
    "Bw64Writer",
    "PcmFormat",
    "adm_chunks",
    "begin_of_sound",
    "floats_of",
    "is_adm",
    "read_scene",
    "scene_of_ambisonics",
    "scene_of_channels",
]
