"""The average of a model's weights with its parent's, over a chain of warm starts (`Config.parent_share`)."""

from pathlib import Path

from torch import nn

from models_zoo.networks.checkpoints import load_meta
from models_zoo.training.config import Config


def count_and_parent_share(parent: Path, config: Config) -> tuple[int, float]:
    """How many warm starts in a chain the weights average over, and the parent's share in them, 0 to 1.

    Polynomial-decay averaging (Shamir and Zhang 2013); 0 and 0.0 where the config averages nothing.

    Args:
        parent: its folder; read only where the config averages.
    """
    if not config.warm_start or not config.parent_share:
        return 0, 0.0
    before = int(load_meta(parent).get("averaged", 0))
    return before + 1, min(config.parent_share, before / (before + 4))


def move_weights_towards(model: nn.Module, other: nn.Module, share: float) -> None:
    """Move all weights and batch statistics of the model towards the other's by a share of the way, in place."""
    target = other.state_dict()
    for name, tensor in model.state_dict().items():
        if tensor.is_floating_point():
            tensor.lerp_(target[name].to(tensor.device), share)
