"""The admin of a campaign: moves rounds on where the site waits for an admin."""

from collections import Counter
from collections.abc import Callable
from typing import Any

from crowd.client import ApiClient, ApiError
from crowd.stalls import WORKER_STALL_SECONDS, CampaignError, StallDetector
from rounds.errors import ErrorKind

#: After so many failed trainings of one round the campaign ends.
MAX_TRAINING_FAILURES = 3

Json = dict[str, Any]


class CampaignAdmin:
    """Makes the moves that the site leaves to an admin, or would make only later.

    Args:
        client: of a user with the role admin.
        target: close an open round at so many verified fooling examples; None leaves that to the site.
        train_immediately: train as soon as no example waits for validators, instead of when the site next polls.
        accept: whether to accept a model that the gate holds back; otherwise the old adversary is kept.
    """

    def __init__(self, client: ApiClient, *, target: int | None, train_immediately: bool, accept: bool) -> None:
        self.client, self.target, self.train_immediately, self.accept = client, target, train_immediately, accept
        self._validation_stall = StallDetector()
        self._round_stall = StallDetector(WORKER_STALL_SECONDS)
        self._training_failures: Counter[int] = Counter()

    def current_round(self, task: str) -> Json:
        """The task's newest round, as the API shows it; opened if it is a draft.

        Raises:
            CampaignError: there is none, or it is done.
        """
        rounds = self.client.rounds(task)
        if not rounds or rounds[0]["status"] == "done":
            raise CampaignError(f"The task {task} has no round to play. Set the site up first: manage.py setup.")
        if rounds[0]["status"] == "draft":
            self._move(lambda: self.client.open(rounds[0]["id"]))
        return self.client.round(rounds[0]["id"])

    def advance(self, round: Json) -> None:
        """Makes the round's next move, if an admin has to make it.

        Raises:
            CampaignError: the round has stalled, or its training has failed too often.
        """
        if self._round_stall.has_stalled(round):
            raise CampaignError(
                f"Round {round['number']} is {round['status']}, and nothing has changed for "
                f"{WORKER_STALL_SECONDS / 60:.0f} minutes: check that {_worker(round)} runs at the site."
            )
        match round["status"]:
            case "open" if self.target and round["counts"]["verified"] >= self.target:
                self._move(lambda: self.client.close(round["id"]))
            case "validating":
                self._finish_validating(round)
            case "reviewing":
                move = self.client.accept if self.accept else self.client.keep
                self._move(lambda: move(round["id"]))

    def _finish_validating(self, round: Json) -> None:
        """Trains once nothing waits for validators, or validation has stalled; without verified examples there is
        nothing to train on, and the adversary is kept."""
        training = round["training"]
        failed = training is not None and training["status"] == "failed"
        stalled = self._validation_stall.has_stalled((round["id"], round["waiting_for_validation"]))
        if round["waiting_for_validation"] and not stalled:
            return
        if not round["counts"]["verified"]:
            self._move(lambda: self.client.keep(round["id"]))
        elif failed or stalled or self.train_immediately:
            if failed:
                self._count_failure(round, training["error"])
            self._move(lambda: self.client.train(round["id"]))

    def _count_failure(self, round: Json, error: str) -> None:
        """A retry helps after a full disk or a dead worker, but not with a wrong recipe."""
        self._training_failures[round["id"]] += 1
        if self._training_failures[round["id"]] >= MAX_TRAINING_FAILURES:
            raise CampaignError(
                f"The training of round {round['number']} failed {MAX_TRAINING_FAILURES} times; "
                f"mend its error, then start again: {error}"
            )

    @staticmethod
    def _move(move: Callable[[], Any]) -> None:
        """Tries a move. If the site has moved the round first, the next poll shows it."""
        try:
            move()
        except ApiError as error:
            if error.code != ErrorKind.ILLEGAL_MOVE.code:
                raise


def _worker(round: Json) -> str:
    """The process that a stalled round waits for."""
    if round["status"] == "training":
        return "the training worker (Q_CLUSTER_NAME=train manage.py qcluster)"
    return "the worker (manage.py qcluster)"
