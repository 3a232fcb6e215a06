"""The files of models in the storage. A model's files go there once; nothing changes them afterwards."""

import shutil
from pathlib import Path
from typing import Any

from django.core.files import File
from django.core.files.storage import default_storage

from models_zoo.training.fit import Config, Fitted
from rounds.models import Task


def store_model(task: Task, folder: Path, fitted: Fitted, name: str, config: Config) -> dict[str, Any]:
    """Puts the model's files into the storage; returns the columns of its ModelVersion."""
    stored = f"models/{task.slug}/{name}"
    for path in sorted(folder.iterdir()):
        if path.is_file() and not path.name.startswith("."):  # a half-written file that a killed process left
            save(f"{stored}/{path.name}", path)
    if (manifest := folder / "data" / "manifest.json").exists():
        save(f"{stored}/manifest.json", manifest)
    return {
        "architecture": config.architecture,
        "recipe": config.to_json(),
        "seed": config.seed,
        "weights_hash": fitted.weights_hash,
        "folder": stored,
        "metrics": {"epochs": fitted.epochs},
    }


def save(name: str, path: Path) -> None:
    """Puts a file into the storage under `name`; one that is there already, from an interrupted run, is replaced."""
    default_storage.delete(name)
    with open(path, "rb") as file:
        default_storage.save(name, File(file))


def fetch(name: str, path: Path) -> None:
    """Copies a file of the storage to `path`, which is there whole or not at all."""
    part = path.with_name(f"{path.name}.part")
    with default_storage.open(name) as source, open(part, "wb") as target:
        shutil.copyfileobj(source, target)
    part.replace(path)
