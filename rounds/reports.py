"""Selectors + statistics → what a page, the API and an export all show. Plain JSON-serialisable dictionaries.

Shapes used throughout:

    Rate      {"numerator": int, "denominator": int, "value": float | None, "interval": [low, high] | None}
              value and bounds in 0…1; value is None without a denominator; interval is Wilson's 95 %, None under 5.
              A Rate or Cell that is no proportion of independent trials (`most_active`, the column `corrupted`) always
              has interval None.
    Change    {"difference": float, "interval": [low, high] | None} in -1…1, this minus the other; Newcombe's 95 %.
    Cell      {"correct": int, "n": int, "value": float, "interval": [low, high] | None}
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping
from dataclasses import asdict, astuple, dataclass
from typing import Any

from django.db.models import Case, Count, F, Sum, Value, When

from rounds import rules, selectors
from rounds.models import Evaluation, Example, ModelVersion, Person, Round, Task, TrainingSetItem, Validation
from stats import agreement, boards, bootstrap, classes, effort
from stats.boards import AnnotatorCounts
from stats.rates import Change, Rate, Share, listed

#: Of what `compute_round` returns. A stored report of another format is computed again instead of being shown.
FORMAT = 1

Json = dict[str, Any]
Verification = Example.Verification
Suite = Evaluation.Suite


def round_report(round: Round) -> Json:
    """The numbers of a round: stored ones once it is done, otherwise computed now from its rows.

    "round"          int, the round's id
    "number"         int, within its task
    "adversary"      str | None, the name of the model it serves
    "final"          bool, whether the round is done and these numbers are the stored ones
    "counts"         {"attempts", "fooled",
                      "verified", "pending", "rejected", "disputed": of the fooled ones,
                      "sampled", "sampled_verified", "sampled_rejected", "sampled_pending": of the others,
                      "annotators": distinct authors}, all int
    "mer", "vmer"    Rate, fooled / attempts and verified fooled / attempts
    "vmer_if_pending_verified"   Rate, (verified + pending) / attempts: the upper bound of vmer while any are pending
    "clustered"      {"mer": [low, high] | None, "vmer": [low, high] | None, "clusters": int, "resamples": int}
                      95 % bootstrap intervals that draw whole annotators; None under 5 annotators
    "label_noise"    {"fooling": Rate, "sampled": Rate}, rejected / settled
    "rejections"     {"model_was_right", "another_label", "unreadable", "split", "abuse"}: int, why fooling examples
                      were rejected; together counts["rejected"]
    "effort"         {"prompts": int, "tries": Spread, "seconds": Spread} per verified fooling example, over the
                      prompts that ended in one; Spread is {"mean": float | None, "median": float | None}
    "most_active"    Rate, the largest share of the attempts by one annotator
    "agreement"      {"alpha": float | None, "raw": Rate, "answers": int}; alpha is Krippendorff's (nominal), None
                      where undefined; raw is unanimous / examples with at least two answers
    "classes"        [{"label": str, "attempts": int, "mer": Rate, "vmer": Rate}], in the order of the task's labels
    "confusion"      {"labels": [str], "counts": [[int]]}, counts[claimed][predicted] of all attempts
    "splits"         {"train": int, "dev": int, "test": int} | None, this round's examples in its newest freeze
    "change"         None in round 1, else {"against": int (the earlier round's number), "mer": Change | None,
                      "vmer": Change | None}
    """
    return _public(_stored(round) or compute_round(round))


def compute_round(round: Round) -> Json:
    """What `Round.report` stores: the report, computed now, and with it the tally of each annotator.

    "format"         int, of this dictionary; a stored one of another format is computed again
    "tallies"        {annotator id as str: [attempts, fooled, verified, pending, rejected]}, which add up over rounds
    """
    counts = selectors.counts(round)
    tallies = _tallies_now(round)
    return {
        "format": FORMAT,
        "round": round.pk,
        "number": round.number,
        "adversary": round.adversary.name if round.adversary else None,
        "final": round.status == Round.Status.DONE,
        "counts": counts,
        **_rates(counts),
        "clustered": _clustered(tallies.values()),
        "label_noise": {
            "fooling": _noise(counts["rejected"], counts["verified"]),
            "sampled": _noise(counts["sampled_rejected"], counts["sampled_verified"]),
        },
        "effort": _effort(round),
        "most_active": effort.most_active([tally.attempts for tally in tallies.values()]).to_json(),
        "agreement": _agreement(round),
        **_by_class(round),
        "splits": _splits(round),
        "change": _change(round, counts),
        "tallies": {annotator: list(astuple(tally)) for annotator, tally in tallies.items()},
    }


def task_report(task: Task) -> Json:
    """The reports of all rounds that were opened, oldest first, and their sum.

    "task"           str, the slug
    "rounds"         [round_report], oldest first, drafts left out
    "together"       {"rounds", "attempts", "fooled", "verified", "pending", "rejected", "annotators": int,
                      "mer", "vmer", "vmer_if_pending_verified": Rate} over all these rounds; an annotator of two
                      rounds counts once
    """
    reports = [_stored(round) or compute_round(round) for round in _opened(task)]
    together = {
        name: sum(report["counts"][name] for report in reports)
        for name in ("attempts", "fooled", "verified", "pending", "rejected")
    }
    annotators = {annotator for report in reports for annotator in report["tallies"]}
    return {
        "task": task.slug,
        "rounds": [_public(report) for report in reports],
        "together": {"rounds": len(reports), "annotators": len(annotators), **together, **_rates(together)},
    }


def matrix(task: Task) -> Json:
    """Accuracy of every model on every test set, as measured when the models were trained.

    "task"           str, the slug
    "columns"        [{"key": "base_test" | "round_<number>" | "all_rounds" | "corrupted" | "pgd_0.1" | "pgd_0.3" |
                      "moved", "title": str, "round": int | None (its number), "n": int}]: the base test set, each
                      round's frozen test split (the newest freeze), all those splits together; then what is left of
                      the base test set's accuracy where its digits are corrupted (every kind at every severity, so a
                      digit counts many times and there is no interval), attacked by PGD within an L∞ distance, and
                      shifted and turned (the worst case of each digit). A set on which nothing was measured has no
                      column.
    "rows"           [{"model": int (id), "number": int, "name": str, "parent": int | None (its number),
                      "cells": [Cell | None], "changes": [Change | None], "recipe": str,
                      "reference": {"number": int, "name": str, "changes": [Change | None]} | None}], oldest model
                      first; cells in the order of the columns, None where not measured; changes against the parent
                      on the same set. An adversarially trained model has as reference the plainly trained one that
                      it is shown beside, with the changes against that; None for the others, and where there is none
    """
    measured = _measurements(task)
    columns = _columns(measured)
    models = {model.pk: model for model in task.model_versions.order_by("number")}
    rates = {pk: [measured.get(pk, {}).get(column["key"]) for column in columns] for pk in models}
    nothing = [None] * len(columns)

    def changes(model: int, against: int | None) -> list[Json | None]:
        pairs = zip(rates[model], rates.get(against or 0, nothing), strict=True)
        return [Change(rate, before).to_json() if rate and before else None for rate, before in pairs]

    def reference(model: ModelVersion) -> Json | None:
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


def leaderboard(task: Task) -> Json:
    """Annotators by verified fooling examples; models by accuracy over all frozen adversarial test sets.

    "task"           str, the slug
    "annotators"     [{"rank": int, "annotator": int (id), "name": str, "attempts", "fooled", "verified", "pending",
                      "rejected": int, "vmer": Rate | None}], best first, equals share a rank; vmer is None under 20
                      attempts; guests and closed accounts are not listed
    "models"         [{"rank": int | None, "model": int (id), "number": int, "name": str, "all_rounds": Cell | None,
                      "base_test": Cell | None}], best first; rank is None where all_rounds is. A round's test split
                      holds what fooled its own adversary, which therefore reads next to none of it.
    """
    tallies = boards.add_up(_tallies(round) for round in _opened(task))
    return {"task": task.slug, "annotators": _best_annotators(tallies), "models": _best_models(matrix(task))}


# --- A round ------------------------------------------------------------------------------------------------------


def _opened(task: Task) -> Collection[Round]:
    return task.rounds.select_related("adversary", "task").exclude(status=Round.Status.DRAFT).order_by("number")


def _stored(round: Round) -> Json | None:
    return round.report if round.report and round.report.get("format") == FORMAT else None


def _public(report: Json) -> Json:
    """A report without what is stored for this module only."""
    return {key: value for key, value in report.items() if key not in ("format", "tallies")}


def _rates(counts: Mapping[str, int]) -> Json:
    attempts = counts["attempts"]
    return {
        "mer": Rate(counts["fooled"], attempts).to_json(),
        "vmer": Rate(counts["verified"], attempts).to_json(),
        "vmer_if_pending_verified": Rate(counts["verified"] + counts["pending"], attempts).to_json(),
    }


def _noise(rejected: int, verified: int) -> Json:
    return Rate(rejected, rejected + verified).to_json()


def _tallies(round: Round) -> dict[str, AnnotatorCounts]:
    """By annotator id: of a finished round as stored with it, otherwise counted now."""
    stored = _stored(round)
    if stored is None:
        return _tallies_now(round)
    return {annotator: AnnotatorCounts(*counts) for annotator, counts in stored["tallies"].items()}


def _tallies_now(round: Round) -> dict[str, AnnotatorCounts]:
    groups = selectors.counted(round).order_by().values_list("annotator", "fooled", "verification")
    found: dict[int, Counter[str]] = defaultdict(Counter)
    for annotator, fooled, verification, n in groups.annotate(n=Count("*")):
        found[annotator]["attempts"] += n
        if fooled:
            found[annotator]["fooled"] += n
            found[annotator][verification] += n
    return {
        str(annotator): AnnotatorCounts(of["attempts"], of["fooled"], of["verified"], of["pending"], of["rejected"])
        for annotator, of in sorted(found.items())
    }


def _clustered(tallies: Collection[AnnotatorCounts]) -> Json:
    attempts, fooled, verified = ([getattr(t, name) for t in tallies] for name in ("attempts", "fooled", "verified"))
    mer, vmer = bootstrap.cluster_intervals(attempts, fooled, verified)
    return {
        "mer": listed(mer),
        "vmer": listed(vmer),
        "clusters": len(tallies),
        "resamples": bootstrap.RESAMPLES,
    }


def _by_class(round: Round) -> Json:
    """Classes, confusion and rejections, from one pass over the round's rows."""
    rows = selectors.counted(round).order_by().values_list("label", "prediction", "verification", "rejected_as")
    groups: list[classes.Group] = []
    why: Counter[str] = Counter()
    for claimed, predicted, verification, rejected_as, n in rows.annotate(n=Count("*")):
        groups.append(classes.Group(claimed, predicted, verification == Verification.VERIFIED, n))
        if claimed != predicted and verification == Verification.REJECTED:
            why[_reason(rejected_as, predicted)] += n
    labels = _labels(round.task, groups)
    return {
        "rejections": {reason: why[reason] for reason in REASONS},
        "classes": [
            {"label": of.label, "attempts": of.mer.denominator, "mer": of.mer.to_json(), "vmer": of.vmer.to_json()}
            for of in classes.class_rates(groups, labels)
        ],
        "confusion": {"labels": labels, "counts": classes.confusion(groups, labels)},
    }


REASONS = ("model_was_right", "another_label", rules.UNREADABLE, rules.SPLIT, rules.ABUSE)


def _reason(rejected_as: str, predicted: str) -> str:
    if rejected_as in (rules.UNREADABLE, rules.SPLIT, rules.ABUSE):
        return rejected_as
    return "model_was_right" if rejected_as == predicted else "another_label"


def _labels(task: Task, groups: Collection[classes.Group]) -> list[str]:
    """The task's labels, and behind them any that were taken out of the task after this round used them."""
    used = {name for group in groups for name in (group.claimed, group.predicted)}
    return [*task.labels, *sorted(used - set(task.labels))]


def _effort(round: Round) -> Json:
    rows = (
        selectors.counted(round)
        .filter(fooled=True, verification=Verification.VERIFIED)
        .order_by()
        .values_list("try_number", "created_at", "prompt__started_at")
    )
    tries, seconds = [], []
    for try_number, fooled_at, asked_at in rows:
        tries.append(try_number)
        seconds.append((fooled_at - asked_at).total_seconds())
    return {
        "prompts": len(tries),
        "tries": asdict(effort.spread(tries)),
        "seconds": asdict(effort.spread(seconds)),
    }


def _agreement(round: Round) -> Json:
    """Over all answers to the counted examples of the round."""
    rows = Validation.objects.filter(example__in=selectors.counted(round)).order_by()
    found: dict[int, Counter[str]] = defaultdict(Counter)
    for example, answer in rows.values_list("example_id", "answer"):
        found[example][answer] += 1
    answers = list(found.values())
    return {
        "alpha": agreement.krippendorff_alpha(answers),
        "raw": agreement.unanimity(answers).to_json(),
        "answers": agreement.sum_of(answers).total(),
    }


def _splits(round: Round) -> Json | None:
    if round.training_set_id is None:
        return None
    own = TrainingSetItem.objects.filter(training_set=round.training_set_id, example__round=round).order_by()
    sizes = dict(own.values_list("split").annotate(n=Count("*")))
    return {split: sizes.get(split, 0) for split in TrainingSetItem.Split.values}


def _change(round: Round, counts: Mapping[str, int]) -> Json | None:
    earlier = Round.objects.filter(task=round.task_id, number__lt=round.number).exclude(status=Round.Status.DRAFT)
    before = earlier.order_by("-number").first()
    if before is None:
        return None
    stored = _stored(before)
    past = stored["counts"] if stored else selectors.counts(before)
    return {
        "against": before.number,
        **{
            name: Change(Rate(counts[state], counts["attempts"]), Rate(past[state], past["attempts"])).to_json()
            for name, state in (("mer", "fooled"), ("vmer", "verified"))
        },
    }


# --- Models × test sets -------------------------------------------------------------------------------------------

ALL_ROUNDS = "all_rounds"


@dataclass(frozen=True)
class Robustness:
    """A column of how a model reads base test digits made harder: the evaluations that have these values."""

    title: str
    where: dict[str, Any]
    kind: type[Rate] = Rate


ROBUSTNESS = {
    "corrupted": Robustness("Corrupted", {"suite": Suite.CORRUPTION}, kind=Share),
    "pgd_0.1": Robustness("PGD, ε 0.1", {"suite": Suite.PGD, "norm": "linf", "epsilon": 0.1}),
    "pgd_0.3": Robustness("PGD, ε 0.3", {"suite": Suite.PGD, "norm": "linf", "epsilon": 0.3}),
    "moved": Robustness("Shifted, turned", {"suite": Suite.MOVED, "grid": "both"}),
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
    rounds = {key for on in found.values() for key in on if key.startswith("round_")}
    for on in found.values():
        # Only who was measured on all of them: otherwise two models would be compared on two sets.
        if rounds and rounds <= on.keys():
            on[ALL_ROUNDS] = Rate(sum(on[key].numerator for key in rounds), sum(on[key].denominator for key in rounds))
    return found


def _columns(measured: Mapping[int, Mapping[str, Rate]]) -> list[Json]:
    sizes = {key: rate.denominator for on in measured.values() for key, rate in on.items()}
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


def _cell(rate: Rate | None) -> Json | None:
    if rate is None:
        return None
    return {
        "correct": rate.numerator,
        "n": rate.denominator,
        "value": rate.value,
        "interval": listed(rate.interval),
    }


# --- Leaderboards -------------------------------------------------------------------------------------------------


def _best_annotators(tallies: Mapping[str, AnnotatorCounts]) -> list[Json]:
    people = Person.objects.select_related("user").in_bulk(tallies).values()
    board = [(person, tallies[str(person.pk)]) for person in people if person.user and person.user.is_active]
    board.sort(key=lambda line: (-line[1].verified, line[1].attempts, line[0].name))
    return [
        {
            "rank": rank,
            "annotator": person.pk,
            "name": person.name,
            **asdict(tally),
            "vmer": tally.vmer.to_json() if tally.vmer else None,
        }
        for rank, (person, tally) in zip(boards.ranks([tally.verified for _, tally in board]), board, strict=True)
    ]


def _best_models(measured: Json) -> list[Json]:
    keys = [column["key"] for column in measured["columns"]]
    lines = []
    for row in measured["rows"]:
        cells = dict(zip(keys, row["cells"], strict=True))
        lines.append(
            {
                "rank": None,
                **{key: row[key] for key in ("model", "number", "name")},
                "all_rounds": cells.get(ALL_ROUNDS),
                "base_test": cells.get(Suite.BASE_TEST.value),
            }
        )
    lines.sort(key=lambda line: (-_value(line["all_rounds"]), -_value(line["base_test"]), line["number"]))
    ranked = [line for line in lines if line["all_rounds"]]
    for rank, line in zip(boards.ranks([_value(line["all_rounds"]) for line in ranked]), ranked, strict=True):
        line["rank"] = rank
    return lines


def _value(cell: Json | None) -> float:
    """For sorting: what was not measured comes last."""
    return cell["value"] if cell and cell["value"] is not None else -1.0
