import math

from hypothesis import given
from hypothesis import strategies as st

from stats.rates import wilson
from stats.scores import Score

scores = st.integers(0, 10_000).flatmap(lambda n: st.builds(Score, st.integers(0, n), st.just(n)))


@given(scores)
def test_the_interval_is_wilsons_and_there_is_none_under_five_answers(score):
    assert score.interval == wilson(score.correct, score.n)
    assert (score.interval is None) == (score.n < 5)


@given(scores, scores)
def test_scores_add_up_answer_by_answer(one, other):
    assert one + other == Score(one.correct + other.correct, one.n + other.n)


def test_a_score_is_shown_with_its_counts():
    assert str(Score(9_860, 10_000)) == "98.60 % (9,860/10,000)"
    assert str(Score(0, 0)) == "no examples"


def test_the_accuracy_of_no_answers_is_not_a_number():
    assert Score(3, 4).accuracy == 0.75
    assert math.isnan(Score(0, 0).accuracy)
