"""What the simulation remembers of its drawings."""

import numpy as np

from crowd.known import Known, name_of
from models_zoo.data.images import canonical_png

from .toys import toy_crowd


def a_drawing(label=7):
    annotator = toy_crowd().annotators[0]
    annotator.start_prompt(label)
    return annotator.draw()


def test_a_drawing_is_known_by_the_name_that_the_site_gives_it():
    known, drawing = Known(), a_drawing()
    png = known.remember(drawing)
    stored_by_the_site = canonical_png(png)
    assert known.get(name_of(stored_by_the_site)).truth == drawing.truth


def test_a_strangers_drawing_is_not_known():
    assert Known().get(name_of(b"somebody else's")) is None


def test_a_later_run_knows_what_an_earlier_one_drew(tmp_path):
    path, drawing = tmp_path / "crowd" / "digits.jsonl", a_drawing()
    name = name_of(Known(path).remember(drawing))
    later = Known(path).get(name)
    assert (later.claimed, later.truth, later.variations) == (drawing.claimed, drawing.truth, drawing.variations)
    assert np.array_equal(later.mistaken_for, drawing.mistaken_for)  # shares: rounded, they would not add up


def test_a_line_that_was_cut_off_is_no_reason_to_forget_the_others(tmp_path):
    path = tmp_path / "digits.jsonl"
    name = name_of(Known(path).remember(a_drawing()))
    with path.open("a") as file:
        file.write('\n{"drawing": "ab')
    known = Known(path)
    another = name_of(known.remember(a_drawing(3)))
    assert known.get(name) is not None
    assert Known(path).get(another) is not None
