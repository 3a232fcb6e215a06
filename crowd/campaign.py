"""A campaign: a crowd works at a running site for some rounds, and an admin moves the rounds on.

    campaign = Campaign(crowd, accounts, Site(url), task="digits")
    campaign.play(rounds=3)
    campaign.report()

The crowd's seed decides what everybody draws, but not which labels the site assigns or which bot is quicker. So two
campaigns with the same seed are alike, but not the same.
"""

from collections.abc import Callable
from typing import Any

from crowd.accounts import Accounts
from crowd.bot_threads import BotThreads
from crowd.bots import AnnotatorBot, CurrentWork, ValidatorBot
from crowd.campaign_admin import CampaignAdmin
from crowd.client import ApiClient
from crowd.export_reader import outcomes_of
from crowd.ground_truth import GroundTruth
from crowd.population import Crowd
from crowd.report import CampaignReport, ExampleOutcome, make_report
from crowd.stalls import CampaignError, StallDetector
from crowd.transport import Site

#: Seconds between two polls of the round.
POLL_SECONDS = 1.0

Json = dict[str, Any]
OnPoll = Callable[[Json], None]
"""Is called with the round, as the API shows it, after every poll."""


class Campaign:
    """A crowd at a site.

    Args:
        accounts: of the site's users under whose names the bots act.
        ground_truth: of drawings from earlier campaigns; those of this one are added.
        target: verified fooling examples per round; None leaves it to the criteria of the round.
        threads: how many bots call the site at the same time, 2 or more.
        train_immediately, accept: see `CampaignAdmin`.

    Raises:
        ValueError: there are fewer accounts than people, or fewer than two threads.
    """

    def __init__(
        self,
        crowd: Crowd,
        accounts: Accounts,
        site: Site,
        *,
        task: str,
        ground_truth: GroundTruth | None = None,
        target: int | None = None,
        threads: int = 4,
        train_immediately: bool = False,
        accept: bool = True,
    ) -> None:
        accounts.check(annotators=len(crowd.annotators), validators=len(crowd.validators))
        self.site, self.task, self.target = site, task, target
        self.ground_truth = truth = ground_truth or GroundTruth()
        self.annotators = [
            AnnotatorBot(annotator, ApiClient(site, token), task, truth)
            for annotator, (_, token) in zip(crowd.annotators, accounts.annotators, strict=False)
        ]
        self.validators = [
            ValidatorBot(name, validator, ApiClient(site, token), task, truth)
            for validator, (name, token) in zip(crowd.validators, accounts.validators, strict=False)
        ]
        self.admin = CampaignAdmin(
            ApiClient(site, accounts.admin), target=target, train_immediately=train_immediately, accept=accept
        )
        self.threads = BotThreads(self.annotators, self.validators, threads)
        site.sleep = self.threads.stopping.wait  # no retries after the end
        self.finished: list[int] = []
        self.outcomes: list[ExampleOutcome] = []
        self._verification_stall = StallDetector()
        self._blocked_stall = StallDetector()

    def play(self, *, rounds: int, on_poll: OnPoll = lambda round: None) -> None:
        """Plays so many rounds to their end.

        Raises:
            CampaignError: a round can't be finished: the crowd is too small, a worker of the site does not run, a
                training fails every time, or other people's drawings block all validators.
            ApiError, SiteUnreachable: the site refuses a call, or does not answer.
        """
        with self.threads.running():
            for _ in range(rounds):
                self._play_round(on_poll)

    def leave_unvalidated(self, count: int, *, on_poll: OnPoll = lambda round: None) -> None:
        """Draws in the next round until so many examples have fooled the model; other people can validate them."""
        with self.threads.running():
            round = self.admin.current_round(self.task)
            with self.site.log.measuring_load():
                while round["status"] == "open" and round["counts"]["fooled"] < count:
                    self.threads.work = CurrentWork(round["id"], round["number"], draw=True)
                    round = self._next_poll(round, on_poll)

    def report(self) -> CampaignReport:
        """On the labels of finished rounds, and on all answers and calls until now."""
        answers = [answer for bot in self.validators for answer in bot.answers]
        return make_report(self.finished, self.outcomes, answers, self.site.log, threads=self.threads.count)

    @property
    def has_begun(self) -> bool:
        """Whether anything was drawn or validated; otherwise there is nothing to report."""
        return not self.site.log.seconds.keys().isdisjoint({"send drawing", "answer"})

    def _play_round(self, on_poll: OnPoll) -> None:
        round = self.admin.current_round(self.task)
        self._check_crowd(round)
        with self.site.log.measuring_load():
            while round["status"] == "open":
                round = self._advance(round, on_poll)
        while round["status"] != "done":
            round = self._advance(round, on_poll)
        self.threads.work = CurrentWork()
        on_poll(round)
        self.outcomes += outcomes_of(
            round["id"], self.admin.client, self.ground_truth, wait=lambda: self.threads.stopping.wait(POLL_SECONDS)
        )
        self.finished.append(round["number"])

    def _check_crowd(self, round: Json) -> None:
        """Raises CampaignError if the crowd is too small for anything to be drawn and verified."""
        votes = max(round["rules"]["min_votes"], round["rules"]["votes_to_verify"])
        if len(self.validators) < votes:
            raise CampaignError(f"An example needs {votes} votes here: give the crowd at least so many --validators.")
        if not self.annotators:
            raise CampaignError("Nobody draws: give the crowd at least one of --annotators.")

    def _advance(self, round: Json, on_poll: OnPoll) -> Json:
        """Gives the bots and the admin their work; the round after the next poll."""
        self._check_blocked(round)
        self.threads.work = self._work_for(round)
        self.admin.advance(round)
        return self._next_poll(round, on_poll)

    def _next_poll(self, round: Json, on_poll: OnPoll) -> Json:
        """The round a moment later. Raises the error that ended one of the threads."""
        self.threads.raise_errors()
        on_poll(round)
        self.threads.stopping.wait(POLL_SECONDS)
        return self.admin.client.round(round["id"])

    def _check_blocked(self, round: Json) -> None:
        """Raises CampaignError if other people's drawings have blocked all validators for a while.

        The API offers no way to return a leased drawing, and the crowd can't answer without its ground truth. A round
        that is not open any more ends without these drawings.
        """
        all_blocked = round["status"] == "open" and all(bot.is_blocked for bot in self.validators)
        if self._blocked_stall.has_stalled(all_blocked) and all_blocked:
            raise CampaignError(
                f"All {len(self.validators)} validators were given drawings that this crowd did not make: settle those "
                "at the site first, or give the crowd more --validators than such drawings wait there."
            )

    def _work_for(self, round: Json) -> CurrentWork:
        """Nobody draws more than may be needed, or validation would lag ever further behind.

        Pending examples count as needed until verification has stalled. They may never be settled, if all of a few
        validators have answered, or the crowd did not draw them.
        """
        counts = round["counts"]
        is_open = round["status"] == "open"
        stalled = self._verification_stall.has_stalled((round["id"], counts["verified"], counts["pending"]))
        expected = counts["verified"] + (0 if stalled else counts["pending"])
        return CurrentWork(
            round["id"],
            round["number"],
            draw=is_open and expected < self._needed(round),
            validate=is_open or round["status"] == "validating",
        )

    def _needed(self, round: Json) -> float:
        """Verified fooling examples at which the round will close."""
        needs = [criterion["need"] for criterion in round["criteria"] if criterion["unit"] == "examples"]
        if self.target:
            needs.append(self.target)
        if not needs:
            raise CampaignError(
                f"Round {round['number']} closes at no number of verified examples: give one with --target."
            )
        return min(needs)
