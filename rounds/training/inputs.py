"""What a training starts from: the base data of its task, the frozen examples and the parent's files."""

import shutil
from collections.abc import Callable
from pathlib import Path

from django.conf import settings
from django.core.files.storage import default_storage

from models_zoo.data.base_data import BaseData
from models_zoo.data.base_sets import base_set
from models_zoo.networks.checkpoints import TRAINED
from rounds import predictor
from rounds.datasets.arrays import write_training_set
from rounds.models import ModelVersion, Task, TrainingSet
from rounds.training.model_files import fetch


def ensure_base(task: Task, *, progress: Callable[[str], None]) -> None:
    """Fetches the base data of `task` if it is not on this machine yet; `progress` is called with what it tries."""
    base_set(task.base_data).ensure(settings.BASE_DATA_DIR, progress=progress)


def load_base(task: Task) -> BaseData:
    """The base data of `task`. Raises BaseDataError when there is no such base set, or it was not fetched."""
    return base_set(task.base_data).load(settings.BASE_DATA_DIR)


def write_inputs(folder: Path, training_set: TrainingSet | None, parent: ModelVersion | None) -> None:
    """Writes `data` and `parent` into the folder of a training, as `models_zoo` reads them.

    Raises ManifestChanged when examples were altered after the freeze.
    """
    if training_set:
        write_training_set(training_set, folder / "data")
    if parent:
        (folder / "parent").mkdir(parents=True, exist_ok=True)
        for path in predictor.local_folder(parent).iterdir():
            shutil.copyfile(path, folder / "parent" / path.name)
        if default_storage.exists(trained := f"{parent.folder}/{TRAINED}"):
            fetch(trained, folder / "parent" / TRAINED)
