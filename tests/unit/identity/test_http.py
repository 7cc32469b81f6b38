from typing import Any

import pytest

from antiphon.identity import client_address


def scope(client: str, forwarded: str | None = None) -> dict[str, Any]:
    headers = [] if forwarded is None else [(b"x-forwarded-for", forwarded.encode())]
    return {"client": (client, 1234), "headers": headers}


def test_a_forwarded_address_counts_only_from_a_trusted_proxy() -> None:
    assert client_address(scope("9.9.9.9", "1.1.1.1"), ()) == "9.9.9.9"
    assert client_address(scope("127.0.0.1", "1.1.1.1"), ("127.0.0.1",)) == "1.1.1.1"


def test_only_what_the_proxy_itself_wrote_counts() -> None:
    spoofed = scope("127.0.0.1", "6.6.6.6, 7.7.7.7, 1.1.1.1")
    assert client_address(spoofed, ("127.0.0.1",)) == "1.1.1.1"


def test_one_subscriber_with_many_ipv6_addresses_is_one_bucket() -> None:
    a = client_address(scope("2001:db8:1:2::1"), ())
    assert a == client_address(scope("2001:db8:1:2:ffff::9"), ())
    assert a != client_address(scope("2001:db8:1:3::1"), ())


@pytest.mark.parametrize("junk", ["", "not an address", "1.1.1.1:80", "\u0660.1.1.1"])
def test_junk_in_the_header_is_one_bucket(junk: str) -> None:
    assert client_address(scope("127.0.0.1", junk), ("127.0.0.1",)) in {"unknown", "127.0.0.1"}
