"""Whole masters: written and read again, bent at random, without ADM, with render modes."""

import io
import random
import struct
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from antiphon.kernel import AntiphonError
from antiphon.spatial.adm import write_chna, write_scene
from antiphon.spatial.errors import MasterUnreadable
from antiphon.spatial.masters import (
    LAYOUTS,
    Bw64Writer,
    PcmFormat,
    read_scene,
    scene_of_ambisonics,
    scene_of_channels,
)
from antiphon.spatial.masters.dbmd import headphone_modes
from antiphon.spatial.scene import (
    CartesianDivergence,
    CartesianPosition,
    CartesianZone,
    ChannelLock,
    DirectTrack,
    ObjectBlock,
    ObjectItem,
    PolarDivergence,
    PolarPosition,
    PolarZone,
    Scene,
    SceneKind,
    ScreenEdge,
)

_UNIT = st.floats(-1, 1)
_LENGTHS = st.integers(0, 480_000).map(lambda samples: Fraction(samples, 48_000))
_POLAR = st.builds(
    PolarPosition,
    st.floats(-180, 180),
    st.floats(-90, 90),
    st.floats(0, 2),
    st.builds(ScreenEdge, st.sampled_from([None, "left", "right"]), st.sampled_from([None, "top"])),
)
_ANGLES = st.floats(-90, 90)
_POLAR_PARTS = {
    "position": _POLAR,
    "divergence": st.none() | st.builds(PolarDivergence, st.floats(0, 1), st.floats(0, 180)),
    "zones": st.lists(st.builds(PolarZone, *[_ANGLES] * 4), max_size=2).map(tuple),
}
_CARTESIAN_PARTS = {
    "position": st.builds(CartesianPosition, _UNIT, _UNIT, _UNIT),
    "divergence": st.none()
    | st.builds(CartesianDivergence, st.floats(0, 1), st.none() | st.floats(0, 1)),
    "zones": st.lists(st.builds(CartesianZone, *[_UNIT] * 6), max_size=2).map(tuple),
}


@st.composite
def _blocks(draw: st.DrawFn) -> tuple[ObjectBlock, ...]:
    cartesian = draw(st.booleans())
    parts = _CARTESIAN_PARTS if cartesian else _POLAR_PARTS
    lengths = draw(st.lists(_LENGTHS, min_size=1, max_size=4))
    at, made = Fraction(0), []
    for length in lengths:
        jump = draw(st.booleans())
        made.append(
            ObjectBlock(
                at,
                at + length,
                **{name: draw(part) for name, part in parts.items()},
                cartesian=cartesian,
                width=draw(st.floats(0, 360)),
                diffuse=draw(st.floats(0, 1)),
                gain=draw(st.floats(0, 4)),
                channel_lock=draw(st.none() | st.builds(ChannelLock, st.none() | st.floats(0, 2))),
                jump=jump,
                interpolation=Fraction(0) if jump else None,
                screen_ref=draw(st.booleans()),
                importance=draw(st.integers(0, 10)),
            )
        )
        at += length
    return tuple(made)


_ITEMS = st.lists(
    st.builds(
        ObjectItem, track=st.builds(DirectTrack, st.integers(0, 3)), blocks=_blocks(), gain=_UNIT
    ),
    min_size=1,
    max_size=3,
)


def _master(scene: Scene, frames: int = 10, **chunks: bytes) -> io.BytesIO:
    axml, table = write_scene(scene)
    file = io.BytesIO()
    parts = {"chna": write_chna(table), "axml": axml, **chunks}
    with Bw64Writer(file, PcmFormat(scene.channels, 48_000, 24), parts) as writer:
        writer.write(np.zeros((frames, scene.channels)))
    file.seek(0)
    return file


def _moving(*, channels: int = 2) -> Scene:
    blocks = tuple(
        ObjectBlock(Fraction(n, 10), Fraction(n + 1, 10), PolarPosition(n * 30.0 - 90, n * 10.0))
        for n in range(6)
    )
    items = [ObjectItem(name=f"o{n}", track=DirectTrack(n), blocks=blocks) for n in range(channels)]
    return Scene(tuple(items), channels, 48_000, "moving")


@settings(max_examples=60, deadline=None)
@given(_ITEMS)
def test_what_is_written_means_the_same_when_it_is_read(items: list[ObjectItem]) -> None:
    scene = Scene(tuple(items), 4, 48_000, "round")
    _, read = read_scene(_master(scene))
    assert read.repairs == ()
    assert [(i.track, i.blocks, i.gain) for i in read.items] == [
        (i.track, i.blocks, i.gain) for i in items
    ]


@pytest.mark.parametrize("seed", range(8))
def test_a_bent_master_is_read_or_refused_and_never_an_error(seed: int) -> None:
    chance = random.Random(seed)
    whole = _master(_moving()).getvalue()
    for _ in range(150):
        raw = bytearray(whole)
        for _ in range(chance.randint(1, 8)):
            at = chance.randrange(len(raw))
            match chance.randrange(3):
                case 0:
                    raw[at] = chance.randrange(256)
                case 1:
                    del raw[at : at + chance.randint(1, 64)]
                case _:
                    raw[at:at] = raw[: chance.randint(1, 64)]
        try:
            opened, scene = read_scene(io.BytesIO(raw))
        except AntiphonError:
            continue
        else:
            assert np.isfinite(opened.read(0, 1_000)).all()
            assert scene.items


def test_every_beginning_of_a_master_is_read_or_refused() -> None:
    whole = _master(_moving(), frames=4).getvalue()
    ends = {"read": 0, "refused": 0}
    for length in range(0, len(whole), 7):
        try:
            _, scene = read_scene(io.BytesIO(whole[:length]))
            ends["read"] += 1
            assert scene.repairs or length == len(whole)
        except MasterUnreadable:
            ends["refused"] += 1
    assert ends["refused"] > 100


@pytest.mark.parametrize("name", LAYOUTS)
def test_channels_are_where_their_layout_puts_them(name: str) -> None:
    labels = LAYOUTS[name]
    scene = scene_of_channels(len(labels), 48_000, name)
    assert [item.blocks[0].labels[0] for item in scene.items] == list(labels)
    low = [item.frequency.low_pass for item in scene.items]
    assert [n for n, hz in enumerate(low) if hz] == [
        n for n, at in enumerate(labels) if at == "LFE"
    ]
    assert scene.repairs == ()


def test_a_guess_at_a_layout_is_told_and_stereo_is_no_guess() -> None:
    assert "taken as 4+7+0" in scene_of_channels(12, 48_000).repairs[0]
    assert scene_of_channels(2, 48_000).repairs == ()


@pytest.mark.parametrize("channels", [3, 5, 11, 40])
def test_a_number_of_channels_that_says_nothing_is_refused(channels: int) -> None:
    with pytest.raises(MasterUnreadable, match="say which layout"):
        scene_of_channels(channels, 48_000)


def test_ambisonics_are_in_the_order_of_their_numbers() -> None:
    (item,) = scene_of_ambisonics(9, 48_000).items
    assert list(zip(item.orders, item.degrees, strict=True)) == [
        *((0, 0), (1, -1), (1, 0), (1, 1)),
        *((2, -2), (2, -1), (2, 0), (2, 1), (2, 2)),
    ]
    with pytest.raises(MasterUnreadable, match="full sphere"):
        scene_of_ambisonics(8, 48_000)


def _dbmd(*modes: int, sync: int = 0xF8726FBD) -> bytes:
    content = struct.pack("<IHB", sync, len(modes), 0) + bytes(9 * 15 + len(modes)) + bytes(modes)
    return (
        b"\1\0\0\0"
        b"\x09"
        + struct.pack("<H", 4)
        + b"abcd\0"
        + b"\x0a"
        + (struct.pack("<H", len(content)) + content + b"\0\0")
    )


def test_the_render_mode_of_each_input_reaches_its_item() -> None:
    scene = _moving(channels=5)
    _, read = read_scene(_master(scene, dbmd=_dbmd(0, 1, 2, 3, 4)))
    assert [item.headphone for item in read.items] == ["off", "near", "far", "mid", None]


@pytest.mark.parametrize("raw", [b"", b"\1\0", _dbmd(1, 2)[:-4], _dbmd(1, sync=7), b"\xff" * 99])
def test_render_modes_that_are_none_are_as_if_not_there(raw: bytes) -> None:
    assert headphone_modes(raw) == ()
    _, read = read_scene(_master(_moving(), dbmd=raw))
    assert all(item.headphone is None for item in read.items)


def test_an_item_that_begins_after_the_sound_is_told() -> None:
    scene = _moving()
    late = replace(scene.items[0], start=Fraction(5))
    late = replace(
        late, blocks=tuple(replace(b, start=b.start + 5, end=b.end + 5) for b in late.blocks)
    )
    _, read = read_scene(_master(replace(scene, items=(late,))))
    assert "begin after the sound ends" in read.repairs[-1]


def test_a_scene_says_what_it_is() -> None:
    assert _moving().kind is SceneKind.OBJECTS
    assert scene_of_channels(6, 48_000).kind is SceneKind.CHANNELS
    assert scene_of_channels(2, 48_000).kind is SceneKind.STEREO
    assert scene_of_ambisonics(4, 48_000).kind is SceneKind.AMBISONICS


def test_reading_a_long_master_keeps_its_memory(tmp_path: Path) -> None:
    path = tmp_path / "long.wav"
    with path.open("wb") as file, Bw64Writer(file, PcmFormat(2, 48_000, 24), {}) as writer:
        for _ in range(20):
            writer.write(np.ones((48_000, 2)) * 0.5)
    with path.open("rb") as file:
        opened, _ = read_scene(file)
        sizes = {block.nbytes for block in opened.blocks(4_800)}
    assert sizes == {4_800 * 2 * 4}
