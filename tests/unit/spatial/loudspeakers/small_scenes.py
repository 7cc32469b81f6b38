"""Small scenes."""

from fractions import Fraction

import numpy as np

from antiphon.spatial import Layout, Renderer, bs2051_layout
from antiphon.spatial.scene import DirectTrack, Item, ObjectBlock, ObjectItem, PolarPosition, Scene

RATE = 48000
SEVEN = bs2051_layout("4+7+0")


def block(start: float, end: float | None, azimuth: float = 0.0, **more) -> ObjectBlock:
    place = PolarPosition(azimuth, 0.0)
    finish = None if end is None else seconds(end)
    return ObjectBlock(seconds(start), finish, place, **more)


def seconds(value: float) -> Fraction:
    return Fraction(value).limit_denominator(RATE * 10)


def moving(*blocks: ObjectBlock, track: int = 0, **more) -> ObjectItem:
    return ObjectItem(track=DirectTrack(track), blocks=blocks, **more)


def scene(*items: Item, channels: int = 1) -> Scene:
    return Scene(items, channels, RATE)


def rendered(
    told: Scene, audio: np.ndarray, sizes: list[int] | None = None, layout: Layout = SEVEN
) -> np.ndarray:
    renderer = Renderer(told, layout)
    parts, begin = [], 0
    for size in sizes or [len(audio)]:
        parts.append(renderer.render(audio[begin : begin + size]))
        begin += size
    parts += [renderer.render(audio[begin:]), renderer.tail()]
    return np.concatenate(parts)
