"""The demo catalogue: the same music every time, joined without a seam, tagged, never clipped."""

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest
from mutagen.flac import FLAC

from antiphon.app.demo import generate
from antiphon.app.demo.albums import ALBUMS, Album, Song, Take
from antiphon.app.demo.files import Audio
from antiphon.app.demo.generate import cut_sample, record
from antiphon.app.demo.master import loudness, quantised
from antiphon.ingest.model import FileRequest, FolderRequest
from antiphon.ingest.reader import FolderReader
from antiphon.kernel import Conflict
from antiphon.spatial import motion_of, read_scene

RATE = 44_100
QUIET = 10 ** (-1 / 20)


def decoded(path: Path) -> np.ndarray:
    with av.open(str(path)) as container:
        frames = [f.to_ndarray().reshape(-1, 2) for f in container.decode(audio=0)]
    return np.concatenate(frames)


def take_of(title: str) -> Take:
    return next(take for album in ALBUMS for take in album.takes if take.songs[0].title == title)


@pytest.fixture(scope="module")
def continuous() -> tuple[Take, list[Audio]]:
    """The take that is cut into several songs, performed."""
    take = next(take for album in ALBUMS for take in album.takes if take.cuts)
    return take, list(record(take))


@pytest.fixture
def album() -> Album:
    """An album of the catalogue with its music replaced by a hum that is quickly made."""

    def hum(rate: int) -> np.ndarray:
        wave = 0.3 * np.sin(2 * np.pi * 220 * np.arange(2 * rate) / rate)
        return np.stack((wave, wave), axis=1).astype(np.float32)

    whole = next(album for album in ALBUMS if any(song.lyrics for song in album.songs))
    takes = tuple(Take(hum, (song,)) for song in whole.songs)
    return Album(whole.artist, whole.title, whole.date, whole.label, whole.cover, takes)


def test_a_performance_is_the_same_to_the_sample_every_time() -> None:
    take = take_of("Two Clocks")
    first, second = (next(record(take)) for _ in range(2))
    assert np.array_equal(first.samples, second.samples)


def test_songs_of_one_take_join_between_two_samples_without_a_step(
    continuous: tuple[Take, list[Audio]],
) -> None:
    take, songs = continuous
    assert len(songs) == len(take.songs) > 1
    assert [len(a.samples) for a in songs[:-1]] == list(
        np.diff([0, *(cut_sample(second, take.rate) for second in take.cuts)])
    )
    for before, after in pairwise(songs):
        near = np.concatenate((before.samples[-2000:], after.samples[:2000])).astype(float)
        steps = np.abs(np.diff(near, axis=0)).max(axis=1)
        assert np.abs(near[-2000:]).max() > 0, "music plays across the seam"
        assert steps[1999] <= np.delete(steps, 1999).max()


def test_a_seam_lies_on_no_boundary_of_a_codec_s_frames(
    continuous: tuple[Take, list[Audio]],
) -> None:
    _, songs = continuous
    assert all(len(songs[0].samples) % frame for frame in (2, 1024, 4096))


def test_a_master_has_its_loudness_and_room_under_full_scale(
    continuous: tuple[Take, list[Audio]],
) -> None:
    take, songs = continuous
    whole = np.concatenate([a.samples for a in songs]) / 2.0 ** (take.bits - 1)
    assert loudness(whole, take.rate) == pytest.approx(take.lufs, abs=0.8)
    assert np.abs(whole).max() < QUIET


def test_quantising_keeps_the_signal_within_one_step() -> None:
    wave = np.sin(np.arange(RATE) / 30)[:, None] * np.array([[0.5, -0.5]])
    samples = quantised(wave.astype(np.float32), 16, seed=1)
    assert np.abs(samples / 2.0**15 - wave).max() < 2.5 / 2**15


def test_files_hold_what_was_mastered_and_say_what_it_is(album: Album, tmp_path: Path) -> None:
    heard: list[tuple[int, int]] = []
    files = generate(tmp_path / "demo", progress=lambda *at: heard.append(at), albums=[album])
    count = len(album.songs)
    assert heard == [(n, count) for n in range(1, count + 1)]
    for path, song, take in zip(files, album.songs, album.takes, strict=True):
        assert np.array_equal(decoded(path), next(record(take)).samples)
        tags = FLAC(path)  # type: ignore[no-untyped-call]  # mutagen is half typed
        assert (tags["TITLE"], tags["ARTIST"]) == ([song.title], [song.artist])
        assert (tags["ALBUM"], tags["ALBUMARTIST"]) == (
            [album.title],
            [album.artist],
        )
        assert tags.pictures[0].data == (path.parent / "cover.jpg").read_bytes()
        assert ("LYRICS" in tags) == path.with_suffix(".lrc").exists() == (song.lyrics is not None)


def test_a_whole_catalogue_is_not_made_again(album: Album, tmp_path: Path) -> None:
    first = generate(tmp_path / "demo", albums=[album])
    before = [path.stat().st_mtime_ns for path in first]
    heard: list[int] = []
    assert (
        generate(tmp_path / "demo", progress=lambda done, _: heard.append(done), albums=[album])
        == first
    )
    assert heard == []
    assert [path.stat().st_mtime_ns for path in first] == before


def test_a_folder_with_someone_else_s_files_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "own.flac").write_bytes(b"mine")
    with pytest.raises(Conflict):
        generate(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["own.flac"]


def test_what_a_killed_run_left_is_cleared_away(album: Album, tmp_path: Path) -> None:
    left = tmp_path / f".demo.{2**22 - 1}"
    left.mkdir()
    generate(tmp_path / "demo", albums=[album])
    assert not left.exists()


def with_words() -> list[Song]:
    return [song for album in ALBUMS for song in album.songs if song.lyrics is not None]


def test_words_are_in_order_and_within_their_song() -> None:
    assert with_words()
    for song in with_words():
        assert song.lyrics is not None
        lines = song.lyrics()
        moments = list(lines)
        assert moments == sorted(moments)
        assert moments[0] >= 0
        assert moments[-1] < 120
        assert all(lines.values())


def test_every_cover_is_its_own() -> None:
    pictures = [album.cover() for album in ALBUMS]
    assert len({picture.tobytes() for picture in pictures}) == len(ALBUMS)


def test_a_piece_in_space_is_an_adm_master_whose_objects_move(tmp_path: Path) -> None:
    album = next(album for album in ALBUMS if album.immersive)
    alone = replace(album, takes=())
    (path,) = generate(tmp_path / "demo", albums=[alone])
    with path.open("rb") as file:
        master, scene = read_scene(file)
        sound = master.read(0, master.frames)
    assert scene.repairs == ()
    assert 0.4 < np.abs(sound).max() < QUIET
    moving = [motion for motion in motion_of(scene, points_per_second=10) if len(motion.track) > 20]
    assert len(moving) >= 4
    (answer,) = FolderReader().read(
        FolderRequest(bytes(path.parent), (FileRequest(bytes(Path(path.name))),))
    )
    assert answer.sound is not None
    assert (answer.sound.scene, answer.tags.title) == ("adm", alone.songs[0].title)
    assert (answer.tags.album, answer.tags.album_artists) == (album.title, (album.artist,))
    assert answer.picture is not None
