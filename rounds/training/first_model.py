"""A task's first model: the adversary of round 1."""

import hashlib
import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction

from models_zoo.training.config import FIRST
from models_zoo.training.fit import Config, Progress, fit
from models_zoo.training.model_card import ReferenceModel, record
from models_zoo.training.recipes import Standard
from rounds.models import ModelVersion, Task
from rounds.training import runs
from rounds.training.evaluate import OnMeasuring, evaluate_on_base, evaluate_on_base_dev, to_measurements
from rounds.training.inputs import load_base
from rounds.training.model_files import store_model


def train_first_model(
    task: Task,
    *,
    changes: dict[str, Any],
    on_progress: Callable[[Progress], None],
    on_measuring: OnMeasuring = lambda suite: None,
) -> ModelVersion:
    """Trains from scratch on the task's base data; a killed training goes on when it is called again.

    A robust model gets a plainly trained twin as model 2, which serves no round and which it is compared with.
    """
    base = load_base(task)
    config = Config.from_json({**FIRST.to_json(), "classes": len(task.labels), **changes})
    plain = replace(config, recipe=Standard())
    work = Path(settings.DATA_DIR) / "work" / f"first-{task.slug}"
    trained, reference = [], None
    for wanted in [config] if config == plain else [plain, config]:
        # Named by its config, so that an abandoned training does not stand in the way of one with another config.
        folder = work / hashlib.sha256(json.dumps(wanted.to_json(), sort_keys=True).encode()).hexdigest()[:12]
        fitted = fit(folder, wanted, base=base, on_progress=on_progress)
        rows = evaluate_on_base(fitted, base, on_measuring)
        record(folder, rows, reference=reference)
        reference = ReferenceModel(
            "its plainly trained twin", "The same data and config, with the recipe standard.", rows
        )
        columns = store_model(task, folder, fitted, f"first-{fitted.weights_hash[:12]}", wanted)
        trained.append((columns, [evaluate_on_base_dev(fitted.model, base), *to_measurements(rows)]))
    models = []
    with transaction.atomic():
        for columns, measurements in reversed(trained):
            models.append(runs.register_model(task=task, parent=None, training_set=None, **columns))
            runs.record_measurements(measurements, new_model=models[-1])
    shutil.rmtree(work)
    return models[0]
