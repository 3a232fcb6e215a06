"""The base sets that a task can name."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from models_zoo.data.base_data import BaseData, BaseDataError
from models_zoo.data.mnist import ensure_mnist, load_mnist


class Ensure(Protocol):
    """Makes a base set complete in a folder; `progress` is called with a sentence for each source that is tried."""

    def __call__(self, root: Path, *, progress: Callable[[str], None] | None = None) -> Path: ...


@dataclass(frozen=True)
class BaseSet:
    """How one base set is fetched and read; both raise BaseDataError where that fails."""

    ensure: Ensure
    load: Callable[[Path], BaseData]
    """From the folder that `ensure` was given."""

    def fetch(self, root: Path, *, progress: Callable[[str], None] | None = None) -> BaseData:
        """Make it complete in a folder, then read it."""
        self.ensure(root, progress=progress)
        return self.load(root)


BASE_SETS = {"mnist": BaseSet(ensure_mnist, load_mnist)}


def base_set(name: str) -> BaseSet:
    """Raises BaseDataError for a name that is not registered."""
    if name not in BASE_SETS:
        raise BaseDataError(f"There is no base set {name!r}: choose one of {', '.join(BASE_SETS)}.")
    return BASE_SETS[name]
