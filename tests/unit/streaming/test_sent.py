"""What was sent of granted songs is gathered, and told to the log once."""

import asyncio

import pytest

from antiphon.eventlog import EventTypes
from antiphon.kernel import GrantId, Unavailable
from antiphon.streaming import sent as module
from antiphon.streaming.events import TOPIC, MediaSent
from antiphon.streaming.sent import SentMedia


async def told(house):
    found, types = {}, EventTypes(MediaSent)
    async with house.events.subscribe(TOPIC, group="sent") as subscription:
        while records := await subscription.poll(wait=0.01):
            for record in records:
                event = types.decode(record.envelope)
                if isinstance(event, MediaSent):
                    found.setdefault(event.grant_id, []).append(event.sent_ms)
            await subscription.commit(records)
    return found


def grant_id(grant):
    return grant["id"].split(".")[0]


async def test_segments_that_were_sent_are_told_once_whatever_their_rung(house):
    grant = await house.grant("first")
    flac, aac = grant["variants"][0], grant["variants"][1]
    for base in (flac["baseUrl"], aac["baseUrl"], flac["baseUrl"]):
        assert (await house.call("GET", base + "0.m4s")).status == 200
    assert await house.service.sent.tell() == 1
    assert (await house.call("GET", flac["baseUrl"] + "1.m4s")).status == 200
    assert await house.service.sent.tell() == 1
    assert await house.service.sent.tell() == 0
    lengths = [samples * 1000 // flac["sampleRate"] for samples, _ in flac["segments"][:2]]
    assert await told(house) == {grant_id(grant): lengths}


async def test_what_was_not_sent_is_not_told(house):
    grant = await house.grant("first")
    base = grant["variants"][0]["baseUrl"]
    segment = await house.call("GET", base + "0.m4s")
    await house.service.sent.tell()
    await told(house)
    other = await house.grant("first")
    base = other["variants"][0]["baseUrl"]
    await house.call("HEAD", base + "0.m4s")
    await house.call("GET", base + "init.mp4")
    await house.call("GET", base + "900.m4s")
    await house.call("GET", other["playlistUrl"])
    same = {"If-None-Match": segment.headers["etag"]}
    assert (await house.call("GET", base + "0.m4s", headers=same)).status == 304
    assert await house.service.sent.tell() == 0


async def test_a_part_of_the_whole_file_counts_by_its_share(house):
    grant = await house.grant("first")
    whole = await house.call("GET", grant["progressiveUrl"])
    half = {"Range": f"bytes=0-{len(whole.body) // 2 - 1}"}
    other = await house.grant("first")
    assert (await house.call("GET", other["progressiveUrl"], headers=half)).status == 206
    await house.service.sent.tell()
    found = await told(house)
    assert found[grant_id(grant)] == [13_370]
    assert found[grant_id(other)][0] == pytest.approx(6685, abs=5)


async def test_what_the_log_did_not_take_is_told_the_next_time(house, monkeypatch):
    grant = await house.grant("first")
    await house.call("GET", grant["variants"][0]["baseUrl"] + "0.m4s")

    async def away(*_):
        raise Unavailable("The log is away.")

    with monkeypatch.context() as patch:
        patch.setattr(house.events, "append", away)
        with pytest.raises(Unavailable):
            await house.service.sent.tell()
    assert await house.service.sent.tell() == 1
    assert len((await told(house))[grant_id(grant)]) == 1


async def test_a_worker_tells_once_more_when_it_stops_and_outlives_a_log_that_is_away(
    house, monkeypatch
):
    monkeypatch.setattr(module, "_EVERY_SECONDS", 0.01)
    real, calls = house.events.append, []

    async def append(*args):
        calls.append(args)
        if len(calls) == 1:
            raise Unavailable("The log is away.")
        return await real(*args)

    monkeypatch.setattr(house.events, "append", append)
    grant = await house.grant("first")
    await house.call("GET", grant["variants"][0]["baseUrl"] + "0.m4s")
    stop = asyncio.Event()
    telling = asyncio.create_task(house.app.keep_told(stop))
    while len(calls) < 2:
        await asyncio.sleep(0.01)
    await house.call("GET", grant["variants"][0]["baseUrl"] + "1.m4s")
    stop.set()
    await telling
    assert len((await told(house))[grant_id(grant)]) == 2


async def test_idle_grants_are_forgotten_and_their_number_is_bounded(house, monkeypatch):
    monkeypatch.setattr(module, "_MOST", 5)
    sent = SentMedia(house.events, house.clock)
    grant = await house.grant("first")
    token, song = grant["playlistUrl"].split("/")[2:4]
    permit = house.service.open_pass(token, song)
    from dataclasses import replace

    for n in range(20):
        sent.segment(replace(permit, grant_id=GrantId(f"g{n}")), 0, 1000)
    assert await sent.tell() == 5
    house.clock.advance(seconds=1000)
    sent.segment(replace(permit, grant_id=GrantId("g19")), 1, 1000)
    assert await sent.tell() == 1
    assert len(sent._grants) == 1
