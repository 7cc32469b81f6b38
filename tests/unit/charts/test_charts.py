"""Charts are what a plain count of the hours gives, and say how exact they are."""

import asyncio
from collections import Counter
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from antiphon.catalog import ArtistCredit, GenreRef, Master, Song, SourceFormat
from antiphon.charts import Chart, ChartMaker, ChartStore, Group, Kind, PlayCounts
from antiphon.charts.rules import empty_vector, trend, weights
from antiphon.charts.tally import TOP, PartedItems, WholeItems
from antiphon.kernel import (
    AlbumId,
    ArtistId,
    DurationMs,
    FixedClock,
    GenreId,
    RecordingId,
    SampleRateHz,
    SongId,
    UnixMs,
)
from antiphon.rights import PlayReport, SongTerms
from antiphon.testing.memory_tables import MemoryTables

HOUR = 3_600_000
NOW = UnixMs(20_400 * 24 * HOUR + 10 * HOUR + 1)
THIS_HOUR = NOW // HOUR


def song(number: int) -> Song:
    """Song 7 of genre g1, of album al7 // 3 = al2, by two artists."""
    master = Master("", "", SourceFormat.FLAC, SampleRateHz(44100), 2, 16, DurationMs(200_000))
    return Song(
        id=SongId(f"s{number}"),
        recording_id=RecordingId("r"),
        title="",
        artists=tuple(ArtistCredit(ArtistId(f"ar{n}"), "") for n in (number // 4, number % 5)),
        album_id=AlbumId(f"al{number // 3}"),
        album_title="",
        album_artists=(),
        disc=1,
        number=1,
        duration=DurationMs(200_000),
        master=master,
        added_at=UnixMs(0),
        genres=(GenreRef(GenreId(f"g{number % 2}"), ""),),
    )


class Catalogue:
    async def songs(self, ids: Sequence[SongId], /) -> list[Song | None]:
        return [None if i == "s13" else song(int(i[1:])) for i in ids]  # 13 was removed


class Songs:
    async def terms_of(self, song_ids: Sequence[str]) -> list[SongTerms]:
        return [SongTerms() for _ in song_ids]


Play = tuple[int, int, str]  # song, hours ago, storefront


async def made(
    plays: Sequence[Play], *, capacity: int = 4096
) -> tuple[ChartStore, ChartMaker, PlayCounts]:
    tables = MemoryTables()
    counts, store = PlayCounts(tables, Songs()), ChartStore(tables)
    maker = ChartMaker(counts, store, Catalogue(), FixedClock(NOW), capacity=capacity)
    await told(counts, plays)
    await maker.make()
    return store, maker, counts


async def told(counts: PlayCounts, plays: Sequence[Play], begin: int = 0) -> None:
    reports = [
        PlayReport(
            grant_id=f"g{n}",
            listener_id="l",
            device_id="d",
            song_id=SongId(f"s{number}"),
            issued_at=UnixMs((THIS_HOUR - ago) * HOUR),
            told_at=UnixMs((THIS_HOUR - ago) * HOUR + 60_000),
            heard_ms=31_000,
            territory=where,
            tier="subscription",
            use="on-demand-stream",
        )
        for n, (number, ago, where) in enumerate(plays, begin)
    ]
    await counts.apply([(0, n, report) for n, report in enumerate(reports, begin)])


def items_of(kind: Kind, number: int) -> list[str]:
    there = song(number)
    if kind is Kind.SONGS:
        return [there.id]
    return [there.album_id] if kind is Kind.ALBUMS else list({a.id for a in there.artists})


def plain(plays: Sequence[Play], kind: Kind, span: int, *, where: str, genre: str) -> Counter[str]:
    found: Counter[str] = Counter()
    for number, ago, storefront in plays:
        right_genre = genre in ("", f"g{number % 2}")
        if number != 13 and ago < span and storefront == where and right_genre:
            found.update(items_of(kind, number))
    return found


PLAYS = st.lists(
    st.tuples(
        st.integers(0, 20),
        st.sampled_from([0, 1, 5, 23, 24, 30, 167, 168, 300, 719, 720, 743]),
        st.sampled_from(["de", "home"]),
    ),
    max_size=60,
)


@settings(max_examples=40, deadline=None)
@given(PLAYS)
def test_charts_are_those_of_a_plain_count(plays: list[Play]) -> None:
    async def run() -> None:
        store, _, _ = await made(plays)
        for where in ("de", "home"):
            for genre in ("", "g0", "g1"):
                for chart, span in ((Chart.DAY, 24), (Chart.WEEK, 168), (Chart.MONTH, 720)):
                    standing = await store.read(Group(where, genre), chart)
                    for kind in Kind:
                        expected = plain(plays, kind, span, where=where, genre=genre)
                        got = [] if standing is None else standing.of(kind)
                        assert {p.id: p.value for p in got} == expected
                        assert [p.value for p in got] == sorted(expected.values(), reverse=True)

    asyncio.run(run())


@settings(max_examples=40, deadline=None)
@given(PLAYS, st.integers(1, 4))
def test_what_does_not_fit_is_counted_exactly_and_what_is_missing_is_small(
    plays: list[Play], capacity: int
) -> None:
    async def run() -> None:
        store, _, _ = await made(plays, capacity=capacity)
        standing = await store.read(Group("de", ""), Chart.MONTH)
        for kind in (Kind.ALBUMS, Kind.ARTISTS):
            expected = plain(plays, kind, 720, where="de", genre="")
            got = {p.id: p.value for p in (standing.of(kind) if standing else ())}
            assert got.items() <= expected.items()
            missing = [expected[item] for item in expected.keys() - got.keys()]
            if missing:
                assert standing is not None
                assert max(missing) <= standing.bounds[kind] <= expected.total() / capacity

    asyncio.run(run())


async def test_a_position_says_where_it_was_a_day_ago() -> None:
    yesterday = [(1, 30, "de")] * 3 + [(2, 30, "de")] * 2
    today = [(2, 1, "de")] * 5 + [(4, 1, "de")]
    store, _, _ = await made(yesterday + today)
    standing = await store.read(Group("de", ""), Chart.WEEK)
    assert standing is not None
    assert [(p.id, p.value, p.before) for p in standing.songs] == [
        ("s2", 7, 2),
        ("s1", 3, 1),
        ("s4", 1, 0),
    ]


async def test_what_is_played_as_always_does_not_trend_and_what_has_begun_does() -> None:
    always = [(1, ago, "de") for ago in range(720)] * 2
    begun = [(2, ago, "de") for ago in range(12)] * 2
    store, _, _ = await made(always + begun)
    standing = await store.read(Group("de", ""), Chart.TRENDING)
    assert standing is not None
    assert standing.songs[0].id == "s2"
    assert all(p.value < 0.5 for p in standing.songs if p.id == "s1")
    month = await store.read(Group("de", ""), Chart.MONTH)
    assert month is not None
    assert month.songs[0].id == "s1", "which is what was played most"


async def test_charts_end_when_nothing_is_played_any_more() -> None:
    store, maker, counts = await made([(1, 1, "de")])
    later = ChartMaker(counts, store, Catalogue(), FixedClock(UnixMs(NOW + 800 * HOUR)))
    assert await store.read(Group("de", ""), Chart.MONTH) is not None
    assert await later.make() == 0
    assert await store.read(Group("de", ""), Chart.MONTH) is None
    assert await maker.make() > 0


async def test_charts_follow_what_is_counted() -> None:
    store, maker, counts = await made([(1, 1, "de")])
    counted, stop = [0], asyncio.Event()
    running = asyncio.create_task(maker.run(lambda: counted[0], stop))
    await asyncio.sleep(0.1)
    await told(counts, [(2, 0, "de"), (2, 0, "de")], begin=1)
    counted[0] = 2
    async with asyncio.timeout(8):
        while True:
            standing = await store.read(Group("de", ""), Chart.DAY)
            if standing is not None and standing.songs[0].id == "s2":
                break
            await asyncio.sleep(0.1)
    stop.set()
    await running


def vector_of(*hours: int) -> list[float]:
    vector = empty_vector()
    for ago in hours:
        for place, weight in weights(ago):
            vector[place] += weight
    return vector


def test_a_play_counts_half_for_trends_after_twelve_hours() -> None:
    assert trend(vector_of(0)) == 1
    assert trend(vector_of(12)) == pytest.approx(0.5)
    assert trend(vector_of(*range(720))) == pytest.approx(0, abs=0.1)


def test_songs_beyond_what_a_chart_holds_are_let_go_without_a_fault() -> None:
    few = WholeItems()
    for number in range(40_000):
        vector = empty_vector()
        vector[0] = vector[1] = vector[2] = float(number * 7919 % 40_000 + 1)
        few.add(f"s{number}", vector)
    values = [p.value for p in few.positions(Chart.DAY)]
    assert values == [float(n) for n in range(40_000, 40_000 - TOP, -1)]


def test_a_second_pass_takes_candidates_alone() -> None:
    items = PartedItems(2)
    parts = ["a", "b", "a", "c", "a", "a"]
    for item in parts:
        items.add(item, vector_of(0), f"song of {item}")
    assert items.overflowed
    items.recount()
    for item in parts:
        items.add(item, vector_of(0), f"song of {item}")
    assert not items.overflowed
    best = items.positions(Chart.DAY)[0]
    assert (best.id, best.value, best.lead) == ("a", 4, "song of a")


async def test_an_album_is_led_by_its_song_that_is_played_most() -> None:
    store, _, _ = await made([(3, 100, "de"), (4, 100, "de"), (4, 50, "de"), (5, 1, "de")])
    standing = await store.read(Group("de", ""), Chart.WEEK)
    assert standing is not None
    assert [(p.id, p.value, p.lead) for p in standing.albums] == [("al1", 4, "s4")]
