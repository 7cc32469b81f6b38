"""The elements of an ADM document (ITU-R BS.2076) that decide what sounds where.

Ids are upper case, references are ids. Blocks of Objects and DirectSpeakers are the scene's own,
with times relative to their audioObject.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from fractions import Fraction
from typing import Final

from antiphon.spatial.scene import (
    Frequency,
    ObjectBlock,
    PolarScreen,
    PositionOffset,
    Screen,
    SpeakerBlock,
)

SILENT: Final = "ATU_00000000"
_EVERYTHING: Final = Frequency()
_DEFAULT_SCREEN: Final = PolarScreen()


class PackType(StrEnum):
    """The typeLabel of a pack or channel."""

    DIRECT_SPEAKERS = "0001"
    MATRIX = "0002"
    OBJECTS = "0003"
    HOA = "0004"
    BINAURAL = "0005"


@dataclass(frozen=True, slots=True)
class HoaBlock:
    """One audioBlockFormat of type HOA."""

    start: Fraction
    end: Fraction | None
    order: int
    degree: int
    normalization: str | None = None
    nfc_distance: float | None = None
    screen_ref: bool | None = None
    gain: float = 1.0


@dataclass(frozen=True, slots=True)
class Coefficient:
    """One term of a matrix: a channel, linear gain, milliseconds.

    ``variable``: its gain, phase or delay is left to the renderer, or it turns the phase.
    """

    channel: str
    gain: float = 1.0
    delay_ms: float = 0.0
    variable: bool = False


@dataclass(frozen=True, slots=True)
class MatrixBlock:
    """One audioBlockFormat of type Matrix: its output channel is the sum of its terms."""

    output_channel: str | None
    terms: tuple[Coefficient, ...]


Block = ObjectBlock | SpeakerBlock | HoaBlock | MatrixBlock


@dataclass(frozen=True, slots=True)
class Channel:
    """An audioChannelFormat."""

    id: str
    name: str
    type: PackType
    blocks: tuple[Block, ...]
    frequency: Frequency = _EVERYTHING


@dataclass(frozen=True, slots=True)
class Pack:
    """An audioPackFormat; the three last are a matrix's."""

    id: str
    name: str
    type: PackType
    channels: tuple[str, ...] = ()
    packs: tuple[str, ...] = ()
    importance: int | None = None
    normalization: str | None = None
    nfc_distance: float | None = None
    screen_ref: bool | None = None
    input_pack: str | None = None
    output_pack: str | None = None
    encode_packs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AudioObject:
    """An audioObject."""

    id: str
    name: str
    start: Fraction = Fraction(0)
    duration: Fraction | None = None
    packs: tuple[str, ...] = ()
    objects: tuple[str, ...] = ()
    uids: tuple[str, ...] = ()
    complements: tuple[str, ...] = ()
    importance: int | None = None
    gain: float = 1.0
    mute: bool = False
    offset: PositionOffset | None = None


@dataclass(frozen=True, slots=True)
class Content:
    """An audioContent."""

    id: str
    name: str
    objects: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Programme:
    """An audioProgramme; ``integrated_loudness`` in LUFS where the author gave it."""

    id: str
    name: str
    contents: tuple[str, ...] = ()
    screen: Screen = _DEFAULT_SCREEN
    language: str | None = None
    integrated_loudness: float | None = None


@dataclass(frozen=True, slots=True)
class TrackUid:
    """An audioTrackUID: a channel of the file, its channel format and its pack, as far as told."""

    id: str
    track: int | None = None
    channel: str | None = None
    track_format: str | None = None
    pack: str | None = None


@dataclass(frozen=True, slots=True)
class Document:
    """Everything by id, in the order of the document; ``repairs`` are sentences."""

    version: str = ""
    programmes: dict[str, Programme] = field(default_factory=dict)
    contents: dict[str, Content] = field(default_factory=dict)
    objects: dict[str, AudioObject] = field(default_factory=dict)
    packs: dict[str, Pack] = field(default_factory=dict)
    channels: dict[str, Channel] = field(default_factory=dict)
    uids: dict[str, TrackUid] = field(default_factory=dict)
    track_streams: dict[str, str] = field(default_factory=dict)
    """audioTrackFormat -> audioStreamFormat"""
    stream_channels: dict[str, str] = field(default_factory=dict)
    """audioStreamFormat -> audioChannelFormat"""
    repairs: tuple[str, ...] = ()
