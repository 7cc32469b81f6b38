"""Blocks in the other coordinates (BS.2127, section 10), against the reference renderer."""

from fractions import Fraction

import numpy as np
import pytest

from antiphon.spatial.objects.conversion import to_cartesian, to_polar
from antiphon.spatial.scene import CartesianPosition, ObjectBlock, PolarPosition

pytestmark = pytest.mark.oracles


def test_blocks_convert_both_ways_as_the_reference_does(ear) -> None:
    rng = np.random.default_rng(8)
    polar = rng.uniform((-180, -90, 0, 0, 0, 0), (180, 90, 1, 360, 360, 1), (200, 6))
    polar[:5, 0] = (0.0, 30.0, -110.0, 180.0, -30.0)
    cartesian = rng.uniform((-1, -1, -1, 0, 0, 0), (1, 1, 1, 1, 1, 1), (200, 6))
    cartesian[:3, :3] = ((0, 0, 0), (0, 0, -1), (1, 1, 0))
    theirs = ear.converted(polar, cartesian)
    assert np.abs(np.array([as_box(*row) for row in polar]) - theirs["cartesian"]).max() < 1e-10
    assert np.abs(np.array([as_angles(*row) for row in cartesian]) - theirs["polar"]).max() < 1e-10


def as_box(azimuth, elevation, distance, width, height, depth) -> tuple[float, ...]:
    place = PolarPosition(azimuth, elevation, distance)
    block = ObjectBlock(
        Fraction(0), None, place, cartesian=False, width=width, height=height, depth=depth
    )
    box = to_cartesian(block)
    assert isinstance(box.position, CartesianPosition)
    assert box.cartesian
    return (*(box.position.x, box.position.y, box.position.z), box.width, box.depth, box.height)


def as_angles(x, y, z, along_x, along_y, along_z) -> tuple[float, ...]:
    block = ObjectBlock(
        Fraction(0),
        None,
        CartesianPosition(x, y, z),
        cartesian=True,
        width=along_x,
        depth=along_y,
        height=along_z,
    )
    told = to_polar(block)
    assert isinstance(told.position, PolarPosition)
    assert not told.cartesian
    at = told.position
    return (at.azimuth, at.elevation, at.distance, told.width, told.height, told.depth)
