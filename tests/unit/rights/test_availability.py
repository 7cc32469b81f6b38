"""Availability: the compiled timeline says at every moment what the deals themselves say."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from antiphon.rights import HOME, CommercialModel, Deal, Reason, SongRights, Terms, UseType

DAY = 24 * 3600 * 1000
STREAM, RADIO = UseType.STREAM, UseType.RADIO
SUBSCRIPTION, ADS = CommercialModel.SUBSCRIPTION, CommercialModel.ADVERTISING


def deal(*territories, start=0, end=None, uses=(STREAM,), models=(SUBSCRIPTION,), **more):
    return Deal(
        territories=frozenset(territories or ("Worldwide",)),
        uses=frozenset(uses),
        models=frozenset(models),
        start=start,
        end=end,
        **more,
    )


def ask(deals, storefront="de", now=10 * DAY, use=STREAM, model=SUBSCRIPTION):
    return SongRights(deals).decide(Terms(storefront, model), use, now)


def test_a_song_without_deals_belongs_to_the_library_and_is_the_owners_to_share():
    own = SongRights(None)
    assert own.decide(Terms(), STREAM, 0).reason is Reason.OWN_LIBRARY
    unshared = own.decide(Terms(shares_library=False), STREAM, 0)
    assert (unshared.allowed, unshared.reason) == (False, Reason.NOT_SHARED)


def test_a_delivered_song_whose_deals_are_none_is_nobodys_to_play():
    assert ask([]).reason is Reason.NO_DEAL


def test_a_window_opens_and_closes_to_the_millisecond():
    rights = SongRights([deal(start=5 * DAY, end=7 * DAY)])
    before, first, last, after = (
        rights.decide(Terms("de"), STREAM, t) for t in (5 * DAY - 1, 5 * DAY, 7 * DAY - 1, 7 * DAY)
    )
    assert (before.allowed, before.reason, before.until) == (False, Reason.NOT_YET, 5 * DAY)
    assert (first.allowed, first.until) == (True, 7 * DAY)
    assert last.allowed
    assert (after.allowed, after.reason, after.until) == (False, Reason.ENDED, None)


def test_excluded_territories_are_out_and_all_others_in():
    deals = [deal(excluded=frozenset({"us"}))]
    assert ask(deals, "de").allowed
    assert ask(deals, "us").reason is Reason.TERRITORY


def test_an_installation_without_a_territory_hears_only_what_is_for_all_the_world():
    assert ask([deal()], HOME).allowed
    assert ask([deal("de")], HOME).reason is Reason.STOREFRONT_NEEDED
    assert ask([deal(excluded=frozenset({"us"}))], HOME).reason is Reason.STOREFRONT_NEEDED


def test_another_use_and_another_plan_are_told_apart():
    assert ask([deal(uses=(RADIO,))]).reason is Reason.USE_TYPE
    assert ask([deal(models=(ADS,))]).reason is Reason.COMMERCIAL_MODEL


def test_tiers_open_one_after_the_other():
    deals = [deal(start=DAY), deal(start=20 * DAY, models=(ADS,))]
    assert ask(deals).allowed
    waiting = ask(deals, model=ADS)
    assert (waiting.reason, waiting.until) == (Reason.NOT_YET, 20 * DAY)
    assert ask(deals, model=ADS, now=20 * DAY).allowed


def test_a_preorder_plays_nothing_and_says_when():
    deals = [deal(start=0, is_preorder=True), deal(start=20 * DAY)]
    waiting = ask(deals)
    assert (waiting.allowed, waiting.reason, waiting.until) == (False, Reason.PREORDER, 20 * DAY)


def test_a_preview_opens_before_the_song():
    deals = [deal(start=20 * DAY, preview_from=5 * DAY, uses=(STREAM, UseType.PREVIEW))]
    assert not ask(deals).allowed
    assert ask(deals, use=UseType.PREVIEW).allowed
    assert not ask(deals, use=UseType.PREVIEW, now=4 * DAY).allowed


def test_an_exclusive_period_keeps_other_plans_out_until_it_ends():
    deals = [
        deal(start=DAY, end=15 * DAY, is_exclusive=True),
        deal(start=DAY, models=(SUBSCRIPTION, ADS)),
    ]
    waiting = ask(deals, model=ADS)
    assert (waiting.reason, waiting.until) == (Reason.EXCLUSIVE, 15 * DAY)
    assert ask(deals).allowed
    assert ask(deals, model=ADS, now=15 * DAY).allowed


def test_a_takedown_ends_all_deals_in_its_territories_only():
    deals = [deal(), deal("us", start=5 * DAY, is_taken_down=True)]
    assert ask(deals, "de").allowed
    assert ask(deals, "us").reason is Reason.TAKEN_DOWN
    assert ask(deals, "us", now=4 * DAY).until == 5 * DAY


TERRITORIES = st.sampled_from(["Worldwide", "de", "us", "fr"])
DEALS = st.lists(
    st.builds(
        Deal,
        territories=st.frozensets(TERRITORIES, min_size=1, max_size=2),
        excluded=st.frozensets(st.sampled_from(["de", "us"]), max_size=1),
        uses=st.frozensets(st.sampled_from(UseType), max_size=3),
        models=st.frozensets(st.sampled_from(CommercialModel), max_size=2),
        start=st.none() | st.integers(0, 40),
        end=st.none() | st.integers(0, 40),
        preview_from=st.none() | st.integers(0, 40),
        is_preorder=st.booleans(),
        is_exclusive=st.booleans(),
        is_taken_down=st.booleans(),
        channels=st.just(frozenset()) | st.frozensets(st.sampled_from(["A", "B"]), max_size=2),
        excluded_channels=st.just(frozenset()) | st.frozensets(st.sampled_from(["A"]), max_size=1),
        limits=st.sampled_from([(), (), (), ("CarrierType",)]),
    ),
    max_size=5,
)
PARTIES = st.sampled_from(["", "A", "B"])
TERMS = st.builds(
    Terms, st.sampled_from(["de", "us", "fr", HOME]), st.sampled_from(CommercialModel)
)


def may(deals, party, terms, use, now):
    """Say from the definition, deal by deal, whether a use is allowed at a moment."""

    def runs(d):
        return (d.start is None or d.start <= now) and (d.end is None or now < d.end)

    def here(d):
        if "Worldwide" in d.territories:
            inside = terms.storefront != HOME or not d.excluded
        else:
            inside = terms.storefront in d.territories
        return inside and terms.storefront not in d.excluded

    def gives(d):
        if use is UseType.PREVIEW and d.preview_from is not None:
            return (
                terms.model in d.models and d.preview_from <= now and (d.end is None or now < d.end)
            )
        return not d.is_preorder and use in d.uses and terms.model in d.models and runs(d)

    def is_for(d):
        if d.channels:
            return party in d.channels
        return not d.excluded_channels or (party != "" and party not in d.excluded_channels)

    def may_be_for(d):
        return party == "" or is_for(d)

    local = [d for d in deals if here(d)]
    if any(d.is_taken_down and runs(d) and may_be_for(d) for d in local):
        return False
    local = [d for d in local if not d.is_taken_down]
    reserved = [
        d for d in local if d.is_exclusive and not d.is_preorder and use in d.uses and runs(d)
    ]
    return any(gives(d) and is_for(d) and not d.limits for d in reserved or local)


@given(DEALS, PARTIES, TERMS, st.sampled_from(UseType), st.integers(0, 45))
def test_the_compiled_answer_is_what_the_deals_say(deals, party, terms, use, now):
    allowed = SongRights(deals, party).decide(terms, use, now).allowed
    assert allowed == may(deals, party, terms, use, now)


@given(DEALS, PARTIES, TERMS, st.sampled_from(UseType), st.integers(0, 45))
def test_nothing_changes_before_the_next_change_that_was_told(deals, party, terms, use, now):
    rights = SongRights(deals, party)
    decision = rights.decide(terms, use, now)
    end = 50 if decision.until is None else decision.until
    assert end > now
    for moment in range(now, end):
        assert rights.decide(terms, use, moment) == decision
    if decision.until is not None:
        after = rights.decide(terms, use, decision.until)
        assert (after.allowed, after.reason) != (decision.allowed, decision.reason)


@given(DEALS, TERMS, st.sampled_from(UseType))
def test_a_timeline_is_ordered_and_without_gaps(deals, terms, use):
    pieces = SongRights(deals).timeline(terms, use)
    assert pieces[0][0] is None
    assert pieces[-1][1].until is None
    assert all(a[1].until == b[0] for a, b in pairwise(pieces))
