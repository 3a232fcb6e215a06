"""Predictions of a model, in batches that fit into memory, and how many of them are right."""

from collections.abc import Iterator
from math import prod

import numpy as np
import torch
from torch import nn

from stats.scores import Score

# What a network stores of a picture for its gradient grows with the picture: 29 MiB in resnet18 and 155 in densenet121
# at 64 pixels in colour. A batch has so many values of pictures, that is 500 digits, or 31 of those photographs.
LARGEST_BATCH = 500
VALUES_PER_BATCH = LARGEST_BATCH * 28 * 28


def to_input(images: np.ndarray | torch.Tensor, device: torch.device | str = "cpu") -> torch.Tensor:
    """uint8 pictures to what networks take.

    Args:
        images: uint8 [n, height, width] grayscale or [n, height, width, 3] colour, 0 to 255.

    Returns:
        float32 [n, 1 or 3, height, width] in 0 to 1, sharing no memory with `images`.

    Raises:
        TypeError: the pictures are of another type. Were floats in 0 to 1 divided by 255, every one would be black.
    """
    if images.dtype not in (np.uint8, torch.uint8):
        raise TypeError(f"The pictures are {images.dtype}: give them as uint8, 0 to 255.")
    # An array that can't be written to, as one read from a file, is copied: torch would warn of sharing it.
    pixels = images.to(device) if isinstance(images, torch.Tensor) else torch.tensor(images, device=device)
    return channels_first(pixels).float() / 255


def channels_first(images: torch.Tensor) -> torch.Tensor:
    """[n, height, width] or [n, height, width, 3] to [n, channels, height, width], same type."""
    return images.unsqueeze(1) if images.ndim == 3 else images.permute(0, 3, 1, 2)


def batches(images: np.ndarray | torch.Tensor) -> Iterator[slice]:
    """Parts of a set of pictures [n, ...] that fit into memory at once: 500 digits, the fewer the larger they are."""
    size = max(1, min(LARGEST_BATCH, VALUES_PER_BATCH // max(1, prod(images.shape[1:]))))
    for start in range(0, len(images), size):
        yield slice(start, start + size)


def probabilities(model: nn.Module, images: np.ndarray | torch.Tensor) -> np.ndarray:
    """The model's probabilities for each picture.

    Args:
        model: any network of `architectures`; it is left in eval mode.
        images: uint8 [n, 28, 28], or [n, height, width, 3] for colour.

    Returns:
        float32 [n, classes]; each row sums to 1. [0, 0] for no pictures.

    Raises:
        TypeError: the pictures are not uint8.
    """
    model.eval()
    device = next(model.parameters()).device
    with torch.inference_mode():
        answers = [model(to_input(images[batch], device)).softmax(dim=1).cpu() for batch in batches(images)]
    return torch.cat(answers).numpy() if answers else np.zeros((0, 0), dtype=np.float32)


def accuracy(model: nn.Module, images: np.ndarray, labels: np.ndarray) -> Score:
    """How many pictures the model gives their label. Images as for `probabilities`; labels int64 [n]."""
    if not len(labels):
        return Score(0, 0)
    return Score(int((probabilities(model, images).argmax(axis=1) == labels).sum()), len(labels))


def confusion_matrix(model: nn.Module, images: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """int64 [classes, classes]: how often a picture of the row's label was read as the column's; [0, 0] for none."""
    return confusion_of_probabilities(probabilities(model, images), labels)


def confusion_of_probabilities(predicted: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """The confusion matrix from probabilities, float32 [n, classes], of pictures with labels, int64 [n]."""
    counts = np.zeros((predicted.shape[1], predicted.shape[1]), dtype=np.int64)
    if len(labels):
        np.add.at(counts, (labels, predicted.argmax(axis=1)), 1)
    return counts
