"""Consent is given back when a link goes: sealed at rest, once, and not forgotten."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import asdict

import msgspec
import pytest

from antiphon.kernel import FixedClock
from antiphon.storage import SetCell

from .hostile import hostile_provider
from .openid_house import House

DONE = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
GONE = b"HTTP/1.1 503 Gone\r\nContent-Length: 0\r\n\r\n"
TOKEN = "the-refresh-token"


def refusal(error: str) -> bytes:
    body = b'{"error":"%b"}' % error.encode()
    return b"HTTP/1.1 400 Bad Request\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)


@pytest.fixture
async def house(clock: FixedClock) -> AsyncIterator[House]:
    async with hostile_provider(clock) as provider:
        provider.metadata = {"revocation_endpoint": f"{provider.issuer}/revoke"}
        provider.told = {"refresh_token": TOKEN}
        provider.raw = {"/revoke": DONE}
        made = House(provider, clock)
        await made.begin()
        yield made


async def left(house: House) -> int:
    return len(await house.tables.scan("openid_links", start=b"r/", end=b"r0"))


async def unlinked(house: House) -> None:
    await house.openid.unlink(house.owner, await house.link(house.owner))


async def test_the_token_of_a_removed_link_is_revoked_once_and_forgotten(house: House) -> None:
    await unlinked(house)
    assert await house.openid.give_back_due() == 1
    (form,) = house.provider.forms
    assert (form["token"], form["token_type_hint"]) == (TOKEN, "refresh_token")
    assert await house.openid.give_back_due() == 0
    assert await house.tables.scan("openid_links") == []


async def test_tokens_are_revoked_when_an_account_is_removed(house: House) -> None:
    person = await house.sign_in()
    await house.identity.remove_user(person.account_id)
    assert await house.openid.give_back_due() == 1
    assert [form["token"] for form in house.provider.forms] == [TOKEN]


async def test_the_token_of_the_last_sign_in_is_the_one_that_is_given_back(house: House) -> None:
    person = await house.sign_in()
    house.provider.told = {"refresh_token": "a newer one"}
    await house.sign_in()
    await house.identity.remove_user(person.account_id)
    await house.openid.give_back_due()
    assert [form["token"] for form in house.provider.forms] == ["a newer one"]


async def test_no_token_lies_readable_in_the_tables(house: House) -> None:
    await house.link(house.owner)
    rows = await house.tables.scan("openid_links")
    assert rows
    assert not [row for row in rows if TOKEN.encode() in (row.value("i", "") or b"")]


async def test_where_a_provider_takes_nothing_back_no_token_is_kept(house: House) -> None:
    house.provider.metadata = {}
    await unlinked(house)
    assert await left(house) == 0


async def test_a_provider_that_is_not_there_is_asked_again_later_and_later(house: House) -> None:
    house.provider.raw = {"/revoke": GONE}
    await unlinked(house)
    for waited in (0, 31, 61):
        house.clock.advance(seconds=waited)
        assert await house.openid.give_back_due() == 0
        assert await house.openid.give_back_due() == 0  # not due yet: not asked
    assert len(house.provider.forms) == 3
    house.provider.raw = {"/revoke": DONE}
    house.clock.advance(seconds=121)
    assert await house.openid.give_back_due() == 1
    assert await left(house) == 0


async def test_after_a_week_it_is_given_up(house: House) -> None:
    house.provider.raw = {"/revoke": GONE}
    await house.link(house.owner)
    house.clock.advance(seconds=30 * 86_400)  # the age of the link is not what counts
    (link,) = await house.openid.links(house.owner)
    await house.openid.unlink(house.owner, link.id)
    assert await house.openid.give_back_due() == 0
    house.clock.advance(seconds=6 * 86_400)
    assert await house.openid.give_back_due() == 0
    house.clock.advance(seconds=86_400)
    assert await house.openid.give_back_due() == 1
    assert await left(house) == 0


@pytest.mark.parametrize("error", ["invalid_token", "invalid_grant", "unsupported_token_type"])
async def test_what_the_provider_says_of_the_token_itself_settles_it(
    house: House, error: str
) -> None:
    house.provider.raw = {"/revoke": refusal(error)}
    await unlinked(house)
    assert await house.openid.give_back_due() == 1


async def test_a_client_that_is_not_known_any_more_settles_nothing(house: House) -> None:
    house.provider.raw = {"/revoke": refusal("invalid_client")}
    await unlinked(house)
    assert await house.openid.give_back_due() == 0
    assert await left(house) == 1


async def test_a_provider_that_was_taken_out_of_the_settings_is_dropped(house: House) -> None:
    await unlinked(house)
    house.use(id="another")
    assert await house.openid.give_back_due() == 1
    assert house.provider.forms == []


async def test_processes_at_work_at_once_ask_once(house: House) -> None:
    await unlinked(house)
    processes = [house.made() for _ in range(6)]
    settled = await asyncio.gather(*(process.give_back_due() for process in processes))
    assert sum(settled) == 1
    assert len(house.provider.forms) == 1


async def test_it_is_done_by_itself_until_the_process_stops(house: House) -> None:
    stop = asyncio.Event()
    await unlinked(house)
    task = asyncio.create_task(house.openid.keep_current(stop))
    async with asyncio.timeout(5):
        while not house.provider.forms or await left(house):
            await asyncio.sleep(0.01)
        stop.set()
        await task
    assert [form["token"] for form in house.provider.forms] == [TOKEN]


async def test_a_link_from_before_there_were_tokens_can_be_removed(house: House) -> None:
    wanted = await house.link(house.owner)
    (link,) = await house.openid.links(house.owner)
    old = {name: value for name, value in asdict(link).items() if name != "sealed_token"}
    cell = SetCell("i", "", msgspec.msgpack.encode(old))
    await house.tables.mutate("openid_links", b"s/" + wanted.encode(), [cell])
    await house.openid.unlink(house.owner, wanted)
    assert await house.tables.scan("openid_links") == []
