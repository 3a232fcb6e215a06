"""The experiment goes on where it was stopped, and compares like with like. Toys, not MNIST."""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace

import numpy as np
import pytest

from bench.experiment import arms, measure
from bench.experiment.collect import STYLES, collect_fooling, collect_ordinary
from bench.experiment.run import Experiment, OtherSettings, Settings
from crowd import ReadingErrors
from models_zoo.networks.architectures import build
from models_zoo.training.config import Config
from rounds.rules import Rules
from tests.crowd.toys import never_wrong, toy_crowd, toy_handwriting
from tests.models_zoo.conftest import toy_base

QUICK = Config(architecture="mnist_cnn", epochs=1, base_replay=256, lr=0.05, threads=1)
SETTINGS = Settings(rounds=2, per_round=12, annotators=10, first=QUICK, threads=1)


@pytest.fixture(autouse=True)
def quick_arms(monkeypatch):
    quick = {name: replace(arm, config=replace(QUICK, warm_start=True)) for name, arm in arms.MAIN.items()}
    quick["everything"] = replace(arms.ARMS["everything"], config=quick["dynamic"].config)
    quick["weight-1"] = replace(arms.ARMS["weight-1"], config=quick["dynamic"].config, only_after=(2,))
    monkeypatch.setattr("bench.experiment.run.ARMS", quick)
    monkeypatch.setattr(measure, "CORRUPTED", 4)


def experiment(folder, settings=SETTINGS, seed=0):
    return Experiment(folder, settings, seed, toy_base(), toy_handwriting(60), log=lambda line: None)


def stored_results(folder):
    """Every round's numbers, without the seconds."""
    found = {}
    for path in sorted(folder.rglob("result.json")):
        result = json.loads(path.read_text())
        found[str(path.relative_to(folder))] = {k: v for k, v in result.items() if "seconds" not in k}
    return found


def test_every_arm_collects_the_same_number_and_is_measured_on_the_same_pictures(tmp_path):
    run = experiment(tmp_path)
    for arm in ("dynamic", "ordinary", "static"):
        run.run(arm)
    rounds = {path: result for path, result in stored_results(tmp_path).items() if "round" in path}
    assert len(rounds) == 6
    assert {sum(result["collected"].values()) for path, result in rounds.items() if "round-02" in path} == {24}
    assert len({tuple(n for _, n in result["scores"].values()) for result in rounds.values()}) == 1


def test_an_arm_on_the_same_examples_has_the_very_drawings_of_the_dynamic_one(tmp_path):
    run = experiment(tmp_path)
    run.run("dynamic")
    run.run("weight-1")
    for number in (1, 2):
        theirs, ours = (run.split(name, number)["train"][0] for name in ("dynamic", "weight-1"))
        assert np.array_equal(theirs, ours)
    assert "scores" in stored_results(tmp_path)["seed-0/weight-1/round-02/result.json"]
    assert "scores" not in stored_results(tmp_path)["seed-0/weight-1/round-01/result.json"]


def test_everything_is_each_trajectory_of_the_annotators_who_are_trained_on(tmp_path):
    run = experiment(tmp_path)
    run.run("everything")
    train = [annotator for side, annotator in zip(run.sides, run.crowd(arms.MAIN["dynamic"]).annotators, strict=True)
             if side == "train"]  # fmt: skip
    theirs = sum(len(ids) for annotator in train for ids in annotator.writer.trajectory_ids)
    images, labels = run.split("everything", 1)["train"]
    assert len(images) == len(labels) == STYLES * theirs
    assert "held-out writers" in stored_results(tmp_path)["seed-0/everything/round-01/result.json"]["scores"]


def test_a_run_that_is_done_changes_nothing_and_more_rounds_continue_it(tmp_path):
    experiment(tmp_path).run("dynamic")
    before = stored_results(tmp_path)
    experiment(tmp_path).run("dynamic")
    assert stored_results(tmp_path) == before
    experiment(tmp_path, replace(SETTINGS, rounds=3)).run("dynamic")
    after = stored_results(tmp_path)
    assert before.items() < after.items()
    assert len(after) == len(before) + 1


def test_a_folder_refuses_other_settings(tmp_path):
    experiment(tmp_path).run("ordinary")
    with pytest.raises(OtherSettings, match="use another --folder"):
        experiment(tmp_path, replace(SETTINGS, per_round=13)).run("ordinary")


def test_a_folder_refuses_another_crowd(tmp_path, monkeypatch):
    experiment(tmp_path).run("ordinary")
    monkeypatch.setattr("crowd.rendering.pen_down", lambda trajectory, label: np.arange(7) > 0)
    with pytest.raises(OtherSettings, match=r"crowd\.json says that other settings were used"):
        experiment(tmp_path).run("ordinary")


def test_a_folder_that_was_moved_goes_on(tmp_path):
    experiment(tmp_path / "here", replace(SETTINGS, rounds=1)).run("dynamic")
    (tmp_path / "here").rename(tmp_path / "there")
    experiment(tmp_path / "there").run("dynamic")
    assert (tmp_path / "there/seed-0/dynamic/round-02/parent/model.json").exists()


def test_no_annotator_is_on_two_sides(tmp_path):
    run = experiment(tmp_path)
    run.run("dynamic")
    people = {side: set() for side in ("train", "dev", "test")}
    for number in (1, 2):
        with np.load(run.round_folder("dynamic", number) / "collected.npz") as stored:
            for annotator in stored["annotators"]:
                people[run.sides[annotator]].add(int(annotator))
    assert not people["train"] & people["test"]
    assert not people["train"] & people["dev"]


KILLED = """
import sys
from pathlib import Path
from bench.experiment import arms, measure
from dataclasses import replace
import bench.experiment.run as run
from tests.bench.test_experiment import QUICK, SETTINGS, experiment
run.ARMS = {"dynamic": replace(arms.MAIN["dynamic"], config=replace(QUICK, warm_start=True))}
measure.CORRUPTED = 4
experiment(Path(sys.argv[1]), replace(SETTINGS, rounds=4)).run("dynamic")
"""


def test_a_run_killed_at_any_time_goes_on_and_ends_with_the_same_numbers(tmp_path):
    command = [sys.executable, "-c", KILLED]
    subprocess.run([*command, str(tmp_path / "whole")], check=True, timeout=120)
    whole = stored_results(tmp_path / "whole")
    kills = 0
    for wait_for in ("seed-0/first/result.json", "seed-0/dynamic/round-02/collected.json"):
        running = subprocess.Popen([*command, str(tmp_path / "killed")])
        while not (tmp_path / "killed" / wait_for).exists() and running.poll() is None:
            time.sleep(0.005)
        if running.poll() is None:
            os.kill(running.pid, signal.SIGKILL)
            kills += 1
        running.wait()
    assert kills == 2
    subprocess.run([*command, str(tmp_path / "killed")], check=True, timeout=120)
    assert stored_results(tmp_path / "killed") == whole


def test_a_round_closes_at_its_target_and_counts_every_attempt_once():
    crowd, model = toy_crowd(annotators=6), build("mnist_cnn").eval()
    found = collect_fooling(crowd, model, Rules(target_verified=20), seed=[0], max_attempts=5000)
    counts = found.counts
    assert counts["verified"] == sum(example.fooled for example in found.examples) == 20
    assert counts["fooled"] == counts["verified"] + counts["rejected"]
    assert np.sum(list(found.by_annotator.values()), axis=0).tolist() == [
        counts["attempts"],
        counts["fooled"],
        counts["verified"],
    ]


def test_a_round_in_which_nothing_is_verified_closes_at_its_deadline():
    crowd, model = (
        toy_crowd(annotators=6, reading_errors=ReadingErrors(unreadable=1.0, errors=0.9)),
        build("mnist_cnn").eval(),
    )
    for validator in crowd.validators:
        validator.answer = lambda drawing: "unreadable"
    found = collect_fooling(crowd, model, Rules(target_verified=20), seed=[0], max_attempts=100)
    assert found.counts["verified"] == 0
    assert 100 <= found.counts["attempts"] < 106


def test_without_validators_every_claim_is_believed():
    crowd, model = toy_crowd(annotators=6, validators=0), build("mnist_cnn").eval()
    found = collect_fooling(crowd, model, Rules(target_verified=20), seed=[0], max_attempts=5000)
    assert found.counts["fooled"] == found.counts["verified"] == 20


def test_ordinary_drawings_are_in_the_usual_way_balanced_and_verified():
    crowd = toy_crowd(annotators=6, habits=never_wrong())
    found = collect_ordinary(crowd, Rules(target_verified=50), seed=[0])
    assert len(found.examples) == 50
    assert all(example.drawing.variations == () for example in found.examples)
    assert np.bincount([example.drawing.claimed for example in found.examples]).min() >= 3
