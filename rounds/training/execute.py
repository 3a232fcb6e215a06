"""Training the next adversary: from a claimed run to a published model.

A run works in a folder on its machine's disk. Its checkpoint goes to the storage after each epoch, so that a worker on
another machine can go on where a dead one stopped.
"""

import logging
import shutil
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.files.storage import default_storage

from models_zoo.data.base_data import BaseData, BaseDataError
from models_zoo.files import is_full
from models_zoo.limits import ConfigError
from models_zoo.networks.checkpoints import CheckpointError
from models_zoo.training.config import Config, next_config
from models_zoo.training.fit import fit, import_ahead
from models_zoo.training.model_card import record
from models_zoo.training.progress import Fitted, Progress, TrainingFailed
from models_zoo.training.run import CHECKPOINT
from rounds.datasets.arrays import ManifestChanged
from rounds.models import TrainingRun
from rounds.training import evaluate, runs
from rounds.training.inputs import load_base, write_inputs
from rounds.training.model_files import fetch, save, store_model
from rounds.training.runs import LeaseLost

__all__ = ["EXPLAINED_ERRORS", "execute", "import_ahead"]

log = logging.getLogger(__name__)

SECONDS_BETWEEN_HEARTBEATS = 1.5
#: Failures whose message is a sentence for the admin.
EXPLAINED_ERRORS = (TrainingFailed, ConfigError, BaseDataError, CheckpointError, ManifestChanged)
DISK_FULL = "The disk is full: make room, then train again; it starts over."


def execute(run: TrainingRun) -> None:
    """Trains, measures and publishes; a failure gives the round back to the admin with a sentence."""
    folder = Path(settings.DATA_DIR) / "work" / f"run-{run.pk}"
    try:
        base = load_base(run.round.task)
        write_inputs(folder, run.training_set, run.parent)
        _fetch_checkpoint(run, folder)
        fitted = fit(folder, _config(run), base=base, on_progress=_training_heartbeat(run, folder))
        _publish(run, folder, fitted, base)
    except LeaseLost:
        log.warning("run %s was claimed by another worker", run.pk)
        return
    except Exception as error:
        if not runs.holds_run(run=run):
            log.exception("run %s was claimed by another worker", run.pk)
            return
        # Before the failure is stored: where the disk is full, that needs space too.
        _clear(run, folder)
        runs.fail_run(run=run, error=_failure_message(error))
        if not isinstance(error, EXPLAINED_ERRORS) and not is_full(error):
            raise
        return
    _clear(run, folder)


def _config(run: TrainingRun) -> Config:
    """Another seed for every training set, so that two rounds never share their randomness."""
    changes = {"seed": run.training_set_id, "classes": len(run.round.task.labels), **run.recipe}
    return next_config(changes)


def _fetch_checkpoint(run: TrainingRun, folder: Path) -> None:
    """Fetches the checkpoint of a worker that died on another machine."""
    stored = run.progress.get("checkpoint")
    if stored and not (folder / CHECKPOINT).exists() and default_storage.exists(stored):
        fetch(stored, folder / CHECKPOINT)


def _training_heartbeat(run: TrainingRun, folder: Path) -> Callable[[Progress], None]:
    """Shows progress, extends the lease, and puts the checkpoint into the storage at every epoch's end.

    Each checkpoint has a name of its own, which the run gets once the file is stored: a worker that dies while it
    writes, or that has lost the run, leaves the last whole one in use.
    """
    epochs: list[dict[str, Any]] = list(run.progress.get("history", []))
    stored: str | None = run.progress.get("checkpoint")

    def report(progress: Progress) -> None:
        nonlocal stored
        outdated = None
        if progress.dev is not None:
            epochs[progress.epoch - 1 :] = [{"epoch": progress.epoch, "loss": progress.loss, "dev": progress.dev}]
            outdated, stored = stored, f"runs/{run.pk}/{run.attempts}-{progress.epoch}-{CHECKPOINT}"
            save(stored, folder / CHECKPOINT)
        runs.heartbeat(run=run, progress={**asdict(progress), "history": epochs, "checkpoint": stored})
        if outdated and outdated != stored:
            default_storage.delete(outdated)

    return report


def _publish(run: TrainingRun, folder: Path, fitted: Fitted, base: BaseData) -> None:
    on_measuring = _measuring_heartbeat(run)
    rows = evaluate.evaluate_on_base(fitted, base, on_measuring)
    on_rounds, round_rows = evaluate.evaluate_on_rounds(run, fitted.model, rows[0].model, on_measuring)
    measurements = [
        evaluate.evaluate_on_base_dev(fitted.model, base),
        *evaluate.to_measurements(rows),
        *on_rounds,
    ]
    record(folder, rows + round_rows, reference=evaluate.card_reference(run, measurements))
    columns = store_model(run.round.task, folder, fitted, f"run-{run.pk}-{fitted.weights_hash[:12]}", _config(run))
    result = evaluate.gate_result(run, measurements)
    runs.publish_model(run=run, result=result, measurements=measurements, **columns)


def _measuring_heartbeat(run: TrainingRun) -> evaluate.OnMeasuring:
    """Shows what is being measured and extends the lease, at most every 1.5 seconds."""
    last = 0.0

    def report(measured: str) -> None:
        nonlocal last
        if time.monotonic() - last >= SECONDS_BETWEEN_HEARTBEATS:
            runs.heartbeat(run=run, progress={**run.progress, "measuring": measured})
            last = time.monotonic()

    return report


def _clear(run: TrainingRun, folder: Path) -> None:
    """A run that has ended needs neither its folder nor its checkpoints."""
    shutil.rmtree(folder, ignore_errors=True)
    with suppress(FileNotFoundError):
        for name in default_storage.listdir(f"runs/{run.pk}")[1]:
            default_storage.delete(f"runs/{run.pk}/{name}")


def _failure_message(error: Exception) -> str:
    # `fit` says of a full disk that it goes on later; here its folder and checkpoints are gone, to make room.
    if is_full(error) or (error.__cause__ and is_full(error.__cause__)):
        return DISK_FULL
    if isinstance(error, EXPLAINED_ERRORS):
        return str(error)
    return f"An unexpected error stopped it ({type(error).__name__}: {error})."
