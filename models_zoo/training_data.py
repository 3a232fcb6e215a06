"""What a run reads: base digits and collected drawings as whole tensors, and which of them each epoch shows."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from models_zoo.base_data import BaseData
from models_zoo.config import Config
from models_zoo.evaluate import first_channels

Pictures = tuple[np.ndarray, np.ndarray]


class TrainingFailed(Exception):
    """The run cannot give a model. The message is one sentence for the person who started it."""


@dataclass(frozen=True)
class TrainingData:
    """Everything on one device: a step takes its batch by index, with no loading and no per-picture Python."""

    images: torch.Tensor
    """uint8 [n, channels, height, width]: the base pictures first, then the collected ones."""
    labels: torch.Tensor
    """int64 [n]"""
    base_count: int
    dev: dict[str, Pictures]
    """`base` and `collected`, whichever there are: uint8 pictures and int64 labels."""
    sha256: str
    """Over all of the above and the manifest."""

    @property
    def collected_count(self) -> int:
        return len(self.labels) - self.base_count


def read(folder: Path, config: Config, base: BaseData | None, device: torch.device) -> TrainingData:
    """The data of a run's folder, with the base set before it when the config replays any.

    Raises:
        TrainingFailed: there is nothing to train on, labels are of one class or outside the config's classes, the
            base set is missing, pictures and labels are not equally many, or the config chooses by dev accuracy and
            there is no dev set.
    """
    digest = hashlib.sha256()
    parts: list[Pictures] = []
    dev: dict[str, Pictures] = {}
    if config.base_replay != 0:
        if base is None:
            raise TrainingFailed("The base set is missing: fetch it (ensure_mnist), or set base_replay to 0.")
        parts.append((base.train_images, base.train_labels))
        dev["base"] = (base.dev_images, base.dev_labels)
        digest.update(base.sha256.encode())
    base_count = sum(len(labels) for _, labels in parts)
    if collected := _read_part(folder / "data", "train", digest):
        parts.append(collected)
    if held_back := _read_part(folder / "data", "dev", digest):
        dev["collected"] = held_back
    if (manifest := folder / "data" / "manifest.json").exists():
        digest.update(manifest.read_bytes())

    labels = np.concatenate([labels for _, labels in parts]) if parts else np.zeros(0, dtype=np.int64)
    _check_labels(labels, config.classes)
    images = np.concatenate([images for images, _ in parts]) if len(parts) > 1 else parts[0][0]
    dev = {name: pictures for name, pictures in dev.items() if len(pictures[1])}
    if not dev and (config.patience or config.schedule == "plateau"):
        raise TrainingFailed("There is no dev set to choose by: set patience to 0 and another schedule, or freeze one.")
    return TrainingData(
        images=first_channels(torch.from_numpy(images)).to(device),
        labels=torch.from_numpy(labels).to(device),
        base_count=base_count,
        dev=dev,
        sha256=digest.hexdigest(),
    )


def epoch_length(data: TrainingData, config: Config) -> int:
    """Pictures shown in one epoch."""
    return sum(_shown(data, config))


def _shown(data: TrainingData, config: Config) -> tuple[int, int]:
    """How many base pictures one epoch shows, and how often it shows a collected one."""
    base = data.base_count if config.base_replay is None else min(config.base_replay, data.base_count)
    collected = round(config.collected_weight * data.collected_count)
    if base and config.collected_share < 1:
        collected = min(collected, round(base * config.collected_share / (1 - config.collected_share)))
    return base, collected


def epoch_order(data: TrainingData, config: Config, random: torch.Generator) -> torch.Tensor:
    """Which pictures an epoch shows, shuffled: int64 [epoch_length], indices into the data's pictures."""

    def shuffled(count: int) -> torch.Tensor:
        return torch.randperm(count, generator=random, device=random.device)

    base_shown, collected_shown = _shown(data, config)
    base = shuffled(data.base_count)[:base_shown]
    times, rest = divmod(collected_shown, max(1, data.collected_count))
    once_more = shuffled(data.collected_count)[:rest]
    collected = torch.cat([torch.arange(data.collected_count, device=random.device).repeat(times), once_more])
    order = torch.cat([base, collected + data.base_count])
    return order[shuffled(len(order))]


def _read_part(folder: Path, part: str, digest: "hashlib._Hash") -> Pictures | None:
    images, labels = folder / f"{part}_images.npy", folder / f"{part}_labels.npy"
    if not images.exists():
        return None
    digest.update(images.read_bytes())
    digest.update(labels.read_bytes())
    pictures = np.load(images, allow_pickle=False), np.load(labels, allow_pickle=False)
    if len(pictures[0]) != len(pictures[1]):
        raise TrainingFailed(
            f"There are {len(pictures[0])} {part} pictures but {len(pictures[1])} labels: freeze anew."
        )
    return pictures


def _check_labels(labels: np.ndarray, classes: int) -> None:
    present = np.unique(labels)
    if not len(present):
        raise TrainingFailed("The training set is empty: collect examples first, or replay base data.")
    if present[0] < 0 or present[-1] >= classes:
        strange = present[0] if present[0] < 0 else present[-1]
        raise TrainingFailed(f"The training set has the label {strange}: the model knows 0 to {classes - 1}.")
    if len(present) == 1:
        raise TrainingFailed(f"The training set has only the label {present[0]}: it needs at least two to tell apart.")
