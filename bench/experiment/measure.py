"""What every model is measured on: the same pictures for all models of a seed."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import numpy as np
from torch import nn

from crowd import Crowd, as_arrays, held_out_drawings
from models_zoo.data.base_data import BaseData
from models_zoo.data.run_data import LabelledImages
from models_zoo.networks.predict import accuracy, probabilities
from models_zoo.robustness.corruptions import CORRUPTIONS, corrupt, severities

CorrectOfAll = tuple[int, int]
"""How many pictures a model classified correctly, and of how many."""

CORRUPTED = 100
"""So many of MNIST's test digits, evenly spaced, under each corruption at each severity."""

HELD_OUT, BASE_TEST, BASE_DEV, CORRUPTION = "held-out writers", "MNIST test", "MNIST dev", "corruptions"


@dataclass(frozen=True)
class EvaluationSets:
    """What every model of a seed is measured on: sets of pictures, by name."""

    pictures: dict[str, LabelledImages]
    writers: np.ndarray
    """Who drew each held-out drawing, int64 [n], numbered from 0."""

    def measure(self, model: nn.Module, *, leave_out: Collection[str] = ()) -> dict[str, Any]:
        """`scores`, the counts of each set, and `by_writer`, the counts of each held-out writer."""
        images, labels = self.pictures[HELD_OUT]
        right = predictions(model, images) == labels
        others = [name for name in self.pictures if name != HELD_OUT and name not in leave_out]
        return {
            "scores": {
                HELD_OUT: (int(right.sum()), len(right)),
                **{name: count_right(model, self.pictures[name]) for name in others},
            },
            "by_writer": list(count_by(self.writers, right).values()),
        }


def evaluation_sets(crowd: Crowd, base: BaseData, *, seed: int) -> EvaluationSets:
    """The sets of a seed; the held-out drawings are by the writers whom the crowd holds out."""
    sizes = [sum(len(members) for members in writer.trajectory_ids) for writer in crowd.held_out]
    return EvaluationSets(
        pictures={
            HELD_OUT: as_arrays(held_out_drawings(crowd, seed=seed)),
            BASE_TEST: (base.test_images, base.test_labels),
            BASE_DEV: (base.dev_images, base.dev_labels),
            CORRUPTION: _corrupted(base),
        },
        writers=np.repeat(np.arange(len(sizes)), sizes),
    )


def count_right(model: nn.Module, pictures: LabelledImages) -> CorrectOfAll:
    score = accuracy(model, *pictures)
    return score.correct, score.n


def count_by(people: np.ndarray, right: np.ndarray) -> dict[int, CorrectOfAll]:
    """The counts of each person, from who drew each picture, int64 [n], and whether it was read rightly, bool [n]."""
    return {
        int(person): (int(right[people == person].sum()), int((people == person).sum())) for person in np.unique(people)
    }


def predictions(model: nn.Module, images: np.ndarray) -> np.ndarray:
    """The most probable label of each picture, int64 [n]."""
    return probabilities(model, images).argmax(axis=1)


def _corrupted(base: BaseData) -> LabelledImages:
    every = max(1, len(base.test_labels) // CORRUPTED)
    images, labels = base.test_images[::every][:CORRUPTED], base.test_labels[::every][:CORRUPTED]
    grid = [(kind, severity) for kind in CORRUPTIONS for severity in range(1, severities(kind) + 1)]
    return np.concatenate([corrupt(images, *point) for point in grid]), np.tile(labels, len(grid))
