import pytest

from antiphon.eventlog import Outbox
from antiphon.identity import Identity, NewAccount, SignInDevice, Tokens
from antiphon.kernel import FixedClock
from antiphon.testing import MemoryCache, MemoryEventLog, MemoryTables

SECRET = b"s" * 32
OWNER = NewAccount("Robin", "correct horse", "Robin")


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


@pytest.fixture
def tables() -> MemoryTables:
    return MemoryTables()


@pytest.fixture
async def identity(tables: MemoryTables, clock: FixedClock) -> Identity:
    made = an_identity(tables, clock, MemoryEventLog())
    await made.reload()
    return made


def an_identity(tables: MemoryTables, clock: FixedClock, log: MemoryEventLog) -> Identity:
    return Identity(tables, MemoryCache(), Outbox(tables, log, clock), clock, SECRET)


@pytest.fixture
async def owner(identity: Identity) -> Tokens:
    return (await identity.set_up(OWNER, SignInDevice("Laptop", "web")))[1]
