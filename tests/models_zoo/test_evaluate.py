"""Every measurement is a count out of n, checked against arithmetic or against somebody else's implementation."""

import warnings
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from models_zoo.networks.predict import accuracy, batches, confusion_matrix, probabilities
from models_zoo.robustness import suites, table
from models_zoo.robustness.attack_grid import AttackGrid
from models_zoo.robustness.suites import evaluate, expected_calibration_error, moved_rows
from models_zoo.robustness.table import Condition, compare, read_rows, write_rows
from models_zoo.robustness.worst_case import under_pgd
from models_zoo.training.config import ConfigError
from stats.scores import Score
from tests.models_zoo.conftest import toys


class Brightest(nn.Module):
    """Answers with the column of ten, across a picture's middle, that has the most ink."""

    def __init__(self, sharpness=0.5):
        super().__init__()
        self.sharpness = nn.Parameter(torch.tensor(sharpness))

    def forward(self, images):
        return self.sharpness * images[:, 0, 9:19, 4:24].reshape(-1, 10, 10, 2).sum(dim=(1, 3))


def bars(count=40):
    labels = np.arange(count) % 10
    images = np.zeros((count, 28, 28), dtype=np.uint8)
    for image, label in zip(images, labels, strict=True):
        image[6:22, 4 + 2 * label : 6 + 2 * label] = 255
    return images, labels


def a_round(title):
    return Condition("round", round=title)


def test_probabilities_are_one_row_per_picture_that_sums_to_one():
    given_ = probabilities(Brightest(), toys(1201)[0])
    assert given_.shape == (1201, 10)
    assert given_.dtype == np.float32
    assert np.allclose(given_.sum(axis=1), 1)
    assert len(probabilities(Brightest(), np.zeros((0, 28, 28), dtype=np.uint8))) == 0


def test_pictures_that_are_no_bytes_are_refused_rather_than_read_as_black():
    images, labels = bars()
    for floats in (images / 255, torch.tensor(images / 255)):
        with pytest.raises(TypeError, match="float64: give them as uint8, 0 to 255"):
            accuracy(Brightest(), floats, labels)


def test_tensors_and_arrays_that_cannot_be_written_to_are_read_without_a_warning():
    images, _ = bars()
    fixed = images.copy()
    fixed.setflags(write=False)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        read = [probabilities(Brightest(), pictures) for pictures in (images, fixed, torch.tensor(images))]
    assert (read[0] == read[1]).all()
    assert (read[0] == read[2]).all()


@pytest.mark.parametrize(
    ("shape", "size"), [((28, 28), 500), ((8, 8), 500), ((64, 64, 3), 31), ((224, 224, 3), 2), ((800, 800, 3), 1)]
)
def test_a_batch_has_500_digits_and_the_fewer_pictures_the_larger_they_are(shape, size):
    parts = list(batches(np.broadcast_to(np.uint8(0), (1001, *shape))))
    assert parts[0] == slice(0, size)
    assert sum(len(range(1001)[part]) for part in parts) == 1001


def test_every_suite_shows_photographs_in_batches_that_fit_into_memory(monkeypatch):
    shown, at_once = [], []

    class Reddish(nn.Module):
        def __init__(self):
            super().__init__()
            self.sharpness = nn.Parameter(torch.tensor(5.0))

        def forward(self, images):
            shown.append(len(images))
            return self.sharpness * images.mean(dim=(2, 3))

    def corrupt(images, *args, **kwargs):
        at_once.append((len(images), kwargs["seed"]))
        return images

    monkeypatch.setattr(suites, "corrupt", corrupt)
    pictures = np.zeros((70, 64, 64, 3), dtype=np.uint8), np.zeros(70, dtype=np.int64)
    rows = evaluate(Reddish(), "m", pictures, suites=suites.SUITES, attacks=AttackGrid((0.1,), (1.0,), steps=1))
    assert {row.n for row in rows if not row.is_cell} == {70}
    assert max(shown) == 31
    assert at_once[:3] == [(31, 0), (31, 31), (8, 62)]


def test_a_model_reads_the_pictures_as_they_are_once_for_all_cheap_suites():
    calls, model = [], Brightest()
    model.register_forward_hook(lambda *call: calls.append(1))
    rows = evaluate(model, "m", bars(), suites=suites.CHEAP)
    assert {(row.condition.suite, row.is_cell) for row in rows} == {
        ("base", False),
        ("base", True),
        ("calibration", False),
    }
    assert len(calls) == 1


@pytest.mark.parametrize(("pictures", "at_most"), [(bars(0), 10), (bars(), 0)])
@pytest.mark.parametrize("suite", suites.SUITES)
def test_nothing_to_measure_on_is_told_in_a_sentence(suite, pictures, at_most):
    with pytest.raises(ConfigError, match="nothing to measure on: give a test set with pictures"):
        evaluate(Brightest(), "m", pictures, suites=[suite], at_most=at_most)


def test_digits_are_corrupted_all_at_once(monkeypatch):
    at_once = []
    monkeypatch.setattr(suites, "corrupt", lambda images, *_, seed: at_once.append((len(images), seed)) or images)
    evaluate(Brightest(), "m", bars(1201), suites=["corruption"], at_most=1201)
    assert set(at_once) == {(1201, 0)}


def test_confusion_has_as_many_rows_as_the_model_knows_labels():
    class Twelve(torch.nn.Module):
        def forward(self, images):
            return torch.eye(12)[torch.full((len(images),), 11)]

    model = Twelve()
    model.register_parameter("any", torch.nn.Parameter(torch.zeros(1)))
    counts = confusion_matrix(model, np.zeros((3, 28, 28), np.uint8), np.array([0, 0, 11]))
    assert counts.shape == (12, 12)
    assert (counts[0, 11], counts[11, 11]) == (2, 1)


def test_accuracy_and_confusion_count():
    images, labels = bars()
    labels = np.where(labels == 3, 4, labels)
    assert accuracy(Brightest(), images, labels) == Score(36, 40)
    counts = confusion_matrix(Brightest(), images, labels)
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
    rows = evaluate(Brightest(), "m", None, rounds=rounds)
    together = Condition("all_rounds")
    accuracies = {row.condition: (row.correct, row.n) for row in rows if not row.is_cell}
    assert accuracies == {a_round("1"): (10, 10), a_round("2"): (3, 30), a_round("3"): (0, 0), together: (13, 40)}
    cells = {(row.condition, row.label, row.answer): (row.correct, row.n) for row in rows if row.is_cell}
    assert cells[a_round("2"), 0, 7] == (3, 30)
    assert cells[together, 0, 0] == (1 + 3, 1 + 30)


def test_confusion_under_corruptions_attacks_and_moves_adds_up_to_the_accuracy():
    attacks = AttackGrid(linf=(0.6,), l2=(), steps=7)
    rows = evaluate(Brightest(), "m", bars(), suites=("corruption", "fgsm", "pgd", "moved"), attacks=attacks)
    for condition in (
        Condition("corruption", corruption="fog"),
        Condition("fgsm", norm="linf", epsilon=0.6),
        *attacks.pgd(),
        Condition("moved", grid="turned"),
    ):
        # A corruption's confusion is over all of its severities.
        accuracies = [row for row in rows if not row.is_cell and replace(row.condition, severity=0) == condition]
        cells = [row for row in rows if row.is_cell and row.condition == condition]
        assert sum(row.correct for row in cells) == sum(row.n for row in accuracies)
        right = [row for row in cells if row.label == row.answer]
        assert sum(row.correct for row in right) == sum(row.correct for row in accuracies)


def test_the_pictures_of_costly_suites_are_evenly_spaced():
    images, labels = bars()
    in_order = np.argsort(labels, kind="stable")
    rows = evaluate(Brightest(), "m", (images[in_order], labels[in_order]), suites=("fgsm",), at_most=30)
    assert {row.n for row in rows if not row.is_cell} == {30}
    assert {row.label for row in rows if row.is_cell} == set(range(10))


def test_a_shift_grid_counts_the_worst_case_of_each_picture():
    rows = {row.condition.grid: row.correct for row in moved_rows(Brightest(), "m", bars()) if not row.is_cell}
    assert rows["shifted"] == 0
    assert rows["both"] == 0
    assert rows["turned"] > 0


class TwoHills(nn.Module):
    """Reads label 0 unless a pixel is nearly white; below 0.7 its loss leads the other way, up a hill too low."""

    def __init__(self):
        super().__init__()
        self.steepness = nn.Parameter(torch.tensor(10.0))

    def forward(self, images):
        beyond = images[:, 0, 14, 14] - 0.7
        wrong = torch.where(beyond > 0, self.steepness * beyond, -0.5 * beyond) - 1
        return torch.stack([torch.zeros_like(wrong), wrong], dim=1)


def survivors_of_pgd(model, pictures, **attack):
    return int(np.trace(under_pgd(model, pictures, norm="linf", **attack)))


def test_more_restarts_of_pgd_find_what_one_start_does_not():
    grey = np.full((200, 28, 28), 128, dtype=np.uint8), np.zeros(200, dtype=np.int64)
    one, five = (survivors_of_pgd(TwoHills(), grey, epsilon=0.5, steps=10, restarts=restarts) for restarts in (1, 5))
    assert one / 200 == pytest.approx(0.7, abs=0.1)
    assert five / 200 == pytest.approx(0.7**5, abs=0.1)


def test_pgd_goes_on_from_where_it_was_when_the_pictures_were_checked():
    assert survivors_of_pgd(Brightest(), bars(), epsilon=0.6, step_size=0.06, steps=5) == 40
    assert survivors_of_pgd(Brightest(), bars(), epsilon=0.6, step_size=0.06, steps=10) == 0


def test_pgd_does_not_leave_its_ball():
    assert survivors_of_pgd(Brightest(), bars(), epsilon=0.49, steps=40) == 40
    assert survivors_of_pgd(Brightest(), bars(), epsilon=0.51, steps=40) == 0


def test_a_model_that_is_surer_of_itself_is_not_more_robust_in_l2():
    for sharpness in (0.5, 3.0):
        assert np.trace(under_pgd(Brightest(sharpness), bars(), norm="l2", epsilon=4.5, steps=10)) == 0


def test_attacks_are_those_that_were_requested_and_each_row_has_them_as_fields():
    attacks = AttackGrid(linf=(0.25,), l2=(), steps=2, restarts=3)
    rows = evaluate(Brightest(), "m", bars(), suites=("fgsm", "pgd"), attacks=attacks)
    assert [row.condition for row in rows if not row.is_cell] == [
        Condition("fgsm", norm="linf", epsilon=0.25),
        Condition("pgd", norm="linf", epsilon=0.25, steps=2, step_size=2.5 * 0.25 / 2, restarts=3),
    ]


def test_the_length_of_a_step_can_be_requested_and_is_a_field_of_the_row():
    rows = [
        row
        for step_size in (None, 0.06, 1e-6)
        for row in evaluate(Brightest(), "m", bars(), suites=["pgd"], attacks=AttackGrid((0.6,), (), 10, 1, step_size))
        if not row.is_cell
    ]
    assert [(row.condition.step_size, row.correct) for row in rows] == [(2.5 * 0.6 / 10, 0), (0.06, 0), (1e-6, 40)]


def test_rows_of_different_attacks_are_not_compared():
    weak, strong = (
        evaluate(Brightest(), "m", bars(), suites=("pgd",), attacks=AttackGrid(linf=(0.3,), l2=(1.0,), steps=steps))
        for steps in (2, 3)
    )
    assert len(compare(weak, weak)) == 2
    assert compare(weak, strong) == []


@pytest.mark.parametrize(
    "impossible",
    [
        {"linf": (0.1, 0.0)},
        {"linf": (float("inf"),)},
        {"l2": (-1.0,)},
        {"steps": 0},
        {"restarts": 0},
        {"step_size": 0.0},
    ],
)
def test_an_attack_that_cannot_be_made_is_refused(impossible):
    with pytest.raises(ConfigError, match=r"must be more than 0|at least 1"):
        AttackGrid(**impossible)


@pytest.mark.parametrize(
    ("unknown", "sentence"),
    [
        (
            ["pgd", "corruptions"],
            "There is no suite 'corruptions': choose of base, confusion, calibration, corruption,",
        ),
        ("base", "a list of names, not 'base': give any of base, confusion"),
    ],
)
def test_an_unknown_suite_is_refused_before_anything_is_measured(unknown, sentence):
    class NeverAsked(Brightest):
        def forward(self, images):
            raise AssertionError("it was measured")

    with pytest.raises(ConfigError, match=sentence):
        evaluate(NeverAsked(), "m", bars(), suites=unknown)


def test_the_table_of_all_suites_is_complete_and_can_be_stored(tmp_path):
    rows = evaluate(Brightest(), "m", bars(), suites=suites.SUITES, rounds={"1": bars()}, at_most=20)
    write_rows(tmp_path, rows)
    assert read_rows(tmp_path) == rows
    assert list(dict.fromkeys(row.condition.suite for row in rows)) == list(table.SUITE_ORDER)
    sizes = [(row.condition.suite, row.n) for row in rows if not row.is_cell]
    assert sizes.count(("corruption", 20)) == 12 * 5 + 4
    assert set(sizes) == {("base", 40), ("calibration", 40), ("round", 40), ("all_rounds", 40)} | {
        (suite, 20) for suite in ("pgd", "fgsm", "moved", "corruption")
    }


def test_every_suite_reads_grey_pictures_stored_in_colour_as_the_grey_ones():
    images, labels = bars()
    in_colour = np.repeat(images[..., None], 3, axis=3)
    grey, colour = (
        {row.condition: (row.correct, row.n, row.calibration_error) for row in rows if not row.is_cell}
        for rows in (
            evaluate(Brightest(), "m", (pictures, labels), suites=suites.SUITES, at_most=5)
            for pictures in (images, in_colour)
        )
    )
    strokes = ("stripe", "dotted_line", "zigzag", "canny_edges")
    assert grey.keys() - colour.keys() == {Condition("corruption", corruption=kind, severity=1) for kind in strokes}
    assert {key: n for key, (_, n, _) in colour.items()} == {key: grey[key][1] for key in colour}
    drawn_for_each_channel = [key for key in colour if "noise" in key.corruption or key.suite == "pgd"]
    assert all(colour[key] == grey[key] for key in colour.keys() - drawn_for_each_channel)
