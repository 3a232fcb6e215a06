"""The networks that can be an adversary: plain functions in one registry.

Every network takes float32 pictures [n, channels, height, width] in 0 to 1 (for digits, ink is bright on black) and
gives float32 logits [n, classes]. It standardises its input itself, so that attacks and corruptions work on plain
pixel values.
"""

from collections.abc import Callable, Sequence

import torch
from torch import nn

from models_zoo.networks.photographs import Weights, for_small_pictures

MNIST_MEAN, MNIST_STD = 0.1307, 0.3081
IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


class UnknownArchitectureError(ValueError):
    """A name that is not in the registry. The message lists the names that are."""


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


def mnist_cnn(classes: int = 10) -> nn.Module:
    """The network of the original digits demo, the baseline everywhere: 21,840 parameters at 10 classes.

    Input [n, 1, 28, 28]. Two 5 x 5 convolutions (10 and 20 channels), each max-pooled, 2-d dropout after the second,
    then 320 - 50 - classes with dropout. It is PyTorch's first MNIST example, which the first digits demo of dynamic
    data collection used.
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


def digit_cnn(classes: int = 10) -> nn.Module:
    """The default adversary: five convolutions with batch norm, 255,762 parameters at 10 classes.

    Input [n, 1, 28, 28]. Ours. Strides halve the picture where others pool: pooling at full size costs a CPU more
    than the convolution before it. Depth comes where pictures are small and convolutions cheap.
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


def mobilenet_v2(classes: int = 10, pretrained: Weights | None = None) -> nn.Module:
    """Sandler et al. 2018; 2.2 million parameters. Input [n, 3, 32 to 64 or more, the same]."""
    return _photo_network("mobilenet_v2", classes, pretrained)


def resnet18(classes: int = 10, pretrained: Weights | None = None) -> nn.Module:
    """He et al. 2016; 11.2 million parameters. Input [n, 3, 32 to 64 or more, the same]."""
    return _photo_network("resnet18", classes, pretrained)


def densenet121(classes: int = 10, pretrained: Weights | None = None) -> nn.Module:
    """Huang et al. 2017; 7.0 million parameters. Input [n, 3, 32 to 64 or more, the same]."""
    return _photo_network("densenet121", classes, pretrained)


def efficientnet_b0(classes: int = 10, pretrained: Weights | None = None) -> nn.Module:
    """Tan and Le 2019; 4.0 million parameters. Input [n, 3, 32 to 64 or more, the same]."""
    return _photo_network("efficientnet_b0", classes, pretrained)


def resnext50_32x4d(classes: int = 10, pretrained: Weights | None = None) -> nn.Module:
    """Xie et al. 2017; 23.0 million parameters. Input [n, 3, 32 to 64 or more, the same]."""
    return _photo_network("resnext50_32x4d", classes, pretrained)


FOR_DIGITS: dict[str, Callable[..., nn.Module]] = {"mnist_cnn": mnist_cnn, "digit_cnn": digit_cnn}
FOR_PHOTOGRAPHS: dict[str, Callable[..., nn.Module]] = {
    "mobilenet_v2": mobilenet_v2,
    "resnet18": resnet18,
    "densenet121": densenet121,
    "efficientnet_b0": efficientnet_b0,
    "resnext50_32x4d": resnext50_32x4d,
}
ARCHITECTURES = FOR_DIGITS | FOR_PHOTOGRAPHS
SMALLEST_PHOTOGRAPH = 32


def accepts(name: str, shape: Sequence[int]) -> bool:
    """Whether a network takes pictures stored with this shape: [n, 28, 28], or [n, side, side, 3] from 32 pixels on."""
    if name in FOR_DIGITS:
        return tuple(shape[1:]) == (28, 28)
    return len(shape) == 4 and shape[3] == 3 and shape[1] == shape[2] >= SMALLEST_PHOTOGRAPH


def accepted(name: str) -> str:
    """The same in words."""
    return "[n, 28, 28]" if name in FOR_DIGITS else f"[n, side, side, 3] with a side of {SMALLEST_PHOTOGRAPH} or more"


def build(name: str, *, classes: int = 10, pretrained: Weights | None = None) -> nn.Module:
    """A freshly initialised network; seed torch before it for the same weights.

    Args:
        name: a key of `ARCHITECTURES`.
        classes: number of labels.
        pretrained: for photographs only: what `photo_networks.pretrained_weights` gave; None starts from scratch.

    Raises:
        UnknownArchitectureError: the registry has no such name.
    """
    if name not in ARCHITECTURES:
        raise UnknownArchitectureError(f"There is no architecture {name!r}: choose one of {', '.join(ARCHITECTURES)}.")
    if name in FOR_PHOTOGRAPHS:
        return FOR_PHOTOGRAPHS[name](classes=classes, pretrained=pretrained)
    return FOR_DIGITS[name](classes=classes)


def _convolution(inputs: int, outputs: int, *, kernel_size: int, stride: int = 1) -> list[nn.Module]:
    return [
        nn.Conv2d(inputs, outputs, kernel_size, stride=stride, padding=kernel_size // 2, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(inplace=True),
    ]


def _photo_network(name: str, classes: int, pretrained: Weights | None) -> nn.Module:
    return nn.Sequential(Standardize(IMAGENET_MEAN, IMAGENET_STD), for_small_pictures(name, classes, pretrained))
