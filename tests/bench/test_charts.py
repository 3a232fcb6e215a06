"""Charts are valid SVG with every number in them."""

import base64
import io
import xml.etree.ElementTree as ElementTree
from itertools import pairwise

import numpy as np
import pytest
from PIL import Image

from bench.experiment.after_rounds import Misread
from bench.experiment.charts import Line, Point, line_chart, sheet, stacked
from bench.experiment.figures import figures, still_misread_sheet

from .made_up import results, two_seeds

SVG = "{http://www.w3.org/2000/svg}"


def test_every_figure_is_valid_svg():
    pictures = figures(two_seeds())
    assert set(pictures) == {"main", "mnist", "noise"}
    assert all(ElementTree.fromstring(picture).tag.endswith("svg") for picture in pictures.values())
    assert "Seed 0; bands" in pictures["noise"]
    assert "Mean of seeds 0, 1; bands" in pictures["main"]


def test_the_main_figure_has_both_measures_of_its_arms():
    root = ElementTree.fromstring(figures(two_seeds())["main"])
    fooled, errors = ("".join(panel.itertext()) for panel in root.findall(f"{SVG}svg"))
    assert "static: fool the first model, round 8: 20.00 % [20.00, 20.00]" in fooled
    assert "ordinary" not in fooled
    assert "ordinary: no model in the loop, after round 8: 6.00 %" in errors


def test_a_figure_without_counts_is_none():
    assert set(figures(results([9, 8], [9, 9]))) == {"main", "mnist"}


def test_remaining_errors_are_shown_with_what_was_written_and_what_was_read():
    root = ElementTree.fromstring(still_misread_sheet([Misread(np.full((28, 28), 9, dtype=np.uint8), 7, 1, 0)]))
    assert "7 as 1" in [text.text for text in root.iter(f"{SVG}text")]


def test_pictures_are_stacked_without_touching():
    line = Line("ours", [Point(1, 0.3, 0.25, 0.35), Point(2, 0.1, 0.05, 0.15)])
    root = ElementTree.fromstring(stacked([line_chart("One", [line]), line_chart("Two", [line])]))
    first, second = root.findall(f"{SVG}svg")
    assert float(first.get("y")) + float(first.get("height")) <= float(second.get("y"))
    assert float(root.get("viewBox").split()[3]) == float(second.get("y")) + float(second.get("height"))


def test_a_chart_is_valid_svg_with_every_number_in_it():
    lines = [Line("ours & theirs", [Point(1, 0.3, 0.25, 0.35), Point(2, 0.1, 0.05, 0.15)]), Line("none", [])]
    root = ElementTree.fromstring(line_chart("Errors <held out>", lines))
    text = "".join(root.itertext())
    assert "Errors <held out>" in text
    assert "ours & theirs, round 2: 10.00 % [5.00, 15.00]" in text
    assert "none" not in text


def test_on_a_logarithmic_axis_halves_are_equally_far_apart():
    line = Line("ours", [Point(0, 0.2, 0.1, 0.3), Point(1, 0.1, 0, 0.2), Point(2, 0.05, 0, 0.1)])
    root = ElementTree.fromstring(line_chart("Errors", [line], logarithmic=True))
    places = [float(dot.get("cy")) for dot in root.iter(f"{SVG}circle")]
    assert places[1] - places[0] == pytest.approx(places[2] - places[1], abs=0.2)
    assert {"5 %", "50 %"} <= {text.text for text in root.iter(f"{SVG}text")}


def test_a_sheet_shows_each_drawing_as_it_is_with_its_caption():
    ink = np.zeros((28, 28), dtype=np.uint8)
    ink[4:9, 10] = 200
    root = ElementTree.fromstring(sheet("Misread", [(ink, "7 as 1"), (ink // 2, "4 as 9")] * 10))
    assert [text.text for text in root.iter(f"{SVG}text")][2:4] == ["7 as 1", "4 as 9"]
    drawn = [image.get("href").removeprefix("data:image/png;base64,") for image in root.iter(f"{SVG}image")]
    assert len(drawn) == 20
    assert np.array_equal(255 - np.asarray(Image.open(io.BytesIO(base64.b64decode(drawn[0])))), ink)


def test_names_of_lines_that_end_together_do_not_lie_on_each_other():
    end = [Point(1, 0.2, 0.2, 0.2), Point(2, 0.1, 0.1, 0.1)]
    root = ElementTree.fromstring(line_chart("Errors", [Line(name, end) for name in ("a", "b", "c")]))
    places = sorted(float(text.get("y")) for text in root.iter(f"{SVG}text") if text.text in tuple("abc"))
    assert min(below - above for above, below in pairwise(places)) >= 16
