from collections import Counter

import krippendorff
import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from stats.agreement import krippendorff_alpha, unanimity
from stats.rates import Rate

answers = st.lists(st.lists(st.sampled_from("01789") | st.just("unreadable"), min_size=1, max_size=5), max_size=40)


def counted(given_answers):
    return [Counter(of_example) for of_example in given_answers]


def as_table(counters):
    """Answers as counts [examples, answers]."""
    values = sorted({answer for counter in counters for answer in counter})
    return np.array([[counter[value] for value in values] for counter in counters])


@given(answers)
def test_alpha_is_what_the_published_package_gives(given_answers):
    counters = counted(given_answers)
    paired = {answer for counter in counters if counter.total() > 1 for answer in counter}
    assume(len(paired) > 1)
    theirs = krippendorff.alpha(value_counts=as_table(counters), level_of_measurement="nominal")
    assert krippendorff_alpha(counters) == pytest.approx(theirs, abs=1e-9)


def test_alpha_of_krippendorffs_own_example_with_missing_answers():
    """Krippendorff (2011), section C: four observers, twelve units; nominal alpha is 0.743."""
    table = [
        [1, 1, None, 1],
        [2, 2, 3, 2],
        [3, 3, 3, 3],
        [3, 3, 3, 3],
        [2, 2, 2, 2],
        [1, 2, 3, 4],
        [4, 4, 4, 4],
        [1, 1, 2, 1],
        [2, 2, 2, 2],
        [None, 5, 5, 5],
        [None, None, 1, 1],
        [None, 3, None, None],
    ]
    counters = [Counter(str(answer) for answer in unit if answer) for unit in table]
    assert krippendorff_alpha(counters) == pytest.approx(0.743, abs=5e-4)


def test_alpha_is_one_when_all_agree_and_negative_when_they_agree_less_than_chance():
    assert krippendorff_alpha(counted(["77", "11", "99"])) == 1
    assert krippendorff_alpha(counted(["71", "17", "71"])) < 0


def test_alpha_is_undefined_without_pairs_or_without_anything_to_confuse():
    assert krippendorff_alpha([]) is None
    assert krippendorff_alpha(counted(["7", "1", "9"])) is None
    assert krippendorff_alpha(counted(["77", "777", "1"])) is None


def test_raw_agreement_counts_unanimous_examples_among_those_with_two_answers():
    assert unanimity(counted(["77", "71", "999", "1", "711"])) == Rate(2, 4)


def test_examples_that_needed_more_votes_count_once_in_raw_agreement():
    """Nine agree at once; the tenth takes five votes without agreement: 0.9, although it has ten pairs of answers."""
    assert unanimity(counted(["77"] * 9 + ["77119"])).value == 0.9


@given(answers)
def test_raw_agreement_is_all_or_nothing_when_alpha_says_so(given_answers):
    counters = counted(given_answers)
    alpha, raw = krippendorff_alpha(counters), unanimity(counters)
    if alpha == 1:
        assert raw.numerator == raw.denominator
    if raw.denominator and raw.numerator == raw.denominator:
        assert alpha in (None, 1)
