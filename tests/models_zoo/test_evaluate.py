"""Every measurement is a count out of n, checked against arithmetic or against somebody else's implementation."""

import warnings

import numpy as np
import pytest
import torch
from torch import nn

from models_zoo.networks.predict import accuracy, batches, confusion, probabilities
from models_zoo.robustness import suites
from models_zoo.robustness.suites import (
    Attack,
    Beside,
    Row,
    beside,
    evaluate,
    expected_calibration_error,
    merged,
    moved,
    read_rows,
    round_tests,
    together,
    under_pgd,
    write_rows,
)
from models_zoo.training.config import ConfigError
from stats.rates import newcombe
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
    rows = evaluate(Reddish(), "m", pictures, suites=suites.SUITES, attack=Attack((0.1,), (1.0,), steps=1))
    assert {row.n for row in rows if row.suite != "confusion"} == {70}
    assert max(shown) == 31
    assert at_once[:3] == [(31, 0), (31, 31), (8, 62)]


def test_all_that_is_read_off_the_pictures_as_they_are_asks_the_model_once():
    asked, model = [], Brightest()
    model.register_forward_hook(lambda *call: asked.append(1))
    rows = evaluate(model, "m", bars(), suites=suites.CHEAP)
    assert {row.suite for row in rows} == {"base", "confusion", "calibration"}
    assert len(asked) == 1


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


class TwoHills(nn.Module):
    """Reads label 0 unless a pixel is nearly white; below 0.7 its loss leads the other way, up a hill too low."""

    def __init__(self):
        super().__init__()
        self.steepness = nn.Parameter(torch.tensor(10.0))

    def forward(self, images):
        beyond = images[:, 0, 14, 14] - 0.7
        wrong = torch.where(beyond > 0, self.steepness * beyond, -0.5 * beyond) - 1
        return torch.stack([torch.zeros_like(wrong), wrong], dim=1)


def left_by_pgd(model, pictures, **attack):
    return int(np.trace(under_pgd(model, pictures, norm="linf", **attack)))


def test_more_restarts_of_pgd_find_what_one_start_does_not():
    grey = np.full((200, 28, 28), 128, dtype=np.uint8), np.zeros(200, dtype=np.int64)
    one, five = (left_by_pgd(TwoHills(), grey, epsilon=0.5, steps=10, restarts=restarts) for restarts in (1, 5))
    assert one / 200 == pytest.approx(0.7, abs=0.1)
    assert five / 200 == pytest.approx(0.7**5, abs=0.1)


def test_pgd_goes_on_from_where_it_was_looked_at():
    assert left_by_pgd(Brightest(), bars(), epsilon=0.6, step_size=0.06, steps=5) == 40
    assert left_by_pgd(Brightest(), bars(), epsilon=0.6, step_size=0.06, steps=10) == 0


def test_pgd_does_not_leave_its_ball():
    assert left_by_pgd(Brightest(), bars(), epsilon=0.49, steps=40) == 40
    assert left_by_pgd(Brightest(), bars(), epsilon=0.51, steps=40) == 0


def test_a_model_that_is_surer_of_itself_is_not_more_robust_in_l2():
    for sharpness in (0.5, 3.0):
        assert np.trace(under_pgd(Brightest(sharpness), bars(), norm="l2", epsilon=4.5, steps=10)) == 0


def test_attacks_are_those_that_were_asked_for_and_each_row_says_which():
    attack = Attack(linf=(0.25,), l2=(), steps=3, restarts=2)
    rows = evaluate(Brightest(), "m", bars(), suites=("fgsm", "pgd"), attack=attack)
    assert [(row.suite, row.parameter) for row in rows if row.suite != "confusion"] == [
        ("fgsm", "linf 0.25"),
        ("pgd", "linf 0.25, 3 steps, 2 restarts"),
    ]


def test_the_length_of_a_step_can_be_asked_for_and_is_in_the_rows_name():
    rows = [
        row
        for step_size in (None, 0.06, 1e-6)
        for row in evaluate(Brightest(), "m", bars(), suites=["pgd"], attack=Attack((0.6,), (), 10, 1, step_size))
        if row.suite == "pgd"
    ]
    assert [(row.parameter, row.correct) for row in rows] == [
        ("linf 0.6, 10 steps, 1 restarts", 0),
        ("linf 0.6, 10 steps of 0.06, 1 restarts", 0),
        ("linf 0.6, 10 steps of 1e-06, 1 restarts", 40),
    ]


def test_rows_of_another_attack_are_not_shown_beside_each_other():
    weak, strong = (
        evaluate(Brightest(), "m", bars(), suites=("pgd",), attack=Attack(linf=(0.3,), l2=(1.0,), steps=steps))
        for steps in (2, 3)
    )
    assert len(beside(weak, weak)) == 2
    assert beside(weak, strong) == []


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
        Attack(**impossible)


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


def test_what_is_measured_again_replaces_and_all_else_stays():
    earlier = [
        Row("m", "base", "test", 8, 10),
        Row("m", "confusion", "3 read as 5", 2, 10),
        Row("m", "fgsm", "linf 0.1", 5, 10),
        Row("m", "confusion", "fgsm linf 0.1: 3 read as 5", 5, 10),
    ]
    again = [
        Row("m", "base", "test", 9, 20),
        Row("m", "confusion", "3 read as 8", 1, 20),
        Row("m", "pgd", "linf 0.1", 4, 20),
    ]
    assert merged([], again) == again
    assert merged(earlier, again) == [again[0], earlier[3], again[1], earlier[2], again[2]]


def test_rounds_measured_one_after_the_other_come_to_the_same_as_at_once():
    images, labels = bars()
    rounds = {"1": (images[:10], labels[:10]), "2: bars": (images[:30], np.zeros(30, dtype=np.int64))}
    first, second = (round_tests(Brightest(), "m", {title: pictures}) for title, pictures in rounds.items())
    at_once = round_tests(Brightest(), "m", rounds)
    assert set(merged(first, second)) == set(at_once)
    assert len(merged(first, second)) == len(at_once)


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


def test_every_suite_reads_grey_pictures_stored_in_colour_as_the_grey_ones():
    images, labels = bars()
    in_colour = np.repeat(images[..., None], 3, axis=3)
    grey, colour = (
        {(row.suite, row.parameter): (row.correct, row.n, row.error) for row in rows if row.suite != "confusion"}
        for rows in (
            evaluate(Brightest(), "m", (pictures, labels), suites=suites.SUITES, at_most=5)
            for pictures in (images, in_colour)
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


def test_the_interval_of_a_difference_is_newcombes_and_there_is_none_under_five_pictures():
    pair = Beside("pgd", "linf 0.3", Score(56, 70), Score(48, 80))
    assert pair.interval == newcombe(56, 70, 48, 80)
    assert Beside("pgd", "linf 0.3", Score(4, 4), Score(0, 4)).interval is None


def test_a_suite_as_a_whole_is_all_that_it_showed():
    rows = [Row("m", "corruption", f"fog {s}", s, 10) for s in (1, 3)] + [Row("m", "corruption", "stripe 1", 8, 10)]
    assert together([*rows, Row("m", "fgsm", "linf 0.1", 0, 10)], "corruption") == Score(12, 30)
