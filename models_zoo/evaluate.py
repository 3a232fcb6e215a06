"""How well a model reads: every number is a count of correct answers out of n, with its interval."""

from dataclasses import dataclass
from math import sqrt

import numpy as np
import torch
from torch import nn

# Two-sided 95 % point of the normal distribution.
Z = 1.959963984540054
BATCH = 500


@dataclass(frozen=True)
class Score:
    """So many right of so many."""

    correct: int
    n: int

    @property
    def accuracy(self) -> float:
        """Share of correct answers, 0 to 1; not a number when nothing was asked."""
        return self.correct / self.n if self.n else float("nan")

    def interval(self) -> tuple[float, float]:
        """Wilson's 95 % interval of the accuracy, each end in 0 to 1 (Wilson 1927, J. Am. Stat. Assoc. 22:209)."""
        if not self.n:
            return 0.0, 1.0
        p, z2n = self.accuracy, Z * Z / self.n
        middle = (p + z2n / 2) / (1 + z2n)
        half = Z / (1 + z2n) * sqrt(p * (1 - p) / self.n + z2n / (4 * self.n))
        return max(0.0, middle - half), min(1.0, middle + half)


def to_input(images: np.ndarray | torch.Tensor, device: torch.device | str = "cpu") -> torch.Tensor:
    """uint8 pictures to what networks take.

    Args:
        images: uint8 [n, height, width] grayscale or [n, height, width, 3] colour, 0 to 255.

    Returns:
        float32 [n, 1 or 3, height, width] in 0 to 1.
    """
    return first_channels(torch.tensor(images, device=device)).float() / 255


def first_channels(images: torch.Tensor) -> torch.Tensor:
    """[n, height, width] or [n, height, width, 3] to [n, channels, height, width], same type."""
    return images.unsqueeze(1) if images.ndim == 3 else images.permute(0, 3, 1, 2)


def probabilities(model: nn.Module, images: np.ndarray) -> np.ndarray:
    """What the model thinks of each picture.

    Args:
        model: any network of `architectures`; it is left in eval mode.
        images: uint8 [n, 28, 28], or [n, height, width, 3] for colour.

    Returns:
        float32 [n, classes]; each row sums to 1.
    """
    model.eval()
    device = next(model.parameters()).device
    with torch.inference_mode():
        batches = [
            model(to_input(images[start : start + BATCH], device)).softmax(dim=1).cpu()
            for start in range(0, len(images), BATCH)
        ]
    return torch.cat(batches).numpy() if batches else np.zeros((0, 0), dtype=np.float32)


def accuracy(model: nn.Module, images: np.ndarray, labels: np.ndarray) -> Score:
    """How many pictures the model gives their label. Images as for `probabilities`; labels int64 [n]."""
    if not len(labels):
        return Score(0, 0)
    return Score(int((probabilities(model, images).argmax(axis=1) == labels).sum()), len(labels))


def confusion(model: nn.Module, images: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """int64 [classes, classes]: how often a picture of the row's label was read as the column's; [0, 0] for none."""
    given = probabilities(model, images)
    counts = np.zeros((given.shape[1], given.shape[1]), dtype=np.int64)
    if len(labels):
        np.add.at(counts, (labels, given.argmax(axis=1)), 1)
    return counts
