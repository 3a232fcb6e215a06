"""How simulated validators read and misread."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from crowd import Habits, ReadingErrors
from tests.crowd.toys import drawings_of, never_wrong, toy_crowd


def test_careful_validators_err_at_about_their_rate_and_more_on_hard_drawings():
    crowd = toy_crowd(habits=never_wrong(), reading_errors=ReadingErrors(errors=0.2, unreadable=0))
    careful = crowd.validators[-1]
    plain, hard = (replace(next(drawings_of(crowd, 1)), hardness=hardness) for hardness in (0.0, 0.4))
    wrong = [np.mean([careful.answer(drawing) != str(drawing.truth) for _ in range(1000)]) for drawing in (plain, hard)]
    assert wrong[0] == pytest.approx(0.1, abs=0.03)
    assert wrong[1] == pytest.approx(0.5, abs=0.06)


def test_a_misread_drawing_is_taken_for_what_it_resembles():
    crowd = toy_crowd(reading_errors=ReadingErrors(errors=1.0, unreadable=0), habits=never_wrong())
    resembles_nine = np.eye(10)[9]
    drawing = replace(next(drawings_of(crowd, 1)), hardness=0.5, mistaken_for=resembles_nine)
    answers = {crowd.validators[-1].answer(drawing) for _ in range(100)}
    assert answers == {str(drawing.truth), "9"}


def test_careless_validators_err_more():
    crowd = toy_crowd(habits=never_wrong())
    drawings = list(drawings_of(crowd, 400))
    careless, careful = (
        sum(validator.answer(drawing) != str(drawing.truth) for drawing in drawings)
        for validator in (crowd.validators[0], crowd.validators[4])
    )
    assert careless > 2 * careful


def test_scrawls_are_mostly_unreadable():
    crowd = toy_crowd(habits=Habits(scrawl=1.0))
    answers = Counter(crowd.validators[-1].answer(drawing) for drawing in drawings_of(crowd))
    assert answers["unreadable"] > 70
