"""Which track of an audioObject is which channel of which of its packs (BS.2127-1, 5.2).

An allocation fills whole packs: every channel of each pack that the object refers to gets one track
or silence, and every track is used once.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass

from antiphon.spatial.adm.lookup import channel_of_uid, channels_of_pack, pack_of
from antiphon.spatial.adm.matrices import matrix_inputs
from antiphon.spatial.adm.model import SILENT, Document, PackType, TrackUid
from antiphon.spatial.errors import MasterUnreadable

Slot = tuple[str, tuple[str, ...]]
"""A channel and its packs, outermost first."""


@dataclass(frozen=True, slots=True)
class Allocated:
    """One pack with a track for every channel; None is silence.

    ``applied``: the pack is a matrix, and the tracks are what goes into it (else what came out).
    """

    pack: str
    slots: tuple[Slot, ...]
    tracks: tuple[TrackUid | None, ...]
    applied: bool = False


@dataclass(frozen=True, slots=True)
class _Offer:
    """A track as far as it matters here."""

    uid: TrackUid
    channel: str
    pack: str | None


def allocate(
    document: Document, packs: Iterable[str], uids: Iterable[str], where: str
) -> tuple[list[Allocated], list[str]]:
    """Return the packs with their tracks, and a sentence for each thing that did not fit.

    ``packs`` may name one twice. Tracks that are not in the file are silence.
    """
    notes: list[str] = []
    offers, silent = _offers(document, uids, where, notes)
    made: list[Allocated] = []
    for pack in packs:
        taken = _fill(document, pack, offers, silent)
        if taken is None:
            notes.append(f"{where}: no tracks fit the pack {pack}: it is left out.")
            continue
        made.append(taken)
        used = {t.id for t in taken.tracks if t is not None}
        offers = [offer for offer in offers if offer.uid.id not in used]
        silent -= sum(track is None for track in taken.tracks)
    notes += [f"{where}: {o.uid.id} fits none of its packs: it is left out." for o in offers]
    return made, notes


def packs_of_tracks(document: Document, uids: Iterable[str]) -> list[str]:
    """Return the packs that tracks tell themselves, each as often as its tracks fill it."""
    count: Counter[tuple[str, str]] = Counter()
    order: list[str] = []
    for uid in uids:
        told = document.uids.get(uid)
        if told is None or told.pack is None:
            continue
        if told.pack not in order:
            order.append(told.pack)
        with suppress(
            MasterUnreadable
        ):  # whose channel is unknown is told of when tracks are dealt
            count[told.pack, channel_of_uid(document, told)] += 1
    times = {p: max((n for (of, _), n in count.items() if of == p), default=0) for p in order}
    return [pack for pack in order for _ in range(times[pack])]


def _offers(
    document: Document, uids: Iterable[str], where: str, notes: list[str]
) -> tuple[list[_Offer], int]:
    offers: list[_Offer] = []
    silent = 0
    for name in uids:
        uid = document.uids.get(name)
        if name == SILENT:
            silent += 1
        elif uid is None:
            notes.append(f"{where}: {name[:20]} is referred to, and is not there: it is left out.")
        else:
            try:
                offers.append(_Offer(uid, channel_of_uid(document, uid), uid.pack))
            except MasterUnreadable as fault:
                notes.append(f"{where}: {fault.detail} It is left out.")
    return offers, silent


def _fill(document: Document, pack: str, offers: list[_Offer], silent: int) -> Allocated | None:
    """Return the first way in which tracks fill the pack, or None."""
    for slots, applied in _ways(document, pack):
        tracks = _match(pack, slots, offers, silent)
        if tracks is not None:
            return Allocated(pack, tuple(slots), tuple(tracks), applied)
    return None


def _ways(document: Document, pack: str) -> Iterator[tuple[list[Slot], bool]]:
    yield channels_of_pack(document, pack), False
    if pack_of(document, pack).type is PackType.MATRIX:
        for inputs in matrix_inputs(document, pack):
            yield channels_of_pack(document, inputs), True


def _match(
    pack: str, slots: list[Slot], offers: list[_Offer], silent: int
) -> list[TrackUid | None] | None:
    """Give each slot the first track of its channel; silence where none is left."""
    left = list(offers)
    tracks: list[TrackUid | None] = []
    for channel, path in slots:
        names = {pack, *path, None}
        found = next((o for o in left if o.channel == channel and o.pack in names), None)
        if found is not None:
            left.remove(found)
            tracks.append(found.uid)
        elif silent > 0:
            silent -= 1
            tracks.append(None)
        else:
            return None
    if all(track is None for track in tracks) and offers:
        return None
    return tracks
