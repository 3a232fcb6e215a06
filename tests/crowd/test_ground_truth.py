"""The ground truth of drawings, in memory and in a file."""

import numpy as np

from crowd.ground_truth import GroundTruth, sha256
from models_zoo.data.images import canonical_png

from .toys import toy_crowd


def a_drawing(label=7):
    annotator = toy_crowd().annotators[0]
    annotator.start_prompt(label)
    return annotator.draw()


def test_a_drawing_is_found_by_the_name_that_the_site_gives_it():
    ground_truth, drawing = GroundTruth(), a_drawing()
    png = ground_truth.record(drawing)
    stored_by_the_site = canonical_png(png)
    assert ground_truth.get(sha256(stored_by_the_site)).truth == drawing.truth


def test_a_drawing_that_the_crowd_did_not_make_is_not_found():
    assert GroundTruth().get(sha256(b"somebody else's")) is None


def test_a_later_campaign_finds_the_drawings_of_an_earlier_one(tmp_path):
    path, drawing = tmp_path / "crowd" / "digits.jsonl", a_drawing()
    name = sha256(GroundTruth(path).record(drawing))
    later = GroundTruth(path).get(name)
    assert (later.claimed, later.truth, later.variations) == (drawing.claimed, drawing.truth, drawing.variations)
    assert np.array_equal(later.mistaken_for, drawing.mistaken_for)  # not rounded, or they would not add up to 1


def test_a_file_of_json_lines_as_earlier_versions_wrote_it_is_read(tmp_path):
    path = tmp_path / "digits.jsonl"
    path.write_text(
        '\n{"drawing": "ab12", "claimed": 7, "truth": null, "trajectory": -1, "variations": [], "hardness": 1.0, '
        '"mistaken_for": [0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1]}'
    )
    assert GroundTruth(path).get("ab12").claimed == 7


def test_an_incomplete_line_does_not_affect_the_others(tmp_path):
    path = tmp_path / "digits.jsonl"
    name = sha256(GroundTruth(path).record(a_drawing()))
    with path.open("a") as file:
        file.write('\n{"drawing": "ab')
    ground_truth = GroundTruth(path)
    another = sha256(ground_truth.record(a_drawing(3)))
    assert ground_truth.get(name) is not None
    assert GroundTruth(path).get(another) is not None
