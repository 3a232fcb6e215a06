"""Which model is measured on which split when a training ends; the networks themselves are stood in for."""

import json
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import nn

from models_zoo.training.fit import Config
from rounds import predictor
from rounds.datasets.freeze import freeze
from rounds.models import Evaluation, Round, TrainingRun
from rounds.training import evaluate, runs
from rounds.training.runs import Measured
from stats.scores import Score

from .rows import a_model, a_person, a_round, a_task, an_attempt, people

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _no_networks(monkeypatch):
    """Every network reads every drawing right; the new one is named by its word."""
    monkeypatch.setattr(predictor, "load", lambda version: version.name)
    monkeypatch.setattr(evaluate, "confusion", lambda model, images, labels: np.diag(np.bincount(labels, minlength=10)))


@pytest.fixture
def run(db) -> TrainingRun:
    """Round 1 was frozen, its training failed, the adversary was kept; round 2 is in training."""
    task = a_task()
    graphite, alice, voters = a_model(task), a_person("alice"), people(2, "voter")
    for number in (1, 2):
        round = a_round(task, graphite, status=Round.Status.TRAINING)
        for _ in range(6 * number):
            an_attempt(round, alice, "7", "1", "77", voters=voters)
        training_set = freeze(round)
        if number == 1:
            Round.objects.filter(pk=round.pk).update(status=Round.Status.DONE)
    runs.record_measurements(
        [
            Measured(None, "base_dev", Score(4_950, 5_000)),
            Measured(None, "base_test", Score(9_900, 10_000)),
        ],
        new_model=graphite,
    )
    return TrainingRun.objects.create(round=round, training_set=training_set, parent=graphite)


def measured(found):
    return sorted((m.model.name if m.model else "new", str(m.suite), m.round.number) for m in found)


def test_an_earlier_model_is_measured_on_the_splits_it_missed(run):
    found, _ = evaluate.on_rounds(run, "new", "new", print)
    assert measured(found) == sorted(
        (name, suite, number)
        for name in ("Graphite", "new")
        for suite in ("round_dev", "round_test")
        for number in (1, 2)
    )


def test_the_new_models_table_has_every_rounds_test_split_class_by_class_and_all_together(run):
    _, rows = evaluate.on_rounds(run, "new", "new", print)
    accuracies = {row.parameter: (row.correct, row.n) for row in rows if row.suite == "round"}
    assert {row.model for row in rows} == {"new"}
    assert list(accuracies) == ["round 1", "round 2", "all"]
    assert accuracies["all"] == tuple(map(sum, zip(accuracies["round 1"], accuracies["round 2"], strict=True)))
    asked = accuracies["all"][1]
    confused = {row.parameter: (row.correct, row.n) for row in rows if row.suite == "confusion"}
    assert confused["all: 7 read as 7"] == (asked, asked)
    assert {"round 1: 7 read as 7", "round 2: 7 read as 7"} < set(confused)


def test_and_on_no_split_twice(run):
    first = run.round.task.rounds.get(number=1)
    for suite in ("round_dev", "round_test"):
        Evaluation.objects.create(
            model=run.parent, suite=suite, round=first, training_set=first.training_set, correct=0, n=1
        )
    assert ("Graphite", "round_dev", 1) not in measured(evaluate.on_rounds(run, "new", "new", print)[0])


def test_the_gate_compares_parent_and_new_model_on_the_same_examples(run):
    base = [Measured(None, "base_dev", Score(4_960, 5_000)), Measured(None, "base_test", Score(1, 1))]
    verdict = evaluate.gate(run, base + evaluate.on_rounds(run, "new", "new", print)[0])
    assert "2/2), parent 100.00 % (2/2): not better." in verdict.reasons[1]


def test_a_new_model_is_measured_on_the_device_of_its_config(monkeypatch, tmp_path):
    (tmp_path / "config.json").write_text(json.dumps({"config": {**Config().to_json(), "device": "cuda:1"}}))
    fitted = SimpleNamespace(folder=tmp_path, model=nn.Linear(1, 1), weights_hash="abc")
    monkeypatch.setattr(evaluate, "choose_device", {"cuda:1": torch.device("meta")}.get)
    monkeypatch.setattr(evaluate, "evaluate", lambda model, *args, **_: [next(model.parameters()).device.type])
    base = SimpleNamespace(test_images=[], test_labels=[])
    assert set(evaluate.table(fitted, base, print)) == {"meta"}
