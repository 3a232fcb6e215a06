"""Serializers from TypedDicts and dataclasses."""

from dataclasses import dataclass
from typing import Annotated, Literal, TypedDict

import pytest
from rest_framework import serializers

from rounds.api.shapes import serializer_of
from stats.rates import Length


class InkJson(TypedDict):
    """What a pen is filled with."""

    colour: Annotated[str, "As CSS writes it."]


class Pen(TypedDict):
    price: float
    strokes: int
    is_empty: bool
    tip: Literal["round", "flat"]
    ink: InkJson
    spare: Annotated[InkJson | None, "Null without one."]
    uses: list[str]
    earlier: list[InkJson | None]
    range: Annotated[Annotated[list[float], Length(2)] | None, "From thin to thick."]


@dataclass
class Point:
    """Where a pen is."""

    x: int
    y: int


@pytest.fixture
def pen() -> Pen:
    return {
        "price": 1.5,
        "strokes": 3,
        "is_empty": False,
        "tip": "flat",
        "ink": {"colour": "teal"},
        "spare": None,
        "uses": ["draw"],
        "earlier": [{"colour": "red"}, None],
        "range": [0.1, 0.9],
    }


def errors_of(pen) -> set[str]:
    serializer = serializer_of(Pen)(data=pen)
    serializer.is_valid()
    return {*serializer.errors}


def test_every_type_has_its_field(pen):
    kinds = {name: type(field) for name, field in serializer_of(Pen)().fields.items()}
    assert kinds == {
        "price": serializers.FloatField,
        "strokes": serializers.IntegerField,
        "is_empty": serializers.BooleanField,
        "tip": serializers.ChoiceField,
        "ink": serializer_of(InkJson),
        "spare": serializer_of(InkJson),
        "uses": serializers.ListField,
        "earlier": serializers.ListField,
        "range": serializers.ListField,
    }
    assert errors_of(pen) == set()


@pytest.mark.parametrize(
    "wrong",
    [
        {"price": None},
        {"strokes": "many"},
        {"tip": "square"},
        {"ink": {}},
        {"uses": [None]},
        {"earlier": [{}]},
        {"range": [0.1]},
        {"range": [0.1, 0.5, 0.9]},
    ],
)
def test_what_is_not_of_the_type_is_an_error(pen, wrong):
    assert errors_of({**pen, **wrong}) == {*wrong}


@pytest.mark.parametrize("name", Pen.__annotations__)
def test_every_field_is_required(pen, name):
    del pen[name]
    assert errors_of(pen) == {name}


def test_texts_that_annotate_a_field_and_docstrings_are_the_descriptions():
    fields = serializer_of(Pen)().fields
    assert fields["spare"].help_text == "Null without one."
    assert fields["range"].help_text == "From thin to thick."
    assert fields["price"].help_text is None
    assert serializer_of(InkJson).__doc__ == "What a pen is filled with."


def test_a_shape_has_one_serializer_and_keeps_its_name():
    assert serializer_of(Pen) is serializer_of(Pen)
    assert (serializer_of(Pen).__name__, serializer_of(InkJson).__name__) == ("PenSerializer", "InkSerializer")


def test_a_dataclass_is_read_by_its_attributes():
    assert serializer_of(Point)(Point(3, 4)).data == {"x": 3, "y": 4}


def test_a_type_without_a_field_is_refused():
    class Odd(TypedDict):
        what: dict[str, int]

    with pytest.raises(TypeError, match="no serializer field for dict"):
        serializer_of(Odd)
