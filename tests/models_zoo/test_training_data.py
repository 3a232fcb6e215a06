"""Which pictures an epoch shows, and how often; and what is refused before there is any epoch."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from models_zoo.data.run_data import TrainingData
from models_zoo.training.config import Config
from models_zoo.training.epochs import epoch_length, epoch_order
from models_zoo.training.fit import TrainingFailed, fit
from tests.models_zoo.conftest import toys


def shown(base: int, collected: int, **changes) -> torch.Tensor:
    """How often an epoch shows each picture: int64 [base + collected]."""
    data = TrainingData(
        images=torch.zeros(base + collected, 1, 28, 28, dtype=torch.uint8),
        labels=torch.arange(base + collected) % 10,
        base_count=base,
        dev={},
        sha256="",
    )
    config = Config(**changes)
    order = epoch_order(data, config, torch.Generator().manual_seed(0))
    assert len(order) == epoch_length(data, config)
    return order.bincount(minlength=base + collected)


def test_each_base_picture_is_shown_once_and_each_collected_one_by_its_weight():
    counts = shown(60, 10, collected_weight=4.0)
    assert counts[:60].tolist() == [1] * 60
    assert counts[60:].tolist() == [4] * 10


def test_half_a_weight_shows_half_of_the_collected_pictures():
    counts = shown(60, 10, collected_weight=2.5)
    assert sorted(counts[60:].tolist()) == [2] * 5 + [3] * 5


def test_a_replay_shows_so_many_base_pictures_once():
    counts = shown(60, 10, base_replay=25)
    assert sorted(counts[:60].tolist()) == [0] * 35 + [1] * 25


@pytest.mark.parametrize(("collected", "times"), [(5, 8), (10, 4), (20, 2)])
def test_collected_pictures_take_no_more_than_their_share(collected, times):
    counts = shown(60, collected, collected_weight=8.0, collected_share=0.4)
    assert counts[60:].tolist() == [times] * collected
    assert counts[60:].sum() <= 0.4 * counts.sum()


def test_without_base_pictures_there_is_nothing_to_share_with():
    assert shown(0, 10, base_replay=0, collected_weight=3.0, collected_share=0.4).tolist() == [3] * 10


ALONE = Config(epochs=1, base_replay=0, threads=1)
PHOTO = replace(ALONE, architecture="resnet18")


def stored(folder, **arrays):
    """A run's folder with toys to train on, and whatever else is given by its file's name; None takes a file away."""
    (folder / "data").mkdir(parents=True)
    images, labels = toys(20)
    for name, array in {"train_images": images, "train_labels": labels, **arrays}.items():
        if array is not None:
            np.save(folder / "data" / f"{name}.npy", array)
    return folder


IMAGES, LABELS = toys(20)
COLOUR = np.zeros((20, 32, 32, 3), dtype=np.uint8)


@pytest.mark.parametrize(
    ("arrays", "config", "sentence"),
    [
        ({"train_images": IMAGES / 255}, ALONE, "collected train pictures are float64: save them as uint8"),
        ({"train_labels": LABELS / 1}, ALONE, r"collected train labels are float64 \[20\]: save them as int64"),
        ({"train_labels": LABELS > 3}, ALONE, "collected train labels are bool"),
        ({"train_labels": LABELS[:, None]}, ALONE, r"labels are int64 \[20, 1\]: save them as int64 \[n\]"),
        ({"train_images": IMAGES[:, None]}, ALONE, r"shape \[20, 1, 28, 28\], but digit_cnn takes \[n, 28, 28\]"),
        ({"train_images": IMAGES[:, 4:]}, ALONE, r"shape \[20, 24, 28\], but digit_cnn takes"),
        ({"train_images": COLOUR}, ALONE, r"shape \[20, 32, 32, 3\], but digit_cnn takes"),
        ({}, PHOTO, r"shape \[20, 28, 28\], but resnet18 takes \[n, side, side, 3\] with a side of 32 or more"),
        ({"train_images": COLOUR[:, :16, :16]}, PHOTO, "but resnet18 takes"),
        ({"train_images": COLOUR[..., :2]}, PHOTO, "but resnet18 takes"),
        (
            {"train_images": COLOUR, "dev_images": np.zeros((2, 64, 64, 3), np.uint8), "dev_labels": LABELS[:2]},
            PHOTO,
            r"pictures of \(32, 32, 3\) and \(64, 64, 3\): save all with the same size",
        ),
        ({"train_images": np.uint8(3)}, ALONE, "1 train pictures but 20 labels"),
        ({"dev_images": IMAGES, "dev_labels": LABELS[1:]}, ALONE, "20 dev pictures but 19 labels"),
        ({"train_labels": None}, ALONE, "has train_images.npy alone"),
        ({"train_images": None}, ALONE, "has train_labels.npy alone"),
        ({"dev_images": IMAGES}, ALONE, "has dev_images.npy alone"),
        ({"dev_images": IMAGES, "dev_labels": LABELS + 1}, ALONE, "collected dev set has the label 10"),
        ({"dev_images": IMAGES, "dev_labels": LABELS - 1}, ALONE, "collected dev set has the label -1"),
        ({"train_labels": LABELS}, replace(ALONE, classes=5), "the label 9, but the model knows 0 to 4"),
        ({}, replace(ALONE, collected_weight=0.01), "An epoch would show no picture"),
    ],
)
def test_refuses_before_it_trains(tmp_path, arrays, config, sentence):
    with pytest.raises(TrainingFailed, match=sentence) as refusal:
        fit(stored(tmp_path, **arrays), config, base=None)
    assert str(refusal.value).endswith(".")
    assert not (tmp_path / "config.json").exists()


def test_a_base_set_that_the_network_does_not_take_is_refused(tmp_path, base):
    with pytest.raises(TrainingFailed, match=r"base train pictures have the shape .* but resnet18 takes"):
        fit(tmp_path, replace(PHOTO, base_replay=None), base=base)


@pytest.mark.parametrize("name", ["train_images", "train_labels", "dev_images"])
@pytest.mark.parametrize("damage", ["cut off", "empty", "no array", "pickled"])
def test_a_damaged_file_is_named(tmp_path, name, damage):
    path = stored(tmp_path, dev_images=IMAGES, dev_labels=LABELS) / "data" / f"{name}.npy"
    if damage == "pickled":
        np.save(path, np.array([{"a": 1}]), allow_pickle=True)
    else:
        path.write_bytes({"cut off": path.read_bytes()[:-5], "empty": b"", "no array": b"PK\3\4 is a zip"}[damage])
    with pytest.raises(TrainingFailed, match=f"{name}.npy can't be read as an array: save it again"):
        fit(tmp_path, ALONE, base=None)


def test_whole_numbers_of_another_width_are_labels_too(tmp_path):
    assert fit(stored(tmp_path, train_labels=LABELS.astype(np.uint8)), ALONE, base=None).epochs


def test_empty_dev_arrays_are_no_dev_set(tmp_path):
    folder = stored(tmp_path, dev_images=np.zeros((0, 28, 28), np.uint8), dev_labels=np.array([]))
    assert fit(folder, ALONE, base=None).epochs[0]["dev"] == {}


def test_an_epoch_smaller_than_a_batch_is_one_step(tmp_path):
    seen = []
    fit(stored(tmp_path), replace(ALONE, batch_size=5000, epochs=2), base=None, on_progress=seen.append)
    assert seen[-1].steps == 2
