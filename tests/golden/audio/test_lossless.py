"""What a lossless rung holds is what the master held, to the last bit."""

import numpy as np
import pytest

FORMATS = [
    (44100, 16, 2),
    (48000, 24, 2),
    (88200, 24, 2),
    (96000, 24, 2),
    (176400, 24, 1),
    (192000, 24, 2),
    (44100, 16, 1),
    (22050, 16, 2),
    (37800, 16, 2),
    (48000, 24, 6),
    (96000, 24, 8),
]


@pytest.mark.parametrize(("rate", "depth", "channels"), FORMATS)
def test_flac_and_alac_decode_to_the_masters_samples(
    ladder, decoded, master, rate, depth, channels
):
    pcm = master(round(rate * 13.7) + 1, rate, channels=channels, depth=depth)
    flac, alac, _ = ladder.lossless("song", pcm, rate)
    for rendition in (flac, alac):
        assert np.array_equal(decoded(ladder.file(rendition), channels, pcm.dtype.type), pcm)
        assert (rendition.samples, rendition.bit_depth) == (len(pcm), depth)


@pytest.mark.parametrize("samples", [1, 10, 4095, 4096, 4097, 266240, 266240 + 2047, 266240 + 2048])
def test_songs_of_awkward_length_keep_every_sample(ladder, decoded, master, samples):
    pcm = master(samples, 44100)
    for rendition in ladder.lossless("song", pcm, 44100)[:2]:
        assert np.array_equal(decoded(ladder.file(rendition), 2), pcm)
        assert sum(s.samples for s in rendition.segments) == samples
        assert len(rendition.segments) == (2 if samples >= 266240 + 2048 else 1)


def test_silence_and_full_scale_noise_are_kept(ladder, decoded):
    rng = np.random.default_rng(5)
    noise = rng.integers(-32768, 32768, (50000, 2), dtype=np.int16)
    for name, pcm in (("silence", np.zeros((50000, 2), np.int16)), ("noise", noise)):
        for rendition in ladder.lossless(name, pcm, 44100)[:2]:
            assert np.array_equal(decoded(ladder.file(rendition), 2), pcm)


def test_rendering_does_not_depend_on_how_the_pcm_was_chunked(ladder, master):
    from antiphon.audio.ladder import LosslessPass

    pcm = master(500_000, 44100)
    whole, *_ = ladder.lossless("song", pcm, 44100)
    other = LosslessPass("other", rate=44100, channels=2, bit_depth=16)
    for start in range(0, len(pcm), 7919):
        ladder.store(other.push(pcm[start : start + 7919]))
    objects, chunked, measure = other.finish()
    ladder.store(objects)
    assert ladder.file(whole) == ladder.file(chunked)
    assert measure == ladder.lossless("again", pcm, 44100)[2]
