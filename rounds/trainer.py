"""Training the next adversary: from a claimed run to a published model. With `predictor`, the only door to torch.

A run works in a folder on its machine's disk. Its checkpoint goes to the storage after each epoch, so that a worker on
another machine can take the run up where a dead one left it.
"""

import logging
import shutil
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.files import File
from django.core.files.storage import default_storage
from torch import nn

from models_zoo.base_data import BaseData, BaseDataError, load_mnist
from models_zoo.evaluate import accuracy
from models_zoo.train import FIRST, NEXT, Config, Fitted, Progress, TrainingFailed, fit
from rounds import predictor, rules, services
from rounds.datasets.arrays import ManifestChanged, split_arrays, write_training_set
from rounds.models import Evaluation, ModelVersion, Round, Task, TrainingRun, TrainingSetItem
from rounds.services import LeaseLost, Measured

log = logging.getLogger(__name__)

CHECKPOINT = "checkpoint.safetensors"
Suite = Evaluation.Suite
Split = TrainingSetItem.Split


def next_config(changes: dict[str, Any]) -> Config:
    """The default configuration for the next adversary with `changes`. Raises ValueError for what it doesn't know."""
    return Config.from_json({**NEXT.to_json(), **changes})


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
    except (TrainingFailed, BaseDataError, ManifestChanged) as error:
        services.fail_run(run=run, error=str(error))
    except Exception as error:
        services.fail_run(run=run, error=f"An unexpected error stopped it ({type(error).__name__}: {error}).")
        raise
    shutil.rmtree(folder, ignore_errors=True)
    _forget_checkpoint(run)


def train_first(task: Task, *, changes: dict[str, Any], on_progress: Callable[[Progress], None]) -> ModelVersion:
    """The task's first model, from scratch on its base data: the adversary of round 1. It too resumes when killed."""
    folder = Path(settings.DATA_DIR) / "work" / f"first-{task.slug}"
    base = load_base(task)
    config = Config.from_json({**FIRST.to_json(), "classes": len(task.labels), **changes})
    fitted = fit(folder, config, base=base, on_progress=on_progress)
    measurements = _on_base(fitted.model, base)
    fields = _store(task, folder, fitted, f"first-{fitted.weights_hash[:12]}", config)
    model = services.register_model(task=task, parent=None, training_set=None, **fields)
    services.record_measurements(measurements, new_model=model)
    shutil.rmtree(folder)
    return model


def load_base(task: Task) -> BaseData:
    """The base data of `task`; MNIST is the only one so far."""
    return load_mnist(settings.BASE_DATA_DIR)


def _config(run: TrainingRun) -> Config:
    """Another seed for every training set, so that two rounds never share their randomness."""
    changes = {"seed": run.training_set_id, "classes": len(run.round.task.labels), **run.recipe}
    return next_config(changes)


def _prepare(run: TrainingRun, folder: Path) -> None:
    """Lays out what `fit` reads: the frozen examples, the parent, and the checkpoint of a worker that died."""
    write_training_set(run.training_set, folder / "data")
    parent = predictor.local_folder(run.parent)
    shutil.copytree(parent, folder / "parent", dirs_exist_ok=True)
    stored = _checkpoint_path(run)
    if not (folder / CHECKPOINT).exists() and default_storage.exists(stored):
        with default_storage.open(stored) as source, open(folder / CHECKPOINT, "wb") as target:
            shutil.copyfileobj(source, target)


def _reporter(run: TrainingRun, folder: Path) -> Callable[[Progress], None]:
    """Shows progress, keeps the lease, and puts the checkpoint into the storage at every epoch's end."""
    epochs: list[dict[str, Any]] = list(run.progress.get("history", []))

    def report(progress: Progress) -> None:
        if progress.dev_accuracy is not None:
            epochs[progress.epoch - 1 :] = [
                {"epoch": progress.epoch, "loss": progress.loss, "dev_accuracy": progress.dev_accuracy}
            ]
            _save(_checkpoint_path(run), folder / CHECKPOINT)
        services.heartbeat(run=run, progress={**asdict(progress), "history": epochs})

    return report


def _publish(run: TrainingRun, folder: Path, fitted: Fitted, base: BaseData) -> None:
    measurements = _on_base(fitted.model, base)
    services.heartbeat(run=run, progress={**run.progress, "measuring": True})
    measurements += _on_rounds(run, fitted.model)
    verdict = _gate(run, measurements)
    fields = _store(run.round.task, folder, fitted, f"run-{run.pk}-{fitted.weights_hash[:12]}", _config(run))
    services.publish_model(run=run, verdict=verdict, measurements=measurements, **fields)


def _on_base(model: nn.Module, base: BaseData) -> list[Measured]:
    return [
        Measured(None, Suite.BASE_TEST, _tally(model, base.test_images, base.test_labels)),
        Measured(None, Suite.BASE_DEV, _tally(model, base.dev_images, base.dev_labels)),
    ]


def _on_rounds(run: TrainingRun, model: nn.Module) -> list[Measured]:
    """The new model on every round's dev and test split, and each earlier model where it was not measured yet.

    That is on this round's, and on those of rounds that ended without a new model.
    """
    task = run.round.task
    on_splits = Evaluation.objects.filter(model__task=task).exclude(training_set=None)
    known = set(on_splits.values_list("model", "suite", "training_set"))
    found = []
    for round in [*_earlier_rounds(run.round), run.round]:
        training_set = run.training_set if round == run.round else round.training_set
        assert training_set is not None  # rounds without a freeze are not asked for
        for split, suite in ((Split.DEV, Suite.ROUND_DEV), (Split.TEST, Suite.ROUND_TEST)):
            images, labels = split_arrays(training_set, split, of_round=round)
            if not len(labels):
                continue
            found.append(Measured(None, suite, _tally(model, images, labels), round, training_set))
            found += [
                Measured(earlier, suite, _tally(predictor.load(earlier), images, labels), round, training_set)
                for earlier in task.model_versions.all()
                if (earlier.pk, suite, training_set.pk) not in known
            ]
    return found


def _earlier_rounds(round: Round) -> list[Round]:
    return list(
        Round.objects.select_related("training_set__round__task")
        .filter(task=round.task_id, number__lt=round.number)
        .exclude(training_set=None)
    )


def _gate(run: TrainingRun, measurements: list[Measured]) -> rules.Verdict:
    """The gate on dev sets: base, and the adversarial ones of all rounds together. Test sets are not looked at."""
    earlier = Evaluation.objects.filter(model=run.parent, suite__in=[Suite.BASE_DEV, Suite.ROUND_DEV])
    parent_base = earlier.filter(suite=Suite.BASE_DEV).first()
    mine = [m for m in measurements if m.model is None and m.suite == Suite.ROUND_DEV]
    sets = [m.training_set for m in mine]
    parent_dev = [rules.Tally(e.correct, e.n) for e in earlier.filter(suite=Suite.ROUND_DEV, training_set__in=sets)] + [
        m.tally for m in measurements if m.model == run.parent and m.suite == Suite.ROUND_DEV
    ]
    return rules.gate(
        base_dev=next(m.tally for m in measurements if m.model is None and m.suite == Suite.BASE_DEV),
        parent_base_dev=rules.Tally(parent_base.correct, parent_base.n) if parent_base else rules.Tally(0, 0),
        adversarial_dev=_together([m.tally for m in mine]),
        parent_adversarial_dev=_together(parent_dev),
        rules=run.round.rules,
    )


def _together(tallies: list[rules.Tally]) -> rules.Tally:
    return rules.Tally(sum(tally.correct for tally in tallies), sum(tally.n for tally in tallies))


def _tally(model: nn.Module, images: Any, labels: Any) -> rules.Tally:
    score = accuracy(model, images, labels)
    return rules.Tally(score.correct, score.n)


def _store(task: Task, folder: Path, fitted: Fitted, name: str, config: Config) -> dict[str, Any]:
    """Puts the model's files into the storage; returns the columns of its ModelVersion."""
    stored = f"models/{task.slug}/{name}"
    for path in sorted(folder.iterdir()):
        if path.is_file():
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


def _checkpoint_path(run: TrainingRun) -> str:
    return f"runs/{run.pk}/{CHECKPOINT}"


def _forget_checkpoint(run: TrainingRun) -> None:
    default_storage.delete(_checkpoint_path(run))
