"""What every model is measured on: the same pictures for all models of a seed."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import numpy as np
from torch import nn

from crowd import Crowd, as_arrays, held_out_drawings
from models_zoo.data.mnist import BaseData
from models_zoo.data.run_data import Pictures
from models_zoo.networks.predict import accuracy, probabilities
from models_zoo.robustness.corruptions import CORRUPTIONS, corrupt, severities

Counts = tuple[int, int]
"""Right of n, as results keep them."""

CORRUPTED = 100
"""So many of MNIST's test digits, evenly spaced, under each corruption at each severity."""

HELD_OUT, BASE_TEST, BASE_DEV, CORRUPTION = "held-out writers", "MNIST test", "MNIST dev", "corruptions"


@dataclass(frozen=True)
class Suites:
    """Pictures by name."""

    pictures: dict[str, Pictures]
    hands: np.ndarray
    """Whose each held-out drawing is, int64 [n]."""
    corrupted_digits: int
    """How many different digits are under each corruption at each severity."""

    def measure(self, model: nn.Module, *, leave_out: Collection[str] = ()) -> dict[str, Any]:
        """`scores`, right of n on each suite, and `by_hand`, the same for each held-out hand."""
        images, labels = self.pictures[HELD_OUT]
        right = probabilities(model, images).argmax(axis=1) == labels
        others = [name for name in self.pictures if name != HELD_OUT and name not in leave_out]
        scores = {name: tally(model, self.pictures[name]) for name in others}
        return {
            "scores": {HELD_OUT: (int(right.sum()), len(right)), **scores},
            "by_hand": [
                (int(right[self.hands == hand].sum()), int((self.hands == hand).sum()))
                for hand in np.unique(self.hands)
            ],
        }


def suites(crowd: Crowd, base: BaseData, *, seed: int) -> Suites:
    """The suites of a seed; what it keeps of its crowd's hands is the held-out ones."""
    pictures = {
        HELD_OUT: as_arrays(held_out_drawings(crowd, seed=seed)),
        BASE_TEST: (base.test_images, base.test_labels),
        BASE_DEV: (base.dev_images, base.dev_labels),
        CORRUPTION: _corrupted(base),
    }
    grid = sum(severities(kind) for kind in CORRUPTIONS)
    sizes = [sum(len(ids) for ids in hand.trajectory_ids) for hand in crowd.held_out]
    return Suites(pictures, np.repeat(np.arange(len(sizes)), sizes), len(pictures[CORRUPTION][1]) // grid)


def tally(model: nn.Module, pictures: Pictures) -> Counts:
    """Right of n."""
    score = accuracy(model, *pictures)
    return score.correct, score.n


def _corrupted(base: BaseData) -> Pictures:
    every = max(1, len(base.test_labels) // CORRUPTED)
    images, labels = base.test_images[::every][:CORRUPTED], base.test_labels[::every][:CORRUPTED]
    grid = [(kind, severity) for kind in CORRUPTIONS for severity in range(1, severities(kind) + 1)]
    return np.concatenate([corrupt(images, *point) for point in grid]), np.tile(labels, len(grid))
