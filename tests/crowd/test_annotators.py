"""How simulated annotators draw, err and learn."""

from collections import Counter

import numpy as np

from crowd import Habits
from crowd.annotators import Memory
from tests.crowd.toys import drawings_of, never_wrong, toy_crowd


def test_the_first_try_has_no_variation_and_later_ones_have_one_or_two():
    annotator = toy_crowd(habits=never_wrong()).annotators[0]
    annotator.start_prompt(3)
    counts = []
    for _ in range(6):
        drawing = annotator.draw()
        counts.append(len(drawing.variations))
        annotator.record_verdict(drawing, fooled=False)
    assert counts == [0, 1, 1, 1, 2, 2]


def test_annotators_give_up_after_their_tries_and_have_as_many_for_the_next_prompt():
    annotator = toy_crowd(habits=Habits(patience=3)).annotators[0]
    annotator.start_prompt(3)
    for _ in range(3):
        assert not annotator.gives_up
        annotator.record_verdict(annotator.draw(), fooled=False)
    assert annotator.gives_up
    annotator.start_prompt(4)
    assert not annotator.gives_up


def test_annotators_prefer_what_fooled_the_model():
    annotator = toy_crowd(habits=never_wrong()).annotators[0]
    fooling = int(annotator.writer.trajectory_ids[3][0])

    def share_of_fooling():
        drawn = []
        for _ in range(200):
            annotator.start_prompt(3)
            drawn.append(annotator.draw())
            annotator.record_verdict(drawn[-1], fooled=drawn[-1].trajectory == fooling)
        return np.mean([drawing.trajectory == fooling for drawing in drawn])

    share_of_fooling()
    assert share_of_fooling() > 1.5 / len(annotator.writer.trajectory_ids[3])


def test_annotators_who_do_not_adapt_remember_nothing():
    annotator = toy_crowd(habits=Habits(adapts=False)).annotators[0]
    annotator.start_prompt(3)
    annotator.record_verdict(annotator.draw(), fooled=True)
    assert annotator.memory.to_json() == {}


def test_older_trials_count_less_and_a_memory_can_be_stored_as_json():
    memory = Memory()
    for _ in range(50):
        memory.record("size", fooled=False)
    memory.record("slant", fooled=True)
    restored = Memory.from_json(memory.to_json())
    size, slant, untried = restored.probabilities(["size", "slant", "place"])
    assert size < untried < slant
    assert restored.trials["size"][1] < 1 / (1 - 0.9)


def test_annotators_with_the_same_memory_draw_the_same_in_the_next_round():
    one, other = (toy_crowd().annotators[1] for _ in range(2))
    for annotator in (one, other):
        annotator.start_round(1)
        annotator.start_prompt(5)
    for _ in range(5):  # only one of them draws
        one.record_verdict(one.draw(), fooled=True)
    other.memory = Memory.from_json(one.memory.to_json())
    for annotator in (one, other):
        annotator.start_round(2)
        annotator.start_prompt(5)
    assert np.array_equal(one.draw().pixels, other.draw().pixels)


def test_wrong_digits_and_scrawls_are_as_frequent_as_their_rates_say():
    crowd = toy_crowd(habits=Habits(wrong_digit=0.3, scrawl=0.2))
    kinds = Counter("scrawl" if d.truth is None else d.is_right for d in drawings_of(crowd, 1000))
    assert 250 < kinds[False] < 350
    assert 150 < kinds["scrawl"] < 250


def test_annotators_who_are_never_wrong_always_draw_what_the_prompt_says():
    annotator = toy_crowd(habits=never_wrong()).annotators[0]
    annotator.start_prompt("7")
    assert all(annotator.draw().is_right for _ in range(20))
