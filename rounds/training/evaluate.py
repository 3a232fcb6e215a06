"""Measures a new model (on the base sets, corrupted, attacked and moved pictures, rounds' splits); asks the gate."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from models_zoo.data.mnist import BaseData
from models_zoo.files import read_json
from models_zoo.networks.predict import confusion_matrix
from models_zoo.robustness.suites import CHEAP, SUITES, evaluate, round_rows, score_of
from models_zoo.robustness.table import Condition, EvaluationRow, all_rounds
from models_zoo.training.fit import Config, Fitted, choose_device
from models_zoo.training.model_card import ReferenceModel
from rounds import predictor, rules, selectors
from rounds.datasets.arrays import split_arrays
from rounds.models import Evaluation, ModelVersion, Round, TrainingRun, TrainingSetItem
from rounds.training.runs import Measurement
from stats.scores import Score

if TYPE_CHECKING:
    from torch import nn

Split = TrainingSetItem.Split

#: Test digits, evenly spaced, that are corrupted, attacked and moved. So many take five seconds on two cores while the
#: next round waits, and 95 times in 100 a share of them is off by seven points at most.
SAMPLE_SIZE = 200
#: Suites whose accuracies the database stores. What else a model's table has is in its files only.
STORED_SUITES = ("base", "corruption", "fgsm", "pgd", "moved")
#: New models are accepted by their results on these, so that no table shows them.
DEV_SUITES = ("base_dev", "round_dev")

OnMeasuring = Callable[[str], None]
"""Called often while a model is measured, with the name of what it is measured on. Raising an exception ends it."""


def evaluate_on_base(fitted: Fitted, base: BaseData, on_measuring: OnMeasuring) -> list[EvaluationRow]:
    """A new model's table without the rounds' tests. The model is left on the device of its config."""
    config = Config.from_json(read_json(fitted.folder / "config.json")["config"])
    fitted.model.to(choose_device(config.device))
    test = base.test_images, base.test_labels
    rows = []
    # The cheap suites in one call, since they share the model's answers.
    cheap = [suite for suite in SUITES if suite in CHEAP]
    for suites in [cheap, *([suite] for suite in SUITES if suite not in CHEAP)]:
        with _reported(fitted.model, on_measuring, suites[0]):
            rows += evaluate(fitted.model, fitted.weights_hash[:12], test, suites=suites, at_most=SAMPLE_SIZE)
    return rows


def evaluate_on_base_dev(model: "nn.Module", base: BaseData) -> Measurement:
    return Measurement(None, Condition("base_dev"), score_of(confusion_matrix(model, base.dev_images, base.dev_labels)))


def evaluate_on_rounds(
    run: TrainingRun, model: "nn.Module", name: str, on_measuring: OnMeasuring
) -> tuple[list[Measurement], list[EvaluationRow]]:
    """The new model on every round's dev and test split, and each earlier model where it was not measured yet.

    That is on this round's splits, and on those of rounds that ended without a new model. Also returns the rows of the
    new model's table for the test splits, with their confusion.
    """
    found, confusions = [], {}
    measured = _measured_on_splits(run)
    for round in [*_frozen_rounds_before(run.round), run.round]:
        on_measuring(f"round {round.number}")
        training_set = run.training_set if round == run.round else round.training_set
        assert training_set is not None  # only frozen rounds are listed
        for split, suite in ((Split.DEV, "round_dev"), (Split.TEST, "round")):
            images, labels = split_arrays(training_set, split, only_round=round)
            if not len(labels):
                continue
            condition, counts = Condition(suite, round=str(round.number)), confusion_matrix(model, images, labels)
            found.append(Measurement(None, condition, score_of(counts), round, training_set))
            if split == Split.TEST:
                confusions[condition.round] = counts
            for earlier in run.round.task.model_versions.all():
                if (earlier.pk, condition, training_set.pk) not in measured:
                    score = score_of(confusion_matrix(predictor.load(earlier), images, labels))
                    found.append(Measurement(earlier, condition, score, round, training_set))
    return found, round_rows(name, confusions)


def to_measurements(rows: Iterable[EvaluationRow]) -> list[Measurement]:
    """What the database stores of a new model's table on the base test set."""
    return [
        Measurement(None, row.condition, row.score)
        for row in rows
        if row.condition.suite in STORED_SUITES and not row.is_cell
    ]


def to_rows(name: str, measurements: Iterable[Measurement]) -> list[EvaluationRow]:
    """The measurements of one model as rows of its table."""
    rows = [
        EvaluationRow(name, measured.condition, measured.score.correct, measured.score.n)
        for measured in measurements
        if measured.condition.suite not in DEV_SUITES
    ]
    return rows + all_rounds(rows)


def gate_result(run: TrainingRun, measurements: list[Measurement]) -> rules.GateResult:
    """The gate on dev sets: base, and the adversarial ones of all rounds together. Test sets are not considered."""
    parents = _measurements_of_model(run.parent, measurements)
    own = [measured for measured in measurements if measured.model is None]
    return rules.gate(
        base_dev=_total(own, "base_dev"),
        parent_base_dev=_total(parents, "base_dev"),
        adversarial_dev=_total(own, "round_dev"),
        parent_adversarial_dev=_total(parents, "round_dev"),
        rules=run.round.rules,
    )


def card_reference(run: TrainingRun, measurements: list[Measurement]) -> ReferenceModel:
    """What the new model's card compares it with: the nearest plainly trained model, which is mostly its parent, so
    that the card shows what an adversarial training gained and what it cost. The parent, too, where there is none."""
    plain = selectors.plain_reference(run.parent, run.parent.task.model_versions.in_bulk())
    model = plain or run.parent
    relation = "its parent" if model == run.parent else "the nearest model that was trained plainly"
    about = (
        f"{model} is {relation} (recipe {model.recipe_name}). It has not seen what was collected since; each round's "
        "test split holds what fooled that round's own adversary."
    )
    if plain is None:
        about += " None of its ancestors was trained plainly: the effect of adversarial training can't be seen here."
    return ReferenceModel(model.name, about, to_rows(model.name, _measurements_of_model(model, measurements)))


@contextmanager
def _reported(model: "nn.Module", on_measuring: OnMeasuring, suite: str) -> Iterator[None]:
    """Reports each time the model reads a batch: on a busy machine a suite may take longer than a lease."""
    hook = model.register_forward_hook(lambda *call: on_measuring(suite))
    try:
        yield
    finally:
        hook.remove()


def _measured_on_splits(run: TrainingRun) -> set[tuple[int, Condition, int | None]]:
    """Model, condition and freeze of each result on a round's split that is stored already."""
    stored = Evaluation.objects.filter(model__task=run.round.task).exclude(training_set=None).select_related("round")
    return {(evaluation.model_id, evaluation.condition, evaluation.training_set_id) for evaluation in stored}


def _frozen_rounds_before(round: Round) -> list[Round]:
    return list(
        Round.objects.select_related("training_set__round__task")
        .filter(task=round.task_id, number__lt=round.number)
        .exclude(training_set=None)
    )


def _measurements_of_model(model: ModelVersion, measurements: list[Measurement]) -> list[Measurement]:
    """All results of an earlier model, stored or just found, on what the new one was measured on."""
    freezes = {measured.training_set for measured in measurements}
    stored = [
        Measurement(model, evaluation.condition, evaluation.score, evaluation.round, evaluation.training_set)
        for evaluation in model.evaluations.select_related("round", "training_set")
        if evaluation.training_set is None or evaluation.training_set in freezes
    ]
    return stored + [measured for measured in measurements if measured.model == model]


def _total(measurements: Iterable[Measurement], suite: str) -> Score:
    return sum((measured.score for measured in measurements if measured.condition.suite == suite), Score(0, 0))
