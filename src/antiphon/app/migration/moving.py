"""The whole move: refuse, mark, copy, verify, let serve."""

import shutil
from collections.abc import AsyncIterator, Callable, Sequence
from hashlib import blake2b
from typing import Final, Literal

import msgspec
import structlog

from antiphon.app.machine import KEY, index_folder, refuse_foreign
from antiphon.app.machine import TABLE as MARK_TABLE
from antiphon.app.migration.at_once import each
from antiphon.app.migration.blobs import copy_objects, verify_objects
from antiphon.app.migration.ends import End, engines_of, open_end
from antiphon.app.migration.files import (
    copy_secrets,
    copy_settings,
    refuse_strange_files,
)
from antiphon.app.migration.log_places import CARRIERS, carried_places
from antiphon.app.migration.marker import Move, begin, finish, found_move
from antiphon.app.migration.masters import copy_masters, holds_masters, verify_masters
from antiphon.app.migration.records import Translation, copy_topic, joined, verify_topic
from antiphon.app.migration.rows import Sum, copy_table, stamped_by, verify_table
from antiphon.app.presence import enter, half_moved_mark, refuse_half_moved
from antiphon.app.probes import PROBED
from antiphon.app.secret import derived_key, read_secret
from antiphon.app.settings import Settings
from antiphon.catalog import INDEX_GROUP, PREFIX_GROUP
from antiphon.eventlog import Places
from antiphon.kernel import Conflict
from antiphon.storage import Row

log = structlog.get_logger()

Stage = Literal["copied", "verified"]
Tell = Callable[[Stage, str, int], None]
"""Hears how many more of a thing (tables, objects ...) were copied or verified."""

_TABLES_AT_ONCE: Final = 4


class Report(msgspec.Struct, frozen=True):
    """What was moved: how many of each thing, and their checksums, the same at both ends."""

    source: str
    target: str
    sums: dict[str, Sum]
    was_done: bool = False


async def migrate(source: Settings, target: Settings, tell: Tell) -> Report:
    """Move the installation; interrupted at any moment, the same call again completes it."""
    with enter(source, alone=True), enter(target, alone=True):
        refuse_half_moved(source)
        secret = read_secret(source)
        refuse_strange_files(source, target)
        ours, theirs = open_end(source), open_end(target)
        try:
            return await Migration(ours, theirs, derived_key(secret, "installation"), tell).run()
        finally:
            await theirs.close()
            await ours.close()


class Migration:
    """One run. Nobody else uses either end meanwhile."""

    def __init__(self, source: End, target: End, mark: bytes, tell: Tell) -> None:
        self._source = source
        self._target = target
        self._mark = mark
        self._tell = tell
        self._begun_at = 0
        self._places: dict[str, Translation] = {}
        self._groups: dict[str, dict[str, Places]] = {}

    async def run(self) -> Report:
        """Do what is not done yet."""
        held = await self._source.tables.read(MARK_TABLE, KEY)
        if held is not None:
            refuse_foreign(self._source.settings, held, self._mark)
        move, done = await found_move(self._target.tables, self._mark)
        half_moved = half_moved_mark(self._target.settings)
        if move is not None and done:
            half_moved.unlink(missing_ok=True)
            return self._report({}, was_done=True)
        topics = await self._topics()
        if move is None:
            await self._refuse_held()
        half_moved.write_text(str(self._source.settings.data_path), "utf-8")
        if move is None:
            move = await begin(self._target.tables, self._mark, engines_of(self._source.settings))
        self._begun_at = move.begun_at
        sums = await self._move(topics)
        await self._settle(move)
        log.info("installation_moved", to=engines_of(self._target.settings))
        return self._report(sums)

    async def _move(self, topics: list[str]) -> dict[str, Sum]:
        """Copy all, then verify all; rows need to know where the log's records are by then."""
        for topic in topics:
            await copy_topic(
                self._source.events, self._target.events, topic, self._hear("copied", "events")
            )
        events = [await self._verify_topic(topic) for topic in topics]
        tables = await self._tables()
        await each(_in_turn(tables), self._copy_table, at_once=_TABLES_AT_ONCE)
        moves_masters, moves_objects = self._moves("workspace"), self._moves("objects")
        ours, theirs = self._source.workspace, self._target.workspace
        if moves_masters:
            await copy_masters(ours, theirs, self._hear("copied", "masters"))
        if moves_objects:
            told = self._hear("copied", "objects")
            await copy_objects(self._source.objects, self._target.objects, told)
        rows = await each(_in_turn(tables), self._verify_table, at_once=_TABLES_AT_ONCE)
        sums = {"events": _together(events), "rows": _together(rows)}
        if moves_objects:
            told = self._hear("verified", "objects")
            sums["objects"] = await verify_objects(self._source.objects, self._target.objects, told)
        if moves_masters:
            told = self._hear("verified", "masters")
            sums["masters"] = await verify_masters(ours, theirs, told)
        return sums

    def _moves(self, engine: str) -> bool:
        """Say whether the ends have an engine of this kind each for themselves."""
        source, target = self._source.settings, self._target.settings
        return source.engine_url(engine) != target.engine_url(engine)

    async def _settle(self, move: Move) -> None:
        """Put files in place that make the target an installation; take the mark away last."""
        for topic, groups in self._groups.items():
            for group, places in groups.items():
                theirs = self._places[topic].of(places)
                await self._target.events.place(topic, group, theirs)
        source, target = self._source.settings, self._target.settings
        shutil.rmtree(index_folder(target), ignore_errors=True)  # of what was here: made anew
        copy_secrets(source, target)
        copy_settings(source, target)
        await finish(self._target.tables, move)
        half_moved_mark(target).unlink(missing_ok=True)

    async def _topics(self) -> list[str]:
        """Return the topics to move; ``Conflict`` where one is being read."""
        topics = [topic for topic in await self._source.events.topics() if topic != PROBED]
        found = []
        for topic in topics:
            self._groups[topic] = self._carried(await self._source.events.places(topic))
            extents = await self._source.events.extents(topic)
            if any(extent.begin < extent.end for extent in extents.values()):
                found.append(topic)
            else:
                del self._groups[topic]  # a new topic begins where they are: at its beginning
        return found

    def _carried(self, groups: dict[str, Places]) -> dict[str, Places]:
        """Return the groups that go on in the target; an index is made anew, from the beginning.

        Embedded, one group fills both the index and the table of short beginnings; machines that
        share a log have a group for the table alone.
        """
        made_anew = (INDEX_GROUP, f"{INDEX_GROUP}.", PREFIX_GROUP)
        kept = {
            group: places
            for group, places in groups.items()
            if group not in made_anew and not group.startswith(made_anew[1])
        }
        told = PREFIX_GROUP if self._source.settings.shares_log else INDEX_GROUP
        if told in groups and self._target.settings.shares_log:
            kept[PREFIX_GROUP] = groups[told]
        return kept

    async def _verify_topic(self, topic: str) -> Sum:
        asked = list(self._groups[topic].values())
        for carrier in CARRIERS:
            if carrier.topic == topic:
                done = self._groups[topic].get(carrier.group, {})
                carried = carried_places(self._source.tables, carrier)
                asked += [joined(place, done) async for place in carried]
        self._places[topic] = Translation(asked)
        told = self._hear("verified", "events")
        return await verify_topic(
            self._source.events, self._target.events, topic, self._places[topic], told
        )

    async def _tables(self) -> list[str]:
        names = {*await self._source.tables.names(), *await self._target.tables.names()}
        return sorted(names - {MARK_TABLE})

    async def _copy_table(self, table: str) -> None:
        await copy_table(
            self._source.tables,
            self._target.tables,
            table,
            self._wanted,
            self._hear("copied", "rows"),
        )

    async def _verify_table(self, table: str) -> Sum:
        return await verify_table(
            self._source.tables,
            self._target.tables,
            table,
            self._wanted,
            self._hear("verified", "rows"),
        )

    def _wanted(self, table: str, row: Row) -> Row:
        """Return what a row of the source has to be in the target."""
        for carrier in CARRIERS:
            place = carrier.place_of(row) if table == carrier.table else None
            if place is not None:
                done = self._groups.get(carrier.topic, {}).get(carrier.group, {})
                places = self._places.get(carrier.topic)
                moved = {} if places is None else places.of(joined(place, done))
                row = carrier.with_place(row, moved)
        return stamped_by(row, self._begun_at)

    async def _refuse_held(self) -> None:
        """Raise ``Conflict`` where the target is not empty."""
        target = self._target
        if tables := await target.tables.names():
            raise Conflict(f"The target's tables are not empty ({tables[0]}): name empty ones.")
        for topic in await target.events.topics():
            extents = await target.events.extents(topic)
            if topic != PROBED and any(e.begin < e.end for e in extents.values()):
                raise Conflict(f"The target's event log is not empty ({topic}): name an empty one.")
        if self._moves("objects"):
            async for info in target.objects.list(""):
                raise Conflict(f"The target's objects are not empty ({info.key}): name empty ones.")
        if self._moves("workspace") and await holds_masters(target.workspace):
            raise Conflict("The target's workspace holds masters: name an empty one.")

    def _hear(self, stage: Stage, thing: str) -> Callable[[int], None]:
        return lambda count: self._tell(stage, thing, count)

    def _report(self, sums: dict[str, Sum], *, was_done: bool = False) -> Report:
        return Report(
            source=str(self._source.settings.data_path),
            target=str(self._target.settings.data_path),
            sums=sums,
            was_done=was_done,
        )


async def _in_turn(tables: Sequence[str]) -> AsyncIterator[str]:
    for table in tables:
        yield table


def _together(sums: Sequence[Sum]) -> Sum:
    """Return one sum of several, in their order."""
    digest = blake2b(digest_size=16)
    for part in sums:
        digest.update(bytes.fromhex(part.checksum))
    return Sum(sum(part.count for part in sums), digest.hexdigest())
