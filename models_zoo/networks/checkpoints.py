"""Models on disk: weights as safetensors, the rest as JSON. No model is ever unpickled.

A model's folder holds `model.safetensors` and `model.json`. The JSON is written last and names the hash of the
weights, so a folder is a model only when both are there and belong together. Where weights were averaged,
`trained.safetensors` has them as the training left them: the next training starts from there.
"""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save
from torch import nn

from models_zoo.files import read_json, write_bytes, write_json
from models_zoo.networks.architectures import UnknownArchitectureError, build

WEIGHTS, TRAINED, META = "model.safetensors", "trained.safetensors", "model.json"

State = dict[str, torch.Tensor]


class CheckpointError(Exception):
    """A folder that holds no usable model. The message is one sentence with the reason."""


def weights_hash(model: nn.Module | Mapping[str, torch.Tensor]) -> str:
    """SHA-256 (hex) over every weight's and buffer's name, type, shape and bytes, in the order of their names.

    It does not depend on the device, on the memory layout or on the file format.
    """
    state = model.state_dict() if isinstance(model, nn.Module) else model
    digest = hashlib.sha256()
    for name, tensor in sorted(state.items()):
        values = tensor.detach().cpu().contiguous()
        digest.update(f"{name} {values.dtype} {tuple(values.shape)}\n".encode())
        digest.update(values.reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()


def save_model(folder: Path, model: nn.Module, meta: Mapping[str, Any], *, trained: State | None = None) -> str:
    """Write a model into `folder`, whole or not at all, and return its weights hash.

    Args:
        folder: made if missing.
        model: any network that `architectures.build` makes.
        meta: JSON-serialisable; must have `architecture` (a registry name) and `classes` (a number).
        trained: the weights that a training from this model starts from, if not its own.
    """
    names = {"weights_hash": weights_hash(model)}
    if trained is not None:
        names["trained_hash"] = weights_hash(trained)
        write_bytes(folder / TRAINED, save(portable(trained)))
    write_bytes(folder / WEIGHTS, save(portable(model.state_dict())))
    write_json(folder / META, {**meta, **names})
    return names["weights_hash"]


def load_model(folder: Path | str) -> nn.Module:
    """The model in `folder`, on the CPU, in eval mode.

    Raises:
        CheckpointError: files are missing or damaged, the weights are not those that the JSON names, or another
            version of the code wrote them for a network that this one does not build.
    """
    return _load(Path(folder), WEIGHTS, "weights_hash").eval()


def load_trained(folder: Path) -> nn.Module:
    """The model in `folder` as its training left it: the same one, unless its weights were averaged.

    Raises:
        CheckpointError: as `load_model` does.
    """
    return _load(folder, TRAINED, "trained_hash") if "trained_hash" in load_meta(folder) else load_model(folder)


def _load(folder: Path, name: str, digest: str) -> nn.Module:
    meta = load_meta(folder)
    try:
        state = load_file(folder / name)
    except (FileNotFoundError, SafetensorError) as error:
        raise CheckpointError(f"The weights in {folder} cannot be read ({type(error).__name__}).") from error
    if weights_hash(state) != meta[digest]:
        raise CheckpointError(f"The weights in {folder} are not the ones that its {META} names.")
    try:
        model = build(meta["architecture"], classes=meta["classes"])
        model.load_state_dict(state)
    except (UnknownArchitectureError, RuntimeError) as error:
        raise CheckpointError(
            f"The weights in {folder} are of another {meta['architecture']} than this version builds: train one anew, "
            "or use the version of the code that wrote it."
        ) from error
    return model


def load_meta(folder: Path) -> dict[str, Any]:
    """The content of `model.json`: architecture, classes, weights_hash and whatever the model was saved with.

    Raises:
        CheckpointError: the file is missing or is not a model's.
    """
    try:
        meta = read_json(folder / META)
    except (FileNotFoundError, ValueError) as error:
        raise CheckpointError(f"There is no finished model in {folder}: its {META} is missing or damaged.") from error
    if not isinstance(meta, dict) or not {"architecture", "classes", "weights_hash"} <= meta.keys():
        raise CheckpointError(f"The {META} in {folder} does not describe a model.")
    return meta


def portable(state: Mapping[str, torch.Tensor]) -> State:
    """The same tensors on the CPU in plain row-major order, which is what safetensors stores."""
    return {name: tensor.detach().cpu().contiguous() for name, tensor in state.items()}


def read_tensors(path: Path) -> tuple[State, dict[str, str]]:
    """All tensors of a safetensors file, and its metadata.

    Raises:
        CheckpointError: the file is damaged.
    """
    try:
        with safe_open(path, framework="pt") as file:
            names = file.keys()
            return {name: file.get_tensor(name) for name in names}, file.metadata() or {}
    except SafetensorError as error:
        raise CheckpointError(f"{path} cannot be read: it is damaged.") from error
