"""Every count of the experiment: read from the folder of played rounds, stored as two CSV files, read from these.

results.csv            seed, arm, round, what, numerator, denominator
results-by-writer.csv  seed, arm, round, what, side, writer, drawings, right, fooled, verified

The first has every total, the second what intervals are computed from: the counts of each person who drew.
"""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import astuple, dataclass, fields
from itertools import groupby
from pathlib import Path
from typing import Any, Self

import numpy as np

from bench.experiment.measure import HELD_OUT
from bench.experiment.run import RESULT, annotator_sides
from models_zoo.files import read_json, write_bytes

TOTALS, BY_WRITER = "results.csv", "results-by-writer.csv"
KEYS = ("seed", "arm", "round")

ATTEMPTS = "attempts"
"""In the counts by writer: what each annotator did in a round."""
GATE, CORE_SECONDS, SECONDS = "gate passed", "core seconds of the training", "seconds of the round"


class NoResults(ValueError):
    """There are no counts to make tables of."""


def right_on(suite: str) -> str:
    return f"right on {suite}"


def collected_for(side: str) -> str:
    return f"collected for {side}"


@dataclass(frozen=True)
class WriterCounts:
    """What the drawings of one person came to."""

    what: str
    """`held-out writers` or the name of a test split, which a model read; or `attempts` and the like, to fool one."""
    side: str
    """`held-out`, or the annotator's side: `train`, `dev` or `test`."""
    writer: int
    drawings: int
    right: int | None = None
    fooled: int | None = None
    verified: int | None = None
    """Of those that fooled."""


@dataclass(frozen=True)
class Result:
    """All counts of one round of an arm and of the model after it."""

    totals: dict[str, tuple[int, int | None]]
    """What was counted → the count, and out of how many."""
    writers: list[WriterCounts]

    @property
    def has_model(self) -> bool:
        return right_on(HELD_OUT) in self.totals

    @classmethod
    def from_json(cls, stored: dict[str, Any], sides: Sequence[str] | np.ndarray) -> Self:
        """What a round left in its result.json; `sides` are the annotators', [annotators]."""
        counts = stored.get("counts", {})
        totals: dict[str, tuple[int, int | None]] = {
            **{right_on(suite): (right, n) for suite, (right, n) in stored.get("scores", {}).items()},
            **{name: (count, counts.get("attempts")) for name, count in counts.items()},
            **{collected_for(side): (n, None) for side, n in stored.get("collected", {}).items()},
        }
        if stored.get("gate") is not None:
            totals[GATE] = int(stored["gate"]), 1
        for what, key in ((CORE_SECONDS, "train_cpu_seconds"), (SECONDS, "seconds")):
            if key in stored:
                totals[what] = round(stored[key]), None
        return cls(totals, [*_held_out_writers(stored.get("by_writer", [])), *_annotators(stored, sides)])


def _held_out_writers(counts: Iterable[Sequence[int]]) -> Iterator[WriterCounts]:
    for writer, (right, drawings) in enumerate(counts):
        yield WriterCounts(HELD_OUT, "held-out", writer, drawings, right)


def _annotators(stored: dict[str, Any], sides: Sequence[str] | np.ndarray) -> Iterator[WriterCounts]:
    for annotator, (attempts, fooled, verified) in enumerate(stored.get("by_annotator", [])):
        if attempts:
            yield WriterCounts(ATTEMPTS, str(sides[annotator]), annotator, attempts, fooled=fooled, verified=verified)


@dataclass(frozen=True)
class Results:
    """Everything that was counted: seed → arm → rounds in order; round 0 is the first adversary."""

    seeds: dict[int, dict[str, list[Result]]]

    def of(self, arm: str, number: int) -> list[Result]:
        """One result for each seed that has the arm, if all of them have a model after this round; else nothing."""
        rows = [arms[arm][number : number + 1] for arms in self.seeds.values() if arm in arms]
        with_model = [row for of_seed in rows for row in of_seed if row.has_model]
        return with_model if len(with_model) == len(rows) else []

    def shared(self, *arms: str) -> "Results":
        """Only the seeds that have all of these arms: what is compared is compared on the same seeds."""
        return Results({seed: found for seed, found in self.seeds.items() if all(arm in found for arm in arms)})

    def rounds(self, arm: str) -> int:
        """How many rounds of an arm every seed that has the arm finished."""
        return min((len(arms[arm]) - 1 for arms in self.seeds.values() if arm in arms), default=0)

    def rounds_with_model(self, arm: str) -> list[int]:
        """After which rounds there are models, 0 included."""
        return [number for number in range(self.rounds(arm) + 1) if self.of(arm, number)]

    def rounds_played(self, arm: str) -> list[int]:
        """The same without the first adversary."""
        return [number for number in self.rounds_with_model(arm) if number]

    def seeds_with(self, arm: str) -> list[int]:
        return [seed for seed, arms in self.seeds.items() if arm in arms]

    def by_seed(self) -> dict[int, "Results"]:
        return {seed: Results({seed: arms}) for seed, arms in self.seeds.items()}

    def finished(self) -> tuple["Results", list[str]]:
        """For each arm only the seeds with the most rounds, and what is left out, as `arm (seed: rounds)`.

        A seed in progress would else cut every table off at its last round.
        """
        most: dict[str, int] = {}
        for arms in self.seeds.values():
            for arm, rounds in arms.items():
                most[arm] = max(most.get(arm, 0), len(rounds))
        whole = {
            seed: {arm: rounds for arm, rounds in arms.items() if len(rounds) == most[arm]}
            for seed, arms in self.seeds.items()
        }
        left_out = [
            f"{arm} (seed {seed}: {len(rounds) - 1} of {most[arm] - 1} rounds)"
            for seed, arms in self.seeds.items()
            for arm, rounds in arms.items()
            if len(rounds) < most[arm]
        ]
        return Results({seed: arms for seed, arms in whole.items() if arms}), left_out


def read_played(folder: Path) -> Results:
    """What a run left in its folder, finished or not."""
    seeds: dict[int, dict[str, list[Result]]] = {}
    for seed in seeds_played(folder):
        sides = annotator_sides(read_json(folder / "settings.json")["annotators"], seed)
        seed_folder = folder / f"seed-{seed}"
        arms = seeds.setdefault(seed, {})
        for arm_folder in sorted(path for path in seed_folder.iterdir() if path.name != "first"):
            if rounds := sorted(arm_folder.glob(f"round-*/{RESULT}")):
                paths = [seed_folder / "first" / RESULT, *rounds]
                arms[arm_folder.name] = [Result.from_json(read_json(path), sides) for path in paths]
    return Results(seeds)


def seeds_played(folder: Path) -> list[int]:
    """Those that have a first adversary."""
    found = folder.glob(f"seed-*/first/{RESULT}")
    return sorted(int(path.parent.parent.name.removeprefix("seed-")) for path in found)


def write_csv(folder: Path, results: Results) -> None:
    """Both files, into this folder."""
    totals, writers = [], []
    for seed, arms in results.seeds.items():
        for arm, rounds in arms.items():
            for number, result in enumerate(rounds):
                totals += [[seed, arm, number, what, *counts] for what, counts in result.totals.items()]
                writers += [[seed, arm, number, *astuple(counts)] for counts in result.writers]
    _write(folder / TOTALS, [*KEYS, "what", "numerator", "denominator"], totals)
    _write(folder / BY_WRITER, [*KEYS, *(field.name for field in fields(WriterCounts))], writers)


def read_csv(folder: Path) -> Results:
    """What `write_csv` left in this folder.

    Raises:
        NoResults: one of the files is missing.
    """
    results = Results({})
    for result, rows in _by_round(folder / TOTALS, results):
        for what, numerator, denominator in rows:
            result.totals[what] = int(numerator), _number(denominator)
    for result, rows in _by_round(folder / BY_WRITER, results):
        for what, side, *numbers in rows:
            writer, drawings, *outcomes = map(_number, numbers)
            result.writers.append(WriterCounts(what, side, writer or 0, drawings or 0, *outcomes))
    return results


def _by_round(path: Path, results: Results) -> Iterator[tuple[Result, Iterable[Sequence[str]]]]:
    """The rows of each round, without its seed, arm and number, and the result in `results` that they belong to."""
    try:
        text = path.read_text()
    except FileNotFoundError:
        raise NoResults(f"{path} is missing: run without --page-only first.") from None
    rows = list(csv.reader(io.StringIO(text)))[1:]
    for (seed, arm, number), of_round in groupby(rows, key=lambda row: tuple(row[:3])):
        rounds = results.seeds.setdefault(int(seed), {}).setdefault(arm, [])
        while len(rounds) <= int(number):  # rounds without any count have no row
            rounds.append(Result({}, []))
        yield rounds[int(number)], (row[3:] for row in of_round)


def _number(text: str) -> int | None:
    return int(text) if text else None


def _write(path: Path, heads: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows([heads, *rows])
    write_bytes(path, out.getvalue().encode())
