"""Asking a provider leads to the public internet only, whatever its name resolves to."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpcore
import pytest

from antiphon.identity import Provider
from antiphon.identity.openid.egress import ask, is_public
from antiphon.identity.openid.errors import ProviderUnavailable

PUBLIC, LOOPBACK, METADATA = "9.9.9.9", "127.0.0.1", "169.254.169.254"
AT_HOME = ["127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "0", "0x7f.1", "2130706433"]


def provider(*, private_addresses: bool = False) -> Provider:
    return Provider(
        id="x",
        name="X",
        issuer="https://x.example",
        client_id="c",
        private_addresses=private_addresses,
    )


class Listener:
    """Counts who connects to this machine's loopback, by either family; answers nobody."""

    def __init__(self) -> None:
        self.port = 0
        self.connections = 0

    async def accept(self, _reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        writer.close()


@asynccontextmanager
async def listening() -> AsyncIterator[Listener]:
    listener = Listener()
    four = await asyncio.start_server(listener.accept, LOOPBACK, 0)
    listener.port = four.sockets[0].getsockname()[1]
    six = await asyncio.start_server(listener.accept, "::1", listener.port)
    async with four, six:
        yield listener


@pytest.mark.parametrize("host", AT_HOME)
async def test_nobody_connects_to_a_provider_on_this_machine(host: str) -> None:
    async with listening() as listener:
        with pytest.raises(ProviderUnavailable, match="is at no public address"):
            await ask(provider(), f"https://{host}:{listener.port}/keys")
        await asyncio.sleep(0.05)  # as long as an accepted connection would take to be counted
        assert listener.connections == 0


@pytest.mark.parametrize("host", AT_HOME)
async def test_the_same_listener_is_reached_where_the_owner_allows_it(host: str) -> None:
    """What the test above would see if nothing stood in the way."""
    async with listening() as listener:
        with pytest.raises(ProviderUnavailable):  # it speaks no TLS
            await ask(provider(private_addresses=True), f"https://{host}:{listener.port}/keys")
        async with asyncio.timeout(2):
            while not listener.connections:
                await asyncio.sleep(0.01)


@pytest.mark.parametrize(
    "host",
    ["10.0.0.1", METADATA, "[fd00::1]", "100.64.0.1", "[64:ff9b::7f00:1]", "192.168.1.1"],
)
async def test_no_other_private_address_is_asked(host: str) -> None:
    with pytest.raises(ProviderUnavailable, match="is at no public address"):
        await ask(provider(), f"https://{host}/keys")


class Names:
    """Answers for names as told, one answer after the other; notes where connections would go."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *answers: list[str]) -> None:
        self.answers = list(answers)
        self.connected: list[str] = []
        loop = asyncio.get_running_loop()
        monkeypatch.setattr(loop, "getaddrinfo", self.resolve)
        monkeypatch.setattr(httpcore.AnyIOBackend, "connect_tcp", self.connect)

    async def resolve(self, _host: str, port: int, **_more: Any) -> list[Any]:
        addresses = self.answers.pop(0)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (a, port)) for a in addresses]

    async def connect(self, host: str, *_more: Any, **_named: Any) -> httpcore.AsyncNetworkStream:
        self.connected.append(host)
        raise httpcore.ConnectError("nobody is there")


async def test_a_name_that_resolves_otherwise_the_second_time_is_asked_where_it_was_checked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    names = Names(monkeypatch, [PUBLIC], [LOOPBACK])
    with pytest.raises(ProviderUnavailable, match="ConnectError"):
        await ask(provider(), "https://rebinding.example/keys")
    assert names.connected == [PUBLIC], "the address that was checked, and never the name"
    assert names.answers == [[LOOPBACK]], "nobody asked for the name again"
    with pytest.raises(ProviderUnavailable, match="is at no public address"):
        await ask(provider(), "https://rebinding.example/keys")
    assert names.connected == [PUBLIC]


@pytest.mark.parametrize("answer", [[PUBLIC, LOOPBACK], [METADATA, PUBLIC], [PUBLIC, "::1"], []])
async def test_a_name_with_one_address_that_is_not_public_is_not_asked_at_all(
    monkeypatch: pytest.MonkeyPatch, answer: list[str]
) -> None:
    names = Names(monkeypatch, answer)
    with pytest.raises(ProviderUnavailable, match="is at no public address"):
        await ask(provider(), "https://mixed.example/keys")
    assert names.connected == []


def test_public_addresses_are_told_from_all_others() -> None:
    assert is_public(PUBLIC)
    assert is_public("2620:fe::fe")
    for address in ("224.0.0.1", "240.0.0.1", "0.0.0.0", "2002:7f00:1::", "fe80::1%eth0", "x", ""):
        assert not is_public(address)
