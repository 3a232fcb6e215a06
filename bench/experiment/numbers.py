"""What is read off the kept results: rates with intervals that know of hands, pooled over seeds."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bench.experiment.run import RESULT
from models_zoo.files import read_json
from rounds.stats.bootstrap import RESAMPLES, SEED, cluster_intervals
from rounds.stats.rates import Rate

Result = dict[str, Any]


@dataclass(frozen=True)
class Shown:
    """A rate and the interval to show with it."""

    rate: Rate
    low: float
    high: float

    @property
    def value(self) -> float:
        return self.rate.value or 0.0

    def __str__(self) -> str:
        return (
            f"{100 * self.value:.2f} % [{100 * self.low:.2f}, {100 * self.high:.2f}] "
            f"{self.rate.numerator:,}/{self.rate.denominator:,}"
        )


@dataclass(frozen=True)
class Results:
    """Everything that is there: seed → arm → rounds in order; round 0 is the first adversary."""

    seeds: dict[int, dict[str, list[Result]]]

    def of(self, arm: str, number: int) -> list[Result]:
        """One result for each seed that has this round of this arm, with a model."""
        rows = [arms[arm][number] for arms in self.seeds.values() if number < len(arms.get(arm, []))]
        return [row for row in rows if "scores" in row]

    def rounds(self, arm: str) -> int:
        """How many rounds of an arm every seed that has the arm finished."""
        return min((len(arms[arm]) - 1 for arms in self.seeds.values() if arm in arms), default=0)

    def after(self, arm: str) -> list[int]:
        """After which rounds there are models, 0 included."""
        return [number for number in range(self.rounds(arm) + 1) if self.of(arm, number)]

    def with_arm(self, arm: str) -> list[int]:
        return [seed for seed, arms in self.seeds.items() if arm in arms]


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

    The interval resamples hands (each seed holds out its own), so it spans seeds, writers and drawings.
    """
    hands = [hand for result in results for hand in result["by_hand"]]
    wrong, asked = [n - right for right, n in hands], [n for _, n in hands]
    return _shown(Rate(sum(wrong), sum(asked)), cluster_intervals(asked, wrong)[0])


def suite_errors(results: Sequence[Result], suite: str) -> Shown:
    """Misread pictures of a suite, over all seeds, with Wilson's interval."""
    right, asked = (sum(result["scores"][suite][place] for result in results) for place in (0, 1))
    rate = Rate(asked - right, asked)
    return _shown(rate, rate.interval)


def fooled_rates(results: Sequence[Result]) -> tuple[Shown, Shown]:
    """MER and vMER of a round, over all seeds; the intervals resample annotators."""
    people = [counts for result in results for counts in result["by_annotator"] if counts[0]]
    attempts, fooled, verified = (list(column) for column in zip(*people, strict=True))
    intervals = cluster_intervals(attempts, fooled, verified)
    return tuple(  # type: ignore[return-value]
        _shown(Rate(sum(outcome), sum(attempts)), interval)
        for outcome, interval in zip((fooled, verified), intervals, strict=True)
    )


def counted(results: Sequence[Result], *names: str) -> int:
    """The sum of some counts of a round over seeds."""
    return sum(result["counts"].get(name, 0) for result in results for name in names)


def fewer_errors(ours: Sequence[Result], theirs: Sequence[Result]) -> tuple[float, float, float]:
    """By which share our models make fewer errors on held-out writers than theirs, and its 95 % interval.

    1 - our errors / their errors on the same drawings; the bootstrap resamples hands, for both models at once.
    """
    wrong = np.array(
        [
            [n - right for result in side for right, n in result["by_hand"]]
            for side in (ours, theirs)
        ]
    )  # fmt: skip
    hands = wrong.shape[1]
    drawn = np.random.default_rng(SEED).integers(hands, size=(RESAMPLES, hands))
    ratios = 1 - wrong[0][drawn].sum(axis=1) / np.maximum(1, wrong[1][drawn].sum(axis=1))
    low, high = np.quantile(ratios, [0.025, 0.975])
    return float(1 - wrong[0].sum() / max(1, wrong[1].sum())), float(low), float(high)


def lead_from(results: Results, ours: str, theirs: str) -> int | None:
    """The first round from which on, to the end, our errors' interval lies below theirs."""
    since = None
    for number in range(1, min(results.rounds(ours), results.rounds(theirs)) + 1):
        apart = held_out_errors(results.of(ours, number)).high < held_out_errors(results.of(theirs, number)).low
        since = (since or number) if apart else None
    return since


def _shown(rate: Rate, interval: tuple[float, float] | None) -> Shown:
    low, high = interval or rate.interval or (0.0, 1.0)
    return Shown(rate, low, high)
