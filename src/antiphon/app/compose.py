"""Composition: the one place that opens drivers and hands rooms their ports."""

from dataclasses import dataclass

from antiphon.app.devices import KnownDevices
from antiphon.app.keys import open_key_vault
from antiphon.app.levels import Levels, levels_before
from antiphon.app.machine import index_is_complete, machine_id
from antiphon.app.presence import Presence, enter
from antiphon.app.secret import derived_key, read_secret
from antiphon.app.settings import Settings
from antiphon.app.tiering import with_lower_stores
from antiphon.audio import AudioJobs, AudioWorker, JobProjection, PackageStore, stores_of
from antiphon.catalog import (
    INDEX_GROUP,
    PREFIX_GROUP,
    Catalog,
    PrefixTable,
    SearchProjection,
    TantivySearch,
    open_search,
)
from antiphon.eventlog import MovableLog, Outbox, Projection, open_eventlog
from antiphon.identity import (
    ApiTokens,
    Households,
    Identity,
    Links,
    OpenIdSignIn,
    Passkeys,
    relying_party,
)
from antiphon.ingest import Imports
from antiphon.kernel import AntiphonError, Clock, SystemClock
from antiphon.library import Library
from antiphon.rights import AuditLog, KeyVault, Licences, Rights
from antiphon.storage import (
    CacheAndSignals,
    Guard,
    Objects,
    Tables,
    Workspace,
    guards_of,
    open_cache,
    open_objects,
    open_tables,
    open_workspace,
)
from antiphon.streaming import Heads, HotRoutes, StreamingService

_PROBE = "readiness"


@dataclass(frozen=True, slots=True)
class Installation:
    """The rooms of one process, on engines that it has opened for itself."""

    settings: Settings
    clock: Clock
    tables: Tables
    objects: Objects
    cache: CacheAndSignals
    workspace: Workspace
    events: MovableLog
    search: TantivySearch
    catalog: Catalog
    packages: PackageStore
    jobs: AudioJobs
    identity: Identity
    households: Households
    passkeys: Passkeys
    openid: OpenIdSignIn
    api_tokens: ApiTokens
    rights: Rights
    audit: AuditLog
    keys: KeyVault
    licences: Licences
    library: Library
    imports: Imports
    outbox: Outbox
    levels: Levels
    presence: Presence

    def hot_routes(self) -> HotRoutes:
        """Return the raw ASGI routes of grants, playlists and segments."""
        service = StreamingService(
            catalog=self.catalog,
            rights=self.rights,
            packages=self.packages,
            jobs=self.jobs,
            objects=self.objects,
            signals=self.cache,
            events=self.events,
            clock=self.clock,
            licences=self.licences,
            key_words=self.keys,
            is_revoked=self.identity.is_revoked,
            clear_key=self.settings.clear_key,
            signing_secret=derived_key(read_secret(self.settings), "stream-urls"),
        )
        return HotRoutes(service, self.identity.authenticate)

    def audio_worker(self, name: str) -> AudioWorker:
        """Return what an audio worker of this name is given."""
        return AudioWorker(
            name=name,
            jobs=self.jobs,
            packages=self.packages,
            catalog=self.catalog,
            objects=self.objects,
            outbox=self.outbox,
            signals=self.cache,
            keys=self.keys,
            workspace=self.workspace,
            before_rendering=Heads(self.objects).have_usual,
        )

    def projections(self) -> list[Projection]:
        """Return the projections of catalogue and audio; the app adds those that join rooms."""
        prefixes = PrefixTable(self.tables)
        jobs = JobProjection(self.jobs).projection
        if not self.settings.shares_log:
            # The index first: a replay that is about to hand over holds it back there.
            return [SearchProjection(self.catalog, self.search, prefixes).projection(), jobs]
        found = [SearchProjection(self.catalog, prefixes).projection(PREFIX_GROUP), jobs]
        return [self.index_projection(), *found] if "music" in self.settings.roles else found

    def index_projection(self) -> Projection:
        """Return the projection of this machine's search index, where machines share the log."""
        group = f"{INDEX_GROUP}.{machine_id(self.settings)}"
        return SearchProjection(self.catalog, self.search).projection(group)

    async def faults(self) -> dict[str, str]:
        """Return what keeps this process from serving, by engine; empty when it is ready."""
        found = {}
        if not index_is_complete(self.settings):
            found["search"] = "This machine's search index is being made."
        for name, probe in (
            ("tables", self.tables.read(_PROBE, b"probe")),
            ("cache", self.cache.get(_PROBE)),
            ("objects", self.objects.head("readiness/probe")),
        ):
            try:
                await probe
            except AntiphonError as error:
                found[name] = error.detail
        return found

    def guards(self) -> list[Guard]:
        """Return what stands around the remote engines, for their counters."""
        stores = stores_of(self.objects).values()
        return guards_of([self.tables, *stores, self.cache, self.events, self.workspace])

    async def close(self) -> None:
        """Close the engines, last opened first; what was acknowledged is durable already."""
        await self.rights.close()
        await self.levels.close()
        await self.search.close()
        await self.events.close()
        await self.workspace.close()
        await self.cache.close()
        await self.objects.close()
        await self.tables.close()
        self.presence.leave()


def open_installation(settings: Settings, *, serving: bool = False) -> Installation:
    """Open the engines that the settings name, after the process has started, and furnish them.

    ``serving``: what it reads of the catalogue and of media may come from memory (``app.levels``).
    """
    presence = enter(settings)
    clock = SystemClock()
    cache = open_cache(settings.engine_url("cache"))
    levels = levels_before(
        open_tables(settings.engine_url("tables")),
        open_objects(settings.engine_url("objects")),
        cache,
        clock,
        serving=serving,
    )
    tables, objects = levels.tables, with_lower_stores(levels.objects, settings)
    events = open_eventlog(settings.engine_url("events"))
    search = open_search(settings.engine_url("search"))
    catalog = Catalog(levels.reading, objects, search)
    outbox = Outbox(tables, events, clock)
    identity = Identity(tables, cache, outbox, clock, derived_key(read_secret(settings), "tokens"))
    audit = AuditLog(tables, clock, derived_key(read_secret(settings), "audit"))
    site = relying_party(settings.public_url, settings.port)
    rights = Rights(tables, clock, away=levels.rights_away, party=settings.party_id)
    levels.watch_rights(rights)
    keys = open_key_vault(settings, tables, clock)
    devices = KnownDevices(identity)
    links = Links(tables)
    passkeys = Passkeys(identity, tables, cache, clock, audit, site=site, other_ways=[links])
    return Installation(
        settings=settings,
        clock=clock,
        tables=tables,
        objects=objects,
        cache=cache,
        workspace=open_workspace(settings.engine_url("workspace")),
        events=events,
        search=search,
        catalog=catalog,
        packages=PackageStore(levels.reading),
        jobs=AudioJobs(tables, cache, clock),
        identity=identity,
        households=Households(identity, tables, clock, audit),
        passkeys=passkeys,
        openid=OpenIdSignIn(
            identity,
            links,
            cache,
            clock,
            audit,
            providers=settings.openid,
            origin=settings.public_url or f"http://localhost:{settings.port}",
            secret=derived_key(read_secret(settings), "openid-tokens"),
            other_ways=[passkeys],
        ),
        api_tokens=ApiTokens(identity, tables, clock, audit),
        rights=rights,
        audit=audit,
        keys=keys,
        licences=Licences(tables, cache, clock, rights=rights, keys=keys, devices=devices),
        library=Library(tables, catalog, clock),
        imports=Imports(tables, clock),
        outbox=outbox,
        levels=levels,
        presence=presence,
    )
