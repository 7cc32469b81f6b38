import numpy as np
import pytest

from antiphon.spatial.errors import UnknownLayout
from antiphon.spatial.geometry import directions
from antiphon.spatial.layouts import LAYOUT_NAMES, bs2051_layout
from antiphon.spatial.panning.point_source import PointSourcePanner

PUBLISHED = ["0+2+0", "0+5+0", "3+7+0", "4+5+0", "4+5+1", "4+7+0", "4+9+0_15"]


def random_directions(count: int) -> np.ndarray:
    points = np.random.default_rng(1).normal(size=(count, 3))
    return points / np.linalg.norm(points, axis=1, keepdims=True)


@pytest.mark.parametrize("name", PUBLISHED)
def test_gains_equal_the_published_ones(spatial_data, name: str) -> None:
    azimuths, elevations = np.meshgrid(np.linspace(-180, 180, 31), np.linspace(-90, 90, 15))
    gains = PointSourcePanner(bs2051_layout(name.split("_", maxsplit=1)[0])).pan(
        directions(azimuths, elevations)
    )
    expected = np.load(spatial_data / "psp" / f"{name}.npz")["pv"]
    assert np.abs(gains - expected).max() <= 1e-12


@pytest.mark.parametrize("name", [name for name in LAYOUT_NAMES if name != "0+2+0"])
def test_every_direction_has_unit_energy_and_no_negative_gain(name: str) -> None:
    gains = PointSourcePanner(bs2051_layout(name)).pan(random_directions(5000))
    assert np.allclose(np.sum(gains**2, axis=1), 1.0, atol=1e-12)
    assert gains.min() >= 0.0


def test_stereo_falls_to_three_decibels_behind_the_listener() -> None:
    panner = PointSourcePanner(bs2051_layout("0+2+0"))
    energy = np.sum(panner.pan(directions([0, 30, 110], 0)) ** 2, axis=1)
    assert np.allclose(energy, [1.0, 1.0, 0.5])


@pytest.mark.parametrize("name", [name for name in LAYOUT_NAMES if name != "0+2+0"])
def test_a_source_at_a_loudspeaker_sounds_from_it_alone(name: str) -> None:
    layout = bs2051_layout(name).without_lfe
    gains = PointSourcePanner(layout).pan(layout.positions)
    assert np.allclose(gains, np.eye(len(layout.labels)), atol=1e-7)


@pytest.mark.parametrize("name", [name for name in LAYOUT_NAMES if name != "0+2+0"])
def test_gains_do_not_jump_where_regions_meet(name: str) -> None:
    points = random_directions(4000)
    nudged = points + np.random.default_rng(2).normal(size=points.shape) * 1e-7
    panner = PointSourcePanner(bs2051_layout(name))
    assert np.abs(panner.pan(points) - panner.pan(nudged)).max() < 1e-3


def test_real_positions_move_the_image() -> None:
    layout = bs2051_layout("0+5+0").with_real_positions({"M+110": (100.0, 10.0)})
    gains = PointSourcePanner(layout).pan(directions([100.0], [10.0]))
    assert gains[0, layout.without_lfe.labels.index("M+110")] == pytest.approx(1.0)
    assert layout.misplaced() == ()


def test_a_loudspeaker_out_of_its_range_is_named() -> None:
    layout = bs2051_layout("4+7+0").with_real_positions({"U-045": (-20.0, 30.0)})
    assert layout.misplaced() == (
        "U-045 at azimuth -20, elevation 30 is outside its range in 4+7+0.",
    )


@pytest.mark.parametrize("azimuth", [3.0, 30.0, 61.0])
def test_screen_loudspeakers_between_regions_are_refused(azimuth: float) -> None:
    with pytest.raises(UnknownLayout, match="allowed are 5 to 25 and 35 to 60"):
        bs2051_layout("4+9+0").with_real_positions({"M+SC": (azimuth, 0.0)})


def test_an_unknown_layout_is_refused_with_the_names_that_exist() -> None:
    with pytest.raises(UnknownLayout, match=r"there are 0\+2\+0"):
        bs2051_layout("5.1")
