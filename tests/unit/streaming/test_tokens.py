"""Signed names: what was signed opens, and nothing else does."""

import string

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from antiphon.audio import Rung
from antiphon.kernel import (
    Denied,
    DeviceId,
    FixedClock,
    GrantId,
    HouseholdId,
    Invalid,
    ListenerId,
    SongId,
    UnixMs,
    problem,
)
from antiphon.rights import CommercialModel, UseType
from antiphon.streaming import (
    MediaPass,
    PlayTicket,
    PlayUnknown,
    UrlExpired,
    UrlForged,
    UrlNotYetValid,
)
from antiphon.streaming.tokens import TokenSigner, order_for_token

HOUR = 3600 * 1000
SECRET = bytes(range(32))
SONG, OTHER = SongId("songsongsongsong"), SongId("othersongothersg")

ids = st.text("abcdefghijklmnopqrstuvwxyz234567", min_size=16, max_size=24)
passes = st.builds(
    MediaPass,
    grant_id=ids.map(GrantId),
    song_id=ids.map(SongId),
    listener_id=ids.map(ListenerId),
    device_id=ids.map(DeviceId),
    household_id=ids.map(HouseholdId),
    use=st.sampled_from(UseType),
    expires_at=st.integers(1, 6 * 3600).map(lambda s: UnixMs(1_700_000_000_000 + s * 1000)),
    rungs=st.permutations(list(Rung)).map(tuple) | st.just((Rung.FLAC,)),
)


class Robin:
    listener_id = ListenerId("robin")
    device_id = DeviceId("kitchen")
    household_id = HouseholdId("home")
    allows_explicit = True


class Kim:
    listener_id = ListenerId("kim")
    device_id = DeviceId("kitchen")
    household_id = HouseholdId("home")
    allows_explicit = True


def signer(clock: FixedClock | None = None, secret: bytes = SECRET) -> TokenSigner:
    return TokenSigner(secret, clock or FixedClock(), lifetime_ms=6 * HOUR)


def a_pass(clock: FixedClock, seconds: int = 3600) -> MediaPass:
    expires_at = UnixMs(clock.now() + seconds * 1000)
    listener, device = ListenerId("listener"), DeviceId("device")
    return MediaPass(
        GrantId("grant"),
        SONG,
        listener,
        device,
        HouseholdId("household"),
        UseType.STREAM,
        expires_at,
        (Rung.FLAC,),
    )


def a_ticket(at: int) -> PlayTicket:
    return PlayTicket(
        GrantId("grant"),
        SONG,
        UnixMs(at),
        territory="fr",
        model=CommercialModel.ADVERTISING,
        use=UseType.DOWNLOAD,
    )


@given(passes)
def test_a_sealed_pass_opens_to_itself(permit):
    assert signer().open(signer().seal(permit), permit.song_id) == permit


@given(passes)
def test_a_token_is_one_path_segment(permit):
    allowed = set(string.ascii_letters + string.digits + ".")
    assert set(signer().seal(permit)) <= allowed


@given(passes, st.integers(0), st.sampled_from(string.ascii_lowercase + string.digits + "./é\0"))
def test_any_altered_character_is_refused(permit, place, letter):
    token = signer().seal(permit)
    place %= len(token)
    assume(token[place] != letter)
    with pytest.raises(UrlForged):
        signer().open(token[:place] + letter + token[place + 1 :], permit.song_id)


@given(passes, st.text(max_size=200))
def test_any_other_text_is_refused(permit, text):
    assume(text != signer().seal(permit))
    with pytest.raises(UrlForged):
        signer().open(text, permit.song_id)


@given(passes, st.integers(1, 140))
def test_a_token_cut_short_is_refused(permit, length):
    token = signer().seal(permit)
    with pytest.raises(UrlForged):
        signer().open(token[: min(length, len(token) - 1)], permit.song_id)


def test_a_token_is_refused_for_another_song() -> None:
    clock = FixedClock()
    token = signer(clock).seal(a_pass(clock))
    with pytest.raises(UrlForged) as refusal:
        signer(clock).open(token, OTHER)
    assert problem(refusal.value)[0] == 403


def test_a_token_of_another_house_is_refused() -> None:
    clock = FixedClock()
    token = signer(clock, b"another secret of 32 bytes......").seal(a_pass(clock))
    with pytest.raises(UrlForged):
        signer(clock).open(token, SONG)


def test_a_token_is_good_until_it_expires_and_not_a_moment_longer() -> None:
    clock = FixedClock()
    token = signer(clock).seal(a_pass(clock, seconds=60))
    clock.advance(ms=59_999)
    signer(clock).open(token, SONG)
    clock.advance(ms=1)
    with pytest.raises(UrlExpired) as refusal:
        signer(clock).open(token, SONG)
    assert problem(refusal.value)[0] == 403


def test_a_token_that_outlives_any_made_now_is_refused_because_the_clock_went_back() -> None:
    clock = FixedClock()
    token = signer(clock).seal(a_pass(clock, seconds=6 * 3600))
    clock.advance(seconds=-299)
    signer(clock).open(token, SONG)
    clock.advance(seconds=-2)
    with pytest.raises(UrlNotYetValid):
        signer(clock).open(token, SONG)


def test_every_refusal_is_a_denial() -> None:
    assert all(issubclass(kind, Denied) for kind in (UrlForged, UrlExpired, UrlNotYetValid))


def test_a_short_secret_is_refused_at_once() -> None:
    with pytest.raises(Invalid):
        signer(secret=b"too short")


def test_a_play_opens_for_its_listener_and_device_only() -> None:
    ticket = a_ticket(1_700_000_000_000)
    public_id = signer().seal_play(ticket, Robin())
    assert signer().open_play(public_id, Robin()) == ticket
    with pytest.raises(PlayUnknown):
        signer().open_play(public_id, Kim())


@given(st.text(max_size=120))
def test_an_invented_play_is_unknown(text):
    with pytest.raises(PlayUnknown):
        signer().open_play(text, Robin())


def test_a_play_id_is_no_media_token_and_the_other_way_round() -> None:
    clock = FixedClock()
    public_id = signer(clock).seal_play(a_ticket(clock.now()), Robin())
    with pytest.raises(UrlForged):
        signer(clock).open(public_id, SONG)
    with pytest.raises(PlayUnknown):
        signer(clock).open_play(signer(clock).seal(a_pass(clock)), Robin())


def test_the_rung_to_begin_with_comes_first() -> None:
    rungs = (Rung.AAC_64, Rung.AAC_256, Rung.FLAC)
    assert order_for_token(rungs, Rung.AAC_256) == (Rung.AAC_256, Rung.AAC_64, Rung.FLAC)
