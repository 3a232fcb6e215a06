from datetime import timedelta

import pytest
import time_machine
from django.db import IntegrityError, transaction
from django.utils import timezone
from django_q.models import OrmQ

from rounds import poll, selectors, services
from rounds.errors import Invalid, Refused
from rounds.models import AuditEvent, Round, TrainingRun, TrainingSet
from rounds.training import runs

pytestmark = pytest.mark.django_db
Status = Round.Status


@pytest.fixture
def verified(open_round, alice, bob, carol, draw, validate):
    """verified(3) → three verified fooling examples in the open round."""

    def verified(how_many: int) -> None:
        for _ in range(how_many):
            example = draw(alice, open_round.task, fooling=True)
            validate(bob, example, example.label)
            validate(carol, example, example.label)

    return verified


def test_every_move_leaves_an_event_with_who_and_why(open_round, adam):
    services.close_round(round=open_round, by=adam.user, why="enough")
    event = AuditEvent.objects.latest("pk")
    assert (event.by, event.from_status, event.to_status, event.why) == (adam.user, "open", "validating", "enough")


def test_opening_freezes_the_rules(open_round):
    open_round.task.tries_per_prompt = 3
    open_round.task.save()
    assert Round.objects.get().rules.tries_per_prompt == 20


def test_a_round_that_closes_is_polled_at_once(open_round, django_capture_on_commit_callbacks, settings):
    with django_capture_on_commit_callbacks() as after:
        services.close_round(round=open_round, by=None)
    if "orm" in settings.Q_CLUSTER:
        assert [task.func() for task in OrmQ.objects.all()] == ["rounds.jobs.poll_once"]
    else:
        assert len(after) == 1


def test_two_rounds_of_a_task_are_never_open_at_once(open_round, adversary):
    upcoming = services.draft_round(task=open_round.task, adversary=adversary)
    with pytest.raises(Refused, match="Another round of this task is open"):
        services.open_round(round=upcoming, by=None)
    upcoming.refresh_from_db()
    assert upcoming.status == Status.DRAFT


def test_the_database_refuses_a_second_open_round(open_round, adversary):
    with pytest.raises(IntegrityError), transaction.atomic():
        Round.objects.create(
            task=open_round.task, number=2, status="open", adversary=adversary, opened_at=timezone.now()
        )


def test_a_round_is_closed_once(open_round, adam):
    stale = Round.objects.get()
    services.close_round(round=open_round, by=adam.user)
    with pytest.raises(Refused, match="Round 1 is validating"):
        services.close_round(round=stale, by=adam.user)
    assert AuditEvent.objects.filter(to_status="validating").count() == 1


@pytest.mark.parametrize("status", [status for status in Status if status != Status.OPEN])
def test_only_an_open_round_can_be_closed(open_round, status):
    Round.objects.update(status=status)
    with pytest.raises(Refused, match="From here it can become"):
        services.close_round(round=Round.objects.get(), by=None)


def test_training_freezes_what_is_verified_and_queues_a_run(open_round, verified, adam):
    verified(3)
    services.close_round(round=open_round, by=adam.user)
    run = services.start_training(round=open_round, by=adam.user)
    assert run.status == TrainingRun.Status.QUEUED
    assert run.training_set.items.count() == 3
    assert run.parent == open_round.adversary
    assert Round.objects.get().status == Status.TRAINING


def test_training_with_nothing_verified_is_refused_and_changes_nothing(open_round, adam):
    services.close_round(round=open_round, by=adam.user)
    with pytest.raises(Refused, match="Nothing collected in this round is verified"):
        services.start_training(round=open_round, by=adam.user)
    assert Round.objects.get().status == Status.VALIDATING
    assert not TrainingRun.objects.exists()


def test_a_recipe_that_the_trainer_does_not_know_is_refused(open_round, verified, adam):
    verified(1)
    services.close_round(round=open_round, by=adam.user)
    with pytest.raises(Invalid, match="recipe can't be used"):
        services.start_training(round=open_round, by=adam.user, recipe={"epoch": 2})
    assert Round.objects.get().status == Status.VALIDATING


def test_an_admin_may_keep_the_adversary_without_training(open_round, adam):
    services.close_round(round=open_round, by=adam.user)
    upcoming = services.keep_adversary(round=open_round, by=adam.user)
    assert (upcoming.number, upcoming.status, upcoming.adversary) == (2, Status.OPEN, open_round.adversary)
    done = Round.objects.get(number=1)
    assert done.status == Status.DONE
    assert done.report["counts"]["attempts"] == 0


def test_what_was_collected_is_kept_for_later_trainings_when_the_adversary_is_kept(open_round, verified, adam):
    verified(3)
    services.close_round(round=open_round, by=adam.user)
    services.keep_adversary(round=open_round, by=adam.user)
    assert Round.objects.get(number=1).training_set.items.count() == 3


def test_a_round_in_which_nothing_was_collected_has_no_training_set(open_round, adam):
    services.close_round(round=open_round, by=adam.user)
    services.keep_adversary(round=open_round, by=adam.user)
    assert not TrainingSet.objects.exists()


def test_what_was_validated_after_a_failed_training_is_kept_too(
    open_round, verified, adam, alice, draw, bob, carol, validate
):
    verified(1)
    late = draw(alice, open_round.task, fooling=True)
    services.close_round(round=open_round, by=adam.user)
    runs.fail_run(run=services.start_training(round=open_round, by=adam.user), error="The disk is full.")
    validate(bob, late, late.label)
    validate(carol, late, late.label)
    services.keep_adversary(round=Round.objects.get(), by=adam.user)
    assert Round.objects.get(number=1).training_set.items.count() == 2


def test_a_next_round_that_was_drafted_early_is_the_one_that_opens(open_round, adversary, adam):
    early = services.draft_round(task=open_round.task, adversary=adversary)
    services.close_round(round=open_round, by=adam.user)
    upcoming = services.keep_adversary(round=open_round, by=adam.user)
    assert (upcoming, upcoming.status) == (early, Status.OPEN)
    assert Round.objects.count() == 2


def test_a_draft_made_early_opens_against_the_model_that_was_decided_on(open_round, adversary, adam):
    services.draft_round(task=open_round.task, adversary=adversary)
    Round.objects.filter(status=Status.DRAFT).update(adversary=None)
    services.close_round(round=open_round, by=adam.user)
    assert services.keep_adversary(round=open_round, by=adam.user).adversary == adversary


def test_no_model_is_accepted_while_people_draw(open_round, adam):
    with pytest.raises(Refused, match="Round 1 is open and can't become done"):
        services.accept_model(round=open_round, by=adam.user)


def test_there_is_no_model_to_accept_before_one_is_trained(open_round, adam):
    services.close_round(round=open_round, by=adam.user)
    with pytest.raises(Refused, match="no new model"):
        services.accept_model(round=open_round, by=adam.user)


# --- what the site does by itself ---------------------------------------------------------------------------------


def test_a_round_closes_when_enough_is_verified(open_round, verified):
    Round.objects.update(frozen_rules={**open_round.frozen_rules, "target_verified": 2})
    verified(1)
    assert poll.poll_rounds()["closed"] == 0
    verified(1)
    assert poll.poll_rounds()["closed"] == 1
    event = AuditEvent.objects.get(to_status="validating")
    assert event.by is None
    assert event.why == "criteria met: 2 of 2 examples"


def test_a_round_closes_at_its_deadline(open_round):
    Round.objects.update(frozen_rules={**open_round.frozen_rules, "duration_hours": 24})
    with time_machine.travel(timezone.now() + timedelta(hours=23), tick=False):
        assert poll.poll_rounds()["closed"] == 0
    with time_machine.travel(timezone.now() + timedelta(hours=25), tick=False):
        assert poll.poll_rounds()["closed"] == 1


def test_where_all_criteria_are_asked_for_one_is_not_enough(open_round):
    rules = {**open_round.frozen_rules, "duration_hours": 24, "close_when": "all"}
    Round.objects.update(frozen_rules=rules)
    with time_machine.travel(timezone.now() + timedelta(hours=25), tick=False):
        assert poll.poll_rounds()["closed"] == 0


def test_training_starts_by_itself_when_the_queue_runs_dry(open_round, verified, alice, draw, bob, carol, validate):
    verified(1)
    waiting = draw(alice, open_round.task, fooling=True)
    services.close_round(round=open_round, by=None)
    assert poll.poll_rounds()["started"] == 0
    validate(bob, waiting, "unreadable")
    validate(carol, waiting, "unreadable")
    assert selectors.waiting_for_validation(open_round) == 0
    assert poll.poll_rounds()["started"] == 1


def test_a_round_with_nothing_verified_waits_for_an_admin_who_is_notified_once(open_round, adam, mailoutbox):
    services.close_round(round=open_round, by=None)
    for _ in range(2):
        assert poll.poll_rounds() == {"closed": 0, "started": 0, "taken_up": 0}
    (mail,) = mailoutbox
    assert mail.to == [adam.user.email]
    assert "Keep the adversary" in mail.body
