"""What decides a run's weights beside its config: written down when it begins, kept to when it goes on."""

import logging
import platform
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch

from models_zoo.data.run_data import TrainingFailed
from models_zoo.files import read_json, write_json
from models_zoo.networks.architectures import FOR_PHOTOGRAPHS
from models_zoo.training.config import Config
from models_zoo.training.resume import Checkpoint

log = logging.getLogger(__name__)

CLAIM = "config.json"
TITLES = {
    "data_sha256": "the training data's hash",
    "parent_weights_hash": "the parent's weights hash",
    "parent_trained_hash": "the hash of the parent's weights before averaging",
    "pretrained_sha256": "the pretrained weights' hash",
    "threads": "the number of threads",
    "device": "the device",
    "cpu": "the CPU's capability",
}
HERE = ("device", "cpu", "versions")
"""What may change when a run goes on elsewhere."""


def claimed(folder: Path, config: Config, data_sha256: str, checkpoint: Checkpoint) -> dict[str, Any]:
    """What the folder's run was claimed with; empty when there is none yet.

    The checkpoint's word comes first: it may have been brought from another machine.

    Raises:
        TrainingFailed: it is a run with another config or other data, or its `config.json` is damaged.
    """
    there = checkpoint.claim() or _read(folder / CLAIM)
    if not there:
        return {}
    changes = _changes(Config.from_json(there["config"]).to_json(), config.to_json())
    if there["data_sha256"] != data_sha256:
        changes.append("the training data is not the same")
    if changes:
        raise TrainingFailed(
            f"{folder} holds a run with another config or other data ({'; '.join(changes)}): use a new folder."
        )
    return there


def _read(path: Path) -> dict[str, Any]:
    try:
        claim: dict[str, Any] = read_json(path)
    except FileNotFoundError:
        return {}
    except ValueError as error:
        raise TrainingFailed(f"{path} is damaged: use a new folder, or bring the file back as it was.") from error
    if not isinstance(claim, dict) or not {"config", "data_sha256"} <= claim.keys():
        raise TrainingFailed(f"{path} is not a run's: use a new folder, or bring the file back as it was.")
    return claim


def _changes(then: Mapping[str, Any], now: Mapping[str, Any], inside: str = "") -> list[str]:
    """Phrases that name each field of two configs as JSON that differs, such as "lr was 0.1, is 0.05"."""
    phrases = []
    for name in {**then, **now}:
        old, new = then.get(name), now.get(name)
        if isinstance(old, Mapping) and isinstance(new, Mapping) and old.get("name") == new.get("name"):
            phrases += _changes(old, new, f"{name}.")
        elif old != new:
            phrases.append(f"{inside}{name} was {_short(old)}, is {_short(new)}")
    return phrases


def _short(value: Any) -> str:
    """A recipe by its name alone; its fields are no other recipe's."""
    if isinstance(value, Mapping):
        return str(value.get("name", "set"))
    return "none" if value in (None, "") else str(value)


def claim(folder: Path, now: dict[str, Any], there: dict[str, Any], *, epochs_done: int) -> dict[str, Any]:
    """Write down in `folder` what decides its run's weights, and return it.

    Args:
        now: config, the hashes of data, parent and pretrained weights, `first_weights` and `surroundings`.
        there: what the run was claimed with, if it was; claims that earlier versions wrote lack most of it.
        epochs_done: those that it goes on from. Device, CPU and versions are those of the first epoch; others that the
            run went on with are logged, and listed in `resumed_with`.

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
        for name in {"cpu", "first_weights"} - there.keys():  # an earlier version began it: they are not known
            del made[name]
        here = {name: now[name] for name in HERE}
        changes = differences([made, *made["resumed_with"]][-1], here)
        if changes:
            log.warning("The run in %s goes on, but its weights may differ: %s.", folder, "; ".join(changes))
            made["resumed_with"] = [*made["resumed_with"], {"after_epoch": epochs_done, **here}]
    write_json(folder / CLAIM, made)
    return made


def surroundings(device: torch.device, architecture: str) -> dict[str, Any]:
    """Device, threads, versions and which of the CPU's vector instructions torch uses (such as AVX2), as they are now.

    torchvision's version is among them where the network comes from it.
    """
    versions = {"python": platform.python_version(), "torch": str(torch.__version__), "numpy": np.__version__}
    if architecture in FOR_PHOTOGRAPHS:
        from models_zoo.networks._torchvision import torchvision

        versions["torchvision"] = str(torchvision.__version__)
    return {
        "device": str(device),
        "cpu": torch.backends.cpu.get_cpu_capability(),
        "threads": torch.get_num_threads(),
        "versions": versions,
    }


def differences(then: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """Phrases that name each thing that both tell and that is no longer the same."""
    pairs = {title: (then[name], now[name]) for name, title in TITLES.items() if name in then and name in now}
    pairs |= {name: (version, now["versions"].get(name)) for name, version in then["versions"].items()}
    return [f"{title} was {old or 'none'}, is {new or 'none'}" for title, (old, new) in pairs.items() if old != new]
