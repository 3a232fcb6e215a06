"""Evaluations that were stored with a sentence keep their numbers when it becomes columns, and get it back."""

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from models_zoo.robustness.attack_grid import AttackGrid
from models_zoo.robustness.table import Condition
from rounds.models import Evaluation

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)

BEFORE = [("rounds", "0005_person")]
SENTENCES = [
    ("base_test", "", Condition("base")),
    ("base_dev", "", Condition("base_dev")),
    ("corruption", "fog 3", Condition("corruption", corruption="fog", severity=3)),
    ("corruption", "gaussian_noise 1", Condition("corruption", corruption="gaussian_noise", severity=1)),
    ("fgsm", "linf 0.3", Condition("fgsm", norm="linf", epsilon=0.3)),
    ("fgsm", "l2 1", Condition("fgsm", norm="l2", epsilon=1.0)),
    ("pgd", "linf 0.3, 40 steps, 1 restarts", *AttackGrid((0.3,), ()).pgd()),
    ("pgd", "linf 0.1, 40 steps, 1 restarts", *AttackGrid((0.1,), ()).pgd()),
    ("pgd", "l2 2, 7 steps, 5 restarts", *AttackGrid((), (2.0,), steps=7, restarts=5).pgd()),
    ("pgd", "linf 0.3, 40 steps of 0.01, 1 restarts", *AttackGrid((0.3,), (), step_size=0.01).pgd()),
    ("pgd", "linf 0.3, 40 steps of 1e-06, 1 restarts", *AttackGrid((0.3,), (), step_size=1e-6).pgd()),
    ("moved", "shifted up to 4 pixels", Condition("moved", grid="shifted")),
    ("moved", "turned up to 30 degrees", Condition("moved", grid="turned")),
    ("moved", "shifted and turned", Condition("moved", grid="both")),
]


def migrate(targets):
    """The models as they are after the migrations in `targets`."""
    executor = MigrationExecutor(connection)
    executor.migrate(targets)
    return MigrationExecutor(connection).loader.project_state(targets).apps


def newest():
    return MigrationExecutor(connection).loader.graph.leaf_nodes()


@pytest.fixture
def before():
    """The models before the migration, and a model version that can be measured."""
    apps = migrate(BEFORE)
    task = apps.get_model("rounds", "Task").objects.create(slug="digits", name="Digits", labels=["0", "1"])
    model = apps.get_model("rounds", "ModelVersion").objects.create(
        task=task, number=1, architecture="toy", recipe={}, seed=0, weights_hash="abc", folder="models/1"
    )
    yield apps, model
    apps.get_model("rounds", "Evaluation").objects.all().delete()
    migrate(newest())


def store(apps, model, sentences):
    evaluations = apps.get_model("rounds", "Evaluation").objects
    for correct, (suite, sentence) in enumerate(sentences):
        evaluations.create(model=model, suite=suite, parameter=sentence, correct=correct, n=100)
    round = apps.get_model("rounds", "Round").objects.create(task=model.task, number=3)
    freeze = apps.get_model("rounds", "TrainingSet").objects.create(
        round=round, annotator_disjoint=True, manifest_hash="abc"
    )
    evaluations.create(model=model, suite="round_test", round=round, training_set=freeze, correct=99, n=100)


def test_every_sentence_becomes_the_condition_that_is_measured_today(before):
    store(*before, [(suite, sentence) for suite, sentence, _ in SENTENCES])
    migrate(newest())
    carried_over = {evaluation.condition: evaluation.correct for evaluation in Evaluation.objects.all()}
    expected = {condition: correct for correct, (_, _, condition) in enumerate(SENTENCES)}
    assert carried_over == {**expected, Condition("round", round="3"): 99}


def test_going_back_restores_the_sentences(before):
    sentences = [(suite, sentence) for suite, sentence, _ in SENTENCES]
    store(*before, sentences)
    migrate(newest())
    evaluations = migrate(BEFORE).get_model("rounds", "Evaluation").objects.order_by("correct")
    assert list(evaluations.values_list("suite", "parameter")) == [*sentences, ("round_test", "")]


@pytest.mark.parametrize(
    ("suite", "sentence"),
    [("pgd", "linf 0.3"), ("moved", "upside down"), ("corruption", "fog"), ("base_test", "fog 3")],
)
def test_a_sentence_that_was_never_written_stops_the_migration_and_is_named(before, suite, sentence):
    store(*before, [(suite, sentence)])
    with pytest.raises(ValueError, match=f"The suite {suite} has evaluations of '{sentence}'"):
        migrate(newest())
