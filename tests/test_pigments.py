"""What models are called, and in which colour."""

import pytest

from rounds import pigments


def test_models_are_named_in_the_order_of_the_table():
    assert [pigments.model_name(number) for number in (1, 2, 3)] == ["Graphite", "Charcoal", "Sepia"]


def test_after_the_last_pigment_the_names_start_again_with_a_number():
    count = len(pigments.PIGMENTS)
    names = [pigments.model_name(count + 1), pigments.model_name(2 * count), pigments.model_name(2 * count + 1)]
    assert names == ["Graphite 2", "Woad 2", "Graphite 3"]


@pytest.mark.parametrize("name", ["Sepia", "Sepia 2", "Sepia 12"])
def test_a_model_has_the_colour_of_its_pigment(name):
    assert pigments.colour(name) == "#6f4a26"


def test_any_other_name_is_grey():
    assert pigments.colour("Something else") == pigments.UNKNOWN_COLOUR
