"""Label messages: the same values whatever the version, and every fault with its place."""

import io
from dataclasses import replace

import pytest

from antiphon.rights import CommercialModel, UseType
from antiphon.rights.ern import read_message
from antiphon.rights.model import Fault, MessageKind
from antiphon.testing.label_messages import (
    VERSIONS,
    LabelDeal,
    LabelRelease,
    LabelTrack,
    purge_message,
    release_message,
)

TRACKS = (
    LabelTrack("QZAAA2600001", "Low Water & High", "resources/a.wav", "0" * 32),
    LabelTrack("QZAAA2600002", "Slack Tide", "resources/b.wav", warning="Explicit"),
    LabelTrack("QZAAA2600003", "Second Shore", "resources/c.wav", disc=2),
)
ALBUM = LabelRelease(
    TRACKS,
    (
        LabelDeal(
            ("Worldwide",),
            ("US", "CA"),
            ("OnDemandStream", "ConditionalDownload"),
            start="2026-02-01",
        ),
        LabelDeal(("DE",), (), ("Stream",), ("AdvertisementSupportedModel",), end="2026-03-31"),
    ),
    image="cover.jpg",
)


def read(version, release=ALBUM, *, altered=None):
    raw = release_message(version, release)
    if altered:
        old, new = altered
        assert old.encode() in raw
        raw = raw.replace(old.encode(), new.encode(), 1)
    return read_message(io.BytesIO(raw))


def faults(reading):
    return [(f.rule, f.path.rsplit("/", 1)[-1]) for f in reading.faults]


@pytest.mark.parametrize("version", VERSIONS)
def test_a_release_reads_the_same_in_every_version(version):
    reading = read(version)
    assert reading.faults == ()
    message = reading.message
    assert (message.kind, message.version) == (MessageKind.NEW_RELEASE, version)
    (album,) = message.main_releases
    assert album.key == "icpn:4006381333931"
    assert album.titles[0].value == "Tidal Rooms"
    assert [(p.reference, p.disc, p.number) for p in album.resources] == [
        ("A1", 1, 1),
        ("A2", 1, 2),
        ("A3", 2, 1),
    ]
    assert album.images == ("A4",)
    assert album.labels == ("Harbour Light",)
    first = message.resources["A1"]
    assert (first.isrc, first.titles[0].value) == ("QZAAA2600001", "Low Water & High")
    assert [(p.name, p.role) for p in first.artists] == [("The Quiet Engines", "MainArtist")]
    assert first.p_line is not None
    assert first.p_line.year == "2026"
    assert first.file is not None
    assert (first.file.path, first.file.hash_algorithm) == ("resources/a.wav", "MD5")
    assert message.resources["A2"].parental_warning == "Explicit"
    assert len(message.releases) == 4


@pytest.mark.parametrize("version", VERSIONS)
def test_deals_read_the_same_in_every_version(version):
    first, second = read(version).message.deals_of("R0")
    assert first.territories == {"Worldwide"}
    assert first.excluded == {"us", "ca"}
    assert first.uses == {UseType.STREAM, UseType.PREVIEW, UseType.DOWNLOAD}
    assert first.models == {CommercialModel.SUBSCRIPTION}
    assert first.start == 1769904000000
    assert first.end is None
    assert UseType.RADIO in second.uses


def test_an_end_date_includes_its_day():
    (_, second) = read("4.3").message.deals_of("R0")
    assert second.end == 1775001600000  # 2026-04-01T00:00:00Z


@pytest.mark.parametrize("version", VERSIONS)
def test_a_purge_names_its_release(version):
    reading = read_message(io.BytesIO(purge_message(version, ALBUM)))
    assert reading.faults == ()
    assert reading.message.kind is MessageKind.PURGE
    assert [r.key for r in reading.message.main_releases] == ["icpn:4006381333931"]


def test_a_fault_names_the_element_the_line_and_what_to_do():
    (fault,) = read("4.1.1", altered=("PT0M2S", "two seconds")).faults
    assert fault.rule is Fault.BAD_VALUE
    assert fault.path == "/NewReleaseMessage/ResourceList/SoundRecording[1]/Duration"
    assert fault.line > 20
    assert "two seconds" in fault.detail
    assert "correct it" in fault.detail


def test_all_faults_are_listed_not_only_the_first():
    release = replace(
        ALBUM,
        tracks=(replace(TRACKS[0], isrc="nonsense"), replace(TRACKS[1], warning="Rude")),
        deals=(LabelDeal(("Atlantis",), uses=("Humming",), start="soon", release="R9"),),
    )
    assert {rule for rule, _ in faults(read("3.8.2", release))} == {
        Fault.BAD_VALUE,
        Fault.MISSING,
        Fault.BAD_REFERENCE,
    }
    assert len(read("3.8.2", release).faults) >= 7


SLIPS = {
    "an unknown element of a recording": (
        ("<Type>", "<Fake>1</Fake><Type>"),
        Fault.UNKNOWN_ELEMENT,
    ),
    "an unknown term of a deal": (
        ("<ValidityPeriod>", "<OnlyOnSundays/><ValidityPeriod>"),
        Fault.UNKNOWN_ELEMENT,
    ),
    "an unknown use type": (("OnDemandStream", "Whistle"), Fault.BAD_VALUE),
    "an unknown commercial model": (("SubscriptionModel", "Barter"), Fault.BAD_VALUE),
    "a territory that does not exist": (
        ("<TerritoryCode>DE", "<TerritoryCode>QQ"),
        Fault.BAD_VALUE,
    ),
    "a deal without territory": (("<TerritoryCode>DE</TerritoryCode>", ""), Fault.MISSING),
    "a deal for a release that is not there": (
        ("Reference>R0</DealR", "Reference>R7</DealR"),
        Fault.BAD_REFERENCE,
    ),
    "a group item for a resource that is not there": (
        ("<ReleaseResourceReference>A2<", "<ReleaseResourceReference>A99<"),
        Fault.BAD_REFERENCE,
    ),
    "two resources of one reference": (
        ("<ResourceReference>A2<", "<ResourceReference>A1<"),
        Fault.DUPLICATE,
    ),
    "two releases of one reference": (
        ("<ReleaseReference>R2<", "<ReleaseReference>R1<"),
        Fault.DUPLICATE,
    ),
    "an ISRC that is none": (("QZAAA2600002", "12345"), Fault.BAD_VALUE),
    "a recording without any id": (("<ISRC>QZAAA2600003</ISRC>", ""), Fault.MISSING),
    "a date of creation that is none": (("2026-01-01T10:00:00Z", "New Year"), Fault.BAD_VALUE),
    "no sender": (("<PartyId>PADPIDA2026010101A</PartyId>", ""), Fault.MISSING),
    "a period that ends before it begins": (("2026-03-31", "2019-03-31"), Fault.BAD_VALUE),
    "no release id": (("<ICPN>4006381333931</ICPN>", ""), Fault.MISSING),
    "an unknown message": (("NewReleaseMessage", "NewReverseMessage"), Fault.UNKNOWN_MESSAGE),
    "an unknown version": (("xml/ern/411", "xml/ern/999"), Fault.UNKNOWN_VERSION),
}


@pytest.mark.parametrize("slip", SLIPS)
def test_a_slip_is_refused_by_its_rule(slip):
    altered, rule = SLIPS[slip]
    assert rule in {r for r, _ in faults(read("4.1.1", altered=altered))}


def test_a_release_that_no_deal_speaks_of_is_noted():
    reading = read("4.3", replace(ALBUM, deals=()))
    assert reading.faults == ()
    assert "no deal says" in reading.notes[0]


HEAD = '<?xml version="1.0"?>'
SPACE = 'xmlns:e="http://ddex.net/xml/ern/43"'
BOMBS = {
    "a document type": (
        f"{HEAD}<!DOCTYPE x><e:NewReleaseMessage {SPACE}/>",
        Fault.FORBIDDEN_XML,
    ),
    "an external entity": (
        (
            f'{HEAD}<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>'
            f"<e:NewReleaseMessage {SPACE}>&a;</e:NewReleaseMessage>"
        ),
        Fault.FORBIDDEN_XML,
    ),
    "billion laughs": (
        (
            f'{HEAD}<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]>'
            f"<e:NewReleaseMessage {SPACE}>&b;</e:NewReleaseMessage>"
        ),
        Fault.FORBIDDEN_XML,
    ),
    "an undefined entity": (
        f"{HEAD}<e:NewReleaseMessage {SPACE}>&ha;</e:NewReleaseMessage>",
        Fault.NOT_WELL_FORMED,
    ),
    "a depth of a hundred thousand": (
        f"{HEAD}<e:NewReleaseMessage {SPACE}>" + "<MessageHeader>" * 100_000,
        Fault.FORBIDDEN_XML,
    ),
    "a hundred thousand attributes": (
        f"{HEAD}<e:NewReleaseMessage {SPACE}><MessageHeader "
        + " ".join(f'a{i}=""' for i in range(100_000))
        + "/></e:NewReleaseMessage>",
        Fault.FORBIDDEN_XML,
    ),
    "a record without end": (
        f"{HEAD}<e:NewReleaseMessage {SPACE}><MessageHeader>" + "<a/>" * 400_001,
        Fault.TOO_LARGE,
    ),
    "a text without end": (
        f"{HEAD}<e:NewReleaseMessage {SPACE}><MessageHeader><MessageId>" + "x" * 200_000,
        Fault.TOO_LARGE,
    ),
    "nothing": ("", Fault.NOT_WELL_FORMED),
    "no XML": ("RIFF....WAVE", Fault.NOT_WELL_FORMED),
}


@pytest.mark.parametrize("bomb", BOMBS)
def test_xml_that_is_made_to_harm_is_refused(bomb):
    text, rule = BOMBS[bomb]
    assert [f.rule for f in read_message(io.BytesIO(text.encode())).faults] == [rule]


@pytest.mark.parametrize("version", VERSIONS)
def test_a_message_cut_anywhere_is_refused_and_nothing_else_happens(version):
    raw = release_message(version, ALBUM)
    end = raw.rindex(b"</ern:")
    for cut in range(0, end, 53):
        assert read_message(io.BytesIO(raw[:cut])).faults
