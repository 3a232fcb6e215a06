"""A frozen training set as the arrays that `models_zoo` reads."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from models_zoo.data.images import to_array
from models_zoo.files import write_array, write_bytes
from rounds.models import Drawing, Round, Task, TrainingSet, TrainingSetItem

from .freeze import manifest_hash, manifest_lines

Arrays = tuple[np.ndarray, np.ndarray]
"""Images, uint8 [n, side, side], ink bright on black; label indices, int64 [n]."""

BATCH = 500


class ManifestChanged(Exception):
    """What is in the database is not what was frozen. The message is a sentence for an admin."""


def training_set_items(training_set: TrainingSet) -> list[TrainingSetItem]:
    return list(training_set.items.select_related("example").order_by("example_id"))


def write_training_set(training_set: TrainingSet, folder: Path) -> None:
    """Writes `train_images.npy`, `train_labels.npy`, the same for `dev` if there is any, and `manifest.json`.

    Raises ManifestChanged when the examples no longer hash to what was frozen: nothing is trained on altered data.
    """
    items = training_set_items(training_set)
    if manifest_hash(items) != training_set.manifest_hash:
        raise ManifestChanged(
            "Examples of this training set were altered after the freeze. Start the training again to freeze anew."
        )
    for split in (TrainingSetItem.Split.TRAIN, TrainingSetItem.Split.DEV):
        images, labels = to_arrays([item for item in items if item.split == split], training_set.round.task)
        if len(labels):
            write_array(folder / f"{split}_images.npy", images)
            write_array(folder / f"{split}_labels.npy", labels)
    write_bytes(folder / "manifest.json", ("[\n" + ",\n".join(manifest_lines(items)) + "\n]\n").encode())


def split_arrays(training_set: TrainingSet, split: str, *, only_round: Round | None = None) -> Arrays:
    """The arrays of one split; with `only_round`, of the examples collected in that round only."""
    items = training_set.items.select_related("example").filter(split=split).order_by("example_id")
    if only_round:
        items = items.filter(example__round=only_round)
    return to_arrays(list(items), training_set.round.task)


def to_arrays(items: Sequence[TrainingSetItem], task: Task) -> Arrays:
    """The drawings of `items` in their order, decoded by the function that decoded them for scoring.

    Raises ManifestChanged for a drawing whose bytes are not those that its hash was taken of.
    """
    side = task.input_size
    images = np.zeros((len(items), side, side), dtype=np.uint8)
    for start in range(0, len(items), BATCH):
        batch = items[start : start + BATCH]
        pngs = Drawing.objects.in_bulk({item.example.drawing_id for item in batch})
        for index, item in enumerate(batch, start):
            images[index] = to_array(_unaltered_png(pngs[item.example.drawing_id]), size=side)
    labels = np.array([task.labels.index(item.example.label) for item in items], dtype=np.int64)
    return images, labels


def _unaltered_png(drawing: Drawing) -> bytes:
    png = bytes(drawing.png)
    if hashlib.sha256(png).hexdigest() != drawing.sha256:
        raise ManifestChanged(
            f"The drawing {drawing} no longer matches its hash: the stored bytes were altered. "
            "Restore the table of drawings from a backup, then start the training again."
        )
    return png
