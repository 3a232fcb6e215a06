"""Toys: pictures whose label is where their ink is, so that a network learns them in a second."""

import os
from pathlib import Path

import numpy as np
import pytest

from models_zoo.data.base_data import BaseData, BaseDataError
from models_zoo.data.base_sets import BASE_SETS, BaseSet, base_set


def toys(count, *, seed=0, classes=10):
    """uint8 pictures [count, 28, 28] with a bright square at a place for each label, and int64 labels [count]."""
    rng = np.random.default_rng(seed)
    labels = np.arange(count) % classes
    images = rng.integers(0, 60, (count, 28, 28), dtype=np.uint8)
    for image, label in zip(images, labels, strict=True):
        row, column = 3 + 14 * (label // 5), 2 + 5 * (label % 5)
        image[row : row + 5, column : column + 4] = 255
    return images, labels.astype(np.int64)


def colours(count, *, seed=0):
    """uint8 photographs [count, 32, 32, 3] that are reddish, greenish or bluish, and int64 labels [count]."""
    labels = np.arange(count) % 3
    images = np.random.default_rng(seed).integers(0, 60, (count, 32, 32, 3), dtype=np.uint8)
    images[np.arange(count), :, :, labels] += 150
    return images, labels.astype(np.int64)


def toy_base(count=640):
    train, dev, test = toys(count, seed=1), toys(100, seed=2), toys(100, seed=3)
    return BaseData(*train, *dev, *test)


def serve_as_mnist(monkeypatch, base):
    """`base_set("mnist")` gives these pictures, and fetches nothing."""
    monkeypatch.setitem(BASE_SETS, "mnist", BaseSet(lambda root, progress=None: root, lambda root: base))


@pytest.fixture(scope="session")
def base():
    return toy_base()


@pytest.fixture
def run_folder(tmp_path):
    """A run's folder with 40 collected toys to train on and 20 to choose by."""
    return with_collected(tmp_path / "run")


def with_collected(folder):
    (folder / "data").mkdir(parents=True)
    for part, (images, labels) in {"train": toys(40, seed=4), "dev": toys(20, seed=5)}.items():
        np.save(folder / "data" / f"{part}_images.npy", images)
        np.save(folder / "data" / f"{part}_labels.npy", labels)
    (folder / "data" / "manifest.json").write_text('{"examples": 60}\n')
    return folder


@pytest.fixture(scope="session")
def mnist():
    """The real digits, fetched once to the folder where the site stores them too."""
    root = Path(os.environ.get("DATA_DIR", Path(__file__).parents[2] / "var")) / "base_data"
    try:
        return base_set("mnist").fetch(root)
    except BaseDataError as error:
        pytest.skip(str(error))
