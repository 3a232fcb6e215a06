"""What decides a run's weights besides its seed: written into `config.json` when it begins, checked when it resumes.

The same JSON object goes into each checkpoint, so that a run can resume on another machine, and into `model.json`.
"""

import logging
import platform
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch

from models_zoo.files import read_json, write_json
from models_zoo.networks.catalogue import FOR_PHOTOGRAPHS
from models_zoo.training.config import Config
from models_zoo.training.progress import TrainingFailed
from models_zoo.training.resume import Checkpoint

log = logging.getLogger(__name__)

CONFIG_FILE = "config.json"
TITLES = {
    "data_sha256": "the training data's hash",
    "parent_weights_hash": "the parent's weights hash",
    "parent_trained_hash": "the hash of the parent's weights before averaging",
    "pretrained_sha256": "the pretrained weights' hash",
    "threads": "the number of threads",
    "device": "the device",
    "cpu": "the CPU's capability",
}
MAY_CHANGE = ("device", "cpu", "versions")
"""What a run may resume with though it began with another."""


def read(folder: Path, config: Config, data_sha256: str, checkpoint: Checkpoint) -> dict[str, Any]:
    """The provenance that the folder's run began with; empty when none has begun.

    The checkpoint's comes before that of `config.json`: it may have been brought from another machine.

    Raises:
        TrainingFailed: it is a run with another config or other data, or its `config.json` is damaged.
    """
    stored = checkpoint.provenance() or _read_file(folder / CONFIG_FILE)
    if not stored:
        return {}
    changes = _changes(Config.from_json(stored["config"]).to_json(), config.to_json())
    if stored["data_sha256"] != data_sha256:
        changes.append("the training data is not the same")
    if changes:
        raise TrainingFailed(
            f"{folder} holds a run with another config or other data ({'; '.join(changes)}): use a new folder."
        )
    return stored


def _read_file(path: Path) -> dict[str, Any]:
    try:
        stored: dict[str, Any] = read_json(path)
    except FileNotFoundError:
        return {}
    except ValueError as error:
        raise TrainingFailed(f"{path} is damaged: use a new folder, or bring the file back as it was.") from error
    if not isinstance(stored, dict) or not {"config", "data_sha256"} <= stored.keys():
        raise TrainingFailed(f"{path} is not a run's: use a new folder, or bring the file back as it was.")
    return stored


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


def write(folder: Path, now: dict[str, Any], stored: dict[str, Any], *, epochs_done: int) -> dict[str, Any]:
    """Write the provenance of a run that begins or resumes into `folder`, and return it.

    Args:
        now: config, the hashes of data, parent and pretrained weights, `first_weights` and `environment`.
        stored: what `read` gave; written by an earlier version of the code it lacks most of them.
        epochs_done: those that the run resumes after. Device, CPU and versions stay those of the first epoch; others
            that the run resumes with are logged, and listed in `resumed_with`.

    Raises:
        TrainingFailed: the parent is not the one that the run began from.
    """
    for name in ("parent_weights_hash", "parent_trained_hash"):
        if stored.get(name, now[name]) != now[name]:
            raise TrainingFailed(
                f"The run in {folder} began from another parent: bring back the one that it had, or use a new folder."
            )
    provenance = {**now, "resumed_with": []}
    if epochs_done:
        provenance |= stored
        for name in {"cpu", "first_weights"} - stored.keys():  # an earlier version began the run: they are not known
            del provenance[name]
        here = {name: now[name] for name in MAY_CHANGE}
        changes = differences([provenance, *provenance["resumed_with"]][-1], here)
        if changes:
            log.warning("The run in %s goes on, but its weights may differ: %s.", folder, "; ".join(changes))
            provenance["resumed_with"] = [*provenance["resumed_with"], {"after_epoch": epochs_done, **here}]
    write_json(folder / CONFIG_FILE, provenance)
    return provenance


def environment(device: torch.device, architecture: str) -> dict[str, Any]:
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
    """Phrases that name each thing that both contain and that is no longer the same."""
    pairs = {title: (then[name], now[name]) for name, title in TITLES.items() if name in then and name in now}
    pairs |= {name: (version, now["versions"].get(name)) for name, version in then["versions"].items()}
    return [f"{title} was {old or 'none'}, is {new or 'none'}" for title, (old, new) in pairs.items() if old != new]
