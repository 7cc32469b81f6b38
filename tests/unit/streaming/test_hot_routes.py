"""The hot routes, over ASGI, with real packages."""

from typing import Any


async def test_a_grant_names_variants_that_can_be_fetched(house: Any) -> None:
    grant = await house.grant("first")
    variant = grant["variants"][-1]
    init = await house.call("GET", variant["baseUrl"] + variant["init"])
    assert (init.status, init.headers["content-type"]) == (200, "audio/mp4")
    for number, (_, size) in enumerate(variant["segments"]):
        segment = await house.call("GET", f"{variant['baseUrl']}{number}.m4s")
        assert (segment.status, len(segment.body)) == (200, size)
