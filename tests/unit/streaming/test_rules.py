"""The decision: what a player gets, with which it begins, and why."""

from hypothesis import given
from hypothesis import strategies as st

from antiphon.audio import STEREO_RUNGS, Rendition, Rung, Segment
from antiphon.kernel import BitsPerSecond, SampleCount, SampleRateHz
from antiphon.streaming import Preference, Wish
from antiphon.streaming.rules import QUALITY, decide, known_codecs, network_class

CODECS = {Rung.FLAC: "fLaC", Rung.ALAC: "alac"}
RATES = {Rung.AAC_64: 64, Rung.AAC_128: 128, Rung.AAC_256: 256, Rung.FLAC: 900, Rung.ALAC: 920}
EVERYTHING = frozenset({"mp4a.40.2", "flac", "alac"})


def rendition(rung: Rung, *, kbps: int = 0, rate: int = 44_100, channels: int = 2) -> Rendition:
    average = BitsPerSecond(1000 * (kbps or RATES[rung]))
    return Rendition(
        rung=rung,
        codec=CODECS.get(rung, "mp4a.40.2"),
        prefix=f"media/{rung}",
        sample_rate=SampleRateHz(rate),
        channels=channels,
        bit_depth=16,
        priming=SampleCount(0),
        cue_shift=0,
        samples=SampleCount(rate),
        init_size=1,
        segments=(Segment(SampleCount(rate), average // 8),),
        average_bandwidth=average,
        peak_bandwidth=average,
    )


LADDER = [rendition(rung) for rung in STEREO_RUNGS]

ladders = st.lists(
    st.builds(
        rendition,
        st.sampled_from(STEREO_RUNGS),
        kbps=st.integers(8, 9000),
        rate=st.sampled_from([22_050, 44_100, 96_000, 192_000]),
        channels=st.integers(1, 8),
    ),
    unique_by=lambda r: r.rung,
    max_size=5,
)
wishes = st.builds(
    Wish,
    codecs=st.none() | st.frozensets(st.sampled_from(sorted(EVERYTHING | {"mp4a", "aac"}))),
    max_sample_rate=st.none() | st.integers(1, 200_000),
    max_channels=st.none() | st.integers(1, 10),
    kbps=st.none() | st.integers(1, 20_000),
    save_data=st.booleans(),
    preference=st.sampled_from(Preference),
)


@given(ladders, wishes)
def test_each_rung_is_either_offered_or_excluded_with_a_reason(ladder, wish):
    decision = decide(ladder, wish)
    said = [*decision.variants, *(e.rung for e in decision.excluded)]
    assert sorted(said) == sorted(r.rung for r in ladder)
    assert all(e.code and e.detail for e in decision.excluded)
    assert decision.reasons


@given(ladders, wishes)
def test_what_begins_is_among_what_is_offered_and_none_begins_only_where_none_is(ladder, wish):
    decision = decide(ladder, wish)
    if decision.variants:
        assert decision.chosen in decision.variants
    else:
        assert decision.chosen is None


@given(ladders, wishes)
def test_what_a_player_cannot_play_is_never_offered(ladder, wish):
    for rung in decide(ladder, wish).variants:
        found = next(r for r in ladder if r.rung is rung)
        assert wish.max_sample_rate is None or found.sample_rate <= wish.max_sample_rate
        assert wish.max_channels is None or found.channels <= wish.max_channels
        if wish.codecs is not None:
            names = {"mp4a.40.2", "mp4a", "aac"} if "aac" in rung else {str(rung)}
            assert names & wish.codecs


@given(ladders, wishes)
def test_something_playable_is_always_offered_whatever_is_preferred(ladder, wish):
    bare = Wish(wish.codecs, wish.max_sample_rate, wish.max_channels)
    assert bool(decide(ladder, wish).variants) == bool(decide(ladder, bare).variants)


@given(ladders, wishes)
def test_variants_come_worst_first_and_no_two_sound_the_same(ladder, wish):
    ranks = [QUALITY[rung] for rung in decide(ladder, wish).variants]
    assert ranks == sorted(set(ranks))


@given(ladders, wishes, st.integers(1, 20_000))
def test_a_faster_network_never_begins_worse(ladder, wish, more):
    slow = Wish(wish.codecs, preference=wish.preference, kbps=min(more, wish.kbps or more))
    fast = Wish(wish.codecs, preference=wish.preference, kbps=max(more, wish.kbps or more))
    before, after = decide(ladder, slow).chosen, decide(ladder, fast).chosen
    assert (before is None) == (after is None)
    if before is not None and after is not None:
        assert QUALITY[after] >= QUALITY[before]


@given(ladders, wishes)
def test_the_order_in_which_rungs_became_ready_decides_nothing(ladder, wish):
    one, other = decide(ladder, wish), decide(list(reversed(ladder)), wish)
    assert (one.chosen, one.variants, one.reasons) == (other.chosen, other.variants, other.reasons)
    assert set(one.excluded) == set(other.excluded)


def test_a_capable_player_on_an_unknown_network_begins_lossless() -> None:
    decision = decide(LADDER, Wish(EVERYTHING))
    assert decision.chosen is Rung.FLAC
    assert [r.code for r in decision.reasons] == ["lossless_supported", "network_unknown"]
    assert [(e.rung, e.code) for e in decision.excluded] == [(Rung.ALAC, "same_sound")]


def test_alac_is_offered_where_flac_is_not_supported() -> None:
    assert decide(LADDER, Wish(frozenset({"alac", "mp4a.40.2"}))).chosen is Rung.ALAC


def test_a_slow_network_begins_with_what_it_carries_but_offers_all() -> None:
    decision = decide(LADDER, Wish(EVERYTHING, kbps=384))
    assert decision.chosen is Rung.AAC_256
    assert Rung.FLAC in decision.variants
    assert decision.reasons[0].code == "network_too_slow"


def test_a_network_below_everything_begins_with_the_smallest() -> None:
    assert decide(LADDER, Wish(EVERYTHING, kbps=32)).chosen is Rung.AAC_64


def test_each_preference_is_a_ceiling() -> None:
    tops = {p: decide(LADDER, Wish(EVERYTHING, preference=p)).chosen for p in Preference}
    assert tops == {
        Preference.AUTO: Rung.FLAC,
        Preference.LOSSLESS: Rung.FLAC,
        Preference.HIGH: Rung.AAC_256,
        Preference.STANDARD: Rung.AAC_128,
        Preference.LOW: Rung.AAC_64,
    }


def test_saving_data_is_a_ceiling_unless_the_listener_asked_for_more() -> None:
    assert decide(LADDER, Wish(EVERYTHING, save_data=True)).chosen is Rung.AAC_128
    wish = Wish(EVERYTHING, save_data=True, preference=Preference.LOSSLESS)
    assert decide(LADDER, wish).chosen is Rung.FLAC


def test_a_ceiling_that_nothing_ready_meets_gives_the_smallest_and_says_so() -> None:
    decision = decide([rendition(Rung.FLAC)], Wish(EVERYTHING, preference=Preference.LOW))
    assert decision.chosen is Rung.FLAC
    assert decision.reasons[0].code == "ceiling_not_met"


def test_a_player_that_can_play_nothing_gets_nothing_and_is_told_why() -> None:
    decision = decide(LADDER, Wish(frozenset()))
    assert decision.chosen is None
    assert {e.code for e in decision.excluded} == {"codec_unsupported"}


def test_limits_of_rate_and_channels_exclude() -> None:
    ladder = [rendition(Rung.FLAC, rate=192_000, channels=6), rendition(Rung.AAC_256)]
    codes = [
        decide(ladder, wish).excluded[0].code
        for wish in (Wish(EVERYTHING, 48_000), Wish(EVERYTHING, max_channels=2))
    ]
    assert codes == ["sample_rate_unsupported", "channels_unsupported"]


def test_codec_names_are_read_in_any_case_and_unknown_ones_dropped() -> None:
    assert known_codecs(["fLaC", "MP4A.40.2", "vorbis", "ec-3"]) == {"flac", "mp4a.40.2"}


@given(st.floats(0, 1e9))
def test_network_classes_round_down_and_never_below_the_least(kbps):
    found = network_class(kbps)
    assert found is not None
    assert found <= max(kbps, 32)


def test_an_unmeasured_network_has_no_class() -> None:
    assert network_class(None) is None
