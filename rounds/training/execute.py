"""Training the next adversary: from a claimed run to a published model. With `predictor`, the only door to torch.

A run works in a folder on its machine's disk. Its checkpoint goes to the storage after each epoch, so that a worker on
another machine can take the run up where a dead one left it. A model's files go there once, when its evaluation table
and its card are written; nothing changes them afterwards.
"""

import hashlib
import json
import logging
import shutil
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.files import File
from django.core.files.storage import default_storage
from django.db import transaction

from models_zoo.data.base_data import BaseData, BaseDataError
from models_zoo.data.base_sets import base_set
from models_zoo.files import is_full
from models_zoo.limits import ConfigError
from models_zoo.networks.checkpoints import TRAINED, CheckpointError
from models_zoo.training.config import FIRST, Config, next_config
from models_zoo.training.fit import fit, import_ahead
from models_zoo.training.model_card import Reference, record
from models_zoo.training.progress import Fitted, Progress, TrainingFailed
from models_zoo.training.rebuild import Rebuilt, rebuild
from models_zoo.training.recipes import Standard
from models_zoo.training.run import CHECKPOINT
from rounds import predictor
from rounds.datasets.arrays import ManifestChanged, write_training_set
from rounds.models import ModelVersion, Task, TrainingRun, TrainingSet
from rounds.training import evaluate, runs
from rounds.training.runs import LeaseLost

log = logging.getLogger(__name__)

SECONDS_BETWEEN_REPORTS = 1.5
#: Failures whose message is a sentence for the admin.
EXPLAINED = (TrainingFailed, ConfigError, BaseDataError, CheckpointError, ManifestChanged)
FULL = "The disk is full: make room, then train again; it starts over."


__all__ = ["EXPLAINED", "ensure_base", "execute", "import_ahead", "train_again", "train_first"]


def execute(run: TrainingRun) -> None:
    """Trains, measures and publishes; a failure gives the round back to the admin with a sentence."""
    folder = Path(settings.DATA_DIR) / "work" / f"run-{run.pk}"
    try:
        base = load_base(run.round.task)
        _prepare(run, folder)
        fitted = fit(folder, _config(run), base=base, on_progress=_reporter(run, folder))
        _publish(run, folder, fitted, base)
    except LeaseLost:
        log.warning("run %s was taken over by another worker", run.pk)
        return
    except Exception as error:
        if not runs.holds_run(run=run):
            log.exception("run %s was taken over by another worker", run.pk)
            return
        # Room first: where the disk is full, the sentence about it needs some too.
        _clear(run, folder)
        runs.fail_run(run=run, error=_sentence(error))
        if not isinstance(error, EXPLAINED) and not is_full(error):
            raise
        return
    _clear(run, folder)


def train_first(
    task: Task,
    *,
    changes: dict[str, Any],
    on_progress: Callable[[Progress], None],
    on_measuring: evaluate.Tell = lambda what: None,
) -> ModelVersion:
    """The task's first model, from scratch on its base data: the adversary of round 1. It too resumes when killed.

    A robust one gets a plainly trained twin as model 2, which serves no round: what it is shown beside.
    """
    base = load_base(task)
    config = Config.from_json({**FIRST.to_json(), "classes": len(task.labels), **changes})
    plain = replace(config, recipe=Standard())
    work = Path(settings.DATA_DIR) / "work" / f"first-{task.slug}"
    trained, reference = [], None
    for wanted in [config] if config == plain else [plain, config]:
        # Named by its config, so that one that was given up stands in no other's way.
        folder = work / hashlib.sha256(json.dumps(wanted.to_json(), sort_keys=True).encode()).hexdigest()[:12]
        fitted = fit(folder, wanted, base=base, on_progress=on_progress)
        rows = evaluate.table(fitted, base, on_measuring)
        record(folder, rows, reference=reference)
        reference = Reference("its plainly trained twin", "The same data and config, with the recipe standard.", rows)
        fields = _store(task, folder, fitted, f"first-{fitted.weights_hash[:12]}", wanted)
        trained.append((fields, [evaluate.on_base_dev(fitted.model, base), *evaluate.kept(rows)]))
    models = []
    with transaction.atomic():
        for fields, measurements in reversed(trained):
            models.append(runs.register_model(task=task, parent=None, training_set=None, **fields))
            runs.record_measurements(measurements, new_model=models[-1])
    shutil.rmtree(work)
    return models[0]


def train_again(model: ModelVersion, folder: Path, *, on_progress: Callable[[Progress], None]) -> Rebuilt:
    """Lays `model` out in `folder` as it was trained, from database and storage, and trains it once more.

    Raises TrainingFailed, ManifestChanged or CheckpointError when what it was trained from is not there any more.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for name in default_storage.listdir(model.folder)[1]:
        _fetch(f"{model.folder}/{name}", folder / name)
    _lay_out(folder, model.training_set, model.parent)
    return rebuild(folder, base=load_base(model.task), on_progress=on_progress)


def ensure_base(task: Task, *, progress: Callable[[str], None]) -> None:
    """Fetches the base data of `task` if it is not on this machine yet; `progress` is called with what it tries."""
    base_set(task.base_data).ensure(settings.BASE_DATA_DIR, progress=progress)


def load_base(task: Task) -> BaseData:
    """The base data of `task`. Raises BaseDataError when there is no such base set, or it was not fetched."""
    return base_set(task.base_data).load(settings.BASE_DATA_DIR)


def _config(run: TrainingRun) -> Config:
    """Another seed for every training set, so that two rounds never share their randomness."""
    changes = {"seed": run.training_set_id, "classes": len(run.round.task.labels), **run.recipe}
    return next_config(changes)


def _prepare(run: TrainingRun, folder: Path) -> None:
    """Lays out what `fit` reads: the frozen examples, the parent, and the checkpoint of a worker that died."""
    _lay_out(folder, run.training_set, run.parent)
    stored = run.progress.get("checkpoint")
    if stored and not (folder / CHECKPOINT).exists() and default_storage.exists(stored):
        _fetch(stored, folder / CHECKPOINT)


def _lay_out(folder: Path, training_set: TrainingSet | None, parent: ModelVersion | None) -> None:
    """What a training starts from, where it starts from anything but base data."""
    if training_set:
        write_training_set(training_set, folder / "data")
    if parent:
        (folder / "parent").mkdir(parents=True, exist_ok=True)
        for path in predictor.local_folder(parent).iterdir():
            shutil.copyfile(path, folder / "parent" / path.name)
        if default_storage.exists(trained := f"{parent.folder}/{TRAINED}"):
            _fetch(trained, folder / "parent" / TRAINED)


def _reporter(run: TrainingRun, folder: Path) -> Callable[[Progress], None]:
    """Shows progress, keeps the lease, and puts the checkpoint into the storage at every epoch's end.

    Each under a name of its own, which the run is told once the file is there: a worker that dies while it writes, or
    that has lost the run, leaves the last whole one in use.
    """
    epochs: list[dict[str, Any]] = list(run.progress.get("history", []))
    stored: str | None = run.progress.get("checkpoint")

    def report(progress: Progress) -> None:
        nonlocal stored
        outdated = None
        if progress.dev is not None:
            epochs[progress.epoch - 1 :] = [{"epoch": progress.epoch, "loss": progress.loss, "dev": progress.dev}]
            outdated, stored = stored, f"runs/{run.pk}/{run.attempts}-{progress.epoch}-{CHECKPOINT}"
            _save(stored, folder / CHECKPOINT)
        runs.heartbeat(run=run, progress={**asdict(progress), "history": epochs, "checkpoint": stored})
        if outdated and outdated != stored:
            default_storage.delete(outdated)

    return report


def _publish(run: TrainingRun, folder: Path, fitted: Fitted, base: BaseData) -> None:
    tell = _teller(run)
    rows = evaluate.table(fitted, base, tell)
    measurements = [evaluate.on_base_dev(fitted.model, base), *evaluate.kept(rows)]
    on_rounds, rows_of_rounds = evaluate.on_rounds(run, fitted.model, rows[0].model, tell)
    measurements += on_rounds
    record(folder, rows + rows_of_rounds, reference=evaluate.reference(run, measurements))
    fields = _store(run.round.task, folder, fitted, f"run-{run.pk}-{fitted.weights_hash[:12]}", _config(run))
    verdict = evaluate.gate(run, measurements)
    runs.publish_model(run=run, verdict=verdict, measurements=measurements, **fields)


def _teller(run: TrainingRun) -> evaluate.Tell:
    """Shows what is being measured and keeps the lease; most often it has just done so, and stays silent."""
    told = 0.0

    def tell(what: str) -> None:
        nonlocal told
        if time.monotonic() - told >= SECONDS_BETWEEN_REPORTS:
            runs.heartbeat(run=run, progress={**run.progress, "measuring": what})
            told = time.monotonic()

    return tell


def _store(task: Task, folder: Path, fitted: Fitted, name: str, config: Config) -> dict[str, Any]:
    """Puts the model's files into the storage; returns the columns of its ModelVersion."""
    stored = f"models/{task.slug}/{name}"
    for path in sorted(folder.iterdir()):
        if path.is_file() and not path.name.startswith("."):  # what a kill in the middle of a file left
            _save(f"{stored}/{path.name}", path)
    if (manifest := folder / "data" / "manifest.json").exists():
        _save(f"{stored}/manifest.json", manifest)
    return {
        "architecture": config.architecture,
        "recipe": config.to_json(),
        "seed": config.seed,
        "weights_hash": fitted.weights_hash,
        "folder": stored,
        "metrics": {"epochs": fitted.epochs},
    }


def _save(name: str, path: Path) -> None:
    """Storage never overwrites by itself; a file that is there from an interrupted run is replaced."""
    default_storage.delete(name)
    with open(path, "rb") as file:
        default_storage.save(name, File(file))


def _fetch(name: str, path: Path) -> None:
    """`path` is there whole or not at all."""
    part = path.with_name(f"{path.name}.part")
    with default_storage.open(name) as source, open(part, "wb") as target:
        shutil.copyfileobj(source, target)
    part.replace(path)


def _clear(run: TrainingRun, folder: Path) -> None:
    """A run that has ended needs neither its folder nor its checkpoints."""
    shutil.rmtree(folder, ignore_errors=True)
    with suppress(FileNotFoundError):
        for name in default_storage.listdir(f"runs/{run.pk}")[1]:
            default_storage.delete(f"runs/{run.pk}/{name}")


def _sentence(error: Exception) -> str:
    # `fit` says of a full disk that it goes on later; here its folder and checkpoints are gone, to make room.
    if is_full(error) or (error.__cause__ and is_full(error.__cause__)):
        return FULL
    if isinstance(error, EXPLAINED):
        return str(error)
    return f"An unexpected error stopped it ({type(error).__name__}: {error})."
