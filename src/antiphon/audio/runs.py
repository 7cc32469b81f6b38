"""The second pass: ALAC and album-continuous AAC for an album, from the FLAC rungs in the store."""

import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import structlog

from antiphon.audio.album import AacRun, RunSong
from antiphon.audio.boxes import find_box, read_boxes
from antiphon.audio.cmaf import read_units
from antiphon.audio.decode import CHUNK_SAMPLES, FlacDecoder, Pcm
from antiphon.audio.encryption import Protection, SampleCipher
from antiphon.audio.ladder import AlacPass, MediaObject, kid_of, object_prefix, without_making
from antiphon.audio.loudness import loudness_of
from antiphon.audio.making import Making
from antiphon.audio.model import (
    STEREO_RUNGS,
    AccessUnit,
    Loudness,
    Measure,
    Package,
    Rendition,
    Rung,
)
from antiphon.audio.ports import AudioWorker, ready_channel
from antiphon.audio.rules import (
    AAC_BITRATES,
    LOSSLESS_FRAME,
    MAX_ALAC_CHANNELS,
    Candidate,
    plan_runs,
)
from antiphon.audio.sink import ObjectSink, in_thread
from antiphon.audio.store import PackageWriter, Progress
from antiphon.catalog import Song
from antiphon.kernel import AlbumId, Corrupt, RecordingId

log = structlog.get_logger()

_STREAMINFO_BYTES = 34


@dataclass(frozen=True, slots=True)
class _Song:
    """A song whose first pass is done."""

    recording_id: RecordingId
    disc: int
    package: Package
    flac: Rendition
    measure: Measure
    loudness: Loudness | None
    protections: Mapping[Rung, Protection]

    def prefix(self, rung: Rung, variant: str) -> str:
        """Return where a rung of this song is to lie."""
        protection = self.protections.get(rung)
        return object_prefix(
            self.package.content_hash, rung, variant=variant, protection=protection
        )


class AlbumLadder:
    """Makes the rest of an album's ladder; ``breathe`` is awaited every second or so of sound."""

    def __init__(
        self, ports: AudioWorker, writer: PackageWriter, breathe: Callable[[], Awaitable[None]]
    ) -> None:
        self._ports = ports
        self._writer = writer
        self._breathe = breathe

    async def make(self, album_id: AlbumId) -> None:
        """Do what is missing. Nothing, while a song of the album still waits for its first pass."""
        songs = await self._songs(album_id)
        if songs is None:
            return
        for run in plan_runs([None if s is None else _candidate(s) for s in songs]):
            members = [song for index in run if (song := songs[index]) is not None]
            await self._make_run(members)

    async def _songs(self, album_id: AlbumId) -> list[_Song | None] | None:
        """Return the album's songs; None among them: no sound here; None at all: not ready."""
        listed = await self._ports.catalog.album_songs(album_id)
        ids = [song.recording_id for song in listed]
        packages = await self._ports.packages.packages(ids)
        measures = await self._ports.packages.measures(ids)
        at_home = await self._at_home(listed, album_id)
        loudness = [m for m, home in zip(measures, at_home, strict=True) if m and home]
        songs: list[_Song | None] = []
        seen: set[RecordingId] = set()
        for song, package, measure, home in zip(listed, packages, measures, at_home, strict=True):
            flac = None if package is None else package.rendition(Rung.FLAC)
            if home and flac is None and await self._is_coming(song.recording_id):
                return None
            usable = home and song.recording_id not in seen
            seen.add(song.recording_id)
            if package is None or flac is None or measure is None or not usable:
                songs.append(None)
                continue
            told = loudness_of(measure, loudness)
            locks = await self._protections(song.recording_id)
            songs.append(_Song(song.recording_id, song.disc, package, flac, measure, told, locks))
        return songs

    async def _protections(self, recording_id: RecordingId) -> Mapping[Rung, Protection]:
        found = {rung: await self._ports.protection(recording_id, rung) for rung in STEREO_RUNGS}
        return {rung: protection for rung, protection in found.items() if protection is not None}

    async def _is_coming(self, recording_id: RecordingId) -> bool:
        """Say whether a song without sound will get some; its first pass asks for us again."""
        return await self._ports.jobs.failure(recording_id) is None

    async def _at_home(self, songs: Sequence[Song], album_id: AlbumId) -> list[bool]:
        """Say of each song whether its recording belongs to this album, not to another one."""
        answers = []
        for song in songs:
            recording = await self._ports.catalog.recording(song.recording_id)
            answers.append(recording is None or recording.album_id == album_id)
        return answers

    async def _make_run(self, songs: Sequence[_Song]) -> None:
        if all(_is_made(song, _variant(songs)) for song in songs):
            await self._tell_loudness(songs)
        else:
            await _RunPass(self._ports, self._writer, songs).make(self._breathe)

    async def _tell_loudness(self, songs: Sequence[_Song]) -> None:
        """Update what the packages say of the album's loudness, where the album has changed."""
        for song in songs:
            if song.loudness != song.package.loudness:
                await self._writer.put(
                    Progress(song.recording_id, song.package.content_hash, [], song.loudness)
                )


class _RunPass:
    """One run on its way: the encoders, and what is ready of each song."""

    def __init__(self, ports: AudioWorker, writer: PackageWriter, songs: Sequence[_Song]) -> None:
        self._ports = ports
        self._writer = writer
        self._songs = songs
        self._sink = ObjectSink(ports.objects)
        self._ready: list[list[Rendition]] = [[] for _ in songs]
        self._told = 0
        self._making = Making.begin(ports.clock)
        self._aac = AacRun(
            [RunSong(s.package.content_hash, s.flac, s.loudness, s.protections) for s in songs],
            variant=_variant(songs),
            making=self._making.name,
        )

    async def make(self, breathe: Callable[[], Awaitable[None]]) -> None:
        """Encode all songs; each is told of as soon as it is complete."""
        try:
            for index, song in enumerate(self._songs):
                if index:
                    self._aac.song_ended()
                await self._encode(index, song, breathe)
            await self._sink.store(await in_thread(self._aac.finish))
            await self._publish()
        finally:
            await self._sink.drain()

    async def _encode(
        self, index: int, song: _Song, breathe: Callable[[], Awaitable[None]]
    ) -> None:
        alac = None
        if _has_alac(song):
            alac = AlacPass(
                song.package.content_hash,
                song.flac,
                song.loudness,
                song.protections.get(Rung.ALAC),
                making=self._making.name,
            )
        async for pcm in self._pcm(song):
            await self._sink.store(await in_thread(_push_both, self._aac, alac, pcm))
            await self._publish()
            await breathe()
        if alac is not None:
            objects, rendition = await in_thread(alac.finish)
            await self._sink.store(objects)
            self._ready[index].append(rendition)

    async def _pcm(self, song: _Song) -> AsyncIterator[Pcm]:
        """Yield a song's PCM from its FLAC rung, in chunks short enough to stop between."""
        flac, cipher = song.flac, _cipher_of(song)
        decoder = FlacDecoder(_streaminfo(await self._read(flac.init_key)), flac.bit_depth)
        step = CHUNK_SAMPLES // LOSSLESS_FRAME
        for number in range(len(flac.segments)):
            units = read_units(await self._read(flac.segment_key(number)))
            for start in range(0, len(units), step):
                some = units[start : start + step]
                yield await in_thread(_decoded, decoder, some, cipher)

    async def _read(self, key: str) -> bytes:
        data = await self._ports.objects.get(key)
        if data is None:
            raise Corrupt(f"The object {key} is gone from the store.")
        return data

    async def _publish(self) -> None:
        """Write the packages of the songs that are complete, once their objects are durable."""
        for index, rendition in self._aac.taken():
            self._ready[index].append(rendition)
        while self._told < len(self._songs):
            song, ready = self._songs[self._told], self._ready[self._told]
            if len(ready) < len(AAC_BITRATES) + _has_alac(song):
                return
            await self._sink.drain()
            self._making.check(self._ports.clock)
            await self._tell(song, ready)
            self._told += 1

    async def _tell(self, song: _Song, renditions: Sequence[Rendition]) -> None:
        content_hash = song.package.content_hash
        await self._ports.confirm(song.recording_id, renditions)
        await self._writer.put(
            Progress(song.recording_id, content_hash, renditions, song.loudness, complete=True)
        )
        rungs = ",".join(r.rung for r in renditions)
        await self._ports.signals.publish(ready_channel(song.recording_id), rungs.encode())
        log.info("ladder_completed", recording_id=song.recording_id)


def _push_both(aac: AacRun, alac: AlacPass | None, pcm: Pcm) -> list[MediaObject]:
    return [*aac.push(pcm), *(alac.push(pcm) if alac is not None else ())]


def _decoded(decoder: FlacDecoder, units: Sequence[AccessUnit], cipher: SampleCipher | None) -> Pcm:
    return np.concatenate(list(decoder.decode(units if cipher is None else cipher.opened(units))))


def _cipher_of(song: _Song) -> SampleCipher | None:
    """Return what opens a song's FLAC rung; None where it is in the clear."""
    protection = song.protections.get(Rung.FLAC)
    if kid_of(protection) != song.flac.kid:
        raise Corrupt(
            f"The key of recording {song.recording_id} is not the one it was packed with."
        )
    return None if protection is None else SampleCipher(protection.key)


def _has_alac(song: _Song) -> bool:
    return song.flac.channels <= MAX_ALAC_CHANNELS


def _candidate(song: _Song) -> Candidate:
    return Candidate(
        disc=song.disc,
        sample_rate=song.flac.sample_rate,
        channels=song.flac.channels,
        samples=song.flac.samples,
        head_peak=song.measure.head_peak,
        tail_peak=song.measure.tail_peak,
    )


def _variant(songs: Sequence[_Song]) -> str:
    """Return what tells this run's AAC from that of the same songs among other neighbours."""
    if len(songs) == 1:
        return ""
    hashes = "\n".join(song.package.content_hash for song in songs)
    return hashlib.blake2b(hashes.encode(), digest_size=6).hexdigest()


def _is_made(song: _Song, variant: str) -> bool:
    rendition = song.package.rendition(Rung.AAC_64)
    if rendition is None or not song.package.complete:
        return False
    return without_making(rendition.prefix) == song.prefix(Rung.AAC_64, variant)


def _streaminfo(init: bytes) -> bytes:
    box = find_box(read_boxes(init), "moov/trak/mdia/minf/stbl/stsd/fLaC/dfLa")
    if box is None:
        box = find_box(read_boxes(init), "moov/trak/mdia/minf/stbl/stsd/enca/dfLa")
    if box is None:
        raise Corrupt("The init section of a FLAC rung has no dfLa box.")
    return box.body[-_STREAMINFO_BYTES:]
