"""From a scene to ``axml`` and ``chna``: objects and loudspeaker channels."""

from collections.abc import Iterator
from fractions import Fraction
from typing import Final
from xml.etree import ElementTree as ET

from antiphon.spatial.adm.chna import ChnaEntry
from antiphon.spatial.adm.times import write_time
from antiphon.spatial.errors import MasterUnreadable
from antiphon.spatial.scene import (
    CartesianDivergence,
    CartesianPosition,
    CartesianZone,
    DirectTrack,
    ObjectBlock,
    ObjectItem,
    PolarDivergence,
    Scene,
    SpeakerBlock,
    SpeakerItem,
)

_VERSION: Final = "ITU-R_BS.2076-2"
_FIRST: Final = 0x1001
_TYPES: Final = {"0001": "DirectSpeakers", "0003": "Objects"}


def write_scene(scene: Scene) -> tuple[bytes, tuple[ChnaEntry, ...]]:
    """Return ``axml`` and the rows of ``chna``; every item becomes an audioObject of its own.

    Items are ``ObjectItem`` or ``SpeakerItem`` on channels of the file; others raise.
    """
    root = ET.Element("ebuCoreMain", {"xmlns": "urn:ebu:metadata-schema:ebuCore_2016"})
    outer = ET.SubElement(ET.SubElement(root, "coreMetadata"), "format")
    document = ET.SubElement(outer, "audioFormatExtended", {"version": _VERSION})
    items = [_checked(item) for item in scene.items]
    _write_programme(document, scene.programme, len(items))
    rows = tuple(_write_item(document, n, item) for n, item in enumerate(items))
    ET.indent(root)
    return ET.tostring(root, encoding="utf-8", xml_declaration=True), rows


def _checked(item: object) -> ObjectItem | SpeakerItem:
    if not isinstance(item, ObjectItem | SpeakerItem) or not isinstance(item.track, DirectTrack):
        raise MasterUnreadable("only objects and loudspeaker channels of the file can be written.")
    return item


def _write_programme(document: ET.Element, name: str, items: int) -> None:
    told = {"audioProgrammeID": "APR_1001", "audioProgrammeName": name or "programme"}
    programme = ET.SubElement(document, "audioProgramme", told)
    ET.SubElement(programme, "audioContentIDRef").text = "ACO_1001"
    told = {"audioContentID": "ACO_1001", "audioContentName": name or "content"}
    content = ET.SubElement(document, "audioContent", told)
    for number in range(items):
        ET.SubElement(content, "audioObjectIDRef").text = f"AO_{_FIRST + number:04X}"


def _write_item(document: ET.Element, number: int, item: ObjectItem | SpeakerItem) -> ChnaEntry:
    kind = "0003" if isinstance(item, ObjectItem) else "0001"
    tail, uid = f"{kind}{_FIRST + number:04X}", f"ATU_{number + 1:08X}"
    _write_object(document, number, item, tail)
    _write_formats(document, item, tail)
    track = ET.SubElement(document, "audioTrackUID", {"UID": uid})
    ET.SubElement(track, "audioChannelFormatIDRef").text = f"AC_{tail}"
    ET.SubElement(track, "audioPackFormatIDRef").text = f"AP_{tail}"
    index = item.track.index if isinstance(item.track, DirectTrack) else 0
    return ChnaEntry(index + 1, uid, f"AC_{tail}_00", f"AP_{tail}")


def _write_object(
    document: ET.Element, number: int, item: ObjectItem | SpeakerItem, tail: str
) -> None:
    name = f"AO_{_FIRST + number:04X}"
    told = {"audioObjectID": name, "audioObjectName": item.name or name}
    if item.start or item.end is not None:
        told["start"] = write_time(item.start)
    if item.end is not None:
        told["duration"] = write_time(item.end - item.start)
    made = ET.SubElement(document, "audioObject", told)
    ET.SubElement(made, "audioPackFormatIDRef").text = f"AP_{tail}"
    ET.SubElement(made, "audioTrackUIDRef").text = f"ATU_{number + 1:08X}"
    if item.gain != 1.0:
        ET.SubElement(made, "gain").text = repr(item.gain)


def _write_formats(document: ET.Element, item: ObjectItem | SpeakerItem, tail: str) -> None:
    typed = {"typeLabel": tail[:4], "typeDefinition": _TYPES[tail[:4]]}
    name = item.name or tail
    told = {"audioPackFormatID": f"AP_{tail}", "audioPackFormatName": name, **typed}
    pack = ET.SubElement(document, "audioPackFormat", told)
    ET.SubElement(pack, "audioChannelFormatIDRef").text = f"AC_{tail}"
    told = {"audioChannelFormatID": f"AC_{tail}", "audioChannelFormatName": name, **typed}
    channel = ET.SubElement(document, "audioChannelFormat", told)
    blocks: tuple[ObjectBlock | SpeakerBlock, ...] = item.blocks
    for count, block in enumerate(blocks):
        _write_block(channel, f"AB_{tail}_{count + 1:08X}", block, item.start)
    if item.frequency.low_pass is not None:
        low = ET.SubElement(channel, "frequency", {"typeDefinition": "lowPass"})
        low.text = repr(item.frequency.low_pass)


def _write_block(
    channel: ET.Element, name: str, block: ObjectBlock | SpeakerBlock, begin: Fraction
) -> None:
    told = {"audioBlockFormatID": name}
    if block.end is not None:
        told["rtime"] = write_time(block.start - begin)
        told["duration"] = write_time(block.end - block.start)
    element = ET.SubElement(channel, "audioBlockFormat", told)
    written = _speaker_parts(block) if isinstance(block, SpeakerBlock) else _object_parts(block)
    for tag, attributes, text in written:
        ET.SubElement(element, tag, attributes).text = text
    if isinstance(block, ObjectBlock) and block.zones:
        outer = ET.SubElement(element, "zoneExclusion")
        for zone in block.zones:
            ET.SubElement(outer, "zone", _zone(zone))


_Part = tuple[str, dict[str, str], str]


def _speaker_parts(block: SpeakerBlock) -> Iterator[_Part]:
    for label in block.labels:
        yield "speakerLabel", {}, label
    where = block.position
    names = ("X", "Y", "Z") if where.cartesian else ("azimuth", "elevation", "distance")
    for name, bound in zip(names, (where.first, where.second, where.third), strict=True):
        edges = {"screenEdgeLock": e} if (e := _edge(block, name)) else {}
        yield "position", {"coordinate": name, **edges}, repr(bound.value)
        for which, value in (("min", bound.minimum), ("max", bound.maximum)):
            if value is not None:
                yield "position", {"coordinate": name, "bound": which}, repr(value)
    if block.gain != 1.0:
        yield "gain", {}, repr(block.gain)


def _edge(block: ObjectBlock | SpeakerBlock, name: str) -> str | None:
    """Return the edge that a coordinate is locked to."""
    edge = block.position.screen_edge
    return {"azimuth": edge.horizontal, "X": edge.horizontal}.get(name) or {
        "elevation": edge.vertical,
        "Z": edge.vertical,
    }.get(name)


def _object_parts(block: ObjectBlock) -> Iterator[_Part]:
    if block.cartesian:
        yield "cartesian", {}, "1"
    yield from _position_parts(block)
    for name in ("width", "height", "depth", "diffuse"):
        if value := getattr(block, name):
            yield name, {}, repr(value)
    if block.gain != 1.0:
        yield "gain", {}, repr(block.gain)
    if block.channel_lock is not None:
        most = block.channel_lock.max_distance
        yield "channelLock", {} if most is None else {"maxDistance": repr(most)}, "1"
    yield from _divergence_parts(block)
    if block.jump:
        length = block.interpolation
        told = {} if length is None else {"interpolationLength": repr(float(length))}
        yield "jumpPosition", told, "1"
    if block.screen_ref:
        yield "screenRef", {}, "1"
    if block.importance != 10:
        yield "importance", {}, str(block.importance)


def _position_parts(block: ObjectBlock) -> Iterator[_Part]:
    at = block.position
    values = (
        {"X": at.x, "Y": at.y, "Z": at.z}
        if isinstance(at, CartesianPosition)
        else {"azimuth": at.azimuth, "elevation": at.elevation, "distance": at.distance}
    )
    for name, value in values.items():
        edges = {"screenEdgeLock": e} if (e := _edge(block, name)) else {}
        yield "position", {"coordinate": name, **edges}, repr(value)


def _divergence_parts(block: ObjectBlock) -> Iterator[_Part]:
    match block.divergence:
        case PolarDivergence(value=value, range=spread):
            yield "objectDivergence", {"azimuthRange": repr(spread)}, repr(value)
        case CartesianDivergence(value=value, range=None):
            yield "objectDivergence", {}, repr(value)
        case CartesianDivergence(value=value, range=spread):
            yield "objectDivergence", {"positionRange": repr(spread)}, repr(value)
        case None:
            return


def _zone(zone: object) -> dict[str, str]:
    cartesian = isinstance(zone, CartesianZone)
    names = ("x", "y", "z") if cartesian else ("azimuth", "elevation")
    told = {}
    for name in names:
        for bound in ("min", "max"):
            tag = name.upper() if cartesian else name.title()
            told[f"{bound}{tag}"] = repr(getattr(zone, f"{bound}_{name}"))
    return told
