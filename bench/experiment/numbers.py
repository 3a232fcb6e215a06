"""What is read off the kept results: rates with intervals that know of hands, pooled over seeds, and over seeds."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bench.experiment.measure import CORRUPTION
from bench.experiment.run import RESULT
from models_zoo.files import read_json
from stats.bootstrap import RESAMPLES, SEED, cluster_intervals
from stats.rates import Z95, Interval, Rate, Share, wilson

Result = dict[str, Any]
Place = tuple[str, int]
"""An arm and after which of its rounds."""

T95 = (12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262)
"""Two-sided 95 % points of Student's t with 1 to 9 degrees of freedom."""


@dataclass(frozen=True)
class Shown:
    """A rate and the interval to show with it, None where there is too little for one."""

    rate: Rate
    interval: Interval | None

    @property
    def value(self) -> float:
        return self.rate.value or 0.0

    @property
    def low(self) -> float:
        """Of the interval; the rate itself where there is none."""
        return self.interval[0] if self.interval else self.value

    @property
    def high(self) -> float:
        return self.interval[1] if self.interval else self.value

    def __str__(self) -> str:
        between = f" [{100 * self.low:.2f}, {100 * self.high:.2f}]" if self.interval else ""
        return f"{100 * self.value:.2f} %{between} {self.rate.numerator:,}/{self.rate.denominator:,}"


@dataclass(frozen=True)
class Fewer:
    """By which share one model makes fewer errors than another on the same drawings, -inf to 1, and its interval."""

    share: float
    low: float
    high: float

    @property
    def is_sure(self) -> bool:
        """Whether the interval leaves no doubt that they are fewer."""
        return self.low > 0

    @property
    def says(self) -> str:
        """`measurably fewer`, `measurably more` or `not measurably fewer or more`."""
        if self.is_sure:
            return "measurably fewer"
        return "measurably more" if self.high < 0 else "not measurably fewer or more"

    def __str__(self) -> str:
        share, low, high = self._percent
        return f"{share} % [{low}, {high}]"

    @property
    def _percent(self) -> tuple[int, ...]:
        """Whole percents; as floats, small negative ones would be shown as -0."""
        return tuple(round(100 * value) for value in (self.share, self.low, self.high))

    @property
    def in_words(self) -> str:
        """`45 % [32, 55] fewer errors`, or `31 % [15, 65] more errors`."""
        if self.share >= 0:
            return f"{self} fewer errors"
        return f"{Fewer(-self.share, -self.high, -self.low)} more errors"

    @property
    def in_a_table(self) -> str:
        """`45 % fewer [32, 55]`, or `31 % more [15, 65]`; an end of the other kind has a minus."""
        of = self if self.share >= 0 else Fewer(-self.share, -self.high, -self.low)
        share, low, high = of._percent
        return f"{share} % {'fewer' if self.share >= 0 else 'more'} [{low}, {high}]"


@dataclass(frozen=True)
class Results:
    """Everything that is there: seed → arm → rounds in order; round 0 is the first adversary."""

    seeds: dict[int, dict[str, list[Result]]]

    def of(self, arm: str, number: int) -> list[Result]:
        """One result for each seed that has the arm, if all of them have a model after this round; else nothing."""
        rows = [arms[arm][number : number + 1] for arms in self.seeds.values() if arm in arms]
        there = [row for of_seed in rows for row in of_seed if "scores" in row]
        return there if len(there) == len(rows) else []

    def shared(self, *arms: str) -> "Results":
        """Only the seeds that have all of these arms: what is compared is compared on the same seeds."""
        return Results({seed: found for seed, found in self.seeds.items() if all(arm in found for arm in arms)})

    def rounds(self, arm: str) -> int:
        """How many rounds of an arm every seed that has the arm finished."""
        return min((len(arms[arm]) - 1 for arms in self.seeds.values() if arm in arms), default=0)

    def after(self, arm: str) -> list[int]:
        """After which rounds there are models, 0 included."""
        return [number for number in range(self.rounds(arm) + 1) if self.of(arm, number)]

    def with_arm(self, arm: str) -> list[int]:
        return [seed for seed, arms in self.seeds.items() if arm in arms]

    def alone(self) -> dict[int, "Results"]:
        """Each seed by itself."""
        return {seed: Results({seed: arms}) for seed, arms in self.seeds.items()}

    def furthest(self) -> tuple["Results", list[str]]:
        """For each arm only the seeds that got furthest, and what is left out so, as `arm (seed: rounds)`.

        A seed in progress would else cut every table off at its last round.
        """
        most = {arm: max(map(len, found)) for arm, found in self._by_arm().items()}
        kept = {
            seed: {arm: rounds for arm, rounds in arms.items() if len(rounds) == most[arm]}
            for seed, arms in self.seeds.items()
        }
        left_out = [
            f"{arm} (seed {seed}: {len(rounds) - 1} of {most[arm] - 1} rounds)"
            for seed, arms in self.seeds.items()
            for arm, rounds in arms.items()
            if len(rounds) < most[arm]
        ]
        return Results({seed: arms for seed, arms in kept.items() if arms}), left_out

    def _by_arm(self) -> dict[str, list[list[Result]]]:
        found: dict[str, list[list[Result]]] = {}
        for arms in self.seeds.values():
            for arm, rounds in arms.items():
                found.setdefault(arm, []).append(rounds)
        return found


def read(folder: Path) -> Results:
    """What a run left in its folder, finished or not."""
    seeds: dict[int, dict[str, list[Result]]] = {}
    for seed_folder in sorted(folder.glob("seed-*")):
        if not (seed_folder / "first" / RESULT).exists():
            continue
        first = read_json(seed_folder / "first" / RESULT)
        arms = seeds.setdefault(int(seed_folder.name.removeprefix("seed-")), {})
        for arm_folder in sorted(path for path in seed_folder.iterdir() if path.name != "first"):
            rounds = sorted(arm_folder.glob(f"round-*/{RESULT}"))
            if rounds:
                arms[arm_folder.name] = [first, *map(read_json, rounds)]
    return Results(seeds)


def held_out_errors(results: Sequence[Result]) -> Shown:
    """Misread drawings of held-out writers, over all seeds.

    The interval resamples hands (each seed holds out its own). It is about these models: how much another training
    would differ is seen by comparing seeds.
    """
    return errors_by_hand([hand for result in results for hand in result["by_hand"]])


def suite_errors(results: Sequence[Result], suite: str) -> Shown:
    """Misread pictures of a suite that is the same for all seeds.

    Wilson's interval counts each picture once, however many seeds were asked to read it. Corruptions have none, since
    the same few digits stand in them again and again: see `paired_change`.
    """
    right, asked = (sum(result["scores"][suite][place] for result in results) for place in (0, 1))
    if suite == CORRUPTION:
        return Shown(Share(asked - right, asked), None)
    each = len(results)
    return Shown(Rate(asked - right, asked), wilson(round((asked - right) / each), asked // each))


def paired_change(before: np.ndarray, after: np.ndarray) -> tuple[float, float, float]:
    """How much more often pictures are misread than before, -1 to 1, and its 95 % interval over pictures.

    Args:
        before, after: bool [times, n], whether each of n digits was misread each time that it was asked for: by each
            seed's model, or under each corruption as well.

    The mean of the differences of n digits, each averaged over its times, with the normal interval of a mean.
    """
    differences = (after.astype(float) - before).mean(axis=0)
    spread = Z95 * float(differences.std(ddof=1)) / len(differences) ** 0.5
    mean = float(differences.mean())
    return mean, mean - spread, mean + spread


def fooled_rates(people: Iterable[Sequence[int]]) -> tuple[Shown, Shown]:
    """MER and vMER from each annotator's attempts, fooled and verified ones; the intervals resample annotators."""
    attempts, fooled, verified = (
        np.array([counts for counts in people if counts[0]], dtype=int).reshape(-1, 3).T.tolist()
    )
    intervals = cluster_intervals(attempts, fooled, verified)
    return tuple(  # type: ignore[return-value]
        Shown(Rate(sum(outcome), sum(attempts)), interval)
        for outcome, interval in zip((fooled, verified), intervals, strict=True)
    )


def people_in(results: Sequence[Result]) -> list[Sequence[int]]:
    """Attempts, fooled and verified ones of everybody in a round, over seeds."""
    return [counts for result in results for counts in result["by_annotator"]]


def errors_by_hand(counts: Sequence[Sequence[int]]) -> Shown:
    """Misread drawings, from right of asked of each hand; the interval resamples hands."""
    wrong, asked = [n - right for right, n in counts], [n for _, n in counts]
    return Shown(Rate(sum(wrong), sum(asked)), cluster_intervals(asked, wrong)[0])


def counted(results: Sequence[Result], *names: str) -> int:
    """The sum of some counts of a round over seeds."""
    return sum(result["counts"].get(name, 0) for result in results for name in names)


def fewer_errors(results: Results, ours: Place, theirs: Place) -> Fewer:
    """By which share our models make fewer errors on held-out writers than theirs.

    1 - our errors / their errors on the same drawings, over the seeds that have both; the bootstrap resamples hands,
    for both models at once.
    """
    both = results.shared(ours[0], theirs[0])
    wrong = np.array(
        [[n - right for result in both.of(*place) for right, n in result["by_hand"]] for place in (ours, theirs)]
    )
    hands = wrong.shape[1]
    drawn = np.random.default_rng(SEED).integers(hands, size=(RESAMPLES, hands))
    shares = 1 - wrong[0][drawn].sum(axis=1) / np.maximum(1, wrong[1][drawn].sum(axis=1))
    low, high = np.quantile(shares, [0.025, 0.975])
    return Fewer(float(1 - wrong[0].sum() / max(1, wrong[1].sum())), float(low), float(high))


def over_seeds(values: Sequence[float]) -> tuple[float, Interval | None]:
    """The mean of one value for each seed, and Student's 95 % interval of that mean.

    None where there are fewer than two seeds, or more than ten.
    """
    mean, count = float(np.mean(values)), len(values)
    if not 2 <= count <= len(T95) + 1:
        return mean, None
    spread = T95[count - 2] * float(np.std(values, ddof=1)) / count**0.5
    return mean, (mean - spread, mean + spread)


def ahead(results: Results, ours: str, theirs: str) -> list[int]:
    """After which rounds our errors are measurably fewer than theirs, compared hand by hand."""
    both = results.shared(ours, theirs)
    rounds = range(1, min(both.rounds(ours), both.rounds(theirs)) + 1)
    return [n for n in rounds if fewer_errors(both, (ours, n), (theirs, n)).is_sure]


def ahead_from(results: Results, ours: str, theirs: str) -> int | None:
    """The first round from which on, to the end, our errors are measurably fewer."""
    both = results.shared(ours, theirs)
    last, found = min(both.rounds(ours), both.rounds(theirs)), ahead(results, ours, theirs)
    return next((number for number in found if set(range(number, last + 1)) <= set(found)), None)


def are_apart(results: Results, ours: Place, theirs: Place) -> bool:
    """Whether the own intervals of our errors and theirs do not meet: more than differing measurably, since the two are
    measured on the same hands."""
    both = results.shared(ours[0], theirs[0])
    of_ours, of_theirs = held_out_errors(both.of(*ours)), held_out_errors(both.of(*theirs))
    return of_ours.high < of_theirs.low or of_theirs.high < of_ours.low
