"""The data of a run: base pictures and collected ones as whole tensors, checked against what the network takes."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from models_zoo.data.base_data import BaseData
from models_zoo.networks.catalogue import accepted, accepts
from models_zoo.networks.predict import channels_first

LabelledImages = tuple[np.ndarray, np.ndarray]
"""Images, uint8 [n, 28, 28] or [n, side, side, 3], and labels, int64 [n]."""


class RunDataError(Exception):
    """Arrays that cannot be trained or measured on. The message is one sentence for the person who gave them."""


@dataclass(frozen=True)
class TrainingData:
    """Everything on one device: a step takes its batch by index, with no loading and no per-picture Python."""

    images: torch.Tensor
    """uint8 [n, channels, height, width]: the base pictures first, then the collected ones."""
    labels: torch.Tensor
    """int64 [n]"""
    base_count: int
    dev: dict[str, LabelledImages]
    """`base` and `collected`, whichever there are."""
    sha256: str
    """Over all of the above and the manifest."""

    @property
    def collected_count(self) -> int:
        return len(self.labels) - self.base_count


def read_training_data(
    folder: Path, base: BaseData | None, *, architecture: str, classes: int, device: torch.device
) -> TrainingData:
    """The base set, if one is given, and what a run's folder holds in `data`.

    Raises:
        RunDataError: there is nothing to train on, labels are of one class or not among the `classes`, or a file is
            missing, damaged or of another type or shape than the architecture takes.
    """
    digest = hashlib.sha256()
    found: dict[str, dict[str, LabelledImages]] = {"train": {}, "dev": {}}
    if base is not None:
        found["train"]["base"] = base.train_images, base.train_labels
        found["dev"]["base"] = base.dev_images, base.dev_labels
        digest.update(base.sha256.encode())
    for part, sets in found.items():
        if collected := _read_part(folder / "data", part, digest):
            sets["collected"] = collected
    if (manifest := folder / "data" / "manifest.json").exists():
        digest.update(manifest.read_bytes())

    train, dev = (_usable(part, sets, architecture, classes) for part, sets in found.items())
    images, labels = [images for images, _ in train.values()], [labels for _, labels in train.values()]
    _check_sizes([*images, *(dev_images for dev_images, _ in dev.values())])
    _check_classes(labels)
    return TrainingData(
        images=channels_first(torch.from_numpy(np.concatenate(images) if len(images) > 1 else images[0])).to(device),
        labels=torch.from_numpy(np.concatenate(labels)).to(device),
        base_count=len(train["base"][1]) if "base" in train else 0,
        dev=dev,
        sha256=digest.hexdigest(),
    )


def read_test_set(folder: Path, *, architecture: str, classes: int) -> LabelledImages | None:
    """The pictures of `test_images.npy` and the labels of `test_labels.npy` in a folder; None if there are none.

    Raises:
        RunDataError: such a network can't be measured on them.
    """
    found = _read_part(folder, "test", hashlib.sha256())
    return _usable("test", {"": found}, architecture, classes).get("") if found else None


def _read_part(folder: Path, part: str, digest: "hashlib._Hash") -> LabelledImages | None:
    paths = folder / f"{part}_images.npy", folder / f"{part}_labels.npy"
    there = [path for path in paths if path.exists()]
    if not there:
        return None
    if len(there) == 1:
        raise RunDataError(f"{folder} has {there[0].name} alone: put pictures and labels there, or neither.")
    images, labels = (_read_array(path, digest) for path in paths)
    if len(images) != len(labels):
        raise RunDataError(f"There are {len(images)} {part} pictures but {len(labels)} labels: save both again.")
    return images, labels


def _read_array(path: Path, digest: "hashlib._Hash") -> np.ndarray:
    digest.update(path.read_bytes())
    try:
        with path.open("rb") as file:
            return np.atleast_1d(np.lib.format.read_array(file, allow_pickle=False))
    except Exception as error:  # numpy raises errors of many types for a damaged file
        raise RunDataError(f"{path} can't be read as an array: save it again with numpy.save.") from error


def _usable(part: str, sets: dict[str, LabelledImages], architecture: str, classes: int) -> dict[str, LabelledImages]:
    """The sets of a part that are not empty, checked, with labels as int64."""
    usable = {}
    for name, (images, labels) in sets.items():
        if len(labels):
            _check_pictures(f"{name} {part}".strip(), images, architecture)
            _check_labels(f"{name} {part}".strip(), labels, classes)
            usable[name] = images, labels.astype(np.int64, copy=False)
    return usable


def _check_pictures(title: str, images: np.ndarray, architecture: str) -> None:
    if images.dtype != np.uint8:
        raise RunDataError(f"The {title} pictures are {images.dtype}: save them as uint8, 0 to 255.")
    if not accepts(architecture, images.shape):
        raise RunDataError(
            f"The {title} pictures have the shape {list(images.shape)}, but {architecture} takes "
            f"{accepted(architecture)}: save them so, or choose another architecture."
        )


def _check_labels(title: str, labels: np.ndarray, classes: int) -> None:
    if labels.dtype.kind not in "iu" or labels.ndim != 1:
        raise RunDataError(f"The {title} labels are {labels.dtype} {list(labels.shape)}: save them as int64 [n].")
    for label in (labels.min(), labels.max()):
        if not 0 <= label < classes:
            raise RunDataError(
                f"The {title} set has the label {label}, but the model knows 0 to {classes - 1}: correct the "
                "label, or raise classes."
            )


def _check_sizes(pictures: list[np.ndarray]) -> None:
    sizes = sorted({images.shape[1:] for images in pictures})
    if len(sizes) > 1:
        raise RunDataError(f"There are pictures of {' and '.join(map(str, sizes))}: save all with the same size.")


def _check_classes(labels: list[np.ndarray]) -> None:
    if not labels:
        raise RunDataError("The training set is empty: collect examples first, or replay base data.")
    present = np.unique(np.concatenate(labels))
    if len(present) == 1:
        raise RunDataError(f"The training set has only the label {present[0]}: it needs at least two to tell apart.")
