"""Freezing: which examples, in which split, under which hash, and as which arrays."""

import json
from collections import Counter, defaultdict

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from models_zoo.data.images import to_array
from rounds.datasets.arrays import ManifestChanged, split_arrays, write_training_set
from rounds.datasets.freeze import assign_splits, freeze, manifest_hash, split_of_annotator, without_copies
from rounds.models import Drawing, Example, Round, Task, TrainingSetItem

from .rows import a_drawing, a_model, a_person, a_round, a_task, an_attempt, people

TASK = Task(slug="digits", labels=[*"0123456789"], split_key="a key for tests")


# --- Assigning, pure ----------------------------------------------------------------------------------------------


def collections_of(annotators=40):
    """Examples of one round, unsaved: who drew, which drawing, fooling or not."""
    tries = st.lists(st.tuples(st.integers(1, annotators), st.integers(1, 40), st.booleans()), max_size=60)
    return tries.map(
        lambda drawn: [
            Example(pk=pk, annotator_id=person, drawing_id=f"drawing {drawing}", fooled=fooled)
            for pk, (person, drawing, fooled) in enumerate(drawn, 1)
        ]
    )


def settled(examples):
    splits = assign_splits(examples, TASK)
    return without_copies(splits, {example.pk: example for example in examples}, {})


@given(collections_of())
def test_dev_and_test_hold_fooling_examples_only(examples):
    splits = settled(examples)
    assert all(splits.get(example.pk, "train") == "train" for example in examples if not example.fooled)


@given(collections_of())
def test_no_drawing_is_in_two_splits_however_often_it_was_sent(examples):
    sides = defaultdict(set)
    splits = settled(examples)
    for example in examples:
        if example.pk in splits:
            sides[example.drawing_id].add(splits[example.pk])
    assert all(len(of) == 1 for of in sides.values())


@given(collections_of(), st.randoms(use_true_random=False))
def test_the_order_of_examples_is_irrelevant(examples, rnd):
    assert assign_splits(examples, TASK) == assign_splits(rnd.sample(examples, len(examples)), TASK)


@given(collections_of())
def test_from_three_fooling_drawings_on_there_is_something_to_train_on_and_to_measure_with(examples):
    assume(len({example.drawing_id for example in examples if example.fooled}) >= 3)
    assert set(assign_splits(examples, TASK).values()) == {"train", "dev", "test"}


@given(collections_of(annotators=2))
def test_two_annotators_are_too_few_so_their_drawings_are_split(examples):
    drawings = {example.drawing_id for example in examples if example.fooled}
    assume(len(drawings) >= 3)
    splits = assign_splits(examples, TASK)
    on = Counter({example.drawing_id: splits[example.pk] for example in examples if example.fooled}.values())
    assert on["dev"] == on["test"] == max(1, int(len(drawings) / 10 + 0.5))


def by_annotators(work: dict[int, int]):
    """Example per person and drawing: annotator id → how many fooling examples."""
    owners = [person for person, times in work.items() for _ in range(times)]
    return [Example(pk=pk, annotator_id=person, drawing_id=str(pk), fooled=True) for pk, person in enumerate(owners, 1)]


def annotators_in(split: str, n: int) -> list[int]:
    """The first `n` annotator ids whose hash puts them into `split`."""
    return [pk for pk in range(1, 2_000) if split_of_annotator(TASK, pk) == split][:n]


def test_with_enough_annotators_each_keeps_its_split():
    examples = by_annotators(dict.fromkeys(range(1, 101), 3))
    splits = assign_splits(examples, TASK)
    assert all(splits[example.pk] == split_of_annotator(TASK, example.annotator_id) for example in examples)


def test_annotators_fall_about_eighty_ten_ten():
    sides = Counter(split_of_annotator(TASK, pk) for pk in range(10_000))
    assert sides["train"] == pytest.approx(8_000, abs=150)
    assert sides["dev"] == pytest.approx(1_000, abs=120)


def test_another_tasks_key_assigns_the_annotators_anew():
    other = Task(slug="letters", labels=["a", "b"], split_key="another key")
    assert any(split_of_annotator(TASK, pk) != split_of_annotator(other, pk) for pk in range(50))


@pytest.mark.parametrize(
    ("train", "dev", "test", "splits_by_annotator"),
    [(80, 10, 10, True), (88, 6, 6, True), (90, 4, 6, False), (94, 6, 0, False), (20, 70, 10, False)],
)
def test_a_split_with_less_than_half_its_share_means_too_few_annotators(train, dev, test, splits_by_annotator):
    [on_train], [on_dev], [on_test] = annotators_in("train", 1), annotators_in("dev", 1), annotators_in("test", 1)
    examples = by_annotators({on_train: train, on_dev: dev, on_test: test})
    splits = assign_splits(examples, TASK)
    kept = all(splits[example.pk] == split_of_annotator(TASK, example.annotator_id) for example in examples)
    assert kept is splits_by_annotator
    if not kept:
        assert Counter(splits.values()) == {"train": 80, "dev": 10, "test": 10}


def test_a_drawing_measured_on_in_an_earlier_round_is_not_trained_on_in_this_one():
    examples = {pk: Example(pk=pk, drawing_id=drawing) for pk, drawing in {1: "old", 2: "old", 3: "new"}.items()}
    kept = without_copies({1: "train", 2: "test", 3: "train"}, examples, earlier_drawings={"old": "test"})
    assert kept == {2: "test", 3: "train"}


# --- Freezing -----------------------------------------------------------------------------------------------------


@pytest.fixture
def round(db) -> Round:
    task = a_task()
    return a_round(task, a_model(task))


@pytest.fixture
def voters(db):
    return people(5, "voter")


@pytest.fixture
def alice(db):
    return a_person("alice")


def collect(round, person, voters, n=10, **kwargs):
    return [
        an_attempt(round, person, str(nth % 9), "9", [str(nth % 9)] * 2, voters=voters, **kwargs) for nth in range(n)
    ]


def splits_of(training_set) -> dict[int, str]:
    return dict(training_set.items.values_list("example_id", "split"))


@pytest.mark.parametrize(
    ("non_fooling", "expected"),
    [("none", set()), ("verified", {"verified"}), ("all", {"verified", "plain", "waiting"})],
)
def test_what_is_frozen_is_what_the_rounds_rules_say(round, alice, voters, non_fooling, expected):
    round.frozen_rules["non_fooling"] = non_fooling
    round.save()
    fooling = collect(round, alice, voters, 4)
    others = {
        "plain": an_attempt(round, alice, "7", "7"),
        "waiting": an_attempt(round, alice, "7", "7", []),
        "verified": an_attempt(round, alice, "7", "7", "77", voters=voters),
        "rejected": an_attempt(round, alice, "7", "7", "11", voters=voters),
        "reported": an_attempt(round, alice, "7", "7", ["abuse"], voters=voters),
        "fooling, pending": an_attempt(round, alice, "7", "1"),
        "fooling, rejected": an_attempt(round, alice, "7", "1", "11", voters=voters),
        "fooling, reported": an_attempt(round, alice, "7", "1", ["7", "abuse"], voters=voters),
        "practice": an_attempt(round, alice, "7", "1", practice=True),
        "retracted": an_attempt(round, alice, "7", "1", "77", voters=voters, retracted=True),
    }
    frozen = set(splits_of(freeze(Round.objects.get(pk=round.pk))))
    assert frozen == {example.pk for example in fooling} | {others[name].pk for name in expected}


def test_a_training_set_says_whether_its_annotators_are_disjoint(round, alice, voters):
    collect(round, alice, voters)
    assert not freeze(round).annotator_disjoint


def test_a_round_of_many_annotators_is_split_by_annotators_and_says_so(round, voters):
    for person in people(60):
        collect(round, person, voters, 1)
    training_set = freeze(round)
    assert training_set.annotator_disjoint
    assert set(splits_of(training_set).values()) == {"train", "dev", "test"}


def test_earlier_rounds_stay_as_they_were_frozen(round, alice, voters):
    collect(round, alice, voters)
    first = splits_of(freeze(round))
    Round.objects.filter(pk=round.pk).update(status="done")
    two = a_round(round.task, round.adversary)
    new = collect(two, alice, voters)
    both = splits_of(freeze(two))
    assert {pk: both[pk] for pk in first} == first
    assert set(both) == set(first) | {example.pk for example in new}


def test_a_drawing_of_an_earlier_test_split_sent_again_is_left_out(round, alice, voters):
    collect(round, alice, voters)
    tested = TrainingSetItem.objects.get(training_set=freeze(round), split="test").example
    Round.objects.filter(pk=round.pk).update(status="done")
    two = a_round(round.task, round.adversary)
    new = collect(two, alice, voters, 9)
    copies = collect(two, alice, voters, 5, drawing=tested.drawing)
    both = splits_of(freeze(two))
    assert {pk for pk in both if Example.objects.get(pk=pk).drawing_id == tested.drawing_id} <= {
        tested.pk,
        *(copy.pk for copy in copies if both.get(copy.pk) == "test"),
    }
    assert {example.pk for example in new} <= set(both)


def test_freezing_again_makes_a_new_set_and_the_round_points_to_it(round, alice, voters):
    collect(round, alice, voters)
    one, two = freeze(round), freeze(round)
    assert one.pk != two.pk
    assert one.manifest_hash == two.manifest_hash
    assert splits_of(one) == splits_of(two)
    assert Round.objects.get(pk=round.pk).training_set == two


def test_the_hash_is_that_of_the_content(round, alice, voters):
    collect(round, alice, voters)
    training_set = freeze(round)
    items = list(training_set.items.select_related("example"))
    assert manifest_hash(items) == manifest_hash(reversed(items)) == training_set.manifest_hash
    items[0].split = "test" if items[0].split == "train" else "train"
    assert manifest_hash(items) != training_set.manifest_hash


# --- Arrays -------------------------------------------------------------------------------------------------------


@pytest.fixture
def frozen(round, alice, voters):
    collect(round, alice, voters, 20)
    return freeze(round)


def test_arrays_are_the_drawings_as_the_model_saw_them_with_their_claimed_labels(frozen):
    images, labels = split_arrays(frozen, "train")
    items = list(frozen.items.filter(split="train").select_related("example__drawing").order_by("example_id"))
    assert (images.shape, images.dtype, labels.dtype) == ((16, 28, 28), np.uint8, np.int64)
    assert labels.tolist() == [int(item.example.label) for item in items]
    for image, item in zip(images, items, strict=True):
        assert np.array_equal(image, to_array(bytes(item.example.drawing.png)))


def test_written_arrays_are_train_and_dev_and_never_test(frozen, tmp_path):
    write_training_set(frozen, tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {
        "train_images.npy",
        "train_labels.npy",
        "dev_images.npy",
        "dev_labels.npy",
        "manifest.json",
    }
    manifest = json.loads((tmp_path / "manifest.json").read_text())
    assert Counter(entry["split"] for entry in manifest) == {"train": 16, "dev": 2, "test": 2}
    images, labels = split_arrays(frozen, "dev")
    assert np.array_equal(np.load(tmp_path / "dev_images.npy"), images)
    assert np.array_equal(np.load(tmp_path / "dev_labels.npy"), labels)


def test_a_split_can_be_read_of_one_round_only(frozen, round, alice, voters):
    Round.objects.filter(pk=round.pk).update(status="done")
    two = a_round(round.task, round.adversary)
    collect(two, alice, voters, 10)
    both = freeze(two)
    of_first, of_second = (len(split_arrays(both, "test", only_round=of)[1]) for of in (round, two))
    assert (of_first, of_second, len(split_arrays(both, "test")[1])) == (2, 1, 3)


def test_an_empty_split_is_two_empty_arrays(round):
    images, labels = split_arrays(freeze(round), "test")
    assert (images.shape, labels.shape) == ((0, 28, 28), (0,))


def test_a_changed_example_is_not_trained_on(frozen, tmp_path):
    item = frozen.items.first()
    Example.objects.filter(pk=item.example_id).update(drawing=a_drawing(10**6))
    with pytest.raises(ManifestChanged, match="altered after"):
        write_training_set(frozen, tmp_path)


def test_altered_pixels_are_not_trained_on(frozen, tmp_path):
    Drawing.objects.filter(pk=frozen.items.filter(split="train").first().example.drawing_id).update(
        png=bytes(a_drawing(10**6).png)
    )
    with pytest.raises(ManifestChanged, match="no longer matches its hash"):
        write_training_set(frozen, tmp_path)
