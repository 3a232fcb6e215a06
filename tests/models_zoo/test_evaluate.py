"""Every measurement is a count out of n, checked against arithmetic or against somebody else's implementation."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint
from torch import nn

from models_zoo import suites
from models_zoo.config import ConfigError
from models_zoo.corruptions import CORRUPTIONS, corrupt, severities, suitable
from models_zoo.evaluate import Score, accuracy, confusion, probabilities
from models_zoo.suites import (
    Attack,
    Beside,
    Row,
    beside,
    evaluate,
    expected_calibration_error,
    moved,
    read_rows,
    round_tests,
    together,
    under_pgd,
    write_rows,
)
from tests.models_zoo.conftest import toys


class Brightest(nn.Module):
    """Answers with the column of ten, across a picture's middle, that has the most ink."""

    def __init__(self):
        super().__init__()
        self.sharpness = nn.Parameter(torch.tensor(5.0))

    def forward(self, images):
        return self.sharpness * images[:, 0, 9:19, 4:24].reshape(-1, 10, 10, 2).sum(dim=(1, 3))


def bars(count=40):
    labels = np.arange(count) % 10
    images = np.zeros((count, 28, 28), dtype=np.uint8)
    for image, label in zip(images, labels, strict=True):
        image[6:22, 4 + 2 * label : 6 + 2 * label] = 255
    return images, labels


@given(st.integers(1, 10_000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_the_interval_is_wilsons(counts):
    correct, n = counts
    assert Score(correct, n).interval() == pytest.approx(proportion_confint(correct, n, method="wilson"), abs=1e-9)


def test_nothing_asked_is_no_accuracy_and_every_accuracy():
    assert math.isnan(Score(0, 0).accuracy)
    assert Score(0, 0).interval() == (0.0, 1.0)


def test_probabilities_are_one_row_per_picture_that_sums_to_one():
    given_ = probabilities(Brightest(), toys(1201)[0])
    assert given_.shape == (1201, 10)
    assert given_.dtype == np.float32
    assert np.allclose(given_.sum(axis=1), 1)
    assert len(probabilities(Brightest(), np.zeros((0, 28, 28), dtype=np.uint8))) == 0


def test_confusion_has_as_many_rows_as_the_model_knows_labels():
    class Twelve(torch.nn.Module):
        def forward(self, images):
            return torch.eye(12)[torch.full((len(images),), 11)]

    model = Twelve()
    model.register_parameter("any", torch.nn.Parameter(torch.zeros(1)))
    counts = confusion(model, np.zeros((3, 28, 28), np.uint8), np.array([0, 0, 11]))
    assert counts.shape == (12, 12)
    assert (counts[0, 11], counts[11, 11]) == (2, 1)


def test_accuracy_and_confusion_count():
    images, labels = bars()
    labels = np.where(labels == 3, 4, labels)
    assert accuracy(Brightest(), images, labels) == Score(36, 40)
    counts = confusion(Brightest(), images, labels)
    assert counts[4, 3] == 4
    assert counts[4, 4] == 4
    assert counts.sum() == 40


def test_calibration_error_is_zero_for_honest_confidence_and_the_gap_otherwise():
    honest = np.array([[0.75, 0.25]] * 4, dtype=np.float32)
    assert expected_calibration_error(honest, np.array([0, 0, 0, 1])) == pytest.approx(0)
    assert expected_calibration_error(honest, np.array([1, 1, 1, 1])) == pytest.approx(0.75)
    two_bins = np.array([[1.0, 0.0], [0.6, 0.4]], dtype=np.float32)
    assert expected_calibration_error(two_bins, np.array([0, 1])) == pytest.approx((0 + 0.6) / 2)


def test_rounds_are_counted_one_by_one_and_together():
    images, labels = bars()
    rounds = {"1": (images[:10], labels[:10]), "2": (images[:30], np.zeros(30, dtype=np.int64)), "3": (images[:0],) * 2}
    rows = round_tests(Brightest(), "m", rounds)
    accuracies = {row.parameter: (row.correct, row.n) for row in rows if row.suite == "round"}
    assert accuracies == {"1": (10, 10), "2": (3, 30), "3": (0, 0), "all": (13, 40)}
    confusions = {row.parameter: (row.correct, row.n) for row in rows if row.suite == "confusion"}
    assert confusions["2: 0 read as 7"] == (3, 30)
    assert confusions["all: 0 read as 0"] == (1 + 3, 1 + 30)


def test_confusion_under_corruptions_attacks_and_moves_adds_up_to_the_accuracy():
    attack = Attack(linf=(0.6,), l2=(), steps=7)
    rows = evaluate(Brightest(), "m", bars(), suites=("corruption", "fgsm", "pgd", "moved"), attack=attack)
    for suite, parameter, of in (
        ("corruption", "fog", "fog: "),
        ("fgsm", "linf 0.6", "fgsm linf 0.6: "),
        ("pgd", "linf 0.6", "pgd linf 0.6, 7 steps, 1 restarts: "),
        ("moved", "turned", "moved turned up to 30 degrees: "),
    ):
        measured = [row for row in rows if row.suite == suite and row.parameter.startswith(parameter)]
        counts = [row for row in rows if row.suite == "confusion" and row.parameter.startswith(of)]
        assert sum(row.correct for row in counts) == sum(row.n for row in measured)
        right = [row for row in counts if row.parameter in {f"{of}{label} read as {label}" for label in range(10)}]
        assert sum(row.correct for row in right) == sum(row.correct for row in measured)


def test_the_pictures_of_costly_suites_are_evenly_spaced():
    images, labels = bars()
    in_order = np.argsort(labels, kind="stable")
    rows = evaluate(Brightest(), "m", (images[in_order], labels[in_order]), suites=("fgsm",), at_most=30)
    assert {row.n for row in rows if row.suite == "fgsm"} == {30}
    assert {row.parameter.split()[3] for row in rows if row.suite == "confusion"} == {str(label) for label in range(10)}


def test_a_shift_grid_counts_the_worst_case_of_each_picture():
    rows = {row.parameter: row.correct for row in moved(Brightest(), "m", bars())}
    assert rows["shifted up to 4 pixels"] == 0
    assert rows["shifted and turned"] == 0


def test_pgd_with_more_restarts_never_leaves_more_survivors():
    pictures = bars()
    few, many = (
        np.trace(under_pgd(Brightest(), pictures, norm="linf", epsilon=0.5, steps=3, restarts=restarts))
        for restarts in (1, 5)
    )
    assert many <= few <= 40
    assert np.trace(under_pgd(Brightest(), pictures, norm="linf", epsilon=0.49, steps=3)) == 40


def test_attacks_are_those_that_were_asked_for_and_each_row_says_which():
    attack = Attack(linf=(0.25,), l2=(), steps=3, restarts=2)
    rows = evaluate(Brightest(), "m", bars(), suites=("fgsm", "pgd"), attack=attack)
    assert [(row.suite, row.parameter) for row in rows if row.suite != "confusion"] == [
        ("fgsm", "linf 0.25"),
        ("pgd", "linf 0.25, 3 steps, 2 restarts"),
    ]


def test_rows_of_another_attack_are_not_shown_beside_each_other():
    weak, strong = (
        evaluate(Brightest(), "m", bars(), suites=("pgd",), attack=Attack(linf=(0.3,), l2=(1.0,), steps=steps))
        for steps in (2, 3)
    )
    assert len(beside(weak, weak)) == 2
    assert beside(weak, strong) == []


@pytest.mark.parametrize(
    "impossible", [{"linf": (0.1, 0.0)}, {"linf": (float("inf"),)}, {"l2": (-1.0,)}, {"steps": 0}, {"restarts": 0}]
)
def test_an_attack_that_cannot_be_made_is_refused(impossible):
    with pytest.raises(ConfigError, match=r"must be more than 0|at least 1"):
        Attack(**impossible)


def test_the_whole_table_of_a_model_can_be_kept_and_read(tmp_path):
    images, labels = bars()
    rows = evaluate(
        Brightest(), "m", (images, labels), suites=suites.SUITES, rounds={"1": (images, labels)}, at_most=20
    )
    write_rows(tmp_path, rows)
    assert read_rows(tmp_path) == rows
    assert {row.suite for row in rows} == {"round", *suites.SUITES}
    assert sum(row.suite == "corruption" for row in rows) == 12 * 5 + 4
    assert {row.n for row in rows if row.suite == "base"} == {40}
    assert {row.n for row in rows if row.suite in ("pgd", "fgsm", "moved", "corruption")} == {20}
    assert read_rows(tmp_path / "elsewhere") == []


def in_colour(images):
    return np.repeat(images[..., None], 3, axis=3)


def test_every_suite_reads_grey_pictures_stored_in_colour_as_the_grey_ones():
    images, labels = bars()
    grey, colour = (
        {(row.suite, row.parameter): (row.correct, row.n, row.error) for row in rows if row.suite != "confusion"}
        for rows in (
            evaluate(Brightest(), "m", (pictures, labels), suites=suites.SUITES, at_most=5)
            for pictures in (images, in_colour(images))
        )
    )
    strokes = {("corruption", f"{name} 1") for name in ("stripe", "dotted_line", "zigzag", "canny_edges")}
    assert grey.keys() - colour.keys() == strokes
    assert {key: n for key, (_, n, _) in colour.items()} == {key: grey[key][1] for key in colour}
    drawn_for_each_channel = [key for key in colour if "noise" in key[1] or key[0] == "pgd"]
    assert all(colour[key] == grey[key] for key in colour.keys() - drawn_for_each_channel)


def test_a_model_is_shown_beside_its_reference():
    robust = [Row("r", "base", "test", 90, 100), Row("r", "pgd", "linf 0.3", 60, 100), Row("r", "fgsm", "x", 1, 2)]
    plain = [Row("p", "base", "test", 99, 100), Row("p", "pgd", "linf 0.3", 0, 100), Row("p", "fgsm", "x", 1, 9)]
    assert [(pair.suite, round(pair.gain, 2)) for pair in beside(robust, plain)] == [("base", -0.09), ("pgd", 0.6)]


@given(*[st.integers(1, 2_000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))] * 2)
def test_the_interval_of_a_difference_is_newcombes(model, reference):
    pair = Beside("pgd", "linf 0.3", Score(*model), Score(*reference))
    asked = confint_proportions_2indep(*model, *reference, method="newcomb", compare="diff")
    assert pair.interval() == pytest.approx(asked, abs=1e-9)


def test_a_suite_as_a_whole_is_all_that_it_showed():
    rows = [Row("m", "corruption", f"fog {s}", s, 10) for s in (1, 3)] + [Row("m", "corruption", "stripe 1", 8, 10)]
    assert together([*rows, Row("m", "fgsm", "linf 0.1", 0, 10)], "corruption") == Score(12, 30)


@pytest.mark.parametrize("name", CORRUPTIONS)
def test_every_corruption_changes_pictures_repeatably_and_more_with_severity(name):
    images, _ = toys(64)
    changes = []
    for severity in range(1, severities(name) + 1):
        corrupted = corrupt(images, name, severity, seed=1)
        assert corrupted.shape == images.shape
        assert corrupted.dtype == np.uint8
        assert (corrupted == corrupt(images, name, severity, seed=1)).all()
        changes.append(np.abs(corrupted.astype(int) - images).mean())
    assert min(changes) > 0
    if name != "spatter":  # from mud in few places to mud in many small ones
        assert changes[-1] >= changes[0]


@pytest.mark.parametrize("name", suitable(np.zeros((1, 40, 40, 3), dtype=np.uint8)))
def test_a_photograph_of_any_size_is_corrupted_in_each_channel(name):
    grey = np.random.default_rng(0).integers(0, 256, (4, 40, 40), dtype=np.uint8)
    corrupted = corrupt(in_colour(grey), name, 3, seed=1)
    assert corrupted.shape == (4, 40, 40, 3)
    assert corrupted.dtype == np.uint8
    alike = (corrupted == corrupt(grey, name, 3, seed=1)[..., None]).all()
    assert alike == ("noise" not in name)
    assert (corrupted != in_colour(grey)).any(axis=(0, 1, 2)).all()


def test_a_severity_that_does_not_exist_is_refused():
    with pytest.raises(ValueError, match="stripe has severities 1 to 1, not 2"):
        corrupt(toys(2)[0], "stripe", 2)


def test_translation_moves_by_as_many_pixels_as_its_severity():
    image = np.zeros((1, 28, 28), dtype=np.uint8)
    image[0, 14, 14] = 255
    row, column = np.argwhere(corrupt(image, "translate", 3)[0] == 255)[0]
    assert (abs(row - 14), abs(column - 14)) == (3, 3)


def test_edges_of_a_square_are_its_outline():
    image = np.zeros((1, 28, 28), dtype=np.uint8)
    image[0, 8:20, 8:20] = 255
    edges = corrupt(image, "canny_edges", 1)[0]
    assert edges[13, 13] == edges[2, 2] == 0
    assert edges[13].sum() > 0
    assert set(np.unique(edges)) == {0, 255}
