"""Bytes and rows by key: tables, objects, cache, signals, workspace, and their drivers.

Drivers are opened by URL: ``lmdb:/folder`` (tables), ``file:/folder`` (objects, workspace),
``memory:/run-folder`` (cache and signals) need no server; ``s3://bucket``, ``gs://``, ``az://``
(objects) and ``redis://host`` (cache and signals) are loaded when a URL asks for them. Open them
after the process has started. Remote drivers come with deadlines, retries within a budget and a
circuit breaker around them (``resilience``); embedded ones come bare.
"""

from pathlib import Path

from antiphon.kernel import Invalid
from antiphon.storage.about import About, about
from antiphon.storage.cache import (
    MAX_CACHE_KEY_BYTES,
    MAX_CACHE_VALUE_BYTES,
    MAX_SIGNAL_BYTES,
    Cache,
    CacheAndSignals,
    Signals,
)
from antiphon.storage.cached import (
    CachedObjects,
    CachedTables,
    ToldObjects,
    ToldTables,
    object_cache,
    row_cache,
)
from antiphon.storage.changes import Changes
from antiphon.storage.file_workspace import FileWorkspace
from antiphon.storage.guarded import (
    CACHE_POLICY,
    OBJECTS_POLICY,
    TABLES_POLICY,
    WORKSPACE_POLICY,
    GuardedCache,
    GuardedObjects,
    GuardedTables,
    GuardedWorkspace,
)
from antiphon.storage.levels import CachePolicy, Codec, LevelCounts, LeveledCache
from antiphon.storage.lmdb_env import LmdbEnvironment, Transaction
from antiphon.storage.lmdb_table import LmdbTables
from antiphon.storage.local_signals import LocalSignals
from antiphon.storage.memory_cache import MemoryCache
from antiphon.storage.objects import Location, ObjectInfo, Objects, check_object_key
from antiphon.storage.obstore_objects import FileObjects
from antiphon.storage.resilience import (
    CircuitOpen,
    Counts,
    Guard,
    Guarded,
    Policy,
    State,
    guards_of,
)
from antiphon.storage.s3fifo import S3Fifo
from antiphon.storage.shared_level import SharedLevel
from antiphon.storage.single_flight import SingleFlight
from antiphon.storage.tables import (
    MAX_KEY_BYTES,
    MAX_ROW_BYTES,
    Cell,
    Condition,
    DeleteCell,
    DeleteFamily,
    DeleteRow,
    Families,
    Mutation,
    OperatedTables,
    Row,
    SetCell,
    Tables,
    apply_mutation,
    counter_bytes,
    counter_value,
    prefix_range,
)
from antiphon.storage.tiered_objects import StorageClass, TierCounts, TieredObjects
from antiphon.storage.workspace import FileParts, Workspace, in_workspace, workspace_path

__all__ = [
    "MAX_CACHE_KEY_BYTES",
    "MAX_CACHE_VALUE_BYTES",
    "MAX_KEY_BYTES",
    "MAX_ROW_BYTES",
    "MAX_SIGNAL_BYTES",
    "About",
    "Cache",
    "CacheAndSignals",
    "CachePolicy",
    "CachedObjects",
    "CachedTables",
    "Cell",
    "Changes",
    "CircuitOpen",
    "Codec",
    "Condition",
    "Counts",
    "DeleteCell",
    "DeleteFamily",
    "DeleteRow",
    "Families",
    "FileObjects",
    "FileParts",
    "FileWorkspace",
    "Guard",
    "Guarded",
    "GuardedCache",
    "GuardedObjects",
    "GuardedTables",
    "GuardedWorkspace",
    "LevelCounts",
    "LeveledCache",
    "LmdbEnvironment",
    "LmdbTables",
    "LocalSignals",
    "Location",
    "MemoryCache",
    "Mutation",
    "ObjectInfo",
    "Objects",
    "OperatedTables",
    "Policy",
    "Row",
    "S3Fifo",
    "SetCell",
    "SharedLevel",
    "Signals",
    "SingleFlight",
    "State",
    "StorageClass",
    "Tables",
    "TierCounts",
    "TieredObjects",
    "ToldObjects",
    "ToldTables",
    "Transaction",
    "Workspace",
    "about",
    "apply_mutation",
    "check_object_key",
    "counter_bytes",
    "counter_value",
    "folder_of",
    "guards_of",
    "in_workspace",
    "object_cache",
    "open_cache",
    "open_objects",
    "open_tables",
    "open_workspace",
    "prefix_range",
    "row_cache",
    "workspace_path",
]


def open_tables(url: str) -> OperatedTables:
    """Open the tables at ``lmdb:/folder``, ``bigtable://...`` or ``cassandra://...``."""
    if url.startswith("cassandra:"):
        from antiphon.storage.cassandra_tables import open_cassandra  # noqa: PLC0415 - see above

        return GuardedTables(open_cassandra(url), Guard("tables", TABLES_POLICY))
    if url.startswith("bigtable:"):
        from antiphon.storage.bigtable_tables import open_bigtable  # noqa: PLC0415 - see above

        return GuardedTables(open_bigtable(url), Guard("tables", TABLES_POLICY))
    return LmdbTables(folder_of(url, scheme="lmdb", port="tables"))


def open_objects(url: str, *, engine: str = "objects") -> Objects:
    """Open the object store at ``url``: ``file:/folder`` or ``s3://bucket/prefix``.

    ``engine`` is what its guard is called, where there are several.
    """
    if url.startswith(("s3://", "gs://", "az://")):
        from antiphon.storage.remote_objects import open_remote  # noqa: PLC0415 - see above

        return GuardedObjects(open_remote(url), Guard(engine, OBJECTS_POLICY))
    return FileObjects(folder_of(url, scheme="file", port="objects"))


def open_cache(url: str) -> CacheAndSignals:
    """Open the cache and signals at ``url``: ``memory:/folder`` or ``redis://host:port/db``."""
    if url.startswith("redis"):
        from antiphon.storage.redis_urls import open_redis  # noqa: PLC0415 - see above

        return GuardedCache(open_redis(url), Guard("cache", CACHE_POLICY))
    return MemoryCache(folder_of(url, scheme="memory", port="cache"))


def open_workspace(url: str) -> Workspace:
    """Open the workspace at ``file:/folder`` or ``hdfs://host:port/folder``."""
    if url.startswith("hdfs:"):
        from antiphon.storage.hdfs_workspace import open_hdfs  # noqa: PLC0415 - see above

        return GuardedWorkspace(open_hdfs(url), Guard("workspace", WORKSPACE_POLICY))
    return FileWorkspace(folder_of(url, scheme="file", port="workspace"))


def folder_of(url: str, *, scheme: str, port: str) -> Path:
    """Return the folder that an embedded engine's URL names; ``Invalid`` says what it should be."""
    found, _, rest = url.partition(":")
    path = rest.removeprefix("//") if rest.startswith("///") else rest
    if found != scheme or not path.startswith("/"):
        raise Invalid(f"{url!r} cannot be the {port} engine: write {scheme}:/absolute/folder.")
    return Path(path)
