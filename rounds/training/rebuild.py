"""Training a stored model again, from what database and storage hold of it."""

from collections.abc import Callable
from pathlib import Path

from django.core.files.storage import default_storage

from models_zoo.training import rebuild
from models_zoo.training.fit import Progress
from models_zoo.training.rebuild import Rebuilt
from rounds.models import ModelVersion
from rounds.training.inputs import load_base, write_inputs
from rounds.training.model_files import fetch


def rebuild_model(model: ModelVersion, folder: Path, *, on_progress: Callable[[Progress], None]) -> Rebuilt:
    """Writes into `folder` what `model` was trained from, and trains it once more.

    Raises TrainingFailed, ManifestChanged or CheckpointError when what it was trained from is not there any more.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for name in default_storage.listdir(model.folder)[1]:
        fetch(f"{model.folder}/{name}", folder / name)
    write_inputs(folder, model.training_set, model.parent)
    return rebuild.rebuild(folder, base=load_base(model.task), on_progress=on_progress)
