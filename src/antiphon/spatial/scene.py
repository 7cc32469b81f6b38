"""The scene: what an immersive master says once it is understood, and all that a renderer needs.

Reading (ADM, multichannel and ambisonic files) ends here; rendering (loudspeakers, ambisonics,
ears) begins here. Words and conventions are those of ITU-R BS.2076 and BS.2127: angles in degrees,
azimuth positive to the left, elevation positive up; Cartesian x to the right, y to the front, z up,
each in [-1, 1]; distances relative to the loudspeakers' (1); gains linear; times in seconds as
fractions, from the beginning of the file.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from fractions import Fraction

__all__ = [
    "Bound",
    "CartesianDivergence",
    "CartesianPosition",
    "CartesianScreen",
    "CartesianZone",
    "ChannelLock",
    "DirectTrack",
    "Divergence",
    "Frequency",
    "HoaItem",
    "Importance",
    "Item",
    "MatrixTrack",
    "MixTrack",
    "ObjectBlock",
    "ObjectItem",
    "PolarDivergence",
    "PolarPosition",
    "PolarScreen",
    "PolarZone",
    "Position",
    "PositionOffset",
    "Scene",
    "SceneKind",
    "Screen",
    "ScreenEdge",
    "SilentTrack",
    "SpeakerBlock",
    "SpeakerItem",
    "SpeakerPosition",
    "Track",
    "Zone",
]


@dataclass(frozen=True, slots=True)
class ScreenEdge:
    """Which edges of the screen a position is locked to: ``left``/``right``, ``top``/``bottom``."""

    horizontal: str | None = None
    vertical: str | None = None


@dataclass(frozen=True, slots=True)
class PolarPosition:
    """A direction and a distance."""

    azimuth: float
    elevation: float
    distance: float = 1.0
    screen_edge: ScreenEdge = ScreenEdge()


@dataclass(frozen=True, slots=True)
class CartesianPosition:
    """A point of the unit cube."""

    x: float
    y: float
    z: float
    screen_edge: ScreenEdge = ScreenEdge()


Position = PolarPosition | CartesianPosition


@dataclass(frozen=True, slots=True)
class PositionOffset:
    """What an audioObject adds to the position of its blocks; in their own coordinates.

    ``first, second, third``: azimuth, elevation, distance where not ``cartesian``, else x, y, z.
    """

    cartesian: bool
    first: float = 0.0
    second: float = 0.0
    third: float = 0.0


@dataclass(frozen=True, slots=True)
class PolarScreen:
    """A reference screen by its centre, aspect ratio and width in degrees (BS.2076, 9.8)."""

    aspect_ratio: float = 1.78
    centre: PolarPosition = PolarPosition(0.0, 0.0, 1.0)
    width_azimuth: float = 58.0


@dataclass(frozen=True, slots=True)
class CartesianScreen:
    """A reference screen by its centre, aspect ratio and width along x."""

    aspect_ratio: float
    centre: CartesianPosition
    width_x: float


Screen = PolarScreen | CartesianScreen


@dataclass(frozen=True, slots=True)
class ChannelLock:
    """The object moves to the nearest loudspeaker within ``max_distance`` (None: any)."""

    max_distance: float | None = None


@dataclass(frozen=True, slots=True)
class PolarDivergence:
    """The object is spread to two more at ``range`` degrees to either side; ``value`` in [0, 1]."""

    value: float
    range: float = 45.0


@dataclass(frozen=True, slots=True)
class CartesianDivergence:
    """The same along x; ``range`` None is the renderer's default (0)."""

    value: float
    range: float | None = None


Divergence = PolarDivergence | CartesianDivergence


@dataclass(frozen=True, slots=True)
class PolarZone:
    """Loudspeakers within these angles do not sound for the object."""

    min_azimuth: float
    max_azimuth: float
    min_elevation: float
    max_elevation: float


@dataclass(frozen=True, slots=True)
class CartesianZone:
    """Loudspeakers within this box do not sound for the object."""

    min_x: float
    max_x: float
    min_y: float
    max_y: float
    min_z: float
    max_z: float


Zone = PolarZone | CartesianZone


@dataclass(frozen=True, slots=True)
class ObjectBlock:
    """One audioBlockFormat of type Objects.

    ``start`` and ``end`` are absolute; ``end`` None lasts to the end of the item. ``width``,
    ``height`` and ``depth``: extent, degrees and distance where the position is polar, cube sizes
    where it is Cartesian. ``cartesian`` is the block's flag, which chooses the path of BS.2127 (a
    position may be given in the other coordinates and is converted). ``jump``: parameters do not
    ramp over the whole block but over ``interpolation`` seconds (None or 0: at once).
    """

    start: Fraction
    end: Fraction | None
    position: Position
    cartesian: bool = False
    width: float = 0.0
    height: float = 0.0
    depth: float = 0.0
    gain: float = 1.0
    diffuse: float = 0.0
    channel_lock: ChannelLock | None = None
    divergence: Divergence | None = None
    zones: tuple[Zone, ...] = ()
    jump: bool = False
    interpolation: Fraction | None = None
    screen_ref: bool = False
    importance: int = 10


@dataclass(frozen=True, slots=True)
class Bound:
    """A nominal coordinate of a loudspeaker and the range in which a real one may lie."""

    value: float
    minimum: float | None = None
    maximum: float | None = None


@dataclass(frozen=True, slots=True)
class SpeakerPosition:
    """Where a channel is meant to sound: azimuth, elevation, distance, or x, y, z."""

    cartesian: bool
    first: Bound
    second: Bound
    third: Bound
    screen_edge: ScreenEdge = ScreenEdge()


@dataclass(frozen=True, slots=True)
class SpeakerBlock:
    """One audioBlockFormat of type DirectSpeakers; ``labels`` without a URN prefix, as written."""

    start: Fraction
    end: Fraction | None
    position: SpeakerPosition
    labels: tuple[str, ...] = ()
    gain: float = 1.0
    importance: int = 10


@dataclass(frozen=True, slots=True)
class DirectTrack:
    """Channel ``index`` of the file, from 0."""

    index: int


@dataclass(frozen=True, slots=True)
class SilentTrack:
    """Silence: a track that the document leaves empty (ATU_00000000)."""


@dataclass(frozen=True, slots=True)
class MatrixTrack:
    """Another track through one coefficient of a matrix; ``delay_ms`` in milliseconds."""

    source: "Track"
    gain: float = 1.0
    delay_ms: float = 0.0


@dataclass(frozen=True, slots=True)
class MixTrack:
    """The sum of tracks."""

    sources: "tuple[Track, ...]"


Track = DirectTrack | SilentTrack | MatrixTrack | MixTrack


@dataclass(frozen=True, slots=True)
class Frequency:
    """What the channel's frequency element says, in Hz; a low-pass at or below 200 marks an LFE."""

    low_pass: float | None = None
    high_pass: float | None = None


@dataclass(frozen=True, slots=True)
class Importance:
    """0 to 10, None where nothing is said; the smallest on the way from programme to item."""

    audio_object: int | None = None
    audio_pack: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Common:
    """What all items share.

    ``name`` is the audioObject's (or the channel's where there is none); ``path`` the ids from the
    programme to the channel format, for messages. ``start``/``end`` bound the item within the file.
    ``gain``, ``mute`` and ``offset`` are those of the audioObjects on the path, multiplied, or-ed,
    added. ``headphone`` is the binaural render mode of ``dbmd``: ``off``, ``near``, ``mid``,
    ``far``, or None where the master says nothing.
    """

    name: str = ""
    path: tuple[str, ...] = ()
    start: Fraction = Fraction(0)
    end: Fraction | None = None
    gain: float = 1.0
    mute: bool = False
    offset: PositionOffset | None = None
    screen: Screen = PolarScreen()
    frequency: Frequency = Frequency()
    importance: Importance = Importance()
    headphone: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectItem(_Common):
    """One track that moves."""

    track: Track
    blocks: tuple[ObjectBlock, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeakerItem(_Common):
    """One track meant for a loudspeaker.

    ``packs`` are the ids of the audioPackFormats on the path, outermost first: BS.2127 maps
    channels of the common packs by rules of their own (section 8.4).
    """

    track: Track
    blocks: tuple[SpeakerBlock, ...]
    packs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class HoaItem(_Common):
    """Tracks that together are an ambisonic scene, a component each; for the item's whole time.

    ``normalization`` is ``SN3D``, ``N3D`` or ``FuMa``; ``orders`` and ``degrees`` as in BS.2076;
    ``nfc_distance`` in metres, 0 or None for none.
    """

    tracks: tuple[Track, ...]
    orders: tuple[int, ...]
    degrees: tuple[int, ...]
    normalization: str = "SN3D"
    nfc_distance: float | None = None
    screen_ref: bool = False
    gains: tuple[float, ...] = ()


Item = ObjectItem | SpeakerItem | HoaItem


class SceneKind(StrEnum):
    """What the master is, for people and for choosing renditions."""

    OBJECTS = "objects"
    CHANNELS = "channels"
    AMBISONICS = "ambisonics"
    STEREO = "stereo"


@dataclass(frozen=True, slots=True)
class Scene:
    """Everything that sounds in one programme of a master.

    ``repairs`` are sentences that name each thing that was mended on reading, in reading order.
    """

    items: tuple[Item, ...]
    channels: int
    sample_rate: int
    programme: str = ""
    repairs: tuple[str, ...] = field(default=())

    @property
    def kind(self) -> SceneKind:
        """Return what the master is, by its items."""
        if any(isinstance(item, HoaItem) for item in self.items):
            return SceneKind.AMBISONICS
        if any(isinstance(item, ObjectItem) for item in self.items):
            return SceneKind.OBJECTS
        labels = {
            label
            for item in self.items
            if isinstance(item, SpeakerItem)
            for block in item.blocks
            for label in block.labels
        }
        return SceneKind.STEREO if labels <= {"M+000", "M+030", "M-030"} else SceneKind.CHANNELS
