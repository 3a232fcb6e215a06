"""What is read off kept models and drawings is what one finds by hand. Toys, not MNIST."""

from dataclasses import replace

import numpy as np
import pytest

from bench.experiment import arms, measure, readings
from bench.experiment.measure import CORRUPTION, HELD_OUT, tally
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
        found = experiment(tmp_path_factory.mktemp("rounds"))
        for arm in ("dynamic", "ordinary"):
            found.run(arm)
        found.suites  # noqa: B018  while there are few corrupted digits
    return found


def errors(played, arm, suite):
    right, asked = read_json(played.model_after(arm, ROUNDS) / "result.json")["scores"][suite]
    return asked - right


def test_a_test_split_is_counted_hand_by_hand(played):
    by_hand = readings._on_round_tests(played, "ordinary", "dynamic")[ROUNDS]
    model = load_model(played.model_after("ordinary", ROUNDS))
    for number in (1, 2):
        counts = list(by_hand[number - 1].values())
        pictures = played.split("dynamic", number)["test"]
        assert tuple(np.sum(counts, axis=0)) == tally(model, pictures)
    assert {played.sides[hand] for of_round in by_hand for hand in of_round} == {"test"}


def test_each_corrupted_digit_has_a_column_of_its_own(played):
    misread = readings._corrupted(played, ROUNDS)
    assert misread[1].sum() == errors(played, "dynamic", CORRUPTION)
    images, labels = played.suites.pictures[CORRUPTION]
    wrong = probabilities(load_model(played.model_after("dynamic", ROUNDS)), images).argmax(axis=1) != labels
    digits = misread.shape[2]
    assert digits == 4
    for digit in range(digits):
        assert len(set(labels[digit::digits])) == 1
        assert np.array_equal(misread[1, :, digit], wrong[digit::digits])


def test_models_are_measured_as_their_trainings_left_them(played):
    """In these rounds nothing is averaged: they are the same."""
    first, *rounds = readings._as_trained(played, ROUNDS)
    assert first["scores"]["held-out writers"] == tally(
        load_model(played.model_after("dynamic", 0)), played.suites.pictures[HELD_OUT]
    )
    assert [row["scores"]["held-out writers"][1] - row["scores"]["held-out writers"][0] for row in rounds][
        -1
    ] == errors(played, "dynamic", HELD_OUT)


def test_a_challenge_knows_nothing_of_what_was_played(played, monkeypatch, tmp_path):
    monkeypatch.setattr(readings, "CHALLENGE", 50)
    found = readings._challenged(played, "dynamic", 0)
    attempts = sum(counts[0] for counts in found.values())
    assert 50 <= attempts < 50 + played.settings.annotators
    assert readings._challenged(played, "ordinary", 0) == found  # the same first adversary, the same people
    assert readings._challenged(played, "dynamic", ROUNDS).keys() == found.keys()


def test_what_two_seeds_hold_out_is_counted_in_both(played):
    other = experiment(played.folder, seed=1)
    drawn = [
        {int(one) for hand in run.crowd(arms.MAIN["dynamic"]).held_out for ids in hand.trajectory_ids for one in ids}
        for run in (played, other)
    ]
    twice, every = readings._held_out_twice([played, other])
    assert every == len(drawn[0]) + len(drawn[1])
    assert twice == 2 * len(drawn[0] & drawn[1])
    assert readings._held_out_twice([played]) == (0, len(drawn[0]))


def test_another_arms_model_is_shown_the_drawings_in_question_and_no_others(played):
    images, labels = played.suites.pictures[HELD_OUT]
    misread = [
        (readings.Misread(image, int(label), 0), place)
        for place, (image, label) in enumerate(zip(images, labels, strict=True))
    ]
    all_of_them = readings._others_misread([played], "ordinary", {0: misread})
    assert all_of_them == (errors(played, "ordinary", HELD_OUT), len(labels))
    wrong = probabilities(load_model(played.model_after("ordinary", ROUNDS)), images).argmax(axis=1) != labels
    rights = [one for one, is_wrong in zip(misread, wrong, strict=True) if not is_wrong]
    assert readings._others_misread([played], "ordinary", {0: rights}) == (0, len(rights))


def test_drawings_are_still_misread_when_every_late_model_errs(played):
    labels = played.suites.pictures[HELD_OUT][1]
    for misread, place in readings._still_misread(played, ROUNDS):
        assert misread.label == labels[place] != misread.answer
    still = {place for _, place in readings._still_misread(played, ROUNDS)}
    models = [load_model(played.model_after("dynamic", number)) for number in (1, 2)]
    answers = [probabilities(model, played.suites.pictures[HELD_OUT][0]).argmax(axis=1) for model in models]
    assert still == set(np.flatnonzero((answers[0] != labels) & (answers[1] != labels)))
