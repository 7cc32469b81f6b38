"""The hot routes, over ASGI, with real packages: what they send, and what they refuse."""

import asyncio
import gzip
from pathlib import Path
from random import Random

import msgspec
import pytest

PATHSEND = {"http.response.pathsend": {}}
SEGMENT_PATHS_THAT_ARE_NOT = [
    "..%2f..%2fetc%2fpasswd",
    "../../../../etc/passwd",
    "flac/../flac/0.m4s",
    "flac/..;/0.m4s",
    "flac/%2e%2e/0.m4s",
    "flac//0.m4s",
    "flac/0.m4s/",
    "flac/00.m4s",
    "flac/-1.m4s",
    "flac/+1.m4s",
    "flac/1e1.m4s",
    "flac/\u0661.m4s",
    "flac/0.m4s\0",
    "flac/0.m4s\n",
    "flac/9999999.m4s",
    "flac/init.mp4.bak",
    "FLAC/0.m4s",
    "opus/0.m4s",
    "main.mp4",
    "main.m3u8.gz",
    "flac/main.m3u8",
    "\\\\server\\share",
    "flac/" + "0" * 4096 + ".m4s",
    "\udce2\udc80",
    "",
]


async def test_a_grant_names_variants_that_can_be_fetched(house):
    grant = await house.grant("first")
    for variant in grant["variants"]:
        init = await house.call("GET", variant["baseUrl"] + variant["init"])
        assert (init.status, init.headers["content-type"]) == (200, "audio/mp4")
        for number, (_, size) in enumerate(variant["segments"]):
            segment = await house.call("GET", f"{variant['baseUrl']}{number}.m4s")
            assert (segment.status, len(segment.body)) == (200, size)
            assert segment.headers["content-length"] == str(size)
            assert segment.headers["content-type"] == "video/iso.segment"
            assert "immutable" in segment.headers["cache-control"]
            assert "access-control-allow-origin" not in segment.headers


async def test_a_grant_tells_what_the_package_holds(house):
    grant, package = await house.grant("hires"), await house.package("hires")
    flac = next(r for r in package.renditions if r.rung == "flac")
    assert (grant["durationInSamples"], grant["sampleRate"]) == (flac.samples, 96_000)
    told = next(v for v in grant["variants"] if v["rung"] == "flac")
    assert (told["bitDepth"], told["channels"], told["lossless"]) == (24, 2, True)
    assert told["segments"] == [[s.samples, s.size] for s in flac.segments]
    assert grant["loudness"]["integrated"] == package.loudness.integrated
    assert grant["decision"]["chosen"] == "flac"
    assert grant["progressiveUrl"].endswith("/flac.mp4")


async def test_every_grant_is_its_own_though_its_heavy_part_is_shared(house):
    one, other = await house.grant("first"), await house.grant("first")
    assert one["id"] != other["id"]
    assert one["playlistUrl"] != other["playlistUrl"]
    assert one["decision"] == other["decision"]


async def test_a_wish_is_heard(house):
    wish = {"capabilities": {"codecs": ["mp4a.40.2"]}, "preference": "standard"}
    grant = await house.grant("first", **wish)
    assert [v["rung"] for v in grant["variants"]] == ["aac-64", "aac-128"]
    codes = {e["rung"]: e["code"] for e in grant["decision"]["excluded"]}
    assert codes["flac"] == codes["alac"] == "codec_unsupported"
    assert codes["aac-256"] == "above_preference"
    assert (await house.call("GET", grant["playlistUrl"])).body.count(b"STREAM-INF") == 2


async def test_a_rung_outside_the_grant_is_not_served(house):
    grant = await house.grant("first", preference="low")
    base = grant["playlistUrl"].removesuffix("main.m3u8")
    for path in ("flac.m3u8", "flac.mp4", "flac/init.mp4", "flac/0.m4s"):
        answer = await house.call("GET", base + path)
        assert (answer.status, answer.code) == (404, "not_found")


async def test_a_grant_needs_a_listener(house):
    body = {"songId": house.id("first")}
    answer = await house.call("POST", "/v1/me/plays", body=body)
    assert (answer.status, answer.code) == (401, "denied")
    assert answer.headers["www-authenticate"] == "Bearer"


async def test_an_unknown_song_is_not_found(house):
    body = {"songId": "a" * 16}
    answer = await house.call("POST", "/v1/me/plays", body=body, who="robin")
    assert (answer.status, answer.code) == (404, "song_unknown")


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"{", 400),
        (b"[" * 5000, 422),
        (b"\xff\xfe", 400),
        (b"null", 422),
        ({}, 422),
        ({"songId": 7}, 422),
        ({"songId": "../../etc"}, 422),
        ({"songId": "a" * 16, "preference": "best"}, 422),
        ({"songId": "a" * 16, "network": {"kbps": -1}}, 422),
        ({"songId": "a" * 16, "network": {"kbps": 1e300}}, 422),
        ({"songId": "a" * 16, "capabilities": {"codecs": ["x"] * 65}}, 422),
        ({"songId": "a" * 16, "capabilities": {"codecs": ["x" * 65]}}, 422),
        ({"songId": "a" * 16, "capabilities": {"maxChannels": 0}}, 422),
        (b'{"songId":"' + b"a" * 17_000 + b'"}', 413),
    ],
)
async def test_a_body_that_makes_no_sense_is_refused_with_a_reason(house, body, status):
    answer = await house.call("POST", "/v1/me/plays", body=body, who="robin")
    assert answer.status == status
    assert answer.json["errors"][0]["detail"]


async def test_a_body_that_is_said_to_be_too_large_is_not_read(house):
    headers = {"Content-Length": "99999999"}
    answer = await house.call("POST", "/v1/me/plays", body=b"{}", headers=headers, who="robin")
    assert (answer.status, answer.code) == (413, "too_large")


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "GET", "HEAD"])
async def test_grants_are_posted_only(house, method):
    answer = await house.call(method, "/v1/me/plays", who="robin")
    assert (answer.status, answer.headers["allow"]) == (405, "POST")


@pytest.mark.parametrize("method", ["PUT", "POST", "DELETE", "OPTIONS"])
async def test_media_is_only_read(house, method):
    grant = await house.grant("first")
    answer = await house.call(method, grant["playlistUrl"])
    assert (answer.status, answer.headers["allow"]) == (405, "GET, HEAD")


async def test_playlists_are_gzipped_for_those_who_can_unpack_them(house):
    url = (await house.grant("first"))["playlistUrl"]
    packed = await house.call("GET", url, headers={"Accept-Encoding": "gzip, br"})
    plain = await house.call("GET", url)
    assert packed.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain.headers
    assert gzip.decompress(packed.body) == plain.body
    for answer in (packed, plain):
        assert answer.headers["content-type"] == "application/vnd.apple.mpegurl"
        assert answer.headers["vary"] == "accept-encoding"
        assert answer.headers["content-length"] == str(len(answer.body))


async def test_playlists_hold_no_token(house):
    grant = await house.grant("first")
    token = grant["playlistUrl"].split("/")[2]
    for url in (grant["playlistUrl"], *(v["playlistUrl"] for v in grant["variants"])):
        assert token.encode() not in (await house.call("GET", url)).body


async def test_head_tells_what_get_would_send(house):
    grant = await house.grant("first")
    variant = grant["variants"][0]
    urls = [grant["playlistUrl"], variant["playlistUrl"], grant["progressiveUrl"]]
    for url in [*urls, variant["baseUrl"] + "init.mp4", variant["baseUrl"] + "0.m4s"]:
        got, head = await house.call("GET", url), await house.call("HEAD", url)
        assert (head.status, head.headers, head.body) == (200, got.headers, b"")


async def test_what_is_known_already_is_not_sent_again(house):
    grant = await house.grant("first")
    variant = grant["variants"][0]
    for url in (grant["playlistUrl"], variant["baseUrl"] + "0.m4s", grant["progressiveUrl"]):
        etag = (await house.call("GET", url)).headers["etag"]
        for told in (etag, f'"other", {etag}', "*"):
            again = await house.call("GET", url, headers={"If-None-Match": told})
            assert (again.status, again.body, again.headers["etag"]) == (304, b"", etag)
        other = await house.call("GET", url, headers={"If-None-Match": '"other"'})
        assert other.status == 200


async def test_etags_differ_between_all_parts_of_all_songs(house):
    tags = []
    for name in ("first", "second"):
        for variant in (await house.grant(name))["variants"]:
            paths = ["init.mp4", "0.m4s", "1.m4s"]
            tags += [
                (await house.call("HEAD", variant["baseUrl"] + p)).headers["etag"] for p in paths
            ]
    assert len(tags) == len(set(tags))


async def test_a_range_of_a_segment_is_that_part_of_it(house):
    url = (await house.grant("first"))["variants"][0]["baseUrl"] + "0.m4s"
    whole = (await house.call("GET", url)).body
    size = len(whole)
    for header, part in {
        "bytes=0-9": whole[:10],
        "bytes=100-": whole[100:],
        "bytes=-7": whole[-7:],
        f"bytes=5-{size + 1000}": whole[5:],
        f"bytes=-{size + 1000}": whole,
    }.items():
        answer = await house.call("GET", url, headers={"Range": header})
        assert (answer.status, answer.body) == (206, part)
        start = whole.index(part) if len(part) < size else 0
        assert answer.headers["content-range"] == f"bytes {start}-{start + len(part) - 1}/{size}"
        assert answer.headers["content-length"] == str(len(part))


@pytest.mark.parametrize(
    "header",
    [
        "bytes=-0",
        "bytes=9-3",
        "bytes=99999999-",
        "bytes=0-0,2-2",
        "bytes=" + ",".join(f"{n}-{n + 5}" for n in range(10_000)),
    ],
)
async def test_a_range_that_cannot_be_had_is_refused_with_the_size(house, header):
    grant = await house.grant("first")
    for url in (grant["variants"][0]["baseUrl"] + "0.m4s", grant["progressiveUrl"]):
        size = (await house.call("HEAD", url)).headers["content-length"]
        answer = await house.call("GET", url, headers={"Range": header})
        assert (answer.status, answer.headers["content-range"]) == (416, f"bytes */{size}")
        assert answer.code == "range_not_satisfiable"


async def test_a_range_of_what_was_replaced_gives_the_whole(house):
    url = (await house.grant("first"))["variants"][0]["baseUrl"] + "0.m4s"
    etag = (await house.call("HEAD", url)).headers["etag"]
    same = await house.call("GET", url, headers={"Range": "bytes=0-0", "If-Range": etag})
    other = await house.call("GET", url, headers={"Range": "bytes=0-0", "If-Range": '"x"'})
    assert (same.status, other.status) == (206, 200)


async def test_the_progressive_file_is_init_index_and_all_segments(house):
    grant = await house.grant("second")
    base = grant["progressiveUrl"].removesuffix("flac.mp4")
    whole = (await house.call("GET", grant["progressiveUrl"])).body
    init = (await house.call("GET", base + "flac/init.mp4")).body
    parts = [(await house.call("GET", f"{base}flac/{n}.m4s")).body for n in range(2)]
    assert whole.startswith(init)
    assert whole.endswith(b"".join(parts))
    index = whole[len(init) : len(whole) - sum(map(len, parts))]
    assert index[4:8] == b"sidx"
    assert int.from_bytes(index[:4], "big") == len(index)


async def test_any_range_of_the_progressive_file_is_that_part_of_it(house):
    url = (await house.grant("second"))["progressiveUrl"]
    whole = (await house.call("GET", url)).body
    size = len(whole)
    parts = [(0, 1), (500, 3000), (size // 2, size // 2 + 70_000), (0, size), (7, size - 9)]
    for start, stop in parts:
        answer = await house.call("GET", url, headers={"Range": f"bytes={start}-{stop - 1}"})
        assert (answer.status, answer.body) == (206, whole[start:stop])


@pytest.mark.parametrize("path", SEGMENT_PATHS_THAT_ARE_NOT)
async def test_a_path_that_is_not_on_the_list_does_not_exist(house, path):
    grant = await house.grant("first")
    answer = await house.call("GET", grant["playlistUrl"].removesuffix("main.m3u8") + path)
    assert (answer.status, answer.code) == (404, "not_found")


@pytest.mark.parametrize("path", ["/hls/", "/hls", "/v1/me/plays/", "/v1/me/plays/x/events"])
async def test_other_paths_below_ours_do_not_exist(house, path):
    answer = await house.call("POST", path, who="robin")
    assert (answer.status, answer.code) == (404, "not_found")


async def test_a_segment_past_the_end_does_not_exist(house):
    grant = await house.grant("first")
    answer = await house.call("GET", grant["variants"][0]["baseUrl"] + "3.m4s")
    assert (answer.status, answer.code) == (404, "not_found")


async def test_an_altered_address_is_refused(house):
    _, _, token, song, path = (await house.grant("first"))["playlistUrl"].split("/")
    later = token.replace(token.split(".")[0], f"{int(token.split('.')[0], 16) + 60:x}", 1)
    richer = token.replace(".f123.", ".fl123.", 1)
    for other in (later, richer, token[:-1] + ("0" if token[-1] != "0" else "1"), "a" * 100):
        answer = await house.call("GET", f"/hls/{other}/{song}/{path}")
        assert (answer.status, answer.code) == (403, "url_forged")
    wrong = await house.call("GET", f"/hls/{token}/{house.id('second')}/{path}")
    assert (wrong.status, wrong.code) == (403, "url_forged")


async def test_an_address_expires(house):
    grant = await house.grant("first")
    assert grant["expiresAt"] == "2023-11-15T04:13:20Z"
    house.clock.advance(seconds=6 * 3600)
    answer = await house.call("GET", grant["playlistUrl"])
    assert (answer.status, answer.code) == (403, "url_expired")


async def test_an_address_from_the_future_is_refused(house):
    grant = await house.grant("first")
    house.clock.advance(seconds=-3600)
    answer = await house.call("GET", grant["playlistUrl"])
    assert (answer.status, answer.code) == (403, "url_not_yet_valid")


async def test_an_address_is_refused_to_another_signed_in_device(house):
    grant = await house.grant("first", who="robin")
    assert (await house.call("GET", grant["playlistUrl"], who="robin")).status == 200
    answer = await house.call("GET", grant["playlistUrl"], who="kim")
    assert (answer.status, answer.code) == (403, "url_not_yours")


async def test_a_file_that_is_not_in_memory_is_left_to_the_server(house, monkeypatch):
    monkeypatch.setattr("antiphon.streaming.disk.read_if_in_memory", lambda *_: None)
    house.extensions.update(PATHSEND)
    grant = await house.grant("first")
    answer = await house.call("GET", grant["variants"][0]["baseUrl"] + "0.m4s")
    assert answer.path is not None
    assert Path(answer.path).stat().st_size == int(answer.headers["content-length"])


async def test_a_server_that_sends_no_files_gets_bytes(house, monkeypatch):
    monkeypatch.setattr("antiphon.streaming.disk.read_if_in_memory", lambda *_: None)
    grant = await house.grant("first")
    answer = await house.call("GET", grant["variants"][0]["baseUrl"] + "0.m4s")
    assert answer.path is None
    assert len(answer.body) == grant["variants"][0]["segments"][0][1]


async def test_a_segment_that_is_gone_is_not_found_rather_than_a_failure(house):
    package = await house.package("second")
    rendition = next(r for r in package.renditions if r.rung == "aac-64")
    file = house.objects.locate(rendition.segment_key(0)).path
    aside = file.with_suffix(".aside")
    grant = await house.grant("second")
    url = grant["variants"][0]["baseUrl"] + "0.m4s"
    file.rename(aside)
    try:
        gone = await house.call("GET", url)
        file.write_bytes(b"too short")
        short = await house.call("GET", url)
    finally:
        aside.replace(file)
    assert (gone.status, short.status) == (404, 404)
    assert (await house.call("GET", url)).status == 200


async def test_refusals_carry_no_cache_and_no_sniffing(house):
    answer = await house.call("GET", "/hls/nothing")
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert msgspec.json.decode(answer.body)["errors"][0]["status"] == "404"


async def test_a_body_that_does_not_come_is_not_waited_for(house, monkeypatch):
    monkeypatch.setattr("antiphon.streaming.asgi.BODY_SECONDS", 0.05)
    sent = []

    async def never():
        await asyncio.Event().wait()

    async def send(message):
        sent.append(message)

    scope = {
        "type": "http",
        "method": "POST",
        "path": "/v1/me/plays",
        "headers": [(b"authorization", b"Bearer robin")],
    }
    await asyncio.wait_for(house.app(scope, never, send), 2)
    assert sent[0]["status"] == 408


async def test_nothing_more_is_read_for_a_client_that_has_left(house, monkeypatch):
    monkeypatch.setattr("antiphon.streaming.hot._CHUNK", 1000)
    url = (await house.grant("first"))["progressiveUrl"]
    sent = 0

    async def leaves():
        await asyncio.sleep(0)
        return {"type": "http.disconnect"}

    async def send(_):
        nonlocal sent
        sent += 1

    await house.app({"type": "http", "method": "GET", "path": url, "headers": []}, leaves, send)
    assert sent < 10


@pytest.mark.parametrize("accepted", ["", "br", "gzip;q=0", "br, gzip; q=0.0", "gzip;q=0, *"])
async def test_playlists_are_plain_for_those_who_refuse_gzip(house, accepted):
    url = (await house.grant("first"))["playlistUrl"]
    answer = await house.call("GET", url, headers={"Accept-Encoding": accepted})
    assert "content-encoding" not in answer.headers
    assert answer.body.startswith(b"#EXTM3U")


async def test_a_little_liking_for_gzip_is_enough(house):
    url = (await house.grant("first"))["playlistUrl"]
    answer = await house.call("GET", url, headers={"Accept-Encoding": "gzip;q=0.01"})
    assert answer.headers["content-encoding"] == "gzip"


async def test_no_path_made_of_our_own_pieces_or_junk_is_a_failure(house):
    token, song = (await house.grant("first"))["playlistUrl"].split("/")[2:4]
    pieces = [
        "hls",
        token,
        song,
        "flac",
        "main",
        ".m3u8",
        ".m4s",
        ".mp4",
        "init",
        "0",
        "..",
        ".",
        "",
    ]
    pieces += ["%2e", "\0", "\\", "é", "v1", "me", "plays", "events", "?", "#", "a" * 300]
    random = Random(7)
    for _ in range(3000):
        path = "/" + "".join(
            random.choice(pieces) + random.choice("//  ").strip()
            for _ in range(random.randint(1, 8))
        )
        method = random.choice(["GET", "HEAD", "POST"])
        answer = await house.call(method, path, who=random.choice([None, "robin"]))
        assert answer.status in {200, 400, 401, 403, 404, 405, 422}, path
        assert answer.status != 200 or path.startswith(f"/hls/{token}/{song}/"), path
