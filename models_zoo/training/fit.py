"""Train one model from a folder of arrays: resumable, reproducible, and finished or not there.

    fit(folder, FIRST, base=load_mnist(root))

The folder's layout is in the docstring of `models_zoo`. From the command line: `python -m models_zoo train --help`.
"""

import hashlib
import logging
import math
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from models_zoo.data.mnist import BaseData
from models_zoo.data.run_data import TrainingData, TrainingFailed, epoch_length, epoch_order, read
from models_zoo.files import is_full, read_json, write_bytes, write_json
from models_zoo.networks.architectures import build
from models_zoo.networks.checkpoints import (
    META,
    CheckpointError,
    load_meta,
    load_model,
    load_trained,
    save_model,
    weights_hash,
)
from models_zoo.networks.photographs import NoWeights, Weights, pretrained_weights
from models_zoo.networks.predict import accuracy, probabilities
from models_zoo.process import keep_freed_memory
from models_zoo.training import provenance, schedules
from models_zoo.training.config import FIRST, NEXT, PHOTOGRAPHS, Config, ConfigError
from models_zoo.training.model_card import CARD, card
from models_zoo.training.resume import Checkpoint
from stats.scores import Score

__all__ = ["FIRST", "NEXT", "PHOTOGRAPHS", "Config", "ConfigError", "Fitted", "Progress", "TrainingFailed", "fit"]

CHECKPOINT = "checkpoint.safetensors"
SECONDS_BETWEEN_REPORTS = 1.5
DIVERGED = "The training diverged (its loss is no longer a number): train again with a lower learning rate."
ENOUGH_TO_JUDGE = 200
"""Dev pictures, at least, to tell by that a model has learned nothing: fewer are a trial, not a training."""

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Progress:
    """Where a run is. Reported about every 1.5 seconds and at the end of each epoch."""

    epoch: int
    """1 to `epochs`."""
    epochs: int
    step: int
    """Steps done, of `steps` in the whole run."""
    steps: int
    loss: float
    """Mean training loss of this epoch so far."""
    dev: dict[str, dict[str, int]] | None
    """At the end of an epoch `correct` and `n` of each dev set there is (base, collected); None in between."""
    seconds: float
    """Since this call of `fit` began."""
    seconds_left: float
    """Estimate."""


@dataclass(frozen=True)
class Fitted:
    """A finished run."""

    folder: Path
    model: nn.Module
    """On the CPU, in eval mode; measuring may move it to another device."""
    weights_hash: str
    epochs: list[dict[str, Any]]
    """What `metrics.json` says of each epoch: loss, learning rate, dev scores, seconds."""


def fit(
    folder: Path,
    config: Config,
    *,
    base: BaseData | None,
    on_progress: Callable[[Progress], None] | None = None,
) -> Fitted:
    """Train a model in `folder`, or go on with what a killed run left there; a finished one is returned at once.

    Args:
        folder: laid out as the docstring of `models_zoo` says.
        config: how to train; must be the same one when a run is taken up again.
        base: the base set; None only when the config replays none.
        on_progress: told how far it is. An exception that it raises ends the run at once and comes through to the
            caller; the last epoch's checkpoint stays for the next call.

    Raises:
        TrainingFailed: nothing to train on, arrays that the network can't take, labels of one class only or outside
            the config's, no base set, parent, file of pretrained weights or device where the config asks for one, a
            folder that holds another run, one from another parent or a damaged `config.json`, loss that is not a
            number, a model that gives its whole dev set one answer, a full disk or GPU.
    """
    folder = Path(folder)
    try:
        with _settings():
            device = choose_device(config.device)
            data = read(folder, config, base, device)
            claimed = provenance.claimed(folder, config, data.sha256, Checkpoint(folder / CHECKPOINT))
            if (folder / META).exists():
                return _tidied(folder)
            torch.set_num_threads(claimed.get("threads") or config.threads or _cores())
            run = _Run(folder, config, data, device, on_progress or (lambda progress: None), claimed)
            while not run.is_over():
                run.epoch()
            return run.finish()
    except (CheckpointError, ConfigError) as error:
        raise TrainingFailed(str(error)) from error
    except torch.OutOfMemoryError as error:
        raise TrainingFailed("The GPU's memory is full: train again with a lower batch_size.") from error
    except OSError as error:
        if is_full(error):
            raise TrainingFailed("The disk is full: make room, then train again; it goes on from here.") from error
        raise


def choose_device(name: str) -> torch.device:
    """`auto` is the GPU where torch sees one, else the CPU.

    Raises:
        TrainingFailed: torch has no such device here.
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    there = ["cpu"]
    if gpu := torch.accelerator.current_accelerator(check_available=True):
        there += [gpu.type, *(f"{gpu.type}:{number}" for number in range(torch.accelerator.device_count()))]
    if name not in there:
        raise TrainingFailed(f"There is no device {name} here: choose one of auto, {', '.join(there)}.")
    return torch.device(name)


class _Run:
    """One training in progress: the model, its optimiser, and the epochs done so far.

    Whatever is random in an epoch comes from (seed, epoch), and the learning rate from the step and the dev
    accuracies so far. So weights, optimiser and history are all that a checkpoint needs.
    """

    def __init__(
        self,
        folder: Path,
        config: Config,
        data: TrainingData,
        device: torch.device,
        on_progress: Callable[[Progress], None],
        claimed: dict[str, Any],
    ) -> None:
        self.folder, self.config, self.data, self.device, self.on_progress = folder, config, data, device, on_progress
        model, origin, missing = _first_weights(folder, config)
        # Channels-last halves a step on a CPU; max-pooling gains most.
        self.model = model.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.optimiser = _optimiser(config, self.model)
        self.checkpoint = Checkpoint(folder / CHECKPOINT)
        self.history = self.checkpoint.restore(self.model, self.optimiser)
        if missing and not self.history:  # a run that goes on has no more need of them
            _without_pretrained(config, missing)
        here = provenance.surroundings(device, config.architecture)
        now = {"config": config.to_json(), "data_sha256": data.sha256, **origin, **here}
        self.claim = provenance.claim(folder, now, claimed, epochs_done=len(self.history))
        self.steps_per_epoch = max(1, epoch_length(data, config) // config.batch_size)
        self.steps_before = len(self.history) * self.steps_per_epoch
        self.started = self.reported = time.monotonic()

    def is_over(self) -> bool:
        done, patience = len(self.history), self.config.patience
        return done >= self.config.epochs or bool(patience and done - _best_epoch(self.history) >= patience)

    def epoch(self) -> None:
        """One pass, its dev accuracy, and a checkpoint."""
        started, cpu, number = time.monotonic(), time.process_time(), len(self.history)
        random = torch.Generator(self.device).manual_seed(_seed(self.config.seed, number))
        torch.manual_seed(_seed(self.config.seed, number))  # dropout draws from torch's own generator
        order = epoch_order(self.data, self.config, random)
        self.model.train()
        total = torch.zeros((), device=self.device)
        for step in range(self.steps_per_epoch):
            batch = order[step * self.config.batch_size : (step + 1) * self.config.batch_size]
            total += self._step(batch, self._learning_rate(number, step), self._done(number, step), random)
            if time.monotonic() - self.reported >= SECONDS_BETWEEN_REPORTS and step + 1 < self.steps_per_epoch:
                self._report(number, step + 1, _finite_mean(total, step + 1), None)

        loss = _finite_mean(total, self.steps_per_epoch)
        dev = {name: accuracy(self.model, *pictures) for name, pictures in self.data.dev.items()}
        self.history.append({
            "epoch": number + 1,
            "loss": loss,
            "lr": self._learning_rate(number, self.steps_per_epoch - 1),
            "dev": {name: {"correct": score.correct, "n": score.n} for name, score in dev.items()},
            "dev_accuracy": _mean_accuracy(dev),
            "seconds": round(time.monotonic() - started, 3),
            "cpu_seconds": round(time.process_time() - cpu, 3),
        })  # fmt: skip
        is_best = bool(self.config.patience) and _best_epoch(self.history) == number + 1
        self.checkpoint.save(self.model, self.optimiser, self.history, self.claim, is_best=is_best)
        self._report(number, self.steps_per_epoch, loss, self.history[-1]["dev"])

    def finish(self) -> Fitted:
        """Write the model; `model.json` comes last and makes the folder a finished one."""
        if self.config.patience:
            self.checkpoint.restore_best(self.model)
        if not all(torch.isfinite(tensor).all() for tensor in self.model.state_dict().values()):
            raise TrainingFailed(DIVERGED)
        if (answer := self._only_answer()) is not None:
            raise TrainingFailed(_learned_nothing(self.config, answer))
        averaged, share = _averaging(self.folder, self.config)
        trained = {name: tensor.clone() for name, tensor in self.model.state_dict().items()} if share else None
        if share:
            _mix_in(self.model, load_model(self.folder / "parent"), share)
        write_json(self.folder / "metrics.json", self.history)
        network = {"architecture": self.config.architecture, "classes": self.config.classes, "averaged": averaged}
        told = {name: value for name, value in self.claim.items() if name != "config"}
        save_model(self.folder, self.model, network | told, trained=trained)
        return _tidied(self.folder)

    def _only_answer(self) -> int | None:
        """The label that the model gives every dev picture, base and collected; None when it gives several, or when
        the dev set is too small, or of one label only, to tell by."""
        labels = np.concatenate([np.zeros(0, np.int64), *(labels for _, labels in self.data.dev.values())])
        if len(labels) < ENOUGH_TO_JUDGE or (labels == labels[0]).all():
            return None
        epoch = self.history[_best_epoch(self.history) - 1 if self.config.patience else -1]
        # One that gives one answer is right as often as that label occurs; any other need not be asked again.
        if sum(score["correct"] for score in epoch["dev"].values()) not in np.bincount(labels):
            return None
        answers = [probabilities(self.model, images).argmax(axis=1) for images, _ in self.data.dev.values()]
        given = np.unique(np.concatenate(answers))
        return int(given[0]) if len(given) == 1 else None

    def _step(self, batch: torch.Tensor, lr: float, done: float, random: torch.Generator) -> torch.Tensor:
        images = self.data.images[batch].float().div_(255)
        if self.config.augment:
            images = self.config.augment(images, random)
        images = images.contiguous(memory_format=torch.channels_last)
        for group in self.optimiser.param_groups:
            group["lr"] = lr
        self.optimiser.zero_grad()
        loss = self.config.recipe.loss(
            self.model,
            images,
            self.data.labels[batch],
            smoothing=self.config.label_smoothing,
            random=random,
            done=done,
        )
        loss.backward()
        self.optimiser.step()
        return loss.detach()

    def _done(self, epoch: int, step: int) -> float:
        """Share of the run's steps, 0 to 1, that lie behind before this one."""
        return (epoch + step / self.steps_per_epoch) / self.config.epochs

    def _learning_rate(self, epoch: int, step: int) -> float:
        if self.config.schedule == "one_cycle":
            return self.config.lr * schedules.one_cycle(self._done(epoch, step))
        if self.config.schedule == "plateau":
            return self.config.lr * schedules.plateau([row["dev_accuracy"] for row in self.history[:epoch]])
        return self.config.lr

    def _report(self, epoch: int, step: int, loss: float, dev: dict[str, dict[str, int]] | None) -> None:
        self.reported = time.monotonic()
        seconds = self.reported - self.started
        done, steps = epoch * self.steps_per_epoch + step, self.config.epochs * self.steps_per_epoch
        self.on_progress(
            Progress(
                epoch=epoch + 1,
                epochs=self.config.epochs,
                step=done,
                steps=steps,
                loss=loss,
                dev=dev,
                seconds=seconds,
                seconds_left=(steps - done) * seconds / (done - self.steps_before),
            )
        )


def _cores() -> int:
    """CPU cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def import_ahead() -> None:
    """What else the first `fit` of a process would wait for: with its deterministic mode torch imports its compiler."""
    with _settings():
        pass


@contextmanager
def _settings() -> Iterator[None]:
    """Repeatable kernels, for this run only; the caller's random state and number of threads are kept."""
    threads, deterministic = torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()
    fills = torch.utils.deterministic.fill_uninitialized_memory  # type: ignore[attr-defined]
    keep_freed_memory()
    with torch.random.fork_rng():
        torch.use_deterministic_algorithms(True, warn_only=True)
        # Deterministic mode would also fill every new tensor with NaN, against code that reads what it never wrote:
        # nearly half of a step's time, for nothing that the kernels used here do.
        torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
        try:
            yield
        finally:
            torch.set_num_threads(threads)
            torch.use_deterministic_algorithms(deterministic)
            torch.utils.deterministic.fill_uninitialized_memory = fills  # type: ignore[attr-defined]


def _tidied(folder: Path) -> Fitted:
    """A folder with a model in it, with its card and without a checkpoint, whatever a kill had left undone."""
    if not (folder / CARD).exists():
        write_bytes(folder / CARD, card(folder).encode())
    Checkpoint(folder / CHECKPOINT).delete()
    return Fitted(folder, load_model(folder), load_meta(folder)["weights_hash"], read_json(folder / "metrics.json"))


def _first_weights(folder: Path, config: Config) -> tuple[nn.Module, dict[str, str | None], str]:
    """The network before its first step, what it begins from in words and hashes, and why it has not the pretrained
    weights that the config asks for, if it has not."""
    origin: dict[str, str | None] = dict.fromkeys(("parent_weights_hash", "parent_trained_hash", "pretrained_sha256"))
    if config.warm_start:
        parent, meta = _parent(folder, config), load_meta(folder / "parent")
        hashes = {"parent_weights_hash": meta["weights_hash"], "parent_trained_hash": meta.get("trained_hash")}
        return parent, {**origin, **hashes, "first_weights": "the parent's"}, ""
    pretrained, missing = _pretrained(config)
    torch.manual_seed(config.seed)
    model = build(config.architecture, classes=config.classes, pretrained=pretrained)
    if pretrained:
        hashed = weights_hash(pretrained)
        return model, {**origin, "pretrained_sha256": hashed, "first_weights": f"pretrained, {config.pretrained}"}, ""
    why = f" (wanted torchvision's weights: {missing})" if missing else ""
    return model, {**origin, "first_weights": f"from scratch{why}"}, missing


def _pretrained(config: Config) -> tuple[Weights | None, str]:
    """The weights that the config asks for; where they can't be had, none and the reason."""
    try:
        return (pretrained_weights(config.architecture, config.pretrained) if config.pretrained else None), ""
    except NoWeights as error:
        return None, str(error)


def _without_pretrained(config: Config, why: str) -> None:
    """A run from scratch will do where torchvision's weights can't be fetched, but not for a file that was named.

    Raises:
        TrainingFailed: a file was named.
    """
    if config.pretrained != "torchvision":
        raise TrainingFailed(
            f"There are no weights for {config.architecture} in {config.pretrained} ({why}): correct the path, or "
            "leave pretrained empty to start from scratch."
        )
    log.warning("%s starts from scratch: torchvision's weights can't be had (%s).", config.architecture, why)


def _parent(folder: Path, config: Config) -> nn.Module:
    if not (folder / "parent").is_dir():
        raise TrainingFailed("There is no parent to start from: put its files into the folder parent, or start anew.")
    parent = load_meta(folder / "parent")
    if (parent["architecture"], parent["classes"]) != (config.architecture, config.classes):
        raise TrainingFailed(
            f"The parent is a {parent['architecture']} for {parent['classes']} labels, not a {config.architecture} for "
            f"{config.classes}: start from scratch instead."
        )
    return load_trained(folder / "parent")


def _averaging(folder: Path, config: Config) -> tuple[int, float]:
    """Over how many trainings in a line the weights are averaged with this one, and the share that the parent has."""
    if not config.warm_start or not config.parent_share:
        return 0, 0.0
    before = int(load_meta(folder / "parent").get("averaged", 0))
    return before + 1, min(config.parent_share, before / (before + 4))


def _mix_in(model: nn.Module, other: nn.Module, share: float) -> None:
    """Move all weights and batch statistics of the model towards the other's by a share of the way, in place."""
    theirs = other.state_dict()
    for name, tensor in model.state_dict().items():
        if tensor.is_floating_point():
            tensor.lerp_(theirs[name].to(tensor.device), share)


def _optimiser(config: Config, model: nn.Module) -> torch.optim.Optimizer:
    if config.optimiser == "adamw":
        betas = (config.momentum, 0.999)
        return torch.optim.AdamW(model.parameters(), lr=config.lr, betas=betas, weight_decay=config.weight_decay)
    return torch.optim.SGD(
        model.parameters(),
        lr=config.lr,
        momentum=config.momentum,
        weight_decay=config.weight_decay,
        nesterov=config.nesterov and config.momentum > 0,
    )


def _seed(seed: int, epoch: int) -> int:
    return int.from_bytes(hashlib.sha256(f"{seed}/{epoch}".encode()).digest()[:7], "big")


def _finite_mean(total: torch.Tensor, steps: int) -> float:
    mean = total.item() / steps
    if not math.isfinite(mean):
        raise TrainingFailed(DIVERGED)
    return mean


def _learned_nothing(config: Config, answer: int) -> str:
    attacks = hasattr(config.recipe, "warm_up")
    return (
        f"The model learned nothing: it gives every picture of its dev set the label {answer}. Train again with a "
        f"lower lr{', with a warm_up (such as 0.5) or with a smaller epsilon' if attacks else ''}."
    )


def _best_epoch(history: list[dict[str, Any]]) -> int:
    """Number of the epoch with the best dev accuracy, the first among equals; 0 before any."""
    return int(max(history, key=lambda row: row["dev_accuracy"])["epoch"]) if history else 0


def _mean_accuracy(scores: dict[str, Score]) -> float:
    return sum(score.accuracy for score in scores.values()) / len(scores) if scores else 0.0
