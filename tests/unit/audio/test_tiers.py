"""What is hot, warm and cold, and what a package keeps."""

import pytest

from antiphon.audio import STEREO_RUNGS, Package, Plays, Rendition, Rung, TierRules
from antiphon.audio.making import GRACE_MS, LONGEST_MAKING_MS, Making
from antiphon.audio.tiers import DAY_MS, is_to_be_whole, storage_class, surplus
from antiphon.kernel import FixedClock, Invalid, Unavailable, UnixMs
from antiphon.storage import StorageClass

HOT, WARM, COLD = StorageClass
NOW = UnixMs(1_700_000_000_000)
LEAN = TierRules(cold_rungs=(Rung.FLAC, Rung.AAC_128))


def rendition(rung: Rung) -> Rendition:
    return Rendition(rung, "x", f"media/ab/h/{rung}", 44100, 2, 16, 0, 0, 0, 1, (), 1, 1)


def package(*rungs: Rung, complete: bool = True, reduced: tuple[Rung, ...] = ()) -> Package:
    made = tuple(rendition(rung) for rung in rungs)
    return Package("r", "h", made, complete=complete, reduced=reduced)


@pytest.mark.parametrize(
    ("age_days", "plays", "kind"),
    [
        (0, Plays(), HOT),
        (29.9, Plays(), HOT),
        (31, Plays(), WARM),
        (179, Plays(), WARM),
        (181, Plays(), COLD),
        (900, Plays(recent=1, idle_days=2), HOT),
        (900, Plays(recent=0, idle_days=31), WARM),
        (900, Plays(recent=0, idle_days=180), COLD),
        (31, Plays(recent=0, idle_days=500), WARM),
    ],
)
def test_class_follows_from_age_and_plays(age_days, plays, kind):
    made_at = UnixMs(round(NOW - age_days * DAY_MS))
    assert storage_class(plays, made_at, NOW, TierRules()) is kind


def test_what_is_seldom_played_is_not_hot_where_more_plays_are_asked_for():
    old = UnixMs(NOW - 900 * DAY_MS)
    rules = TierRules(hot_plays=10)
    assert storage_class(Plays(9, 0), old, NOW, rules) is WARM
    assert storage_class(Plays(10, 0), old, NOW, rules) is HOT


def test_only_cold_whole_packages_lose_rungs_and_never_flac():
    whole = package(*STEREO_RUNGS)
    assert surplus(whole, COLD, LEAN) == (Rung.AAC_64, Rung.AAC_256, Rung.ALAC)
    assert surplus(whole, WARM, LEAN) == ()
    assert surplus(whole, COLD, TierRules()) == ()
    assert surplus(package(*STEREO_RUNGS, complete=False), COLD, LEAN) == ()
    assert surplus(package(Rung.AAC_64), COLD, LEAN) == ()
    with pytest.raises(Invalid):
        TierRules(cold_rungs=(Rung.AAC_128,))
    with pytest.raises(Invalid):
        TierRules(hot_days=10, cold_days=5)


def test_a_reduced_package_is_made_whole_when_it_is_no_longer_cold_or_nothing_is_to_be_taken():
    reduced = package(Rung.FLAC, Rung.AAC_128, reduced=(Rung.ALAC,))
    assert not is_to_be_whole(reduced, COLD, LEAN)
    assert is_to_be_whole(reduced, WARM, LEAN)
    assert is_to_be_whole(reduced, COLD, TierRules())
    assert is_to_be_whole(reduced, COLD, TierRules(cold_rungs=(Rung.FLAC, Rung.ALAC)))
    assert not is_to_be_whole(package(*STEREO_RUNGS), HOT, LEAN)


def test_what_took_too_long_is_not_named_because_it_may_be_collected():
    clock = FixedClock()
    making = Making.begin(clock)
    clock.advance(ms=LONGEST_MAKING_MS)
    making.check(clock)
    clock.advance(ms=1)
    with pytest.raises(Unavailable):
        making.check(clock)
    assert LONGEST_MAKING_MS * 2 <= GRACE_MS
