"""From ADM documents to scenes: what sounds, when, and what is said of what does not."""

from fractions import Fraction
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from antiphon.spatial.adm import document_of, read_chna, read_document, scene_of, write_chna
from antiphon.spatial.adm.chna import ChnaEntry
from antiphon.spatial.adm.common import common_channels, common_packs
from antiphon.spatial.adm.times import read_time, write_time
from antiphon.spatial.errors import MasterUnreadable
from antiphon.spatial.masters import read_scene
from antiphon.spatial.scene import (
    DirectTrack,
    HoaItem,
    MixTrack,
    ObjectItem,
    PositionOffset,
    SilentTrack,
    SpeakerItem,
)

from .documents import (
    POSITION,
    audio_object,
    axml,
    block,
    channel,
    content,
    one_object,
    pack,
    programme,
    rows,
    scene,
    uid,
)

_NS = "{urn:metadata-schema:adm}"


def _published(spatial_data: Path, tag: str) -> list[ET.Element]:
    root = ET.parse(spatial_data / "adm_xml" / "2094_common_definitions.xml").getroot()
    return list(root.iter(_NS + tag))


def test_the_common_packs_are_those_that_are_published(spatial_data: Path) -> None:
    published = {}
    for element in _published(spatial_data, "audioPackFormat"):
        refs = {
            kind: tuple((e.text or "").upper() for e in element.iter(f"{_NS}{kind}IDRef"))
            for kind in ("audioChannelFormat", "audioPackFormat")
        }
        name = element.attrib["audioPackFormatID"].upper()
        published[name] = (refs["audioChannelFormat"], refs["audioPackFormat"])
    assert {p.id: (p.channels, p.packs) for p in common_packs().values()} == published


def test_the_common_channels_are_those_that_are_published(spatial_data: Path) -> None:
    published = _published(spatial_data, "audioChannelFormat")
    assert {e.attrib["audioChannelFormatID"].upper() for e in published} == set(common_channels())
    for element in published:
        ours = common_channels()[element.attrib["audioChannelFormatID"].upper()]
        theirs = {e.tag.removeprefix(_NS): e.text for e in element.iter()}
        low = element.find(_NS + "frequency")
        assert (None if low is None else float(low.text or "")) == ours.frequency.low_pass
        if "order" in theirs:
            told = ours.blocks[0]
            assert (str(told.order), str(told.degree)) == (theirs["order"], theirs["degree"])
            assert told.normalization == theirs["normalization"]
        elif "speakerLabel" in theirs:
            at = ours.blocks[0].position
            places = [float(e.text or "") for e in element.iter(_NS + "position")]
            assert [at.first.value, at.second.value, at.third.value] == places
            assert (theirs["speakerLabel"] or "").endswith(f":{ours.blocks[0].labels[0]}")


@pytest.mark.parametrize(
    ("name", "items"),
    [
        ("aos_sharing_atu-some_without_parent", ["0"]),
        ("channels_mono_adm", ["0"]),
        ("jp_3_jump_position_interpolate", ["0"]),
        ("nesting1-1ao_with_1pf_reffing_1pf", ["0", "1"]),
        ("nesting1b-same_for_directspeakers", ["0", "1"]),
        ("nesting2-1ao_with_2pf_each_with_1cf", ["0", "1"]),
        ("nesting3-1ao_reffing_2ao_each_with_1pf_with_1cf", ["0", "1"]),
        ("nesting4-1ao_reffing_1ao_both_with_1pf_with_1cf", ["0", "1"]),
        ("nesting5-1ao_with_1pf_with_2cf", ["0", "1"]),
        ("nesting6-2ao_both_reffing_1ao_with_1pf_with_1cf", ["0", "0"]),
        ("nesting6b-2ao_parents_1ao_child_shared_and_1ao_child_with_one_parent", ["0", "0", "1"]),
        ("nesting7-2ao_with_1pf_each_reffing_same_1cf", ["0", "1"]),
        ("nesting8-2ao_reffing_same_1pf_with_1cf", ["0", "1"]),
    ],
)
def test_masters_of_an_authoring_tool_become_their_items(
    spatial_data: Path, name: str, items: list[str]
) -> None:
    with (spatial_data / "eps" / f"{name}.wav").open("rb") as file:
        _, made = read_scene(file)
    assert [str(item.track.index) for item in made.items] == items
    assert made.repairs == ()


def test_an_ambisonic_master_becomes_one_item(spatial_data: Path) -> None:
    with (spatial_data / "eps" / "hoa_4ch_bwf_1stOrderAmbix.wav").open("rb") as file:
        _, made = read_scene(file)
    (item,) = made.items
    assert isinstance(item, HoaItem)
    assert (item.orders, item.degrees) == ((0, 1, 1, 1), (0, -1, 0, 1))
    assert item.normalization == "SN3D"


def test_a_block_knows_its_jump_and_its_times(spatial_data: Path) -> None:
    with (spatial_data / "eps" / "jp_3_jump_position_interpolate.wav").open("rb") as file:
        _, made = read_scene(file)
    blocks = made.items[0].blocks
    assert [(b.start, b.end) for b in blocks] == [(0, 1), (1, 2), (2, 3)]
    assert all(b.jump and b.interpolation == Fraction(3, 10) for b in blocks)
    assert [b.position.distance for b in blocks] == [20, 55, 40]


def test_a_label_tells_the_low_frequencies(spatial_data: Path) -> None:
    with (spatial_data / "test_bwf.wav").open("rb") as file:
        _, made = read_scene(file)
    assert [type(i).__name__ for i in made.items] == ["ObjectItem"] * 2 + ["SpeakerItem"] * 3
    assert made.items[4].frequency.low_pass == 120
    azimuth = made.items[3].blocks[0].position.first
    assert (azimuth.value, azimuth.minimum, azimuth.maximum) == (45, 30, 50)


def test_gains_multiply_and_mutes_add_up_on_the_way_down() -> None:
    document = axml(
        programme("ACO_1001"),
        content("AO_1001"),
        audio_object(
            1001,
            inner="<gain>0.5</gain><mute>1</mute><audioObjectIDRef>AO_1002</audioObjectIDRef>"
            '<positionOffset coordinate="azimuth">10</positionOffset>',
            told='importance="7"',
        ),
        audio_object(
            1002,
            ("AP_00031001",),
            (1,),
            inner='<gain gainUnit="dB">-20</gain>'
            '<positionOffset coordinate="azimuth">5</positionOffset>',
            told='importance="4"',
        ),
        pack("AP_00031001", "0003", "AC_00031001", told='importance="3"'),
        channel("AC_00031001", "0003", block()),
        uid(1, "AC_00031001", "AP_00031001"),
    )
    (item,) = scene(document).items
    assert item.gain == pytest.approx(0.05)
    assert item.mute
    assert item.offset == PositionOffset(False, 15.0, 0.0, 0.0)
    assert (item.importance.audio_object, item.importance.audio_pack) == (4, 3)


def test_of_complementary_objects_the_default_sounds() -> None:
    document = axml(
        programme("ACO_1001"),
        content("AO_1001", "AO_1002"),
        audio_object(
            1001,
            ("AP_00010001",),
            (1,),
            inner="<audioComplementaryObjectIDRef>AO_1002</audioComplementaryObjectIDRef>",
        ),
        audio_object(1002, ("AP_00010001",), (2,)),
        uid(1, "AC_00010003", "AP_00010001"),
        uid(2, "AC_00010003", "AP_00010001"),
    )
    assert [item.name for item in scene(document, 1, 2).items] == ["O1001"]


def test_a_programme_can_be_chosen_and_the_first_is_the_default() -> None:
    document = axml(
        programme("ACO_1002", number=2),
        programme("ACO_1001", number=1),
        content("AO_1001", number=1),
        content("AO_1002", number=2),
        audio_object(1001, ("AP_00010001",), (1,)),
        audio_object(1002, ("AP_00010001",), (1,)),
        uid(1, "AC_00010003", "AP_00010001"),
    )
    assert scene(document).items[0].name == "O1001"
    assert scene(document, chosen="APR_1002").items[0].name == "O1002"
    with pytest.raises(MasterUnreadable, match=r"APR_1002, APR_1001"):
        scene(document, chosen="APR_1003")


def test_silence_stands_for_a_channel_without_track() -> None:
    document = axml(
        audio_object(1001, ("AP_00010002",), (1, 0)), uid(1, "AC_00010001", "AP_00010002")
    )
    left, right = scene(document).items
    assert left.track == DirectTrack(0)
    assert right.track == SilentTrack()


def test_a_track_beyond_the_file_is_silent_and_told() -> None:
    made = scene(one_object(), 1, channels=0)
    assert made.items[0].track == SilentTrack()
    assert "the file has 0" in made.repairs[0]


def test_a_file_with_chna_alone_is_understood() -> None:
    table = (
        ChnaEntry(1, "ATU_00000001", "AT_00010001_01", "AP_00010002"),
        ChnaEntry(2, "ATU_00000002", "AT_00010002_01", "AP_00010002"),
        ChnaEntry(3, "ATU_00000003", "AT_00010003_01", "AP_00010001"),
    )
    read = document_of(read_chna(write_chna(table)))
    made = scene_of(read, channels=3, sample_rate=48_000)
    assert [(i.name, i.track.index) for i in made.items] == [
        ("M+030", 0),
        ("M-030", 1),
        ("M+000", 2),
    ]
    assert all(isinstance(item, SpeakerItem) for item in made.items)


def test_an_ambisonic_pack_brings_the_orders_below_it() -> None:
    channels = [f"AC_0004{n + 1:04X}" for n in range(9)]
    document = axml(
        audio_object(1001, ("AP_00040002",), tuple(range(1, 10))),
        *(uid(n + 1, name, "AP_00040002") for n, name in enumerate(channels)),
    )
    (item,) = scene(document, *range(1, 10), channels=9).items
    assert item.orders == (0, 1, 1, 1, 2, 2, 2, 2, 2)
    assert [t.index for t in item.tracks] == list(range(9))


def test_components_that_contradict_each_other_are_refused() -> None:
    def part(number: int, inner: str) -> str:
        return channel(f"AC_0004100{number}", "0004", block(inner))

    document = axml(
        audio_object(1001, ("AP_00041001",), (1, 2)),
        pack("AP_00041001", "0004", "AC_00041001", "AC_00041002"),
        part(1, "<order>0</order><degree>0</degree><normalization>SN3D</normalization>"),
        part(2, "<order>1</order><degree>0</degree><normalization>N3D</normalization>"),
        uid(1, "AC_00041001", "AP_00041001"),
        uid(2, "AC_00041002", "AP_00041001"),
    )
    with pytest.raises(MasterUnreadable, match="differ in their normalization"):
        scene(document, 1, 2)


def _matrix(*, tracks: str) -> bytes:
    def row(number: int, output: str, *terms: tuple[str, float]) -> str:
        inner = "".join(f'<coefficient gain="{g}">{c}</coefficient>' for c, g in terms)
        ref = f"<outputChannelFormatIDRef>{output}</outputChannelFormatIDRef>"
        return channel(f"AC_0002100{number}", "0002", block(f"{ref}<matrix>{inner}</matrix>"))

    inner = (
        "<inputPackFormatIDRef>AP_0001000A</inputPackFormatIDRef>"
        "<outputPackFormatIDRef>AP_00010002</outputPackFormatIDRef>"
    )
    channels = {
        "in": ["AC_00010001", "AC_00010002", "AC_00010003"],
        "out": ["AC_00021001", "AC_00021002"],
    }[tracks]
    numbers = tuple(range(1, len(channels) + 1))
    return axml(
        audio_object(1001, ("AP_00021001",), numbers),
        pack("AP_00021001", "0002", "AC_00021001", "AC_00021002", inner=inner),
        row(1, "AC_00010001", ("AC_00010001", 1.0), ("AC_00010003", 0.7)),
        row(2, "AC_00010002", ("AC_00010002", 1.0), ("AC_00010003", 0.7)),
        *(uid(n, name, "AP_00021001") for n, name in zip(numbers, channels, strict=True)),
    )


def test_a_matrix_is_applied_to_its_inputs() -> None:
    left, right = scene(_matrix(tracks="in"), 1, 2, 3).items
    assert [left.name, right.name] == ["O1001", "O1001"]
    assert left.blocks[0].labels == ("M+030",)
    assert isinstance(right.track, MixTrack)
    assert [(t.source.index, t.gain) for t in right.track.sources] == [(1, 1.0), (2, 0.7)]


def test_a_matrix_that_was_applied_before_is_left_alone() -> None:
    left, right = scene(_matrix(tracks="out"), 1, 2).items
    assert (left.track, right.track) == (DirectTrack(0), DirectTrack(1))
    assert left.blocks[0].labels == ("M+030",)


def _timed(*spans: tuple[str, str]) -> bytes:
    return one_object(*(block(POSITION, start, duration) for start, duration in spans))


def test_a_block_that_overlaps_the_next_ends_where_that_begins() -> None:
    made = scene(_timed(("00:00:00.0", "00:00:01.5"), ("00:00:01.0", "00:00:01.0")))
    assert [(b.start, b.end) for b in made.items[0].blocks] == [(0, 1), (1, 2)]
    assert "overlaps the next" in made.repairs[0]


def test_a_gap_of_rounding_is_closed_and_a_real_one_stays() -> None:
    made = scene(
        _timed(
            ("00:00:00.0", "00:00:00.99999"),
            ("00:00:01.0", "00:00:01.0"),
            ("00:00:03.0", "00:00:01.0"),
        )
    )
    assert [(b.start, b.end) for b in made.items[0].blocks] == [(0, 1), (1, 2), (3, 4)]
    assert len(made.repairs) == 1
    assert "rounding" in made.repairs[0]


def test_a_block_is_cut_where_its_object_ends() -> None:
    document = one_object(
        block(POSITION, "00:00:00.0", "00:00:05.0"),
        block(POSITION, "00:00:05.0", "00:00:05.0"),
        told='start="00:00:10.0" duration="00:00:02.0"',
    )
    made = scene(document)
    assert [(b.start, b.end) for b in made.items[0].blocks] == [(10, 12)]
    assert len(made.repairs) == 2


def test_a_ramp_longer_than_its_block_is_shortened() -> None:
    jump = f'{POSITION}<jumpPosition interpolationLength="3">1</jumpPosition>'
    made = scene(one_object(block(jump, "00:00:00.0", "00:00:01.0")))
    assert made.items[0].blocks[0].interpolation == 1
    assert "interpolationLength" in made.repairs[0]


def test_a_stream_that_names_a_pack_as_well_is_mended() -> None:
    stream = (
        '<audioStreamFormat audioStreamFormatID="AS_00031001">'
        "<audioChannelFormatIDRef>AC_00031001</audioChannelFormatIDRef>"
        "<audioPackFormatIDRef>AP_00031001</audioPackFormatIDRef>"
        "<audioTrackFormatIDRef>AT_00031001_01</audioTrackFormatIDRef></audioStreamFormat>"
    )
    document = axml(
        audio_object(1001, ("AP_00031001",), (1,)),
        pack("AP_00031001", "0003", "AC_00031001"),
        channel("AC_00031001", "0003", block()),
        stream,
    )
    table = (ChnaEntry(1, "ATU_00000001", "AT_00031001_01", "AP_00031001"),)
    made = scene_of(read_document(document, table), channels=1, sample_rate=48_000)
    assert isinstance(made.items[0], ObjectItem)
    assert "the channel it is" in made.repairs[0]


def test_an_unknown_version_is_read_with_a_word() -> None:
    read = read_document(one_object().replace(b"2076-2", b"2076-9"), rows(1))
    assert "version" in read.repairs[0]


@pytest.mark.parametrize(
    ("document", "why"),
    [
        (b"", "not well-formed"),
        (b"<a/>", "no audioFormatExtended"),
        (b"<a><b></a>", "not well-formed"),
        (
            one_object().replace(b'<?xml version="1.0"?>', b"<!DOCTYPE a [<!ENTITY b 'c'>]>"),
            "entities",
        ),
        (axml("<a>" * 40 + "</a>" * 40), "nested too deep"),
        (axml(f"<audioObject audioObjectID='A'>{'x' * 70_000}</audioObject>"), "characters"),
        (
            one_object(block("<position coordinate='azimuth'>1e999</position>")),
            "no azimuth|azimuth",
        ),
        (one_object(block(POSITION.replace("30", "NaN"))), "NaN"),
        (one_object(block(POSITION.replace("30", "200"))), "200"),
        (one_object(block("")), "no azimuth"),
        (
            one_object(block(f"{POSITION}<position coordinate='X'>0</position>")),
            "mixes coordinates",
        ),
        (one_object(block(f"{POSITION}<diffuse>2</diffuse>")), "diffuse 2"),
        (one_object(block(f"{POSITION}<gain gainUnit='dB'>900</gain>")), "gain in dB"),
        (one_object(block(POSITION, "1:2", "00:00:01.0")), "no time"),
        (one_object(block(POSITION, "00:00:00.1S0", "00:00:01.0")), "divides"),
        (axml(audio_object(1), audio_object(1)), "defined twice"),
        (axml(pack("AP_1", "0009")), "type"),
        (axml("<audioObject/>"), "no audioObjectID"),
    ],
)
def test_a_document_that_cannot_be_is_refused_with_the_place(document: bytes, why: str) -> None:
    with pytest.raises(MasterUnreadable, match=why):
        read_document(document, rows(1))


def test_what_is_referred_to_and_not_there_is_left_out_by_name() -> None:
    document = axml(
        programme("ACO_1001", "ACO_9999"),
        content("AO_1001", "AO_9999"),
        audio_object(1001, ("AP_00010001",), (1, 7)),
        uid(1, "AC_00010003", "AP_00010001"),
    )
    made = scene(document)
    assert len(made.items) == 1
    told = " ".join(made.repairs)
    assert all(name in told for name in ("ACO_9999", "AO_9999", "ATU_00000007"))


def test_a_pack_that_nothing_defines_is_refused() -> None:
    with pytest.raises(MasterUnreadable, match="AP_00099999"):
        scene(axml(audio_object(1001, ("AP_00099999",), (1,))))


def test_objects_and_packs_in_a_circle_are_refused() -> None:
    inner = "<audioObjectIDRef>AO_{}</audioObjectIDRef>"
    circle = axml(
        programme("ACO_1001"),
        content("AO_1001"),
        audio_object(1001, inner=inner.format(1002)),
        audio_object(1002, inner=inner.format(1001)),
    )
    with pytest.raises(MasterUnreadable, match="circle"):
        scene(circle)
    ref = "<audioPackFormatIDRef>AP_00031001</audioPackFormatIDRef>"
    packs = axml(audio_object(1, ("AP_00031001",), (1,)), pack("AP_00031001", "0003", inner=ref))
    with pytest.raises(MasterUnreadable, match="contains itself"):
        scene(packs)


def test_a_document_without_sound_is_refused() -> None:
    with pytest.raises(MasterUnreadable, match="nothing in this master"):
        scene(axml(programme("ACO_1001"), content()))


@pytest.mark.parametrize(
    "text", ["00:00:00.00000", "01:02:03.500000000", "00:00:01.1S3", "12:59:59.47999S48000"]
)
def test_a_time_is_exact_and_written_again(text: str) -> None:
    assert read_time(write_time(read_time(text))) == read_time(text)


def test_fractions_of_a_second_are_not_rounded() -> None:
    assert read_time("00:00:01.1S3") == Fraction(4, 3)
    assert read_time("00:01:00.125") == Fraction(481, 8)


def test_a_chna_that_claims_more_than_it_has_is_refused() -> None:
    with pytest.raises(MasterUnreadable, match="claims"):
        read_chna(b"\1\0\5\0" + b"\0" * 40)
    with pytest.raises(MasterUnreadable, match="cut short"):
        read_chna(b"\1")
