"""A crowd at a running site: some threads in which people draw and validate, and an admin who keeps the rounds going.

    campaign = Campaign(crowd, accounts, Site(url), task="digits")
    campaign.play(rounds=3, watch=print)
    campaign.report()

People talk to the site through `client` only. What everybody draws is decided by the crowd's seed; which label they are
asked for, and who is quicker, is not, so two campaigns with the same seed are alike but not the same.
"""

import io
import json
import zipfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from threading import Event
from typing import Any

import pyarrow.parquet as pq

from crowd.admin import PATIENCE_WITH_WORKERS, Admin, Standstill, Stuck
from crowd.client import Client, Site
from crowd.known import Known
from crowd.population import Crowd
from crowd.report import Load, Outcome, Report, make_report
from crowd.visitors import Checker, Drawer, Person, Stage

#: Seconds between two looks at the round, and that people without anything to do wait.
LOOK_EVERY = 1.0

Json = dict[str, Any]


@dataclass(frozen=True)
class Accounts:
    """Tokens of the people's accounts at the site."""

    annotators: Sequence[tuple[str, str]]
    """(name, token), at least as many as there are annotators in the crowd."""
    validators: Sequence[tuple[str, str]]
    admin: str
    """A token of somebody with the role admin."""

    @classmethod
    def read(cls, path: Path) -> "Accounts":
        """From a file that `write` wrote; ValueError says what to do with another one."""
        try:
            kept = json.loads(path.read_text())
            return cls(
                annotators=[(name, token) for name, token in kept["annotators"]],
                validators=[(name, token) for name, token in kept["validators"]],
                admin=kept["admin"],
            )
        except (OSError, ValueError, KeyError, TypeError) as error:
            what = f"{type(error).__name__}: {error}"
            raise ValueError(
                f"{path} can't be read as accounts ({what}): make it with --write-accounts, on the site's host."
            ) from error

    def write(self, path: Path) -> None:
        """Into a file that only its owner may read."""
        with path.open("w") as file:
            path.chmod(0o600)  # before there is anything in it
            file.write(json.dumps(asdict(self), indent=2) + "\n")


class Campaign:
    """A crowd at a site.

    Args:
        accounts: whose names the people act under.
        known: what is known of drawings from an earlier run.
        target: verified fooling examples per round; None takes the site's own criterion.
        threads: how many people are at the site at the same moment, 2 or more; half of them draw, half validate.
        hurry, accept: see `Admin`.

    Raises:
        ValueError: there are fewer accounts than people, or too few threads.
    """

    def __init__(
        self,
        crowd: Crowd,
        accounts: Accounts,
        site: Site,
        *,
        task: str,
        known: Known | None = None,
        target: int | None = None,
        threads: int = 4,
        hurry: bool = False,
        accept: bool = True,
    ) -> None:
        _check_accounts("annotators", crowd.annotators, accounts.annotators)
        _check_accounts("validators", crowd.validators, accounts.validators)
        if threads < 2:
            raise ValueError("A campaign needs two threads at least, one to draw and one to validate.")
        known = known or Known()
        self.site, self.task, self.known, self.target = site, task, known, target
        self.drawers = [
            Drawer(annotator, Client(site, token), task, known)
            for annotator, (_, token) in zip(crowd.annotators, accounts.annotators, strict=False)
        ]
        self.checkers = [
            Checker(name, validator, Client(site, token), task, known)
            for validator, (name, token) in zip(crowd.validators, accounts.validators, strict=False)
        ]
        self.admin = Admin(Client(site, accounts.admin), target=target, hurry=hurry, accept=accept)
        self.threads = threads
        self.stage = Stage()
        self.finished: list[int] = []
        self.outcomes: list[Outcome] = []
        self._settling = Standstill()
        self._held_up = Standstill()
        self._stop = Event()
        site.sleep = self._stop.wait  # once it is over, nobody waits to ask again

    def play(self, *, rounds: int, watch: Callable[[Json], None] = lambda round: None) -> None:
        """Plays so many rounds to their end; `watch` is told the round, as the API shows it, at every look.

        Raises:
            Stuck: a round can't be brought to its end: too few people, no worker, a training that fails every time,
                nothing but drawings of strangers to validate.
            Problem, Unreachable: the site refuses or is gone.
        """
        with self._at_work() as workers:
            for _ in range(rounds):
                self._play_round(workers, watch)

    def leave(self, waiting: int, *, watch: Callable[[Json], None] = lambda round: None) -> None:
        """Begins the next round and leaves so many fooling examples, and whatever is sampled, to other validators."""
        with self._at_work() as workers:
            round = self.admin.current(self.task)
            with self.site.calls.under_load():
                while round["status"] == "open" and round["counts"]["fooled"] < waiting:
                    self.stage = Stage(round=round["id"], number=round["number"], draw=True)
                    round = self._next_look(round, workers, watch)

    def report(self) -> Report:
        """What came of labels in the rounds that were played to their end, and of all votes and calls until now."""
        votes = [vote for checker in self.checkers for vote in checker.votes]
        calls = self.site.calls
        load = Load(*calls.load, threads=len(self._shares()))
        return make_report(self.finished, self.outcomes, votes, calls.seconds, calls.outcomes, load)

    @property
    def has_begun(self) -> bool:
        """Whether anything has been drawn or voted on; before that there is nothing to report."""
        return not self.site.calls.seconds.keys().isdisjoint({"send drawing", "answer"})

    def _play_round(self, workers: list[Future[None]], watch: Callable[[Json], None]) -> None:
        round = self.admin.current(self.task)
        self._check_people(round)
        with self.site.calls.under_load():
            while round["status"] == "open":
                round = self._moved_on(round, workers, watch)
        while round["status"] != "done":
            round = self._moved_on(round, workers, watch)
        self.stage = Stage()
        watch(round)
        self.outcomes += self._outcomes(round["id"])
        self.finished.append(round["number"])

    def _check_people(self, round: Json) -> None:
        """Raises Stuck where the crowd is too small for anything to be drawn and verified."""
        votes = max(round["rules"]["min_votes"], round["rules"]["votes_to_verify"])
        if len(self.checkers) < votes:
            raise Stuck(f"An example needs {votes} votes here: give the crowd at least so many --validators.")
        if not self.drawers:
            raise Stuck("Nobody draws: give the crowd at least one of --annotators.")

    def _moved_on(self, round: Json, workers: list[Future[None]], watch: Callable[[Json], None]) -> Json:
        """Everybody does what there is to do; the round a moment later."""
        self._check_desks(round)
        self.stage = self._stage(round)
        self.admin.look(round)
        return self._next_look(round, workers, watch)

    def _check_desks(self, round: Json) -> None:
        """Raises Stuck where no validator has been able to work for a while.

        The API has no way to put a drawing back on the pile, and what is not known can't be answered honestly. A round
        that is no longer open ends without what is left.
        """
        held_up = round["status"] == "open" and all(checker.is_held_up for checker in self.checkers)
        if self._held_up.of(held_up) and held_up:
            raise Stuck(
                f"All {len(self.checkers)} validators have been handed drawings that are not this crowd's: settle "
                "those at the site first, or give the crowd more --validators than such drawings wait there."
            )

    def _next_look(self, round: Json, workers: list[Future[None]], watch: Callable[[Json], None]) -> Json:
        """The round a moment later. Raises what ended one of the threads, if one has ended."""
        for worker in workers:
            if worker.done():
                worker.result()
        watch(round)
        self._stop.wait(LOOK_EVERY)
        return self.admin.client.round(round["id"])

    def _stage(self, round: Json) -> Stage:
        """Who has something to do.

        Nobody draws more than may be needed, or validators would never catch up; but what waits and is never settled
        (because all of few validators have answered, or it is a stranger's) is not waited for.
        """
        counts = round["counts"]
        is_open = round["status"] == "open"
        stuck = self._settling.of((round["id"], counts["verified"], counts["pending"]))
        may_count = counts["verified"] + (0 if stuck else counts["pending"])
        enough = may_count >= self._needed(round)
        return Stage(
            round=round["id"],
            number=round["number"],
            draw=is_open and not enough,
            validate=is_open or round["status"] == "validating",
        )

    def _needed(self, round: Json) -> float:
        needs = [criterion["need"] for criterion in round["criteria"] if criterion["unit"] == "examples"]
        if self.target:
            needs.append(self.target)
        if not needs:
            raise Stuck(f"Round {round['number']} closes at no number of verified examples: give one with --target.")
        return min(needs)

    @contextmanager
    def _at_work(self) -> Iterator[list[Future[None]]]:
        """The threads, each with its share of the annotators or of the validators."""
        shares = self._shares()
        self._stop.clear()
        with ThreadPoolExecutor(max(1, len(shares))) as pool:
            try:
                yield [pool.submit(self._work, share) for share in shares]
            finally:
                self._stop.set()

    def _shares(self) -> list[Sequence[Person]]:
        """Whom each thread takes turns for: half of the threads for those who draw, no thread for nobody."""
        drawing = self.threads // 2
        checking = self.threads - drawing
        shares: list[Sequence[Person]] = [self.drawers[number::drawing] for number in range(drawing)]
        shares += [self.checkers[number::checking] for number in range(checking)]
        return [share for share in shares if share]

    def _work(self, people: Sequence[Person]) -> None:
        while not self._stop.is_set():
            did = [person.turn(self.stage) for person in people if not self._stop.is_set()]
            if not any(did):
                self._stop.wait(LOOK_EVERY / 2)

    def _outcomes(self, round: int) -> Iterator[Outcome]:
        """From the round's export: every example that was put up for validation, and is the crowd's own."""
        for row in self._export(round):
            drawing = self.known.get(row["drawing"])
            if drawing is not None and row["verification"] != "unqueued":
                yield Outcome(drawing.is_right, row["fooled"], row["verification"])

    def _export(self, round: int) -> Iterator[Json]:
        """What is needed of every row."""
        made = self.admin.client.download(self._made_export(round)["id"])
        with zipfile.ZipFile(io.BytesIO(made)) as archive:
            for name in archive.namelist():
                if name.endswith(".parquet"):
                    columns = ["drawing", "fooled", "verification"]
                    yield from pq.read_table(io.BytesIO(archive.read(name)), columns=columns).to_pylist()

    def _made_export(self, round: int) -> Json:
        """As the API shows it, once there is something to download."""
        export = self.admin.client.ask_export(round)
        waiting = Standstill(PATIENCE_WITH_WORKERS)
        while export["status"] not in ("ready", "failed"):
            if waiting.of(export["status"]):
                raise Stuck(
                    f"The export is {export['status']} since {PATIENCE_WITH_WORKERS / 60:.0f} minutes: "
                    "look whether the worker (manage.py qcluster) runs at the site."
                )
            self.site.sleep(LOOK_EVERY)
            export = self.admin.client.export(export["id"])
        if export["status"] == "failed":
            raise Stuck(f"The export failed; mend what it says and start again: {export['error']}")
        return export


def _check_accounts(who: str, people: Sequence[object], accounts: Sequence[tuple[str, str]]) -> None:
    if len(accounts) < len(people):
        raise ValueError(
            f"There are accounts for {len(accounts)} of {len(people)} {who}: "
            f"give --{who} {len(accounts)}, or write more with --write-accounts."
        )
