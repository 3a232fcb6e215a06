import pytest
from django.core.exceptions import ValidationError

pytestmark = pytest.mark.django_db


def test_a_task_as_set_up_is_sound(digits):
    digits.full_clean()


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("labels", "0123", "at least two labels"),
        ("labels", ["7"], "at least two labels"),
        ("labels", ["7", 7], "at least two labels"),
        ("labels", ["7", ""], "at least two labels"),
        ("labels", ["7", "7"], "stands in the list twice"),
        ("labels", ["7", "unreadable"], "“unreadable” is an answer of validators"),
        ("labels", ["7", "abuse"], "“abuse” is an answer of validators"),
        ("labels", ["7", "split"], "“split” is an answer of validators"),
        ("recipe", [1], "Give an object"),
        ("votes_to_verify", 6, "Most votes"),
        ("max_votes", 1, "Most votes"),
        ("sample_rate", 1.5, "less than or equal to 1"),
        ("tries_per_prompt", 0, "greater than or equal to 1"),
    ],
)
def test_a_rule_that_can_not_hold_is_refused_with_a_sentence(digits, field, value, sentence):
    setattr(digits, field, value)
    with pytest.raises(ValidationError, match=sentence):
        digits.full_clean()
