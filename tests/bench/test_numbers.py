"""Rates, differences and their intervals are what another way of computing them gives."""

import numpy as np
import pytest

from bench.experiment import numbers
from bench.experiment.numbers import Reduction
from bench.experiment.results import ATTEMPTS, GATE, Results
from stats.rates import Rate

from .made_up import HARD, result, results


def resampled(ours, theirs, *, paired):
    """The middle 95 in 100 of 1 - ours / theirs over many draws of writers, written another way."""
    random = np.random.default_rng(1)
    drawn = random.choice(len(ours), (20_000, len(ours)))
    others = drawn if paired else random.choice(len(ours), (20_000, len(ours)))
    return np.percentile(1 - np.take(ours, drawn).sum(1) / np.take(theirs, others).sum(1), [2.5, 97.5])


def test_errors_are_pooled_over_seeds_and_shown_with_their_counts():
    errors = numbers.held_out_errors([result(3), result(5)])
    assert errors.rate == Rate(120, 2000)
    assert errors.low < 0.06 < errors.high
    assert str(errors).endswith("120/2,000")


def test_hard_writers_make_the_interval_wider_than_that_of_as_many_single_drawings():
    errors = numbers.held_out_errors([result(1)])
    low, high = Rate(30, 1000).interval
    assert errors.high - errors.low > 1.2 * (high - low)


def test_pictures_that_all_seeds_read_count_once_in_the_interval():
    one, three = (numbers.base_errors([result(3, base_wrong=8)] * seeds) for seeds in (1, 3))
    assert three.rate == Rate(24, 3000)
    assert three.interval == one.interval


def test_corruptions_have_no_interval():
    assert str(numbers.suite_errors([result(3)], "corruptions")) == "12.50 % 800/6,400"


def test_fewer_errors_are_compared_writer_by_writer():
    fewer = numbers.fewer_errors(results([2], [8]), ("dynamic", 1), ("ordinary", 1))
    ours, theirs = np.array(HARD) + 2, np.array(HARD) + 8
    assert fewer.share == pytest.approx(1 - 40 / 100)
    assert (fewer.low, fewer.high) == pytest.approx(tuple(resampled(ours, theirs, paired=True)), abs=0.01)
    # Drawn separately, writers who are hard for both would blur the comparison.
    low, high = resampled(ours, theirs, paired=False)
    assert high - low > 1.5 * (fewer.high - fewer.low)


def test_arms_are_compared_on_the_seeds_that_have_both():
    found = results([2], [8])
    found.seeds[1] = {"dynamic": [result(30), result(20)]}
    assert numbers.fewer_errors(found, ("dynamic", 1), ("ordinary", 1)).share == pytest.approx(0.6)


def test_a_model_that_makes_no_errors_makes_all_fewer():
    found = results([0], [0])
    for arm in ("dynamic", "ordinary"):
        found.seeds[0][arm][1] = result(0)
    assert numbers.fewer_errors(found, ("dynamic", 1), ("ordinary", 1)).share == 0


@pytest.mark.parametrize(("low", "high", "expected"), [(0.01, 0.4, True), (-0.1, 0.4, False), (-0.4, -0.1, False)])
def test_a_reduction_is_significant_only_if_its_whole_interval_is(low, high, expected):
    assert Reduction((low + high) / 2, low, high).is_significant is expected


def test_errors_that_are_more_are_no_negative_fewer():
    assert str(Reduction(0.45, 0.32, 0.55)) == "45 % fewer [32, 55]"
    assert str(Reduction(0.09, -0.004, 0.2)) == "9 % fewer [0, 20]"
    assert str(Reduction(-2.63, -3.42, -2.06)) == "263 % more [206, 342]"


def test_the_interval_over_seeds_is_students():
    mean, interval = numbers.over_seeds([0.40, 0.46, 0.47])
    assert mean == pytest.approx(0.4433, abs=1e-4)
    # 4.303 standard errors of a mean of three, from a printed table of Student's t.
    assert interval == pytest.approx((0.34929, 0.53738), abs=1e-4)
    assert numbers.over_seeds([0.4]) == (0.4, None)
    assert numbers.over_seeds([0.4, 0.4]) == (0.4, (0.4, 0.4))


def test_fooled_rates_have_the_attempts_below_the_line():
    mer, vmer = numbers.mer_and_vmer(numbers.writers_in([result(3)], ATTEMPTS))
    assert (mer.rate, vmer.rate) == (Rate(50, 120), Rate(sum(round((10 + more) * 0.2) for more in HARD), 120))


def test_rounds_that_the_gate_would_have_held_up_are_counted():
    found = [result(9), result(8, gate=False)]
    assert numbers.total(found, GATE) == 1


def test_a_round_that_one_seed_lacks_is_not_reported_as_if_all_had_it():
    both = Results({0: {"dynamic": [result(3)] * 4}, 1: {"dynamic": [result(3)] * 3}})
    assert both.rounds_with_model("dynamic") == [0, 1, 2]
    assert both.of("dynamic", 3) == []


def test_a_seed_in_progress_does_not_cut_the_others_off():
    both = Results({0: {"dynamic": [result(3)] * 4, "static": [result(3)] * 2}, 1: {"dynamic": [result(3)] * 3}})
    whole, left_out = both.finished()
    assert (whole.rounds("dynamic"), whole.seeds_with("dynamic"), whole.seeds_with("static")) == (3, [0], [0])
    assert left_out == ["dynamic (seed 1: 2 of 3 rounds)"]
