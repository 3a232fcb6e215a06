"""The evaluation table of a model: one row for each measurement, stored in its folder as `evaluation.json`.

Imports no torch, so that whoever stores or shows a table need not wait for it.
"""

import logging
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Self

from models_zoo.files import read_json, write_json
from stats.rates import Interval, newcombe
from stats.scores import Score

EVALUATION = "evaluation.json"
#: Of stored rows. Another format is never read: those of format 1 had a sentence where they now have fields.
FORMAT = 2
#: How far the suite `moved` goes: pixels to each side, degrees either way.
LARGEST_SHIFT, LARGEST_TURN = 4, 30
GRIDS = {
    "shifted": f"shifted up to {LARGEST_SHIFT} pixels",
    "turned": f"turned up to {LARGEST_TURN} degrees",
    "both": f"shifted up to {LARGEST_SHIFT} pixels and turned up to {LARGEST_TURN} degrees",
}
"""What the suite `moved` does to every picture, as people read it."""
#: The suites that a table may have rows of, in the order of its rows.
SUITE_ORDER = ("base", "calibration", "corruption", "fgsm", "pgd", "moved", "round", "all_rounds")

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Condition:
    """What a model was measured on. What its suite does not vary is left at 0 or empty."""

    suite: str
    """One of `SUITE_ORDER`: the test set as it is (`base` and `calibration`) or made harder (`corruption`, `fgsm`,
    `pgd`, `moved`), a round's test split, or all rounds' test splits together. The site's `base_dev` and `round_dev`,
    by which models are chosen, are in no table."""
    corruption: str = ""
    """Its name in `robustness.corruptions`."""
    severity: int = 0
    """Of the corruption, 1 to 5; 0 for all of its severities together."""
    norm: str = ""
    """Of the attack, `linf` or `l2`. Lengths in it are on the grey scale 0 to 1."""
    epsilon: float = 0.0
    """Largest change by the attack, in its norm."""
    steps: int = 0
    """Of PGD."""
    step_size: float = 0.0
    """Length of a step of PGD, in its norm."""
    restarts: int = 0
    """Random starts of PGD."""
    grid: str = ""
    """One of `GRIDS`."""
    round: str = ""
    """Number or title of the round."""
    bins: int = 0
    """Of the calibration error."""

    def __str__(self) -> str:
        """For people, to be read after the suite: `fog 3`; `linf 0.3, 40 steps of 0.01875, 1 restart`."""
        if self.corruption:
            return f"{self.corruption} {self.severity}" if self.severity else f"{self.corruption}, all severities"
        if self.steps:
            restarts = f"{self.restarts} restart{'s' if self.restarts > 1 else ''}"
            return f"{self.norm} {self.epsilon:g}, {self.steps} steps of {self.step_size:g}, {restarts}"
        if self.norm:
            return f"{self.norm} {self.epsilon:g}"
        if self.bins:
            return f"{self.bins} bins"
        without_fields = {"base": "test set", "all_rounds": "together"}
        return GRIDS.get(self.grid) or self.round or without_fields.get(self.suite, "")


@dataclass(frozen=True)
class EvaluationRow:
    """One measurement: `correct` of `n` pictures that a model read right.

    Where it has a label and an answer, it is a cell of the confusion: of `n` pictures of that label, `correct` got that
    answer, right or wrong.
    """

    model: str
    """Weights hash, or any name that tells models apart."""
    condition: Condition
    correct: int
    n: int
    label: int | None = None
    answer: int | None = None
    calibration_error: float | None = None
    """Expected calibration error, 0 to 1, in the row of the suite `calibration`."""

    @property
    def is_cell(self) -> bool:
        """Whether this is a cell of the confusion, rather than an accuracy."""
        return self.label is not None

    @property
    def score(self) -> Score:
        return Score(self.correct, self.n)

    def to_json(self) -> dict[str, Any]:
        """Flat, without what is empty."""
        varied = {name: value for name, value in asdict(self.condition).items() if value}
        own = {name: value for name, value in vars(self).items() if name != "condition" and value is not None}
        return varied | own

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> Self:
        """The row that `to_json` gave."""
        names = {field.name for field in fields(Condition)} & stored.keys()
        condition = Condition(**{name: stored[name] for name in names})
        return cls(condition=condition, **{name: value for name, value in stored.items() if name not in names})


def to_json(rows: Iterable[EvaluationRow]) -> dict[str, Any]:
    return {"format": FORMAT, "rows": [row.to_json() for row in rows]}


def from_json(stored: Any, path: Path) -> list[EvaluationRow]:
    """The rows that `to_json` gave; none, and a warning that names `path`, where an earlier version stored them."""
    if not isinstance(stored, dict) or stored.get("format") != FORMAT:
        log.warning("%s was measured by an earlier version, so its rows are not read: measure again.", path)
        return []
    return [EvaluationRow.from_json(row) for row in stored["rows"]]


def write_rows(folder: Path, rows: Iterable[EvaluationRow]) -> None:
    """Store a model's table in its folder, in place of an earlier one."""
    write_json(folder / EVALUATION, to_json(rows))


def read_rows(folder: Path) -> list[EvaluationRow]:
    """The table in a model's folder; empty if it was not measured, or by an earlier version of this code."""
    path = folder / EVALUATION
    return from_json(read_json(path), path) if path.exists() else []


def merged(earlier: Iterable[EvaluationRow], rows: Iterable[EvaluationRow]) -> list[EvaluationRow]:
    """Two tables of one model as one: what was measured again is replaced, all else stays.

    Measured again is the accuracy under the same condition, and a confusion as a whole. The rows of all rounds together
    are summed anew.
    """
    rows = list(rows)
    again = {(row.condition, row.is_cell) for row in rows}
    table = [row for row in earlier if (row.condition, row.is_cell) not in again] + rows
    table = [row for row in table if row.condition.suite != "all_rounds"]
    return sorted(table + all_rounds(table), key=lambda row: SUITE_ORDER.index(row.condition.suite))


def all_rounds(rows: Iterable[EvaluationRow]) -> list[EvaluationRow]:
    """The rows of all rounds' test splits together, summed from those of each; none where there are none."""
    of_rounds = [row for row in rows if row.condition.suite == "round"]
    if not of_rounds:
        return []
    score = sum((row.score for row in of_rounds if not row.is_cell), Score(0, 0))
    cells: Counter[tuple[int, int]] = Counter()
    for row in of_rounds:
        if row.label is not None and row.answer is not None:
            cells[row.label, row.answer] += row.correct
    model, together = of_rounds[0].model, Condition("all_rounds")
    return [EvaluationRow(model, together, score.correct, score.n), *confusion_rows(model, together, cells)]


def confusion_rows(model: str, condition: Condition, cells: Mapping[tuple[int, int], int]) -> list[EvaluationRow]:
    """The cells of a confusion as rows, from how often pictures of a label got an answer: (label, answer) → times."""
    sizes: Counter[int] = Counter()
    for (label, _), times in cells.items():
        sizes[label] += times
    return [
        EvaluationRow(model, condition, times, sizes[label], label, answer)
        for (label, answer), times in sorted(cells.items())
    ]


@dataclass(frozen=True)
class Comparison:
    """A model's score under one condition, and that of its reference, usually trained plainly."""

    condition: Condition
    model: Score
    reference: Score

    @property
    def gain(self) -> float:
        """Accuracy minus the reference's, -1 to 1: robust training should raise it on attacks and lowers it clean."""
        return self.model.accuracy - self.reference.accuracy

    @property
    def interval(self) -> Interval | None:
        """Newcombe's 95 % interval of the gain; None under 5 pictures."""
        return newcombe(self.model.correct, self.model.n, self.reference.correct, self.reference.n)


def compare(rows: Iterable[EvaluationRow], reference: Iterable[EvaluationRow]) -> list[Comparison]:
    """Accuracies of a model and its reference, where both were measured on as many pictures."""
    known = {(row.condition, row.n): row.score for row in reference if not row.is_cell}
    return [
        Comparison(row.condition, row.score, known[row.condition, row.n])
        for row in rows
        if not row.is_cell and (row.condition, row.n) in known
    ]
