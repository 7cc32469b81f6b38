"""Spatial: from a scene to loudspeakers, ambisonics and ears. Pure: no clock, no chance.

Masters and heads are read from files that are handed in; nothing else is read or written.
"""

from antiphon.spatial.errors import MasterUnreadable, SceneInvalid, UnknownLayout
from antiphon.spatial.feeds import EarsFeed, Feed, FieldFeed, LoudspeakerFeed
from antiphon.spatial.headphones import (
    BLOCK,
    BinauralFilters,
    FieldRenderer,
    HeadphoneRenderer,
    HeadPose,
    default_filters,
    filters_of_file,
    head_pose_of_quaternion,
)
from antiphon.spatial.layouts import LAYOUT_NAMES, Layout, Loudspeaker, bs2051_layout
from antiphon.spatial.masters import (
    Bw64File,
    Bw64Writer,
    PcmFormat,
    adm_chunks,
    begin_of_sound,
    floats_of,
    is_adm,
    read_scene,
    scene_of_ambisonics,
    scene_of_channels,
)
from antiphon.spatial.motion import Motion, motion_of
from antiphon.spatial.objects.gains import ObjectGains, PlacedBlock
from antiphon.spatial.panning.point_source import PointSourcePanner
from antiphon.spatial.rendering.renderer import Renderer
from antiphon.spatial.scene import (
    DirectTrack,
    HoaItem,
    Item,
    ObjectBlock,
    ObjectItem,
    PolarPosition,
    Position,
    Scene,
    SceneKind,
    SpeakerItem,
)

__all__ = [
    "BLOCK",
    "LAYOUT_NAMES",
    "BinauralFilters",
    "Bw64File",
    "Bw64Writer",
    "DirectTrack",
    "EarsFeed",
    "Feed",
    "FieldFeed",
    "FieldRenderer",
    "HeadPose",
    "HeadphoneRenderer",
    "HoaItem",
    "Item",
    "Layout",
    "Loudspeaker",
    "LoudspeakerFeed",
    "MasterUnreadable",
    "Motion",
    "ObjectBlock",
    "ObjectGains",
    "ObjectItem",
    "PcmFormat",
    "PlacedBlock",
    "PointSourcePanner",
    "PolarPosition",
    "Position",
    "Renderer",
    "Scene",
    "SceneInvalid",
    "SceneKind",
    "SpeakerItem",
    "UnknownLayout",
    "adm_chunks",
    "begin_of_sound",
    "bs2051_layout",
    "default_filters",
    "filters_of_file",
    "floats_of",
    "head_pose_of_quaternion",
    "is_adm",
    "motion_of",
    "read_scene",
    "scene_of_ambisonics",
    "scene_of_channels",
]
