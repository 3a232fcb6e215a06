"""torchvision's networks, made for 224 px photographs, fitted to small ones of 32 to 64 px and to a task's labels."""

import logging
import re
from collections.abc import Mapping
from pathlib import Path
from textwrap import shorten
from typing import Any

import torch
from safetensors.torch import load_file
from torch import nn

Weights = Mapping[str, torch.Tensor]

log = logging.getLogger(__name__)


class NoWeights(Exception):
    """Pretrained weights that could not be had. The message is the reason."""


# Files of densenets were written when a layer's parts were called `norm.1`, which torch no longer allows.
OLD_DENSENET = re.compile(r"(denselayer\d+\.(?:norm|conv))\.([12]\.)")


def for_small_pictures(name: str, classes: int, pretrained: Weights | None) -> nn.Module:
    """One of torchvision's networks that keeps the resolution of its first layer.

    At 224 px the first layers shrink a picture fourfold before they look at it, which would leave 8 of 32 px. Here the
    first convolution has stride 1 and, where it was 7 x 7, the middle 3 x 3 of it; the pooling after it is gone.

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


def pretrained_weights(name: str, source: str) -> Weights:
    """Weights for the torchvision network `name`.

    Args:
        name: its name in `torchvision.models`.
        source: `torchvision` to fetch its ImageNet weights, or the path of a file of such weights.

    Raises:
        NoWeights: they can't be fetched, there is no such file, or it holds something else.
    """
    from models_zoo.networks._torchvision import torchvision

    try:
        with torch.device("meta"):  # only names and shapes: enough to refuse what does not fit
            network = torchvision.models.get_model(name, weights=None)
        if source == "torchvision":
            state = torchvision.models.get_model_weights(name).DEFAULT.get_state_dict(check_hash=True)
        elif not Path(source).exists():
            raise FileNotFoundError("there is no such file")
        elif Path(source).suffix == ".safetensors":
            state = load_file(source)
        else:
            # torchvision's own files; `weights_only` reads tensors and nothing that could run.
            state = torch.load(source, map_location="cpu", weights_only=True)
        state = {OLD_DENSENET.sub(r"\1\2", key): tensor for key, tensor in state.items()}
        network.load_state_dict(state, assign=True)
    except Exception as error:  # no network, no file or a wrong one, each told in ways of its own
        # torch names every tensor that does not fit: the first of them will do.
        raise NoWeights(shorten(str(error), 200, placeholder=" ...") or type(error).__name__) from error
    log.info("%s starts from the pretrained weights of %s.", name, source)
    return state


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
