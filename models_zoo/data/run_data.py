"""What a run reads: base digits and collected drawings as whole tensors, and which of them each epoch shows."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from models_zoo.data.mnist import BaseData
from models_zoo.networks.architectures import accepted, accepts
from models_zoo.networks.predict import first_channels
from models_zoo.training.config import Config

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
        TrainingFailed: there is nothing to train on, an epoch would show no picture, labels are of one class or outside
            the config's classes, the base set is missing, a file is missing, damaged or of another type or shape than
            the architecture takes, or the config chooses by dev accuracy and there is no dev set.
    """
    digest = hashlib.sha256()
    found: dict[str, dict[str, Pictures]] = {"train": {}, "dev": {}}
    if config.base_replay != 0:
        if base is None:
            raise TrainingFailed("The base set is missing: fetch it (ensure_mnist), or set base_replay to 0.")
        found["train"]["base"] = base.train_images, base.train_labels
        found["dev"]["base"] = base.dev_images, base.dev_labels
        digest.update(base.sha256.encode())
    for part, sets in found.items():
        if collected := _read_part(folder / "data", part, digest):
            sets["collected"] = collected
    if (manifest := folder / "data" / "manifest.json").exists():
        digest.update(manifest.read_bytes())

    train, dev = (_usable(part, sets, config) for part, sets in found.items())
    images, labels = [images for images, _ in train.values()], [labels for _, labels in train.values()]
    _check_sizes([*images, *(held_back for held_back, _ in dev.values())])
    _check_classes(labels)
    if not dev and (config.patience or config.schedule == "plateau"):
        raise TrainingFailed("There is no dev set to choose by: set patience to 0 and another schedule, or freeze one.")
    data = TrainingData(
        images=first_channels(torch.from_numpy(np.concatenate(images) if len(images) > 1 else images[0])).to(device),
        labels=torch.from_numpy(np.concatenate(labels)).to(device),
        base_count=len(train["base"][1]) if "base" in train else 0,
        dev=dev,
        sha256=digest.hexdigest(),
    )
    if not epoch_length(data, config):
        raise TrainingFailed("An epoch would show no picture: raise collected_weight or base_replay.")
    return data


def read_test(folder: Path, config: Config) -> Pictures | None:
    """The pictures of `test_images.npy` and the labels of `test_labels.npy` in a folder; None if there are none.

    Raises:
        TrainingFailed: the config's network can't be measured on them.
    """
    found = _read_part(folder, "test", hashlib.sha256())
    return _usable("test", {"": found}, config).get("") if found else None


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
    paths = folder / f"{part}_images.npy", folder / f"{part}_labels.npy"
    there = [path for path in paths if path.exists()]
    if not there:
        return None
    if len(there) == 1:
        raise TrainingFailed(f"{folder} has {there[0].name} alone: put pictures and labels there, or neither.")
    images, labels = (_read_array(path, digest) for path in paths)
    if len(images) != len(labels):
        raise TrainingFailed(f"There are {len(images)} {part} pictures but {len(labels)} labels: freeze anew.")
    return images, labels


def _read_array(path: Path, digest: "hashlib._Hash") -> np.ndarray:
    digest.update(path.read_bytes())
    try:
        with path.open("rb") as file:
            return np.atleast_1d(np.lib.format.read_array(file, allow_pickle=False))
    except Exception as error:  # numpy tells of damage in many ways
        raise TrainingFailed(f"{path} can't be read as an array: save it again with numpy.save.") from error


def _usable(part: str, sets: dict[str, Pictures], config: Config) -> dict[str, Pictures]:
    """Those of a part that are not empty, labels as int64, once it is sure that the config's network takes them."""
    usable = {}
    for name, (images, labels) in sets.items():
        if len(labels):
            _check_pictures(f"{name} {part}".strip(), images, config)
            _check_labels(f"{name} {part}".strip(), labels, config)
            usable[name] = images, labels.astype(np.int64, copy=False)
    return usable


def _check_pictures(title: str, images: np.ndarray, config: Config) -> None:
    if images.dtype != np.uint8:
        raise TrainingFailed(f"The {title} pictures are {images.dtype}: save them as uint8, 0 to 255.")
    if not accepts(config.architecture, images.shape):
        raise TrainingFailed(
            f"The {title} pictures have the shape {list(images.shape)}, but {config.architecture} takes "
            f"{accepted(config.architecture)}: save them so, or choose another architecture."
        )


def _check_labels(title: str, labels: np.ndarray, config: Config) -> None:
    if labels.dtype.kind not in "iu" or labels.ndim != 1:
        raise TrainingFailed(f"The {title} labels are {labels.dtype} {list(labels.shape)}: save them as int64 [n].")
    for label in (labels.min(), labels.max()):
        if not 0 <= label < config.classes:
            raise TrainingFailed(
                f"The {title} set has the label {label}, but the model knows 0 to {config.classes - 1}: correct the "
                "label, or raise classes."
            )


def _check_sizes(pictures: list[np.ndarray]) -> None:
    sizes = sorted({images.shape[1:] for images in pictures})
    if len(sizes) > 1:
        raise TrainingFailed(f"There are pictures of {' and '.join(map(str, sizes))}: save all with the same size.")


def _check_classes(labels: list[np.ndarray]) -> None:
    if not labels:
        raise TrainingFailed("The training set is empty: collect examples first, or replay base data.")
    present = np.unique(np.concatenate(labels))
    if len(present) == 1:
        raise TrainingFailed(f"The training set has only the label {present[0]}: it needs at least two to tell apart.")
