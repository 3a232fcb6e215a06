import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint

from stats.rates import Change, Rate, Share, newcombe, wilson


@st.composite
def rates(draw, fewest=5, most=5_000):
    n = draw(st.integers(fewest, most))
    return Rate(draw(st.integers(0, n)), n)


@given(rates())
def test_wilson_is_the_interval_that_statsmodels_gives(rate):
    theirs = proportion_confint(rate.numerator, rate.denominator, method="wilson")
    assert rate.interval == pytest.approx(theirs, abs=1e-9)


@given(rates())
def test_wilson_holds_the_rate_and_stays_between_nought_and_one(rate):
    low, high = rate.interval
    assert 0 <= low <= rate.value <= high <= 1
    assert low < high


@given(rates())
def test_wilson_of_the_failures_mirrors_wilson_of_the_successes(rate):
    low, high = rate.interval
    assert wilson(rate.denominator - rate.numerator, rate.denominator) == pytest.approx((1 - high, 1 - low), abs=1e-12)


def test_the_published_anli_round_one_rate_has_a_narrow_interval():
    low, high = Rate(3_360, 18_331).interval
    assert (round(low, 4), round(high, 4)) == (0.1778, 0.1890)


def test_under_five_observations_there_are_counts_but_no_interval():
    assert Rate(2, 4).to_json() == {"numerator": 2, "denominator": 4, "value": 0.5, "interval": None}
    assert Rate(2, 5).interval is not None


def test_a_rate_of_nothing_has_no_value():
    assert Rate(0, 0).to_json() == {"numerator": 0, "denominator": 0, "value": None, "interval": None}


def test_a_share_has_a_value_and_never_an_interval():
    assert Share(30, 100).to_json() == {"numerator": 30, "denominator": 100, "value": 0.3, "interval": None}


@given(rates(), rates())
def test_newcombe_is_the_interval_that_statsmodels_gives(rate, before):
    counts = rate.numerator, rate.denominator, before.numerator, before.denominator
    theirs = confint_proportions_2indep(*counts, method="newcomb", compare="diff")
    assert newcombe(*counts) == pytest.approx(theirs, abs=1e-9)
    assert Change(rate, before).interval == newcombe(*counts)


def test_a_change_of_a_share_has_no_interval_however_large_both_are():
    assert Change(Share(30, 100), Share(40, 100)).to_json() == {"difference": pytest.approx(-0.1), "interval": None}


@given(rates(), rates())
def test_a_change_lies_in_its_interval_and_turns_around_when_the_rounds_do(rate, before):
    change, back = Change(rate, before), Change(before, rate)
    low, high = change.interval
    assert -1 <= low <= change.difference <= high <= 1
    assert back.difference == pytest.approx(-change.difference)
    assert back.interval == pytest.approx((-high, -low))


def test_newcombes_own_example_of_a_difference():
    """Table II (a) of Newcombe (1998): 56/70 against 48/80, method 10."""
    change = Change(Rate(56, 70), Rate(48, 80))
    assert change.difference == pytest.approx(0.2)
    assert change.interval == pytest.approx((0.0524, 0.3339), abs=5e-5)


def test_a_change_from_nothing_is_none_and_one_from_little_has_no_interval():
    assert Change(Rate(3, 10), Rate(0, 0)).to_json() is None
    assert Change(Rate(5, 10), Rate(1, 4)).to_json() == {"difference": 0.25, "interval": None}
    assert newcombe(1, 4, 5, 10) is None
