import pytest

from antiphon.voice import Intent, NameKind, Reading, Slot, SlotName, Sought
from antiphon.voice.moods import genre_words
from antiphon.voice.wishes import Years, wish_of, years_of


def reading(text: str, **slots: str) -> Reading:
    found = []
    for name, said in slots.items():
        begin = text.index(said)
        found.append(Slot(SlotName[name], said, begin, begin + len(said)))
    return Reading(Intent.PLAY, tuple(found), 1.0)


@pytest.mark.parametrize(
    ("said", "years"),
    [
        ("1994", Years(1994, 1994)),
        ("the 90s", Years(1990, 1999)),
        ("the 1980's", Years(1980, 1989)),
        ("the eighties", Years(1980, 1989)),
        ("the 00s", Years(2000, 2009)),
        ("2010s", Years(2010, 2019)),
        ("someday", None),
    ],
)
def test_years_and_decades_are_read(said: str, years: Years | None) -> None:
    assert years_of(said) == years


def test_a_decade_holds_its_first_and_last_year() -> None:
    years = Years(1990, 1999)
    assert years.holds("1990-01-01")
    assert years.holds("1999")
    assert not years.holds("2000")
    assert not years.holds("")


def test_a_song_is_looked_for_as_said_and_then_as_anything() -> None:
    text = "play the song hurt by johnny cash"
    wish = wish_of(reading(text, SONG="hurt", ARTIST="johnny cash"), text)
    assert wish.sought == (
        Sought("hurt", "johnny cash", frozenset({NameKind.SONG})),
        Sought("hurt", "johnny cash"),
        Sought("hurt by johnny cash"),
    )
    assert wish.name == "hurt by johnny cash"


def test_an_artist_alone_is_looked_for_among_artists_first() -> None:
    wish = wish_of(reading("play nirvana", ARTIST="nirvana"), "play nirvana")
    assert wish.sought[0] == Sought("nirvana", kinds=frozenset({NameKind.ARTIST}))


@pytest.mark.parametrize("text", ["play some music", "play something", "play my music"])
def test_no_name_at_all_wishes_for_anything(text: str) -> None:
    wish = wish_of(reading(text), text)
    assert wish.anything
    assert not wish.sought


@pytest.mark.parametrize("text", ["play my favourites", "play my liked songs"])
def test_favourites_are_a_wish_of_their_own(text: str) -> None:
    assert wish_of(reading(text), text).favourites


def test_shuffling_is_heard_wherever_it_is_said() -> None:
    text = "shuffle the album ok computer"
    assert wish_of(reading(text, ALBUM="ok computer"), text).shuffled
    assert not wish_of(
        reading("play ok computer", ALBUM="ok computer"), "play ok computer"
    ).shuffled


def test_the_new_one_is_the_latest() -> None:
    text = "play the latest album by bjork"
    assert wish_of(reading(text, SORT="latest", ARTIST="bjork"), text).newest


def test_a_mood_names_genres_and_nonsense_none() -> None:
    assert "ambient" in genre_words("relaxing")
    assert "electronic" in genre_words("focus")
    assert genre_words("purple") == ()
