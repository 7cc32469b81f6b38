"""Contract suites, one per port, and in-memory fakes that pass them.

A suite is a class of test methods that take the opened driver as the fixture named after the port
(``tables``, ``objects``, ``cache``, ``signals``, ``eventlog``); a test module subclasses it and
says how to open. The suites of what only several processes show take the fixture ``url``.
"""

from antiphon.testing.authenticator import SoftwareAuthenticator
from antiphon.testing.cache_contract import CacheContract, SignalsContract
from antiphon.testing.log_contract import EventLogContract
from antiphon.testing.memory_cache import MemoryCache
from antiphon.testing.memory_log import MemoryEventLog
from antiphon.testing.memory_objects import MemoryObjects
from antiphon.testing.memory_tables import MemoryTables
from antiphon.testing.objects_contract import ObjectsContract
from antiphon.testing.process_contract import (
    EventLogAcrossProcesses,
    SignalsAcrossProcesses,
    TablesAcrossProcesses,
)
from antiphon.testing.tables_contract import TablesContract
from antiphon.testing.workspace_contract import WorkspaceContract

__all__ = [
    "CacheContract",
    "EventLogAcrossProcesses",
    "EventLogContract",
    "MemoryCache",
    "MemoryEventLog",
    "MemoryObjects",
    "MemoryTables",
    "ObjectsContract",
    "SignalsAcrossProcesses",
    "SignalsContract",
    "SoftwareAuthenticator",
    "TablesAcrossProcesses",
    "TablesContract",
    "WorkspaceContract",
]
