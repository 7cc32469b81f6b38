"""Objects at an emulator of Azure Blob: the contract. Google Cloud Storage: what is asked where."""

import json
import urllib.request

import pytest

from antiphon.kernel import Invalid, Unavailable
from antiphon.storage import GuardedObjects, open_objects
from antiphon.testing import ObjectsContract
from antiphon.testing.checks import refused

GOOGLE = {"disable_oauth": True, "client_email": "", "private_key": "", "private_key_id": ""}


def below(url: str, prefix: str) -> str:
    where, _, query = url.partition("?")
    return f"{where}/{prefix}?{query}"


class TestAzureObjects(ObjectsContract):
    @pytest.fixture
    def objects(self, engine, unique: str) -> GuardedObjects:
        found = open_objects(below(engine("azure").url, unique))
        assert isinstance(found, GuardedObjects)
        return found


async def test_azure_signs_a_url_that_gives_the_object(engine, unique):
    objects = open_objects(below(engine("azure").url, unique))
    await objects.put("a", b"sound")
    url = objects.locate("a", seconds=60).url
    assert url is not None
    with urllib.request.urlopen(url, timeout=5) as answer:
        assert answer.read() == b"sound"


@pytest.mark.parametrize("scheme", ["gs", "az"])
async def test_the_endpoint_of_the_url_is_the_one_that_is_asked(scheme, monkeypatch):
    monkeypatch.setenv("GOOGLE_SERVICE_ACCOUNT_KEY", json.dumps(GOOGLE))
    monkeypatch.setenv("AZURE_STORAGE_ACCOUNT_NAME", "account")
    monkeypatch.setenv("AZURE_STORAGE_ACCOUNT_KEY", "c2VjcmV0")
    objects = open_objects(f"{scheme}://bucket?endpoint=http://127.0.0.1:1/account")
    error = await refused(Unavailable, objects.head("a"))
    assert "127.0.0.1:1" in error.detail


@pytest.mark.parametrize(
    "url", ["gs://", "az://", "gs://b?region=eu", "az://b?region=eu", "gs://b?colour=blue"]
)
def test_a_bad_url_is_refused_with_what_to_write(url: str) -> None:
    with pytest.raises(Invalid, match=r"write (gs|az)://bucket/prefix\?endpoint=URL&sign=no"):
        open_objects(url)
