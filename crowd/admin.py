"""The admin of a campaign: keeps the rounds going where the site waits for a person."""

import time
from collections import Counter
from collections.abc import Callable
from typing import Any

from crowd.client import Client, Problem

#: Seconds in which nothing was settled, after which one goes on without the rest.
PATIENCE = 30.0
#: Seconds in which nothing at all changed, after which the site's workers are taken for gone: the site itself takes
#: five minutes to put a training that got lost on its queue again.
PATIENCE_WITH_WORKERS = 600.0
TRAININGS = 3

Json = dict[str, Any]


class Stuck(Exception):
    """The campaign can't go on. The message says why and what to do."""


class Standstill:
    """Notices that something stays as it is for longer than `patience` seconds."""

    def __init__(self, patience: float = PATIENCE) -> None:
        self.patience = patience
        self._seen: Any = None
        self._since = 0.0

    def of(self, seen: Any) -> bool:
        """Whether it was the same at every look for so long."""
        if seen != self._seen:
            self._seen, self._since = seen, time.monotonic()
        return time.monotonic() - self._since > self.patience


class Admin:
    """Keeps the rounds going: what the site can't decide, or would only look at later.

    Args:
        client: somebody with the role admin.
        target: close the open round at so many verified fooling examples; None leaves that to the site.
        hurry: train as soon as nothing waits for validators, rather than when the site looks next.
        accept: what to do with a model that the gate held back: accept it, or keep the old adversary.
    """

    def __init__(self, client: Client, *, target: int | None, hurry: bool, accept: bool) -> None:
        self.client, self.target, self.hurry, self.accept = client, target, hurry, accept
        self._queue = Standstill()
        self._round = Standstill(PATIENCE_WITH_WORKERS)
        self._failed: Counter[int] = Counter()

    def current(self, task: str) -> Json:
        """The round in play, opened if it is a draft."""
        listed = self.client.rounds(task)
        if not listed or listed[0]["status"] == "done":
            raise Stuck(f"The task {task} has no round to play. Set the site up first: manage.py setup.")
        if listed[0]["status"] == "draft":
            self._try(lambda: self.client.open(listed[0]["id"]))
        return self.client.round(listed[0]["id"])

    def look(self, round: Json) -> None:
        """Moves the round on, if that is for an admin to do.

        Raises:
            Stuck: nothing has changed for so long that nobody else will move it, either.
        """
        if self._round.of(round):
            raise Stuck(
                f"Round {round['number']} is {round['status']}, and nothing has changed for "
                f"{PATIENCE_WITH_WORKERS / 60:.0f} minutes: look whether {_worker(round)} runs at the site."
            )
        match round["status"]:
            case "open" if self.target and round["counts"]["verified"] >= self.target:
                self._try(lambda: self.client.close(round["id"]))
            case "validating":
                self._look_at_queue(round)
            case "reviewing":
                move = self.client.accept if self.accept else self.client.keep
                self._try(lambda: move(round["id"]))

    def _look_at_queue(self, round: Json) -> None:
        """Trains when the queue is dry, or when it has stood still; keeps the adversary when there is nothing."""
        training = round["training"]
        failed = training is not None and training["status"] == "failed"
        stood_still = self._queue.of((round["id"], round["waiting_for_validation"]))
        if round["waiting_for_validation"] and not stood_still:
            return
        if not round["counts"]["verified"]:
            self._try(lambda: self.client.keep(round["id"]))
        elif failed or stood_still or self.hurry:
            if failed:
                self._count_failure(round, training["error"])
            self._try(lambda: self.client.train(round["id"]))

    def _count_failure(self, round: Json, error: str) -> None:
        """Trying again helps against a full disk or a worker that died, not against a wrong recipe."""
        self._failed[round["id"]] += 1
        if self._failed[round["id"]] >= TRAININGS:
            raise Stuck(f"The training of round {round['number']} failed {TRAININGS} times; mend what it says: {error}")

    @staticmethod
    def _try(move: Callable[[], Any]) -> None:
        """The site may have moved the round first; the next look tells."""
        try:
            move()
        except Problem as problem:
            if problem.code != "illegal_move":
                raise


def _worker(round: Json) -> str:
    """Whom a round that stands still is waiting for."""
    if round["status"] == "training":
        return "the training worker (Q_CLUSTER_NAME=train manage.py qcluster)"
    return "the worker (manage.py qcluster)"
