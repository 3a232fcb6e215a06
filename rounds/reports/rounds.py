"""The numbers of a round, and of all rounds of a task."""

from collections import Counter, defaultdict
from collections.abc import Collection, Sequence
from dataclasses import astuple
from typing import cast

from django.db.models import Count

from rounds import rules, selectors
from rounds.models import Example, Round, Task, TrainingSetItem, Validation
from rounds.selectors import Counts, FoolingCounts
from stats import agreement, bootstrap, classes, effort
from stats.boards import AnnotatorCounts
from stats.rates import Change, Rate, RateJson, listed

from .shapes import (
    Agreement,
    Class,
    Clustered,
    Effort,
    ErrorRates,
    Rejections,
    RoundChange,
    RoundReport,
    Splits,
    StoredReport,
    TaskReport,
)

#: Of `StoredReport`. A stored report of another format is computed again instead of being shown.
FORMAT = 1

Verification = Example.Verification


def round_report(round: Round) -> RoundReport:
    """The numbers of a round: stored ones once it is done, otherwise computed now from its rows."""
    return _public(_stored_or_current(round))


def compute_round(round: Round) -> StoredReport:
    """The numbers of a round, computed now: what `Round.report` stores once it is done."""
    counts = selectors.counts(round)
    by_annotator = _count_annotators(round)
    groups, rejections = _by_class(round)
    labels = _labels(round.task, groups)
    return {
        "format": FORMAT,
        "round": round.pk,
        "number": round.number,
        "adversary": round.adversary.name if round.adversary else None,
        "final": round.status == Round.Status.DONE,
        "counts": counts,
        **_error_rates(counts),
        "clustered": _clustered(by_annotator.values()),
        "label_noise": {
            "fooling": _rejected_of_settled(counts["rejected"], counts["verified"]),
            "sampled": _rejected_of_settled(counts["sampled_rejected"], counts["sampled_verified"]),
        },
        "rejections": rejections,
        "effort": _effort(round),
        "most_active": effort.most_active([counts.attempts for counts in by_annotator.values()]).to_json(),
        "agreement": _agreement(round),
        "classes": _class_rates(groups, labels),
        "confusion": {"labels": labels, "counts": classes.confusion(groups, labels)},
        "splits": _splits(round),
        "change": _change(round, counts),
        "tallies": {annotator: list(astuple(tally)) for annotator, tally in by_annotator.items()},
    }


def task_report(task: Task) -> TaskReport:
    """The reports of all rounds that were opened, oldest first, and their sums."""
    reports = [_stored_or_current(round) for round in selectors.opened_rounds(task)]
    counts = [report["counts"] for report in reports]
    sums: FoolingCounts = {
        "attempts": sum(each["attempts"] for each in counts),
        "fooled": sum(each["fooled"] for each in counts),
        "verified": sum(each["verified"] for each in counts),
        "pending": sum(each["pending"] for each in counts),
        "rejected": sum(each["rejected"] for each in counts),
    }
    annotators = {annotator for report in reports for annotator in report["tallies"]}
    return {
        "task": task.slug,
        "rounds": [_public(report) for report in reports],
        "together": {"rounds": len(reports), "annotators": len(annotators), **sums, **_error_rates(sums)},
    }


def annotator_counts(round: Round) -> dict[str, AnnotatorCounts]:
    """By annotator id: of a finished round as stored with it, otherwise counted now."""
    stored = _stored(round)
    if stored is None:
        return _count_annotators(round)
    return {annotator: AnnotatorCounts(*counts) for annotator, counts in stored["tallies"].items()}


def _stored_or_current(round: Round) -> StoredReport:
    return _stored(round) or compute_round(round)


def _stored(round: Round) -> StoredReport | None:
    return round.report if round.report and round.report.get("format") == FORMAT else None


def _public(report: StoredReport) -> RoundReport:
    """A report without what only this package reads of it."""
    shown = {key: value for key, value in report.items() if key not in ("format", "tallies")}
    return cast(RoundReport, shown)


def _error_rates(counts: FoolingCounts) -> ErrorRates:
    return {
        "mer": _mer(counts).to_json(),
        "vmer": _vmer(counts).to_json(),
        "vmer_if_pending_verified": Rate(counts["verified"] + counts["pending"], counts["attempts"]).to_json(),
    }


def _mer(counts: FoolingCounts) -> Rate:
    return Rate(counts["fooled"], counts["attempts"])


def _vmer(counts: FoolingCounts) -> Rate:
    return Rate(counts["verified"], counts["attempts"])


def _rejected_of_settled(rejected: int, verified: int) -> RateJson:
    return Rate(rejected, rejected + verified).to_json()


def _count_annotators(round: Round) -> dict[str, AnnotatorCounts]:
    groups = round.examples.counted().order_by().values_list("annotator", "fooled", "verification")
    found: dict[int, Counter[str]] = defaultdict(Counter)
    for annotator, fooled, verification, n in groups.annotate(n=Count("*")):
        found[annotator]["attempts"] += n
        if fooled:
            found[annotator]["fooled"] += n
            found[annotator][verification] += n
    return {
        str(annotator): AnnotatorCounts(n["attempts"], n["fooled"], n["verified"], n["pending"], n["rejected"])
        for annotator, n in sorted(found.items())
    }


def _clustered(annotators: Collection[AnnotatorCounts]) -> Clustered:
    attempts = [counts.attempts for counts in annotators]
    fooled = [counts.fooled for counts in annotators]
    verified = [counts.verified for counts in annotators]
    mer, vmer = bootstrap.cluster_intervals(attempts, fooled, verified)
    return {
        "mer": listed(mer),
        "vmer": listed(vmer),
        "clusters": len(annotators),
        "resamples": bootstrap.RESAMPLES,
    }


def _by_class(round: Round) -> tuple[list[classes.Group], Rejections]:
    """The attempts by claimed and predicted label, and why some were rejected, in one pass over the round's rows."""
    rows = round.examples.counted().order_by().values_list("label", "prediction", "verification", "rejected_as")
    groups: list[classes.Group] = []
    why: Counter[str] = Counter()
    for claimed, predicted, verification, rejected_as, n in rows.annotate(n=Count("*")):
        groups.append(classes.Group(claimed, predicted, verification == Verification.VERIFIED, n))
        if claimed != predicted and verification == Verification.REJECTED:
            why[_reason(rejected_as, predicted)] += n
    return groups, {
        "model_was_right": why["model_was_right"],
        "another_label": why["another_label"],
        "unreadable": why[rules.UNREADABLE],
        "split": why[rules.SPLIT_VOTE],
        "abuse": why[rules.ABUSE],
    }


def _reason(rejected_as: str, predicted: str) -> str:
    if rejected_as in (rules.UNREADABLE, rules.SPLIT_VOTE, rules.ABUSE):
        return rejected_as
    return "model_was_right" if rejected_as == predicted else "another_label"


def _labels(task: Task, groups: Collection[classes.Group]) -> list[str]:
    """The task's labels, then any that were taken out of the task after this round used them."""
    used = {name for group in groups for name in (group.claimed, group.predicted)}
    return [*task.labels, *sorted(used - set(task.labels))]


def _class_rates(groups: Sequence[classes.Group], labels: Sequence[str]) -> list[Class]:
    return [
        {"label": each.label, "attempts": each.mer.denominator, "mer": each.mer.to_json(), "vmer": each.vmer.to_json()}
        for each in classes.class_rates(groups, labels)
    ]


def _effort(round: Round) -> Effort:
    rows = (
        round.examples.counted()
        .filter(fooled=True, verification=Verification.VERIFIED)
        .order_by()
        .values_list("try_number", "created_at", "prompt__started_at")
    )
    tries, seconds = [], []
    for try_number, fooled_at, prompted_at in rows:
        tries.append(try_number)
        seconds.append((fooled_at - prompted_at).total_seconds())
    return {"prompts": len(tries), "tries": effort.spread(tries), "seconds": effort.spread(seconds)}


def _agreement(round: Round) -> Agreement:
    rows = Validation.objects.filter(example__in=round.examples.counted()).order_by()
    found: dict[int, Counter[str]] = defaultdict(Counter)
    for example, answer in rows.values_list("example_id", "answer"):
        found[example][answer] += 1
    answers = list(found.values())
    return {
        "alpha": agreement.krippendorff_alpha(answers),
        "raw": agreement.unanimity(answers).to_json(),
        "answers": agreement.sum_of(answers).total(),
    }


def _splits(round: Round) -> Splits | None:
    if round.training_set_id is None:
        return None
    own = TrainingSetItem.objects.filter(training_set=round.training_set_id, example__round=round).order_by()
    sizes: dict[str, int] = dict(own.values_list("split").annotate(n=Count("*")))
    return {"train": sizes.get("train", 0), "dev": sizes.get("dev", 0), "test": sizes.get("test", 0)}


def _change(round: Round, counts: Counts) -> RoundChange | None:
    before = selectors.opened_rounds(round.task).filter(number__lt=round.number).last()
    if before is None:
        return None
    stored = _stored(before)
    past = stored["counts"] if stored else selectors.counts(before)
    return {
        "against": before.number,
        "mer": Change(_mer(counts), _mer(past)).to_json(),
        "vmer": Change(_vmer(counts), _vmer(past)).to_json(),
    }
