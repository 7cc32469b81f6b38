"""Keys of access tokens: wrapped at rest, announced before they sign, kept while needed."""

import asyncio

import pytest
from joserfc.jwk import ECKey

from antiphon.identity.signing_keys import OVERLAP_MS, SIGNS_FOR_MS, SigningKeys
from antiphon.kernel import Corrupt, FixedClock
from antiphon.testing import MemoryTables

from .conftest import SECRET


def process(tables: MemoryTables, clock: FixedClock, secret: bytes = SECRET) -> SigningKeys:
    return SigningKeys(tables, clock, secret)


async def test_all_processes_that_start_at_once_sign_with_one_key(
    tables: MemoryTables, clock: FixedClock
) -> None:
    found = await asyncio.gather(*(process(tables, clock).signing() for _ in range(8)))
    assert len({key.kid for key in found}) == 1


async def test_the_private_half_is_nowhere_in_the_tables_or_what_is_published(
    tables: MemoryTables, clock: FixedClock
) -> None:
    keys = process(tables, clock)
    signing = await keys.signing()
    secret = signing.key.as_dict(private=True)["d"]
    raw = signing.key.private_key.private_numbers().private_value.to_bytes(32, "big")  # type: ignore[union-attr]
    row = await tables.read("signing_keys", b"access")
    assert row is not None
    stored = row.value("i", "") or b""
    assert raw not in stored
    assert str(secret).encode() not in stored
    (published,) = (await keys.published())["keys"]
    assert set(published) == {"kty", "crv", "x", "y", "kid", "use", "alg"}
    assert ECKey.import_key(dict(published)).thumbprint() == signing.kid


async def test_the_tables_without_their_secret_sign_nothing(
    tables: MemoryTables, clock: FixedClock
) -> None:
    await process(tables, clock).signing()
    with pytest.raises(Corrupt, match="another secret"):
        await process(tables, clock, b"t" * 32).signing()


async def test_a_new_key_is_known_everywhere_before_it_signs(
    tables: MemoryTables, clock: FixedClock
) -> None:
    one, other = process(tables, clock), process(tables, clock)
    first = (await one.signing()).kid
    await other.signing()
    second = await one.rotate()
    assert (await one.signing()).kid == first
    assert other.public(second) is None
    clock.advance(seconds=60)
    await other.keep_current()
    assert other.public(second) is not None
    clock.advance(ms=OVERLAP_MS - 60_001)
    assert (await one.signing()).kid == first
    clock.advance(ms=1)
    assert (await one.signing()).kid == (await other.signing()).kid == second


async def test_an_old_key_goes_after_its_last_token_and_not_before(
    tables: MemoryTables, clock: FixedClock
) -> None:
    keys = process(tables, clock)
    first = (await keys.signing()).kid
    second = await keys.rotate()
    clock.advance(ms=2 * OVERLAP_MS - 1)
    await keys.keep_current()
    assert keys.public(first) is not None
    clock.advance(seconds=61)
    await keys.keep_current()
    assert keys.public(first) is None
    assert [key["kid"] for key in (await keys.published())["keys"]] == [second]


async def test_keys_change_by_themselves_after_ninety_days(
    tables: MemoryTables, clock: FixedClock
) -> None:
    keys = process(tables, clock)
    first = (await keys.signing()).kid
    clock.advance(ms=SIGNS_FOR_MS - OVERLAP_MS - 1)
    await keys.keep_current()
    assert len((await keys.published())["keys"]) == 1
    clock.advance(seconds=61)
    await keys.keep_current()
    assert len((await keys.published())["keys"]) == 2
    clock.advance(ms=OVERLAP_MS)
    assert (await keys.signing()).kid != first


async def test_a_clock_set_back_before_every_key_still_signs(
    tables: MemoryTables, clock: FixedClock
) -> None:
    first = (await process(tables, clock).signing()).kid
    clock.advance(seconds=-3600)
    assert (await process(tables, clock).signing()).kid == first


async def test_an_unknown_key_id_reads_nothing(tables: MemoryTables, clock: FixedClock) -> None:
    keys = process(tables, clock)
    await keys.signing()
    for kid in ("../../dev/null", "", None, 7, ["x"]):
        assert keys.public(kid) is None
