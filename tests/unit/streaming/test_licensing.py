"""Keys over HTTP: who gets them, for how long, and in which forms playlists name them."""

import asyncio
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import replace

import m3u8
import pytest

from antiphon.audio import SampleCipher, read_units
from antiphon.rights import ContentKey, Deal, DrmSignalling, Plan, SongDeals
from antiphon.streaming import HotRoutes, StreamingService

LEASE_MS = 120_000
PSSH_LINE = (
    '#EXT-X-KEY:METHOD=SAMPLE-AES,URI="skd://one",KEYFORMAT="com.apple.streamingkeydelivery"'
)


def base64url(data):
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def kids_of(grant):
    return [base64url(bytes.fromhex(v["kid"])) for v in grant["variants"]]


async def licence(house, grant, who="robin", **more):
    body = {"kids": kids_of(grant), "type": "temporary", **more}
    return await house.call("POST", grant["protection"]["licenceUrl"], body=body, who=who)


async def renew(house, grant, who="robin"):
    return await house.call("POST", grant["protection"]["licenceUrl"] + "/renew", who=who)


@pytest.fixture
async def fresh(house):
    """Give a house in which nobody plays."""
    await house.licences.release
    return house


async def test_a_grant_says_what_is_encrypted_and_where_keys_are(house):
    locked, open_ = await house.grant("locked"), await house.grant("first")
    assert open_["protection"] is None
    assert {v["kid"] for v in open_["variants"]} == {None}
    url = f"/v1/me/plays/{locked['id']}/licence"
    assert locked["protection"] == {"scheme": "cbcs", "licenceUrl": url}
    kids = [v["kid"] for v in locked["variants"]]
    assert len(set(kids)) == len(kids) > 1
    assert all(len(bytes.fromhex(kid)) == 16 for kid in kids)


async def test_a_licence_opens_every_rung_of_its_song(house):
    grant = await house.grant("locked")
    answer = await licence(house, grant)
    assert answer.status == 200
    assert answer.headers["cache-control"] == "no-store"
    assert answer.json["type"] == "temporary"
    keys = {k["kid"]: urlsafe_b64decode(k["k"] + "==") for k in answer.json["keys"]}
    assert {k["kty"] for k in answer.json["keys"]} == {"oct"}
    for variant, kid in zip(grant["variants"], kids_of(grant), strict=True):
        segment = await house.call("GET", variant["baseUrl"] + "0.m4s")
        init = await house.call("GET", variant["baseUrl"] + "init.mp4")
        vector = init.body[init.body.index(bytes.fromhex(variant["kid"])) + 17 :][:16]
        cipher = SampleCipher(ContentKey(bytes.fromhex(variant["kid"]), keys[kid], vector))
        first = cipher.opened(read_units(segment.body))[1][0]
        if variant["rung"] == "flac":
            assert first[:2] == b"\xff\xf8"
        else:
            assert first[0] >> 5 == 1  # the id of a channel pair element
    first, until = (
        int(answer.headers[f"antiphon-lease-{name}"]) - house.clock.now()
        for name in ("renew", "expires")
    )
    assert 0 < first < until == LEASE_MS


async def test_the_key_file_of_a_rung_is_the_licences_key(house):
    grant = await house.grant("locked")
    keys = {k["kid"]: k["k"] for k in (await licence(house, grant)).json["keys"]}
    for variant, kid in zip(grant["variants"], kids_of(grant), strict=True):
        answer = await house.call("GET", variant["baseUrl"] + "key")
        assert answer.status == 200
        assert base64url(answer.body) == keys[kid]
        assert answer.headers["content-type"] == "application/octet-stream"
        assert answer.headers["cache-control"] == "no-store"


async def test_the_signed_address_gives_the_same_licence_without_signing_in(house):
    grant = await house.grant("locked")
    address = grant["playlistUrl"].replace("main.m3u8", "licence")
    answer = await house.call("POST", address, body={"kids": kids_of(grant)})
    assert answer.json == (await licence(house, grant)).json


async def test_songs_in_the_clear_have_no_key(house):
    grant = await house.grant("first")
    answer = await house.call("GET", grant["variants"][0]["baseUrl"] + "key")
    assert (answer.status, answer.code) == (404, "not_encrypted")


async def test_keys_of_another_song_are_not_given(house):
    grant = await house.grant("locked")
    url = grant["protection"]["licenceUrl"]
    other = {"kids": [base64url(b"another songs id")]}
    answer = await house.call("POST", url, body=other, who="robin")
    assert (answer.status, answer.code) == (404, "key_unknown")


async def test_a_licence_is_for_whoever_was_granted_the_play(house):
    grant = await house.grant("locked")
    for method, path in (("POST", ""), ("POST", "/renew"), ("DELETE", "")):
        url = grant["protection"]["licenceUrl"] + path
        body = {"kids": kids_of(grant)} if method == "POST" else None
        answer = await house.call(method, url, body=body, who="kim")
        assert (answer.status, answer.code) == (404, "play_unknown")
        assert (await house.call(method, url, body=body)).status == 401


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"{", 400),
        (b'{"kids":[]}', 422),
        (b'{"kids":["short"]}', 422),
        (b'{"kids":["!!!!!!!!!!!!!!!!!!!!!!"]}', 422),
        (b'{"kids":["%s"]}' % (b"A" * 24), 422),
        (b'{"kids":"AAAAAAAAAAAAAAAAAAAAAA"}', 422),
        (json.dumps({"kids": ["A" * 22] * 17}).encode(), 422),
        (b'{"kids":["AAAAAAAAAAAAAAAAAAAAAA"],"type":"persistent-license"}', 422),
        (b"[" * 4000, 422),
        (b" " * 5000, 413),
        (b'\xff{"kids":[]}', 400),
    ],
)
async def test_a_licence_request_that_makes_no_sense_is_refused(house, body, status):
    grant = await house.grant("locked")
    answer = await house.call("POST", grant["protection"]["licenceUrl"], body=body, who="robin")
    assert answer.status == status, answer.body


async def test_a_lease_is_renewed_released_and_then_over(house):
    grant = await house.grant("locked")
    assert (await renew(house, grant)).code == "licence_ended"
    before = await licence(house, grant)
    house.clock.advance(seconds=60)
    longer = await renew(house, grant)
    assert (longer.status, longer.body) == (204, b"")
    expires = "antiphon-lease-expires"
    assert int(longer.headers[expires]) == int(before.headers[expires]) + 60_000
    url = grant["protection"]["licenceUrl"]
    assert (await house.call("DELETE", url, who="robin")).status == 204
    assert (await house.call("DELETE", url, who="robin")).status == 204
    ended = await renew(house, grant)
    assert (ended.status, ended.code) == (409, "licence_ended")


async def test_a_device_that_was_signed_out_gets_no_key(house):
    grant = await house.grant("locked")
    await licence(house, grant)
    house.revoked.add("devicekitchenabcdefghijk")
    for answer in (await licence(house, grant), await renew(house, grant)):
        assert (answer.status, answer.code) == (403, "device_revoked")


async def test_a_takedown_ends_licences_at_their_next_renewal(house):
    grant = await house.grant("locked")
    await licence(house, grant)
    deals = SongDeals(
        deals=(Deal(frozenset({"Worldwide"}), is_taken_down=True),),
        release_id="release",
        sender="label",
        sender_name="The Label",
        changed_at=house.clock.now(),
    )
    await house.rights.store.write_songs([(house.id("locked"), deals)])
    try:
        house.clock.advance(seconds=2)
        for answer in (await renew(house, grant), await licence(house, grant)):
            assert answer.status == 403
        key = await house.call("GET", grant["variants"][0]["baseUrl"] + "key")
        assert key.status in {403, 404}
    finally:
        await house.rights.store.forget_songs([house.id("locked")])


async def test_a_grant_of_long_ago_gives_no_key(house):
    grant = await house.grant("locked")
    house.clock.advance(seconds=6 * 3600 + 1)
    answer = await licence(house, grant)
    assert (answer.status, answer.code) == (403, "grant_ended")
    key = await house.call("GET", grant["variants"][0]["baseUrl"] + "key")
    assert (key.status, key.code) == (403, "url_expired")


async def test_a_profile_that_plays_nothing_explicit_gets_no_key_of_it(house):
    grant = await house.grant("locked", who="child")
    (await house.service.prepared(house.id("locked"))).explicit = True
    try:
        answer = await licence(house, grant, who="child")
    finally:
        house.service.forget(house.id("locked"))
        (await house.service.prepared(house.id("locked"))).explicit = False
    assert (answer.status, answer.code) == (403, "explicit_not_allowed")


async def test_an_individual_plan_plays_on_one_device_at_a_time(house):
    household = "householdabcdefghijklmno"
    terms = await house.rights.terms(household)
    await house.rights.change_terms(household, replace(terms, plan=Plan.INDIVIDUAL))
    try:
        mine, theirs = await house.grant("locked"), await house.grant("locked", who="kim")
        assert (await licence(house, mine)).status == 200
        refused = await licence(house, theirs, who="kim")
        assert (refused.status, refused.code) == (409, "too_many_streams")
        meta = refused.json["errors"][0]["meta"]
        assert [d["id"] for d in meta["devices"]] == ["devicekitchenabcdefghijk"]
        key = await house.call("GET", theirs["variants"][0]["baseUrl"] + "key")
        assert (key.status, key.code) == (409, "too_many_streams")
        await house.call("DELETE", mine["protection"]["licenceUrl"], who="robin")
        assert (await licence(house, theirs, who="kim")).status == 200
    finally:
        await house.rights.change_terms(household, terms)


@pytest.mark.parametrize(
    ("path", "method", "allowed"),
    [
        ("/licence", "GET", "POST, DELETE"),
        ("/licence", "PUT", "POST, DELETE"),
        ("/licence/renew", "DELETE", "POST"),
    ],
)
async def test_licences_know_their_methods(house, path, method, allowed):
    grant = await house.grant("locked")
    answer = await house.call(method, f"/v1/me/plays/{grant['id']}{path}", who="robin")
    assert (answer.status, answer.headers["allow"]) == (405, allowed)


async def test_a_key_is_not_taken_by_looking(house):
    grant = await house.grant("locked")
    address = grant["variants"][0]["baseUrl"] + "key"
    for method in ("HEAD", "POST"):
        answer = await house.call(method, address)
        assert (answer.status, answer.headers["allow"]) == (405, "GET")


@pytest.mark.parametrize(
    ("query", "key_format", "uri"),
    [("", "identity", "flac/key"), ("?keys=clearkey", "org.w3.clearkey", "licence")],
)
async def test_playlists_name_keys_as_each_player_needs_it(web, query, key_format, uri):
    grant = await web.granted("locked")
    main = await asyncio.to_thread(m3u8.load, grant["playlistUrl"] + query)
    assert all(entry.uri.endswith(f".m3u8{query}") for entry in main.playlists)
    media = await asyncio.to_thread(m3u8.load, main.playlists[0].absolute_uri)
    (key,) = media.keys
    assert (key.method, key.keyformat, key.uri, key.iv) == ("SAMPLE-AES", key_format, uri, None)


async def test_playlists_of_songs_in_the_clear_name_no_key(house):
    grant = await house.grant("first")
    answer = await house.call("GET", grant["variants"][0]["playlistUrl"])
    assert b"KEY" not in answer.body


class Words:
    """A vault whose keys a DRM system knows."""

    async def signalling(self, recording_id, rung):
        return (DrmSignalling("94ce86fb", hls_media=PSSH_LINE, hls_master="#EXT-X-SESSION-KEY:x"),)


@pytest.fixture
def drm_only(house):
    """Leave keys to a DRM system."""
    service = StreamingService(
        catalog=house.service._catalog,
        rights=house.rights,
        packages=house.packages,
        jobs=house.jobs,
        objects=house.objects,
        signals=house.signals,
        events=house.events,
        clock=house.clock,
        licences=house.licences,
        key_words=Words(),
        is_revoked=house.revoked.__contains__,
        signing_secret=b"a secret for tests, 32 bytes long",
        clear_key=False,
    )
    house.app = HotRoutes(service, house.app._authenticate)
    return house


async def test_keys_can_be_left_to_a_drm_system(drm_only):
    house = drm_only
    grant = await house.grant("locked")
    assert grant["protection"] == {"scheme": "cbcs", "licenceUrl": None}
    url = f"/v1/me/plays/{grant['id']}/licence"
    refused = await house.call("POST", url, body={"kids": kids_of(grant)}, who="robin")
    assert (refused.status, refused.code) == (403, "clear_key_off")
    key = await house.call("GET", grant["variants"][0]["baseUrl"] + "key")
    assert (key.status, key.code) == (403, "clear_key_off")
    media = (await house.call("GET", grant["variants"][0]["playlistUrl"])).body.decode()
    assert [line for line in media.splitlines() if "KEY" in line] == [PSSH_LINE]
    main = (await house.call("GET", grant["playlistUrl"])).body.decode()
    assert main.count("#EXT-X-SESSION-KEY:x") == len(grant["variants"])
