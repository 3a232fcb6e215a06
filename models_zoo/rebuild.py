"""Train a model again from what lies beside its weights, and say whether the same weights come out.

python -m models_zoo.rebuild <folder>
"""

import argparse
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from json import JSONDecodeError
from pathlib import Path

from models_zoo.base_data import BaseData, BaseDataError, ensure_mnist, load_mnist
from models_zoo.checkpoints import CheckpointError, load_meta, load_model, load_trained
from models_zoo.command import BASE_FOLDER, show_progress
from models_zoo.config import Config, ConfigError
from models_zoo.files import read_json
from models_zoo.provenance import differences
from models_zoo.train import Progress, TrainingFailed, fit


@dataclass(frozen=True)
class Rebuilt:
    """What came out of training a model again."""

    recorded: str
    """The weights hash that the folder names."""
    rebuilt: str
    """The weights hash now."""
    differences: list[str]
    """What is not as it was then: data, parent, pretrained weights, threads, device, versions; phrases."""

    @property
    def agrees(self) -> bool:
        return self.recorded == self.rebuilt


def rebuild(folder: Path, *, base: BaseData | None, on_progress: Callable[[Progress], None] | None = None) -> Rebuilt:
    """Train the model of `folder` again in a temporary folder, with its config, data, parent and thread count.

    Raises:
        CheckpointError: the folder holds no finished model, or other weights than it names.
        TrainingFailed: the data or the parent it was trained with are not there.
    """
    load_model(folder)  # its weights have to be those that it names
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


def main(arguments: list[str] | None = None) -> int:
    """Exit status 0 when the hash agrees, 1 when it does not, 2 when it could not be tried."""
    parser = argparse.ArgumentParser(
        prog="python -m models_zoo.rebuild", description="Train a model again and compare its weights hash."
    )
    parser.add_argument("folder", type=Path, help="a finished run, with the data and parent it was trained from")
    parser.add_argument("--base", type=Path, default=BASE_FOLDER, help="folder of the base data (%(default)s)")
    given = parser.parse_args(arguments)
    try:
        config = Config.from_json(read_json(given.folder / "config.json")["config"])
        base = None
        if config.base_replay != 0:
            ensure_mnist(given.base, progress=print)
            base = load_mnist(given.base)
        result = rebuild(given.folder, base=base, on_progress=show_progress)
    except FileNotFoundError as error:
        print(f"{error.filename} is missing: name the folder of a finished run.", file=sys.stderr)
        return 2
    except (JSONDecodeError, KeyError):
        print(f"The config.json in {given.folder} is not a run's: name the folder of a finished run.", file=sys.stderr)
        return 2
    except (BaseDataError, CheckpointError, ConfigError, TrainingFailed) as error:
        print(error, file=sys.stderr)
        return 2
    print(f"recorded {result.recorded}\nrebuilt  {result.rebuilt}")
    for difference in result.differences:
        print(f"Note: {difference}.")
    print("The weights agree." if result.agrees else "The weights do NOT agree.")
    return 0 if result.agrees else 1


if __name__ == "__main__":
    sys.exit(main())
