import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stats.boards import AnnotatorCounts, add_up, ranks
from stats.classes import Group, class_rates, confusion
from stats.effort import Spread, most_active, spread
from stats.rates import Rate

LABELS = list("0123")


def test_a_spread_tells_the_long_searches_from_the_usual_ones():
    assert spread([1, 1, 2, 2, 14]) == Spread(mean=4.0, median=2.0)
    assert spread([]) == Spread(mean=None, median=None)


@given(st.lists(st.floats(0, 1e6), min_size=1))
def test_a_spread_lies_within_its_values_whatever_their_order(values):
    found = spread(values)
    assert found == spread(sorted(values))
    assert min(values) <= found["median"] <= max(values)
    assert found["mean"] == pytest.approx(statistics.mean(values))


def test_the_most_active_share_is_the_largest_count_of_all_attempts():
    assert most_active([5, 30, 15]).to_json() == {"numerator": 30, "denominator": 50, "value": 0.6, "interval": None}
    assert most_active([]).value is None


groups = st.lists(
    st.builds(Group, st.sampled_from(LABELS), st.sampled_from(LABELS), st.booleans(), st.integers(1, 50)), max_size=30
)


@given(groups)
def test_classes_and_confusion_add_up_to_the_same_attempts(of):
    total = sum(group.n for group in of)
    rates = class_rates(of, LABELS)
    counts = confusion(of, LABELS)
    assert sum(rate.mer.denominator for rate in rates) == total
    assert [rate.mer.denominator for rate in rates] == [sum(row) for row in counts]
    assert [rate.mer.numerator for rate in rates] == [sum(row) - row[i] for i, row in enumerate(counts)]
    assert all(rate.vmer.numerator <= rate.mer.numerator for rate in rates)


def test_a_verified_example_that_did_not_fool_is_no_part_of_vmer():
    of = [
        Group("1", "1", verified=True, n=4),
        Group("1", "2", verified=True, n=3),
        Group("1", "2", verified=False, n=1),
    ]
    [_, one, *_] = class_rates(of, LABELS)
    assert (one.mer, one.vmer) == (Rate(4, 8), Rate(3, 8))


counts_by_annotator = st.dictionaries(st.sampled_from("abc"), st.builds(AnnotatorCounts, *[st.integers(0, 99)] * 5))


@given(st.lists(counts_by_annotator, max_size=4), st.randoms(use_true_random=False))
def test_counts_of_rounds_add_up_in_any_order(rounds, rnd):
    total = add_up(rounds)
    assert total == add_up(rnd.sample(rounds, len(rounds)))
    assert sum(counts.attempts for counts in total.values()) == sum(c.attempts for of in rounds for c in of.values())


def test_nobodys_rate_is_published_under_twenty_attempts():
    assert AnnotatorCounts(attempts=19, fooled=9, verified=9).vmer is None
    assert AnnotatorCounts(attempts=20, fooled=9, verified=9).vmer == Rate(9, 20)


def test_equals_share_a_place_and_the_next_place_is_skipped():
    assert ranks([9, 7, 7, 3, 3, 3, 0]) == [1, 2, 2, 4, 4, 4, 7]
    assert ranks([]) == []
