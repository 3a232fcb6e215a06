"""The checkpoint that a killed run resumes from: one file, replaced after each epoch."""

import json
import logging
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import nn

from models_zoo.files import write_bytes
from models_zoo.networks.checkpoints import CheckpointError, State, portable, read_tensors

log = logging.getLogger(__name__)


class Checkpoint:
    """A run's weights, optimiser state, history and, with early stopping, best weights so far.

    Tensors are named `model.<weight>`, `optimiser.<number>.<key>` and `best.<weight>`; the history is JSON in the
    file's metadata, and so is the run's provenance (see `training.provenance`), so that another machine can resume it.
    One file, so that its parts always belong together.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.best: State = {}

    def save(
        self,
        model: nn.Module,
        optimiser: torch.optim.Optimizer,
        history: list[dict[str, Any]],
        provenance: dict[str, Any],
        *,
        is_best: bool,
    ) -> None:
        weights = portable(model.state_dict())
        if is_best:
            self.best = {name: tensor.clone() for name, tensor in weights.items()}
        tensors = {f"model.{name}": tensor for name, tensor in weights.items()}
        tensors |= {f"best.{name}": tensor for name, tensor in self.best.items()}
        for number, state in optimiser.state_dict()["state"].items():
            moments = {key: tensor for key, tensor in state.items() if tensor is not None}
            tensors |= {f"optimiser.{number}.{key}": tensor for key, tensor in portable(moments).items()}
        metadata = {"history": json.dumps(history), "provenance": json.dumps(provenance)}
        write_bytes(self.path, save(tensors, metadata=metadata))

    def provenance(self) -> dict[str, Any]:
        """The provenance of its run; empty when there is no whole file, or an early version wrote it without one."""
        try:
            with safe_open(self.path, framework="pt") as file:
                metadata = file.metadata() or {}
        except (FileNotFoundError, SafetensorError):
            return {}
        # Earlier versions of the code named it `claim`.
        provenance: dict[str, Any] = json.loads(metadata.get("provenance") or metadata.get("claim", "{}"))
        return provenance

    def restore(self, model: nn.Module, optimiser: torch.optim.Optimizer) -> list[dict[str, Any]]:
        """Put the saved state into model and optimiser and return the history; empty when there is none.

        A damaged file, or one of a network that this version of the code does not build, counts as none: starting
        over costs time and ends with the right weights.
        """
        if not self.path.exists():
            return []
        try:
            tensors, metadata = read_tensors(self.path)
        except CheckpointError as error:
            log.warning("%s The training starts over.", error)
            return []
        weights = _under("model.", tensors)
        if _shapes(weights) != _shapes(model.state_dict()):
            log.warning("%s is of another network than this version builds. The training starts over.", self.path)
            return []
        model.load_state_dict(weights)
        self.best = _under("best.", tensors)
        moments: dict[int, State] = {}
        for name, tensor in _under("optimiser.", tensors).items():
            number, key = name.split(".", 1)
            moments.setdefault(int(number), {})[key] = tensor
        optimiser.load_state_dict({**optimiser.state_dict(), "state": moments})
        history: list[dict[str, Any]] = json.loads(metadata["history"])
        return history

    def restore_best(self, model: nn.Module) -> None:
        model.load_state_dict(self.best)

    def delete(self) -> None:
        self.path.unlink(missing_ok=True)


def _shapes(state: State) -> dict[str, torch.Size]:
    return {name: tensor.shape for name, tensor in state.items()}


def _under(prefix: str, tensors: State) -> State:
    return {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}
