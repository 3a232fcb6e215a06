"""What the command line refuses, before anything is trained."""

import json

import numpy as np
import pytest

from models_zoo.command import build_parser, main, read_config
from models_zoo.config import FIRST, Config
from models_zoo.train import fit


def config_of(*options: str) -> Config:
    return read_config(build_parser().parse_args(["folder", *options]))


def test_options_change_the_ready_config():
    config = config_of("--epochs", "3", "--recipe", "pgd,steps=7", "--augment", "none", "--base-replay", "all")
    assert (config.epochs, config.recipe.steps, config.augment, config.base_replay) == (3, 7, None, None)


def test_a_config_is_read_from_a_runs_own_file(tmp_path):
    (tmp_path / "config.json").write_text(json.dumps({"config": FIRST.to_json(), "data_sha256": "abc"}))
    assert config_of("--config", str(tmp_path / "config.json")) == FIRST


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--suites", "base,speed"], "there is no suite 'speed'"),
        (["--at-most", "0"], "give 1 or more"),
        (["--base-replay", "none"], "base_replay must be of type"),
        (["--config", "nowhere.json"], "nowhere.json can't be read"),
        (["--linf", "0.1;0.3"], "not of the form 0.1,0.3 or none"),
        (["--l2", "1,0"], "epsilon must be more than 0"),
        (["--pgd-restarts", "0"], "give 1 or more"),
        (["--round", "nowhere"], "not of the form TITLE=FOLDER"),
        (["--round", "all=nowhere"], "a title other than all"),
        (["--round", "1=nowhere"], "test_labels.npy in nowhere can't be read"),
        (["--reference", "nowhere"], "There is no finished model in nowhere"),
    ],
)
def test_refuses_with_a_sentence(tmp_path, monkeypatch, capsys, options, sentence):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as refusal:
        main(["folder", *options])
    assert sentence in f"{refusal.value.code}{capsys.readouterr().err}"
    assert not (tmp_path / "folder").exists()


@pytest.mark.parametrize(
    ("images", "labels"),
    [
        (np.zeros((3, 28, 28)), np.zeros(3, np.int64)),
        (np.zeros((3, 28, 28), np.uint8), np.zeros(2, np.int64)),
        (np.zeros((3, 28, 28), np.uint8), np.zeros(3)),
    ],
)
def test_refuses_a_round_that_is_no_pictures_with_labels(tmp_path, capsys, images, labels):
    np.save(tmp_path / "test_images.npy", images)
    np.save(tmp_path / "test_labels.npy", labels)
    with pytest.raises(SystemExit):
        main(["folder", "--round", f"1={tmp_path}"])
    assert "needs pictures of type uint8 [n, 28, 28] and labels of type int64 [n]" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"recipe": {"name": "fgsm"}}, "was trained with the recipe fgsm: as a reference name one of standard"),
        ({"classes": 11}, "knows 11 labels, this model 10"),
    ],
)
def test_refuses_a_reference_that_is_none(tmp_path, base, options, sentence):
    quick = {"architecture": "mnist_cnn", "epochs": 1, "base_replay": 64, "batch_size": 64, "threads": 1}
    fit(tmp_path / "reference", Config.from_json({**Config().to_json(), **quick, **options}), base=base)
    with pytest.raises(SystemExit, match=sentence):
        main([str(tmp_path / "new"), "--reference", str(tmp_path / "reference")])
    assert not (tmp_path / "new").exists()
