"""What the command line trains and measures, and what it refuses before anything is trained."""

import json
from dataclasses import replace

import numpy as np
import pytest

from models_zoo.augment import PHOTO_AUGMENT, Augment
from models_zoo.command import build_parser, main, read_config
from models_zoo.config import FIRST, Config
from models_zoo.suites import read_rows
from models_zoo.train import fit
from tests.models_zoo.conftest import colours, toys


def config_of(*options: str) -> Config:
    return read_config(build_parser().parse_args(["folder", *options]))


def test_options_change_the_ready_config():
    config = config_of("--epochs", "3", "--recipe", "pgd,steps=7", "--augment", "none", "--base-replay", "all")
    assert (config.epochs, config.recipe.steps, config.augment, config.base_replay) == (3, 7, None, None)


def test_an_augmentation_keeps_what_is_not_changed_of_it():
    augment = config_of("--start-from", "photographs", "--augment", "flip=False").augment
    assert augment == replace(PHOTO_AUGMENT, flip=False)
    assert config_of("--start-from", "photographs", "--augment", "default").augment == Augment()


def test_a_config_is_read_from_a_runs_own_file(tmp_path):
    (tmp_path / "config.json").write_text(json.dumps({"config": FIRST.to_json(), "data_sha256": "abc"}))
    assert config_of("--config", str(tmp_path / "config.json")) == FIRST


PHOTOGRAPHS = ["--start-from", "photographs", "--architecture", "mobilenet_v2", "--pretrained", "", "--classes", "3"]
PHOTOGRAPHS += ["--threads", "1"]


def keep(folder, part, pictures):
    folder.mkdir(parents=True, exist_ok=True)
    for name, array in zip(("images", "labels"), pictures, strict=True):
        np.save(folder / f"{part}_{name}.npy", array)


def test_photographs_get_a_network_an_evaluation_and_a_card(tmp_path, capsys):
    quick = ["--epochs", "20", "--batch-size", "6", "--lr", "0.02", "--suites", "base,confusion,fgsm", "--at-most", "4"]
    run = tmp_path / "run"
    for seed, part in enumerate(("train", "dev", "test")):
        keep(run / "data", part, colours(24, seed=seed))
    main([str(run), *PHOTOGRAPHS, *quick])
    rows = read_rows(run)
    assert {(row.suite, row.n) for row in rows} >= {("base", 24), ("confusion", 8), ("fgsm", 4)}
    assert rows[0].correct > 16
    assert f"Test set: {rows[0].correct} of 24 right" in capsys.readouterr().out
    assert "Pictures are in colour" in (run / "README.md").read_text()

    keep(tmp_path / "others", "test", colours(9))
    main([str(run), *PHOTOGRAPHS, *quick, "--test", str(tmp_path / "others")])
    assert read_rows(run)[0].n == 9


def test_without_a_test_set_it_says_that_nothing_was_measured(tmp_path, capsys):
    keep(tmp_path / "data", "train", toys(20))
    main([str(tmp_path), "--start-from", "default", "--base-replay", "0", "--epochs", "1", "--threads", "1"])
    assert "no test set to measure the model on" in capsys.readouterr().out
    assert read_rows(tmp_path) == []


def test_a_test_set_that_the_network_does_not_take_is_refused_before_it_trains(tmp_path):
    keep(tmp_path / "run" / "data", "train", colours(6))
    keep(tmp_path / "digits", "test", toys(20))
    for folder, sentence in (("digits", "test pictures have the shape"), ("nowhere", "nowhere has no test set: put")):
        with pytest.raises(SystemExit, match=sentence):
            main([str(tmp_path / "run"), *PHOTOGRAPHS, "--test", str(tmp_path / folder)])
    assert not (tmp_path / "run" / "config.json").exists()


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--suites", "base,speed"], "there is no suite 'speed'"),
        (["--at-most", "0"], "give 1 or more"),
        (["--base-replay", "none"], "base_replay must be of type"),
        (["--base-replay", "0", "--device", "tpu9"], "There is no device tpu9 here: choose one of auto, cpu"),
        (["--base-replay", "0", "--device", "cuda:99"], "There is no device cuda:99 here"),
        (["--recipe", "pgd,epsilon=nan"], "epsilon must be a finite number"),
        (["--augment", "share=2"], "share must be 0 to 1"),
        (["--config", "nowhere.json"], "nowhere.json can't be read"),
        (["--linf", "0.1;0.3"], "not of the form 0.1,0.3 or none"),
        (["--l2", "1,0"], "epsilon must be more than 0"),
        (["--pgd-restarts", "0"], "give 1 or more"),
        (["--round", "nowhere"], "not of the form TITLE=FOLDER"),
        (["--round", "all=nowhere"], "a title other than all"),
        (["--round", "1=nowhere"], "nowhere has no test set: put test_images.npy and test_labels.npy there."),
        (["--reference", "nowhere"], "There is no finished model in nowhere"),
        (["--reference", "nowhere", "--no-evaluation"], "leave out --no-evaluation or --reference"),
    ],
)
def test_refuses_with_a_sentence(tmp_path, monkeypatch, capsys, options, sentence):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as refusal:
        main(["folder", *options])
    assert sentence in f"{refusal.value.code}{capsys.readouterr().err}"
    assert not (tmp_path / "folder").exists()


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"recipe": {"name": "fgsm"}}, "was trained with the recipe fgsm: as a reference name one of standard"),
        ({"classes": 11}, "knows 11 labels, this model 10"),
        ({}, "takes other pictures than a mobilenet_v2"),
    ],
)
def test_refuses_a_reference_that_is_none(tmp_path, base, options, sentence):
    quick = {"architecture": "mnist_cnn", "epochs": 1, "base_replay": 64, "batch_size": 64, "threads": 1}
    fit(tmp_path / "reference", Config.from_json({**Config().to_json(), **quick, **options}), base=base)
    for_colour = [] if options else ["--architecture", "mobilenet_v2"]
    with pytest.raises(SystemExit, match=sentence):
        main([str(tmp_path / "new"), "--reference", str(tmp_path / "reference"), *for_colour])
    assert not (tmp_path / "new").exists()
