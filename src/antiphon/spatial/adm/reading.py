"""From the bytes of ``axml`` to a document: every element that decides what sounds where."""

from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction

from antiphon.spatial.adm.blocks import read_block
from antiphon.spatial.adm.chna import ChnaEntry
from antiphon.spatial.adm.model import (
    AudioObject,
    Block,
    Channel,
    Content,
    Document,
    Pack,
    PackType,
    Programme,
    TrackUid,
)
from antiphon.spatial.adm.times import read_time
from antiphon.spatial.adm.values import flag, gain_of, importance_of, number, number_in
from antiphon.spatial.adm.xml import ElementReader, Node
from antiphon.spatial.errors import MasterUnreadable
from antiphon.spatial.scene import (
    CartesianPosition,
    CartesianScreen,
    Frequency,
    PolarPosition,
    PolarScreen,
    PositionOffset,
    Screen,
)

_KNOWN_VERSIONS = ("", "ITU-R_BS.2076-0", "ITU-R_BS.2076-1", "ITU-R_BS.2076-2", "ITU-R_BS.2076-3")


def read_document(axml: bytes, chna: tuple[ChnaEntry, ...] = ()) -> Document:
    """Return the document that ``axml`` holds, with the channels of the file that ``chna`` gives.

    Raise ``MasterUnreadable`` with the element and what is wrong with it.
    """
    made = _Maker()
    reader = ElementReader(made.take, made.take_block)
    reader.read(axml)
    return made.document(reader.root_attributes.get("version", ""), chna)


def document_of(chna: tuple[ChnaEntry, ...]) -> Document:
    """Return the document of a file that has only ``chna``, which refers to common definitions."""
    return _Maker().document("", chna)


class _Maker:
    """Collects the elements of one document."""

    def __init__(self) -> None:
        self._made = Document()
        self._repairs: list[str] = []
        self._blocks: list[Block] = []
        self._readers = {
            "audioProgramme": self._programme,
            "audioContent": self._content,
            "audioObject": self._object,
            "audioPackFormat": self._pack,
            "audioChannelFormat": self._channel,
            "audioStreamFormat": self._stream,
            "audioTrackFormat": self._track_format,
            "audioTrackUID": self._uid,
        }

    def take(self, node: Node) -> None:
        """Take one child of audioFormatExtended; what is unknown says nothing of rendering."""
        if reader := self._readers.get(node.name):
            reader(node)

    def take_block(self, channel: Node, block: Node) -> None:
        """Take one block of a channel that is still open."""
        self._blocks.append(read_block(_type_of(channel), block))

    def document(self, version: str, chna: tuple[ChnaEntry, ...]) -> Document:
        """Return what was collected."""
        if version not in _KNOWN_VERSIONS:
            self._repairs.append(f"version {version[:40]!r} is unknown: read as far as understood.")
        for entry in chna:
            self._take_row(entry)
        return replace(self._made, version=version, repairs=tuple(self._repairs))

    def _take_row(self, entry: ChnaEntry) -> None:
        told = self._made.uids.get(entry.uid, TrackUid(entry.uid))
        is_channel = entry.format_id.startswith("AC_")
        row_channel = _without_suffix(entry.format_id) if is_channel else None
        row_format = entry.format_id if not is_channel else None
        for ours, theirs in ((told.pack, entry.pack_id), (told.track_format, row_format)):
            if ours and theirs and ours != theirs:
                self._repairs.append(f"{entry.uid}: axml says {ours}, chna {theirs}: axml it is.")
        self._made.uids[entry.uid] = TrackUid(
            entry.uid,
            entry.track - 1,
            told.channel or row_channel,
            told.track_format or row_format or None,
            told.pack or entry.pack_id or None,
        )

    def _id(self, node: Node, attribute: str, known: Mapping[str, object]) -> str:
        name = node.attributes.get(attribute, "").strip().upper()
        if not name or len(name) > 64:
            raise MasterUnreadable(f"axml: an {node.name} has no {attribute}.")
        if name in known:
            raise MasterUnreadable(f"axml: {name} is defined twice.")
        return name

    def _programme(self, node: Node) -> None:
        name = self._id(node, "audioProgrammeID", self._made.programmes)
        loudness = next(node.every("loudnessMetadata"), None)
        level = None if loudness is None else loudness.text_of("integratedLoudness")
        self._made.programmes[name] = Programme(
            name,
            node.attributes.get("audioProgrammeName", ""),
            _ids(node, "audioContentIDRef"),
            _screen(next(node.every("audioProgrammeReferenceScreen"), None)),
            node.attributes.get("audioProgrammeLanguage"),
            None if level is None else number(level, "integratedLoudness"),
        )

    def _content(self, node: Node) -> None:
        name = self._id(node, "audioContentID", self._made.contents)
        title = node.attributes.get("audioContentName", "")
        self._made.contents[name] = Content(name, title, _ids(node, "audioObjectIDRef"))

    def _object(self, node: Node) -> None:
        name = self._id(node, "audioObjectID", self._made.objects)
        told = node.attributes
        self._made.objects[name] = AudioObject(
            name,
            told.get("audioObjectName", ""),
            read_time(told["start"]) if told.get("start") else Fraction(0),
            read_time(told["duration"]) if told.get("duration") else None,
            _ids(node, "audioPackFormatIDRef"),
            _ids(node, "audioObjectIDRef"),
            _ids(node, "audioTrackUIDRef"),
            _ids(node, "audioComplementaryObjectIDRef"),
            importance_of(node),
            gain_of(node),
            flag(node.text_of("mute")),
            _offset(node),
        )

    def _pack(self, node: Node) -> None:
        name = self._id(node, "audioPackFormatID", self._made.packs)
        distance, screen = node.text_of("nfcRefDist"), node.text_of("screenRef")
        self._made.packs[name] = Pack(
            name,
            node.attributes.get("audioPackFormatName", ""),
            _type_of(node),
            _ids(node, "audioChannelFormatIDRef"),
            _ids(node, "audioPackFormatIDRef"),
            importance_of(node),
            node.text_of("normalization"),
            None if distance is None else number_in(distance, "nfcRefDist", 0, 1e6),
            None if screen is None else flag(screen),
            next(iter(_ids(node, "inputPackFormatIDRef")), None),
            next(iter(_ids(node, "outputPackFormatIDRef")), None),
            (*_ids(node, "encodePackFormatIDRef"), *_ids(node, "decodePackFormatIDRef")),
        )

    def _channel(self, node: Node) -> None:
        blocks, self._blocks = tuple(self._blocks), []
        name = self._id(node, "audioChannelFormatID", self._made.channels)
        title = node.attributes.get("audioChannelFormatName", "")
        kind = _type_of(node)
        self._made.channels[name] = Channel(name, title, kind, blocks, _frequency(node))

    def _stream(self, node: Node) -> None:
        name = self._id(node, "audioStreamFormatID", self._made.stream_channels)
        channels, packs = _ids(node, "audioChannelFormatIDRef"), _ids(node, "audioPackFormatIDRef")
        if channels and packs:
            self._repairs.append(f"{name} refers to a channel and a pack: the channel it is.")
        if channels:
            self._made.stream_channels[name] = channels[0]
        for track in _ids(node, "audioTrackFormatIDRef"):
            self._made.track_streams.setdefault(track, name)

    def _track_format(self, node: Node) -> None:
        name = node.attributes.get("audioTrackFormatID", "").strip().upper()
        for stream in _ids(node, "audioStreamFormatIDRef"):
            self._made.track_streams[name] = stream

    def _uid(self, node: Node) -> None:
        name = self._id(node, "UID", self._made.uids)
        channel = next(iter(_ids(node, "audioChannelFormatIDRef")), None)
        track = next(iter(_ids(node, "audioTrackFormatIDRef")), None)
        pack = next(iter(_ids(node, "audioPackFormatIDRef")), None)
        self._made.uids[name] = TrackUid(name, None, channel, track, pack)


def _ids(node: Node, name: str) -> tuple[str, ...]:
    return tuple(text.upper() for text in node.texts(name) if text)


def _without_suffix(name: str) -> str:
    """Return AC_xxxxxxxx of what chna writes as AC_xxxxxxxx_00."""
    return name[:11]


def _type_of(node: Node) -> PackType:
    """Return the type by label or definition; a contradiction is refused."""
    label, definition = node.attributes.get("typeLabel"), node.attributes.get("typeDefinition")
    found = {kind for kind in PackType if kind.value == label or _definition(kind) == definition}
    if len(found) != 1:
        what = node.attributes.get(f"{node.name}ID", node.name)[:40]
        raise MasterUnreadable(f"axml: {what}: its type ({label}, {definition}) is none, or two.")
    return found.pop()


def _definition(kind: PackType) -> str:
    return {
        PackType.DIRECT_SPEAKERS: "DirectSpeakers",
        PackType.MATRIX: "Matrix",
        PackType.OBJECTS: "Objects",
        PackType.HOA: "HOA",
        PackType.BINAURAL: "Binaural",
    }[kind]


def _frequency(node: Node) -> Frequency:
    found = {f.attributes.get("typeDefinition"): f.text.strip() for f in node.every("frequency")}
    low, high = found.get("lowPass"), found.get("highPass")
    return Frequency(
        None if low is None else number_in(low, "frequency", 0, 1e6),
        None if high is None else number_in(high, "frequency", 0, 1e6),
    )


def _offset(node: Node) -> PositionOffset | None:
    found: dict[str, float] = {}
    for child in node.every("positionOffset"):
        found[child.attributes.get("coordinate", "").lower()] = number(child.text.strip(), "offset")
    if not found:
        return None
    if set(found) <= {"x", "y", "z"}:
        return PositionOffset(True, *(found.get(name, 0.0) for name in ("x", "y", "z")))
    if set(found) <= {"azimuth", "elevation", "distance"}:
        names = ("azimuth", "elevation", "distance")
        return PositionOffset(False, *(found.get(name, 0.0) for name in names))
    raise MasterUnreadable("axml: a positionOffset mixes coordinates, or has one that is unknown.")


def _screen(node: Node | None) -> Screen:
    if node is None:
        return PolarScreen()
    ratio = number_in(node.attributes.get("aspectRatio", "1.78"), "aspectRatio", 0.01, 100)
    centre = next(node.every("screenCentrePosition"), Node("", {})).attributes
    width = next(node.every("screenWidth"), Node("", {})).attributes
    if "X" in centre:
        x, y, z = (number(centre.get(name, "0"), f"screen {name}") for name in ("X", "Y", "Z"))
        wide = number_in(width.get("X", "1"), "screenWidth", 0.001, 2)
        return CartesianScreen(ratio, CartesianPosition(x, y, z), wide)
    azimuth = number_in(centre.get("azimuth", "0"), "azimuth", -180, 180)
    elevation = number_in(centre.get("elevation", "0"), "elevation", -90, 90)
    distance = number_in(centre.get("distance", "1"), "distance", 0, 1e6)
    wide = number_in(width.get("azimuth", "58"), "screenWidth", 0.001, 180)
    return PolarScreen(ratio, PolarPosition(azimuth, elevation, distance), wide)
