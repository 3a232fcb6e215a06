"""Which model is measured on which split when a training ends. Names stand in for the networks."""

import json
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import nn

from models_zoo.robustness.attack_grid import AttackGrid
from models_zoo.robustness.table import Condition
from models_zoo.training.fit import Config
from rounds import predictor
from rounds.datasets.freeze import freeze
from rounds.models import Evaluation, Round, TrainingRun
from rounds.training import evaluate, runs
from rounds.training.runs import Measurement
from stats.scores import Score

from .rows import a_model, a_person, a_round, a_task, an_attempt, people

pytestmark = pytest.mark.django_db
BASE, BASE_DEV = Condition("base"), Condition("base_dev")


@pytest.fixture(autouse=True)
def _no_networks(monkeypatch):
    """Every network reads every drawing right, and is its model's name."""
    monkeypatch.setattr(predictor, "load", lambda version: version.name)
    monkeypatch.setattr(
        evaluate, "confusion_matrix", lambda model, images, labels: np.diag(np.bincount(labels, minlength=10))
    )


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
            Measurement(None, BASE_DEV, Score(4_950, 5_000)),
            Measurement(None, BASE, Score(9_900, 10_000)),
        ],
        new_model=graphite,
    )
    return TrainingRun.objects.create(round=round, training_set=training_set, parent=graphite)


def measured(found):
    return sorted((m.model.name if m.model else "new", m.condition.suite, m.round.number) for m in found)


def test_an_earlier_model_is_measured_on_the_splits_it_missed(run):
    found, _ = evaluate.evaluate_on_rounds(run, "new", "new", print)
    assert measured(found) == sorted(
        (name, suite, number) for name in ("Graphite", "new") for suite in ("round_dev", "round") for number in (1, 2)
    )


def test_the_new_models_table_has_every_rounds_test_split_class_by_class_and_all_together(run):
    _, rows = evaluate.evaluate_on_rounds(run, "new", "new", print)
    one, two, together = Condition("round", round="1"), Condition("round", round="2"), Condition("all_rounds")
    scores = {row.condition: row.score for row in rows if not row.is_cell}
    assert {row.model for row in rows} == {"new"}
    assert list(scores) == [one, two, together]
    assert scores[together] == scores[one] + scores[two]
    cells = {(row.condition, row.label, row.answer): row.score for row in rows if row.is_cell}
    assert cells == {(condition, 7, 7): score for condition, score in scores.items()}


def test_and_on_no_split_twice(run):
    first = run.round.task.rounds.get(number=1)
    for suite in ("round_dev", "round_test"):
        Evaluation.objects.create(
            model=run.parent, suite=suite, round=first, training_set=first.training_set, correct=0, n=1
        )
    assert ("Graphite", "round_dev", 1) not in measured(evaluate.evaluate_on_rounds(run, "new", "new", print)[0])


def test_a_model_is_stored_once_under_each_condition_and_the_first_result_stays(run):
    usual, small_steps = AttackGrid((0.3,), ()).pgd() + AttackGrid((0.3,), (), step_size=0.01).pgd()
    for correct in (1, 2):
        measurements = [Measurement(None, condition, Score(correct, 9)) for condition in (usual, small_steps)]
        runs.record_measurements(measurements, new_model=run.parent)
    stored = run.parent.evaluations.filter(suite="pgd")
    assert {(evaluation.condition, evaluation.score) for evaluation in stored} == {
        (usual, Score(1, 9)),
        (small_steps, Score(1, 9)),
    }
    assert stored.count() == 2


def test_an_evaluation_is_shown_with_what_was_varied(run):
    [pgd] = AttackGrid((0.3,), ()).pgd()
    one = run.round.task.rounds.get(number=1)
    for measured, text in (
        (Measurement(None, pgd, Score(1, 9)), "1/9 on pgd linf 0.3, 40 steps of 0.01875, 1 restart"),
        (Measurement(None, Condition("round", round="1"), Score(2, 9), one, one.training_set), "2/9 on round 1"),
    ):
        runs.record_measurements([measured], new_model=run.parent)
        assert str(run.parent.evaluations.latest("pk")) == f"Graphite (model 1): {text}"


def test_the_gate_compares_parent_and_new_model_on_the_same_examples(run):
    base = [Measurement(None, BASE_DEV, Score(4_960, 5_000)), Measurement(None, BASE, Score(1, 1))]
    verdict = evaluate.gate_verdict(run, base + evaluate.evaluate_on_rounds(run, "new", "new", print)[0])
    assert "2/2), parent 100.00 % (2/2): not better." in verdict.reasons[1]


def test_a_new_model_is_measured_on_the_device_of_its_config(monkeypatch, tmp_path):
    (tmp_path / "config.json").write_text(json.dumps({"config": {**Config().to_json(), "device": "cuda:1"}}))
    fitted = SimpleNamespace(folder=tmp_path, model=nn.Linear(1, 1), weights_hash="abc")
    monkeypatch.setattr(evaluate, "choose_device", {"cuda:1": torch.device("meta")}.get)
    monkeypatch.setattr(evaluate, "evaluate", lambda model, *args, **_: [next(model.parameters()).device.type])
    base = SimpleNamespace(test_images=[], test_labels=[])
    assert set(evaluate.evaluate_on_base(fitted, base, print)) == {"meta"}
