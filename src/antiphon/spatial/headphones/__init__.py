"""Headphones: a scene for two ears, the head turning."""

from antiphon.spatial.headphones.convolution import EarConvolver
from antiphon.spatial.headphones.filters import default_filters, filters_of_file
from antiphon.spatial.headphones.head_model import RADIUS_MM, modelled_head
from antiphon.spatial.headphones.hrtf import Hrtf, diffuse_field_equalised, resampled
from antiphon.spatial.headphones.magls import BinauralFilters, magls_filters
from antiphon.spatial.headphones.pose import AHEAD, HeadPose, head_pose_of_quaternion, to_head
from antiphon.spatial.headphones.renderer import BLOCK, FieldRenderer, HeadphoneRenderer
from antiphon.spatial.headphones.sofa import read_sofa

__all__ = [
    "AHEAD",
    "BLOCK",
    "RADIUS_MM",
    "BinauralFilters",
    "EarConvolver",
    "FieldRenderer",
    "HeadPose",
    "HeadphoneRenderer",
    "Hrtf",
    "default_filters",
    "diffuse_field_equalised",
    "filters_of_file",
    "head_pose_of_quaternion",
    "magls_filters",
    "modelled_head",
    "read_sofa",
    "resampled",
    "to_head",
]
