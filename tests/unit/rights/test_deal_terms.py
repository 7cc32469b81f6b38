"""No deal grants more than it says: whom it is for, and terms that cannot be kept here."""

import io

import pytest

from antiphon.rights import CommercialModel, Reason, SongRights, Terms, UseType
from antiphon.rights.ern import known as words
from antiphon.rights.ern import read_message
from antiphon.rights.model import Fault
from antiphon.testing.label_messages import (
    VERSIONS,
    LabelDeal,
    LabelRelease,
    LabelTrack,
    release_message,
)

OURS = "PADPIDA2026010102B"
THEIRS = "PADPIDA2008120501W"
NOW = 1_790_000_000_000
FRANCE = Terms("fr", CommercialModel.SUBSCRIPTION)
FOR_OURS = f"<DistributionChannel><PartyId>{OURS}</PartyId></DistributionChannel>"
FOR_THEIRS = (
    f"<DistributionChannel><PartyId>{THEIRS}</PartyId><PartyName><FullName>Theirs</FullName>"
    "</PartyName></DistributionChannel>"
)
BY_DPID = FOR_OURS.replace(OURS, "<DPID>PA-DPIDA-2026010102-B</DPID>")
NAMED = "<DistributionChannel><TradingName><Name>Ours</Name></TradingName></DistributionChannel>"


def read(version="4.3", party=OURS, *deals, **deal):
    release = LabelRelease(
        (LabelTrack("QZAAA2600001", "Low Water"),), deals or (LabelDeal(**deal),)
    )
    return read_message(io.BytesIO(release_message(version, release)), party)


def decide(reading, party=OURS, use=UseType.STREAM, now=NOW):
    deals = reading.message.deals_of("R0")
    return SongRights(deals, party).decide(FRANCE, use, now)


def excluding(channel):
    return channel.replace("DistributionChannel>", "ExcludedDistributionChannel>")


@pytest.mark.parametrize("version", VERSIONS)
def test_a_deal_for_another_service_grants_nothing_and_is_noted(version):
    reading = read(version, terms=FOR_THEIRS)
    assert reading.faults == ()
    decision = decide(reading)
    assert (decision.allowed, decision.reason) == (False, Reason.SERVICE)
    (note,) = reading.notes
    assert "/Deal[1]/DealTerms/DistributionChannel: it is for " + THEIRS in note
    assert f"this service is {OURS}" in note
    assert note.endswith("[other_service]")


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("channels", [FOR_OURS, FOR_THEIRS + FOR_OURS, BY_DPID])
def test_a_deal_for_this_service_grants(version, channels):
    reading = read(version, terms=channels)
    assert (reading.faults, reading.notes) == ((), ())
    assert decide(reading).allowed


@pytest.mark.parametrize(
    ("channel", "reason"),
    [
        (excluding(FOR_OURS), Reason.SERVICE),
        (excluding(FOR_THEIRS), Reason.GRANTED),
        (excluding(FOR_THEIRS + NAMED), Reason.SERVICE),
        (NAMED, Reason.SERVICE),
        (FOR_OURS.replace("</Dist", "<TerritoryCode>US</TerritoryCode></Dist"), Reason.SERVICE),
    ],
)
def test_a_deal_that_may_leave_this_service_out_grants_nothing(channel, reason):
    reading = read(terms=channel)
    assert decide(reading).reason is reason
    assert bool(reading.notes) == (reason is Reason.SERVICE)


@pytest.mark.parametrize("channel", [FOR_OURS, FOR_THEIRS, excluding(FOR_THEIRS)])
def test_a_service_that_has_not_said_who_it_is_gets_no_deal_that_names_services(channel):
    reading = read(party="", terms=channel)
    assert decide(reading, party="").reason is Reason.SERVICE
    assert "set party_id" in reading.notes[0]


def test_what_another_service_has_alone_keeps_a_deal_for_all_closed_while_it_lasts():
    alone = LabelDeal(terms=FOR_THEIRS, exclusive=True, end="2026-12-31")
    reading = read("4.3", OURS, alone, LabelDeal())
    decision = decide(reading)
    assert (decision.allowed, decision.reason) == (False, Reason.EXCLUSIVE)
    assert decide(reading, now=decision.until).allowed


@pytest.mark.parametrize(
    ("party", "reason"),
    [(OURS, Reason.GRANTED), ("", Reason.TAKEN_DOWN), (THEIRS, Reason.TAKEN_DOWN)],
)
def test_a_takedown_for_another_service_takes_nothing_down_unless_it_may_be_this_one(party, reason):
    down = LabelDeal(terms=FOR_THEIRS, take_down=True)
    assert decide(read("4.3", party, LabelDeal(), down), party).reason is reason


AT_TERMS = {
    "UserInterfaceType": "<UserInterfaceType>MobileDevice</UserInterfaceType>",
    "CarrierType": "<CarrierType>CompactDisc</CarrierType>",
    "TechnicalInstantiation": (
        "<TechnicalInstantiation><CodingType>Lossy</CodingType></TechnicalInstantiation>"
    ),
    "NumberOfUsages": "<NumberOfUsages>3</NumberOfUsages>",
    "ConsumerRentalPeriod": "<ConsumerRentalPeriod>P3D</ConsumerRentalPeriod>",
    "SellThroughPeriod": "<SellThroughPeriod>P3D</SellThroughPeriod>",
    "PromotionalCode": "<PromotionalCode>SUMMER</PromotionalCode>",
    "RelatedReleaseOfferSet": "<RelatedReleaseOfferSet/>",
    "RightsClaimPolicy": "<RightsClaimPolicy/>",
    "WebPolicy": "<WebPolicy/>",
    "DistributionChannelType": "<DistributionChannelType>Kiosk</DistributionChannelType>",
}
BESIDE = {
    "ResourceUsage": "<ResourceUsage><DealResourceReferenceList/></ResourceUsage>",
    "IsCommunicatedOutOfBand": "<IsCommunicatedOutOfBand>true</IsCommunicatedOutOfBand>",
}


def test_every_limit_that_is_known_has_a_test():
    assert {*AT_TERMS, *BESIDE} == set(words.LIMITS)


@pytest.mark.parametrize("name", AT_TERMS)
def test_a_deal_with_a_term_that_cannot_be_kept_grants_nothing_and_is_noted(name):
    reading = read(terms=AT_TERMS[name])
    assert reading.faults == ()
    assert decide(reading).reason is Reason.TERMS
    (note,) = reading.notes
    assert f"/DealTerms/{name}: " in note
    assert f"send one without {name}" in note
    assert note.endswith(f"[{Fault.LIMIT_NOT_KEPT.value}]")


@pytest.mark.parametrize("name", BESIDE)
def test_so_does_one_whose_limits_stand_beside_its_terms(name):
    reading = read(beside=BESIDE[name])
    assert decide(reading).reason is Reason.TERMS
    assert f"/Deal[1]/{name}: " in reading.notes[0]


def test_a_deal_of_which_no_terms_are_told_is_none():
    raw = release_message("4.3", LabelRelease((LabelTrack("QZAAA2600001", "Low Water"),)))
    begin, end = raw.index(b"<DealTerms>"), raw.index(b"</Deal>")
    raw = raw[:begin] + BESIDE["IsCommunicatedOutOfBand"].encode() + raw[end:]
    reading = read_message(io.BytesIO(raw))
    assert reading.faults == ()
    assert decide(reading).reason is Reason.NO_DEAL
    assert "IsCommunicatedOutOfBand" in reading.notes[0]


@pytest.mark.parametrize("name", sorted(words.USAGE - {"UseType", "DistributionChannelType"}))
def test_a_use_with_a_term_that_cannot_be_kept_opens_nothing(name):
    reading = read("3.8.2", usage=AT_TERMS[name])
    assert decide(reading).reason is Reason.USE_TYPE
    assert f"/Usage[1]/{name}: " in reading.notes[0]
    assert reading.message.deals_of("R0")[0].other_uses == (f"OnDemandStream by {name}",)


def test_another_use_of_the_same_deal_is_open_without_it():
    free = "</Usage><Usage><UseType>OnDemandStream</UseType>"
    assert decide(read("3.8.2", usage=AT_TERMS["CarrierType"] + free)).allowed


def test_the_internet_is_no_limit():
    told = "<DistributionChannelType>InternetAndMobile</DistributionChannelType>"
    reading = read("3.8.2", usage=told)
    assert (reading.notes, decide(reading).allowed) == ((), True)


def test_a_use_that_may_not_be_discovered_opens_nothing():
    raw = release_message("4.3", LabelRelease((LabelTrack("QZAAA2600001", "Low Water"),)))
    hidden = raw.replace(b"<UseType>", b'<UseType IsDiscoverable="false">')
    reading = read_message(io.BytesIO(hidden))
    assert decide(reading).reason is Reason.USE_TYPE
    assert "IsDiscoverable" in reading.notes[0]


def test_a_deal_begins_no_sooner_than_it_is_effective():
    reading = read(start="2020-01-01", effective="2030-01-01")
    assert decide(reading).reason is Reason.NOT_YET
    assert decide(reading, now=1_893_456_000_000).allowed


@pytest.mark.parametrize("limit", [AT_TERMS["CarrierType"], AT_TERMS["PromotionalCode"]])
def test_a_takedown_counts_whatever_limits_it_names(limit):
    reading = read("4.3", OURS, LabelDeal(), LabelDeal(take_down=True, terms=limit))
    assert decide(reading).reason is Reason.TAKEN_DOWN


UNKNOWN = {
    "of a release's deals": ("<Deal>", "<Embargo/><Deal>"),
    "of a deal": ("<DealTerms>", "<OnlyAtNight/><DealTerms>"),
    "of a service": ("<DistributionChannel>", "<DistributionChannel><OnlyAtNight/>"),
    "of a title": ("<TitleText>", "<OnlyAtNight/><TitleText>"),
    "of a line": ("<PLineText>", "<OnlyAtNight/><PLineText>"),
}


@pytest.mark.parametrize("where", UNKNOWN)
def test_an_unknown_element_is_refused(where):
    old, new = UNKNOWN[where]
    track = LabelTrack("QZAAA2600001", "Low Water")
    raw = release_message("4.1.1", LabelRelease((track,), (LabelDeal(terms=FOR_OURS),)))
    found = read_message(io.BytesIO(raw.replace(old.encode(), new.encode(), 1)), OURS).faults
    assert [fault.rule for fault in found] == [Fault.UNKNOWN_ELEMENT]


@pytest.mark.parametrize("flag", ["TakeDown", "IsExclusive", "IsPreOrderDeal"])
def test_a_flag_that_says_neither_is_refused(flag):
    (fault,) = read(terms=f"<{flag}>perhaps</{flag}>").faults
    assert (fault.rule, fault.path.rsplit("/", 1)[-1]) == (Fault.BAD_VALUE, flag)


def test_a_flag_may_be_written_as_one():
    assert decide(
        read("4.3", OURS, LabelDeal(), LabelDeal(terms="<TakeDown>1</TakeDown>"))
    ).reason is (Reason.TAKEN_DOWN)
