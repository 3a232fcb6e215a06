"""torchvision's networks, made for 224 px photographs, fitted to small ones of 32 to 64 px and to a task's labels."""

import copy
import logging
import re
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from torch import nn

log = logging.getLogger(__name__)

# Files of densenets were written when a layer's parts were called `norm.1`, which torch no longer allows.
OLD_DENSENET = re.compile(r"(denselayer\d+\.(?:norm|conv))\.([12]\.)")


def for_small_pictures(name: str, classes: int, pretrained: str) -> nn.Module:
    """One of torchvision's networks that keeps the resolution of its first layer.

    At 224 px the first layers shrink a picture fourfold before they look at it, which would leave 8 of 32 px. Here the
    first convolution has stride 1 and, where it was 7 x 7, the middle 3 x 3 of it; the pooling after it is gone.

    Args:
        name: its name in `torchvision.models`.
        classes: number of labels; the last layer is new unless they are ImageNet's thousand.
        pretrained: empty, `torchvision`, or a file's path.
    """
    from models_zoo._torchvision import torchvision

    network: nn.Module = torchvision.models.get_model(name, weights=None)
    if pretrained:
        network = _pretrained(network, name, pretrained)
    _keep_resolution(network, name)
    _relabel(network, classes)
    return network


def _pretrained(network: nn.Module, name: str, pretrained: str) -> nn.Module:
    """The network with pretrained weights, or as it is, and the log says why it starts from scratch."""
    from models_zoo._torchvision import torchvision

    try:
        if pretrained == "torchvision":
            state = torchvision.models.get_model_weights(name).DEFAULT.get_state_dict(check_hash=True)
        elif Path(pretrained).suffix == ".safetensors":
            state = load_file(pretrained)
        else:
            # torchvision's own files; `weights_only` reads tensors and nothing that could run.
            state = torch.load(pretrained, map_location="cpu", weights_only=True)
        # Into a copy: what fits is filled in before a wrong file is refused.
        filled = copy.deepcopy(network)
        filled.load_state_dict({OLD_DENSENET.sub(r"\1\2", key): tensor for key, tensor in state.items()})
    except Exception as error:  # no network, no file or a wrong one: all mean the same here
        log.warning("%s starts from scratch: no weights from %s (%s).", name, pretrained, error)
        return network
    log.info("%s starts from the pretrained weights of %s.", name, pretrained)
    return filled


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
    narrow = nn.Conv2d(wide.in_channels, wide.out_channels, kernel_size=3, stride=1, padding=1, bias=False)
    narrow.weight = nn.Parameter(wide.weight.detach()[:, :, 2:5, 2:5].clone())
    return narrow


def _relabel(network: Any, classes: int) -> None:
    holder, name = (network, "fc") if hasattr(network, "fc") else (network, "classifier")
    last = getattr(holder, name)
    if isinstance(last, nn.Sequential):
        holder, name, last = last, str(len(last) - 1), last[-1]
    if last.out_features != classes:
        setattr(holder, name, nn.Linear(last.in_features, classes))
