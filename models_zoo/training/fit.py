"""Train one model from a folder of arrays: resumable, reproducible, and finished or not there.

    fit(folder, FIRST, base=base_set("mnist").load(root))

The folder's layout is in the docstring of `models_zoo`. From the command line: `python -m models_zoo train --help`.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import torch

from models_zoo.data.base_data import BaseData
from models_zoo.data.run_data import RunDataError
from models_zoo.files import is_full, read_json, write_bytes
from models_zoo.networks.checkpoints import META, CheckpointError, load_meta, load_model
from models_zoo.training import provenance
from models_zoo.training.config import FIRST, NEXT, PHOTOGRAPHS, Config, ConfigError
from models_zoo.training.epochs import training_data
from models_zoo.training.model_card import CARD, card
from models_zoo.training.progress import Fitted, Progress, TrainingFailed
from models_zoo.training.resume import Checkpoint
from models_zoo.training.run import CHECKPOINT, METRICS, Run

__all__ = ["FIRST", "NEXT", "PHOTOGRAPHS", "Config", "ConfigError", "Fitted", "Progress", "TrainingFailed", "fit"]


def fit(
    folder: Path,
    config: Config,
    *,
    base: BaseData | None,
    on_progress: Callable[[Progress], None] | None = None,
) -> Fitted:
    """Train a model in `folder`, or resume what a killed run left there; a finished one is returned at once.

    A process that trains should call `models_zoo.process.prepare_process` before it imports torch.

    Args:
        folder: laid out as the docstring of `models_zoo` says.
        config: how to train; must be the same one when a run is resumed.
        base: the base set; None only when the config replays none.
        on_progress: called with how far it is. An exception that it raises ends the run at once and comes through to
            the caller; the last epoch's checkpoint stays for the next call.

    Raises:
        TrainingFailed: nothing to train on, arrays that the network can't take, labels of one class only or outside
            the config's, no base set, parent, file of pretrained weights or device where the config needs one, a
            folder that holds another run, one from another parent or a damaged `config.json`, loss that is not a
            number, a model that gives its whole dev set one answer, a full disk or GPU.
    """
    try:
        with _repeatable():
            return _fit(Path(folder), config, base, on_progress or (lambda progress: None))
    except (CheckpointError, ConfigError, RunDataError) as error:
        raise TrainingFailed(str(error)) from error
    except torch.OutOfMemoryError as error:
        raise TrainingFailed("The GPU's memory is full: train again with a lower batch_size.") from error
    except OSError as error:
        if is_full(error):
            raise TrainingFailed("The disk is full: make room, then train again; it goes on from here.") from error
        raise


def _fit(folder: Path, config: Config, base: BaseData | None, on_progress: Callable[[Progress], None]) -> Fitted:
    device = choose_device(config.device)
    data = training_data(folder, config, base, device)
    stored = provenance.read(folder, config, data.sha256, Checkpoint(folder / CHECKPOINT))
    if not (folder / META).exists():
        torch.set_num_threads(stored.get("threads") or config.threads or _cores())
        run = Run(folder, config, data, device, on_progress, stored)
        while not run.is_over():
            run.epoch()
        run.finish()
    return _finished(folder)


def _finished(folder: Path) -> Fitted:
    """A folder with a model in it; its card is written and its checkpoint deleted, if a kill prevented that before."""
    if not (folder / CARD).exists():
        write_bytes(folder / CARD, card(folder).encode())
    Checkpoint(folder / CHECKPOINT).delete()
    return Fitted(folder, load_model(folder), load_meta(folder)["weights_hash"], read_json(folder / METRICS))


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


def _cores() -> int:
    """CPU cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def import_ahead() -> None:
    """Import what the first `fit` of a process would import: torch's compiler, which comes with deterministic mode."""
    with _repeatable():
        pass


@contextmanager
def _repeatable() -> Iterator[None]:
    """Deterministic kernels inside; afterwards the caller's mode, random state and number of threads again."""
    threads, deterministic = torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()
    fills = torch.utils.deterministic.fill_uninitialized_memory  # type: ignore[attr-defined]
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
