"""From a trajectory and a style to pixels, and how hard a drawing is to read."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crowd import VARIATIONS, Style, held_out_drawings
from crowd.drawings import draw_digit
from crowd.rendering import catmull_rom, digit_strokes, pen_down, render
from models_zoo.data.images import canonical_png, to_array
from tests.crowd.toys import drawings_of, never_wrong, toy_crowd, toy_handwriting


def test_28_by_28_pixels_are_those_that_the_site_makes_of_the_png():
    for drawing in held_out_drawings(toy_crowd())[:20]:
        assert np.array_equal(drawing.to_28x28(), to_array(canonical_png(drawing.png())))


def test_a_drawing_is_dark_ink_on_white_paper_and_bright_on_black_for_the_model():
    drawing = held_out_drawings(toy_crowd())[0]
    assert drawing.pixels.shape == (280, 280)
    assert drawing.pixels.dtype == drawing.to_28x28().dtype == np.uint8
    assert np.median(drawing.pixels) == 255
    assert np.median(drawing.to_28x28()) == 0


styles = st.builds(
    Style,
    x=st.floats(-100, 400),
    y=st.floats(-100, 400),
    size=st.floats(10, 500),
    stretch=st.floats(0.2, 2),
    slant=st.floats(-1, 1),
    rotation=st.floats(-45, 45),
    pen_width=st.floats(7, 34),
    gap=st.builds(lambda start, length: (start, start + length), st.floats(0, 0.8), st.floats(0, 0.2)),
)


@given(style=styles, label=st.integers(0, 9))
def test_all_ink_stays_inside_the_canvas_in_every_style(style, label):
    trajectory = toy_handwriting().trajectories[24 * label]
    strokes = np.concatenate(digit_strokes(trajectory, label, style))
    assert strokes.min() >= style.pen_width / 2
    assert strokes.max() <= 280 - style.pen_width / 2
    assert (render([strokes], style.pen_width) == 0).any()


@pytest.mark.parametrize("name", VARIATIONS)
def test_each_variation_changes_only_what_its_name_says(name):
    varied = VARIATIONS[name](Style(), np.random.default_rng(0))
    changed = {field for field in vars(Style()) if getattr(varied, field) != getattr(Style(), field)}
    expected = {"place": {"x", "y"}, "slant": {"slant", "rotation"}, "width": {"pen_width"}, "broken": {"gap"}}
    assert changed == expected.get(name, {name})


def test_a_gap_breaks_a_stroke_in_two():
    trajectory = toy_handwriting().trajectories[0]
    whole, broken = (digit_strokes(trajectory, 0, Style(gap=gap)) for gap in [(0, 0), (0.4, 0.5)])
    assert (len(whole), len(broken)) == (1, 2)


def test_the_curve_passes_through_every_point_of_the_trajectory():
    points = toy_handwriting().trajectories[0]
    assert np.allclose(catmull_rom(points)[::7], points, atol=1e-4)


#: Name → label, trajectory, and the steps that were made with the pen lifted.
TWO_STROKES = {
    "four": (4, [[60, 100], [25, 75], [0, 45], [60, 42], [100, 45], [75, 85], [70, 42], [68, 0]], [4]),
    "five": (5, [[10, 86], [34, 66], [68, 34], [34, 0], [4, 26], [0, 69], [34, 95], [100, 100]], [4, 5]),
    "seven": (7, [[0, 95], [40, 100], [85, 70], [70, 35], [40, 0], [0, 25], [45, 35], [100, 38]], [4]),
    "seven with its bar drawn leftwards": (
        7,
        [[0, 100], [70, 100], [55, 65], [25, 35], [15, 0], [65, 25], [100, 50], [15, 50]],
        [4, 5],
    ),
}


@pytest.mark.parametrize("kind", TWO_STROKES)
def test_the_lifted_pen_leaves_no_ink_between_two_strokes(kind):
    label, points, lifted = TWO_STROKES[kind]
    assert np.flatnonzero(~pen_down(np.array(points, dtype=float), label)).tolist() == lifted


def test_digits_of_one_stroke_have_ink_everywhere():
    seven = np.array([[0, 95], [35, 100], [70, 100], [95, 90], [75, 65], [55, 40], [45, 20], [40, 0]], dtype=float)
    hooked = np.array([[90, 100], [40, 98], [10, 70], [45, 60], [90, 50], [85, 10], [40, 0], [9, 40]], dtype=float)
    assert pen_down(seven, 7).all()
    assert pen_down(hooked, 5).all()
    rising = np.array(TWO_STROKES["five"][1], dtype=float)
    assert pen_down(rising, 6).all()


def test_hardness_and_wrong_labels_are_probabilities():
    for drawing in drawings_of(toy_crowd(habits=never_wrong()), 200):
        assert 0 <= drawing.hardness <= 1
        assert drawing.mistaken_for[drawing.truth] == 0
        assert np.isclose(drawing.mistaken_for.sum(), 1)


def test_a_drawing_whose_neighbours_have_other_labels_is_harder_to_read():
    handwriting = toy_handwriting()
    handwriting.labels[0] = 7  # a seven that looks like a zero
    outlier, usual = (draw_digit(handwriting, index, Style(), claimed=7) for index in (0, 24 * 7))
    assert outlier.hardness == 1
    assert outlier.mistaken_for.argmax() == 0
    assert usual.hardness == 0


def test_each_variation_makes_a_drawing_harder_to_read():
    plain, varied = (
        draw_digit(toy_handwriting(), 0, Style(), claimed=0, variations=names) for names in ((), ("size", "place"))
    )
    assert varied.hardness == pytest.approx(plain.hardness + 0.2)
