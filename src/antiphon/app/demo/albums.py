"""What is in the demo catalogue: albums of invented artists, their takes and songs."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from antiphon.app.demo.covers import bronze_rings, far_shore, night_rails, two_sources
from antiphon.app.demo.covers.paint import Picture
from antiphon.app.demo.pieces import (
    bronze_rain,
    call_and_answer,
    corner_table,
    empty_room,
    lantern_chorale,
    last_stop,
    night_line,
    platform_lights,
    say_it_back,
    swifts_over_bronze,
    thread_and_river,
    three_keys,
    turning_stair,
    two_clocks,
)
from antiphon.app.demo.waves import Wave
from antiphon.spatial import Scene


@dataclass(frozen=True, slots=True)
class Song:
    """What the tags of one file say beyond the album's."""

    title: str
    artist: str
    composer: str
    genres: tuple[str, ...]
    lyrics: Callable[[], Mapping[float, str]] | None = None


@dataclass(frozen=True, slots=True)
class Take:
    """One performance, cut into songs at ``cuts`` (seconds), and how it is mastered."""

    perform: Callable[[int], Wave]
    songs: tuple[Song, ...]
    lufs: float = -15.0
    rate: int = 44_100
    bits: int = 16
    cuts: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Immersive:
    """A performance in space: its scene and tracks, and the level of the loudest sample."""

    perform: Callable[[int], tuple[Scene, Wave]]
    song: Song
    peak: float = 0.5
    rate: int = 48_000


@dataclass(frozen=True, slots=True)
class Album:
    """An album folder: who, what, when, its cover, its takes in order, then those in space."""

    artist: str
    title: str
    date: str
    label: str
    cover: Callable[[], Picture]
    takes: tuple[Take, ...]
    compilation: bool = False
    immersive: tuple[Immersive, ...] = ()

    @property
    def songs(self) -> tuple[Song, ...]:
        """All songs in order."""
        stereo = (song for take in self.takes for song in take.songs)
        return (*stereo, *(take.song for take in self.immersive))


def _solo(song: Song, perform: Callable[[int], Wave], **how: float) -> Take:
    lufs, rate, bits = (
        how.get("lufs", -15.0),
        int(how.get("rate", 44_100)),
        int(how.get("bits", 16)),
    )
    return Take(perform, (song,), lufs, rate, bits)


_AMBLETH, _TRAM, _VERDIGRIS = "Choirs of Saint Ambleth", "Tram Aurelia", "The Verdigris Players"
_MAREN, _TRIO = "Maren Hollowell", "Ferro & Lindqvist Trio"

_ANTIPHONAE = Album(
    _AMBLETH,
    "Antiphonae",
    "2023-11-22",
    "Narthex",
    two_sources.paint,
    (
        _solo(
            Song("Call and Answer", _AMBLETH, "Teodor Valk", ("Classical", "Brass")),
            call_and_answer.perform,
        ),
        _solo(
            Song("Lantern Chorale", _AMBLETH, "Ilse Brandeis", ("Classical",)),
            lantern_chorale.perform,
            lufs=-17.0,
        ),
        _solo(
            Song("The Turning Stair", _AMBLETH, "Teodor Valk", ("Classical", "Baroque")),
            turning_stair.perform,
            lufs=-16.0,
        ),
        _solo(
            Song("Prelude in an Empty Room", _AMBLETH, "Ilse Brandeis", ("Classical", "Piano")),
            empty_room.perform,
            lufs=-18.0,
            rate=96_000,
            bits=24,
        ),
    ),
)
_NIGHT = Album(
    _TRAM,
    "Night Transit",
    "2025-03-14",
    "Overhead Line",
    night_rails.paint,
    (
        _solo(
            Song("Platform Lights", _TRAM, _TRAM, ("Electronic", "Synthwave")),
            platform_lights.perform,
            lufs=-12.5,
        ),
        Take(
            night_line.perform,
            (
                Song("Slow Signal", _TRAM, _TRAM, ("Electronic", "Ambient")),
                Song("Carriage Seven", _TRAM, _TRAM, ("Electronic", "House")),
            ),
            lufs=-13.0,
            cuts=(night_line.SEAM_SECONDS,),
        ),
    ),
)
_BRONZE = Album(
    _VERDIGRIS,
    "Bronze & Hours",
    "2024-06-21",
    "Patina Editions",
    bronze_rings.paint,
    (
        _solo(
            Song("Bronze Rain", _VERDIGRIS, "Wulan Adeyemi", ("Gamelan",)),
            bronze_rain.perform,
            lufs=-16.0,
        ),
        _solo(
            Song("Two Clocks", _VERDIGRIS, "Jonas Ekdal", ("Minimalism",)),
            two_clocks.perform,
            lufs=-16.0,
        ),
        _solo(
            Song("Three Keys, Turning", _VERDIGRIS, "Jonas Ekdal", ("Minimalism", "Canon")),
            three_keys.perform,
            lufs=-17.0,
        ),
    ),
    immersive=(
        Immersive(
            swifts_over_bronze.perform,
            Song("Swifts over Bronze", _VERDIGRIS, "Wulan Adeyemi", ("Gamelan", "Spatial")),
        ),
    ),
)
_SHORE = Album(
    "Various Artists",
    "The Far Shore",
    "2025-09-05",
    "Low Water",
    far_shore.paint,
    (
        _solo(Song("Thread and River", _MAREN, _MAREN, ("Folk",)), thread_and_river.perform),
        _solo(
            Song("Say It Back", _MAREN, _MAREN, ("Folk", "Singer-Songwriter"), say_it_back.lines),
            say_it_back.perform,
            lufs=-14.0,
        ),
        _solo(
            Song("Corner Table", _TRIO, "Nils Lindqvist", ("Jazz",)),
            corner_table.perform,
            lufs=-14.5,
        ),
        _solo(
            Song("Last Stop, First Light", _TRAM, _TRAM, ("Lo-Fi", "Electronic")),
            last_stop.perform,
            lufs=-14.0,
        ),
    ),
    compilation=True,
)

ALBUMS = (_ANTIPHONAE, _NIGHT, _BRONZE, _SHORE)
