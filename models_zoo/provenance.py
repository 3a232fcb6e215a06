"""What decides a run's weights beside its config: written down when it begins, kept to when it goes on."""

import logging
import platform
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch

from models_zoo.config import Config
from models_zoo.files import read_json, write_json
from models_zoo.resume import Checkpoint
from models_zoo.training_data import TrainingFailed

log = logging.getLogger(__name__)

CLAIM = "config.json"
TITLES = {
    "data_sha256": "the training data's hash",
    "parent_weights_hash": "the parent's weights hash",
    "parent_trained_hash": "the hash of the parent's weights before averaging",
    "pretrained_sha256": "the pretrained weights' hash",
    "threads": "the number of threads",
    "device": "the device",
}


def claimed(folder: Path, config: Config, data_sha256: str, checkpoint: Checkpoint) -> dict[str, Any]:
    """What the folder's run was claimed with; empty when there is none yet.

    The checkpoint's word comes first: it may have been brought from another machine.

    Raises:
        TrainingFailed: it is a run with another config or other data.
    """
    path = folder / CLAIM
    there = checkpoint.claim() or (read_json(path) if path.exists() else {})
    if there and (Config.from_json(there["config"]), there["data_sha256"]) != (config, data_sha256):
        raise TrainingFailed(f"{folder} holds a run with another config or other data: use a new folder.")
    return there


def claim(folder: Path, now: dict[str, Any], there: dict[str, Any], *, epochs_done: int) -> dict[str, Any]:
    """Write down in `folder` what decides its run's weights, and return it.

    Args:
        now: config, the hashes of data, parent and pretrained weights, and `surroundings`.
        there: what the run was claimed with, if it was; claims that earlier versions wrote lack most of it.
        epochs_done: those that it goes on from. Device and versions are those of the first epoch; others that the run
            went on with are logged, and listed in `resumed_with`.

    Raises:
        TrainingFailed: the parent is not the one that the run began from.
    """
    for name in ("parent_weights_hash", "parent_trained_hash"):
        if there.get(name, now[name]) != now[name]:
            raise TrainingFailed(
                f"The run in {folder} began from another parent: bring back the one that it had, or use a new folder."
            )
    made = {**now, "resumed_with": []}
    if epochs_done:
        made |= there
        here = {name: now[name] for name in ("device", "versions")}
        changes = differences([made, *made["resumed_with"]][-1], here)
        if changes:
            log.warning("The run in %s goes on, but its weights may differ: %s.", folder, "; ".join(changes))
            made["resumed_with"] = [*made["resumed_with"], {"after_epoch": epochs_done, **here}]
    write_json(folder / CLAIM, made)
    return made


def surroundings(device: torch.device) -> dict[str, Any]:
    """Device, threads and versions, as they are now."""
    return {
        "device": str(device),
        "threads": torch.get_num_threads(),
        "versions": {
            "python": platform.python_version(),
            "torch": str(torch.__version__),
            "numpy": np.__version__,
        },
    }


def differences(then: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """Phrases that name each thing that both tell and that is no longer the same."""
    pairs = {title: (then[name], now[name]) for name, title in TITLES.items() if name in then and name in now}
    pairs |= {name: (version, now["versions"].get(name)) for name, version in then["versions"].items()}
    return [f"{title} was {old or 'none'}, is {new or 'none'}" for title, (old, new) in pairs.items() if old != new]
