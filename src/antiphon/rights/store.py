"""What rights remember, and the only queries for it.

| table | key | cells |
|---|---|---|
| rights_songs | song id | v: the song's deals, with the release that they came with |
| rights_facts | song id | v: what the message says of the song beyond that |
| rights_releases | sender and release, as one id | v: the last message taken in for it, its songs |
| rights_households | household id | v: on what terms it listens |
| rights_deliveries | reversed moment + id | v: a delivery with its faults |
| rights_state | "epoch" | n: counter that every change of the others raises |
"""

from collections.abc import Sequence
from typing import Final

import msgspec

from antiphon.kernel import HouseholdId, RecordingId, SongId, UnixMs, derived_id
from antiphon.rights.availability import Terms
from antiphon.rights.model import Deal, FaultFound, LabelFacts, Text
from antiphon.storage import DeleteRow, Mutation, SetCell, Tables, counter_value

SONGS: Final = "rights_songs"
FACTS: Final = "rights_facts"
RELEASES: Final = "rights_releases"
HOUSEHOLDS: Final = "rights_households"
DELIVERIES: Final = "rights_deliveries"
STATE: Final = "rights_state"
_F: Final = "r"
_V: Final = "v"
_N: Final = "n"
_EPOCH: Final = b"epoch"
_LATEST: Final = 10**15
_PAGE: Final = 1000


class SongDeals(msgspec.Struct, frozen=True, kw_only=True):
    """A song's deals, and where they came from; titles only where there are several."""

    deals: tuple[Deal, ...]
    release_id: str
    sender: str
    sender_name: str = ""
    isrc: str = ""
    p_line: str = ""
    titles: tuple[Text, ...] = ()
    release_titles: tuple[Text, ...] = ()
    changed_at: UnixMs


class DeliveredSong(msgspec.Struct, frozen=True, kw_only=True):
    """A song that a release brought; without media yet where ``song_id`` is empty."""

    isrc: str
    song_id: SongId
    recording_id: RecordingId
    path: str


class ReleaseState(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a release: the last message, and what it made.

    While ``in_work``, a later message is being taken in, or was when its process died;
    ``half_made`` are the songs that it may have made.
    """

    id: str
    key: str
    sender: str
    title: str
    message_id: str
    message_digest: str
    message_at: UnixMs
    complete: bool
    songs: tuple[DeliveredSong, ...]
    purged: bool = False
    in_work: bool = False
    half_made: tuple[DeliveredSong, ...] = ()


class DeliveryRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A delivery as operators see it.

    ``outcome``: ``accepted``, ``purged``, ``unchanged``, ``tested`` or ``refused``; a refused one
    has changed nothing. ``releases`` are keys such as ``icpn:4006381333931``, ``senders`` are
    their party ids. ``faults`` are sentences, ``found`` the same in parts; those and the releases'
    ``titles`` are not told of old deliveries.
    """

    id: str
    received_at: UnixMs
    folder: str
    outcome: str
    messages: tuple[str, ...] = ()
    releases: tuple[str, ...] = ()
    faults: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    senders: tuple[str, ...] = ()
    found: tuple[FaultFound, ...] = ()
    titles: tuple[str, ...] = ()


_encode = msgspec.msgpack.Encoder().encode
_song = msgspec.msgpack.Decoder(SongDeals).decode
_release = msgspec.msgpack.Decoder(ReleaseState).decode
_terms = msgspec.msgpack.Decoder(Terms).decode
_delivery = msgspec.msgpack.Decoder(DeliveryRecord).decode
_facts = msgspec.msgpack.Decoder(LabelFacts).decode


def release_id(sender: str, key: str) -> str:
    """Return the id of a sender's release."""
    return derived_id("label release", sender, key)


class RightsStore:
    """Reads and writes those rows."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    async def epoch(self) -> int:
        """Return how often anything was changed."""
        row = await self._tables.read(STATE, _EPOCH)
        raw = row.value(_F, _N) if row else None
        return counter_value(raw) if raw else 0

    async def songs(self, ids: Sequence[SongId]) -> list[SongDeals | None]:
        """Return the deals of songs; None for those that came without."""
        rows = await self._tables.read_many(SONGS, [i.encode() for i in ids])
        raw = [row.value(_F, _V) if row else None for row in rows]
        return [_song(value) if value else None for value in raw]

    async def write_songs(self, songs: Sequence[tuple[SongId, SongDeals]]) -> None:
        """Replace the deals of songs."""
        rows: list[tuple[bytes, Sequence[Mutation]]] = [
            (song_id.encode(), [SetCell(_F, _V, _encode(deals))]) for song_id, deals in songs
        ]
        if rows:
            await self._tables.mutate_many(SONGS, rows)
            await self._changed()

    async def forget_songs(self, ids: Sequence[SongId]) -> None:
        """Forget songs that the catalogue no longer has."""
        if ids:
            await self._tables.mutate_many(SONGS, [(i.encode(), [DeleteRow()]) for i in ids])
            await self._changed()

    async def facts(self, song_id: SongId) -> LabelFacts | None:
        """Return what the label says of a song; None for one that no label delivered."""
        row = await self._tables.read(FACTS, song_id.encode())
        raw = row.value(_F, _V) if row else None
        return _facts(raw) if raw else None

    async def write_facts(self, facts: Sequence[tuple[SongId, LabelFacts]]) -> None:
        """Replace what labels say of songs."""
        rows: list[tuple[bytes, Sequence[Mutation]]] = [
            (song_id.encode(), [SetCell(_F, _V, _encode(said))]) for song_id, said in facts
        ]
        if rows:
            await self._tables.mutate_many(FACTS, rows)

    async def forget_facts(self, ids: Sequence[SongId]) -> None:
        """Forget what labels said of songs that are gone."""
        if ids:
            await self._tables.mutate_many(FACTS, [(i.encode(), [DeleteRow()]) for i in ids])

    async def release(self, of_id: str) -> ReleaseState | None:
        """Return what is known of a release."""
        row = await self._tables.read(RELEASES, of_id.encode())
        raw = row.value(_F, _V) if row else None
        return _release(raw) if raw else None

    async def write_release(self, state: ReleaseState) -> None:
        """Remember a release."""
        cell = SetCell(_F, _V, _encode(state))
        await self._tables.mutate(RELEASES, state.id.encode(), [cell])

    async def terms(self, household: HouseholdId) -> Terms:
        """Return on what terms a household listens."""
        row = await self._tables.read(HOUSEHOLDS, household.encode())
        raw = row.value(_F, _V) if row else None
        return _terms(raw) if raw else Terms()

    async def write_terms(self, household: HouseholdId, terms: Terms) -> None:
        """Change them."""
        cell = SetCell(_F, _V, _encode(terms))
        await self._tables.mutate(HOUSEHOLDS, household.encode(), [cell])
        await self._changed()

    async def write_delivery(self, record: DeliveryRecord) -> None:
        """Remember a delivery."""
        key = f"{_LATEST - record.received_at:015d}/{record.id}".encode()
        await self._tables.mutate(DELIVERIES, key, [SetCell(_F, _V, _encode(record))])

    async def delivery(self, delivery_id: str) -> DeliveryRecord | None:
        """Return one delivery; None where there is none of that id among the last ones."""
        found = await self.deliveries(_PAGE)
        return next((record for record in found if record.id == delivery_id), None)

    async def deliveries(self, limit: int, offset: int = 0) -> list[DeliveryRecord]:
        """Return deliveries, the latest first."""
        rows = await self._tables.scan(DELIVERIES, limit=min(limit + offset, _PAGE))
        return [_delivery(row.value(_F, _V) or b"") for row in rows[offset : offset + limit]]

    async def _changed(self) -> None:
        await self._tables.increment(STATE, _EPOCH, family=_F, column=_N)
