"""Heads: computed, measured, and as filters of third order."""

from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import fft, signal

from antiphon.spatial.ambisonics.third_order import encode, spiral
from antiphon.spatial.errors import MasterUnreadable, SceneInvalid
from antiphon.spatial.headphones import (
    Hrtf,
    diffuse_field_equalised,
    magls_filters,
    modelled_head,
    read_sofa,
    resampled,
)

Vector = NDArray[np.float64]


def _third_octaves(responses: Vector, rate: int) -> Vector:
    """Return levels in dB, bands from 200 Hz to 16 kHz first."""
    power = np.abs(fft.rfft(responses, 2048, axis=2)) ** 2
    at = fft.rfftfreq(2048, 1 / rate)
    centres = [f for f in 200 * 2 ** (np.arange(21) / 3) if f <= 16_000]
    bands = [(at >= f * 2 ** (-1 / 6)) & (at < f * 2 ** (1 / 6)) for f in centres]
    return np.array([10 * np.log10(power[..., band].mean(axis=-1)) for band in bands])


def _delays(responses: Vector, rate: int) -> Vector:
    """Return how much earlier sound reaches the left ear, 200 to 1500 Hz, in microseconds."""
    sos = signal.butter(4, [200, 1500], "band", fs=rate, output="sos")
    low = signal.sosfiltfilt(sos, np.pad(responses, ((0, 0), (0, 0), (400, 400))), axis=2)
    fine = signal.resample(low, low.shape[2] * 8, axis=2)
    reach = int(0.001 * rate * 8)
    found = []
    for left, right in fine:
        alike = signal.correlate(left, right, method="fft")
        middle = len(left) - 1
        found.append(reach - np.argmax(alike[middle - reach : middle + reach + 1]))
    return np.array(found) / (rate * 8) * 1e6


def _errors(head: Hrtf) -> tuple[float, float]:
    """Return the rms errors, in dB and us, on directions that the fit did not see."""
    order = np.random.default_rng(0).permutation(len(head.directions))
    held, used = order[: len(order) // 5], order[len(order) // 5 :]
    held = held[head.directions[held, 2] > -0.5][:300]
    fitted = magls_filters(
        replace(head, directions=head.directions[used], responses=head.responses[used])
    )
    made = np.einsum("nc,ect->net", encode(head.directions[held]), fitted.taps.astype(np.float64))
    true = head.responses[held]
    rate = head.sample_rate
    level = _third_octaves(true, rate) - _third_octaves(made, rate)
    delay = _delays(true, rate) - _delays(made, rate)
    return float(np.sqrt(np.mean(level**2))), float(np.sqrt(np.mean(delay**2)))


def test_a_measured_head_is_met_on_directions_held_out(spatial_data: Path) -> None:
    head = read_sofa(spatial_data / "sofa" / "FHK_HRIR_L2354.sofa")
    level, delay = _errors(head)
    assert level <= 1.5
    assert delay <= 20.0


def test_the_modelled_head_is_met_as_well() -> None:
    level, delay = _errors(modelled_head())
    assert level <= 1.5
    assert delay <= 20.0


def test_heads_of_two_laboratories_are_read(spatial_data: Path) -> None:
    for name, count in (("FHK_HRIR_L2354", 2354), ("MIT_KEMAR_normal_pinna", 710)):
        head = resampled(read_sofa(spatial_data / "sofa" / f"{name}.sofa"), 48_000)
        assert head.directions.shape == (count, 3)
        assert np.allclose(np.linalg.norm(head.directions, axis=1), 1.0)
        left = head.responses[np.argmax(head.directions @ [-1.0, 0.0, 0.0])]
        assert np.sum(left[0] ** 2) > 4 * np.sum(left[1] ** 2)


def test_the_model_is_the_same_from_both_sides() -> None:
    head = modelled_head()
    filters = magls_filters(head)
    left, right = (
        np.einsum("c,ect->et", encode(np.array([[x, 0.5, 0.2]]))[0], filters.taps)
        for x in (-1.0, 1.0)
    )
    assert np.abs(left[0] - right[1]).max() < 0.02 * np.abs(left).max()


def test_a_larger_head_hears_a_larger_delay() -> None:
    delays = []
    for radius in (70.0, 87.5, 105.0):
        head = modelled_head(radius_mm=radius)
        side = np.argmax(head.directions @ [-1.0, 0.0, 0.0])
        delays.append(_delays(head.responses[side : side + 1], 48_000)[0])
    assert delays == sorted(delays)
    # Woodworth: (a / c) (pi / 2 + 1) for a sound from the side
    assert delays[1] == pytest.approx(0.0875 / 343 * (np.pi / 2 + 1) * 1e6, rel=0.15)


def test_low_frequencies_pass_the_model_unchanged() -> None:
    spectra = np.abs(fft.rfft(modelled_head().responses, axis=2))
    assert np.abs(20 * np.log10(spectra[:, :, 1])).max() < 0.5


def test_equalising_leaves_no_colour_that_all_directions_share() -> None:
    head = diffuse_field_equalised(modelled_head())
    mean = _third_octaves(head.responses, 48_000)
    power = 10 * np.log10(np.mean(10 ** (mean / 10), axis=(1, 2)))
    assert np.ptp(power) < 1.5


def test_another_rate_changes_no_level() -> None:
    head = modelled_head()
    slower = resampled(head, 44_100)
    for one, other in zip(
        _third_octaves(head.responses[:50], 48_000),
        _third_octaves(slower.responses[:50], 44_100),
        strict=True,
    ):
        assert np.abs(one - other).max() < 0.6


def test_heads_that_cannot_be_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SceneInvalid, match="radius"):
        modelled_head(radius_mm=20.0)
    with pytest.raises(SceneInvalid, match="direction for each"):
        Hrtf("a", spiral(3), np.zeros((2, 2, 8)), 48_000)
    with pytest.raises(SceneInvalid, match="finite"):
        Hrtf("a", spiral(2), np.full((2, 2, 8), np.nan), 48_000)
    for name, content in (("empty", b""), ("text", b"no such file"), ("cut", b"\x89HDF\r\n\x1a\n")):
        path = tmp_path / f"{name}.sofa"
        path.write_bytes(content)
        with pytest.raises(MasterUnreadable, match="no SOFA file"):
            read_sofa(path)


@pytest.mark.parametrize(
    ("shape", "rate", "why"),
    [
        ((4, 1, 8), 48_000.0, "two ears"),
        ((4, 2, 8), 3.0, "sampling rate"),
        ((4, 2, 20_000), 48e3, "long"),
    ],
)
def test_files_that_lie_about_a_head_are_refused(
    tmp_path: Path, shape: tuple[int, ...], rate: float, why: str
) -> None:
    path = tmp_path / "a.sofa"
    with h5py.File(path, "w") as file:
        file["Data.IR"] = np.zeros(shape)
        file["Data.SamplingRate"] = np.array([rate])
        file["SourcePosition"] = np.zeros((4, 3))
        file["Data.Delay"] = np.zeros((1, 2))
    with pytest.raises(MasterUnreadable, match=why):
        read_sofa(path)


def test_cartesian_positions_and_delays_kept_apart_are_understood(tmp_path: Path) -> None:
    path = tmp_path / "a.sofa"
    with h5py.File(path, "w") as file:
        responses = np.zeros((2, 2, 8))
        responses[:, :, 0] = 1.0
        file["Data.IR"] = responses
        file["Data.SamplingRate"] = np.array([48_000.0])
        file["SourcePosition"] = np.array([[2.0, 0.0, 0.0], [0.0, 2.0, 0.0]])  # ahead, left
        file["SourcePosition"].attrs["Type"] = "cartesian"
        file["Data.Delay"] = np.array([[3.0, 3.0], [3.0, 7.0]])
    head = read_sofa(path)
    assert np.allclose(head.directions, [[0.0, 1.0, 0.0], [-1.0, 0.0, 0.0]])
    assert head.responses.argmax(axis=2).tolist() == [[0, 0], [0, 4]]
