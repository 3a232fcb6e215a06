"""The networks that can be an adversary, built by name.

Every network takes float32 pictures [n, channels, height, width] in 0 to 1 (for digits, ink is bright on black) and
gives float32 logits [n, classes]. It standardises its input itself, so that attacks and corruptions work on plain
pixel values. Names and shapes are in `catalogue`.
"""

from collections.abc import Sequence

import torch
from torch import nn

from models_zoo.networks.catalogue import ARCHITECTURES, FOR_PHOTOGRAPHS
from models_zoo.networks.photographs import for_small_pictures
from models_zoo.networks.pretrained import Weights

MNIST_MEAN, MNIST_STD = 0.1307, 0.3081
IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


class UnknownArchitectureError(ValueError):
    """A name that is not in the catalogue. The message lists the names that are."""


class Standardize(nn.Module):
    """(x - mean) / std for each channel."""

    mean: torch.Tensor
    std: torch.Tensor

    def __init__(self, mean: Sequence[float], std: Sequence[float]) -> None:
        super().__init__()
        self.register_buffer("mean", torch.tensor(mean).view(1, -1, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(std).view(1, -1, 1, 1), persistent=False)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return (images - self.mean) / self.std


def build(name: str, *, classes: int = 10, pretrained: Weights | None = None) -> nn.Module:
    """A freshly initialised network; seed torch before it for the same weights.

    Args:
        name: one of `catalogue.ARCHITECTURES`.
        classes: number of labels.
        pretrained: for photographs only: what `pretrained.pretrained_weights` gave; None starts from scratch.

    Raises:
        UnknownArchitectureError: there is no such name.
    """
    if name not in ARCHITECTURES:
        raise UnknownArchitectureError(f"There is no architecture {name!r}: choose one of {', '.join(ARCHITECTURES)}.")
    if name in FOR_PHOTOGRAPHS:
        return nn.Sequential(Standardize(IMAGENET_MEAN, IMAGENET_STD), for_small_pictures(name, classes, pretrained))
    return DIGIT_NETWORKS[name](classes)


def mnist_cnn(classes: int) -> nn.Module:
    """The network of the original digits demo: PyTorch's first MNIST example. Input [n, 1, 28, 28].

    Two 5 x 5 convolutions (10 and 20 channels), each max-pooled, 2-d dropout after the second, then 320 - 50 - classes
    with dropout.
    """
    return nn.Sequential(
        Standardize([MNIST_MEAN], [MNIST_STD]),
        nn.Conv2d(1, 10, kernel_size=5),  # [n, 10, 24, 24]
        nn.MaxPool2d(2),
        nn.ReLU(inplace=True),
        nn.Conv2d(10, 20, kernel_size=5),  # [n, 20, 8, 8]
        nn.Dropout2d(),
        nn.MaxPool2d(2),
        nn.ReLU(inplace=True),
        nn.Flatten(),
        nn.Linear(320, 50),
        nn.ReLU(inplace=True),
        nn.Dropout(),
        nn.Linear(50, classes),
    )


def digit_cnn(classes: int) -> nn.Module:
    """The default adversary, made for this project. Input [n, 1, 28, 28].

    Strides halve the picture where others pool: pooling at full size costs a CPU more than the convolution before it.
    Depth comes where pictures are small and convolutions cheap.
    """
    return nn.Sequential(
        Standardize([MNIST_MEAN], [MNIST_STD]),
        *_convolution(1, 24, kernel_size=5, stride=2),  # [n, 24, 14, 14]
        *_convolution(24, 48, kernel_size=3, stride=2),  # [n, 48, 7, 7]
        *_convolution(48, 48, kernel_size=3),
        *_convolution(48, 96, kernel_size=3, stride=2),  # [n, 96, 4, 4]
        *_convolution(96, 96, kernel_size=3),
        nn.Flatten(),
        nn.Linear(96 * 4 * 4, 64),
        nn.ReLU(inplace=True),
        nn.Linear(64, classes),
    )


DIGIT_NETWORKS = {network.__name__: network for network in (mnist_cnn, digit_cnn)}


def _convolution(inputs: int, outputs: int, *, kernel_size: int, stride: int = 1) -> list[nn.Module]:
    return [
        nn.Conv2d(inputs, outputs, kernel_size, stride=stride, padding=kernel_size // 2, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(inplace=True),
    ]
