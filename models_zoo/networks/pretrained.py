"""ImageNet weights for torchvision's networks, fetched or read from a file."""

import logging
import re
from collections.abc import Mapping
from pathlib import Path
from textwrap import shorten

import torch
from safetensors.torch import load_file

log = logging.getLogger(__name__)

Weights = Mapping[str, torch.Tensor]

# Files of densenets were written when a layer's parts were called `norm.1`, which torch no longer allows.
OLD_DENSENET = re.compile(r"(denselayer\d+\.(?:norm|conv))\.([12]\.)")


class NoWeights(Exception):
    """Pretrained weights that are not available. The message is the reason."""


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
        state = {OLD_DENSENET.sub(r"\1\2", key): tensor for key, tensor in _read(name, source).items()}
        network.load_state_dict(state, assign=True)
    except Exception as error:  # no network, no file or a wrong one: each raises errors of other types
        # torch names every tensor that does not fit: the first of them will do.
        raise NoWeights(shorten(str(error), 200, placeholder=" ...") or type(error).__name__) from error
    log.info("%s starts from the pretrained weights of %s.", name, source)
    return state


def _read(name: str, source: str) -> Weights:
    from models_zoo.networks._torchvision import torchvision

    if source == "torchvision":
        fetched: Weights = torchvision.models.get_model_weights(name).DEFAULT.get_state_dict(check_hash=True)
        return fetched
    if not Path(source).exists():
        raise FileNotFoundError("there is no such file")
    if Path(source).suffix == ".safetensors":
        return load_file(source)
    # torchvision's own files; `weights_only` reads tensors and nothing that could run.
    loaded: Weights = torch.load(source, map_location="cpu", weights_only=True)
    return loaded
