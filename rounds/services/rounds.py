"""The moves of a round. Pages, API, admin and jobs all come here.

Every move is one transaction: a conditional update that must change one row, what belongs to it, and an `AuditEvent`.
"""

from datetime import timedelta
from typing import Any

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.utils import timezone

from models_zoo.training.config import next_config
from rounds import reports, rules, selectors
from rounds.datasets.freeze import examples_to_train_on, freeze
from rounds.errors import ErrorKind, Refused
from rounds.models import ModelVersion, Round, Task, TrainingRun
from rounds.queue import enqueue
from rounds.state_machine import MOVES, targets_from, targets_in_words

from .audit import Action, record

Status = Round.Status
#: A run that no worker claimed within this time is queued again: its message may be lost, or its worker dead.
QUEUE_TIMEOUT = timedelta(minutes=5)


def draft_round(*, task: Task, adversary: ModelVersion) -> Round:
    """The next round of `task`, not yet open, against `adversary`."""
    last = task.rounds.order_by("-number").first()
    if last and last.status == Status.DRAFT:
        raise ErrorKind.DRAFT_EXISTS.error(number=last.number)
    return Round.objects.create(task=task, number=last.number + 1 if last else 1, adversary=adversary)


def open_round(*, round: Round, by: User | None, why: str = "") -> Round:
    """draft → open, under a frozen copy of the task's rules as they are now."""
    if round.status == Status.DRAFT and round.adversary is None:
        raise ErrorKind.NO_ADVERSARY.error()
    try:
        return _move(round, "open", by, why, opened_at=timezone.now(), frozen_rules=round.task.rules.to_json())
    except IntegrityError as error:
        raise ErrorKind.OTHER_ROUND_OPEN.error() from error


def close_round(*, round: Round, by: User | None, why: str = "") -> Round:
    """open → validating: no more tries; what is in the queue can still be validated."""
    with transaction.atomic():
        closed = _move(round, "close", by, why, closed_at=timezone.now())
        # Where nothing waits for validators, training need not wait for the next regular poll.
        enqueue("rounds.jobs.poll_once", name=f"poll round {round.number}")
    return closed


def start_training(
    *, round: Round, by: User | None, why: str = "", recipe: dict[str, Any] | None = None
) -> TrainingRun:
    """validating (or reviewing, with another recipe) → training: freezes the training set and queues the run.

    What is still pending stays pending. Raises Refused when there is nothing verified to train on, Invalid for a recipe
    that the trainer does not know.
    """
    recipe = _checked_recipe({**round.task.recipe, **(recipe or {})})
    with transaction.atomic():
        _move(round, "train", by, why)
        training_set = freeze(round)
        if not training_set.items.filter(example__round=round).exists():
            raise ErrorKind.NOTHING_VERIFIED.error()
        run = TrainingRun.objects.create(
            round=round, training_set=training_set, parent=_adversary(round), recipe=recipe
        )
        enqueue_run(run)
    return run


def enqueue_run(run: TrainingRun) -> None:
    """Puts a run on the `train` queue. Safe to repeat: workers claim the run, and only one gets it."""
    TrainingRun.objects.filter(pk=run.pk).update(lease_until=timezone.now() + QUEUE_TIMEOUT)
    enqueue("rounds.jobs.train", run.pk, cluster="train", name=f"train round {run.round.number}")


def review(*, run: TrainingRun, result: rules.GateResult) -> Round:
    """training → reviewing, with the gate's result; a new model that passed opens the next round by itself."""
    round = _move(run.round, "review", None, f"{run.model} is trained and measured")
    if result.passed:
        accept_model(round=round, by=None, why="the gate let it pass")
    return round


def accept_model(*, round: Round, by: User | None, why: str = "") -> Round:
    """reviewing → done; the new model is the adversary of the next round, which opens. Returns the next round."""
    run = selectors.latest_run(round)
    if Status.DONE not in targets_from(round.status):
        raise _illegal(round, Status.DONE)
    if run is None or run.model is None:
        raise ErrorKind.NO_MODEL.error()
    return _finish(round, "accept", by, why, adversary=run.model)


def keep_adversary(*, round: Round, by: User | None, why: str = "") -> Round:
    """reviewing or validating → done; the next round opens against the same adversary. Returns the next round."""
    return _finish(round, "keep", by, why, adversary=_adversary(round))


def return_to_validating(*, round: Round, why: str) -> Round:
    """training → validating: the training failed; the admin can start it again."""
    return _move(round, "return", None, why)


def _finish(round: Round, verb: str, by: User | None, why: str, *, adversary: ModelVersion) -> Round:
    untrained = round.status == Status.VALIDATING
    why = why or MOVES[verb].default_reason
    with transaction.atomic():
        done = _move(round, verb, by, why, done_at=timezone.now())
        if untrained and examples_to_train_on(done).exists():
            freeze(done)  # Nobody trains on it now; every later training does, and every later model is measured on it.
        Round.objects.filter(pk=done.pk).update(report=reports.compute_round(done))
        upcoming = _next_draft(done.task, adversary)
        return open_round(round=upcoming, by=by, why=f"round {done.number} is done: {why}")


def _next_draft(task: Task, adversary: ModelVersion) -> Round:
    """The draft that an admin made early, or a new one; its adversary is the one that was just decided on."""
    draft = task.rounds.filter(status=Status.DRAFT).first()
    if draft is None:
        return draft_round(task=task, adversary=adversary)
    draft.adversary = adversary
    draft.save(update_fields=["adversary"])
    return draft


def _move(round: Round, verb: str, by: User | None, why: str, **changes: Any) -> Round:
    """Moves `round` on from the status the caller saw, if the move starts there and nobody moved it meanwhile."""
    move, before = MOVES[verb], Status(round.status)
    to = move.target
    if before not in move.sources:
        raise _illegal(round, to)
    with transaction.atomic():
        moved = Round.objects.filter(pk=round.pk, status=before).update(status=to, **changes)
        if not moved:
            round.refresh_from_db()
            raise _illegal(round, to)
        about = {"round": round, "task": round.task, "from_status": before, "to_status": to}
        record(Action.ROUND_MOVED, by=by, why=why or move.default_reason, **about)
    round.refresh_from_db()
    return round


def _adversary(round: Round) -> ModelVersion:
    assert round.adversary is not None  # a database constraint: only a draft has none
    return round.adversary


def _illegal(round: Round, to: str) -> Refused:
    return ErrorKind.ILLEGAL_MOVE.error(
        number=round.number, round_status=round.status, to=to, legal=targets_in_words(round.status)
    )


def _checked_recipe(recipe: dict[str, Any]) -> dict[str, Any]:
    try:
        next_config(recipe)
    except (TypeError, ValueError) as error:
        raise ErrorKind.RECIPE_UNUSABLE.error(reason=error) from error
    return recipe
