"""How people draw, learn, and check."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from crowd import Eyes, Habits
from crowd.annotators import Memory
from tests.crowd.toys import never_wrong, toy_crowd


def drawings(crowd, count=100):
    annotator = crowd.annotators[0]
    for number in range(count):
        annotator.take(number % 10)
        yield annotator.draw()


def test_the_first_try_is_in_the_usual_way_and_later_ones_are_varied():
    annotator = toy_crowd(habits=never_wrong()).annotators[0]
    annotator.take(3)
    how_many = []
    for _ in range(6):
        drawing = annotator.draw()
        how_many.append(len(drawing.variations))
        annotator.told(drawing, fooled=False)
    assert how_many == [0, 1, 1, 1, 2, 2]


def test_people_give_up_after_so_many_tries_and_start_afresh_with_the_next_prompt():
    annotator = toy_crowd(habits=Habits(patience=3)).annotators[0]
    annotator.take(3)
    for _ in range(3):
        assert not annotator.gives_up
        annotator.told(annotator.draw(), fooled=False)
    assert annotator.gives_up
    annotator.take(4)
    assert not annotator.gives_up


def test_people_come_back_to_what_fooled_the_model():
    annotator = toy_crowd(habits=never_wrong()).annotators[0]
    lucky = int(annotator.hand.members[3][0])

    def share_of_lucky():
        drawn = []
        for _ in range(200):
            annotator.take(3)
            drawn.append(annotator.draw())
            annotator.told(drawn[-1], fooled=drawn[-1].trajectory == lucky)
        return np.mean([drawing.trajectory == lucky for drawing in drawn])

    before, after = 1 / len(annotator.hand.members[3]), [share_of_lucky() for _ in range(2)][-1]
    assert after > 1.5 * before


def test_people_who_do_not_adapt_remember_nothing():
    annotator = toy_crowd(habits=Habits(adapts=False)).annotators[0]
    annotator.take(3)
    annotator.told(annotator.draw(), fooled=True)
    assert annotator.memory.to_json() == {}


def test_a_memory_fades_and_survives_being_written_down():
    memory = Memory()
    for _ in range(50):
        memory.note("size", fooled=False)
    memory.note("slant", fooled=True)
    again = Memory.from_json(memory.to_json())
    size, slant, new = again.promise(["size", "slant", "place"])
    assert size < new < slant
    assert again.trials["size"][1] < 1 / (1 - 0.9)


def test_a_person_started_anew_with_the_same_memory_draws_the_same():
    one, other = (toy_crowd().annotators[1] for _ in range(2))
    for annotator in (one, other):
        annotator.start(1)
        annotator.take(5)
    for _ in range(5):  # one of them has drawn something else in between
        one.told(one.draw(), fooled=True)
    other.memory = Memory.from_json(one.memory.to_json())
    for annotator in (one, other):
        annotator.start(2)
        annotator.take(5)
    assert np.array_equal(one.draw().pixels, other.draw().pixels)


def test_wrong_digits_and_scrawls_come_as_often_as_their_rates_say():
    crowd = toy_crowd(habits=Habits(wrong_digit=0.3, scrawl=0.2))
    kinds = Counter("scrawl" if d.truth is None else d.is_right for d in drawings(crowd, 1000))
    assert 250 < kinds[False] < 350
    assert 150 < kinds["scrawl"] < 250


def test_careful_validators_err_at_about_their_rate_and_more_on_hard_drawings():
    crowd = toy_crowd(habits=never_wrong(), eyes=Eyes(errors=0.2, unreadable=0))
    careful = crowd.validators[-1]
    plain, hard = (replace(next(drawings(crowd, 1)), hardness=hardness) for hardness in (0.0, 0.4))
    wrong = [np.mean([careful.answer(drawing) != str(drawing.truth) for _ in range(1000)]) for drawing in (plain, hard)]
    assert wrong[0] == pytest.approx(0.1, abs=0.03)
    assert wrong[1] == pytest.approx(0.5, abs=0.06)


def test_what_is_misread_is_taken_for_what_it_resembles():
    crowd = toy_crowd(eyes=Eyes(errors=1.0, unreadable=0), habits=never_wrong())
    resembles_nine = np.eye(10)[9]
    drawing = replace(next(drawings(crowd, 1)), hardness=0.5, mistaken_for=resembles_nine)
    answers = {crowd.validators[-1].answer(drawing) for _ in range(100)}
    assert answers == {str(drawing.truth), "9"}


def test_two_of_several_validators_are_careless_and_err_more():
    crowd = toy_crowd(habits=never_wrong())
    assert [validator.is_careless for validator in crowd.validators] == [True, True, False, False, False]
    shown = list(drawings(crowd, 400))
    careless, careful = (
        sum(crowd.validators[number].answer(drawing) != str(drawing.truth) for drawing in shown) for number in (0, 4)
    )
    assert careless > 2 * careful


def test_scrawls_are_mostly_unreadable():
    crowd = toy_crowd(habits=Habits(scrawl=1.0))
    answers = Counter(crowd.validators[-1].answer(drawing) for drawing in drawings(crowd))
    assert answers["unreadable"] > 70


def test_a_drawing_that_resembles_another_digit_is_harder_to_read():
    crowd = toy_crowd(habits=never_wrong())
    drawn = list(drawings(crowd, 200))
    assert all(0 <= drawing.hardness <= 1 for drawing in drawn)
    assert all(drawing.mistaken_for[drawing.truth] == 0 for drawing in drawn)
    assert all(np.isclose(drawing.mistaken_for.sum(), 1) for drawing in drawn)
