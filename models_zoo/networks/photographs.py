"""torchvision's networks, made for 224 px photographs, fitted to small ones of 32 to 64 px and to a task's labels."""

from typing import Any

from torch import nn

from models_zoo.networks.pretrained import Weights


def for_small_pictures(name: str, classes: int, pretrained: Weights | None) -> nn.Module:
    """One of torchvision's networks that keeps the resolution of its first layer.

    Input [n, 3, side, side], a side of 32 to 64 pixels or more. At 224 px the first layers shrink a picture fourfold,
    which would leave 8 of 32 px. Here the first convolution has stride 1 and, where it was 7 x 7, the middle 3 x 3 of
    it; the pooling after it is gone.

    Args:
        name: its name in `torchvision.models`.
        classes: number of labels; the last layer is new unless they are ImageNet's thousand.
        pretrained: what `pretrained_weights` gave for it; None starts from scratch.
    """
    from models_zoo.networks._torchvision import torchvision

    network: nn.Module = torchvision.models.get_model(name, weights=None)
    if pretrained:
        network.load_state_dict(pretrained)
    _keep_resolution(network, name)
    _relabel(network, classes)
    return network


def _keep_resolution(network: Any, name: str) -> None:
    if name.startswith(("resnet", "resnext")):
        network.conv1 = _middle(network.conv1)
        network.maxpool = nn.Identity()
    elif name.startswith("densenet"):
        network.features.conv0 = _middle(network.features.conv0)
        network.features.pool0 = nn.Identity()
    else:  # MobileNet and EfficientNet begin with a 3 x 3 convolution of stride 2
        network.features[0][0].stride = (1, 1)


def _middle(wide: nn.Conv2d) -> nn.Conv2d:
    """A 3 x 3 convolution of stride 1 with the middle of a 7 x 7 one's weights."""
    narrow = nn.Conv2d(wide.in_channels, wide.out_channels, kernel_size=3, stride=1, padding=1, bias=False)
    narrow.weight = nn.Parameter(wide.weight.detach()[:, :, 2:5, 2:5].clone())
    return narrow


def _relabel(network: Any, classes: int) -> None:
    """Replace the last layer by one for so many labels, unless it has as many."""
    holder, name = (network, "fc") if hasattr(network, "fc") else (network, "classifier")
    last = getattr(holder, name)
    if isinstance(last, nn.Sequential):
        holder, name, last = last, str(len(last) - 1), last[-1]
    if last.out_features != classes:
        setattr(holder, name, nn.Linear(last.in_features, classes))
