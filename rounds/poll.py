"""What the site does by itself: it polls the rounds and moves those that are due."""

import logging
from collections.abc import Callable

from django.core.cache import cache

from rounds import rules, selectors, services
from rounds.errors import Refused
from rounds.models import Round, TrainingRun
from rounds.training import runs

log = logging.getLogger(__name__)


def poll_rounds() -> dict[str, int]:
    """Closes rounds whose criteria are met, trains those with an empty validation queue, requeues runs of dead workers.

    Called every few seconds by a job; calling it twice at once is harmless. Returns how many of each it did.
    """
    return {
        "closed": sum(_close_if_due(round) for round in _in_status(Round.Status.OPEN)),
        "started": sum(_train_if_due(round) for round in _in_status(Round.Status.VALIDATING)),
        "taken_up": runs.requeue_lost_runs(),
    }


def _in_status(status: str) -> list[Round]:
    return list(Round.objects.select_related("task", "adversary").filter(status=status))


def _close_if_due(round: Round) -> bool:
    found = selectors.criteria(round, selectors.counts(round))
    if not rules.should_close(found, round.rules):
        return False
    met = ", ".join(f"{reached.have:g} of {reached.need:g} {reached.unit}" for reached in found if reached.met)
    return _try(lambda: services.close_round(round=round, by=None, why=f"criteria met: {met}"))


def _train_if_due(round: Round) -> bool:
    """Once nothing waits for validators. A training that failed since the close waits for an admin instead."""
    if selectors.waiting_for_validation(round) or round.runs.filter(status=TrainingRun.Status.FAILED).exists():
        return False
    if not selectors.counts(round)["verified"]:
        _notify_once(round)
        return False
    return _try(lambda: services.start_training(round=round, by=None, why="nothing waits for validators any more"))


def _notify_once(round: Round) -> None:
    if cache.add(f"waits:{round.pk}", True, timeout=None):
        services.notify_admins(
            round=round,
            subject=f"{round} waits for your decision",
            body="It is closed and validated, and nothing is verified, so there is nothing new to train on. "
            "Keep the adversary for the next round on the round's staff page.",
        )


def _try(move: Callable[[], object]) -> bool:
    """A move that somebody else made first, or that is refused, is no failure of the poll."""
    try:
        move()
    except Refused as refusal:
        log.info("not moved: %s", refusal)
        return False
    return True
