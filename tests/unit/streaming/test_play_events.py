"""What players tell about a play: believed only where it can be true, and written down once."""

import pytest

from antiphon.streaming.events import PlayEnded, PlayPaused, PlayProgressed, PlayStarted

SECONDS = 1000


@pytest.fixture
async def told(house):
    """Tell about a play of the first take (13.37 s), ten seconds after its grant."""
    grant = await house.grant("first")
    granted_at = house.clock.now()
    house.clock.advance(seconds=10)

    async def tell(*events, who: str = "robin", play: str = grant["id"]):
        body = {"events": [{"at": granted_at + 1000} | e for e in events]}
        return await house.call("POST", f"/v1/me/plays/{play}/events", body=body, who=who)

    return tell


def event(kind: str, position: int = 0, **more) -> dict[str, object]:
    return {"type": kind, "positionMs": position} | more


async def test_events_are_written_in_order_and_name_the_play(house, told):
    answer = await told(
        event("started"), event("progress", 5000), event("paused", 6000), event("ended", 7000)
    )
    assert (answer.status, answer.body) == (202, b"")
    heard = await house.told()
    assert [type(e) for e in heard] == [PlayStarted, PlayProgressed, PlayPaused, PlayEnded]
    assert {e.song_id for e in heard} == {house.id("first")}
    assert len({e.grant_id for e in heard}) == 1
    assert {e.listener_id for e in heard} == {"listenerrobinabcdefghijk"}


async def test_times_may_be_numbers_or_rfc_3339(house, told):
    await told(
        event("started", at="2023-11-14T22:13:22.500Z"),
        event("paused", 1, at="2023-11-14T23:13:23+01:00"),
    )
    start = 1_700_000_000_000
    assert [e.at_ms - start for e in await house.told()] == [2500, 3000]


async def test_a_time_without_a_zone_is_refused(house, told):
    assert (await told(event("started", at="2023-11-14T22:13:22"))).status == 422
    assert await house.told() == []


async def test_a_retry_repeats_the_same_ids(house, told):
    for _ in range(2):
        assert (await told(event("started"), event("ended", 3000))).status == 202
    async with house.events.subscribe("plays", group="ids") as subscription:
        records = await subscription.poll(wait=0.1)
    ids = [r.envelope.event_id for r in records]
    assert ids[:2] == ids[2:]
    assert ids[0] != ids[1]


async def test_a_repetition_within_a_batch_is_written_once(house, told):
    await told(event("started"), event("started"), event("started"))
    assert len(await house.told()) == 1


async def test_what_was_heard_is_never_more_than_the_time_since_the_grant(house, told):
    await told(event("ended", 13_000), event("skipped", 4000, heardMs=999_999_999))
    assert [e.heard_ms for e in await house.told()] == [10 * SECONDS, 10 * SECONDS]


async def test_what_was_heard_is_the_position_unless_the_player_knows_better(house, told):
    await told(event("skipped", 4000), event("ended", 5000, heardMs=1500))
    assert [(e.heard_ms, e.reason) for e in await house.told()] == [
        (4000, "skipped"),
        (1500, "ended"),
    ]


@pytest.mark.parametrize(
    "bad",
    [
        event("started", -1),
        event("started", 13_370 + 2500),
        event("started", 2**60),
        event("started", 1.5),
        event("danced"),
        event("started", at=0),
        event("started", at=1_700_000_000_000 - 301_000),
        event("started", at=1_700_000_010_000 + 301_000),
        event("started", at=-5),
        event("ended", 5, heardMs=-1),
        {"type": "started"},
    ],
)
async def test_one_impossible_event_refuses_the_whole_batch(house, told, bad):
    answer = await told(event("started"), bad)
    assert answer.status == 422
    assert await house.told() == []


async def test_a_batch_has_between_one_and_a_hundred_events(house, told):
    many = [event("progress", n) for n in range(101)]
    assert (await told()).status == 422
    assert (await told(*many)).status == 422
    assert (await told(*many[:100])).status == 202
    assert len(await house.told()) == 100


async def test_a_million_events_are_refused_by_their_size(house, told):
    answer = await told(*[event("progress", n) for n in range(2000)])
    assert (answer.status, answer.code) == (413, "too_large")


async def test_another_listener_cannot_tell_about_a_play(house, told):
    answer = await told(event("started"), who="kim")
    assert (answer.status, answer.code) == (404, "play_unknown")
    assert await house.told() == []


async def test_an_invented_play_is_unknown(house, told):
    answer = await told(
        event("started"), play="a" * 24 + "." + "b" * 16 + ".18bcfe56800." + "0" * 32
    )
    assert (answer.status, answer.code) == (404, "play_unknown")


async def test_a_play_of_more_than_a_month_ago_is_over(house, told):
    house.clock.advance(seconds=31 * 24 * 3600)
    assert (await told(event("started"))).status == 422


async def test_events_need_a_listener(house):
    grant = await house.grant("first")
    body = {"events": [event("started", at=house.clock.now())]}
    answer = await house.call("POST", f"/v1/me/plays/{grant['id']}/events", body=body)
    assert (answer.status, answer.code) == (401, "denied")
