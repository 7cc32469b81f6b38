"""The playlists as text, against goldens that were checked by hand once."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.audio import STEREO_RUNGS, Package, Rendition, Rung, Segment
from antiphon.kernel import BitsPerSecond, RecordingId, SampleCount, SampleRateHz, SongId
from antiphon.streaming.hls import media_playlist, multivariant_playlist, target_duration
from antiphon.streaming.prepared import PreparedSong
from antiphon.streaming.progressive import ProgressiveFile, segment_index

GOLDEN = Path(__file__).parents[2] / "golden" / "streaming"
CODECS = {Rung.FLAC: "fLaC", Rung.ALAC: "alac"}


def rendition(
    rung: Rung, *, rate: int = 44_100, depth: int = 16, channels: int = 2, lengths=None, size=1000
) -> Rendition:
    lengths = lengths or [65 * 4096, 65 * 4096, 12_345]
    segments = tuple(Segment(SampleCount(n), size + i) for i, n in enumerate(lengths))
    total = sum(s.size for s in segments) * 8 * rate // sum(lengths)
    return Rendition(
        rung=rung,
        codec=CODECS.get(rung, "mp4a.40.2"),
        prefix=f"media/aa/aabb/{rung}",
        sample_rate=SampleRateHz(rate),
        channels=channels,
        bit_depth=depth,
        priming=SampleCount(0 if rung.is_lossless else 1024),
        cue_shift=0,
        samples=SampleCount(sum(lengths)),
        init_size=700,
        segments=segments,
        average_bandwidth=BitsPerSecond(total),
        peak_bandwidth=BitsPerSecond(total + 100),
    )


LADDER = [
    rendition(r, size=s)
    for r, s in zip(STEREO_RUNGS, (48_000, 96_000, 192_000, 650_000, 660_000), strict=True)
]
HIRES = [
    rendition(Rung.AAC_256, rate=48_000, lengths=[70 * 4096, 999], size=190_000),
    rendition(Rung.ALAC, rate=192_000, depth=24, lengths=[280 * 4096, 3996], size=4_000_000),
]
SURROUND = [rendition(Rung.FLAC, rate=48_000, depth=24, channels=6, lengths=[9000])]


@pytest.mark.parametrize(
    ("name", "renditions"),
    [("ladder", LADDER[:4]), ("hires", HIRES[::-1]), ("surround", SURROUND)],
)
def test_multivariant_playlists_are_as_they_were(name, renditions):
    assert multivariant_playlist(renditions) == golden(f"{name}.main.m3u8")


@pytest.mark.parametrize(
    ("name", "renditions"), [("ladder", LADDER), ("hires", HIRES), ("surround", SURROUND)]
)
def test_media_playlists_are_as_they_were(name, renditions):
    target = target_duration(renditions)
    for one in renditions:
        assert media_playlist(one, target=target) == golden(f"{name}.{one.rung}.m3u8")


def golden(name: str) -> str:
    """Return a golden's text; nothing writes one, so a missing one fails."""
    return (GOLDEN / name).read_text("utf-8")


lengths = st.lists(st.integers(4096, 130 * 4096), min_size=1, max_size=40)
rates = st.sampled_from([8000, 22_050, 44_100, 48_000, 88_200, 192_000])


@given(lengths, rates)
def test_told_durations_add_up_to_the_sound_within_a_microsecond_each(lengths, rate):
    text = media_playlist(rendition(Rung.FLAC, rate=rate, lengths=lengths), target=6)
    told = [float(x[8:-1]) for x in text.splitlines() if x.startswith("#EXTINF:")]
    assert len(told) == len(lengths)
    assert abs(sum(told) - sum(lengths) / rate) <= 0.5e-6 * len(lengths) + 1e-9


@given(lengths, rates)
def test_no_told_duration_rounds_to_more_than_the_target(lengths, rate):
    one = rendition(Rung.FLAC, rate=rate, lengths=lengths)
    target = target_duration([one])
    text = media_playlist(one, target=target)
    told = [float(x[8:-1]) for x in text.splitlines() if x.startswith("#EXTINF:")]
    assert all(int(t + 0.5) <= target for t in told)
    assert target <= max(1, max(told) + 0.5)


def test_the_target_is_that_of_the_longest_segment_of_all_renditions() -> None:
    long = rendition(Rung.FLAC, lengths=[10 * 44_100])
    assert target_duration([LADDER[0], long]) == 10
    assert target_duration([rendition(Rung.FLAC, lengths=[100])]) == 1


def test_playlists_name_only_what_lies_beside_them() -> None:
    texts = [multivariant_playlist(LADDER), *(media_playlist(r, target=6) for r in LADDER)]
    uris = [x for text in texts for x in text.splitlines() if x and not x.startswith("#")]
    assert uris
    assert not any(uri.startswith(("/", "http", "..")) for uri in uris)


def test_a_package_that_changes_is_another_version() -> None:
    def version(*renditions: Rendition) -> str:
        package = Package(RecordingId("r"), "hash", tuple(renditions))
        return PreparedSong(SongId("s"), package).version

    assert version(LADDER[0]) == version(LADDER[0])
    assert len({version(), version(LADDER[0]), version(*LADDER), version(LADDER[1])}) == 4


def test_a_rung_without_segments_is_not_on_offer() -> None:
    from dataclasses import replace

    empty = replace(LADDER[0], segments=())
    song = PreparedSong(SongId("s"), Package(RecordingId("r"), "hash", (empty, LADDER[3])))
    assert [v.rung for v in song.variants] == [Rung.FLAC]


@given(lengths, st.integers(0, 10**7), st.integers(0, 10**7))
def test_the_spans_of_any_range_are_exactly_that_range(lengths, start, stop):
    layout = ProgressiveFile(rendition(Rung.AAC_128, lengths=lengths))
    start, stop = min(start, layout.size), min(stop, layout.size)
    spans = list(layout.spans(range(start, max(start, stop))))
    assert sum(s.length for s in spans) == max(0, stop - start)
    assert all(s.length > 0 for s in spans)


@given(lengths)
def test_the_index_tells_every_segment_and_the_priming(lengths):
    one = rendition(Rung.AAC_128, lengths=lengths)
    index = segment_index(one)
    words = [int.from_bytes(index[n : n + 4], "big") for n in range(0, len(index), 4)]
    assert words[0] == len(index)
    assert words[4] == one.sample_rate
    assert words[7] == len(lengths)
    assert words[8::3] == [s.size for s in one.segments]
    assert sum(words[9::3]) == sum(lengths) + 1024
