"""One training in progress, epoch by epoch."""

import hashlib
import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import nn

from models_zoo.data.run_data import TrainingData
from models_zoo.files import write_json
from models_zoo.networks.checkpoints import load_model, save_model
from models_zoo.networks.predict import accuracy
from models_zoo.training import provenance, schedules
from models_zoo.training.averaging import count_and_parent_share, move_weights_towards
from models_zoo.training.collapse import refuse_if_nothing_was_learned
from models_zoo.training.config import Config
from models_zoo.training.epochs import epoch_length, epoch_order
from models_zoo.training.losses import Step, loss
from models_zoo.training.progress import Progress, TrainingFailed
from models_zoo.training.resume import Checkpoint
from models_zoo.training.start import PARENT, refuse_missing_file, start
from models_zoo.training.transforms import augmented
from stats.scores import Score

CHECKPOINT = "checkpoint.safetensors"
METRICS = "metrics.json"
SECONDS_BETWEEN_REPORTS = 1.5
DIVERGED = "The training diverged (its loss is no longer a number): train again with a lower learning rate."


class Run:
    """The model, its optimiser, and the epochs done so far.

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
        stored: dict[str, Any],
    ) -> None:
        """Start the run, or resume it from its checkpoint.

        Args:
            stored: its provenance, if it has begun before.
        """
        self.folder, self.config, self.data, self.device, self.on_progress = folder, config, data, device, on_progress
        first = start(folder, config)
        # Channels-last halves a step on a CPU; max-pooling gains most.
        self.model = first.model.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.optimiser = _optimiser(config, self.model)
        self.checkpoint = Checkpoint(folder / CHECKPOINT)
        self.history = self.checkpoint.restore(self.model, self.optimiser)
        if first.missing and not self.history:  # a run that resumes needs no first weights any more
            refuse_missing_file(config, first.missing)
        here = provenance.environment(device, config.architecture)
        now = {"config": config.to_json(), "data_sha256": data.sha256, **first.provenance(), **here}
        self.provenance = provenance.write(folder, now, stored, epochs_done=len(self.history))
        self.steps_per_epoch = max(1, epoch_length(data, config) // config.batch_size)
        self.steps_before = len(self.history) * self.steps_per_epoch
        self.started = self.reported = time.monotonic()

    def is_over(self) -> bool:
        done, patience = len(self.history), self.config.patience
        return done >= self.config.epochs or bool(patience and done - _best_epoch(self.history) >= patience)

    def epoch(self) -> None:
        """One pass, its dev accuracy, and a checkpoint."""
        started, cpu, number = time.monotonic(), time.process_time(), len(self.history)
        mean_loss = self._train(number)
        dev = {name: accuracy(self.model, *pictures) for name, pictures in self.data.dev.items()}
        self.history.append({
            "epoch": number + 1,
            "loss": mean_loss,
            "lr": self._learning_rate(number, self.steps_per_epoch - 1),
            "dev": {name: {"correct": score.correct, "n": score.n} for name, score in dev.items()},
            "dev_accuracy": _mean_accuracy(dev),
            "seconds": round(time.monotonic() - started, 3),
            "cpu_seconds": round(time.process_time() - cpu, 3),
        })  # fmt: skip
        is_best = bool(self.config.patience) and _best_epoch(self.history) == number + 1
        self.checkpoint.save(self.model, self.optimiser, self.history, self.provenance, is_best=is_best)
        self._report(number, self.steps_per_epoch, mean_loss, self.history[-1]["dev"])

    def finish(self) -> None:
        """Write the model; `model.json` comes last and makes the folder a finished one."""
        if self.config.patience:
            self.checkpoint.restore_best(self.model)
        if not all(torch.isfinite(tensor).all() for tensor in self.model.state_dict().values()):
            raise TrainingFailed(DIVERGED)
        last = self.history[_best_epoch(self.history) - 1 if self.config.patience else -1]
        refuse_if_nothing_was_learned(self.model, self.config, self.data.dev, last["dev"])
        parent = self.folder / PARENT
        averaged, share = count_and_parent_share(parent, self.config)
        trained = {name: tensor.clone() for name, tensor in self.model.state_dict().items()} if share else None
        if share:
            move_weights_towards(self.model, load_model(parent), share)
        write_json(self.folder / METRICS, self.history)
        network = {"architecture": self.config.architecture, "classes": self.config.classes, "averaged": averaged}
        origin = {name: value for name, value in self.provenance.items() if name != "config"}
        save_model(self.folder, self.model, network | origin, trained=trained)

    def _train(self, number: int) -> float:
        """All steps of one epoch; its mean loss."""
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
        return _finite_mean(total, self.steps_per_epoch)

    def _step(self, batch: torch.Tensor, lr: float, done: float, random: torch.Generator) -> torch.Tensor:
        images = self.data.images[batch].float().div_(255)
        if self.config.augment:
            images = augmented(images, self.config.augment, random)
        images = images.contiguous(memory_format=torch.channels_last)
        for group in self.optimiser.param_groups:
            group["lr"] = lr
        self.optimiser.zero_grad()
        step = Step(
            self.model, images, self.data.labels[batch], random, smoothing=self.config.label_smoothing, done=done
        )
        mean_loss = loss(self.config.recipe, step)
        mean_loss.backward()
        self.optimiser.step()
        return mean_loss.detach()

    def _done(self, epoch: int, step: int) -> float:
        """Share of the run's steps, 0 to 1, before this one."""
        return (epoch + step / self.steps_per_epoch) / self.config.epochs

    def _learning_rate(self, epoch: int, step: int) -> float:
        if self.config.schedule == "one_cycle":
            return self.config.lr * schedules.one_cycle(self._done(epoch, step))
        if self.config.schedule == "plateau":
            return self.config.lr * schedules.plateau([row["dev_accuracy"] for row in self.history[:epoch]])
        return self.config.lr

    def _report(self, epoch: int, step: int, mean_loss: float, dev: dict[str, dict[str, int]] | None) -> None:
        self.reported = time.monotonic()
        seconds = self.reported - self.started
        done, steps = epoch * self.steps_per_epoch + step, self.config.epochs * self.steps_per_epoch
        self.on_progress(
            Progress(
                epoch=epoch + 1,
                epochs=self.config.epochs,
                step=done,
                steps=steps,
                loss=mean_loss,
                dev=dev,
                seconds=seconds,
                seconds_left=(steps - done) * seconds / (done - self.steps_before),
            )
        )


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


def _best_epoch(history: list[dict[str, Any]]) -> int:
    """Number of the epoch with the best dev accuracy, the first among equals; 0 before any."""
    return int(max(history, key=lambda row: row["dev_accuracy"])["epoch"]) if history else 0


def _mean_accuracy(scores: dict[str, Score]) -> float:
    return sum(score.accuracy for score in scores.values()) / len(scores) if scores else 0.0
