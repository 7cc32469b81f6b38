"""Which song a file is: the one it was, wherever it lies and however it is tagged now. Pure.

A listener's playlists name songs, so a song must outlive what its file goes through: a file keeps
its song as long as its sound or its place on the album stays the same. A moved file is told by its
sound, once the place where that lay before is empty.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from antiphon.ingest.songs import Described
from antiphon.ingest.state import FileState
from antiphon.kernel import RecordingId, SongId, derived_id


@dataclass(frozen=True, slots=True)
class Holder:
    """Another file with the same sound: what it is known as, and whether it is still there."""

    path: str
    song_id: SongId
    identity: str
    there: bool


@dataclass(frozen=True, slots=True)
class Decision:
    """The song that a file is, and the path that it was moved from."""

    song_id: SongId
    moved_from: str | None = None


@dataclass(slots=True)
class Deciding:
    """Decides file by file; later files of a batch know of the earlier ones."""

    holders: Mapping[RecordingId, Sequence[Holder]]
    _here: dict[RecordingId, list[Holder]] = field(default_factory=dict)
    _claimed: set[str] = field(default_factory=set)

    def decide(self, described: Described, prior: FileState | None) -> Decision:
        """Return which song the file is; ``prior`` is what its path was known as."""
        place = described.place
        recording_id = place.recording_id
        others = [h for h in self._others(recording_id) if h.path != described.path]
        known = Holder(described.path, prior.song_id, prior.identity, there=True) if prior else None
        source = known if prior and prior.song_id else self._moved_from(others)
        same_sound = source is not None and (
            source is not known or (prior is not None and prior.recording_id == recording_id)
        )
        song_id = place.song_id
        if source is not None and (same_sound or source.identity == place.identity):
            song_id = source.song_id
        song_id = _apart(song_id, described, others)
        mine = Holder(described.path, song_id, place.identity, there=True)
        self._here.setdefault(recording_id, []).append(mine)
        moved = source is not None and source is not known
        return Decision(song_id, source.path if source and moved else None)

    def _others(self, recording_id: RecordingId) -> list[Holder]:
        return [*self.holders.get(recording_id, ()), *self._here.get(recording_id, ())]

    def _moved_from(self, others: Sequence[Holder]) -> Holder | None:
        free = [h for h in others if not h.there and h.path not in self._claimed]
        if not free:
            return None
        source = min(free, key=lambda h: h.path)
        self._claimed.add(source.path)
        return source


def _apart(song_id: SongId, described: Described, others: Sequence[Holder]) -> SongId:
    """Return an id that no other file has for another place of the same sound."""
    place = described.place
    taken = {h.song_id for h in others if h.there and h.identity != place.identity}
    if song_id not in taken:
        return song_id
    if place.song_id not in taken:
        return place.song_id
    return SongId(derived_id("song", place.song_id, place.identity))
