"""The rules, pure: votes → verification, criteria → close?, gate → open the next round?"""

import json
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from itertools import combinations_with_replacement

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from rounds import rules
from rounds.rules import ABUSE, DISPUTED, PENDING, REJECTED, SPLIT_VOTE, UNREADABLE, VERIFIED, Rules, Settlement
from stats.scores import Score

CLAIMED = "7"
ANSWERS = [CLAIMED, "1", "2", UNREADABLE]
USUAL = Rules()

votes = st.lists(st.sampled_from(ANSWERS), max_size=9)


@st.composite
def any_rules(draw) -> Rules:
    """Rules that the database accepts."""
    min_votes = draw(st.integers(1, 4))
    max_votes = draw(st.integers(min_votes, 7))
    return Rules(
        min_votes=min_votes,
        max_votes=max_votes,
        votes_to_verify=draw(st.integers(1, max_votes)),
        lead_to_reject=draw(st.integers(1, 4)),
    )


def settle(answers, of=USUAL):
    return rules.settle(answers, CLAIMED, of)


# --- Votes --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answers", "outcome"),
    [
        ("", Settlement(PENDING)),
        ("7", Settlement(PENDING)),
        ("77", Settlement(VERIFIED)),
        ("71", Settlement(PENDING)),
        ("11", Settlement(REJECTED, "1")),
        ("12", Settlement(PENDING)),
        ("717", Settlement(VERIFIED)),
        ("711", Settlement(PENDING)),
        ("7117", Settlement(PENDING)),
        ("7111", Settlement(REJECTED, "1")),
        ("1277", Settlement(VERIFIED)),
        ("71177", Settlement(VERIFIED)),
        ("71711", Settlement(REJECTED, "1")),
        ("71122", Settlement(REJECTED, SPLIT_VOTE)),
        ("77112", Settlement(REJECTED, SPLIT_VOTE)),
    ],
)
def test_the_design_s_rules_vote_by_vote(answers, outcome):
    assert settle([*answers]) == outcome


def test_nobody_can_read_it_is_an_answer_like_another():
    assert settle([UNREADABLE, UNREADABLE]) == Settlement(REJECTED, UNREADABLE)


@given(votes, any_rules())
def test_one_report_of_abuse_hides_an_example_whatever_else_was_said(answers, of):
    assert settle([*answers, ABUSE], of) == Settlement(DISPUTED, ABUSE)
    assert rules.votes_to_settle([*answers, ABUSE], CLAIMED, of) == 0


@given(votes, any_rules(), st.randoms(use_true_random=False))
def test_the_order_of_votes_is_irrelevant(answers, of, rnd):
    shuffled = rnd.sample(answers, len(answers))
    assert settle(answers, of) == settle(shuffled, of)
    assert rules.votes_to_settle(answers, CLAIMED, of) == rules.votes_to_settle(shuffled, CLAIMED, of)


@given(votes, any_rules())
def test_nothing_is_settled_with_fewer_than_the_first_votes(answers, of):
    assume(len(answers) < of.min_votes)
    assert settle(answers, of) == Settlement(PENDING)


@given(votes, any_rules())
def test_everything_is_settled_at_the_most_votes(answers, of):
    assume(len(answers) >= of.max_votes)
    assert settle(answers, of).settled


@given(votes, any_rules())
def test_verified_means_enough_votes_and_the_lead(answers, of):
    claims = answers.count(CLAIMED)
    leads = all(claims > answers.count(other) for other in ANSWERS if other != CLAIMED)
    enough = len(answers) >= of.min_votes and claims >= of.votes_to_verify
    assert (settle(answers, of).verification == VERIFIED) == (enough and leads)


@given(votes, any_rules())
def test_a_rejection_names_the_one_answer_that_led_or_says_that_none_did(answers, of):
    found = settle(answers, of)
    if found.verification != REJECTED:
        assert found.leading == ""
        return
    most = max(answers.count(answer) for answer in ANSWERS)
    leaders = [answer for answer in ANSWERS if answers.count(answer) == most]
    assert found.leading == (leaders[0] if len(leaders) == 1 and leaders[0] != CLAIMED else SPLIT_VOTE)


@given(votes, any_rules())
def test_votes_to_settle_is_the_smallest_number_that_can(answers, of):
    """Brute force: all ways in which the next votes could fall, over answers given and one never given."""
    assume(len(answers) <= of.max_votes)
    choices = [*ANSWERS, "9"]
    fewest = next(
        more
        for more in range(of.max_votes + 1)
        if any(
            settle([*answers, *further], of).verification != PENDING
            for further in combinations_with_replacement(choices, more)
        )
    )
    assert rules.votes_to_settle(answers, CLAIMED, of) == fewest


@given(votes, any_rules())
def test_nought_votes_to_settle_means_settled(answers, of):
    assert (rules.votes_to_settle(answers, CLAIMED, of) == 0) == settle(answers, of).settled


def test_the_queue_finishes_before_it_begins():
    assert [rules.votes_to_settle([*answers], CLAIMED, USUAL) for answers in ("", "7", "71", "711")] == [2, 1, 1, 1]


# --- What a round stores --------------------------------------------------------------------------------------------


def test_a_round_reads_its_rules_back():
    of = Rules(max_votes=7, target_verified=None)
    assert Rules.from_json(json.loads(json.dumps(of.to_json()))) == of


@pytest.mark.parametrize("field", [field.name for field in fields(Rules)])
def test_a_stored_rule_that_is_missing_is_not_filled_in(field):
    stored = Rules().to_json()
    del stored[field]
    with pytest.raises(ValueError, match=f"These stored rules lack {field}"):
        Rules.from_json(stored)


def test_a_stored_rule_that_nobody_knows_is_refused():
    with pytest.raises(ValueError, match="unknown fields: forgotten_rule"):
        Rules.from_json({**Rules().to_json(), "forgotten_rule": 1})


@pytest.mark.parametrize("version", [None, 0, 2, "1"])
def test_rules_of_another_version_are_refused_with_what_to_do(version):
    with pytest.raises(ValueError, match=f"version {version}; only version 1 can be read. Run manage.py migrate"):
        Rules.from_json({**Rules().to_json(), "version": version})


def test_rules_without_a_version_are_refused():
    with pytest.raises(ValueError, match="version None"):
        Rules.from_json({})


# --- Closing ------------------------------------------------------------------------------------------------------

OPENED = datetime(2026, 3, 1, 12, tzinfo=UTC)


def criteria(verified, hours, **changed):
    of = Rules(**changed)
    found = rules.criteria(verified_fooled=verified, opened_at=OPENED, now=OPENED + timedelta(hours=hours), rules=of)
    return found, rules.should_close(found, of)


@pytest.mark.parametrize(("verified", "closes"), [(0, False), (199, False), (200, True), (201, True)])
def test_a_round_closes_at_its_target(verified, closes):
    [criterion], close = criteria(verified, hours=1_000)
    assert close is closes
    assert criterion.share == min(1, verified / 200)


@pytest.mark.parametrize(("hours", "closes"), [(0, False), (23.99, False), (24, True), (99, True)])
def test_a_round_closes_at_its_deadline(hours, closes):
    [criterion], close = criteria(0, hours, target_verified=None, duration_hours=24)
    assert close is closes
    assert criterion.have <= criterion.need == 24


@pytest.mark.parametrize(
    ("close_when", "verified", "hours", "closes"),
    [
        ("any", 200, 1, True),
        ("any", 1, 24, True),
        ("any", 1, 1, False),
        ("all", 200, 1, False),
        ("all", 1, 24, False),
        ("all", 200, 24, True),
    ],
)
def test_either_or_both_as_the_task_says(close_when, verified, hours, closes):
    assert criteria(verified, hours, duration_hours=24, close_when=close_when)[1] is closes


@pytest.mark.parametrize("close_when", ["any", "all"])
def test_without_criteria_only_an_admin_closes(close_when):
    assert criteria(10_000, 10_000, target_verified=None, close_when=close_when) == ([], False)


def test_a_clock_that_runs_behind_shows_no_negative_progress():
    [criterion], close = criteria(0, hours=-1, target_verified=None, duration_hours=24)
    assert criterion.share == 0
    assert not close


# --- The gate -----------------------------------------------------------------------------------------------------


def gate(*, base=(4_950, 5_000), parent_base=(4_950, 5_000), adversarial=(15, 20), parent=(0, 20), **changed):
    return rules.gate(
        base_dev=Score(*base),
        parent_base_dev=Score(*parent_base),
        adversarial_dev=Score(*adversarial),
        parent_adversarial_dev=Score(*parent),
        rules=Rules(**changed),
    )


@pytest.mark.parametrize(
    ("correct", "passes"), [(5_000, True), (4_951, True), (4_950, True), (4_925, True), (4_924, False), (0, False)]
)
def test_half_a_point_of_base_accuracy_may_be_lost_and_no_more(correct, passes):
    assert gate(base=(correct, 5_000)).passed is passes


@pytest.mark.parametrize(("correct", "passes"), [(5, False), (6, False), (7, True)])
def test_the_parent_has_to_be_beaten_on_the_adversarial_dev_examples(correct, passes):
    assert gate(adversarial=(correct, 20), parent=(6, 20)).passed is passes


def test_the_tolerance_is_the_tasks():
    assert not gate(base=(4_949, 5_000), gate_tolerance=0).passed
    assert gate(base=(4_949, 5_000), gate_tolerance=0.01).passed


def test_both_conditions_have_to_hold_and_each_gives_its_reason_with_its_numbers():
    result = gate(base=(4_000, 5_000), adversarial=(3, 20), parent=(3, 20))
    assert not result.passed
    assert result.reasons == [
        "Base dev set: 80.00 % (4,000/5,000), parent 99.00 % (4,950/5,000): lost more than the 0.5 points allowed.",
        "Adversarial dev examples of all rounds: 15.00 % (3/20), parent 15.00 % (3/20): not better.",
    ]
    assert gate().reasons[1].endswith("better.")


def test_without_adversarial_dev_examples_an_admin_decides():
    result = gate(adversarial=(0, 0), parent=(0, 0))
    assert not result.passed
    assert "an admin has to decide" in result.reasons[1]


@pytest.mark.parametrize("unmeasured", [{"parent_base": (0, 0)}, {"parent": (0, 0)}, {"parent": (10, 12)}])
def test_a_parent_that_was_not_measured_on_the_same_examples_is_not_taken_for_beaten(unmeasured):
    result = gate(**unmeasured)
    assert not result.passed
    assert any("not the same examples" in reason for reason in result.reasons)


@given(st.integers(0, 5_000), st.integers(0, 5_000), st.integers(0, 60), st.integers(0, 60), st.floats(0, 0.02))
def test_the_gate_passes_exactly_when_it_should(base, parent_base, adversarial, parent, tolerance):
    lost = (parent_base - base) / 5_000
    assume(abs(lost - tolerance) > 1e-9)
    result = gate(
        base=(base, 5_000),
        parent_base=(parent_base, 5_000),
        adversarial=(adversarial, 60),
        parent=(parent, 60),
        gate_tolerance=tolerance,
    )
    assert result.passed == (lost <= tolerance and adversarial > parent)
    assert len(result.reasons) == 2
