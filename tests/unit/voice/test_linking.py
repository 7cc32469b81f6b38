import random
import time

import pytest

from antiphon.voice.linking import NameIndex, folded, taken_apart
from antiphon.voice.model import Linked, Named, NameKind, Sought, Verdict

ARTISTS = [
    "blink-182",
    "M.I.A.",
    "Panic! at the Disco",
    "P!nk",
    "Ke$ha",
    "AC/DC",
    "Sigur Rós",
    "Beyoncé",
    "The The",
    "!!!",
    "The Beatles",
    "Keith Jarrett",
    "Nirvana",
    "Adele",
    "Taylor Swift",
    "周杰倫",
    "宇多田ヒカル",
    "Кино",
    "Άννα Βίσση",
    "فيروز",
    "50 Cent",
    "U2",
    "MØ",
]
SONGS = [
    ("22", "Taylor Swift"),
    ("1989", "Taylor Swift"),
    ("IV", "Led Zeppelin"),
    ("Nirvana", "Adam Lambert"),
    ("Hello", "Adele"),
    ("Hello", "Lionel Richie"),
    ("Группа крови", "Кино"),
    ("七里香", "周杰倫"),
    ("The Köln Concert", "Keith Jarrett"),
]


def catalogue() -> list[Named]:
    artists = [Named(NameKind.ARTIST, f"a{n}", name) for n, name in enumerate(ARTISTS)]
    songs = [Named(NameKind.SONG, f"s{n}", t, a) for n, (t, a) in enumerate(SONGS)]
    return [*artists, *songs]


@pytest.fixture(scope="module")
def index() -> NameIndex:
    return NameIndex(catalogue())


def first(linked: Linked) -> str:
    return linked.candidates[0].item.name


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ("blink 182", "blink-182"),
        ("blink one eighty two", "blink-182"),
        ("blink one hundred and eighty two", "blink-182"),
        ("mia", "M.I.A."),
        ("m i a", "M.I.A."),
        ("panic at the disco", "Panic! at the Disco"),
        ("pink", "P!nk"),
        ("kesha", "Ke$ha"),
        ("ac dc", "AC/DC"),
        ("acdc", "AC/DC"),
        ("sigur ros", "Sigur Rós"),
        ("beyonce", "Beyoncé"),
        ("the the", "The The"),
        ("!!!", "!!!"),
        ("beatles", "The Beatles"),
        ("周杰倫", "周杰倫"),
        ("宇多田ヒカル", "宇多田ヒカル"),
        ("кино", "Кино"),
        ("αννα βισση", "Άννα Βίσση"),  # noqa: RUF001
        ("فيروز", "فيروز"),
        ("fifty cent", "50 Cent"),
        ("mo", "MØ"),
    ],
)
def test_artist_of_odd_spelling_is_found_as_it_is_said(
    index: NameIndex, said: str, name: str
) -> None:
    linked = index.link(Sought(artist=said))
    assert first(linked) == name
    assert linked.verdict is Verdict.CERTAIN


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ("twenty two", "22"),
        ("nineteen eighty nine", "1989"),
        ("four", "IV"),
        ("4", "IV"),
        ("группа крови", "Группа крови"),
        ("七里香", "七里香"),
    ],
)
def test_title_is_found_as_it_is_said(index: NameIndex, said: str, name: str) -> None:
    assert first(index.link(Sought(said, kinds=frozenset({NameKind.SONG})))) == name


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("2000", "two thousand"),
        ("2001", "two thousand and one"),
        ("1900", "nineteen hundred"),
        ("100", "one hundred"),
        ("10,000 Maniacs", "ten thousand maniacs"),
        ("1st of Tha Month", "first of tha month"),
        ("A$AP", "asap"),
        ("Sonny & Cher", "sonny and cher"),
        ("3 III three", "three three iii"),
    ],
)
def test_spellings_of_one_saying_fold_alike(one: str, other: str) -> None:
    assert folded(one) == folded(other)


@pytest.mark.parametrize(
    ("title", "apart"),
    [
        ("Creep (Live at Leeds)", ("Creep", "live")),
        ("Heroes - 2017 Remaster", ("Heroes", "remaster")),
        ("Layla - Acoustic; Live at MTV Unplugged", ("Layla", "acoustic live")),
        ("Hey [Explicit]", ("Hey", "explicit")),
        ("Hey (Clean)", ("Hey", "clean")),
        ("(I Can't Get No) Satisfaction", ("(I Can't Get No) Satisfaction", "")),
        ("Live and Let Die", ("Live and Let Die", "")),
        ("Umbrella (feat. JAY-Z)", ("Umbrella", "")),
        ("(Live)", ("(Live)", "")),
    ],
)
def test_versions_lie_apart_from_names(title: str, apart: tuple[str, str]) -> None:
    assert taken_apart(title) == apart


def test_studio_version_wins_unless_another_is_asked_for() -> None:
    index = NameIndex(
        [
            Named(NameKind.SONG, "live", "Creep (Live at Leeds)", "Radiohead", 9e9),
            Named(NameKind.SONG, "studio", "Creep", "Radiohead"),
            Named(NameKind.SONG, "soft", "Creep - Acoustic", "Radiohead", 9e9),
        ]
    )
    assert index.link(Sought("creep", "radiohead")).candidates[0].item.id == "studio"
    asked = index.link(Sought("creep", "radiohead", version="the live one"))
    assert (asked.candidates[0].item.id, asked.verdict) == ("live", Verdict.CERTAIN)
    other = index.link(Sought("creep", "radiohead", version="instrumental"))
    assert other.verdict is Verdict.LIKELY


def test_album_with_its_artist_is_found_without_its_accents(index: NameIndex) -> None:
    assert first(index.link(Sought("the koln concert", "keith jarrett"))) == "The Köln Concert"


def test_two_that_bear_the_name_are_several(index: NameIndex) -> None:
    assert index.link(Sought("nirvana")).verdict is Verdict.SEVERAL
    assert index.link(Sought("hello")).verdict is Verdict.SEVERAL
    assert index.link(Sought("hello", "adele")).verdict is Verdict.CERTAIN


@pytest.mark.parametrize("said", ["metallica", "signe anderson", "玉置浩二", "zzzz", "", " ", "?"])
def test_absent_name_is_never_acted_on(index: NameIndex, said: str) -> None:
    assert index.link(Sought(said)).verdict in {Verdict.ABSENT, Verdict.LIKELY}


def test_popularity_never_decides_whether_a_name_is_accepted() -> None:
    def verdict(popularity: float) -> Verdict:
        items = [Named(NameKind.ARTIST, "1", "Sunshine Anderson", popularity=popularity)]
        return NameIndex(items).link(Sought(artist="signe anderson")).verdict

    assert verdict(0) is verdict(1e12)


def test_name_spelled_exactly_is_found_first_among_its_kind() -> None:
    draw = random.Random(3)
    syllables = ["ka", "lo", "mi", "ren", "tu", "sha", "da", "ве", "花"]
    names = {" ".join("".join(draw.choices(syllables, k=2)) for _ in range(2)) for _ in range(400)}
    index = NameIndex(
        Named(NameKind.ARTIST, n, n, popularity=draw.random() * 1e9) for n in sorted(names)
    )
    assert all(first(index.link(Sought(artist=n))) == n for n in names)


def test_order_of_insertion_does_not_matter() -> None:
    items = catalogue()
    mixed = random.Random(1).sample(items, len(items))
    asked = [Sought("helo"), Sought(artist="the bee tulls"), Sought("nirvana"), Sought("kino")]
    one, other = NameIndex(items), NameIndex(mixed)
    assert [one.link(a) for a in asked] == [other.link(a) for a in asked]


@pytest.mark.parametrize(
    "text", ["a " * 5000, "(" * 10_000, "9" * 10_000, "- live " * 1500, "\0\u0301" * 5000]
)
def test_hostile_text_is_answered_in_bounded_time(index: NameIndex, text: str) -> None:
    began = time.process_time()
    index.link(Sought(text, text, version=text))
    assert time.process_time() - began < 0.5


def test_changes_of_single_names_show_without_a_new_index(index: NameIndex) -> None:
    changed = index.with_changes(
        added=[Named(NameKind.ARTIST, "new", "Rosalía")], removed=[(NameKind.ARTIST, "a0")]
    )
    assert first(changed.link(Sought(artist="rosalia"))) == "Rosalía"
    assert changed.link(Sought(artist="blink 182")).verdict is not Verdict.CERTAIN
    assert first(index.link(Sought(artist="blink 182"))) == "blink-182"
    assert not changed.kinds_of("blink 182")


def test_words_tell_what_kinds_of_thing_bear_them(index: NameIndex) -> None:
    assert index.kinds_of("nirvana") == {NameKind.ARTIST, NameKind.SONG}
    assert index.kinds_of("nothing such") == frozenset()


def test_another_title_of_a_sure_artist_is_asked_about_and_not_played() -> None:
    index = NameIndex([Named(NameKind.SONG, "s", "Nine Below", "Ivory Harbor"), *catalogue()])
    linked = index.link(Sought("nine above", "ivory harbor"))
    assert linked.verdict is Verdict.LIKELY
    assert index.link(Sought("nine below", "ivory harbor")).verdict is Verdict.CERTAIN


def test_the_very_name_is_certain_however_near_another_is() -> None:
    names = ("Concrete Psalm", "Concrete Psalms")
    index = NameIndex([Named(NameKind.SONG, n, n, n) for n in names])
    linked = index.link(Sought("concrete psalm"))
    assert (first(linked), linked.verdict) == ("Concrete Psalm", Verdict.CERTAIN)


def test_a_version_that_is_asked_for_leaves_no_choice_of_others() -> None:
    songs = [("1", "A", ""), ("2", "A", "live"), ("3", "B", "")]
    index = NameIndex([Named(NameKind.SONG, i, "Glass", a, version=v) for i, a, v in songs])
    live = index.link(Sought("glass", version="live"))
    assert (live.verdict, live.candidates[0].item.id) == (Verdict.CERTAIN, "2")
    plain = index.link(Sought("glass"))
    assert [c.item.id for c in plain.candidates] == ["1", "3"]
    assert plain.verdict is Verdict.SEVERAL
    both = NameIndex([Named(NameKind.SONG, a, "Glass", a, version="live") for a in "AB"])
    assert both.link(Sought("glass", version="live")).verdict is Verdict.SEVERAL
