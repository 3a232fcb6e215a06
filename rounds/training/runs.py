"""A training run: claimed by one worker, held by its heartbeat, published once or failed with a reason."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import Max, Q
from django.utils import timezone

from models_zoo.robustness.table import Condition
from rounds import rules, services
from rounds.models import Evaluation, ModelVersion, Round, Task, TrainingRun, TrainingSet
from stats.scores import Score

Status = TrainingRun.Status


class LeaseLost(Exception):
    """Another worker has this run now, or it has ended. A worker that gets this stops, and changes nothing more."""


@dataclass(frozen=True)
class Measurement:
    """One result to store: the score of a model under one condition."""

    model: ModelVersion | None
    """None for the model that is about to be published."""
    condition: Condition
    score: Score
    round: Round | None = None
    """Whose dev or test split this is on; None for the base sets."""
    training_set: TrainingSet | None = None
    """The freeze that the split is from."""


def claim_run(*, run_id: int, worker: str) -> TrainingRun | None:
    """The run, leased to `worker`; None when it is finished or another worker's lease has not run out."""
    now = timezone.now()
    claimable = Q(status=Status.QUEUED) | Q(status=Status.RUNNING, lease_until__lt=now)
    run = TrainingRun.objects.filter(pk=run_id).first()
    if run is None:
        return None
    claimed = TrainingRun.objects.filter(claimable, pk=run_id, attempts=run.attempts).update(
        status=Status.RUNNING,
        worker=worker,
        attempts=run.attempts + 1,
        started_at=run.started_at or now,
        lease_until=now + timedelta(seconds=TrainingRun.LEASE_SECONDS),
    )
    if not claimed:
        return None
    return TrainingRun.objects.select_related("round__task", "training_set", "parent").get(pk=run_id)


def heartbeat(*, run: TrainingRun, progress: dict[str, Any]) -> None:
    """Extends the lease and shows how far the training is. Raises LeaseLost when the run is no longer this worker's."""
    held = TrainingRun.objects.filter(pk=run.pk, status=Status.RUNNING, worker=run.worker).update(
        progress=progress, lease_until=timezone.now() + timedelta(seconds=TrainingRun.LEASE_SECONDS)
    )
    if not held:
        raise LeaseLost
    run.progress = progress


def holds_run(*, run: TrainingRun) -> bool:
    """Whether this worker still has the run. Writes nothing, so that it works on a full disk."""
    return TrainingRun.objects.filter(pk=run.pk, status=Status.RUNNING, worker=run.worker).exists()


def register_model(
    *, task: Task, parent: ModelVersion | None, training_set: TrainingSet | None, **fields: Any
) -> ModelVersion:
    """The next numbered model of `task`. Its files are in the storage already."""
    last = task.model_versions.aggregate(last=Max("number"))["last"] or 0
    return ModelVersion.objects.create(task=task, number=last + 1, parent=parent, training_set=training_set, **fields)


def record_measurements(measurements: Iterable[Measurement], *, new_model: ModelVersion | None = None) -> None:
    """Stores results; one that was stored before stays as it is."""
    Evaluation.objects.bulk_create(
        [
            Evaluation.of(
                measured.condition,
                measured.score,
                model=measured.model or new_model,
                round=measured.round,
                training_set=measured.training_set,
            )
            for measured in measurements
        ],
        ignore_conflicts=True,
    )


def publish_model(
    *, run: TrainingRun, result: rules.GateResult, measurements: Iterable[Measurement], **fields: Any
) -> ModelVersion:
    """The end of a run that went well, in one transaction: model, measurements, gate, and the round's next move.

    Raises LeaseLost when the run is no longer this worker's; then nothing is published.
    """
    with transaction.atomic():
        held = TrainingRun.objects.select_for_update().filter(pk=run.pk, status=Status.RUNNING, worker=run.worker)
        if not held.exists():
            raise LeaseLost
        model = register_model(task=run.round.task, parent=run.parent, training_set=run.training_set, **fields)
        record_measurements(measurements, new_model=model)
        held.update(
            status=Status.SUCCEEDED,
            model=model,
            gate=asdict(result),
            finished_at=timezone.now(),
            lease_until=None,
            error="",
        )
        run.refresh_from_db()
        services.review(run=run, result=result)
    if not result.passed:
        services.notify_admins(
            round=run.round,
            subject=f"{run.round} waits for your decision",
            body="The new model did not pass the gate:\n" + "\n".join(result.reasons),
        )
    return model


def fail_run(*, run: TrainingRun, error: str) -> None:
    """The end of a run that went wrong: the round goes back to where an admin can act, and the admins get a mail.

    Nothing is done when another worker has claimed it since `run` was read.
    """
    with transaction.atomic():
        active = TrainingRun.objects.filter(status__in=[Status.QUEUED, Status.RUNNING])
        failed = active.filter(pk=run.pk, worker=run.worker).update(
            status=Status.FAILED, error=error, finished_at=timezone.now(), lease_until=None
        )
        if not failed:
            return
        services.return_to_validating(round=run.round, why=f"training failed: {error}")
    services.notify_admins(
        round=run.round,
        subject=f"Training failed: {run.round}",
        body=f"{error}\n\nThe round is back in validating.",
    )


def requeue_lost_runs() -> int:
    """Queues runs again whose worker has died or that never reached one; fails those whose workers keep dying.

    Returns how many runs it touched.
    """
    now = timezone.now()
    lost = TrainingRun.objects.select_related("round__task").filter(
        status__in=[Status.QUEUED, Status.RUNNING], lease_until__lt=now
    )
    touched = 0
    for run in lost:
        if run.attempts >= TrainingRun.MAX_ATTEMPTS:
            died = f"Its worker died {run.attempts} times."
            fail_run(run=run, error=f"{died} Look at the worker's log, then train it again.")
        elif lost.filter(pk=run.pk).update(status=Status.QUEUED):
            services.enqueue_run(run)
        touched += 1
    return touched
