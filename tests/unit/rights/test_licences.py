"""Keys go to who may hear the song now, on as many devices as the plan has, and no longer."""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from antiphon.kernel import (
    DeviceId,
    FixedClock,
    GrantId,
    HouseholdId,
    Invalid,
    RecordingId,
    SongId,
    UnixMs,
)
from antiphon.rights import (
    ClockWentBack,
    CommercialModel,
    ContentKey,
    Deal,
    DeviceRevoked,
    KeyUnknown,
    LicenceEnded,
    Licences,
    Plan,
    Rights,
    SongUnavailable,
    Stream,
    Terms,
    TooManyKeys,
    TooManyStreams,
    UseType,
    forget_streams,
)
from antiphon.rights.licences import STREAMS
from antiphon.rights.slots import LEASE_MS, PLAYS_PER_DEVICE, SKEW_MS
from antiphon.rights.store import SongDeals
from antiphon.storage import open_tables
from antiphon.testing import licences as testing
from antiphon.testing.children import child
from antiphon.testing.content_keys import RUNG, vault_in
from antiphon.testing.memory_cache import MemoryCache
from antiphon.testing.memory_tables import MemoryTables

HOME, SONG, SOUND = HouseholdId("house"), SongId("song"), RecordingId("recording")
SECOND = 1000


class Vault:
    """Keys of one recording; those in ``late`` are found by a fresh look only."""

    def __init__(self) -> None:
        self.known = {rung: ContentKey(*(bytes([n]) * 16 for _ in "kki")) for n, rung in RUNGS}
        self.late: dict[str, ContentKey] = {}
        self.fresh_looks = 0

    async def keys(
        self, _recording: RecordingId, *, fresh: bool = False
    ) -> Mapping[str, ContentKey]:
        self.fresh_looks += fresh
        return self.known | (self.late if fresh else {})


RUNGS = list(enumerate(("flac", "aac-256"), start=1))
KID = b"\x01" * 16


class Devices:
    def __init__(self) -> None:
        self.revoked: set[DeviceId] = set()

    def is_revoked(self, device: DeviceId) -> bool:
        return device in self.revoked

    async def device_names(
        self, _household: HouseholdId, devices: Sequence[DeviceId]
    ) -> Mapping[DeviceId, str]:
        return {device: f"Robin's {device}" for device in devices}


class House:
    """Rights, keys and devices of one household; ``licences`` on them, one for each process."""

    def __init__(self, tables=None, *, plan: Plan = Plan.FAMILY) -> None:
        self.clock = FixedClock()
        self.tables = tables or MemoryTables()
        self.rights = Rights(self.tables, self.clock)
        self.vault, self.devices, self.cache = Vault(), Devices(), MemoryCache()
        self.plan = plan
        self.licences = self.process()

    def process(self, clock=None, tables=None) -> Licences:
        return Licences(
            tables or self.tables,
            self.cache,
            clock or self.clock,
            rights=self.rights,
            keys=self.vault,
            devices=self.devices,
        )

    async def set_plan(self, plan: Plan) -> None:
        await self.rights.change_terms(HOME, Terms(plan=plan))


def stream(device: str = "phone", play: str = "play") -> Stream:
    return Stream(HOME, DeviceId(device), GrantId(play), SONG, SOUND)


def deal(**changes) -> Deal:
    whole = Deal(
        frozenset({"Worldwide"}),
        uses=frozenset({UseType.STREAM}),
        models=frozenset({CommercialModel.SUBSCRIPTION}),
    )
    return replace(whole, **changes)


async def give(house: House, *deals: Deal) -> None:
    song = SongDeals(deals=deals, release_id="r", sender="s", changed_at=UnixMs(0))
    await house.rights.store.write_songs([(SONG, song)])
    house.clock.advance(ms=300)  # by then, every process has looked


async def test_a_licence_holds_the_keys_asked_for_and_a_lease() -> None:
    house = House()
    licence = await house.licences.issue(stream(), [KID])
    assert [key.kid for key in licence.keys] == [KID]
    assert licence.lease_expires_at == house.clock.now() + 120 * SECOND
    assert licence.renew_at == house.clock.now() + 60 * SECOND
    both = await house.licences.issue(stream(), [b"\x02" * 16, KID, KID])
    assert [key.kid[0] for key in both.keys] == [2, 1]


async def test_a_key_made_since_the_last_look_is_found() -> None:
    house = House()
    house.vault.late["aac-64"] = ContentKey(b"\x07" * 16, b"k" * 16, b"i" * 16)
    licence = await house.licences.issue(stream(), [b"\x07" * 16])
    assert licence.keys == (house.vault.late["aac-64"],)


async def test_a_renewed_lease_is_as_long_as_a_new_one() -> None:
    house = House()
    first = await house.licences.issue(stream(), [KID])
    house.clock.advance(seconds=60)
    again = await house.licences.renew(stream())
    assert again.lease_expires_at == first.lease_expires_at + 60 * SECOND
    assert again.fence == first.fence
    assert again.keys == ()


async def test_an_ended_lease_is_not_renewed() -> None:
    house = House()
    licence = await house.licences.issue(stream(), [KID])
    house.clock.advance(ms=licence.lease_expires_at - house.clock.now())
    with pytest.raises(LicenceEnded):
        await house.licences.renew(stream())
    assert (await house.licences.issue(stream(), [KID])).fence == licence.fence + 1


async def test_a_play_that_never_had_a_licence_is_not_renewed() -> None:
    with pytest.raises(LicenceEnded):
        await House().licences.renew(stream())


@pytest.mark.parametrize(("plan", "limit"), [(Plan.INDIVIDUAL, 1), (Plan.FAMILY, 6)])
async def test_one_device_more_than_the_plan_has_is_refused_by_name(plan: Plan, limit: int) -> None:
    house = House()
    await house.set_plan(plan)
    for number in range(limit):
        await house.licences.issue(stream(f"d{number}", f"p{number}"), [KID])
    with pytest.raises(TooManyStreams) as refused:
        await house.licences.issue(stream("late"), [KID])
    names = [device["name"] for device in refused.value.fields["meta"]["devices"]]
    assert names == [f"Robin's d{number}" for number in range(limit)]
    assert "Robin's d0" in refused.value.detail
    await house.licences.release(stream("d0", "p0"))
    await house.licences.issue(stream("late"), [KID])


async def test_a_slot_that_is_not_renewed_is_free_again_but_not_sooner() -> None:
    house = House()
    await house.set_plan(Plan.INDIVIDUAL)
    await house.licences.issue(stream("phone"), [KID])
    house.clock.advance(ms=LEASE_MS + SKEW_MS - 1)
    with pytest.raises(TooManyStreams):
        await house.licences.issue(stream("tv"), [KID])
    house.clock.advance(ms=1)
    await house.licences.issue(stream("tv"), [KID])


async def test_the_next_song_of_a_device_needs_no_second_slot() -> None:
    house = House()
    await house.set_plan(Plan.INDIVIDUAL)
    for play in ("now", "next"):
        await house.licences.issue(stream(play=play), [KID])
    assert await house.licences.playing(HOME) == ("phone",)
    await house.licences.release(stream(play="now"))
    assert await house.licences.playing(HOME) == ("phone",)
    await house.licences.release(stream(play="next"))
    assert await house.licences.playing(HOME) == ()


async def test_a_copied_sign_in_plays_no_more_than_one_device_would() -> None:
    house = House()
    plays = [stream(play=f"p{number}") for number in range(PLAYS_PER_DEVICE + 2)]
    for play in plays:
        await house.licences.issue(play, [KID])
    for play in plays[:2]:
        with pytest.raises(LicenceEnded):
            await house.licences.renew(play)
    for play in plays[2:]:
        await house.licences.renew(play)


async def test_a_play_that_was_pushed_out_holds_the_slot_until_its_lease_ends() -> None:
    house = House()
    await house.set_plan(Plan.INDIVIDUAL)
    plays = [stream(play=f"p{number}") for number in range(PLAYS_PER_DEVICE + 1)]
    for play in plays:
        await house.licences.issue(play, [KID])
    for play in plays[1:]:
        await house.licences.release(play)
    with pytest.raises(TooManyStreams):
        await house.licences.issue(stream("tv"), [KID])
    house.clock.advance(ms=LEASE_MS + SKEW_MS)
    await house.licences.issue(stream("tv"), [KID])


async def test_skipping_through_a_thousand_songs_keeps_the_row_small() -> None:
    house = House()
    for number in range(1000):
        await house.licences.issue(stream(play=f"p{number}"), [KID])
    row = await house.tables.read(STREAMS, HOME.encode())
    assert len(row.value("s", "v")) < 400


async def test_a_smaller_plan_ends_the_latest_streams_at_their_next_renewal() -> None:
    house = House()
    for device in ("first", "second"):
        await house.licences.issue(stream(device), [KID])
    await house.set_plan(Plan.INDIVIDUAL)
    await house.licences.renew(stream("first"))
    with pytest.raises(TooManyStreams):
        await house.licences.renew(stream("second"))


async def test_a_takedown_ends_a_stream_at_its_next_renewal() -> None:
    house = House()
    await give(house, deal())
    await house.licences.issue(stream(), [KID])
    await give(house, deal(), deal(is_taken_down=True))
    with pytest.raises(SongUnavailable, match="withdrawn"):
        await house.licences.renew(stream())
    with pytest.raises(SongUnavailable):
        await house.licences.issue(stream(), [KID])


async def test_a_window_that_closes_and_a_country_that_is_left_out_get_no_keys() -> None:
    house = House()
    closes = UnixMs(house.clock.now() + 10 * SECOND)
    await give(house, deal(end=closes))
    await house.licences.issue(stream(), [KID])
    house.clock.advance(seconds=10)
    with pytest.raises(SongUnavailable):
        await house.licences.renew(stream())
    await give(house, deal(excluded=frozenset({"DE"})))
    await house.rights.change_terms(HOME, Terms(storefront="DE"))
    with pytest.raises(SongUnavailable):
        await house.licences.issue(stream(), [KID])
    await house.rights.change_terms(HOME, Terms(storefront="FR"))
    await house.licences.issue(stream(), [KID])


async def test_what_is_refused_takes_no_slot() -> None:
    house = House()
    await give(house, deal(is_taken_down=True))
    with pytest.raises(SongUnavailable):
        await house.licences.issue(stream(), [KID])
    await give(house, deal())
    with pytest.raises(KeyUnknown):
        await house.licences.issue(stream(), [b"?" * 16])
    assert await house.licences.playing(HOME) == ()
    assert await house.tables.read(STREAMS, HOME.encode()) is None


async def test_a_signed_out_device_gets_nothing() -> None:
    house = House()
    await house.licences.issue(stream(), [KID])
    house.devices.revoked.add(DeviceId("phone"))
    with pytest.raises(DeviceRevoked):
        await house.licences.renew(stream())
    with pytest.raises(DeviceRevoked):
        await house.licences.issue(stream(), [KID])
    await house.licences.issue(stream("tv"), [KID])


async def test_a_licence_flood_of_ten_thousand_key_ids_is_refused() -> None:
    house = House()
    sprayed = [number.to_bytes(16, "big") for number in range(1_000_000, 1_010_000)]
    with pytest.raises(TooManyKeys) as refused:
        await house.licences.issue(stream(), sprayed)
    assert refused.value.fields["http_status"] == 429
    assert house.vault.fresh_looks == 0
    refusals = []
    for at in range(0, 160, 16):
        with pytest.raises((KeyUnknown, TooManyKeys)) as refused:
            await house.licences.issue(stream(), sprayed[at : at + 16])
        refusals.append(type(refused.value))
    assert refusals == [KeyUnknown] * 2 + [TooManyKeys] * 8


@pytest.mark.parametrize("kids", [[], [b""], [b"short"], [KID, b"x" * 17]])
async def test_key_ids_of_a_wrong_size_are_invalid(kids: list[bytes]) -> None:
    with pytest.raises(Invalid):
        await House().licences.issue(stream(), kids)


async def test_a_clock_that_goes_back_makes_no_lease_longer() -> None:
    house = House()
    first = await house.licences.issue(stream(), [KID])
    house.clock.advance(ms=-SKEW_MS)
    again = await house.licences.renew(stream())
    assert again.lease_expires_at == first.lease_expires_at
    house.clock.advance(ms=-1)
    for refused in (house.licences.renew(stream()), house.licences.issue(stream("tv"), [KID])):
        with pytest.raises(ClockWentBack):
            await refused
    house.clock.advance(ms=SKEW_MS + 1)
    await house.licences.issue(stream("tv"), [KID])


async def test_after_a_clock_ran_ahead_an_operator_can_begin_anew() -> None:
    house = House()
    house.clock.advance(seconds=86_400)
    await house.licences.issue(stream(), [KID])
    house.clock.advance(seconds=-86_400)
    with pytest.raises(ClockWentBack):
        await house.licences.issue(stream(), [KID])
    assert await forget_streams(house.tables, HOME) == 1
    await house.licences.issue(stream(), [KID])
    house.clock.advance(seconds=-86_400)
    assert await forget_streams(house.tables) == 1
    await house.licences.issue(stream(), [KID])


async def test_asking_again_for_another_rung_writes_nothing() -> None:
    house = House()
    await house.licences.issue(stream(), [KID])
    row = await house.tables.read(STREAMS, HOME.encode())
    house.clock.advance(seconds=20)
    again = await house.licences.issue(stream(), [b"\x02" * 16])
    assert await house.tables.read(STREAMS, HOME.encode()) == row
    assert again.lease_expires_at == house.clock.now() + 100 * SECOND
    house.clock.advance(seconds=20)
    assert (await house.licences.issue(stream(), [KID])).lease_expires_at > again.lease_expires_at


async def test_releasing_what_is_not_held_is_fine() -> None:
    house = House()
    await house.licences.release(stream())
    assert await house.tables.read(STREAMS, HOME.encode()) is None


class Gates(MemoryTables):
    """Tables that answer when they are let: every call waits until the test opens its gate."""

    def __init__(self) -> None:
        super().__init__()
        self.waiting: list[asyncio.Future[None]] = []
        self.is_gated = False

    async def _gate(self, table: str) -> None:
        if self.is_gated and table == STREAMS:
            gate = asyncio.get_running_loop().create_future()
            self.waiting.append(gate)
            await gate

    async def read(self, table, key):
        await self._gate(table)
        return await super().read(table, key)

    async def check_and_mutate(self, table, key, condition, *, then, otherwise=()):
        await self._gate(table)
        held = await super().check_and_mutate(table, key, condition, then=then, otherwise=otherwise)
        await self._gate(table)  # and the answer may be on its way when the process dies
        return held


class Skewed:
    """A machine's clock, ahead of or behind the true one."""

    def __init__(self, true: FixedClock, ms: int) -> None:
        self._true, self._ms = true, ms

    def now(self) -> UnixMs:
        return UnixMs(self._true.now() + self._ms)

    def monotonic(self) -> float:
        return self._true.monotonic()


class Sim:
    """Devices that play and processes that serve them, interleaved as chance has it."""

    def __init__(self, seed: int, plan: Plan) -> None:
        self.chance = Random(seed)
        self.tables = Gates()
        self.house = House(self.tables)
        self.plan = plan
        self.limit = 1 if plan is Plan.INDIVIDUAL else 6
        self.clocks = [Skewed(self.house.clock, ms) for ms in (-2000, 0, 2000)]
        self.processes = [self.house.process(clock) for clock in self.clocks]
        self.tasks: dict[asyncio.Task[None], int] = {}
        self.asking: dict[asyncio.Task[None], tuple[str, str]] = {}
        self.told: dict[tuple[str, str], int] = {}
        self.most = self.refused = self.killed = 0

    async def run(self, steps: int) -> None:
        await self.house.set_plan(self.plan)
        await self.house.rights.terms(HOME)
        self.tables.is_gated = True
        for _ in range(steps):
            await self.step()
            playing = self.playing()
            assert len(playing) <= self.limit, playing
            self.most = max(self.most, len(playing))
        await self.kill(set(self.tasks))

    def playing(self) -> set[str]:
        now = self.house.clock.now()
        return {device for (device, _), until in self.told.items() if now < until}

    async def step(self) -> None:
        what = self.chance.random()
        if what < 0.25:
            self.begin()
        elif what < 0.96:
            self.open_a_gate()
        elif what < 0.99:
            self.house.clock.advance(ms=self.chance.choice((10, 3_000, 30_000, 119_000)))
        else:
            process = self.chance.randrange(len(self.processes))
            await self.kill({task for task, where in self.tasks.items() if where == process})
        for _ in range(4):
            await asyncio.sleep(0)

    def begin(self) -> None:
        device = f"d{self.chance.randrange(self.limit + 3)}"
        play = f"p{self.chance.randrange(5)}"
        if (device, play) in self.asking.values():
            return  # a player waits for its answer before it asks of the same play again
        process = self.chance.randrange(len(self.processes))
        act = self.chance.choice((self.issue, self.issue, self.renew, self.release))
        task = asyncio.create_task(act(self.processes[process], device, play))
        self.tasks[task] = process
        self.asking[task] = (device, play)
        task.add_done_callback(self.end)

    def end(self, task: asyncio.Task[None]) -> None:
        self.tasks.pop(task, None)
        self.asking.pop(task, None)

    def open_a_gate(self) -> None:
        gates = [gate for gate in self.tables.waiting if not gate.done()]
        if gates:
            self.chance.choice(gates).set_result(None)
        self.tables.waiting = [gate for gate in gates if not gate.done()]

    async def kill(self, tasks: set[asyncio.Task[None]]) -> None:
        for task in tasks:
            task.cancel()
        self.killed += len(tasks)
        await asyncio.gather(*tasks, return_exceptions=True)

    async def issue(self, licences: Licences, device: str, play: str) -> None:
        try:
            licence = await licences.issue(stream(device, play), [KID])
        except TooManyStreams:
            self.refused += 1
        else:
            self.told[device, play] = licence.lease_expires_at

    async def renew(self, licences: Licences, device: str, play: str) -> None:
        try:
            licence = await licences.renew(stream(device, play))
        except (TooManyStreams, LicenceEnded):
            self.told.pop((device, play), None)
        else:
            if (device, play) in self.told:
                self.told[device, play] = licence.lease_expires_at

    async def release(self, licences: Licences, device: str, play: str) -> None:
        self.told.pop((device, play), None)  # a player stops before it says so
        await licences.release(stream(device, play))


@given(seed=st.integers(0, 2**32), plan=st.sampled_from(Plan))
@settings(max_examples=60, deadline=None)
def test_never_do_more_devices_stream_at_once_than_the_plan_has(seed: int, plan: Plan) -> None:
    asyncio.run(Sim(seed, plan).run(400))


def test_the_simulation_reaches_the_limit_refuses_and_kills() -> None:
    for plan in Plan:
        sims = [Sim(seed, plan) for seed in range(5)]
        for sim in sims:
            asyncio.run(sim.run(1500))
        assert max(sim.most for sim in sims) == sims[0].limit
        assert sum(sim.refused for sim in sims) > 10
        assert sum(sim.killed for sim in sims) > 10


def test_processes_that_are_killed_never_give_more_streams_than_the_plan_has(tmp_path) -> None:
    folder = str(tmp_path)

    async def prepare() -> None:
        tables = open_tables(f"lmdb:{folder}/tables")
        await vault_in(tmp_path, tables).content_key(testing.RECORDING, RUNG)
        await tables.close()

    asyncio.run(prepare())
    with ExitStack() as stack:
        doomed, *others = [
            stack.enter_context(child(testing.give_licences, folder, f"p{number}", rounds))
            for number, rounds in enumerate((1_000_000, 300, 300))
        ]
        told = doomed.facts_until_killed(after=0.3)
        told += [fact for process in others for fact in process.facts_until_end()]
    plays = sorted((at, what == "playing") for what, _, at in (f for f in told if len(f) == 3))
    playing = most = 0
    for _, begins in plays:
        playing += 1 if begins else -1
        most = max(most, playing)
    assert most <= 6
    # How many come together, and how often, is the machine's doing; that some do is the test's.
    assert most >= 4
    assert len(plays) > 50
