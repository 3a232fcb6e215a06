"""Where a run starts: from its parent's weights, from pretrained ones, or from scratch."""

import logging
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn

from models_zoo.networks.architectures import build
from models_zoo.networks.checkpoints import load_meta, load_trained, weights_hash
from models_zoo.networks.pretrained import NoWeights, Weights, pretrained_weights
from models_zoo.training.config import Config
from models_zoo.training.progress import TrainingFailed

log = logging.getLogger(__name__)

PARENT = "parent"
"""The parent's folder, in the run's own."""


@dataclass(frozen=True)
class Start:
    """The network before its first step."""

    model: nn.Module
    first_weights: str
    """Where its weights come from, in words."""
    parent_weights_hash: str | None = None
    parent_trained_hash: str | None = None
    pretrained_sha256: str | None = None
    missing: str = ""
    """Why it has not the pretrained weights that the config names; empty if it has them or needs none."""

    def provenance(self) -> dict[str, str | None]:
        """What of it is written down with the model."""
        return {
            "first_weights": self.first_weights,
            "parent_weights_hash": self.parent_weights_hash,
            "parent_trained_hash": self.parent_trained_hash,
            "pretrained_sha256": self.pretrained_sha256,
        }


def start(folder: Path, config: Config) -> Start:
    """The network that a run's first step changes; from scratch where pretrained weights are missing.

    Raises:
        TrainingFailed: there is no parent, or it is of another architecture or number of classes.
        CheckpointError: the parent's files are damaged.
    """
    if config.warm_start:
        return _from_parent(folder / PARENT, config)
    pretrained, missing = _pretrained(config)
    torch.manual_seed(config.seed)
    model = build(config.architecture, classes=config.classes, pretrained=pretrained)
    if pretrained:
        return Start(model, f"pretrained, {config.pretrained}", pretrained_sha256=weights_hash(pretrained))
    why = f" (wanted torchvision's weights: {missing})" if missing else ""
    return Start(model, f"from scratch{why}", missing=missing)


def _from_parent(folder: Path, config: Config) -> Start:
    if not folder.is_dir():
        raise TrainingFailed("There is no parent to start from: put its files into the folder parent, or start anew.")
    parent = load_meta(folder)
    if (parent["architecture"], parent["classes"]) != (config.architecture, config.classes):
        raise TrainingFailed(
            f"The parent is a {parent['architecture']} for {parent['classes']} labels, not a {config.architecture} for "
            f"{config.classes}: start from scratch instead."
        )
    return Start(
        load_trained(folder),
        "the parent's",
        parent_weights_hash=parent["weights_hash"],
        parent_trained_hash=parent.get("trained_hash"),
    )


def _pretrained(config: Config) -> tuple[Weights | None, str]:
    """The weights that the config names; where they are not available, None and the reason."""
    try:
        return (pretrained_weights(config.architecture, config.pretrained) if config.pretrained else None), ""
    except NoWeights as error:
        return None, str(error)


def refuse_missing_file(config: Config, why: str) -> None:
    """A run may start from scratch where torchvision's weights can't be fetched, but not where a named file is missing.

    Raises:
        TrainingFailed: a file was named.
    """
    if config.pretrained != "torchvision":
        raise TrainingFailed(
            f"There are no weights for {config.architecture} in {config.pretrained} ({why}): correct the path, or "
            "leave pretrained empty to start from scratch."
        )
    log.warning("%s starts from scratch: torchvision's weights can't be had (%s).", config.architecture, why)
