"""Evaluation suites: how a model does on clean, corrupted, attacked and moved pictures, as rows of one table.

Each suite is one function that gives its rows: of any pictures, or (those in `CHEAP`) of a model's answers to them.
`evaluate` runs those that are requested. Pictures are uint8 [n, 28, 28] or, in colour, [n, side, side, 3], labels int64
[n], probabilities float32 [n, classes]. Models are left in eval mode; they are measured on the device that they are on.
"""

from collections.abc import Callable, Iterable, Mapping
from functools import partial

import numpy as np
from torch import nn

from models_zoo.data.run_data import LabelledImages
from models_zoo.limits import ConfigError
from models_zoo.networks.predict import batches, confusion_matrix, confusion_of_probabilities, probabilities
from models_zoo.robustness.attack_grid import DEFAULT_GRID, AttackGrid
from models_zoo.robustness.corruptions import corrupt, severities, suitable
from models_zoo.robustness.table import (
    LARGEST_SHIFT,
    LARGEST_TURN,
    Condition,
    EvaluationRow,
    all_rounds,
    confusion_rows,
)
from models_zoo.robustness.worst_case import under_fgsm, under_moves, under_pgd
from stats.scores import Score

ANGLES = range(-LARGEST_TURN, LARGEST_TURN + 1, 10)
SHIFTS = range(-LARGEST_SHIFT, LARGEST_SHIFT + 1, 2)


def base_rows(name: str, predicted: np.ndarray, labels: np.ndarray) -> list[EvaluationRow]:
    """Accuracy on the base test set, from probabilities."""
    return [_accuracy_row(name, Condition("base"), confusion_of_probabilities(predicted, labels))]


def base_confusion_rows(name: str, predicted: np.ndarray, labels: np.ndarray) -> list[EvaluationRow]:
    """Confusion on the base test set, from probabilities."""
    return _confusion_rows(name, Condition("base"), confusion_of_probabilities(predicted, labels))


def calibration_rows(name: str, predicted: np.ndarray, labels: np.ndarray, *, bins: int = 15) -> list[EvaluationRow]:
    """Expected calibration error, with the accuracy and n it was computed from; see `expected_calibration_error`."""
    score = score_of(confusion_of_probabilities(predicted, labels))
    error = expected_calibration_error(predicted, labels, bins=bins)
    return [EvaluationRow(name, Condition("calibration", bins=bins), score.correct, score.n, calibration_error=error)]


def expected_calibration_error(predicted: np.ndarray, labels: np.ndarray, *, bins: int = 15) -> float:
    """Mean over pictures of |accuracy - confidence| of the bin of equal width that the picture's confidence is in.

    Guo et al. 2017, "On calibration of modern neural networks".

    Args:
        predicted: float32 [n, classes], probabilities.
        labels: int64 [n].

    Returns:
        0 (a confidence of 80 % is right in 80 % of the cases) to 1.
    """
    if not len(labels):
        return float("nan")
    confidence, right = predicted.max(axis=1), predicted.argmax(axis=1) == labels
    number = np.minimum((confidence * bins).astype(int), bins - 1)
    gaps = np.bincount(number, weights=right, minlength=bins) - np.bincount(number, weights=confidence, minlength=bins)
    return float(np.abs(gaps).sum() / len(labels))


def corruption_rows(model: nn.Module, name: str, pictures: LabelledImages) -> list[EvaluationRow]:
    """Accuracy under each corruption that suits the pictures, at each of its severities; confusion under each kind."""
    rows = []
    for kind in suitable(pictures[0]):
        confusions = [_corrupted(model, pictures, kind, level) for level in range(1, severities(kind) + 1)]
        rows += [
            _accuracy_row(name, Condition("corruption", corruption=kind, severity=severity), counts)
            for severity, counts in enumerate(confusions, start=1)
        ]
        rows += _confusion_rows(name, Condition("corruption", corruption=kind), np.sum(confusions, axis=0))
    return rows


def fgsm_rows(
    model: nn.Module, name: str, pictures: LabelledImages, *, grid: AttackGrid = DEFAULT_GRID
) -> list[EvaluationRow]:
    """Accuracy and confusion after one step along the gradient, at each point of the grid."""
    rows = []
    for point in grid.fgsm():
        counts = under_fgsm(model, pictures, norm=point.norm, epsilon=point.epsilon)
        rows += _accuracy_and_confusion(name, point, counts)
    return rows


def pgd_rows(
    model: nn.Module, name: str, pictures: LabelledImages, *, grid: AttackGrid = DEFAULT_GRID, seed: int = 0
) -> list[EvaluationRow]:
    """Accuracy and confusion under PGD, at each point of the grid."""
    rows = []
    for point in grid.pgd():
        counts = under_pgd(
            model,
            pictures,
            norm=point.norm,
            epsilon=point.epsilon,
            steps=point.steps,
            restarts=point.restarts,
            step_size=point.step_size,
            seed=seed,
        )
        rows += _accuracy_and_confusion(name, point, counts)
    return rows


def moved_rows(model: nn.Module, name: str, pictures: LabelledImages) -> list[EvaluationRow]:
    """Accuracy and confusion in the worst case of each picture over a grid of shifts, of rotations, and of both.

    After Engstrom et al. 2019, "Exploring the landscape of spatial robustness", where a model robust to L-infinity
    noise fails nearly always.
    """
    shifts = [(0, across, down) for across in SHIFTS for down in SHIFTS]
    turns = [(angle, 0, 0) for angle in ANGLES]
    both = [(angle, across, down) for angle in ANGLES for _, across, down in shifts]
    rows = []
    for grid, moves in {"shifted": shifts, "turned": turns, "both": both}.items():
        rows += _accuracy_and_confusion(name, Condition("moved", grid=grid), under_moves(model, pictures, moves))
    return rows


def round_rows(name: str, confusions: Mapping[str, np.ndarray]) -> list[EvaluationRow]:
    """Accuracy and confusion on each round's frozen test split, and on all of them together.

    Args:
        confusions: by the round's number or title, int64 [classes, classes]; [0, 0] where it has no test split.
    """
    rows = []
    for title, counts in confusions.items():
        rows += _accuracy_and_confusion(name, Condition("round", round=title), counts)
    return rows + all_rounds(rows)


CHEAP: dict[str, Callable[[str, np.ndarray, np.ndarray], list[EvaluationRow]]] = {
    "base": base_rows,
    "confusion": base_confusion_rows,
    "calibration": calibration_rows,
}
"""Computed from the answers to the unchanged pictures, for which the model runs once."""
Costly = Callable[[nn.Module, str, LabelledImages], list[EvaluationRow]]
COSTLY: dict[str, Costly] = {
    "corruption": corruption_rows,
    "fgsm": fgsm_rows,
    "pgd": pgd_rows,
    "moved": moved_rows,
}
"""These make pictures harder, and run the model on each of them again."""
SUITES = (*CHEAP, *COSTLY)
"""What can be requested. The rows of `confusion` are those of the suite `base` that have a label and an answer."""


def evaluate(
    model: nn.Module,
    name: str,
    pictures: LabelledImages | None,
    *,
    rounds: Mapping[str, LabelledImages] | None = None,
    suites: Iterable[str] = CHEAP,
    at_most: int = 1000,
    attacks: AttackGrid = DEFAULT_GRID,
) -> list[EvaluationRow]:
    """The rows of several suites.

    Args:
        model: any network of `architectures`.
        name: what to call it in the rows.
        pictures: the base test set; None measures on the rounds alone.
        rounds: each round's frozen test split, by number or title.
        suites: some of `SUITES`.
        at_most: how many pictures the `COSTLY` suites see: so many, evenly spaced.
        attacks: what the suites `fgsm` and `pgd` do.

    Raises:
        ConfigError: there is no such suite, or nothing to measure on; nothing was measured.
        TypeError: the pictures are not uint8.
    """
    suites = _known(suites)
    if at_most < 1 or (pictures is not None and not len(pictures[1])):
        raise ConfigError("There is nothing to measure on: give a test set with pictures, and at_most as 1 or more.")
    on_rounds = round_rows(name, {title: confusion_matrix(model, *split) for title, split in (rounds or {}).items()})
    if pictures is None:
        return on_rounds
    images, labels = pictures
    predicted = probabilities(model, images) if any(suite in CHEAP for suite in suites) else np.zeros((0, 0))
    costly: dict[str, Costly] = COSTLY | {
        "fgsm": partial(fgsm_rows, grid=attacks),
        "pgd": partial(pgd_rows, grid=attacks),
    }
    few = _evenly_spaced(pictures, at_most)
    rows = []
    for suite in suites:
        rows += CHEAP[suite](name, predicted, labels) if suite in CHEAP else costly[suite](model, name, few)
    return rows + on_rounds


def score_of(counts: np.ndarray) -> Score:
    """The accuracy of a confusion matrix, int64 [labels, answers]: its diagonal, of all."""
    return Score(int(counts.trace()), int(counts.sum()))


def _known(suites: Iterable[str]) -> list[str]:
    """The suites as a list, once it is sure that there are such: the first may take hours before the second fails."""
    if isinstance(suites, str):
        raise ConfigError(f"The suites are a list of names, not {suites!r}: give any of {', '.join(SUITES)} in a list.")
    names = list(suites)
    for name in names:
        if name not in SUITES:
            raise ConfigError(f"There is no suite {name!r}: choose of {', '.join(SUITES)}.")
    return names


def _evenly_spaced(pictures: LabelledImages, at_most: int) -> LabelledImages:
    images, labels = pictures
    count = min(len(labels), at_most)
    chosen = np.arange(count) * len(labels) // count
    return images[chosen], labels[chosen]


def _corrupted(model: nn.Module, pictures: LabelledImages, kind: str, severity: int) -> np.ndarray:
    """Confusion matrix under one corruption.

    Digits are corrupted all at once: what is drawn for one depends on how many there are, and tables are to stay
    comparable. Photographs would not fit into memory so, and each batch of them has a seed of its own.
    """
    images, labels = pictures
    parts = list(batches(images)) if images.ndim == 4 and len(images) else [slice(0, len(images))]
    confusions = [
        confusion_matrix(model, corrupt(images[part], kind, severity, seed=part.start), labels[part]) for part in parts
    ]
    return np.sum(confusions, axis=0)


def _accuracy_and_confusion(name: str, condition: Condition, counts: np.ndarray) -> list[EvaluationRow]:
    return [_accuracy_row(name, condition, counts), *_confusion_rows(name, condition, counts)]


def _accuracy_row(name: str, condition: Condition, counts: np.ndarray) -> EvaluationRow:
    score = score_of(counts)
    return EvaluationRow(name, condition, score.correct, score.n)


def _confusion_rows(name: str, condition: Condition, counts: np.ndarray) -> list[EvaluationRow]:
    places = np.argwhere(counts).tolist()
    return confusion_rows(name, condition, {(label, answer): int(counts[label, answer]) for label, answer in places})
