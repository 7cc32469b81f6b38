"""Objects in a real S3 service: the contract, signed URLs, large objects, faults."""

import hashlib
import os
import urllib.error
import urllib.request

import pytest

from antiphon.kernel import Invalid, Unavailable
from antiphon.storage import GuardedObjects, open_objects
from antiphon.testing import ObjectsContract
from antiphon.testing.checks import refused


def below(url: str, prefix: str) -> str:
    where, _, query = url.partition("?")
    return f"{where}/{prefix}?{query}"


class TestS3Objects(ObjectsContract):
    @pytest.fixture
    def objects(self, engine, unique: str) -> GuardedObjects:
        found = open_objects(below(engine("s3").url, unique))
        assert isinstance(found, GuardedObjects)
        return found


async def test_an_object_in_parts_is_whole(engine, unique):
    objects = open_objects(below(engine("s3").url, unique))
    data = os.urandom(20_000_003)
    assert await objects.put("master.flac", data)
    found = await objects.get("master.flac")
    assert hashlib.sha256(found or b"").digest() == hashlib.sha256(data).digest()
    assert await objects.get("master.flac", start=8_388_600, length=20) == data[8_388_600:8_388_620]


async def test_a_signed_url_gives_that_object_alone_and_not_for_ever(engine, unique):
    objects = open_objects(below(engine("s3").url, unique))
    await objects.put("a", b"sound")
    await objects.put("b", b"other")
    url = objects.locate("a", seconds=60).url
    assert url is not None
    with urllib.request.urlopen(url, timeout=5) as answer:
        assert answer.read() == b"sound"
    for bad in (url.replace("/a?", "/b?"), url.replace("Expires=60", "Expires=6000")):
        with pytest.raises(urllib.error.HTTPError) as refusal:
            urllib.request.urlopen(bad, timeout=5)
        assert refusal.value.code == 403
        refusal.value.close()


async def test_a_store_that_players_do_not_reach_signs_nothing(engine):
    objects = open_objects(engine("s3").url + "&sign=no")
    assert objects.locate("a").url is None


async def test_what_was_acknowledged_survives_a_kill(own_engine):
    gateway = own_engine("s3")
    objects = open_objects(gateway.url)
    for number in range(20):
        assert await objects.put(f"o/{number}", b"%d" % number * 1000, create_only=True)
    gateway.kill()
    await refused(Unavailable, objects.get("o/1"))
    gateway.start()
    for number in range(20):
        assert await objects.get(f"o/{number}") == b"%d" % number * 1000


@pytest.mark.parametrize("url", ["s3://", "s3:///key", "s3://bucket?colour=blue"])
def test_a_bad_url_is_refused_with_what_to_write(url: str) -> None:
    with pytest.raises(Invalid):
        open_objects(url)
