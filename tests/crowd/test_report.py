"""The arithmetic of a campaign's report, and its text."""

import pytest

from crowd.call_log import CallLog
from crowd.report import (
    ExampleOutcome,
    SiteLoad,
    ValidatorAnswer,
    agreement_with_truth,
    call_times,
    failures,
    label_quality,
    make_report,
    refusals,
)
from crowd.report_text import format_report
from stats.rates import Rate

RIGHT_VERIFIED = ExampleOutcome(is_right=True, fooled=True, verification="verified")
RIGHT_REJECTED = ExampleOutcome(is_right=True, fooled=True, verification="rejected")
RIGHT_PENDING = ExampleOutcome(is_right=True, fooled=True, verification="pending")
WRONG_VERIFIED = ExampleOutcome(is_right=False, fooled=True, verification="verified")
WRONG_REJECTED = ExampleOutcome(is_right=False, fooled=True, verification="rejected")
WRONG_DISPUTED = ExampleOutcome(is_right=False, fooled=True, verification="disputed")


def a_log(outcomes, *, seconds=0.02, under_load=(1, 1.0)):
    """A log of attempts, each of the same duration."""
    log = CallLog()
    for (call, outcome), n in outcomes.items():
        for _ in range(n):
            log.record(call, outcome, seconds)
    log.under_load = under_load
    return log


def test_wrong_labels_are_counted_before_and_after_validation():
    quality = label_quality([RIGHT_VERIFIED] * 6 + [RIGHT_REJECTED] * 2 + [WRONG_VERIFIED] + [WRONG_REJECTED] * 3)
    assert quality.wrong_before == Rate(4, 12)
    assert quality.wrong_verified == Rate(1, 7)
    assert quality.wrong_let_through == Rate(1, 4)
    assert quality.right_rejected == Rate(2, 8)


def test_examples_that_are_not_settled_count_only_before_validation():
    quality = label_quality([RIGHT_VERIFIED, RIGHT_PENDING, WRONG_DISPUTED])
    assert quality.wrong_before == Rate(1, 3)
    assert quality.wrong_verified == Rate(0, 1)
    assert quality.wrong_let_through == Rate(0, 0)
    assert quality.right_rejected == Rate(0, 1)


def test_a_validators_answers_are_compared_with_what_was_drawn():
    answers = [
        ValidatorAnswer("bob", is_careless=False, answer="7", truth="7"),
        ValidatorAnswer("bob", is_careless=False, answer="1", truth="7"),
        ValidatorAnswer("bob", is_careless=False, answer="unreadable", truth="unreadable"),
        ValidatorAnswer("carol", is_careless=True, answer="3", truth="unreadable"),
    ]
    assert agreement_with_truth(answers) == {("bob", False): Rate(2, 3), ("carol", True): Rate(0, 1)}


@pytest.mark.parametrize(
    ("seconds", "median", "p95"),
    [([3.0], 3.0, 3.0), ([1.0, 2.0], 1.5, 2.0), ([float(n) for n in range(1, 101)], 50.5, 95.0)],
)
def test_95_of_100_calls_do_not_exceed_the_95th_percentile(seconds, median, p95):
    times = call_times(list(reversed(seconds)))
    assert (times.median, times.p95) == (median, p95)


def test_refusals_are_separate_from_failures_that_are_worth_a_retry():
    succeeded = {("answer", "201"): 90, ("image", "200"): 9}
    refused = {("answer", "409"): 2, ("answer", "403"): 1}
    failed = {("image", "ConnectionResetError"): 5, ("image", "503"): 2, ("answer", "429"): 1}
    outcomes = {**succeeded, **refused, **failed}
    assert refusals(outcomes) == refused
    assert failures(outcomes) == failed


def test_a_site_that_was_never_under_load_has_a_rate_of_0():
    assert SiteLoad(0, 0.0, threads=4).per_second == 0


def test_fooling_and_sampled_examples_are_counted_apart():
    sampled = ExampleOutcome(is_right=True, fooled=False, verification="verified")
    report = make_report([1], [RIGHT_VERIFIED, sampled, sampled], [], a_log({("round", "200"): 2}), threads=4)
    assert report.fooling.wrong_before == Rate(0, 1)
    assert report.sampled.wrong_before == Rate(0, 2)
    assert report.calls == 2


def test_the_text_names_every_number_and_what_it_is_of():
    answers = [ValidatorAnswer("bob", is_careless=True, answer="1", truth="7")] * 8
    outcomes = [WRONG_VERIFIED, *[RIGHT_VERIFIED] * 19]
    log = a_log({("answer", "201"): 8, ("answer", "409"): 2, ("answer", "503"): 1}, under_load=(6, 2.0))
    text = format_report(make_report([3, 4], outcomes, answers, log, threads=4))
    assert "of rounds 3, 4\n" in text
    assert "wrong labels among the verified ones" in text
    assert "5.0 % [0.9, 23.6]  1/20" in text
    assert "bob (careless)" in text
    assert "0/8" in text
    assert "8 succeeded; while rounds were open 6 in 2 s, 3.0 per second from 4 threads" in text
    assert "refused: 2 × answer: 409" in text
    assert "failed: 1 × answer: 503" in text


def test_the_text_has_no_labels_before_a_round_is_finished():
    text = format_report(make_report([], [], [], a_log({("answer", "201"): 1}), threads=4))
    assert "no round was finished" in text
    assert "wrong labels" not in text


def test_the_json_has_the_same_numbers():
    log = a_log({("round", "200"): 1}, seconds=0.1, under_load=(1, 2.0))
    report = make_report([3], [RIGHT_VERIFIED], [], log, threads=4).to_json()
    assert report["rounds"] == [3]
    assert report["quality"]["fooling"]["wrong_verified"]["denominator"] == 1
    assert report["calls"]["each"]["round"] == {"n": 1, "median_seconds": 0.1, "p95_seconds": 0.1}
    assert report["calls"]["while_open"] == {"n": 1, "seconds": 2.0, "per_second": 0.5, "threads": 4}
