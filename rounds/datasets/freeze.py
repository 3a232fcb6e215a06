"""Freezing a training set: which examples, in which split, under which hash.

Annotators, not examples, are assigned to train, dev and test by a keyed hash, so that nobody's handwriting is in two
splits. Where a round has too few annotators for that, its drawings are split instead, and the training set says so. The
same drawing, sent in twice, is never in two splits.
"""

import hashlib
import hmac
import json
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from django.db.models import Q, QuerySet

from rounds import rules
from rounds.models import Example, Round, Task, TrainingSet, TrainingSetItem

Split = TrainingSetItem.Split
DEV_SHARE = TEST_SHARE = 0.10
SHARES = {Split.TRAIN: 1 - DEV_SHARE - TEST_SHARE, Split.DEV: DEV_SHARE, Split.TEST: TEST_SHARE}
#: Where a split by annotators gives a split less than this part of its share, drawings are split instead.
SMALLEST_PART = 0.5


def freeze(round: Round) -> TrainingSet:
    """A new training set: what earlier rounds froze, and what was collected in `round`. Call it in a transaction.

    Dev and test hold verified fooling examples only; train holds verified fooling ones and, as the task's rules say,
    non-fooling ones.
    """
    collected = list(examples_to_train_on(round))
    earlier = _earlier_splits(round)
    examples = Example.objects.in_bulk([*earlier]) | {example.pk: example for example in collected}
    earlier_drawings = {examples[pk].drawing_id: split for pk, split in earlier.items()}
    splits = earlier | without_copies(assign_splits(collected, round.task), examples, earlier_drawings)
    items = [TrainingSetItem(example=examples[pk], split=split) for pk, split in sorted(splits.items())]
    training_set = TrainingSet.objects.create(
        round=round, annotator_disjoint=is_disjoint(items), manifest_hash=manifest_hash(items)
    )
    for item in items:
        item.training_set = training_set
    TrainingSetItem.objects.bulk_create(items, batch_size=500)
    Round.objects.filter(pk=round.pk).update(training_set=training_set)
    round.training_set = training_set
    return training_set


def examples_to_train_on(round: Round) -> QuerySet[Example]:
    """What was collected in `round` and is trained on, as the rules it ran under say, oldest first."""
    state = Example.Verification
    wanted = Q(fooled=True, verification=state.VERIFIED)
    if round.rules.non_fooling == rules.NON_FOOLING_VERIFIED:
        wanted |= Q(fooled=False, verification=state.VERIFIED)
    elif round.rules.non_fooling == rules.NON_FOOLING_ALL:
        wanted |= Q(fooled=False) & ~Q(verification__in=[state.REJECTED, state.DISPUTED])
    return round.examples.counted().filter(wanted).order_by("pk")


def assign_splits(examples: Collection[Example], task: Task) -> dict[int, str]:
    """Example id → split for the examples of one round. Dev and test get verified fooling ones only.

    By annotator, at fixed thresholds of a keyed hash, so that each stays in their split from round to round. Where
    that leaves a split with less than half of its share, by drawing. Non-fooling examples that would fall into dev or
    test are left out.
    """
    split_of = {example.pk: split_of_annotator(task, example.annotator_id) for example in examples}
    sizes = Counter(split_of[example.pk] for example in examples if example.fooled)
    least = {split: max(1, SMALLEST_PART * share * sizes.total()) for split, share in SHARES.items()}
    if any(sizes[split] < least[split] for split in SHARES):
        split_of = _by_drawing(examples, task)
    return {e.pk: split_of[e.pk] for e in examples if e.fooled or split_of[e.pk] == Split.TRAIN}


def without_copies(
    splits: Mapping[int, str], examples: Mapping[int, Example], earlier_drawings: Mapping[str, str]
) -> dict[int, str]:
    """`splits` without the examples whose drawing is in another split, of an earlier round or of this one.

    In this round the first of test, dev, train gets it: what a model is measured on must not be trained on.
    """
    split_of = dict(earlier_drawings)
    remaining = {}
    for split in (Split.TEST, Split.DEV, Split.TRAIN):
        for pk in (pk for pk, assigned in splits.items() if assigned == split):
            if split_of.setdefault(examples[pk].drawing_id, split) == split:
                remaining[pk] = splits[pk]
    return remaining


def split_of_annotator(task: Task, annotator_id: int) -> str:
    """The split this annotator is in, in all rounds of `task`: 80 % train, 10 % dev, 10 % test."""
    share = _hash_fraction(task, f"annotator {annotator_id}")
    if share < TEST_SHARE:
        return Split.TEST
    return Split.DEV if share < TEST_SHARE + DEV_SHARE else Split.TRAIN


def _by_drawing(examples: Collection[Example], task: Task) -> dict[int, str]:
    """Of the fooling drawings in order of their keyed hash the first tenth (at least one) to dev, the next to test."""
    drawings = {example.drawing_id for example in examples if example.fooled}
    shuffled = sorted(drawings, key=lambda drawing: _hash_fraction(task, f"drawing {drawing}"))
    # Under three there is nothing to measure with: all of it is trained on.
    tenth = max(1, round_half_up(DEV_SHARE * len(shuffled))) if len(shuffled) >= 3 else 0
    split_of = dict.fromkeys(shuffled[:tenth], Split.DEV) | dict.fromkeys(shuffled[tenth : 2 * tenth], Split.TEST)
    return {example.pk: split_of.get(example.drawing_id, Split.TRAIN) for example in examples}


def is_disjoint(items: Iterable[TrainingSetItem]) -> bool:
    """Whether no annotator is in more than one split."""
    split_of: dict[int, str] = {}
    return all(split_of.setdefault(item.example.annotator_id, item.split) == item.split for item in items)


def manifest_lines(items: Iterable[TrainingSetItem]) -> list[str]:
    """The manifest, one JSON object a line, by example id: what a model was trained and measured on."""
    return [
        json.dumps(_manifest_entry(item), sort_keys=True, separators=(",", ":"))
        for item in sorted(items, key=lambda item: item.example_id)
    ]


def manifest_hash(items: Iterable[TrainingSetItem]) -> str:
    return hashlib.sha256("\n".join(manifest_lines(items)).encode()).hexdigest()


def round_half_up(number: float) -> int:
    """To the nearest integer, halves up: the builtin takes halves to the even neighbour."""
    return int(number + 0.5)


def _manifest_entry(item: TrainingSetItem) -> dict[str, Any]:
    example = item.example
    return {
        "example": example.pk,
        "round": example.round_id,
        "annotator": example.annotator_id,
        "drawing": example.drawing_id,
        "label": example.label,
        "fooled": example.fooled,
        "split": str(item.split),
    }


def _hash_fraction(task: Task, name: str) -> float:
    """A number in [0, 1) that is fixed for `name` in `task` and can't be foreseen without the task's key."""
    digest = hmac.new(task.split_key.encode(), name.encode(), hashlib.sha256).digest()
    return int.from_bytes(digest[:8]) / 2**64


def _earlier_splits(round: Round) -> dict[int, str]:
    """Example id → split, of each earlier round's own examples in its newest freeze."""
    earlier = Round.objects.filter(task=round.task_id, number__lt=round.number).exclude(training_set=None)
    splits: dict[int, str] = {}
    for past in earlier:
        items = TrainingSetItem.objects.filter(training_set=past.training_set_id, example__round=past)
        splits |= dict(items.values_list("example_id", "split"))
    return splits
