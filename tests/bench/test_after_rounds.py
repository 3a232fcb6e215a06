"""What is measured with stored models and drawings is what one finds by counting again. Toys, not MNIST."""

from dataclasses import replace

import numpy as np
import pytest

from bench.experiment import after_rounds, arms, measure
from bench.experiment.measure import HELD_OUT, count_right
from bench.experiment.results import read_played, right_on
from models_zoo.files import read_json
from models_zoo.networks.checkpoints import load_model
from models_zoo.networks.predict import probabilities
from tests.bench.test_experiment import QUICK, experiment

ROUNDS = 2


@pytest.fixture(scope="module")
def played(tmp_path_factory):
    """Two small rounds of the dynamic and of the ordinary arm."""
    with pytest.MonkeyPatch.context() as patch:
        quick = {name: replace(arm, config=replace(QUICK, warm_start=True)) for name, arm in arms.MAIN.items()}
        patch.setattr("bench.experiment.run.ARMS", quick)
        patch.setattr(measure, "CORRUPTED", 4)
        run = experiment(tmp_path_factory.mktemp("rounds"))
        for arm in ("dynamic", "ordinary"):
            run.run(arm)
        run.evaluation_sets  # noqa: B018  while there are few corrupted digits
    return run


def errors(played, arm, suite):
    right, n = read_json(played.model_after(arm, ROUNDS) / "result.json")["scores"][suite]
    return n - right


def test_a_test_split_is_counted_annotator_by_annotator(played):
    on_splits = after_rounds.on_test_splits(played, "ordinary", "dynamic")[ROUNDS]
    model = load_model(played.model_after("ordinary", ROUNDS))
    for number in (1, 2):
        counts = list(on_splits[number - 1].values())
        pictures = played.split("dynamic", number)["test"]
        assert tuple(np.sum(counts, axis=0)) == count_right(model, pictures)
    assert {played.sides[annotator] for split in on_splits for annotator in split} == {"test"}


def test_models_are_measured_as_their_trainings_left_them(played):
    """In these rounds nothing is averaged: they are the same."""
    first, *rounds = after_rounds.as_trained(played, ROUNDS)
    assert first.totals[right_on(HELD_OUT)] == count_right(
        load_model(played.model_after("dynamic", 0)), played.evaluation_sets.pictures[HELD_OUT]
    )
    right, n = rounds[-1].totals[right_on(HELD_OUT)]
    assert n - right == errors(played, "dynamic", HELD_OUT)


def test_fresh_annotators_know_nothing_of_what_was_played(played, monkeypatch):
    monkeypatch.setattr(after_rounds, "FRESH_ATTEMPTS", 50)
    found = after_rounds.try_to_fool(played, "dynamic", 0)
    attempts = sum(counts[0] for counts in found.values())
    assert 50 <= attempts < 50 + played.settings.annotators
    assert after_rounds.try_to_fool(played, "ordinary", 0) == found  # the same first adversary, the same people
    assert after_rounds.try_to_fool(played, "dynamic", ROUNDS).keys() == found.keys()


def test_what_two_seeds_hold_out_is_counted_in_both(played):
    other = experiment(played.folder, seed=1)
    drawn = [
        {
            int(one)
            for writer in run.crowd(arms.MAIN["dynamic"]).held_out
            for ids in writer.trajectory_ids
            for one in ids
        }
        for run in (played, other)
    ]
    both = len(drawn[0] & drawn[1])
    assert after_rounds.held_out_by_others([played, other]) == {0: (both, len(drawn[0])), 1: (both, len(drawn[1]))}
    assert after_rounds.held_out_by_others([played]) == {0: (0, len(drawn[0]))}


def test_another_arms_model_reads_the_drawings_in_question_and_no_others(played):
    images, labels = played.evaluation_sets.pictures[HELD_OUT]
    all_of_them = [
        after_rounds.Misread(image, int(label), 0, index)
        for index, (image, label) in enumerate(zip(images, labels, strict=True))
    ]
    assert after_rounds.misread_of(played, "ordinary", all_of_them) == (
        errors(played, "ordinary", HELD_OUT),
        len(labels),
    )
    wrong = probabilities(load_model(played.model_after("ordinary", ROUNDS)), images).argmax(axis=1) != labels
    right = [drawing for drawing, is_wrong in zip(all_of_them, wrong, strict=True) if not is_wrong]
    assert after_rounds.misread_of(played, "ordinary", right) == (0, len(right))


def test_drawings_are_still_misread_when_every_late_model_errs(played):
    images, labels = played.evaluation_sets.pictures[HELD_OUT]
    still = after_rounds.find_still_misread(played, ROUNDS)
    assert all(drawing.label == labels[drawing.index] != drawing.predicted for drawing in still)
    models = [load_model(played.model_after("dynamic", number)) for number in (1, 2)]
    answers = [probabilities(model, images).argmax(axis=1) for model in models]
    assert {drawing.index for drawing in still} == set(np.flatnonzero((answers[0] != labels) & (answers[1] != labels)))


def test_everything_is_added_to_the_counts_of_the_rounds(played, monkeypatch):
    monkeypatch.setattr(after_rounds, "FRESH_ATTEMPTS", 50)
    results = read_played(played.folder)
    misread = after_rounds.measure_after_rounds([played], results)
    first, *_, last = results.seeds[0]["dynamic"]
    held_out = len(played.evaluation_sets.writers)
    assert last.totals[after_rounds.STILL_MISREAD] == (len(misread), held_out)
    assert results.seeds[0]["ordinary"][-1].totals[after_rounds.STILL_MISREAD][1] == len(misread)
    assert last.totals[after_rounds.TRAJECTORIES][1] == 24  # two rounds of twelve
    assert first.totals[after_rounds.HELD_OUT_TWICE] == (0, held_out)
    for result in (first, last):
        attempts = [counts.drawings for counts in result.writers if counts.what == after_rounds.FRESH]
        assert sum(attempts) == result.totals[after_rounds.FRESH_VERIFIED][1] >= 50
    splits = [counts for counts in last.writers if counts.what == after_rounds.right_on_splits("dynamic", range(1, 3))]
    totals = [last.totals[after_rounds.right_on_split("dynamic", number)] for number in (1, 2)]
    assert (sum(of.right for of in splits), sum(of.drawings for of in splits)) == tuple(np.sum(totals, axis=0))
    assert [result.has_model for result in results.seeds[0][after_rounds.NOT_AVERAGED]] == [True, True, True]
