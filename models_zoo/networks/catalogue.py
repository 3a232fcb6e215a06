"""The names of the networks, and which pictures each of them takes. Imports no torch: configs are checked with it."""

from collections.abc import Sequence

FOR_DIGITS = {
    "mnist_cnn": "The network of the original digits demo, the baseline everywhere; 21,840 parameters.",
    "digit_cnn": "The default adversary: five convolutions with batch norm; 255,762 parameters.",
}
FOR_PHOTOGRAPHS = {
    "mobilenet_v2": "Sandler et al. 2018; 2.2 million parameters.",
    "resnet18": "He et al. 2016; 11.2 million parameters.",
    "densenet121": "Huang et al. 2017; 7.0 million parameters.",
    "efficientnet_b0": "Tan and Le 2019; 4.0 million parameters.",
    "resnext50_32x4d": "Xie et al. 2017; 23.0 million parameters.",
}
"""torchvision's networks, by the names that they have there."""
ARCHITECTURES = FOR_DIGITS | FOR_PHOTOGRAPHS
"""Every name, with what it stands for and its number of parameters at 10 classes."""
SMALLEST_PHOTOGRAPH = 32
"""Pixels a side."""


def accepts(name: str, shape: Sequence[int]) -> bool:
    """Whether a network takes pictures stored with this shape: [n, 28, 28], or [n, side, side, 3] from 32 pixels on."""
    if name in FOR_DIGITS:
        return tuple(shape[1:]) == (28, 28)
    return len(shape) == 4 and shape[3] == 3 and shape[1] == shape[2] >= SMALLEST_PHOTOGRAPH


def accepted(name: str) -> str:
    """The shape of the pictures that a network takes, in words."""
    return "[n, 28, 28]" if name in FOR_DIGITS else f"[n, side, side, 3] with a side of {SMALLEST_PHOTOGRAPH} or more"
