"""What the command line trains and measures, and what it refuses before anything is trained."""

import json
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import nn

from bench import recipes as compare
from bench.recipes import COLUMNS, TableColumn, train_and_measure
from models_zoo.cli import build_parser, main
from models_zoo.networks.catalogue import ARCHITECTURES
from models_zoo.robustness.attack_grid import AttackGrid
from models_zoo.robustness.table import EvaluationRow, read_rows
from models_zoo.training.augment import PHOTO_AUGMENT, Augment
from models_zoo.training.config import FIRST, Config
from models_zoo.training.fit import fit
from models_zoo.training.options import PRESETS, read_config
from tests.models_zoo.conftest import colours, toys


def config_of(*options: str) -> Config:
    return read_config(build_parser().parse_args(["train", "folder", *options]))


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


def store(folder, part, pictures):
    folder.mkdir(parents=True, exist_ok=True)
    for name, array in zip(("images", "labels"), pictures, strict=True):
        np.save(folder / f"{part}_{name}.npy", array)


def test_photographs_get_a_network_an_evaluation_and_a_card(tmp_path, capsys):
    quick = ["--epochs", "20", "--batch-size", "6", "--lr", "0.02", "--suites", "base,confusion,fgsm", "--at-most", "4"]
    run = tmp_path / "run"
    for seed, part in enumerate(("train", "dev", "test")):
        store(run / "data", part, colours(24, seed=seed))
    main(["train", str(run), *PHOTOGRAPHS, *quick])
    rows = read_rows(run)
    assert {(row.condition.suite, row.is_cell, row.n) for row in rows} >= {
        ("base", False, 24),
        ("base", True, 8),
        ("fgsm", False, 4),
    }
    assert rows[0].correct > 16
    assert f"Test set: {rows[0].correct} of 24 right" in capsys.readouterr().out
    assert "Pictures are in colour" in (run / "README.md").read_text()

    store(tmp_path / "others", "test", colours(9))
    main(["train", str(run), *PHOTOGRAPHS, *quick, "--test", str(tmp_path / "others")])
    assert read_rows(run)[0].n == 9


DIGITS = ["--start-from", "default", "--architecture", "mnist_cnn", "--base-replay", "0", "--epochs", "1"]
DIGITS += ["--threads", "1", "--lr", "0.05", "--at-most", "5", "--l2", "none"]


def measure(run, *options):
    main(["train", str(run), *DIGITS, *options])
    return [(row.condition.suite, str(row.condition), row.n) for row in read_rows(run) if not row.is_cell]


@pytest.fixture
def digits(tmp_path):
    """A run's folder with toys to train and to be measured on, and another in the same place, called `plain`."""
    for seed, part in enumerate(("train", "test")):
        store(tmp_path / "run" / "data", part, toys(40, seed=seed))
        store(tmp_path / "plain" / "data", part, toys(40, seed=seed))
    return tmp_path / "run"


def test_measuring_again_replaces_what_is_measured_again_and_keeps_the_rest(digits, capsys):
    measure(digits, "--suites", "base,fgsm", "--linf", "0.1,0.2")
    capsys.readouterr()
    assert measure(digits, "--suites", "base", "--at-most", "3") == [
        ("base", "test set", 40),
        ("fgsm", "linf 0.1", 5),
        ("fgsm", "linf 0.2", 5),
    ]
    assert "Kept from an earlier evaluation: fgsm." in capsys.readouterr().out
    assert "| fgsm | linf 0.2 |" in (digits / "README.md").read_text()
    assert measure(digits, "--suites", "fgsm", "--linf", "0.2", "--at-most", "3") == [
        ("base", "test set", 40),
        ("fgsm", "linf 0.1", 5),
        ("fgsm", "linf 0.2", 3),
    ]


def test_measuring_on_another_test_set_replaces_everything_and_says_so(digits, capsys):
    measure(digits, "--suites", "base,fgsm", "--linf", "0.1")
    store(digits.parent / "others", "test", toys(9, seed=5))
    assert measure(digits, "--suites", "base", "--test", str(digits.parent / "others")) == [("base", "test set", 9)]
    assert "not the test set of the last evaluation" in capsys.readouterr().out


def test_a_reference_stays_on_the_card_when_more_is_measured(digits):
    plain, robust = digits.parent / "plain", ["--recipe", "fgsm"]
    measure(plain, "--no-evaluation")
    measure(digits, *robust, "--suites", "base", "--reference", str(plain))
    measure(digits, *robust, "--suites", "fgsm", "--linf", "0.1", "--reference", str(plain))
    measure(digits, *robust, "--suites", "fgsm", "--linf", "0.2")
    compared = (digits / "README.md").read_text().split("### Compared with its plainly trained reference")[1]
    assert "| base | test set | 40 |" in compared
    assert "| fgsm | linf 0.1 | 5 |" in compared
    assert "| fgsm | linf 0.2 | 5 |" not in compared


def test_what_an_earlier_version_measured_is_left_out_with_a_warning(digits, caplog):
    measure(digits, "--suites", "base,fgsm", "--linf", "0.1")
    for name in ("evaluation.json", "measured.json"):
        stored = json.loads((digits / name).read_text())
        old = [{"model": "m", "suite": "fgsm", "parameter": "linf 0.1", "correct": 1, "n": 5, "error": None}]
        reference = {"name": "its plainly trained reference", "about": "", "rows": old}
        (digits / name).write_text(json.dumps(old if "rows" in stored else {**stored, "reference": reference}))
    assert measure(digits, "--suites", "base") == [("base", "test set", 40)]
    assert [message.partition(" was measured by an earlier version")[0] for message in caplog.messages] == [
        str(digits / "evaluation.json"),
        str(digits / "measured.json"),
    ]
    assert "### Compared" not in (digits / "README.md").read_text()


def test_the_step_size_of_pgd_is_an_option(digits):
    madry = ["--suites", "pgd", "--linf", "0.3", "--pgd-steps", "3", "--pgd-step-size", "0.01"]
    assert measure(digits, *madry) == [("pgd", "linf 0.3, 3 steps of 0.01, 1 restart", 5)]


def test_help_names_the_networks_the_ready_configs_and_what_options_are_in_the_first(capsys):
    with pytest.raises(SystemExit):
        main(["train", "--help"])
    text = " ".join(capsys.readouterr().out.split())
    assert f"One of {', '.join(ARCHITECTURES)}. (digit_cnn)" in text
    assert "early stopping may end sooner. (5)" in text
    assert "drawn anew each time: all for all of them, 0 for none. (all)" in text
    assert "default takes every field's default. (default)" in text
    assert all(f" {name}: " in text.partition("presets for --start-from:")[2] for name in PRESETS)


def test_a_model_of_the_comparison_is_measured_on_the_device_of_its_config(monkeypatch, base, tmp_path):
    fitted = SimpleNamespace(model=nn.Linear(1, 1), weights_hash="abc")
    monkeypatch.setattr(compare, "fit", lambda folder, config, **_: fitted)
    monkeypatch.setattr(compare, "choose_device", {"auto": torch.device("meta")}.get)
    monkeypatch.setattr(compare, "evaluate", lambda model, *args, **_: [next(model.parameters()).device.type])
    assert train_and_measure(tmp_path, Config(), base, at_most=10) == (fitted, ["meta"])


def test_a_column_of_the_comparison_is_one_row_of_its_suite_or_all_of_them():
    two, more = AttackGrid((), (2, 2.5)).pgd()
    rows = [
        EvaluationRow("m", two, 5, 10),
        EvaluationRow("m", more, 1, 10),
        EvaluationRow("m", more, 9, 10, label=3, answer=3),
    ]
    assert COLUMNS["PGD l2 2"].share(rows).startswith("50.0")
    assert TableColumn({"suite": "pgd"}).share(rows).startswith("30.0")


def test_without_a_test_set_it_says_that_nothing_was_measured(tmp_path, capsys):
    store(tmp_path / "data", "train", toys(20))
    main(["train", str(tmp_path), "--start-from", "default", "--base-replay", "0", "--epochs", "1", "--threads", "1"])
    assert "no test set to measure the model on" in capsys.readouterr().out
    assert read_rows(tmp_path) == []


def test_a_test_set_that_the_network_does_not_take_is_refused_before_it_trains(tmp_path):
    store(tmp_path / "run" / "data", "train", colours(6))
    store(tmp_path / "digits", "test", toys(20))
    for folder, sentence in (("digits", "test pictures have the shape"), ("nowhere", "nowhere has no test set: put")):
        with pytest.raises(SystemExit, match=sentence):
            main(["train", str(tmp_path / "run"), *PHOTOGRAPHS, "--test", str(tmp_path / folder)])
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
        (["--pgd-step-size", "0"], "step_size must be more than 0"),
        (["--recipe", "augment"], "give --augment default instead of --recipe"),
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
        main(["train", "folder", *options])
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
        main(["train", str(tmp_path / "new"), "--reference", str(tmp_path / "reference"), *for_colour])
    assert not (tmp_path / "new").exists()
