"""Messages that nobody here wrote, good and bad: what is read of each, and which rule it breaks."""

import io
import os
from pathlib import Path

import pytest

from antiphon.rights import CommercialModel, Reason, SongRights, Terms, UseType
from antiphon.rights.ern import read_message
from antiphon.rights.model import Fault, MessageKind, Text

SAMPLES = (
    Path(os.environ.get("ANTIPHON_TEST_DATA", Path(__file__).parents[4] / "shared" / "data"))
    / "ern"
)
pytestmark = pytest.mark.skipif(
    not SAMPLES.is_dir(),
    reason=f"there are no DDEX samples in {SAMPLES}: put them there or set ANTIPHON_TEST_DATA",
)
NOW = 1_790_000_000_000
READ = {
    # file: version, sound recordings, releases, groups of deals, rules that are broken
    "001_audioalbum_complete": ("3.8.2", 6, 7, 0, []),
    "002_erroneous_xml": ("3.8.2", 1, 0, 0, [Fault.NOT_WELL_FORMED]),
    "005_not_valid_xsd": ("3.8.2", 6, 7, 0, [Fault.UNKNOWN_ELEMENT]),
    "012_missing_isrc": ("3.8.2", 6, 6, 0, [Fault.MISSING]),
    "014_missing_deal": ("3.8.2", 9, 10, 9, []),
    "015_ern411": ("4.1.1", 21, 22, 2, []),
    "016_utf8_artists": ("3.8.2", 12, 13, 13, []),
    "017_purged_release": ("3.8.2", 0, 1, 0, []),
}


def raw(name):
    return (SAMPLES / f"dedex_{name}.xml").read_bytes()


def read(name):
    return read_message(io.BytesIO(raw(name)))


def decide(reading, release, storefront="fr", model=CommercialModel.SUBSCRIPTION, now=NOW):
    deals = SongRights(reading.message.deals_of(release))
    return deals.decide(Terms(storefront, model), UseType.STREAM, now)


def test_every_sample_has_an_expectation():
    assert {f.stem.removeprefix("dedex_") for f in SAMPLES.glob("*.xml")} == set(READ)


@pytest.mark.parametrize("name", READ)
def test_a_sample_is_read_whole_and_breaks_the_rules_it_breaks(name):
    version, sounds, releases, groups, rules = READ[name]
    reading = read(name)
    message = reading.message
    assert message.version == version
    assert [fault.rule for fault in reading.faults] == rules
    assert sum(r.is_sound for r in message.resources.values()) == sounds
    assert (len(message.releases), len(message.deals)) == (releases, groups)


@pytest.mark.parametrize("name", READ)
def test_a_sample_cut_anywhere_is_refused(name):
    whole = raw(name).rstrip()
    for cut in range(0, len(whole) - 1, 977):
        assert read_message(io.BytesIO(whole[:cut])).faults


FAULTS = {
    "002_erroneous_xml": (157, "/NewReleaseMessage/ResourceList/SoundRecording", "not well-formed"),
    "005_not_valid_xsd": (
        31,
        "/NewReleaseMessage/ResourceList/SoundRecording[1]/FakeTag",
        "SoundRecording has no element FakeTag: remove it or correct its name.",
    ),
    "012_missing_isrc": (
        219,
        "/NewReleaseMessage/ResourceList/SoundRecording[4]",
        "an ISRC or ProprietaryId is missing: add it.",
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_of_a_sample_names_its_place_and_what_to_do(name):
    line, path, detail = FAULTS[name]
    (fault,) = read(name).faults
    assert (fault.line, fault.path) == (line, path)
    assert detail in fault.detail


def test_the_album_without_deals_is_read_and_may_not_be_played():
    reading = read("001_audioalbum_complete")
    (album,) = reading.message.main_releases
    assert album.key == "grid:A1UCASE0000000401X"
    assert album.titles[0] == Text("A Monkey Claw in a Velvet Glove")
    assert (album.labels, album.images) == (("Iron Crown Music",), ("A7",))
    assert [(p.reference, p.disc, p.number) for p in album.resources] == [
        (f"A{n}", 1, n) for n in range(1, 7)
    ]
    song = reading.message.resources["A1"]
    assert (song.isrc, song.works, song.duration) == ("CASE00000001", ("T1234567890",), 811_000)
    assert [p.name for p in song.artists] == ["Monkey Claw", "Second Artist"]
    assert [(p.name, p.role) for p in song.contributors] == [
        ("Steve Albino", "Producer"),
        ("Bob Black", "Composer"),
    ]
    assert song.genres == ("Metal", "Progressive Metal")
    assert song.file.path == "A1UCASE0000000401X_01_01.wav"
    assert [note.rsplit(" ", 3)[0] for note in reading.notes] == [
        f"/NewReleaseMessage/ReleaseList/Release[{n}]: no deal says what may be done with"
        for n in range(1, 8)
    ]


def test_a_song_that_lacks_a_deal_of_its_own_has_that_of_its_album_and_is_noted():
    reading = read("014_missing_deal")
    (note,) = reading.notes
    assert note.startswith("/NewReleaseMessage/ReleaseList/Release[10]: no deal is for R9 itself")
    assert note.endswith("those of the release that holds it count.")
    (album,) = reading.message.main_releases
    assert (album.key, album.resources[8].reference) == ("icpn:1199119911991", "A9")
    assert reading.message.deals_of("R9") == ()
    assert decide(reading, "R0").allowed
    assert decide(reading, "R0", now=1_483_228_799_999).reason is Reason.NOT_YET
    assert decide(reading, "R0", model=CommercialModel.FREE).reason is Reason.COMMERCIAL_MODEL
    assert UseType.DOWNLOAD not in reading.message.deals_of("R0")[0].uses


def test_an_album_of_4_1_1_has_its_title_in_each_script_and_deals_for_its_songs_alone():
    reading = read("015_ern411")
    (album,) = reading.message.main_releases
    assert album.titles == (
        Text("Yume no Hajmari"),
        Text("夢のはじまり", "Worldwide", "ja-Jpan"),
        Text("ﾕﾒﾉﾊｼﾞﾏﾘ", "Worldwide", "ja-Kana"),
    )
    song = reading.message.resources["A1"]
    assert (song.isrc, song.language) == ("JPTO09404900", "ja")
    assert song.titles[1].value == "夢のララバイ"
    assert decide(reading, "R1", "jp").allowed
    assert decide(reading, "R1", "fr").reason is Reason.TERRITORY
    assert not decide(reading, "R0", "jp").allowed
    assert reading.message.deals_of("R0")[0].other_models == ("PayAsYouGoModel", "AsPerContract")


def test_an_album_that_comes_after_its_songs_and_is_not_marked_is_the_main_release():
    reading = read("016_utf8_artists")
    (album,) = reading.message.main_releases
    assert (album.reference, len(album.resources)) == ("R0", 12)
    names = [r.artists[0].name for r in reading.message.resources.values() if r.is_sound]
    assert {"Mirko Kordić", "Aca Šišić"} <= set(names)


def test_a_deal_of_a_sample_begins_when_it_is_effective():
    reading = read("016_utf8_artists")
    before = decide(reading, "R0", now=1_632_873_599_999)
    assert (before.reason, before.until) == (Reason.NOT_YET, 1_632_873_600_000)
    assert decide(reading, "R0").allowed


def test_a_purge_of_a_sample_names_its_release_and_is_a_test():
    message = read("017_purged_release").message
    assert (message.kind, message.is_test) == (MessageKind.PURGE, True)
    assert [r.key for r in message.main_releases] == ["icpn:7665431654967"]
