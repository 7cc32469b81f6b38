"""Whether the tables and the object stores of an installation belong together.

What nobody names is removed; so the names must be those of these stores. A store keeps the id that
the tables have: where tables are new or others (a wrong URL, two installations on one bucket), the
ids differ, and nothing is removed.
"""

from collections.abc import Iterable
from typing import Final

from antiphon.kernel import random_id
from antiphon.storage import Condition, Objects, SetCell, Tables

OWNER_KEY: Final = "antiphon/owner"
_TABLE: Final = "media_owner"
_ROW: Final = b"owner"
_F: Final = "o"
_ID: Final = "id"


async def belong_together(tables: Tables, stores: Iterable[Objects]) -> bool:
    """Say whether all stores are these tables' own; a store of nobody becomes theirs."""
    own = await _id_of(tables)
    for store in stores:
        await store.put(OWNER_KEY, own, create_only=True)
        if await store.get(OWNER_KEY) != own:
            return False
    return True


async def _id_of(tables: Tables) -> bytes:
    row = await tables.read(_TABLE, _ROW)
    known = None if row is None else row.value(_F, _ID)
    if known is not None:
        return known
    made = [SetCell(_F, _ID, random_id().encode())]
    await tables.check_and_mutate(_TABLE, _ROW, Condition(_F, _ID, None), then=made)
    return await _id_of(tables)
