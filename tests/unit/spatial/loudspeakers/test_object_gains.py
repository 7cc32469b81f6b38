import json
import lzma
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from antiphon.spatial.layouts import bs2051_layout
from antiphon.spatial.objects.gains import ObjectGains, PlacedBlock
from antiphon.spatial.scene import (
    CartesianDivergence,
    CartesianPosition,
    CartesianScreen,
    CartesianZone,
    ChannelLock,
    ObjectBlock,
    PolarDivergence,
    PolarPosition,
    PolarScreen,
    PolarZone,
    ScreenEdge,
)


def cases(data: Path) -> list[tuple[PlacedBlock, dict[str, Any]]]:
    with lzma.open(data / "gains" / "inputs.jsonl.xz", "rt") as inputs:
        blocks = [placed(json.loads(line)) for line in inputs]
    with lzma.open(data / "gains" / "outputs.jsonl.xz", "rt") as outputs:
        return list(zip(blocks, map(json.loads, outputs), strict=True))


def placed(case: dict[str, Any]) -> PlacedBlock:
    told = case["block_format"]
    block = ObjectBlock(
        start=Fraction(0),
        end=None,
        position=position(told["position"]),
        cartesian=told.get("cartesian", False),
        width=told.get("width", 0.0),
        height=told.get("height", 0.0),
        depth=told.get("depth", 0.0),
        gain=told.get("gain", 1.0),
        diffuse=told.get("diffuse", 0.0),
        channel_lock=lock(told.get("channelLock")),
        divergence=divergence(told.get("objectDivergence")),
        zones=tuple(zone(told) for told in told.get("zoneExclusion", [])),
        screen_ref=told.get("screenRef", False),
    )
    return PlacedBlock(block, screen(case["extra_data"]["reference_screen"]))


def position(told: dict[str, Any]) -> PolarPosition | CartesianPosition:
    locked = told.get("screenEdgeLock", {})
    edge = ScreenEdge(locked.get("horizontal"), locked.get("vertical"))
    if "X" in told:
        return CartesianPosition(told["X"], told["Y"], told.get("Z", 0.0), edge)
    return PolarPosition(told["azimuth"], told["elevation"], told.get("distance", 1.0), edge)


def lock(told: dict[str, Any] | None) -> ChannelLock | None:
    return None if told is None else ChannelLock(told.get("maxDistance"))


def divergence(told: dict[str, Any] | None) -> PolarDivergence | CartesianDivergence | None:
    if told is None:
        return None
    if "azimuthRange" in told:
        return PolarDivergence(told["value"], told["azimuthRange"])
    if "positionRange" in told:
        return CartesianDivergence(told["value"], told["positionRange"])
    return PolarDivergence(told["value"])


def zone(told: dict[str, Any]) -> PolarZone | CartesianZone:
    if told["_type"] == "PolarZone":
        names = ("minAzimuth", "maxAzimuth", "minElevation", "maxElevation")
        return PolarZone(*(told[name] for name in names))
    return CartesianZone(*(told[name] for name in ("minX", "maxX", "minY", "maxY", "minZ", "maxZ")))


def screen(told: dict[str, Any]) -> PolarScreen | CartesianScreen:
    centre = told["centrePosition"]
    if told["_type"] == "PolarScreen":
        place = PolarPosition(centre["azimuth"], centre["elevation"], centre.get("distance", 1.0))
        return PolarScreen(told["aspectRatio"], place, told["widthAzimuth"])
    place = CartesianPosition(centre["X"], centre["Y"], centre["Z"])
    return CartesianScreen(told["aspectRatio"], place, told["widthX"])


def test_gains_equal_the_published_ones_in_every_case(spatial_data) -> None:
    blocks, expected = zip(*cases(spatial_data), strict=True)
    gains = ObjectGains(bs2051_layout("4+5+0")).gains(blocks)
    assert len(blocks) == 600
    for row, told in zip(gains, expected, strict=True):
        assert row[0] == pytest.approx(told["direct"], abs=1e-10)
        assert row[1] == pytest.approx(told["diffuse"], abs=1e-10)


def test_blocks_do_not_influence_each_other(spatial_data) -> None:
    blocks = [block for block, _ in cases(spatial_data)[::10]]
    calculator = ObjectGains(bs2051_layout("9+10+3"))
    together = calculator.gains(blocks)
    alone = np.concatenate([calculator.gains([block]) for block in blocks])
    assert np.array_equal(together, alone)
