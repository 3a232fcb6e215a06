import pytest
import time_machine
from django.db import IntegrityError, transaction

from rounds import services
from rounds.errors import Invalid, Missing, NotAllowed, Refused
from rounds.models import Example, Validation

from .conftest import person

pytestmark = pytest.mark.django_db
State = Example.Verification


@pytest.fixture
def example(open_round, alice, draw) -> Example:
    """Alice's drawing that fooled the adversary."""
    return draw(alice, open_round.task, fooling=True)


def another(example: Example) -> str:
    return "0" if example.label != "0" else "1"


def test_two_validators_who_read_the_claimed_label_verify(example, bob, carol, validate):
    assert validate(bob, example, example.label).verification == State.PENDING
    verified = validate(carol, example, example.label)
    assert verified.verification == State.VERIFIED
    assert verified.settled_at


def test_two_validators_who_read_another_label_reject_it_and_say_as_what(example, bob, carol, validate):
    validate(bob, example, another(example))
    rejected = validate(carol, example, another(example))
    assert (rejected.verification, rejected.rejected_as) == (State.REJECTED, another(example))


def test_unreadable_and_misread_are_different_rejections(example, bob, carol, validate):
    validate(bob, example, "unreadable")
    assert validate(carol, example, "unreadable").rejected_as == "unreadable"


def test_a_split_asks_more_validators(example, bob, carol, validate):
    validate(bob, example, example.label)
    assert validate(carol, example, "unreadable").verification == State.PENDING
    assert validate(person("dora", "validator"), example, example.label).verification == State.VERIFIED


def test_five_votes_always_settle(example, validate):
    others = [label for label in "0123" if label != example.label]
    answers = [example.label, "unreadable", others[0], others[1], "unreadable"]
    for name, answer in zip("pqrst", answers, strict=True):
        settled = validate(person(name * 2, "validator"), example, answer)
    assert (settled.verification, settled.rejected_as) == (State.REJECTED, "unreadable")


def test_one_report_of_abuse_hides_the_example(example, bob, carol, open_round, validate):
    disputed = validate(bob, example, "abuse", "an insult")
    assert disputed.verification == State.DISPUTED
    assert services.lease_next(task=open_round.task, validator=carol) is None


def test_abuse_needs_a_reason(example, bob, validate):
    with pytest.raises(Invalid, match="Say in a few words"):
        validate(bob, example, "abuse", "  ")


def test_an_answer_outside_the_choices_is_refused(example, bob, validate):
    with pytest.raises(Invalid, match="no answer here"):
        validate(bob, example, "eleven")
    assert not Validation.objects.exists()


def test_nobody_validates_their_own(example, alice, validate):
    with pytest.raises(NotAllowed, match="your own drawing"):
        validate(alice, example, example.label)
    assert not Validation.objects.exists()


def test_the_database_refuses_a_validation_of_ones_own(example, alice):
    with pytest.raises(IntegrityError), transaction.atomic():
        Validation.objects.create(example=example, validator=alice, author=alice, answer="7")


def test_nobody_votes_twice(example, bob, validate):
    validate(bob, example, example.label)
    with pytest.raises(Refused, match="answered for this example already"):
        validate(bob, example, example.label)
    assert Validation.objects.count() == 1


def test_the_database_refuses_a_second_vote(example, alice, bob):
    Validation.objects.create(example=example, validator=bob, author=alice, answer="7")
    with pytest.raises(IntegrityError), transaction.atomic():
        Validation.objects.create(example=example, validator=bob, author=alice, answer="8")


def test_nobody_votes_on_what_the_queue_did_not_hand_to_them(example, bob):
    with pytest.raises(Refused, match="not assigned to you"):
        services.record_validation(example=example, validator=bob, answer=example.label)


def test_a_settled_example_takes_no_more_votes(example, bob, carol, validate):
    validate(bob, example, example.label)
    validate(carol, example, example.label)
    with pytest.raises(Refused, match="settled"):
        validate(person("dora", "validator"), example, example.label)


def test_what_was_never_queued_can_not_be_validated(digits, adversary, alice, bob, draw, validate):
    digits.sample_rate = 0.0
    digits.save()
    services.open_round(round=services.draft_round(task=digits, adversary=adversary), by=None)
    with pytest.raises(Missing, match="not up for validation"):
        validate(bob, draw(alice, digits, fooling=False), "7")


def test_a_round_past_validating_takes_no_more_votes(example, open_round, bob, validate):
    services.close_round(round=open_round, by=None)
    services.keep_adversary(round=open_round, by=None)
    with pytest.raises(Refused, match="numbers are final"):
        validate(bob, example, example.label)


# --- the queue ----------------------------------------------------------------------------------------------------


def test_two_validators_who_ask_get_two_examples(open_round, alice, bob, carol, draw):
    first, second = (draw(alice, open_round.task, fooling=True) for _ in range(2))
    assert services.lease_next(task=open_round.task, validator=bob) == first
    assert services.lease_next(task=open_round.task, validator=carol) == second


def test_asking_again_gives_the_same_example(open_round, alice, bob, draw):
    for _ in range(2):
        draw(alice, open_round.task, fooling=True)
    handed = services.lease_next(task=open_round.task, validator=bob)
    assert services.lease_next(task=open_round.task, validator=bob) == handed


def test_the_example_closest_to_settled_comes_first(open_round, alice, bob, carol, draw, validate):
    draw(alice, open_round.task, fooling=True)
    second = draw(alice, open_round.task, fooling=True)
    validate(bob, second, second.label)
    assert services.lease_next(task=open_round.task, validator=carol) == second


def test_a_lease_that_ran_out_frees_the_example(example, open_round, bob, carol):
    with time_machine.travel("2030-01-01 10:00Z", tick=False):
        assert services.lease_next(task=open_round.task, validator=bob) == example
        assert services.lease_next(task=open_round.task, validator=carol) is None
    with time_machine.travel("2030-01-01 10:04Z", tick=False):
        assert services.lease_next(task=open_round.task, validator=carol) == example


def test_own_drawings_are_never_handed_out(example, open_round, alice):
    assert services.lease_next(task=open_round.task, validator=alice) is None


def test_what_was_answered_is_not_handed_out_again(example, open_round, bob, validate):
    validate(bob, example, example.label)
    assert services.lease_next(task=open_round.task, validator=bob) is None


def test_retracted_drawings_leave_the_queue(example, open_round, alice, bob):
    services.retract_example(example=example, by=alice)
    assert services.lease_next(task=open_round.task, validator=bob) is None


# --- disputes -----------------------------------------------------------------------------------------------------


def test_an_admin_who_finds_abuse_rejects_the_example(example, bob, adam, validate):
    validate(bob, example, "abuse", "an insult")
    decided = services.decide_dispute(example=example, by=adam.user, abusive=True)
    assert (decided.verification, decided.rejected_as) == (State.REJECTED, "abuse")


def test_an_admin_who_finds_none_sends_it_back_to_the_validators(example, bob, carol, adam, validate):
    validate(bob, example, "abuse", "just ugly")
    assert services.decide_dispute(example=example, by=adam.user, abusive=False).verification == State.PENDING
    validate(carol, example, example.label)
    assert validate(person("dora", "validator"), example, example.label).verification == State.VERIFIED


def test_a_cleared_example_is_not_disputed_again(example, bob, carol, adam, validate):
    validate(bob, example, "abuse", "just ugly")
    services.decide_dispute(example=example, by=adam.user, abusive=False)
    assert validate(carol, example, "abuse", "I insist").verification == State.PENDING


def test_what_is_not_disputed_needs_no_decision(example, adam):
    with pytest.raises(Refused, match="not disputed"):
        services.decide_dispute(example=example, by=adam.user, abusive=True)
