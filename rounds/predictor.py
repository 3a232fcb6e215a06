"""The current adversary → probabilities. Only this module and `rounds.training` import torch.

Models are cached by the hash of their weights, so a process picks a new adversary up with the first drawing it gets for
it, and can't score a new round with an old model: there is no "current model" here to be out of date.
"""

import logging
import shutil
import tempfile
import threading
from collections import OrderedDict, defaultdict
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from django.conf import settings
from django.core.files.storage import default_storage

from rounds.errors import ErrorKind, Unavailable

if TYPE_CHECKING:
    from torch import nn

    from rounds.models import ModelVersion

log = logging.getLogger(__name__)

#: Enough for the open rounds of several tasks and the models of a round that is just ending.
CACHE_SIZE = 8
MODEL_FILES = ("model.safetensors", "model.json")

_models: "OrderedDict[str, nn.Module]" = OrderedDict()
_read_locks: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)
"""By the hash of its weights: held while a model is read, so that it is read once and no other model waits for it."""
_dicts_lock = threading.Lock()
"""Held while the two dictionaries are read or changed, never while a file is read."""


def predict(version: "ModelVersion", image: np.ndarray) -> np.ndarray:
    """Probabilities, float [labels], of one image, uint8 [side, side], as `version` reads it.

    Raises Unavailable when the model's files can't be loaded.
    """
    from models_zoo.networks.predict import probabilities

    return probabilities(load(version), image[None])[0]


def load(version: "ModelVersion") -> "nn.Module":
    """The network of `version` in evaluation mode, from memory, this machine's disk, or the storage."""
    if (model := _cached(version)) is not None:
        return model
    with _dicts_lock:
        read_lock = _read_locks[version.weights_hash]
    with read_lock:
        if (model := _cached(version)) is not None:  # another thread has read it meanwhile
            return model
        try:
            model = _read(version)
        except Exception as error:
            log.exception("adversary %s can't be loaded", version)
            raise ErrorKind.ADVERSARY_UNAVAILABLE.error() from error
        with _dicts_lock:
            _models[version.weights_hash] = model
            while len(_models) > CACHE_SIZE:
                _models.popitem(last=False)
    return model


def _cached(version: "ModelVersion") -> "nn.Module | None":
    with _dicts_lock:
        model = _models.get(version.weights_hash)
        if model is not None:
            _models.move_to_end(version.weights_hash)
        return model


def local_folder(version: "ModelVersion") -> Path:
    """The files of `version` on this machine's disk, fetched from the storage at their first use."""
    folder = Path(settings.DATA_DIR) / "models" / version.weights_hash
    if not folder.exists():
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent) as temporary:
            fetched = Path(temporary)
            for name in MODEL_FILES:
                with default_storage.open(f"{version.folder}/{name}") as source, open(fetched / name, "wb") as target:
                    shutil.copyfileobj(source, target)
            with suppress(OSError):  # another process was faster; its copy is the same
                fetched.rename(folder)
    return folder


def _read(version: "ModelVersion") -> "nn.Module":
    from models_zoo.networks.checkpoints import load_model, weights_hash

    folder = local_folder(version)
    model = load_model(folder)
    if weights_hash(model) != version.weights_hash:
        shutil.rmtree(folder, ignore_errors=True)
        raise ValueError(f"the weights in {version.folder} are not those of {version}")
    return model


def preload() -> None:
    """Loads torch and the adversaries of all open rounds into a web process; a failure shows when a drawing comes."""
    import torch

    from rounds.models import ModelVersion, Round

    torch.set_num_threads(1)  # one drawing at a time in each of many threads: more would get in each other's way
    for version in ModelVersion.objects.filter(rounds_served__status=Round.Status.OPEN).distinct():
        try:
            load(version)
        except Unavailable as error:
            log.error("%s: %s", version, error)


def clear_cache() -> None:
    """Drops the models from memory; for tests."""
    with _dicts_lock:
        _models.clear()
