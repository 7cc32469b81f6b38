"""Reading a master: a file with ADM, loudspeaker channels, ambisonics or stereo becomes a scene."""

from dataclasses import replace
from fractions import Fraction
from typing import BinaryIO

from antiphon.spatial.adm import (
    document_of,
    read_chna,
    read_document,
    scene_of,
    write_chna,
    write_scene,
)
from antiphon.spatial.masters.bw64 import Bw64File
from antiphon.spatial.masters.channels import scene_of_channels
from antiphon.spatial.masters.dbmd import headphone_modes
from antiphon.spatial.scene import DirectTrack, Item, ObjectItem, Scene, SpeakerItem


def is_adm(file: Bw64File) -> bool:
    """Return whether the file says what its channels are."""
    return file.chunk("axml") is not None or file.chunk("chna") is not None


def adm_chunks(scene: Scene) -> dict[str, bytes]:
    """Return the chunks by which a file says that its channels are this scene."""
    axml, rows = write_scene(scene)
    return {"chna": write_chna(rows), "axml": axml}


def read_scene(file: BinaryIO, *, programme: str | None = None) -> tuple[Bw64File, Scene]:
    """Open a WAV, RF64 or BW64 master and understand it; raise ``MasterUnreadable``.

    Without ADM, channels are loudspeakers by their number (see ``scene_of_channels``).
    """
    opened = Bw64File(file)
    form = opened.format
    if not is_adm(opened):
        scene = scene_of_channels(form.channels, form.sample_rate)
    else:
        rows = read_chna(opened.chunk("chna") or b"\0\0\0\0")
        axml = opened.chunk("axml")
        document = document_of(rows) if axml is None else read_document(axml, rows)
        scene = scene_of(
            document, channels=form.channels, sample_rate=form.sample_rate, programme=programme
        )
        scene = _with_headphones(scene, headphone_modes(opened.chunk("dbmd") or b""))
    return opened, _within(replace(scene, repairs=(*opened.repairs, *scene.repairs)), opened)


def _with_headphones(scene: Scene, modes: tuple[str | None, ...]) -> Scene:
    """Put the render modes, which count channels of the file, on the items."""
    if not modes:
        return scene
    return replace(scene, items=tuple(_with_mode(item, modes) for item in scene.items))


def _with_mode(item: Item, modes: tuple[str | None, ...]) -> Item:
    if not isinstance(item, ObjectItem | SpeakerItem) or not isinstance(item.track, DirectTrack):
        return item
    number = item.track.index
    return replace(item, headphone=modes[number]) if number < len(modes) else item


def _within(scene: Scene, file: Bw64File) -> Scene:
    """Note the items that begin after the sound ends."""
    length = Fraction(file.frames, file.format.sample_rate)
    late = [item.name for item in scene.items if item.start > length]
    if not late:
        return scene
    note = f"{len(late)} items begin after the sound ends ({late[0]!r} among them)."
    return replace(scene, repairs=(*scene.repairs, note))
