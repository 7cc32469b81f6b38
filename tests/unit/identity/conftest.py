import pytest

from antiphon.identity import Identity, NewAccount, SignInDevice, Tokens
from antiphon.kernel import FixedClock
from antiphon.testing import MemoryCache, MemoryTables

SECRET = b"s" * 32
OWNER = NewAccount("Robin", "correct horse", "Robin")


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


@pytest.fixture
def tables() -> MemoryTables:
    return MemoryTables()


@pytest.fixture
def identity(tables: MemoryTables, clock: FixedClock) -> Identity:
    return Identity(tables, MemoryCache(), clock, SECRET)


@pytest.fixture
async def owner(identity: Identity) -> Tokens:
    return (await identity.set_up(OWNER, SignInDevice("Laptop", "web")))[1]
