import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stats import bootstrap
from stats.bootstrap import cluster_intervals
from stats.rates import wilson

counts_of_annotators = st.lists(
    st.integers(1, 40).flatmap(lambda n: st.tuples(st.just(n), st.integers(0, n))), min_size=5, max_size=30
)


@given(counts_of_annotators, st.randoms(use_true_random=False))
@settings(max_examples=30)
def test_the_order_of_annotators_is_irrelevant_and_the_bounds_are_shares(of, rnd: random.Random):
    shuffled = rnd.sample(of, len(of))
    [interval] = cluster_intervals(*zip(*of, strict=True))
    assert cluster_intervals(*zip(*shuffled, strict=True)) == [interval]
    low, high = interval
    assert 0 <= low <= high <= 1


@given(counts_of_annotators)
@settings(max_examples=30)
def test_it_never_reaches_beyond_the_best_and_the_worst_annotator(of):
    [(low, high)] = cluster_intervals(*zip(*of, strict=True))
    shares = [fooled / attempts for attempts, fooled in of]
    assert min(shares) - 1e-12 <= low
    assert high <= max(shares) + 1e-12


def test_two_outcomes_share_their_resamples_and_are_what_each_is_alone():
    attempts, fooled, verified = [10, 20, 5, 40, 8, 9], [3, 9, 0, 10, 8, 1], [2, 4, 0, 9, 3, 0]
    both = cluster_intervals(attempts, fooled, verified)
    assert both == cluster_intervals(attempts, fooled, verified)
    assert both[0][0] >= both[1][0]
    assert both[0][1] >= both[1][1]


def test_under_five_annotators_there_is_none():
    assert cluster_intervals([10, 10, 10, 10], [1, 2, 3, 4], [0, 0, 0, 0]) == [None, None]
    assert cluster_intervals([], [], []) == [None, None]


def test_annotators_who_differ_make_it_wider_than_wilson():
    """Half of the annotators always fool, half never: the attempts of one say nothing new."""
    attempts, fooled = [20] * 20, [20] * 10 + [0] * 10
    [(low, high)] = cluster_intervals(attempts, fooled)
    plain = wilson(sum(fooled), sum(attempts))
    assert high - low > 3 * (plain[1] - plain[0])


def test_annotators_of_one_attempt_each_give_about_wilson():
    attempts, fooled = [1] * 400, [1] * 120 + [0] * 280
    [interval] = cluster_intervals(attempts, fooled)
    assert interval == pytest.approx(wilson(120, 400), abs=0.01)


def test_it_covers_the_true_rate_about_as_often_as_it_says():
    """Sixty annotators whose own rates scatter around 0.3: 95 % intervals miss it in about 1 of 20 rounds."""
    rng = np.random.default_rng(7)
    covered = 0
    for _ in range(200):
        attempts = rng.integers(5, 60, size=60)
        fooled = rng.binomial(attempts, rng.beta(3, 7, size=60))
        [(low, high)] = cluster_intervals(attempts, fooled)
        covered += low <= 0.3 <= high
    assert 0.90 <= covered / 200 <= 0.985


def test_drawing_in_blocks_changes_nothing(monkeypatch):
    attempts, fooled = list(range(1, 51)), [n // 3 for n in range(1, 51)]
    whole = cluster_intervals(attempts, fooled)
    monkeypatch.setattr(bootstrap, "BLOCK", 5_000)
    assert cluster_intervals(attempts, fooled) == whole
