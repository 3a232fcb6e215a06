"""The admin of a campaign: keeps the rounds going where the site waits for a person."""

import time
from collections.abc import Callable
from typing import Any

from bench.crowd.client import Client, Problem

#: Seconds in which nothing was settled, after which one goes on without the rest.
PATIENCE = 30.0
TRAININGS = 3

Json = dict[str, Any]


class Stuck(Exception):
    """The campaign can't go on. The message says why and what to do."""


class Standstill:
    """Notices that something stays as it is."""

    def __init__(self) -> None:
        self._seen: Any = None
        self._since = 0.0

    def of(self, seen: Any) -> bool:
        """Whether it was the same at every look for longer than PATIENCE."""
        if seen != self._seen:
            self._seen, self._since = seen, time.monotonic()
        return time.monotonic() - self._since > PATIENCE


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
        self._trainings = 0

    def current(self, task: str) -> Json:
        """The round in play, opened if it is a draft."""
        listed = self.client.rounds(task)
        if not listed or listed[0]["status"] == "done":
            raise Stuck(f"The task {task} has no round to play. Set the site up first: manage.py setup.")
        if listed[0]["status"] == "draft":
            self._try(lambda: self.client.open(listed[0]["id"]))
        return self.client.round(listed[0]["id"])

    def look(self, round: Json) -> None:
        """Moves the round on, if that is for an admin to do."""
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
            self._train(round, training["error"] if failed else "")

    def _train(self, round: Json, error: str) -> None:
        if error:
            self._trainings += 1
            if self._trainings >= TRAININGS:
                raise Stuck(f"The training of round {round['number']} failed {TRAININGS} times: {error}")
        self._try(lambda: self.client.train(round["id"]))

    @staticmethod
    def _try(move: Callable[[], Any]) -> None:
        """The site may have moved the round first; the next look tells."""
        try:
            move()
        except Problem as problem:
            if problem.code not in ("illegal_move", "other_round_open"):
                raise
