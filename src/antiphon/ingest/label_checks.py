"""What must hold of a delivery before any of it is taken in: its media, and what came before."""

import asyncio
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from antiphon.catalog import PreparedArtwork, prepare
from antiphon.ingest.label_songs import is_withdrawn
from antiphon.ingest.model import FileRequest, FolderRequest, Sound
from antiphon.ingest.readers import Reader
from antiphon.kernel import Corrupt, SongId, UnixMs
from antiphon.rights import (
    DeliveredMessage,
    DeliveredSong,
    Delivery,
    Fault,
    FaultFound,
    MessageKind,
    Release,
    ReleaseState,
    Resource,
    release_id,
)

_MOST_PICTURE_BYTES: Final = 64 * 1024 * 1024
Priors = Mapping[str, ReleaseState | None]


@dataclass(slots=True)
class Checked:
    """A delivery with what its media hold."""

    delivery: Delivery
    faults: list[FaultFound]
    notes: list[str]
    sounds: dict[Path, Sound] = field(default_factory=dict)
    pictures: dict[Path, PreparedArtwork] = field(default_factory=dict)

    def file_of(self, delivered: DeliveredMessage, resource: Resource) -> Path | None:
        """Return where a resource's file lies; None where it comes without."""
        if resource.file is None:
            return None
        return self.delivery.files.get((delivered.path.parent, resource.file.path))

    def sound_of(self, delivered: DeliveredMessage, resource: Resource) -> Sound | None:
        """Return what was measured of a resource's file; None where it comes without."""
        path = self.file_of(delivered, resource)
        return None if path is None else self.sounds.get(path)

    def cover_of(self, delivered: DeliveredMessage, release: Release) -> PreparedArtwork | None:
        """Return the first picture of a release that comes with it."""
        for reference in release.images:
            path = self.file_of(delivered, delivered.message.resources[reference])
            if path is not None and path in self.pictures:
                return self.pictures[path]
        return None


def releases_of(delivery: Delivery) -> Iterator[tuple[DeliveredMessage, Release, str]]:
    """Yield the main releases of all messages, each with its id, the oldest message first."""
    for delivered in sorted(delivery.messages, key=lambda m: m.message.created_at):
        for release in delivered.message.main_releases:
            yield delivered, release, release_id(delivered.message.sender, release.key)


def sounds_of(delivered: DeliveredMessage, release: Release) -> list[Resource]:
    """Return the recordings of a release in playing order."""
    found = [delivered.message.resources[p.reference] for p in release.resources]
    return [r for r in found if r.is_sound]


def known_song(prior: ReleaseState | None, resource: Resource) -> DeliveredSong | None:
    """Return the song that a recording has become before; None where it has not."""
    for song in prior.songs if prior is not None else ():
        if song.isrc == resource.identity and song.song_id != SongId(""):
            return song
    return None


async def measure(checked: Checked, reader: Reader) -> None:
    """Measure every delivered file; one that cannot be used is a fault."""
    for delivered in checked.delivery.messages:
        for resource in delivered.message.resources.values():
            path = checked.file_of(delivered, resource)
            if path is None or resource.file is None or path in checked.sounds:
                continue
            failure = ""
            if resource.is_sound:
                failure = await _sound(checked, path, reader)
            elif "Cover" in resource.kind:
                failure = await _picture(checked, path)
            if failure:
                at = f"{delivered.path.name}{resource.file.at}"
                detail = f"{path.name}: {failure}: send it again."
                fault = FaultFound(Fault.FILE_UNUSABLE, at, resource.file.line, detail)
                checked.faults.append(fault)


async def _sound(checked: Checked, path: Path, reader: Reader) -> str:
    file = FileRequest(os.fsencode(path.name))
    answer = (await reader.read(FolderRequest(os.fsencode(path.parent), (file,))))[0]
    if answer.sound is not None:
        checked.sounds[path] = answer.sound
    return answer.failure


async def _picture(checked: Checked, path: Path) -> str:
    if path in checked.pictures:
        return ""
    if (await asyncio.to_thread(path.stat)).st_size > _MOST_PICTURE_BYTES:
        return f"a picture has at most {_MOST_PICTURE_BYTES} bytes"
    try:
        data = await asyncio.to_thread(path.read_bytes)
        checked.pictures[path] = await asyncio.to_thread(prepare, data)
    except Corrupt as unusable:
        return unusable.detail
    return ""


def check_history(checked: Checked, priors: Priors) -> None:
    """Refuse a message that is older than what was taken in last for its release.

    Where a delivery holds several messages for a release, its newest is what counts.
    """
    newest: dict[str, UnixMs] = {}
    for delivered, _, of_id in releases_of(checked.delivery):
        newest[of_id] = max(newest.get(of_id, UnixMs(0)), delivered.message.created_at)
    for delivered, release, of_id in releases_of(checked.delivery):
        prior = priors[of_id]
        if prior is None or newest[of_id] >= prior.message_at or delivered.message.is_test:
            continue
        at = f"{delivered.path.name}/{delivered.message.kind}/MessageHeader/MessageCreatedDateTime"
        detail = (
            f"a newer message for {release.key} was taken in already ({prior.message_id}): "
            "send one that is newer than that."
        )
        checked.faults.append(FaultFound(Fault.OUTDATED, at, 0, detail))


def check_display(checked: Checked, now: UnixMs) -> None:
    """Refuse what may not be shown yet: songs are shown as soon as they are taken in."""
    for delivered in checked.delivery.messages:
        early = [d for d in delivered.message.display_dates if d.moment > now]
        if not early or delivered.message.is_test:
            continue
        last = max(early, key=lambda date: date.moment)
        day = datetime.fromtimestamp(last.moment / 1000, UTC).strftime("%Y-%m-%d %H:%M UTC")
        detail = (
            f"nothing may be shown before {day}, and here songs are shown as soon as they are "
            "taken in: import the delivery again from then on."
        )
        at = f"{delivered.path.name}{last.at}"
        checked.faults.append(FaultFound(Fault.LIMIT_NOT_KEPT, at, last.line, detail))


def check_media(checked: Checked, priors: Priors, *, metadata_only: bool) -> None:
    """Refuse a release whose songs come without sound, unless that was said or they are here."""
    coming: set[tuple[str, str]] = set()
    for delivered, release, of_id in releases_of(checked.delivery):
        if delivered.message.kind is MessageKind.PURGE:
            continue
        for resource in sounds_of(delivered, release):
            if checked.file_of(delivered, resource) is not None:
                coming.add((of_id, resource.identity))
            elif (of_id, resource.identity) in coming or known_song(priors[of_id], resource):
                continue
            elif resource.file is not None and not metadata_only:
                continue  # a file that is named and cannot be used is a fault already
            elif metadata_only:
                checked.notes.append(f"{_name(resource)} awaits its media.")
            elif not is_withdrawn(delivered.message, release, resource):
                detail = "no file is named: send it, or import with --metadata-only."
                at = f"{delivered.path.name}{resource.at}"
                fault = FaultFound(Fault.FILE_MISSING, at, resource.line, detail)
                checked.faults.append(fault)


def _name(resource: Resource) -> str:
    return resource.titles[0].value if resource.titles else resource.identity
