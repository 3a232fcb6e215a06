"""Evaluation suites: how a model does on clean, corrupted, attacked and moved pictures, as rows of one table.

Every row is model x suite x parameter -> correct, n. Each function below is one metric and gives its rows one by one as
they are measured: of any pictures, or (those in `CHEAP`) of a model's answers to them. `evaluate` runs those that are
asked for. Pictures are uint8 [n, 28, 28] or, in colour, [n, side, side, 3], labels int64 [n]. Models are left in eval
mode; they are measured on the device that they are on.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from functools import partial
from math import inf
from pathlib import Path

import numpy as np
import torch
from torch import nn

from models_zoo.data.geometry import resample, shift, turn
from models_zoo.data.run_data import Pictures
from models_zoo.files import read_json, write_json
from models_zoo.limits import ConfigError
from models_zoo.networks.predict import batches, confusion, counted, probabilities, to_input
from models_zoo.robustness import attack_parameters, attacks
from models_zoo.robustness.corruptions import corrupt, severities, suitable
from stats.rates import Interval, newcombe
from stats.scores import Score

EVALUATION = "evaluation.json"
ANGLES = range(-30, 31, 10)
SHIFTS = (-4, -2, 0, 2, 4)
# After so many steps of an attack it is seen who fell: they are not walked on with.
STEPS_BETWEEN_LOOKS = 5


@dataclass(frozen=True)
class Attack:
    """How the suites `fgsm` and `pgd` attack. Raises ConfigError for an attack that cannot be made."""

    linf: tuple[float, ...] = (0.1, 0.2, 0.3)
    """Largest changes of a pixel, each more than 0; empty leaves the norm out."""
    l2: tuple[float, ...] = (1.0, 2.0)
    """Largest changes of the whole picture's length, each more than 0; empty leaves the norm out."""
    steps: int = 40
    """Of PGD."""
    restarts: int = 1
    """Random starts of PGD: a picture counts as read only if it is read on the way from each."""
    step_size: float | None = None
    """Length of a step of PGD, more than 0, in the norm of the row, so mostly with one norm alone: Madry et al. 2018
    test with 100 steps of 0.01 in `linf`. None takes 2.5 epsilon / steps, with which a walk can reach the border of the
    ball from anywhere in it, as they do when they vary epsilon."""

    def __post_init__(self) -> None:
        if not all(0 < epsilon < inf for _, epsilon in self.grid()):
            raise ConfigError("An attack's epsilon must be more than 0 and finite.")
        if self.step_size is not None and not 0 < self.step_size < inf:
            raise ConfigError("PGD's step_size must be more than 0 and finite.")
        if min(self.steps, self.restarts) < 1:
            raise ConfigError("PGD needs at least 1 step and 1 restart.")

    def grid(self) -> list[tuple[str, float]]:
        """Norm and epsilon of each row."""
        return [("linf", epsilon) for epsilon in self.linf] + [("l2", epsilon) for epsilon in self.l2]

    def pgd_parameter(self, norm: str, epsilon: float) -> str:
        """What the row of PGD is called."""
        of = "" if self.step_size is None else f" of {self.step_size:g}"
        return f"{norm} {epsilon:g}, {self.steps} steps{of}, {self.restarts} restarts"


DEFAULT_ATTACK = Attack()


@dataclass(frozen=True)
class Row:
    """One measurement of one model."""

    model: str
    """Weights hash, or any name that tells models apart."""
    suite: str
    """`base`, `round`, `corruption`, `fgsm`, `pgd`, `moved`, `confusion` or `calibration`."""
    parameter: str
    """What was varied in it, such as `severity 3` or `linf 0.3`."""
    correct: int
    n: int
    error: float | None = None
    """Expected calibration error, where that is the measure; correct and n are then the accuracy beside it."""

    @property
    def score(self) -> Score:
        return Score(self.correct, self.n)


def base_test(name: str, given: np.ndarray, labels: np.ndarray) -> Iterator[Row]:
    """Accuracy on the base test set, from probabilities (float32 [n, classes]) and labels (int64 [n])."""
    yield _row(name, "base", "test", _right(counted(given, labels)))


def per_class(name: str, given: np.ndarray, labels: np.ndarray) -> Iterator[Row]:
    """Confusion on the base test set, from probabilities and labels."""
    yield from confusion_rows(name, counted(given, labels))


def confusion_rows(name: str, counts: np.ndarray, of: str = "") -> Iterator[Row]:
    """For each label and each answer that was given, how many of the label's pictures got it.

    Args:
        counts: int64 [classes, classes], as `confusion` gives it.
        of: which pictures these are, if not the base test set: the rows' parameter begins with it.
    """
    for label, answer in zip(*np.nonzero(counts), strict=True):
        times, asked = int(counts[label, answer]), int(counts[label].sum())
        yield Row(name, "confusion", f"{of}{': ' if of else ''}{label} read as {answer}", times, asked)


def round_tests(model: nn.Module, name: str, rounds: Mapping[str, Pictures]) -> list[Row]:
    """Accuracy and confusion on each round's frozen test split, and on all of them together."""
    return rows_of_rounds(name, {title: confusion(model, *pictures) for title, pictures in rounds.items()})


def rows_of_rounds(name: str, read: Mapping[str, np.ndarray]) -> list[Row]:
    """The same from each round's confusion, int64 [classes, classes], [0, 0] where it has no test split."""
    there = {title: counts for title, counts in read.items() if counts.size}
    together = {**there, "all": np.sum(list(there.values()), axis=0)} if there else {}
    rows = round_rows(name, {title: _right(counts) for title, counts in read.items()})
    return rows + [row for title, counts in together.items() for row in confusion_rows(name, counts, title)]


def round_rows(name: str, scores: Mapping[str, Score]) -> list[Row]:
    """The rows of rounds that were measured already, by title, and one for all of them together."""
    return [_row(name, "round", title, score) for title, score in {**scores, "all": _sum(scores.values())}.items()]


def corruptions(model: nn.Module, name: str, pictures: Pictures) -> Iterator[Row]:
    """Accuracy under each corruption that suits the pictures, at each of its severities; confusion under each kind."""
    for kind in suitable(pictures[0]):
        read = [_corrupted(model, pictures, kind, level) for level in range(1, severities(kind) + 1)]
        for severity, counts in enumerate(read, start=1):
            yield _row(name, "corruption", f"{kind} {severity}", _right(counts))
        yield from confusion_rows(name, np.sum(read, axis=0), kind)


def fgsm(model: nn.Module, name: str, pictures: Pictures, *, attack: Attack = DEFAULT_ATTACK) -> Iterator[Row]:
    """Accuracy and confusion after one step along the gradient, over the attack's grid."""
    for norm, epsilon in attack.grid():
        yield from _rows(name, "fgsm", f"{norm} {epsilon:g}", _attacked_once(model, pictures, norm, epsilon))


def pgd(
    model: nn.Module, name: str, pictures: Pictures, *, attack: Attack = DEFAULT_ATTACK, seed: int = 0
) -> Iterator[Row]:
    """Accuracy and confusion under PGD with the attack's steps and random restarts, over its grid."""
    for norm, epsilon in attack.grid():
        read = under_pgd(
            model,
            pictures,
            norm=norm,
            epsilon=epsilon,
            steps=attack.steps,
            restarts=attack.restarts,
            step_size=attack.step_size,
            seed=seed,
        )
        yield from _rows(name, "pgd", attack.pgd_parameter(norm, epsilon), read)


def under_pgd(
    model: nn.Module,
    pictures: Pictures,
    *,
    norm: str,
    epsilon: float,
    steps: int,
    restarts: int = 1,
    step_size: float | None = None,
    seed: int = 0,
) -> np.ndarray:
    """Confusion of pictures that are read right only if they are so at every look of every walk.

    It is looked at the picture itself, at each fifth step and at the last. int64 [classes, classes]. For `step_size`
    see `Attack`.
    """
    random = torch.Generator(_device(model)).manual_seed(seed)
    walk = _Walk(norm, epsilon, 2.5 * epsilon / steps if step_size is None else step_size, steps, random)
    read = _Read(model, pictures)
    for images, labels in _batches(model, pictures):
        stand = read.right(images, labels)
        images, labels = images[stand], labels[stand]
        for _ in range(restarts):
            images, labels = walk.survivors(read, images, labels)
        read.add(labels, labels)
    return read.counts


def moved(model: nn.Module, name: str, pictures: Pictures) -> Iterator[Row]:
    """Worst case per picture over grids of shifts, of rotations, and of both together; accuracy and confusion.

    A picture counts as read only if it is read at every point of the grid. After Engstrom et al. 2019, "Exploring the
    landscape of spatial robustness", where a model robust to L-infinity noise fails nearly always.
    """
    shifts = [(0, across, down) for across in SHIFTS for down in SHIFTS]
    turns = [(angle, 0, 0) for angle in ANGLES]
    both = [(angle, across, down) for angle in ANGLES for _, across, down in shifts]
    grids = {
        f"shifted up to {SHIFTS[-1]} pixels": shifts,
        f"turned up to {ANGLES[-1]} degrees": turns,
        "shifted and turned": both,
    }
    for title, grid in grids.items():
        yield from _rows(name, "moved", title, _worst_case(model, pictures, grid))


def calibration(name: str, given: np.ndarray, labels: np.ndarray, *, bins: int = 15) -> Iterator[Row]:
    """Expected calibration error, with the accuracy and n it was computed from; see `expected_calibration_error`."""
    score, error = _right(counted(given, labels)), expected_calibration_error(given, labels, bins=bins)
    yield Row(name, "calibration", f"{bins} bins", score.correct, score.n, error)


def expected_calibration_error(given: np.ndarray, labels: np.ndarray, *, bins: int = 15) -> float:
    """Mean over pictures of |accuracy - confidence| of the bin of equal width that the picture's confidence is in.

    Guo et al. 2017, "On calibration of modern neural networks".

    Args:
        given: float32 [n, classes], probabilities.
        labels: int64 [n].

    Returns:
        0 (confidence is what it says) to 1.
    """
    if not len(labels):
        return float("nan")
    confidence, right = given.max(axis=1), given.argmax(axis=1) == labels
    number = np.minimum((confidence * bins).astype(int), bins - 1)
    gaps = np.bincount(number, weights=right, minlength=bins) - np.bincount(number, weights=confidence, minlength=bins)
    return float(np.abs(gaps).sum() / len(labels))


CHEAP: dict[str, Callable[[str, np.ndarray, np.ndarray], Iterable[Row]]] = {
    "base": base_test,
    "confusion": per_class,
    "calibration": calibration,
}
"""What is read off the answers to the pictures as they are, which the model is asked for once."""
Costly = Callable[[nn.Module, str, Pictures], Iterable[Row]]
COSTLY: dict[str, Costly] = {
    "corruption": corruptions,
    "fgsm": fgsm,
    "pgd": pgd,
    "moved": moved,
}
"""What makes pictures harder, and asks the model for each of them anew."""
SUITES = (*CHEAP, *COSTLY)


def evaluate(
    model: nn.Module,
    name: str,
    pictures: Pictures | None,
    *,
    rounds: Mapping[str, Pictures] | None = None,
    suites: Iterable[str] = CHEAP,
    at_most: int = 1000,
    attack: Attack = DEFAULT_ATTACK,
) -> list[Row]:
    """The rows of several suites.

    Args:
        model: any network of `architectures`.
        name: what to call it in the rows.
        pictures: the base test set; None measures on the rounds alone.
        rounds: each round's frozen test split, by title.
        suites: some of `SUITES`.
        at_most: how many pictures the `COSTLY` suites see: so many, evenly spaced.
        attack: what the suites `fgsm` and `pgd` do.

    Raises:
        ConfigError: there is no such suite, or nothing to measure on; nothing was measured.
        TypeError: the pictures are not uint8.
    """
    suites = _known(suites)
    if at_most < 1 or (pictures is not None and not len(pictures[1])):
        raise ConfigError("There is nothing to measure on: give a test set with pictures, and at_most as 1 or more.")
    costly: dict[str, Costly] = COSTLY | {"fgsm": partial(fgsm, attack=attack), "pgd": partial(pgd, attack=attack)}
    rows = round_tests(model, name, rounds) if rounds else []
    if pictures is None:
        return rows
    images, labels = pictures
    given = probabilities(model, images) if any(suite in CHEAP for suite in suites) else np.zeros((0, 0))
    count = min(len(labels), at_most)
    chosen = np.arange(count) * len(labels) // max(1, count)
    few = images[chosen], labels[chosen]
    measured = [
        CHEAP[suite](name, given, labels) if suite in CHEAP else costly[suite](model, name, few) for suite in suites
    ]
    return [row for of_suite in measured for row in of_suite] + rows


def merged(earlier: list[Row], rows: list[Row]) -> list[Row]:
    """Two tables of one model as one: what was measured again is replaced, all else stays.

    Measured again is a row of the same suite and parameter, and a confusion as a whole. What all rounds came to
    together is summed anew.
    """
    again = {_measurement(row) for row in rows}
    kept = [row for row in earlier if _measurement(row) not in again]
    if not kept:
        return list(rows)
    order = {suite: number for number, suite in enumerate(SUITES)}
    table = sorted([*kept, *rows], key=lambda row: order.get(row.suite, len(order)))
    scores = {row.parameter: row.score for row in table if row.suite == "round" and row.parameter != "all"}
    if not scores:
        return table
    name, every = rows[0].model if rows else kept[0].model, {("round", "all"), ("confusion", "all")}
    counts = _confusion_of(table, of=set(scores))
    return [
        *(row for row in table if _measurement(row) not in every),
        round_rows(name, scores)[-1],
        *confusion_rows(name, counts, "all"),
    ]


def _measurement(row: Row) -> tuple[str, str]:
    """What a row is of: its suite and parameter, and for a confusion which pictures ("" for the base test set)."""
    return row.suite, row.parameter.rpartition(": ")[0] if row.suite == "confusion" else row.parameter


def _confusion_of(rows: Iterable[Row], *, of: set[str]) -> np.ndarray:
    """The confusion rows of several sets of pictures, added up: int64 [labels, labels]."""
    cells = [
        (*map(int, row.parameter.rpartition(": ")[2].split(" read as ")), row.correct)
        for row in rows
        if row.suite == "confusion" and _measurement(row)[1] in of
    ]
    size = 1 + max((max(label, answer) for label, answer, _ in cells), default=-1)
    counts = np.zeros((size, size), dtype=np.int64)
    for label, answer, times in cells:
        counts[label, answer] += times
    return counts


def _known(suites: Iterable[str]) -> list[str]:
    """The suites as a list, once it is sure that there are such: the first may take hours before the second fails."""
    if isinstance(suites, str):
        raise ConfigError(f"The suites are a list of names, not {suites!r}: give any of {', '.join(SUITES)} in a list.")
    names = list(suites)
    for name in names:
        if name not in SUITES:
            raise ConfigError(f"There is no suite {name!r}: choose of {', '.join(SUITES)}.")
    return names


def write_rows(folder: Path, rows: list[Row]) -> None:
    """Keep rows beside the model, as `evaluation.json`."""
    write_json(folder / EVALUATION, [asdict(row) for row in rows])


def read_rows(folder: Path) -> list[Row]:
    """The rows that were kept beside the model; none if it was not evaluated."""
    path = folder / EVALUATION
    return [Row(**row) for row in read_json(path)] if path.exists() else []


@dataclass(frozen=True)
class Beside:
    """One measurement of a model beside the same one of its reference, usually trained plainly."""

    suite: str
    parameter: str
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


def beside(rows: Iterable[Row], reference: Iterable[Row]) -> list[Beside]:
    """Rows of a model paired with its reference's, where both were measured on as many pictures; confusion left out."""
    known = {(row.suite, row.parameter, row.n): row.score for row in reference}
    return [
        Beside(row.suite, row.parameter, row.score, known[row.suite, row.parameter, row.n])
        for row in rows
        if row.suite != "confusion" and (row.suite, row.parameter, row.n) in known
    ]


def together(rows: Iterable[Row], suite: str) -> Score:
    """All rows of a suite as one: of all pictures that it showed, how many were read.

    The same picture is shown in every row, so there is no interval to it.
    """
    return _sum(row.score for row in rows if row.suite == suite)


def _sum(scores: Iterable[Score]) -> Score:
    return sum(scores, Score(0, 0))


def _row(name: str, suite: str, parameter: str, score: Score) -> Row:
    return Row(name, suite, parameter, score.correct, score.n)


def _right(counts: np.ndarray) -> Score:
    """The accuracy that a confusion matrix has on its diagonal."""
    return Score(int(np.trace(counts)), int(counts.sum()))


def _rows(name: str, suite: str, parameter: str, counts: np.ndarray) -> Iterator[Row]:
    """Accuracy and confusion of one point of a grid."""
    yield _row(name, suite, parameter, _right(counts))
    yield from confusion_rows(name, counts, f"{suite} {parameter}")


class _Read:
    """Confusion of pictures that are made harder step by step: each counts once, with the first wrong answer to it."""

    counts: np.ndarray
    """int64 [classes, classes]: label, answer."""

    def __init__(self, model: nn.Module, pictures: Pictures) -> None:
        self.model = model.eval()  # for the attacks too: dropout would hide the gradient
        classes = probabilities(model, pictures[0][:1]).shape[1]
        self.counts = np.zeros((classes, classes), dtype=np.int64)

    def right(self, images: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        """Which pictures are read right, bool [n]; the others are counted."""
        with torch.no_grad():
            answers = self.model(images).argmax(dim=1)
        stand = answers == labels
        self.add(labels[~stand], answers[~stand])
        return stand

    def add(self, labels: torch.Tensor, answers: torch.Tensor) -> None:
        np.add.at(self.counts, (labels.cpu().numpy(), answers.cpu().numpy()), 1)


def _corrupted(model: nn.Module, pictures: Pictures, kind: str, severity: int) -> np.ndarray:
    """Confusion under one corruption.

    Digits are corrupted all at once: what is drawn for one depends on how many there are, and tables are to stay
    comparable. Photographs would not fit into memory so, and each batch of them has a seed of its own.
    """
    images, labels = pictures
    parts = list(batches(images)) if images.ndim == 4 and len(images) else [slice(0, len(images))]
    read = [confusion(model, corrupt(images[part], kind, severity, seed=part.start), labels[part]) for part in parts]
    return np.sum(read, axis=0)


def _attacked_once(model: nn.Module, pictures: Pictures, norm: str, epsilon: float) -> np.ndarray:
    read = _Read(model, pictures)
    for images, labels in _batches(model, pictures):
        attacked = attacks.fgsm(model, images, labels, epsilon=epsilon, norm=norm)
        stand = read.right(attacked, labels)
        read.add(labels[stand], labels[stand])
    return read.counts


@dataclass(frozen=True)
class _Walk:
    """One random start of PGD and its steps. Who falls on the way is not walked on with."""

    norm: str
    epsilon: float
    step_size: float
    steps: int
    random: torch.Generator

    def survivors(self, read: _Read, images: torch.Tensor, labels: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        if not len(labels):
            return images, labels
        attack = attack_parameters.Attack(self.epsilon, self.step_size, self.steps, self.norm)
        current = attacks.random_within(images, attack, self.random)
        for done in range(0, self.steps, STEPS_BETWEEN_LOOKS):
            steps = min(STEPS_BETWEEN_LOOKS, self.steps - done)
            objective = attacks.cross_entropy(read.model, labels)
            current = attacks.ascend(objective, images, current, replace(attack, steps=steps))
            stand = read.right(current, labels)
            images, labels, current = images[stand], labels[stand], current[stand]
        return images, labels


def _worst_case(model: nn.Module, pictures: Pictures, grid: list[tuple[int, int, int]]) -> np.ndarray:
    read = _Read(model, pictures)
    for images, labels in _batches(model, pictures):
        for angle, across, down in grid:
            if not len(labels):
                break
            stand = read.right(_placed(images, angle, across, down), labels)
            images, labels = images[stand], labels[stand]
        read.add(labels, labels)
    return read.counts


def _placed(images: torch.Tensor, angle: int, across: int, down: int) -> torch.Tensor:
    ones = torch.ones(len(images), device=images.device)
    turned = resample(images, turn(torch.deg2rad(angle * ones)))
    return resample(turned, shift(across * ones, down * ones, size=images.shape[-1]))


def _batches(model: nn.Module, pictures: Pictures) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    images, labels = pictures
    device = _device(model)
    for batch in batches(images):
        yield to_input(images[batch], device), torch.tensor(labels[batch], device=device)


def _device(model: nn.Module) -> torch.device:
    return next(model.parameters()).device
