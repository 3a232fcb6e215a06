"""The files beside a model's weights are enough to train it again, to describe it, and to run it from a shell."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml

from bench import recipes as compare
from models_zoo import cli as command
from models_zoo.files import read_json, write_json
from models_zoo.networks.checkpoints import CheckpointError, load_meta
from models_zoo.robustness.suites import evaluate
from models_zoo.robustness.table import Condition, EvaluationRow, read_rows, write_rows
from models_zoo.training import rebuild
from models_zoo.training.fit import Config, fit
from models_zoo.training.model_card import ReferenceModel, record
from models_zoo.training.provenance import differences, environment
from models_zoo.training.recipes import Fgsm, Standard
from tests.models_zoo.conftest import serve_as_mnist, toys

FGSM = Condition("fgsm", norm="linf", epsilon=0.3)
QUICK = Config(epochs=1, batch_size=64, lr=0.1, threads=1, base_replay=128)
CONFIG = Config(epochs=2, batch_size=64, lr=0.1, threads=1, device="cpu")


@pytest.fixture
def finished(run_folder, base):
    fit(run_folder, CONFIG, base=base)
    return run_folder


def test_a_rebuilt_model_has_the_same_weights(finished, base):
    result = rebuild.rebuild(finished, base=base)
    assert result.agrees
    assert result.differences == []


def test_a_model_is_rebuilt_with_the_number_of_threads_that_it_was_trained_with(finished, base):
    stored = read_json(finished / "config.json")
    write_json(finished / "config.json", stored | {"config": stored["config"] | {"threads": 2}})
    assert rebuild.rebuild(finished, base=base).agrees


def test_whatever_is_not_as_it_was_is_named(finished, base):
    meta = load_meta(finished)
    versions = meta["versions"]
    other = {"after_epoch": 1, "device": "cpu", "versions": versions | {"torch": "2.0"}}
    changes = {
        "device": "cuda",
        "cpu": "VSX",
        "parent_weights_hash": "abc",
        "pretrained_sha256": "def",
        "resumed_with": [other],
    }
    write_json(finished / "model.json", meta | changes | {"versions": versions | {"python": "3.9.1"}})
    result = rebuild.rebuild(finished, base=base)
    assert result.agrees
    assert result.differences == [
        "the parent's weights hash was abc, is none",
        "the pretrained weights' hash was def, is none",
        "the device was cuda, is cpu",
        f"the CPU's capability was VSX, is {meta['cpu']}",
        f"python was 3.9.1, is {versions['python']}",
        f"after epoch 1 torch was 2.0, is {versions['torch']}",
    ]


def test_another_number_of_threads_is_named():
    then, now = ({"threads": threads, "versions": {}} for threads in (2, 16))
    assert differences(then, now) == ["the number of threads was 2, is 16"]


def test_another_torchvision_is_named_where_the_network_came_from_it():
    network, digits = (environment(torch.device("cpu"), name) for name in ("resnet18", "digit_cnn"))
    then = network | {"versions": network["versions"] | {"torchvision": "0.1"}}
    assert differences(then, network) == [f"torchvision was 0.1, is {network['versions']['torchvision']}"]
    assert "torchvision" not in digits["versions"]


@pytest.mark.parametrize(
    "lacking", [("cpu", "first_weights"), ("cpu", "first_weights", "parent_weights_hash", "pretrained_sha256")]
)
def test_a_model_of_an_earlier_version_that_wrote_less_down_can_be_rebuilt_and_described(finished, base, lacking):
    meta = load_meta(finished)
    for name in (*lacking, "resumed_with"):
        del meta[name]
    write_json(finished / "model.json", meta)
    assert rebuild.rebuild(finished, base=base).differences == []
    record(finished, [])
    assert "| trained on | cpu, 1 threads; " in (finished / "README.md").read_text()


def exit_status_of_rebuild(folder: Path) -> int:
    with pytest.raises(SystemExit) as ended:
        command.main(["rebuild", str(folder)])
    return ended.value.code


def test_other_data_is_reported(finished, base, monkeypatch, capsys):
    labels = np.load(finished / "data" / "train_labels.npy")
    np.save(finished / "data" / "train_labels.npy", labels[::-1])
    serve_as_mnist(monkeypatch, base)
    assert exit_status_of_rebuild(finished) == 1
    printed = capsys.readouterr().out
    assert "do NOT agree" in printed
    assert "the training data's hash was" in printed


def test_rebuilding_what_is_no_model_says_so(tmp_path, capsys):
    assert exit_status_of_rebuild(tmp_path) == 2
    assert "name the folder of a finished run" in capsys.readouterr().err


def test_the_card_is_written_from_what_lies_there(finished, base):
    model = fit(finished, CONFIG, base=base).model
    rows = evaluate(model, "m", (base.test_images, base.test_labels))
    record(finished, rows)
    card = (finished / "README.md").read_text()
    header = yaml.safe_load(card.split("---")[1])
    assert header["model-index"][0]["results"][0]["metrics"][0]["value"] == pytest.approx(rows[0].score.accuracy)
    meta = load_meta(finished)
    assert meta["weights_hash"] in card
    assert meta["data_sha256"] in card
    assert f"{rows[0].correct} | {rows[0].n}" in card
    assert "| 2 | " in card


def test_a_robust_models_card_shows_its_plain_reference(finished):
    robust, plain = [EvaluationRow("r", FGSM, 60, 100)], [EvaluationRow("p", FGSM, 5, 100)]
    record(finished, robust, reference=ReferenceModel("its parent", "Trained plainly.", plain))
    card = (finished / "README.md").read_text()
    assert "### Compared with its parent\n\nTrained plainly." in card
    assert "| fgsm | linf 0.3 | 100 | 60.00 % | 5.00 % | +55.00 points | +43.42 to +64.50 |" in card


def test_a_card_names_what_it_cannot_compare_since_the_reference_saw_another_number_of_pictures(finished):
    clean, shifted = EvaluationRow("p", Condition("base"), 99, 100), Condition("moved", grid="shifted")
    robust = [clean, EvaluationRow("r", FGSM, 60, 100), EvaluationRow("r", shifted, 1, 100)]
    for n, sentence in (
        (100, "only the counts are given.\n"),
        (250, "Left out, since its parent was measured on another number of pictures: "),
    ):
        plain = [clean, EvaluationRow("p", FGSM, 5, n), EvaluationRow("p", shifted, 1, n)]
        record(finished, robust, reference=ReferenceModel("its parent", "Trained plainly.", plain))
        assert sentence in (finished / "README.md").read_text()
    assert "pictures: fgsm, moved." in (finished / "README.md").read_text()


def test_a_card_gives_only_the_counts_of_fewer_than_five_pictures(finished):
    robust, plain = [EvaluationRow("r", FGSM, 3, 4)], [EvaluationRow("p", FGSM, 1, 4)]
    record(finished, robust, reference=ReferenceModel("its parent", "Trained plainly.", plain))
    card = (finished / "README.md").read_text()
    assert "| fgsm | linf 0.3 | 3 | 4 |  |  |" in card
    assert "| fgsm | linf 0.3 | 4 | 3 | 1 |  |  |" in card


def test_a_robust_models_card_without_a_reference_says_so_and_how_to_give_one(run_folder, base):
    for recipe, stated in ((Standard(), False), (Fgsm(epsilon=0.1), True)):
        folder = run_folder / recipe.name
        fit(folder, replace(CONFIG, epochs=1, recipe=recipe), base=base)
        card = (folder / "README.md").read_text()
        assert ("No plainly trained reference was given" in card) is stated
        assert ("--reference <folder of a plainly trained model>" in card) is stated


def test_a_card_before_any_evaluation_says_so(finished):
    record(finished, [])
    assert "Not evaluated yet" in (finished / "README.md").read_text()


def test_training_from_the_command_line(run_folder, base, monkeypatch, capsys):
    serve_as_mnist(monkeypatch, base)
    command.main([
        "train", str(run_folder),
        "--epochs", "1", "--batch-size", "64", "--recipe", "pgd,epsilon=0.1,step_size=0.05,steps=2",
        "--augment", "share=0.5,flip=True", "--base-replay", "all", "--threads", "1", "--suites", "base,fgsm",
        "--at-most", "20", "--no-warm-start",
    ])  # fmt: skip
    config = Config.from_json(json.loads((run_folder / "config.json").read_text())["config"])
    assert (config.recipe.name, config.recipe.steps, config.augment.flip) == ("pgd", 2, True)
    assert config.base_replay is None
    assert "base dev" in capsys.readouterr().out
    assert "fgsm" in (run_folder / "README.md").read_text()


def test_a_robust_model_from_the_command_line_stands_beside_its_reference_on_every_picture(
    tmp_path, finished, base, monkeypatch
):
    serve_as_mnist(monkeypatch, base)
    for part, values in zip(("images", "labels"), toys(30, seed=6), strict=True):
        np.save(tmp_path / f"test_{part}.npy", values)
    folder = tmp_path / "robust"
    command.main([
        "train", str(folder),
        "--config", str(finished / "config.json"), "--recipe", "fgsm,epsilon=0.1", "--epochs", "1",
        "--reference", str(finished), "--suites", "base,pgd", "--at-most", "20", "--linf", "0.1,0.3", "--l2", "none",
        "--pgd-steps", "2", "--pgd-restarts", "3", "--round", f"round 1={tmp_path}",
    ])  # fmt: skip
    card = (folder / "README.md").read_text()
    shown = card.partition("### Compared with its plainly trained reference")[2]
    assert "Apart from the recipe it differs in epochs, data_sha256." in shown
    for row in (
        "base | test set | 100",
        "pgd | linf 0.1, 2 steps of 0.125, 3 restarts | 20",
        "pgd | linf 0.3, 2 steps of 0.375, 3 restarts | 20",
        "round | round 1 | 30",
        "all_rounds | together | 30",
    ):
        assert f"| {row} |" in shown
    assert load_meta(finished)["weights_hash"] in shown
    assert "l2" not in shown
    assert "No plainly trained reference" not in card
    assert read_rows(finished) == []


def test_a_model_of_collected_pictures_alone_is_measured_on_the_rounds(run_folder, tmp_path):
    np.save(tmp_path / "test_images.npy", toys(30)[0])
    np.save(tmp_path / "test_labels.npy", toys(30)[1])
    command.main([
        "train", str(run_folder),
        "--start-from", "default", "--epochs", "1", "--batch-size", "20", "--base-replay", "0",
        "--threads", "1", "--round", f"1={tmp_path}",
    ])  # fmt: skip
    assert [(row.condition, row.n) for row in read_rows(run_folder) if not row.is_cell] == [
        (Condition("round", round="1"), 30),
        (Condition("all_rounds"), 30),
    ]


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--recipe", "magic"], "recipe must be one of"),
        (["--recipe", "pgd,steps"], "not of the form field=value"),
        (["--epochs", "0"], "epochs must be more than 0"),
        (["--base-replay", "0"], "empty"),
    ],
)
def test_a_command_that_cannot_be_done_ends_with_a_sentence(tmp_path, options, sentence):
    with pytest.raises(SystemExit, match=sentence):
        command.main(["train", str(tmp_path), *options])


def test_help_explains_every_recipe():
    repository = Path(__file__).parents[2]
    command_line = [sys.executable, "-m", "models_zoo", "train", "--help"]
    shown = subprocess.run(command_line, cwd=repository, capture_output=True, text=True, check=True).stdout
    for word in (
        "--collected-weight",
        "--pgd-restarts N",
        "all for all of them",
        "trades",
        "adv_step_size",
        "salt_and_pepper",
    ):
        assert word in shown


def test_the_comparison_trains_measures_and_writes_its_page(tmp_path, base, monkeypatch):
    monkeypatch.setattr(compare, "LINE_UP", {"standard": QUICK, "another": Config(epochs=1, seed=1, base_replay=128)})
    serve_as_mnist(monkeypatch, base)
    page = tmp_path / "page.md"
    page.write_text(f"before\n{compare.MARKER}\nold\n<!-- end -->\nafter\n")
    command_line = ["--folder", str(tmp_path / "models"), "--page", str(page), "--at-most", "10", "--only"]
    compare.main([*command_line, "standard", "another"])
    text = page.read_text()
    assert text.startswith("before\n")
    assert text.endswith("after\n")
    assert "the rest on 10 of them" in text
    assert "| another | " in text
    clean = next(row.score for row in read_rows(tmp_path / "models" / "another") if row.condition.suite == "base")
    low, high = clean.interval
    cell = f"{100 * clean.accuracy:.2f}<br><sub>{100 * low:.2f}-{100 * high:.2f}</sub>"
    assert f"| another | {cell} |" in text
    assert "old" not in text
    assert "points" in (tmp_path / "models" / "another" / "README.md").read_text()


def test_a_comparison_on_more_pictures_measures_anew_what_was_kept_and_on_as_many_does_not(tmp_path, base, monkeypatch):
    quick = Config(architecture="mnist_cnn", epochs=1, batch_size=64, threads=1, base_replay=64)
    monkeypatch.setattr(compare, "SUITES", ("base", "fgsm"))

    def measured(at_most):
        rows = compare.train_and_measure(tmp_path, quick, base, at_most=at_most)[1]
        write_rows(tmp_path, rows)
        return {row.condition.suite: row.n for row in rows if not row.is_cell}

    assert measured(10) == {"base": 100, "fgsm": 10}
    assert measured(20) == {"base": 100, "fgsm": 20}
    assert measured(1000) == {"base": 100, "fgsm": 100}
    monkeypatch.setattr(compare, "evaluate", None)
    assert measured(500) == {"base": 100, "fgsm": 100}


def test_a_page_without_a_place_for_the_tables_is_left_alone(tmp_path, base, monkeypatch):
    monkeypatch.setattr(compare, "LINE_UP", {"standard": QUICK})
    serve_as_mnist(monkeypatch, base)
    page = tmp_path / "page.md"
    page.write_text("nothing here\n")
    with pytest.raises(SystemExit, match="no place for a table: it needs the lines <!-- made by"):
        compare.main(["--folder", str(tmp_path / "models"), "--page", str(page), "--at-most", "10"])
    assert page.read_text() == "nothing here\n"


def test_a_model_whose_weights_were_replaced_is_not_rebuilt(run_folder, base):
    fit(run_folder, CONFIG, base=base)
    (run_folder / "model.safetensors").write_bytes(b"another model")
    with pytest.raises(CheckpointError, match="cannot be read"):
        rebuild.rebuild(run_folder, base=base)


@pytest.mark.parametrize("content", ["{", "{}"])
def test_a_config_that_is_no_runs_is_refused_and_nothing_is_trained(tmp_path, capsys, content):
    (tmp_path / "config.json").write_text(content)
    assert exit_status_of_rebuild(tmp_path) == 2
    assert f"The config.json in {tmp_path} is not a run's" in capsys.readouterr().err
