"""Scenes by chance, from a seed: everything that BS.2127 knows, in all combinations."""

from fractions import Fraction
from typing import Any

import numpy as np

from antiphon.spatial.scene import (
    Bound,
    CartesianDivergence,
    CartesianPosition,
    CartesianScreen,
    CartesianZone,
    ChannelLock,
    DirectTrack,
    Frequency,
    HoaItem,
    MatrixTrack,
    MixTrack,
    ObjectBlock,
    ObjectItem,
    PolarDivergence,
    PolarPosition,
    PolarScreen,
    PolarZone,
    Scene,
    ScreenEdge,
    SpeakerBlock,
    SpeakerItem,
    SpeakerPosition,
)

RATE = 48000


class Chance:
    """Draws values."""

    def __init__(self, seed: int) -> None:
        self._rng = np.random.default_rng(seed)

    def number(self, low: float, high: float) -> float:
        return float(self._rng.uniform(low, high))

    def often(self, share: float) -> bool:
        return bool(self._rng.random() < share)

    def one_of(self, *choices: Any) -> Any:
        return choices[self._rng.integers(len(choices))]

    def audio(self, seconds: float, channels: int) -> np.ndarray:
        shape = (round(seconds * RATE), channels)
        return (self._rng.normal(size=shape) * 0.05).astype(np.float32)

    def screen_edge(self) -> ScreenEdge:
        if self.often(0.8):
            return ScreenEdge()
        return ScreenEdge(self.one_of("left", "right", None), self.one_of("top", "bottom", None))

    def position(self, *, cartesian: bool) -> PolarPosition | CartesianPosition:
        if cartesian:
            x, y, z = (self.one_of(self.number(-1, 1), -1.0, 0.0, 1.0) for _ in range(3))
            return CartesianPosition(x, y, z, self.screen_edge())
        azimuth = self.one_of(self.number(-180, 180), 0.0, 30.0, -110.0, 180.0)
        elevation = self.one_of(self.number(-90, 90), 0.0, 30.0, 90.0)
        return PolarPosition(
            azimuth, elevation, self.one_of(1.0, self.number(0, 1)), self.screen_edge()
        )

    def screen(self) -> PolarScreen | CartesianScreen:
        if self.often(0.3):
            return CartesianScreen(1.5, CartesianPosition(0.1, 1.0, 0.1), 0.8)
        place = PolarPosition(self.number(-20, 20), self.number(-10, 10))
        return PolarScreen(self.number(1.2, 2.0), place, self.number(20, 70))

    def zone(self) -> PolarZone | CartesianZone:
        if self.often(0.5):
            low = self.number(-180, 180)
            return PolarZone(low, low + self.number(10, 150), -90.0, self.number(0, 90))
        x, y, z = (sorted((self.number(-1.5, 1.5), self.number(-1.5, 1.5))) for _ in range(3))
        return CartesianZone(*x, *y, *z)

    def object_block(self, start: Fraction, end: Fraction, *, rich: bool) -> ObjectBlock:
        cartesian = self.often(0.5)
        sizes = [0.0, 0.0, 0.0]
        if rich and self.often(0.5):
            top = 1.0 if cartesian else 360.0
            sizes = [self.number(0, top), self.number(0, top), self.number(0, 1)]
        jump = self.often(0.3)
        return ObjectBlock(
            start,
            end,
            self.position(cartesian=cartesian),
            cartesian,
            *sizes,
            gain=self.number(0, 1),
            diffuse=self.one_of(0.0, 0.5, 1.0, self.number(0, 1)) if rich else 0.0,
            channel_lock=ChannelLock(self.one_of(None, 0.5, 1.0)) if self.often(0.1) else None,
            divergence=self.divergence(cartesian=cartesian) if rich and self.often(0.3) else None,
            zones=(self.zone(),) if rich and self.often(0.2) else (),
            jump=jump,
            interpolation=self.one_of(None, (end - start) / 3, Fraction(0)) if jump else None,
            screen_ref=rich and self.often(0.2),
        )

    def divergence(self, *, cartesian: bool) -> PolarDivergence | CartesianDivergence:
        if cartesian:
            return CartesianDivergence(self.number(0, 1), self.number(0, 1))
        return PolarDivergence(self.number(0, 1), self.number(0, 180))


def objects(seed: int, count: int, *, seconds: Fraction, rich: bool) -> Scene:
    """Objects with blocks of odd lengths, some with gaps between them."""
    chance = Chance(seed)
    items = []
    for index in range(count):
        blocks, time = [], Fraction(chance.one_of(0, 1), 7)
        while time < seconds:
            end = min(time + Fraction(chance.one_of(1, 3, 7), chance.one_of(30, 44, 100)), seconds)
            blocks.append(chance.object_block(time, end, rich=rich))
            time = end + Fraction(chance.one_of(0, 0, 0, 1), 100)
        items.append(
            ObjectItem(
                track=DirectTrack(index),
                blocks=tuple(blocks),
                screen=chance.screen(),
                gain=chance.number(0.5, 1),
            )
        )
    return Scene(tuple(items), count, RATE)


def speakers(seed: int, count: int) -> Scene:
    """Loudspeaker channels with labels that fit, that do not, and none; with bounds and LFEs."""
    chance = Chance(seed)
    labels = (
        "M+030", "M-110", "U+045", "U-090", "T+000", "UH+180", "B-045", "M+SC", "LFE", "LFE1",
        "LFER", "C", "M+022",
    )  # fmt: skip
    packs = ("AP_00010009", "AP_00010003", "AP_00010007", "AP_00011234")
    items = []
    for index in range(count):
        block = SpeakerBlock(
            Fraction(0),
            None,
            _speaker_position(chance),
            tuple(chance.one_of(*labels) for _ in range(chance.one_of(0, 1, 2))),
        )
        has_pack = bool(block.labels) and chance.often(0.4)
        items.append(
            SpeakerItem(
                track=DirectTrack(index),
                blocks=(block,),
                packs=(chance.one_of(*packs),) if has_pack else (),
                frequency=Frequency(120.0) if chance.often(0.1) else Frequency(),
            )
        )
    return Scene(tuple(items), count, RATE)


def _speaker_position(chance: Chance) -> SpeakerPosition:
    def bound(low: float, high: float) -> Bound:
        value = chance.one_of(low, high, 0.0, chance.number(low, high))
        if chance.often(0.5):
            return Bound(value)
        reach = (high - low) * 0.1
        return Bound(value, max(value - reach, low), min(value + reach, high))

    if chance.often(0.4):
        bounds = [bound(-1.0, 1.0) for _ in range(3)]
        return SpeakerPosition(cartesian=True, first=bounds[0], second=bounds[1], third=bounds[2])
    edge = chance.screen_edge()
    return SpeakerPosition(False, bound(-180.0, 180.0), bound(-90.0, 90.0), Bound(1.0), edge)


def ambisonics(order: int, normalization: str) -> Scene:
    """One ambisonic scene that lasts from 0.1 to 0.2 seconds."""
    pairs = [(n, m) for n in range(order + 1) for m in range(-n, n + 1)]
    item = HoaItem(
        tracks=tuple(DirectTrack(i) for i in range(len(pairs))),
        orders=tuple(n for n, _ in pairs),
        degrees=tuple(m for _, m in pairs),
        normalization=normalization,
        start=Fraction(1, 10),
        end=Fraction(2, 10),
    )
    return Scene((item,), len(pairs), RATE)


def matrices() -> Scene:
    """Tracks that are mixes and matrices of others, delayed and nested."""
    late = MatrixTrack(DirectTrack(1), 0.5, 1.234)
    tracks = (
        MixTrack((DirectTrack(0), late)),
        MatrixTrack(MixTrack((late, MatrixTrack(DirectTrack(2), -0.7))), 1.5, 20.0),
        DirectTrack(2),
    )
    items = []
    for index, track in enumerate(tracks):
        place = PolarPosition(40.0 * index - 40.0, 10.0)
        blocks = (ObjectBlock(Fraction(0), None, place, diffuse=0.3),)
        items.append(ObjectItem(track=track, blocks=blocks))
    return Scene(tuple(items), 3, RATE)
