"""WAV, RF64 and BW64: what is read, mended by name, or refused by name."""

import io
import struct
import wave
from pathlib import Path

import numpy as np
import pytest

from antiphon.spatial.errors import MasterUnreadable
from antiphon.spatial.masters import Bw64File, Bw64Writer, PcmFormat


def _chunk(name: bytes, content: bytes, size: int | None = None) -> bytes:
    told = len(content) if size is None else size
    return name + struct.pack("<I", told) + content + b"\0" * (len(content) % 2)


def _format(channels: int = 1, rate: int = 48_000, bits: int = 24, tag: int = 1) -> bytes:
    frame = channels * bits // 8
    return _chunk(b"fmt ", struct.pack("<HHIIHH", tag, channels, rate, rate * frame, frame, bits))


def _wav(*chunks: bytes, kind: bytes = b"RIFF") -> Bw64File:
    body = b"WAVE" + b"".join(chunks)
    return Bw64File(io.BytesIO(kind + struct.pack("<I", len(body)) + body))


@pytest.mark.parametrize(
    ("name", "frames", "repaired"),
    [
        ("rect_16bit.wav", 22_050, ""),
        ("rect_24bit.wav", 22_050, ""),
        ("rect_24bit_bext.wav", 22_050, ""),
        ("rect_24bit_rf64.wav", 22_050, ""),
        ("rect_24bit_nods64.wav", 22_050, "ds64 is missing"),
        ("rect_32bit.wav", 22_050, ""),
        ("24bit_missing_padding.wav", 1, ""),
        ("empty_extradata.wav", 4, ""),
        ("fmt_padding.wav", 4, ""),
        ("pcm_extradata.wav", 4, ""),
    ],
)
def test_files_of_others_are_read_and_repairs_named(
    spatial_data: Path, name: str, frames: int, repaired: str
) -> None:
    with (spatial_data / "bw64" / name).open("rb") as file:
        opened = Bw64File(file)
        samples = opened.read(0, 1_000_000)
    assert samples.shape == (frames, opened.format.channels)
    assert repaired in " ".join(opened.repairs)
    assert bool(opened.repairs) == bool(repaired)


@pytest.mark.parametrize(
    "name",
    ["rect_24bit_noriff.wav", "rect_24bit_nowave.wav", "rect_24bit_wrong_fmt_size.wav"],
)
def test_what_is_no_such_file_is_refused(spatial_data: Path, name: str) -> None:
    with (
        (spatial_data / "bw64" / name).open("rb") as file,
        pytest.raises(MasterUnreadable, match=r"no WAV|'data' is missing"),
    ):
        Bw64File(file)


def test_the_same_samples_are_read_from_16_24_and_32_bits(spatial_data: Path) -> None:
    read = []
    for bits in (16, 24, 32):
        with (spatial_data / "bw64" / f"rect_{bits}bit.wav").open("rb") as file:
            read.append(Bw64File(file).read(0, 22_050))
    assert np.abs(read[0] - read[1]).max() <= 2.0**-15
    assert np.abs(read[1] - read[2]).max() <= 2.0**-23


def test_samples_equal_those_of_the_standard_library(spatial_data: Path) -> None:
    path = spatial_data / "bw64" / "rect_16bit.wav"
    with wave.open(str(path)) as known, path.open("rb") as file:
        expected = np.frombuffer(known.readframes(known.getnframes()), "<i2").reshape(-1, 2)
        assert np.array_equal(Bw64File(file).read(0, 22_050), expected / 32_768)


def test_a_length_that_lies_is_cut_where_the_file_ends() -> None:
    opened = _wav(_format(), _chunk(b"data", b"\1\2\3" * 5, size=3_000_000))
    assert opened.frames == 5
    assert "'data' claims 3000000 bytes" in opened.repairs[0]


def test_a_recording_that_was_never_closed_is_read_to_its_end() -> None:
    opened = _wav(_format(), _chunk(b"data", b"\1\2\3" * 4, size=0))
    assert opened.frames == 4
    assert opened.repairs


def test_a_missing_pad_byte_hides_no_chunk() -> None:
    odd = b"iXML" + struct.pack("<I", 3) + b"abc"
    opened = _wav(_format(), odd, _chunk(b"data", b"\0" * 6))
    assert opened.frames == 2
    assert "no pad byte" in opened.repairs[0]


def test_ds64_gives_the_size_that_32_bits_cannot() -> None:
    sizes = struct.pack("<QQQI", 100, 6, 2, 0)
    opened = _wav(
        _chunk(b"ds64", sizes), _format(), _chunk(b"data", b"\0" * 6, 0xFFFFFFFF), kind=b"BW64"
    )
    assert opened.frames == 2
    assert opened.repairs == ()


@pytest.mark.parametrize(
    ("form", "why"),
    [
        (_format(channels=0), "0 channels"),
        (_format(channels=10_000), "10000 channels"),
        (_format(rate=0), "0 Hz"),
        (_format(rate=4_000_000), "4000000 Hz"),
        (_format(bits=20), "20 bits"),
        (_format(tag=85), "format 85"),
        (b"", "'fmt ' is missing"),
        (_chunk(b"fmt ", b"\1\0"), "'fmt ' is missing"),
    ],
)
def test_a_format_that_cannot_be_is_refused_with_what_it_says(form: bytes, why: str) -> None:
    with pytest.raises(MasterUnreadable, match=why):
        _wav(form, _chunk(b"data", b"\0" * 6))


def test_samples_that_are_no_numbers_are_silent_and_counted() -> None:
    bad = np.array([0.5, np.nan, np.inf, -np.inf, -0.25], "<f4").tobytes()
    opened = _wav(_format(bits=32, tag=3), _chunk(b"data", bad))
    assert opened.read(0, 5)[:, 0].tolist() == [0.5, 0.0, 0.0, 0.0, -0.25]
    assert "3 samples were no finite numbers" in opened.repairs[-1]


def test_reading_past_the_end_gives_nothing() -> None:
    opened = _wav(_format(), _chunk(b"data", b"\0" * 6))
    assert opened.read(2, 10).shape == (0, 1)
    assert opened.read(1, 10).shape == (1, 1)


def test_ten_thousand_chunks_are_refused() -> None:
    with pytest.raises(MasterUnreadable, match="chunks"):
        _wav(*(_chunk(b"%04d" % n, b"") for n in range(10_000)))


@pytest.mark.parametrize(("bits", "is_float"), [(16, False), (24, False), (32, False), (32, True)])
def test_what_is_written_is_read_again(tmp_path: Path, bits: int, is_float: bool) -> None:
    samples = np.random.default_rng(1).uniform(-1, 1, (1_000, 5))
    path = tmp_path / "a.wav"
    how = PcmFormat(5, 96_000, bits, is_float)
    with path.open("wb") as file, Bw64Writer(file, how, {"bext": b"abc"}) as writer:
        for start in range(0, 1_000, 300):
            writer.write(samples[start : start + 300])
    with path.open("rb") as file:
        opened = Bw64File(file)
        assert opened.format == how
        assert opened.chunk("bext") == b"abc"
        # half a step of the file, and of a 32-bit float
        assert np.abs(opened.read(0, 2_000) - samples).max() <= 2.0 ** (1 - bits) + 6e-8
        assert opened.repairs == ()


class _Huge(io.BytesIO):
    """A file that says it is where 5 GB were written, and holds what matters."""

    shift = 0

    def tell(self) -> int:
        return super().tell() + self.shift


def test_a_file_beyond_4_gib_becomes_bw64() -> None:
    file = _Huge()
    writer = Bw64Writer(file, PcmFormat(1, 48_000, 24), {})
    writer.write(np.zeros((2, 1)))
    writer._written += 5_000_000_000 * 3
    file.shift = 5_000_000_000 * 3
    writer.close()
    raw = file.getvalue()
    assert raw[:8] == b"BW64\xff\xff\xff\xff"
    assert raw[12:16] == b"ds64"
    assert struct.unpack_from("<Q", raw, 28)[0] == 15_000_000_006
