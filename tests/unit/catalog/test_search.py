import pytest

from antiphon.catalog import ItemKind, Removal, open_search
from antiphon.catalog.search import song_document
from antiphon.kernel import Invalid, Unavailable


@pytest.fixture
async def filled(shop, entry):
    made = [
        entry("Teardrop", artist="Massive Attack", album="Mezzanine", album_artist=None),
        entry("Angel", artist="Massive Attack", album="Mezzanine", number=2, album_artist=None),
        entry("Jóga", artist="Björk", album="Homogenic", album_artist="Björk"),
        entry("Thunderstruck", artist="AC/DC", album="The Razors Edge", album_artist="AC/DC"),
        entry("Love Me Do", artist="The Beatles", album="Please Please Me", album_artist=None),
        entry("Loveless Love", artist="Fats Waller", album="Piano", album_artist=None),
        entry("Go", artist="Moby", album="Moby", album_artist="Moby"),
        entry("東京", artist="椎名林檎", album="無罪", album_artist=None),
    ]
    await shop.writer.apply(made)
    await shop.index()
    return made


async def _titles(shop, term, **more):
    found = await shop.catalog.search(term, **more)
    return [s.title for s in found.songs.items]


@pytest.mark.parametrize(
    ("term", "title"),
    [
        ("teardrop", "Teardrop"),
        ("TEARDROP", "Teardrop"),
        ("tear", "Teardrop"),
        ("teardorp", "Teardrop"),
        ("taerdrop", "Teardrop"),
        ("teadrop", "Teardrop"),
        ("joga", "Jóga"),
        ("bjork joga", "Jóga"),
        ("bjørk", "Jóga"),
        ("acdc thunder", "Thunderstruck"),
        ("ac/dc", "Thunderstruck"),
        ("mezzanine angel", "Angel"),
        ("massive at", "Teardrop"),
        ("京", "東京"),
        ("go", "Go"),
    ],
)
async def test_songs_are_found_as_people_type(shop, filled, term, title):
    assert title in await _titles(shop, term)


@pytest.mark.parametrize("term", ["teardrop beatles", "xyzzy", "gi", "tea drop", "angle iron"])
async def test_what_does_not_match_all_words_is_not_found(shop, filled, term):
    assert await _titles(shop, term) == []


@pytest.mark.parametrize(
    "term", ["", " ", "!!!", '"', "AND OR NOT", "title:x", "*", "(", "a" * 5000, "\x00", "x " * 500]
)
async def test_any_term_is_only_text(shop, filled, term):
    found = await shop.catalog.search(term[:200])
    assert found.songs.total >= 0


async def test_short_words_forgive_no_typo(shop, filled):
    assert await _titles(shop, "ga") == []
    assert "Go" in await _titles(shop, "g")


async def test_exact_names_come_before_typos_and_beginnings(shop, filled):
    assert (await _titles(shop, "love"))[0] == "Love Me Do"
    found = await shop.catalog.search("massive attack")
    assert found.top[0].name == "Massive Attack"


async def test_one_to_three_letters_are_answered_from_the_prefix_table(shop, filled, monkeypatch):
    async def refuse(*_args, **_more):
        raise AssertionError("asked the index")

    monkeypatch.setattr(shop.search, "find", refuse)
    for term in ("m", "ma", "mas"):
        found = await shop.catalog.search(term)
        assert "Massive Attack" in [a.name for a in found.artists.items], term


async def test_a_short_last_word_narrows_what_stands_before_it(shop, filled):
    assert await _titles(shop, "love m") == ["Love Me Do"]


async def test_pages_of_results_do_not_overlap(shop, entry):
    made = [entry(f"Common {n}", number=n) for n in range(1, 31)]
    await shop.writer.apply(made)
    await shop.index()
    seen = []
    for offset in range(0, 30, 10):
        page = (await shop.catalog.search("common", limit=10, offset=offset)).songs
        assert page.total == 30
        seen += [s.id for s in page.items]
    assert len(set(seen)) == 30


async def test_what_is_removed_or_renamed_is_no_longer_found(shop, entry):
    one, two = entry("Sunrise", number=1), entry("Sunset", number=2)
    await shop.writer.apply([one, two])
    await shop.index()
    gone = Removal(one.song.id, one.song.recording_id, one.song.master.path)
    renamed = entry("Moonlight", number=2, sound=two.song.master.content_hash)
    await shop.writer.apply([renamed], [gone])
    await shop.index()
    for term in ("sunrise", "sunset", "sun"):
        assert await _titles(shop, term) == [], term
    assert await _titles(shop, "moon") == ["Moonlight"]
    assert await _titles(shop, "moo") == ["Moonlight"]


async def test_hearing_the_same_events_again_changes_nothing(shop, filled):
    events = await shop.told()
    await shop.projection.refresh(events)
    count = await shop.search.count()
    assert count == len({*filled}) + 7 + 7


async def test_readers_in_other_processes_see_what_is_committed(shop, filled, tmp_path):
    other = open_search(f"tantivy:{tmp_path / 'search'}")
    assert (await other.find(["teardrop"], ItemKind.SONG, limit=5)).total == 1
    await shop.search.change([], [filled[0].song.id])
    other._checked = 0.0
    assert (await other.find(["teardrop"], ItemKind.SONG, limit=5)).total == 0
    await other.close()


async def test_only_one_process_writes(shop, filled, tmp_path):
    other = open_search(f"tantivy:{tmp_path / 'search'}")
    with pytest.raises(Unavailable):
        await other.change([song_document(filled[0].song)], [])
    await other.close()


async def test_an_index_that_is_being_replaced_answers_and_is_not_changed(shop, filled, tmp_path):
    fresh = shop.search.successor()
    await fresh.change([song_document(entry.song) for entry in filled], [])
    async with fresh.held_back():
        with pytest.raises(Unavailable, match="being replaced"):
            await shop.search.change([], [filled[0].song.id])
        assert await _titles(shop, "teardrop") == ["Teardrop"]
        await fresh.take_over()
        await fresh.close()
    await shop.search.change([], [filled[1].song.id])
    shop.search._checked = 0.0
    assert await _titles(shop, "teardrop") == ["Teardrop"]
    assert await _titles(shop, "angel") == []
    await shop.search.remove_others()
    assert [f.name for f in (tmp_path / "search").glob("v1*")] == ["v1-1"]


async def test_an_index_that_was_begun_goes_on_where_it_was(shop, filled):
    begun = shop.search.successor()
    await begun.change([song_document(filled[0].song)], [])
    await begun.close()
    again = shop.search.successor()
    assert (again.generation, await again.count()) == (1, 1)
    assert await _titles(shop, "angel") == ["Angel"], "the one in use is as it was"
    await again.close()


def test_an_engine_that_is_none_is_refused():
    with pytest.raises(Invalid, match="tantivy:"):
        open_search("elastic://localhost")
