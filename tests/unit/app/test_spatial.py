"""``antiphon spatial``: a master is shown, rendered and drawn; other files are refused."""

import json
from fractions import Fraction
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from click.testing import CliRunner, Result

from antiphon.app.cli import main
from antiphon.spatial import Bw64File, Bw64Writer, PcmFormat, Renderer, bs2051_layout, read_scene
from antiphon.spatial.adm import write_chna, write_scene
from antiphon.spatial.scene import DirectTrack, ObjectBlock, ObjectItem, PolarPosition, Scene


def _master(folder: Path, frames: int = 30_000) -> Path:
    blocks = tuple(
        ObjectBlock(Fraction(n, 10), Fraction(n + 1, 10), PolarPosition(90.0 - n * 30, 10.0 * n))
        for n in range(6)
    )
    items = tuple(
        ObjectItem(name=f"bell {n}", track=DirectTrack(n), blocks=blocks) for n in range(2)
    )
    axml, table = write_scene(Scene(items, 2, 48_000, "Bells"))
    path = folder / "master.wav"
    chunks = {"chna": write_chna(table), "axml": axml}
    with path.open("wb") as file, Bw64Writer(file, PcmFormat(2, 48_000, 24), chunks) as writer:
        writer.write(np.random.default_rng(5).uniform(-0.3, 0.3, (frames, 2)))
    return path


def _run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, ["spatial", *map(str, arguments)])


def _sound(path: Path) -> np.ndarray:
    with path.open("rb") as file:
        opened = Bw64File(file)
        return opened.read(0, opened.frames)


def test_loudspeakers_are_those_of_the_renderer(tmp_path: Path) -> None:
    master, target = _master(tmp_path), tmp_path / "out.wav"
    done = _run("render", master, target, "--layout", "4+7+0")
    assert done.exit_code == 0, done.output
    assert "12 channels, 0.6 s" in done.output
    with master.open("rb") as file:
        opened, scene = read_scene(file)
        renderer = Renderer(scene, bs2051_layout("4+7+0"))
        whole = renderer.render(opened.read(0, 30_000))
    assert np.abs(_sound(target) - whole).max() <= 2.0**-23


@pytest.mark.parametrize(("layout", "channels"), [("binaural", 2), ("ambisonics", 16)])
def test_as_many_samples_come_out_as_went_in(tmp_path: Path, layout: str, channels: int) -> None:
    done = _run("render", _master(tmp_path), tmp_path / "out.wav", "--layout", layout)
    assert done.exit_code == 0, done.output
    heard = _sound(tmp_path / "out.wav")
    assert heard.shape == (30_000, channels)
    assert np.abs(heard[:2_000]).max() > 0.01
    assert np.abs(heard[-2_000:]).max() > 0.01


def test_a_head_that_turns_swaps_what_the_ears_hear(tmp_path: Path) -> None:
    master = _master(tmp_path, frames=4_800)  # on the left for as long as it lasts
    levels = []
    for yaw in ("0", "180"):
        _run("render", master, tmp_path / "out.wav", "--layout", "binaural", "--yaw", yaw)
        levels.append(np.mean(_sound(tmp_path / "out.wav") ** 2, axis=0))
    assert levels[0][0] > 2 * levels[0][1]
    assert levels[1][1] > 2 * levels[1][0]


def test_what_is_beyond_full_scale_is_counted(tmp_path: Path) -> None:
    done = _run(
        "render", _master(tmp_path), tmp_path / "o.wav", "--layout", "0+2+0", "--gain", "20"
    )
    assert "beyond full scale" in done.output


def test_a_master_is_described_for_people_and_programs(tmp_path: Path) -> None:
    master = _master(tmp_path)
    assert "objects: Bells, 2 channels, 48000 Hz" in _run("info", master).output
    told = json.loads(_run("info", master, "--json").output)
    assert [item["name"] for item in told["items"]] == ["bell 0", "bell 1"]
    assert told["seconds"] == 0.625
    assert told["repairs"] == []


def test_objects_are_drawn_over_time(tmp_path: Path) -> None:
    assert _run("plot", _master(tmp_path), tmp_path / "a.svg").exit_code == 0
    drawn = ET.parse(tmp_path / "a.svg").getroot()
    lines = [e.attrib["points"] for e in drawn.iter() if e.tag.endswith("polyline")]
    assert len(lines) == 4
    heights = [float(point.split(",")[1]) for point in lines[0].split()]
    assert heights == sorted(heights)  # from left to right: azimuth falls, so its line does


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("--layout", "9.9"), "no layout 9.9"),
        (("--layout", "0+2+0", "--channels-are", "0+5+0"), "says itself"),
        (("--layout", "0+2+0", "--programme", "APR_9"), "APR_9"),
    ],
)
def test_what_cannot_be_rendered_says_why_and_leaves_nothing(
    tmp_path: Path, arguments: tuple[str, ...], why: str
) -> None:
    done = _run("render", _master(tmp_path), tmp_path / "out.wav", *arguments)
    assert done.exit_code == 1
    assert why in done.output
    assert {path.name for path in tmp_path.iterdir()} == {"master.wav"}


def test_a_file_that_is_no_master_is_refused_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_bytes(b"no sound at all")
    for command in (("info",), ("render", "--layout", "0+2+0")):
        done = _run(
            command[0], tmp_path / "a.wav", *(["o.wav", *command[1:]] if command[1:] else [])
        )
        assert done.exit_code == 1
        assert done.output.count("\n") == 1
    assert _run("info", tmp_path / "missing.wav").exit_code == 1


def test_a_file_without_adm_is_what_its_owner_says(tmp_path: Path) -> None:
    path = tmp_path / "four.wav"
    with path.open("wb") as file, Bw64Writer(file, PcmFormat(4, 48_000, 24), {}) as writer:
        writer.write(np.ones((512, 4)) * 0.1)
    assert _run("info", path).exit_code == 1
    told = json.loads(_run("info", path, "--channels-are", "ambisonics", "--json").output)
    assert told["items"][0]["order"] == 1
