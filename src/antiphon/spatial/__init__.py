"""Spatial: from a scene to loudspeakers, ambisonics and ears. Pure: no I/O, no clock, no chance."""

from antiphon.spatial.errors import SceneInvalid, UnknownLayout
from antiphon.spatial.layouts import LAYOUT_NAMES, Layout, Loudspeaker, bs2051_layout
from antiphon.spatial.objects.gains import ObjectGains, PlacedBlock
from antiphon.spatial.panning.point_source import PointSourcePanner
from antiphon.spatial.rendering.renderer import Renderer

__all__ = [
    "LAYOUT_NAMES",
    "Layout",
    "Loudspeaker",
    "ObjectGains",
    "PlacedBlock",
    "PointSourcePanner",
    "Renderer",
    "SceneInvalid",
    "UnknownLayout",
    "bs2051_layout",
]
