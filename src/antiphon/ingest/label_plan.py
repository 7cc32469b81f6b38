"""What taking a delivery in will do, release by release, worked out before anything is done."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from msgspec import structs

from antiphon.catalog import PreparedArtwork, Removal, Song, SongEntry
from antiphon.ingest.label_checks import Checked, known_song, releases_of, sounds_of
from antiphon.ingest.label_songs import Found, entry_of, facts_of, master_of, song_deals, song_id_of
from antiphon.kernel import RecordingId, SongId, UnixMs
from antiphon.rights import (
    DeliveredFile,
    DeliveredMessage,
    DeliveredSong,
    LabelFacts,
    MessageKind,
    Placed,
    Release,
    ReleaseState,
    Resource,
    SongDeals,
)
from antiphon.storage import in_workspace, workspace_path


@dataclass(frozen=True, slots=True)
class Copy:
    """A delivered file that is to be kept at ``target`` in the workspace."""

    source: Path
    target: str
    file: DeliveredFile
    message: str


@dataclass(slots=True)
class Step:
    """One release as one message leaves it."""

    delivered: DeliveredMessage
    release: Release
    release_id: str
    prior: ReleaseState | None
    songs: list[DeliveredSong] = field(default_factory=list)
    entries: list[SongEntry] = field(default_factory=list)
    deals: list[tuple[SongId, SongDeals]] = field(default_factory=list)
    facts: list[tuple[SongId, LabelFacts]] = field(default_factory=list)
    copies: list[Copy] = field(default_factory=list)
    cover: PreparedArtwork | None = None

    @property
    def is_purge(self) -> bool:
        """Whether the release goes for good."""
        return self.delivered.message.kind is MessageKind.PURGE

    @property
    def gone(self) -> list[DeliveredSong]:
        """Return what was there before, or may be after a kill, and is not of the release now."""
        now = {(s.song_id, s.recording_id, s.path) for s in self.songs}
        before = (*self.prior.songs, *self.prior.half_made) if self.prior else ()
        return [s for s in before if s.song_id and (s.song_id, s.recording_id, s.path) not in now]

    @property
    def withdrawn(self) -> list[SongId]:
        """Return the songs that the release has no more, under whatever recording."""
        now = {s.song_id for s in self.songs}
        return list(dict.fromkeys(s.song_id for s in self.gone if s.song_id not in now))

    def removals(self) -> list[Removal]:
        """Return what leaves the catalogue."""
        return [Removal(s.song_id, s.recording_id, s.path) for s in self.gone]

    def in_work(self) -> ReleaseState:
        """Return the release's state while the step is being done."""
        before = self.prior or _blank(self._state(()))
        half_made = tuple(dict.fromkeys((*before.half_made, *self.songs)))
        return structs.replace(before, in_work=True, half_made=half_made)

    def done(self) -> ReleaseState:
        """Return the release's state when the step is done."""
        return self._state(tuple(self.songs))

    def _state(self, songs: tuple[DeliveredSong, ...]) -> ReleaseState:
        message = self.delivered.message
        titles = self.release.titles
        return ReleaseState(
            id=self.release_id,
            key=self.release.key,
            sender=message.sender,
            title=titles[0].value if titles else "",
            message_id=message.message_id,
            message_digest=self.delivered.digest,
            message_at=message.created_at,
            complete=all(s.song_id for s in songs),
            songs=songs,
            purged=self.is_purge,
        )


class Planner:
    """Works out the steps of a delivery, each from the state that those before it leave."""

    def __init__(
        self,
        checked: Checked,
        priors: dict[str, ReleaseState | None],
        songs: dict[SongId, Song],
        *,
        now: UnixMs,
    ) -> None:
        """``songs``: those of the catalogue that the releases brought before."""
        self._checked = checked
        self._states = dict(priors)
        self._songs = dict(songs)
        self._now = now

    def steps(self) -> list[Step]:
        """Return what is to be done; what is done already, and test messages, leave no step."""
        found = []
        for delivered, release, of_id in releases_of(self._checked.delivery):
            if delivered.message.is_test:
                continue
            prior = self._states[of_id]
            if prior is None or not self._is_done(delivered, release, prior):
                step = self._step(Step(delivered, release, of_id, prior))
                self._states[of_id] = step.done()
                found.append(step)
        return found

    def _is_done(self, delivered: DeliveredMessage, release: Release, prior: ReleaseState) -> bool:
        if delivered.message.created_at < prior.message_at:
            return True  # a later message of the same delivery has been taken in
        if prior.in_work or prior.message_digest != delivered.digest:
            return False
        return prior.complete or not any(
            self._checked.sound_of(delivered, r) for r in sounds_of(delivered, release)
        )

    def _step(self, step: Step) -> Step:
        if step.is_purge:
            return step
        step.cover = self._checked.cover_of(step.delivered, step.release)
        used: set[SongId] = set()
        for placed in step.release.resources:
            resource = step.delivered.message.resources[placed.reference]
            if resource.is_sound:
                self._put(step, placed, resource, used)
        return step

    def _put(self, step: Step, placed: Placed, resource: Resource, used: set[SongId]) -> None:
        message = step.delivered.message
        known = known_song(step.prior, resource)
        sound = self._checked.sound_of(step.delivered, resource)
        held = self._songs.get(known.song_id) if known else None
        if sound is None and held is None:
            step.songs.append(_awaited(resource))
            return
        as_song = known.song_id if known else SongId("")
        if (not as_song or as_song in used) and sound is not None:
            as_song = song_id_of(message, step.release, placed, sound)
        if as_song in used:
            return
        used.add(as_song)
        if sound is not None:
            target = self._kept_at(step, resource, as_song, sound.content_hash)
            added_at = held.added_at if held else self._now
            artwork = held.artwork if held else None
            found = Found(master_of(sound, in_workspace(target)), added_at, artwork)
        else:
            assert held is not None
            found = Found(held.master, held.added_at, held.artwork)
        cover = step.cover.artwork if step.cover else None
        entry = entry_of(message, step.release, placed, found, as_song=as_song, cover=cover)
        self._songs[as_song] = entry.song
        step.entries.append(entry)
        step.songs.append(_delivered(resource, entry.song))
        step.deals.append((as_song, song_deals(message, step.release, resource, self._now)))
        step.facts.append((as_song, facts_of(step.release, resource)))

    def _kept_at(self, step: Step, resource: Resource, song: SongId, content_hash: str) -> str:
        source = self._checked.file_of(step.delivered, resource)
        assert source is not None
        assert resource.file is not None
        name = f"{song}-{content_hash[:16]}{source.suffix.lower()}"
        target = f"{masters_of(step.release_id)}/{name}"
        step.copies.append(Copy(source, target, resource.file, step.delivered.path.name))
        return target


def _awaited(resource: Resource) -> DeliveredSong:
    return DeliveredSong(
        isrc=resource.identity, song_id=SongId(""), recording_id=RecordingId(""), path=""
    )


def _delivered(resource: Resource, song: Song) -> DeliveredSong:
    return DeliveredSong(
        isrc=resource.identity,
        song_id=song.id,
        recording_id=song.recording_id,
        path=song.master.path,
    )


def _blank(state: ReleaseState) -> ReleaseState:
    """Return the state of a release of which nothing was taken in yet."""
    return structs.replace(
        state, message_id="", message_digest="", message_at=UnixMs(0), purged=False
    )


def masters_of(release_id: str) -> str:
    """Return where in the workspace the masters of a release lie."""
    return f"masters/{release_id}"


def kept_paths(*states: ReleaseState | None, besides: Sequence[DeliveredSong] = ()) -> set[str]:
    """Return the workspace's files that songs of these states may play from."""
    songs = [s for state in states if state for s in (*state.songs, *state.half_made)]
    return {path for s in (*songs, *besides) if (path := workspace_path(s.path)) is not None}
