"""Every source format decodes to the samples it holds; what is broken says so."""

import os

import numpy as np
import pytest

from antiphon.audio.decode import FlacDecoder, SourceCorrupt, open_source
from antiphon.kernel import Corrupt

RATE = 44100
SAMPLES = 100_003


def decode(path, chunk=30_000):
    with open_source(str(path)) as source:
        parts = list(source.chunks(chunk))
        assert all(len(part) >= chunk for part in parts[:-1])
        return source.info, np.concatenate(parts)


LOSSLESS = [
    ("a.wav", "pcm_s16le"),
    ("a.aiff", "pcm_s16be"),
    ("a.flac", "flac"),
    ("a.m4a", "alac"),
    ("a.wv", "wavpack"),
    ("a.tta", "tta"),
]


@pytest.mark.parametrize(("name", "codec"), LOSSLESS)
def test_lossless_sources_give_every_sample_back(tmp_path, make_pcm, coded, name, codec):
    pcm = make_pcm(SAMPLES, RATE)
    info, out = decode(coded(tmp_path / name, pcm, RATE, codec))
    assert np.array_equal(out, pcm)
    assert (info.sample_rate, info.channels, info.bit_depth, info.codec) == (RATE, 2, 16, codec)


@pytest.mark.parametrize(
    ("name", "codec"), [("a.wav", "pcm_s24le"), ("a.aiff", "pcm_s24be"), ("a.flac", "flac")]
)
def test_24_bits_lie_at_the_top_of_32(tmp_path, coded, name, codec):
    rng = np.random.default_rng(3)
    pcm = rng.integers(-(2**23), 2**23, (SAMPLES, 2), dtype=np.int32) << 8
    info, out = decode(
        coded(tmp_path / name, pcm, 96000, codec, **({"strict": "-2"} if codec == "flac" else {}))
    )
    assert info.bit_depth == 24
    assert out.dtype == np.int32
    if codec == "flac":  # PyAV's muxer may have written 32 bits
        out = out & ~0xFF
    assert np.array_equal(out, pcm)


def test_more_than_24_bits_are_rounded_not_cut(tmp_path, coded):
    pcm = np.array([[0x100], [0x17F], [0x180], [0x7FFFFFFF], [-0x80000000]] * 50, np.int32)
    _, out = decode(coded(tmp_path / "a.wav", pcm, 48000, "pcm_s32le"))
    assert out[:5, 0].tolist() == [0x100, 0x100, 0x200, 0x7FFFFF00, -0x80000000]


def test_float_sources_become_24_bits_and_clip(tmp_path, coded):
    pcm = np.array([[0], [2**30], [-(2**30)], [2**31 - 1]] * 50, np.int32)
    _, out = decode(coded(tmp_path / "a.wav", pcm, 48000, "pcm_f32le"))
    assert out[:4, 0].tolist() == [0, 2**30, -(2**30), 0x7FFFFF00]


def test_8_bit_samples_become_16(tmp_path, coded, make_pcm):
    pcm = make_pcm(SAMPLES, RATE, 1)
    _, out = decode(coded(tmp_path / "a.wav", pcm, RATE, "pcm_u8"))
    assert out.dtype == np.int16
    assert np.abs(out.astype(int) - pcm).max() <= 256


LOSSY = [
    ("a.mp3", "libmp3lame", {"b": "192k"}, 44100),
    ("a.m4a", "aac", {"b": "192k"}, 44100),
    ("a.ogg", "vorbis", {"strict": "-2"}, 44100),
    ("a.opus", "libopus", {"b": "160k"}, 48000),
]


@pytest.mark.parametrize(("name", "codec", "options", "rate"), LOSSY)
def test_lossy_sources_are_as_long_as_what_was_encoded(
    tmp_path, make_pcm, coded, name, codec, options, rate
):
    pcm = make_pcm(SAMPLES, rate)
    info, out = decode(coded(tmp_path / name, pcm, rate, codec, **options))
    assert info.bit_depth == 16
    assert out.dtype == np.int16
    # FFmpeg's own Vorbis encoder counts in blocks: its last granule is no exact length
    assert abs(len(out) - SAMPLES) <= (1024 if codec == "vorbis" else 0)
    middle = slice(20_000, 80_000)
    error = out[middle].astype(float) - pcm[middle]
    assert 10 * np.log10(np.mean(pcm[middle].astype(float) ** 2) / np.mean(error**2)) > 10


def test_dsd_comes_out_at_88_2_khz_with_its_level(tmp_path, dsf):
    t = np.arange(2822400 // 5) / 2822400
    info, out = decode(dsf(tmp_path / "a.dsf", 0.5 * np.sin(2 * np.pi * 1000 * t)))
    assert (info.sample_rate, info.bit_depth, info.channels) == (88200, 24, 1)
    assert abs(len(out) - 88200 // 5) <= 100
    x = out[4000:-4000, 0] / 2**31
    window = np.hanning(len(x))
    turns = np.exp(-2j * np.pi * np.arange(len(x)) / 88200 * np.array([[1000], [500]]))
    levels = 2 * np.abs((x * window * turns).sum(axis=1)) / window.sum()
    assert levels[0] == pytest.approx(0.5, rel=0.01)
    assert levels[1] < 0.01


def test_ape_frames_of_silence_decode(tmp_path, silent_ape):
    info, out = decode(silent_ape(tmp_path / "a.ape"))
    assert (info.codec, info.sample_rate, info.channels) == ("ape", 44100, 2)
    assert len(out) == 2 * 73728 + 5000
    assert not out.any()


@pytest.mark.parametrize("channels", [1, 6, 8])
def test_channels_keep_their_order(tmp_path, make_pcm, wav, channels):
    pcm = np.stack([np.full(5000, 100 * (c + 1), np.int16) for c in range(channels)], axis=1)
    info, out = decode(wav(tmp_path / "a.wav", pcm, 48000))
    assert info.channels == channels
    assert np.array_equal(out, pcm)


def test_eight_planar_channels_keep_their_order(tmp_path):
    import av

    path = tmp_path / "a.wv"
    with av.open(str(path), "w") as muxer:
        stream = muxer.add_stream("wavpack", rate=48000)
        stream.codec_context.layout = "7.1"
        stream.codec_context.format = "s16p"
        pcm = np.stack([np.full(5000, 100 * (c + 1), np.int16) for c in range(8)], axis=1)
        frame = av.AudioFrame.from_ndarray(pcm.reshape(1, -1), format="s16", layout="7.1")
        frame.sample_rate = 48000
        muxer.mux(stream.encode(frame))
        muxer.mux(stream.encode(None))
    assert np.array_equal(decode(path)[1], pcm)


@pytest.mark.parametrize("samples", [1, 10, 600])
def test_a_file_of_a_few_samples_decodes(tmp_path, make_pcm, coded, samples):
    pcm = make_pcm(samples, RATE)
    for name, codec in LOSSLESS[:4]:
        assert np.array_equal(decode(coded(tmp_path / name, pcm, RATE, codec))[1], pcm)


def test_a_name_that_is_not_utf8_opens(tmp_path, make_pcm, wav):
    pcm = make_pcm(5000, RATE)
    path = os.fsencode(tmp_path) + b"/caf\xe9: http.wav"
    wav(tmp_path / "a.wav", pcm, RATE).rename(os.fsdecode(path))
    assert np.array_equal(decode(os.fsdecode(path))[1], pcm)


@pytest.mark.parametrize("name", ["http:x.wav", "concat:a.wav", "a%03d.wav", "-.wav", "pipe:0.wav"])
def test_a_name_that_looks_like_a_protocol_is_a_name(tmp_path, make_pcm, wav, name):
    pcm = make_pcm(5000, RATE)
    assert np.array_equal(decode(wav(tmp_path / name, pcm, RATE))[1], pcm)


@pytest.mark.parametrize("suffix", ["wav", "flac", "mp3", "m4a", "ogg", "ape", "dsf", "wv"])
def test_an_empty_file_is_corrupt(tmp_path, suffix):
    path = tmp_path / f"a.{suffix}"
    path.write_bytes(b"")
    with pytest.raises(SourceCorrupt, match="empty"):
        open_source(str(path))


@pytest.mark.parametrize("suffix", ["wav", "flac", "mp3", "m4a", "ogg", "ape", "dsf", "wv"])
def test_noise_that_calls_itself_audio_is_corrupt(tmp_path, suffix):
    path = tmp_path / f"a.{suffix}"
    path.write_bytes(np.random.default_rng(2).bytes(200_000))
    with pytest.raises(Corrupt):
        decode(path)


@pytest.mark.parametrize(
    "text", ["#EXTM3U\nfile:///etc/passwd\n", "ffconcat version 1.0\nfile x\n"]
)
def test_a_playlist_that_calls_itself_audio_leads_nowhere(tmp_path, make_pcm, wav, text):
    wav(tmp_path / "x", make_pcm(5000, RATE), RATE)
    path = tmp_path / "a.wav"
    path.write_text(text)
    with pytest.raises(SourceCorrupt):
        open_source(str(path))


def test_a_mislabelled_file_is_what_it_holds(tmp_path, make_pcm, coded):
    pcm = make_pcm(5000, RATE)
    path = coded(tmp_path / "a.flac", pcm, RATE, "flac")
    assert np.array_equal(decode(path.rename(tmp_path / "a.mp3"))[1], pcm)


@pytest.mark.parametrize(("name", "codec"), LOSSLESS)
@pytest.mark.parametrize("kept", [0.02, 0.5, 0.9])
def test_a_truncated_lossless_file_is_corrupt(tmp_path, make_pcm, coded, name, codec, kept):
    path = coded(tmp_path / name, make_pcm(SAMPLES, RATE), RATE, codec)
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * kept)])
    with pytest.raises(SourceCorrupt):
        decode(path)


@pytest.mark.parametrize("name", ["a.flac", "a.wv", "a.m4a"])
def test_a_lossless_file_with_flipped_bytes_is_corrupt_or_intact(tmp_path, make_pcm, coded, name):
    pcm = make_pcm(SAMPLES, RATE)
    path = coded(tmp_path / name, pcm, RATE, dict(LOSSLESS)[name])
    data = bytearray(path.read_bytes())
    rng = np.random.default_rng(1)
    for position in rng.integers(len(data) // 3, len(data) * 2 // 3, 40):
        data[position] ^= 0x55
    path.write_bytes(bytes(data))
    try:
        _, out = decode(path)
    except Corrupt:
        return
    assert name == "a.m4a" or np.array_equal(out, pcm)  # ALAC carries no checksum


def test_a_few_damaged_packets_of_mp3_are_passed_over(tmp_path, make_pcm, coded):
    path = coded(tmp_path / "a.mp3", make_pcm(SAMPLES * 3, RATE), RATE, "libmp3lame")
    data = bytearray(path.read_bytes())
    data[40_000:40_050] = bytes(50)
    path.write_bytes(bytes(data))
    _, out = decode(path)
    assert len(out) > SAMPLES * 3 * 0.95


def test_a_directory_and_an_absent_file_are_os_errors(tmp_path):
    with pytest.raises(OSError):
        open_source(str(tmp_path / "absent.wav"))
    with pytest.raises(OSError):
        open_source(str(tmp_path))


def test_a_damaged_mezzanine_is_corrupt():
    with pytest.raises(Corrupt):
        list(FlacDecoder(bytes(34), 16).decode([(b"not flac at all" * 10, 4096)]))
