"""Train a model again from the files beside its weights, and compare the weights hash."""

import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from models_zoo.data.base_data import BaseData
from models_zoo.files import read_json
from models_zoo.networks.checkpoints import load_meta, load_model, load_trained
from models_zoo.training.config import Config
from models_zoo.training.fit import fit
from models_zoo.training.progress import Progress
from models_zoo.training.provenance import differences


@dataclass(frozen=True)
class Rebuilt:
    """What came out of training a model again."""

    recorded: str
    """The weights hash that the folder names."""
    rebuilt: str
    """The weights hash now."""
    differences: list[str]
    """Phrases for what is no longer the same: data, parent, pretrained weights, threads, device, versions."""

    @property
    def agrees(self) -> bool:
        return self.recorded == self.rebuilt


def rebuild(folder: Path, *, base: BaseData | None, on_progress: Callable[[Progress], None] | None = None) -> Rebuilt:
    """Train the model of `folder` again in a temporary folder, with its config, data, parent and thread count.

    Raises:
        CheckpointError: the folder holds no finished model, or other weights than it names.
        TrainingFailed: the data or the parent it was trained with are not there.
    """
    load_model(folder)  # raises where its weights are not those that it names
    load_trained(folder)
    meta = load_meta(folder)
    config = Config.from_json(read_json(folder / "config.json")["config"])
    with tempfile.TemporaryDirectory() as temporary:
        run = Path(temporary)
        for part in ("data", "parent"):
            if (folder / part).is_dir():
                (run / part).symlink_to((folder / part).resolve(), target_is_directory=True)
        fit(run, replace(config, threads=meta["threads"]), base=base, on_progress=on_progress)
        again = load_meta(run)
    changes = differences(meta, again)
    for other in meta.get("resumed_with", []):
        changes += [f"after epoch {other['after_epoch']} {change}" for change in differences(other, again)]
    return Rebuilt(recorded=meta["weights_hash"], rebuilt=again["weights_hash"], differences=changes)
