"""Keys come from a SPEKE key server over real HTTP, or a typed error says why they do not."""

import gzip
import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from antiphon.kernel import FixedClock, Invalid, RecordingId
from antiphon.rights import (
    CpixRefused,
    DrmSystem,
    KeysUnavailable,
    KeyVault,
    SpekeFault,
    SpekeKeys,
    SpekeRefused,
    SpekeServer,
    open_key_encryption,
)
from antiphon.rights.cpix.speke import fault_of, parsed_headers
from antiphon.testing.memory_tables import MemoryTables
from antiphon.testing.speke_server import Fault, Reply, SpekeTestServer, pssh_box, speke_server

SONG = RecordingId("abcdefghijklmnop")
KID = bytes(range(16))
UUID = "00010203-0405-0607-0809-0a0b0c0d0e0f"


@pytest.fixture
def server(monkeypatch) -> Iterator[SpekeTestServer]:
    monkeypatch.setattr("antiphon.rights.cpix.speke._PAUSE_SECONDS", 0.001)
    with speke_server() as running:
        yield running


def client(server: SpekeTestServer, **changes) -> SpekeKeys:
    headers = {"Authorization": server.token} | changes.pop("headers", {})
    return SpekeKeys(SpekeServer(server.url, headers, **({"seconds": 5.0} | changes)))


async def test_a_key_server_gives_the_key_and_the_signalling_of_three_systems(
    server: SpekeTestServer,
) -> None:
    found = await client(server).new_key(SONG, "flac", KID)
    assert found.key.kid == KID
    assert found.key.key == server.key(f"{SONG}/flac", UUID)
    said = {signalling.system_id: signalling for signalling in found.signalling}
    assert set(said) == set(DrmSystem)
    assert said[DrmSystem.WIDEVINE].pssh == pssh_box(DrmSystem.WIDEVINE, f"{SONG}/flac", UUID)
    assert said[DrmSystem.FAIRPLAY].pssh == b""
    for one in said.values():
        assert one.hls_media.removeprefix("#EXT-X-KEY:") == one.hls_master.removeprefix(
            "#EXT-X-SESSION-KEY:"
        )


async def test_a_request_is_what_the_protocol_asks_for(server: SpekeTestServer) -> None:
    await client(server, systems=(DrmSystem.FAIRPLAY,)).new_key(SONG, "flac", KID)
    ((headers, body),) = server.asked
    assert headers["x-speke-version"] == "2.0"
    assert headers["content-type"] == "application/xml"
    assert f'contentId="{SONG}/flac" version="2.3"' in body
    assert body.count("<cpix:DRMSystem ") == 1
    assert 'commonEncryptionScheme="cbcs"' in body
    assert "PlainValue" not in body
    assert '<cpix:HLSSignalingData playlist="master">' in body


async def test_the_same_request_twice_gets_the_same_key(server: SpekeTestServer) -> None:
    keys = client(server)
    first, second = await keys.new_key(SONG, "flac", KID), await keys.new_key(SONG, "flac", KID)
    assert first.key.key == second.key.key


async def test_a_vault_takes_its_keys_and_signalling_from_the_server(
    server: SpekeTestServer, tmp_path: Path
) -> None:
    tables = MemoryTables()

    def vault(source: SpekeKeys | None) -> KeyVault:
        encryption = open_key_encryption("", folder=tmp_path)
        return KeyVault(tables, FixedClock(), encryption, protect="everything", source=source)

    made = await vault(client(server)).content_key(SONG, "flac")
    assert made is not None
    kid = re.search(r'ContentKey kid="([^"]+)"', server.asked[0][1])
    assert kid is not None
    assert made.key == server.key(f"{SONG}/flac", kid[1])
    later = vault(None)  # once made, it is opened without the server
    assert (await later.keys(SONG))["flac"] == made
    said = await later.signalling(SONG, "flac")
    assert [s.system_id for s in said] == list(DrmSystem)
    assert all(s.hls_media for s in said)


def status(code: int, text: str = "") -> Fault:
    def fault(reply: Reply) -> None:
        reply.status, reply.body = code, text.encode()

    return fault


def hang_up(reply: Reply) -> None:
    reply.hang_up = True


def slow(reply: Reply) -> None:
    reply.delay = 3.0


@pytest.mark.parametrize("fault", [status(500), status(503), status(429), hang_up])
async def test_what_passes_is_tried_again_with_the_same_request(
    fault: Fault, server: SpekeTestServer
) -> None:
    server.faults = [fault, fault]
    found = await client(server).new_key(SONG, "flac", KID)
    assert found.key.key == server.key(f"{SONG}/flac", UUID)
    assert len(server.asked) == 3
    assert len({body for _, body in server.asked}) == 1


async def test_a_server_that_stays_away_is_unavailable(server: SpekeTestServer) -> None:
    server.faults = [status(503)] * 10
    with pytest.raises(KeysUnavailable, match="HTTP 503"):
        await client(server, tries=3).new_key(SONG, "flac", KID)
    assert len(server.asked) == 3


async def test_a_server_that_is_not_there_is_unavailable() -> None:
    with speke_server() as gone:
        url = gone.url
    with pytest.raises(KeysUnavailable, match="ConnectError"):
        await SpekeKeys(SpekeServer(url, tries=2)).new_key(SONG, "flac", KID)


async def test_a_server_that_hangs_is_waited_for_no_longer_than_was_said(
    server: SpekeTestServer,
) -> None:
    server.faults = [slow, slow]
    began = time.monotonic()
    with pytest.raises(KeysUnavailable):
        await client(server, tries=2, seconds=0.2).new_key(SONG, "flac", KID)
    assert time.monotonic() - began < 2


REFUSALS = {
    SpekeFault.NO_CONTENT_ID: lambda body: re.sub('contentId="[^"]*"', 'contentId=""', body),
    SpekeFault.NO_VERSION: lambda body: body.replace('version="2.3"', 'version=""'),
    SpekeFault.BAD_VERSION: lambda body: body.replace('version="2.3"', 'version="9.9"'),
    SpekeFault.NO_SCHEME: lambda body: body.replace('Scheme="cbcs"', 'Scheme=""'),
    SpekeFault.MIXED_SCHEMES: lambda body: body.replace(
        "<cpix:ContentKeyList>",
        f'<cpix:ContentKeyList><cpix:ContentKey kid="x{UUID}" commonEncryptionScheme="cenc"/>',
    ),
    SpekeFault.WRONG_SCHEME: lambda body: body.replace('Scheme="cbcs"', 'Scheme="cenc"'),
    SpekeFault.BAD_CONTRACT: lambda body: body.replace(
        f'Rule kid="{UUID}"', 'Rule kid="11111111-0405-0607-0809-0a0b0c0d0e0f"'
    ),
    SpekeFault.WRONG_CONTRACT: lambda body: body.replace('Type="AUDIO"', 'Type="UHD"'),
    SpekeFault.NO_CONTRACT: lambda body: re.sub("<cpix:AudioFilter></cpix:AudioFilter>", "", body),
}


@pytest.mark.parametrize("fault", REFUSALS)
async def test_each_documented_refusal_is_a_typed_error_and_is_not_tried_again(
    fault: SpekeFault, server: SpekeTestServer, monkeypatch
) -> None:
    from antiphon.rights.cpix import speke

    spoil, write = REFUSALS[fault], speke.write_cpix
    monkeypatch.setattr(speke, "write_cpix", lambda d: spoil(write(d).decode()).encode())
    with pytest.raises(SpekeRefused) as refused:
        await client(server).new_key(SONG, "flac", KID)
    assert refused.value.fault is fault
    assert "422" in refused.value.detail
    assert len(server.asked) == 1


async def test_an_unsupported_speke_version_is_refused_as_such(
    server: SpekeTestServer, monkeypatch
) -> None:
    monkeypatch.setattr("antiphon.rights.cpix.speke.SPEKE_VERSION", "3.7")
    with pytest.raises(SpekeRefused) as refused:
        await client(server).new_key(SONG, "flac", KID)
    assert refused.value.fault is SpekeFault.BAD_SPEKE_VERSION


async def test_wrong_credentials_are_told_apart_and_not_repeated(server: SpekeTestServer) -> None:
    keys = client(server, headers={"Authorization": "Bearer wrong-secret"})
    with pytest.raises(SpekeRefused) as refused:
        await keys.new_key(SONG, "flac", KID)
    assert refused.value.fault is SpekeFault.DENIED
    assert "wrong-secret" not in f"{refused.value} {keys._server!r}"


async def test_a_refusal_in_unknown_words_is_not_repeated_to_anyone(
    server: SpekeTestServer,
) -> None:
    server.faults = [status(422, "\x1b[31mour database is at db.internal")]
    with pytest.raises(SpekeRefused) as refused:
        await client(server).new_key(SONG, "flac", KID)
    assert refused.value.fault is SpekeFault.OTHER
    assert "internal" not in refused.value.detail


@pytest.mark.parametrize("code", [301, 302, 307, 308])
async def test_a_redirect_is_not_followed(code: int, server: SpekeTestServer) -> None:
    def away(reply: Reply) -> None:
        reply.status, reply.headers["Location"] = code, server.url

    server.faults = [away]
    with pytest.raises(SpekeRefused, match=str(code)):
        await client(server).new_key(SONG, "flac", KID)
    assert len(server.asked) == 1


def without(name: str) -> Fault:
    return lambda reply: reply.headers.pop(name) and None


def replaced(old: str, new: str) -> Fault:
    def fault(reply: Reply) -> None:
        body = re.sub(old, new, reply.body.decode())
        assert body.encode() != reply.body
        reply.body = body.encode()

    return fault


def compressed(reply: Reply) -> None:
    reply.body = gzip.compress(bytes(50_000_000), 1)
    reply.headers["Content-Encoding"] = "gzip"


def endless(reply: Reply) -> None:
    reply.body += b" " * 20_000_000


def old_version(reply: Reply) -> None:
    reply.headers["X-Speke-Version"] = "1.0"


ANSWERS = {
    "no version": without("X-Speke-Version"),
    "an older version": old_version,
    "no user agent": without("X-Speke-User-Agent"),
    "compressed": compressed,
    "too large": endless,
    "no XML": replaced("(?s).*", "<html>"),
    "another content": replaced('contentId="[^"]*"', 'contentId="other"'),
    "another scheme": replaced('Scheme="cbcs"', 'Scheme="cenc"'),
    "no key": replaced("<pskc:PlainValue>.*?<", "<pskc:PlainValue><"),
    "a short key": replaced("<pskc:PlainValue>.*?<", "<pskc:PlainValue>AAAA<"),
    "no pssh": replaced("<cpix:PSSH>.*?</cpix:PSSH>", ""),
    "two pssh boxes": replaced("<cpix:PSSH>.{60}", "<cpix:PSSH>" + "A" * 60),
    "pssh that differ": replaced(
        "<cpix:ContentProtectionData>.*?<",
        "<cpix:ContentProtectionData>PHBzc2g+QUFBQTwvcHNzaD4=<",
    ),
    "no line for playlists": replaced('(playlist="media">).*?<', r"\1<"),
    "no rules": replaced("<cpix:ContentKeyUsageRule .*?</cpix:ContentKeyUsageRule>", ""),
    "a document type": replaced("<cpix:CPIX", "<!DOCTYPE x><cpix:CPIX"),
}


@pytest.mark.parametrize("what", ANSWERS)
async def test_a_wrong_answer_stops_the_packager(what: str, server: SpekeTestServer) -> None:
    server.faults = [ANSWERS[what]]
    with pytest.raises(CpixRefused):
        await client(server).new_key(SONG, "flac", KID)
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    "url",
    [
        "http://keys.example/speke",
        "ftp://127.0.0.1/",
        "https://user:password@keys.example/",
        "https://",
        "keys.example",
        "",
    ],
)
def test_keys_travel_over_tls_or_not_at_all(url: str) -> None:
    with pytest.raises(Invalid):
        SpekeServer(url)


def test_headers_are_lines_and_a_wrong_one_is_not_repeated() -> None:
    assert parsed_headers(["Authorization: Bearer a:b", "X-Key:1"]) == {
        "Authorization": "Bearer a:b",
        "X-Key": "1",
    }
    for line in ("secret", "A B: secret", "A: sec\nret", ": secret", "Ä: secret"):
        with pytest.raises(Invalid) as refused:
            parsed_headers([line])
        assert "secret" not in refused.value.detail


def test_a_refusal_is_known_by_its_text_whatever_stands_around_it() -> None:
    text = '{"error": "Missing ContentKey@commonEncryptionScheme for KID 1-2"}'
    assert fault_of(422, text) is SpekeFault.NO_SCHEME
    assert fault_of(400, "") is SpekeFault.OTHER
