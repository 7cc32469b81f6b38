import pytest

from antiphon.voice import Named, NameKind
from antiphon.voice.followups import FollowUp, Said, read_follow_up

STUDIO = Named(NameKind.SONG, "1", "Hurt", "Nine Inch Nails")
LIVE = Named(NameKind.SONG, "2", "Hurt", "Nine Inch Nails", version="live")
COVER = Named(NameKind.SONG, "3", "Hurt", "Johnny Cash")
ALBUM = Named(NameKind.ALBUM, "4", "Hurt", "The Hurters")
OFFERED = (STUDIO, LIVE, COVER)


@pytest.mark.parametrize(
    ("text", "choice"),
    [
        ("the second one", LIVE),
        ("number three", COVER),
        ("The last one.", COVER),
        ("the live one", LIVE),
        ("no, the live version", LIVE),
        ("the one by Johnny Cash", COVER),
        ("johnny cash", COVER),
        ("play the first one", STUDIO),
    ],
)
def test_a_choice_is_made_by_place_version_or_artist(text: str, choice: Named) -> None:
    assert read_follow_up(text, OFFERED) == FollowUp(Said.CHOICE, choice=choice)


def test_a_kind_chooses_where_kinds_differ() -> None:
    found = read_follow_up("the album", (COVER, ALBUM))
    assert found == FollowUp(Said.CHOICE, choice=ALBUM)


def test_what_fits_several_chooses_none() -> None:
    assert read_follow_up("Hurt", OFFERED) is None
    assert read_follow_up("nine inch nails", OFFERED) is None


@pytest.mark.parametrize("text", ["yes", "Yeah, that one", "ok", "sure, thanks"])
def test_yes_takes_the_first(text: str) -> None:
    assert read_follow_up(text, OFFERED) == FollowUp(Said.YES, choice=STUDIO)


@pytest.mark.parametrize("text", ["no", "nope", "never mind", "none of those"])
def test_no_takes_none(text: str) -> None:
    assert read_follow_up(text, OFFERED) == FollowUp(Said.NO)


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        ("no, I meant hallelujah by jeff buckley", "hallelujah by jeff buckley"),
        ("I mean the beach boys", "the beach boys"),
        ("no, play wish you were here", "wish you were here"),
    ],
)
def test_a_correction_says_what_was_meant(text: str, rest: str) -> None:
    assert read_follow_up(text, ()) == FollowUp(Said.CORRECTION, rest=rest)


def test_without_an_offer_words_of_agreement_refer_to_nothing() -> None:
    for text in ("yes", "no", "the second one", "play yes"):
        assert read_follow_up(text, ()) is None
