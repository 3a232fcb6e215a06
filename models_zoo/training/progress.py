"""What a training reports to its caller: how far it is, what came out, or why it failed. Imports no torch."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import nn


class TrainingFailed(Exception):
    """The run cannot give a model. The message is one sentence for the person who started it."""


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
    model: "nn.Module"
    """On the CPU, in eval mode; measuring may move it to another device."""
    weights_hash: str
    epochs: list[dict[str, Any]]
    """The content of `metrics.json`: loss, learning rate, dev scores and seconds of each epoch."""


def show_progress(progress: Progress) -> None:
    """Print the progress on one line, which each call overwrites until its epoch has ended."""
    line = (
        f"epoch {progress.epoch}/{progress.epochs}  step {progress.step}/{progress.steps}  loss {progress.loss:.4f}  "
        f"{progress.seconds_left:.0f} s left"
    )
    if progress.dev is None:
        print(f"\r{line}   ", end="", flush=True)
    else:
        scores = (f"{name} dev {score['correct']:,}/{score['n']:,}" for name, score in progress.dev.items())
        print("  ".join([f"\r{line}", *scores]), flush=True)
