"""Models × test sets: how well each model reads each test set."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Case, F, Sum, Value, When

from rounds import selectors
from rounds.models import Evaluation, ModelVersion, Task
from stats.rates import Change, ChangeJson, Rate, Share, listed

from .shapes import Matrix, MatrixCell, MatrixColumn, PlainReference

Suite = Evaluation.Suite


def matrix(task: Task) -> Matrix:
    """Accuracy of every model on every test set, as measured when the models were trained."""
    measured = _measurements(task)
    columns = _columns(measured)
    models = {model.pk: model for model in task.model_versions.order_by("number")}
    rates = {pk: [measured.get(pk, {}).get(column["key"]) for column in columns] for pk in models}
    nothing = [None] * len(columns)

    def changes(model: int, against: int | None) -> list[ChangeJson | None]:
        pairs = zip(rates[model], rates.get(against or 0, nothing), strict=True)
        return [Change(rate, before).to_json() if rate and before else None for rate, before in pairs]

    def reference(model: ModelVersion) -> PlainReference | None:
        plain = selectors.plain_reference(model, models)
        if plain is None or plain == model:
            return None
        return {"number": plain.number, "name": plain.name, "changes": changes(model.pk, plain.pk)}

    return {
        "task": task.slug,
        "columns": columns,
        "rows": [
            {
                "model": pk,
                "number": model.number,
                "name": model.name,
                "parent": models[model.parent_id].number if model.parent_id else None,
                "cells": [_cell(rate) for rate in rates[pk]],
                "changes": changes(pk, model.parent_id),
                "recipe": model.recipe_name,
                "reference": reference(model),
            }
            for pk, model in models.items()
        ],
    }


ALL_ROUNDS = "all_rounds"


@dataclass(frozen=True)
class RobustnessColumn:
    """A column for corrupted, attacked or moved base test digits: of the evaluations that have these values."""

    title: str
    where: dict[str, Any]
    kind: type[Rate] = Rate


ROBUSTNESS = {
    "corrupted": RobustnessColumn("Corrupted", {"suite": Suite.CORRUPTION}, kind=Share),
    "pgd_0.1": RobustnessColumn("PGD, ε 0.1", {"suite": Suite.PGD, "norm": "linf", "epsilon": 0.1}),
    "pgd_0.3": RobustnessColumn("PGD, ε 0.3", {"suite": Suite.PGD, "norm": "linf", "epsilon": 0.3}),
    "moved": RobustnessColumn("Shifted, turned", {"suite": Suite.MOVED, "grid": "both"}),
}
#: The column that an evaluation counts for; of a round's test split only what was measured on its newest freeze.
COLUMN = Case(
    When(suite=Suite.BASE_TEST, then=Value(str(Suite.BASE_TEST))),
    When(suite=Suite.ROUND_TEST, training_set=F("round__training_set"), then=Value("round")),
    *(When(**column.where, then=Value(key)) for key, column in ROBUSTNESS.items()),
    default=Value(""),
)


def _measurements(task: Task) -> dict[int, dict[str, Rate]]:
    """By model id and column key."""
    measured = Evaluation.objects.filter(model__task=task, n__gt=0).annotate(column=COLUMN).exclude(column="")
    rows = measured.order_by().values_list("model", "column", "round__number").annotate(Sum("correct"), Sum("n"))
    found: dict[int, dict[str, Rate]] = defaultdict(dict)
    for model, column, number, correct, n in rows:
        key = f"round_{number}" if number else column
        found[model][key] = (ROBUSTNESS[key].kind if key in ROBUSTNESS else Rate)(correct, n)
    rounds = {key for rates in found.values() for key in rates if key.startswith("round_")}
    for rates in found.values():
        # Only models that were measured on all rounds: the others would be compared on different sets.
        if rounds and rounds <= rates.keys():
            on_rounds = [rates[key] for key in rounds]
            correct, n = sum(rate.numerator for rate in on_rounds), sum(rate.denominator for rate in on_rounds)
            rates[ALL_ROUNDS] = Rate(correct, n)
    return found


def _columns(measured: Mapping[int, Mapping[str, Rate]]) -> list[MatrixColumn]:
    sizes = {key: rate.denominator for rates in measured.values() for key, rate in rates.items()}
    numbers = sorted(int(key.removeprefix("round_")) for key in sizes if key.startswith("round_"))
    titles: list[tuple[str, str, int | None]] = [
        (Suite.BASE_TEST, "Base test set", None),
        *((f"round_{number}", f"Round {number}", number) for number in numbers),
        (ALL_ROUNDS, "All rounds", None),
        *((key, column.title, None) for key, column in ROBUSTNESS.items()),
    ]
    return [
        {"key": key, "title": title, "round": number, "n": sizes[key]} for key, title, number in titles if key in sizes
    ]


def _cell(rate: Rate | None) -> MatrixCell | None:
    if rate is None:
        return None
    return {
        "correct": rate.numerator,
        "n": rate.denominator,
        "value": rate.value,
        "interval": listed(rate.interval),
    }
