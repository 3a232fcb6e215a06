"""The report's arithmetic: labels against the truth, validators against the truth, calls."""

import pytest

from crowd.report import (
    Load,
    Outcome,
    Vote,
    agreement_with_truth,
    as_text,
    failures,
    make_report,
    quality,
    refusals,
    speed,
)
from stats.rates import Rate

RIGHT_VERIFIED = Outcome(is_right=True, fooled=True, verification="verified")
RIGHT_REJECTED = Outcome(is_right=True, fooled=True, verification="rejected")
RIGHT_PENDING = Outcome(is_right=True, fooled=True, verification="pending")
WRONG_VERIFIED = Outcome(is_right=False, fooled=True, verification="verified")
WRONG_REJECTED = Outcome(is_right=False, fooled=True, verification="rejected")
WRONG_DISPUTED = Outcome(is_right=False, fooled=True, verification="disputed")


def test_wrong_labels_are_counted_before_and_after_validation():
    found = quality([RIGHT_VERIFIED] * 6 + [RIGHT_REJECTED] * 2 + [WRONG_VERIFIED] + [WRONG_REJECTED] * 3)
    assert found.wrong_before == Rate(4, 12)
    assert found.wrong_verified == Rate(1, 7)
    assert found.wrong_let_through == Rate(1, 4)
    assert found.right_rejected == Rate(2, 8)


def test_what_is_not_settled_counts_only_as_put_up():
    found = quality([RIGHT_VERIFIED, RIGHT_PENDING, WRONG_DISPUTED])
    assert found.wrong_before == Rate(1, 3)
    assert found.wrong_verified == Rate(0, 1)
    assert found.wrong_let_through == Rate(0, 0)
    assert found.right_rejected == Rate(0, 1)


def test_a_validator_agrees_with_the_truth_not_with_the_claim():
    votes = [
        Vote("bob", careless=False, answer="7", truth="7"),
        Vote("bob", careless=False, answer="1", truth="7"),
        Vote("bob", careless=False, answer="unreadable", truth="unreadable"),
        Vote("carol", careless=True, answer="3", truth="unreadable"),
    ]
    assert agreement_with_truth(votes) == {("bob", False): Rate(2, 3), ("carol", True): Rate(0, 1)}


@pytest.mark.parametrize(
    ("seconds", "median", "p95"),
    [([3.0], 3.0, 3.0), ([1.0, 2.0], 1.5, 2.0), ([float(n) for n in range(1, 101)], 50.5, 95.0)],
)
def test_the_95th_percentile_is_what_95_in_100_do_not_exceed(seconds, median, p95):
    found = speed(list(reversed(seconds)))
    assert (found.median, found.p95) == (median, p95)


def test_what_was_refused_for_good_is_told_apart_from_what_may_be_tried_again():
    answered = {("answer", "201"): 90, ("image", "200"): 9}
    refused = {("answer", "409"): 2, ("answer", "403"): 1}
    failed = {("image", "ConnectionResetError"): 5, ("image", "503"): 2, ("answer", "429"): 1}
    outcomes = {**answered, **refused, **failed}
    assert refusals(outcomes) == refused
    assert failures(outcomes) == failed


def test_a_site_that_was_never_under_load_has_no_rate():
    assert Load(0, 0.0, threads=4).per_second == 0


def test_fooling_and_sampled_examples_are_told_apart():
    sampled = Outcome(is_right=True, fooled=False, verification="verified")
    outcomes, load = [RIGHT_VERIFIED, sampled, sampled], Load(2, 4, threads=4)
    report = make_report([1], outcomes, [], {"round": [0.1, 0.2]}, {("round", "200"): 2}, load)
    assert report.fooling.wrong_before == Rate(0, 1)
    assert report.sampled.wrong_before == Rate(0, 2)
    assert report.calls == 2


def test_the_text_names_every_number_and_what_it_is_of():
    votes = [Vote("bob", careless=True, answer="1", truth="7")] * 8
    outcomes = [WRONG_VERIFIED, *[RIGHT_VERIFIED] * 19]
    troubles = {("answer", "409"): 2, ("answer", "503"): 1}
    said = as_text(make_report([3, 4], outcomes, votes, {"answer": [0.02] * 8}, troubles, Load(6, 2.0, threads=4)))
    assert "of rounds 3, 4\n" in said
    assert "wrong labels among the verified ones" in said
    assert "5.0 % [0.9, 23.6]  1/20" in said
    assert "bob (careless)" in said
    assert "0/8" in said
    assert "8 succeeded; while rounds were open 6 in 2 s, 3.0 a second from 4 threads" in said
    assert "refused: 2 × answer: 409" in said
    assert "failed: 1 × answer: 503" in said


def test_labels_are_told_of_finished_rounds_only():
    said = as_text(make_report([], [], [], {"answer": [0.02]}, {}, Load(1, 1.0, threads=4)))
    assert "no round was played to its end" in said
    assert "wrong labels" not in said


def test_the_json_holds_the_same_numbers():
    load = Load(1, 2.0, threads=4)
    made = make_report([3], [RIGHT_VERIFIED], [], {"round": [0.1]}, {("round", "200"): 1}, load).to_json()
    assert made["rounds"] == [3]
    assert made["quality"]["fooling"]["wrong_verified"]["denominator"] == 1
    assert made["calls"]["each"]["round"] == {"n": 1, "median_seconds": 0.1, "p95_seconds": 0.1}
    assert made["calls"]["while_open"] == {"n": 1, "seconds": 2.0, "per_second": 0.5, "threads": 4}
