"""How well a new model reads: the base sets, each round's splits, pictures made hard; and what the gate makes of it.

Called by `execute`; it imports torch.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from models_zoo.data.mnist import BaseData
from models_zoo.files import read_json
from models_zoo.networks.predict import confusion
from models_zoo.robustness.suites import CHEAP, SUITES, Row, evaluate, round_rows, rows_of_rounds
from models_zoo.training.fit import Config, Fitted, choose_device
from models_zoo.training.model_card import Reference
from rounds import predictor, rules, selectors
from rounds.datasets.arrays import split_arrays
from rounds.models import Evaluation, ModelVersion, Round, TrainingRun, TrainingSetItem
from rounds.training.runs import Measured
from stats.scores import Score

if TYPE_CHECKING:
    import numpy as np
    from torch import nn

#: Test digits, evenly spaced, that are corrupted, attacked and moved. So many take five seconds on two cores while the
#: next round waits, and 95 times in 100 a share of them is off by seven points at most.
AT_MOST = 200

Suite = Evaluation.Suite
Split = TrainingSetItem.Split
#: Suites of `models_zoo` as the database calls them; those that are not here are in the model's files only.
KEPT = {
    "base": Suite.BASE_TEST,
    "corruption": Suite.CORRUPTION,
    "fgsm": Suite.FGSM,
    "pgd": Suite.PGD,
    "moved": Suite.MOVED,
}

Tell = Callable[[str], None]
"""Told again and again what is being measured; what it raises ends the measuring."""


def table(fitted: Fitted, base: BaseData, tell: Tell) -> list[Row]:
    """The evaluation table of a new model, without the rounds' tests. The model is left on the device of its config."""
    config = Config.from_json(read_json(fitted.folder / "config.json")["config"])
    fitted.model.to(choose_device(config.device))
    test = base.test_images, base.test_labels
    rows = []
    # The cheap ones together, since they ask the model once.
    cheap = [suite for suite in SUITES if suite in CHEAP]
    for suites in [cheap, *([suite] for suite in SUITES if suite not in CHEAP)]:
        with _telling(fitted.model, tell, suites[0]):
            rows += evaluate(fitted.model, fitted.weights_hash[:12], test, suites=suites, at_most=AT_MOST)
    return rows


def kept(rows: Iterable[Row]) -> list[Measured]:
    """What the database keeps of a new model's table."""
    return [
        Measured(
            None,
            KEPT[row.suite],
            Score(row.correct, row.n),
            parameter="" if row.suite == "base" else row.parameter,
        )
        for row in rows
        if row.suite in KEPT
    ]


def as_rows(name: str, measurements: Iterable[Measured]) -> list[Row]:
    """The other way round: a model's measurements, dev sets left out, as the rows of its table."""
    names = {suite: name for name, suite in KEPT.items()}
    rows, rounds = [], {}
    for measured in measurements:
        correct, n = measured.score.correct, measured.score.n
        if measured.suite in names:
            rows.append(Row(name, names[Suite(measured.suite)], measured.parameter or "test", correct, n))
        elif measured.suite == Suite.ROUND_TEST and measured.round:
            rounds[f"round {measured.round.number}"] = Score(correct, n)
    return rows + (round_rows(name, rounds) if rounds else [])


def on_base_dev(model: Any, base: BaseData) -> Measured:
    return Measured(None, Suite.BASE_DEV, _right(confusion(model, base.dev_images, base.dev_labels)))


def on_rounds(run: TrainingRun, model: Any, name: str, tell: Tell) -> tuple[list[Measured], list[Row]]:
    """The new model on every round's dev and test split, and each earlier model where it was not measured yet.

    That is on this round's, and on those of rounds that ended without a new model. Beside it the rows of the new
    model's table for the test splits, class by class.
    """
    task = run.round.task
    on_splits = Evaluation.objects.filter(model__task=task).exclude(training_set=None)
    known = set(on_splits.values_list("model", "suite", "training_set"))
    found, read = [], {}
    for round in [*_earlier_rounds(run.round), run.round]:
        tell(f"round {round.number}")
        training_set = run.training_set if round == run.round else round.training_set
        assert training_set is not None  # rounds without a freeze are not asked for
        for split, suite in ((Split.DEV, Suite.ROUND_DEV), (Split.TEST, Suite.ROUND_TEST)):
            images, labels = split_arrays(training_set, split, of_round=round)
            if not len(labels):
                continue
            counts = confusion(model, images, labels)
            found.append(Measured(None, suite, _right(counts), round, training_set))
            if split == Split.TEST:
                read[f"round {round.number}"] = counts
            for earlier in task.model_versions.all():
                if (earlier.pk, suite, training_set.pk) not in known:
                    right = _right(confusion(predictor.load(earlier), images, labels))
                    found.append(Measured(earlier, suite, right, round, training_set))
    return found, rows_of_rounds(name, read) if read else []


def gate(run: TrainingRun, measurements: list[Measured]) -> rules.Verdict:
    """The gate on dev sets: base, and the adversarial ones of all rounds together. Test sets are not looked at."""
    parents = _all_of(run.parent, measurements)
    mine = [m for m in measurements if m.model is None]
    return rules.gate(
        base_dev=_together(m for m in mine if m.suite == Suite.BASE_DEV),
        parent_base_dev=_together(m for m in parents if m.suite == Suite.BASE_DEV),
        adversarial_dev=_together(m for m in mine if m.suite == Suite.ROUND_DEV),
        parent_adversarial_dev=_together(m for m in parents if m.suite == Suite.ROUND_DEV),
        rules=run.round.rules,
    )


def reference(run: TrainingRun, measurements: list[Measured]) -> Reference:
    """What the new model's card shows beside it: the nearest plainly trained model, which is mostly its parent; so what
    an adversarial training gains, and what it costs, is seen at once. Its parent, too, where there is none such."""
    plain = selectors.plain_reference(run.parent, run.parent.task.model_versions.in_bulk())
    model = plain or run.parent
    kinship = "its parent" if model == run.parent else "the nearest model that was trained plainly"
    about = (
        f"{model} is {kinship} (recipe {model.recipe_name}). It has not seen what was collected since; each round's "
        "test split holds what fooled that round's own adversary."
    )
    if plain is None:
        about += (
            " None of its ancestors was trained plainly: what adversarial training gained and cost is not seen here."
        )
    return Reference(model.name, about, as_rows(model.name, _all_of(model, measurements)))


def _right(counts: "np.ndarray") -> Score:
    """How many of all are right: the diagonal of a confusion, int64 [labels, answers]."""
    return Score(int(counts.trace()), int(counts.sum()))


@contextmanager
def _telling(model: "nn.Module", tell: Tell, what: str) -> Iterator[None]:
    """Tells whenever the model is asked: on a busy machine a suite may take longer than a lease."""
    hook = model.register_forward_hook(lambda *call: tell(what))
    try:
        yield
    finally:
        hook.remove()


def _earlier_rounds(round: Round) -> list[Round]:
    return list(
        Round.objects.select_related("training_set__round__task")
        .filter(task=round.task_id, number__lt=round.number)
        .exclude(training_set=None)
    )


def _all_of(model: ModelVersion, measurements: list[Measured]) -> list[Measured]:
    """All that is known of an earlier model, stored or just found, on what the new one was measured on."""
    sets = {m.training_set for m in measurements}
    stored = model.evaluations.select_related("round", "training_set")
    return [
        Measured(model, e.suite, Score(e.correct, e.n), e.round, e.training_set, e.parameter)
        for e in stored
        if e.training_set is None or e.training_set in sets
    ] + [m for m in measurements if m.model == model]


def _together(measurements: Iterable[Measured]) -> Score:
    return sum((m.score for m in measurements), Score(0, 0))
