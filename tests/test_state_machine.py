"""Every move of a round from every state: made where the table has it, and refused everywhere else."""

from collections.abc import Callable

import pytest
from django.contrib import admin
from django.test import RequestFactory

from rounds import services
from rounds.errors import Refused
from rounds.models import AuditEvent, Round, TrainingRun
from rounds.rules import GateResult
from rounds.state_machine import MOVES, STATES, admin_moves, targets_from

from .rows import a_model, a_person, a_round, a_task, an_attempt, people

pytestmark = pytest.mark.django_db


@pytest.fixture
def run() -> TrainingRun:
    """A finished training of a round with one verified example, so that nothing but its state can forbid a move."""
    task = a_task()
    first = a_model(task)
    round = a_round(task, first, Round.Status.VALIDATING)
    an_attempt(round, a_person("alice"), "7", "1", "77", voters=people(2))
    run = services.start_training(round=round, by=None)
    TrainingRun.objects.filter(pk=run.pk).update(status="succeeded", model=a_model(task, parent=first))
    run.refresh_from_db()
    return run


MAKE: dict[str, Callable[[TrainingRun], object]] = {
    "open": lambda run: services.open_round(round=run.round, by=None),
    "close": lambda run: services.close_round(round=run.round, by=None),
    "accept": lambda run: services.accept_model(round=run.round, by=None),
    "train": lambda run: services.start_training(round=run.round, by=None),
    "keep": lambda run: services.keep_adversary(round=run.round, by=None),
    "review": lambda run: services.review(run=run, result=GateResult(False, [])),
    "return": lambda run: services.return_to_validating(round=run.round, why="the training failed"),
}


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("verb", MOVES)
def test_a_move_is_made_from_its_sources_to_its_target_and_refused_elsewhere(run, verb, state):
    Round.objects.update(status=state)
    run.round.refresh_from_db()
    events = AuditEvent.objects.filter(round=run.round_id)
    before = events.count()
    if state in MOVES[verb].sources:
        MAKE[verb](run)
        event = events.latest("pk")
        assert (event.from_status, event.to_status) == (state, MOVES[verb].target)
        assert event.why
        assert events.count() == before + 1
    else:
        with pytest.raises(Refused) as refusal:
            MAKE[verb](run)
        assert refusal.value.code == "illegal_move"
        assert Round.objects.get().status == state
        assert events.count() == before


def test_every_state_can_be_reached_and_only_a_finished_round_moves_no_more():
    assert {state for state in STATES if not targets_from(state)} == {"done"}
    assert {target for state in STATES for target in targets_from(state)} == {*STATES} - {"draft"}


def test_an_admin_is_stuck_nowhere_but_while_a_model_is_trained():
    assert [state for state in STATES if not admin_moves(state)] == ["training", "done"]


def test_the_admin_site_offers_the_moves_of_the_table(rf: RequestFactory, adam):
    request = rf.get("/admin/rounds/round/")
    request.user = adam.user
    actions = admin.site._registry[Round].get_actions(request)
    assert set(actions) == {f"{move.verb}_rounds" for move in MOVES.values() if move.by_admin}
