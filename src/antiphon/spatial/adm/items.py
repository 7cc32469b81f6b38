"""From a document to the scene: the items that are rendered (BS.2127-1, 5.2)."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from antiphon.spatial.adm.allocation import Allocated, allocate, packs_of_tracks
from antiphon.spatial.adm.lookup import channel_of, channels_of_pack, pack_of
from antiphon.spatial.adm.matrices import output_pack, outputs
from antiphon.spatial.adm.model import (
    AudioObject,
    Channel,
    Document,
    HoaBlock,
    Pack,
    PackType,
    TrackUid,
)
from antiphon.spatial.adm.repairs import in_time
from antiphon.spatial.adm.walking import Visit, chosen_programme, visits
from antiphon.spatial.errors import MasterUnreadable
from antiphon.spatial.scene import (
    Bound,
    DirectTrack,
    HoaItem,
    Importance,
    Item,
    ObjectBlock,
    ObjectItem,
    PolarScreen,
    Scene,
    Screen,
    SilentTrack,
    SpeakerBlock,
    SpeakerItem,
    SpeakerPosition,
    Track,
)

_MAX_ITEMS = 4096
_EARS = {"AC_00050001": ("M+030", 30.0), "AC_00050002": ("M-030", -30.0)}


def scene_of(
    document: Document, *, channels: int, sample_rate: int, programme: str | None = None
) -> Scene:
    """Return the scene of a programme; raise where nothing in it can be rendered.

    ``channels`` and ``sample_rate`` are the file's. Repairs of the document come first.
    """
    chosen = chosen_programme(document, programme)
    made = _Selection(document, channels, PolarScreen() if chosen is None else chosen.screen)
    for visit in visits(document, chosen, made.notes) if document.objects else _of_chna(document):
        made.take(visit)
    if not made.items:
        raise MasterUnreadable(
            "nothing in this master can be rendered: " + " ".join(made.notes[:3])
        )
    return Scene(
        tuple(made.items),
        channels,
        sample_rate,
        "" if chosen is None else chosen.name,
        (*document.repairs, *made.notes),
    )


def _of_chna(document: Document) -> Iterator[Visit]:
    """Yield one object that holds every track: what a file without audioObjects means."""
    uids = tuple(document.uids)
    everything = AudioObject("", "", uids=uids)
    yield Visit(everything, (), Fraction(0), None, 1.0, False, None, Importance())


@dataclass(frozen=True, slots=True)
class _Channel:
    """One channel of a pack with its track."""

    channel: Channel
    packs: tuple[str, ...]
    track: Track


class _Selection:
    """Collects items and what was mended on the way."""

    def __init__(self, document: Document, channels: int, screen: Screen) -> None:
        self._document = document
        self._channels = channels
        self._screen = screen
        self.items: list[Item] = []
        self.notes: list[str] = []

    def take(self, visit: Visit) -> None:
        """Add the items of one audioObject."""
        obj = visit.obj
        where = obj.id or "the file"
        packs = list(obj.packs)
        if not packs and obj.uids:
            packs = packs_of_tracks(self._document, obj.uids)
        allocated, notes = allocate(self._document, packs, obj.uids, where)
        self.notes += notes
        for pack in allocated:
            self._add(visit, pack)
            if len(self.items) > _MAX_ITEMS:
                raise MasterUnreadable(f"the master has over {_MAX_ITEMS} things that sound.")

    def _add(self, visit: Visit, taken: Allocated) -> None:
        pack = pack_of(self._document, taken.pack)
        channels = self._channels_of(taken, pack)
        kind = pack.type
        if kind is PackType.MATRIX:
            kind = pack_of(self._document, output_pack(self._document, pack.id)).type
        if kind is PackType.HOA:
            self.items.append(self._hoa_item(visit, channels))
            return
        for channel in channels:
            self._add_channel(visit, kind, channel)

    def _channels_of(self, taken: Allocated, pack: Pack) -> list[_Channel]:
        tracks = [self._track(uid) for uid in taken.tracks]
        if pack.type is not PackType.MATRIX:
            return [
                _Channel(channel_of(self._document, name), path, track)
                for (name, path), track in zip(taken.slots, tracks, strict=True)
            ]
        by_channel = {name: t for (name, _), t in zip(taken.slots, tracks, strict=True)}
        out = output_pack(self._document, pack.id)
        paths = dict(channels_of_pack(self._document, out))
        return [
            _Channel(
                channel_of(self._document, made.channel),
                paths.get(made.channel, (out,)),
                made.track,
            )
            for made in outputs(self._document, pack.id, by_channel)
        ]

    def _track(self, uid: TrackUid | None) -> Track:
        if uid is None:
            return SilentTrack()
        if uid.track is None:
            self.notes.append(f"{uid.id} is in no channel of the file: it is silent.")
            return SilentTrack()
        if uid.track >= self._channels:
            self.notes.append(
                f"{uid.id} is in channel {uid.track + 1}, the file has {self._channels}: silent."
            )
            return SilentTrack()
        return DirectTrack(uid.track)

    def _importance(self, visit: Visit, packs: tuple[str, ...]) -> Importance:
        told = [pack_of(self._document, name).importance for name in packs]
        least = min((value for value in told if value is not None), default=None)
        return replace(visit.importance, audio_pack=least)

    def _add_channel(self, visit: Visit, kind: PackType, taken: _Channel) -> None:
        channel = taken.channel
        if channel.type is PackType.BINAURAL:
            channel = _as_loudspeaker(channel)
            self.notes.append(f"{channel.id}: an ear's signal sounds from {channel.name}.")
        objects = [b for b in channel.blocks if isinstance(b, ObjectBlock)]
        speakers = [b for b in channel.blocks if isinstance(b, SpeakerBlock)]
        if kind is PackType.OBJECTS and objects:
            moved, notes = in_time(channel, objects, visit.start, visit.end)
            common = self._common(visit, channel.name, channel.id, taken)
            self.items.append(ObjectItem(track=taken.track, blocks=moved, **common))
        elif speakers:
            placed, notes = in_time(channel, speakers, visit.start, visit.end)
            common = self._common(visit, channel.name, channel.id, taken)
            self.items.append(
                SpeakerItem(track=taken.track, blocks=placed, packs=taken.packs, **common)
            )
        else:
            notes = [f"{channel.id} has no blocks of its type: it is left out."]
        self.notes += notes

    def _common(self, visit: Visit, name: str, channel: str, taken: _Channel) -> dict[str, Any]:
        return {
            "name": visit.obj.name or name,
            "path": (*visit.path, *taken.packs, channel),
            "start": visit.start,
            "end": visit.end,
            "gain": visit.gain,
            "mute": visit.mute,
            "offset": visit.offset,
            "screen": self._screen,
            "frequency": taken.channel.frequency,
            "importance": self._importance(visit, taken.packs),
        }

    def _hoa_item(self, visit: Visit, channels: list[_Channel]) -> HoaItem:
        packs = [pack_of(self._document, name) for name in channels[-1].packs]
        blocks = [self._hoa_block(taken.channel) for taken in channels]
        first = blocks[0]
        common = self._common(visit, packs[0].name, channels[0].channel.id, channels[-1])
        normalization = _one(packs, blocks, "normalization", "SN3D")
        return HoaItem(
            tracks=tuple(taken.track for taken in channels),
            orders=tuple(block.order for block in blocks),
            degrees=tuple(block.degree for block in blocks),
            normalization=normalization,
            nfc_distance=_one(packs, blocks, "nfc_distance", 0.0) or None,
            screen_ref=_one(packs, blocks, "screen_ref", False),
            gains=tuple(block.gain for block in blocks),
            **(common | _times(visit, first)),
        )

    def _hoa_block(self, channel: Channel) -> HoaBlock:
        found = [b for b in channel.blocks if isinstance(b, HoaBlock)]
        if len(found) != 1:
            raise MasterUnreadable(
                f"{channel.id}: an ambisonic channel has one block, not {len(found)}."
            )
        return found[0]


def _times(visit: Visit, block: HoaBlock) -> dict[str, Fraction | None]:
    """Return when an ambisonic item sounds: its block within its audioObject."""
    begins = visit.start + block.start
    ends = visit.end if block.end is None else visit.start + block.end
    return {
        "start": begins,
        "end": ends if visit.end is None or ends is None else min(ends, visit.end),
    }


def _one(packs: list[Pack], blocks: list[HoaBlock], name: str, default: Any) -> Any:
    """Return the value that all channels and packs agree on; they may leave it out."""
    told = {getattr(part, name) for part in (*packs, *blocks)} - {None}
    if len(told) > 1:
        raise MasterUnreadable(f"{packs[0].id}: its channels differ in their {name}.")
    return told.pop() if told else default


def _as_loudspeaker(channel: Channel) -> Channel:
    label, azimuth = _EARS.get(channel.id, ("M+000", 0.0))
    where = SpeakerPosition(False, Bound(azimuth), Bound(0.0), Bound(1.0))
    blocks = tuple(
        replace(b, position=where, labels=(label,))
        for b in channel.blocks
        if isinstance(b, SpeakerBlock)
    )
    return replace(channel, name=label, blocks=blocks)
