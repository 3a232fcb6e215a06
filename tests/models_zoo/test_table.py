"""The evaluation table: rows as fields, stored, merged, compared, and shown to people in one place."""

import json

import pytest

from models_zoo.robustness.attack_grid import AttackGrid
from models_zoo.robustness.table import (
    Comparison,
    Condition,
    EvaluationRow,
    all_rounds,
    compare,
    merged,
    read_rows,
    to_json,
    write_rows,
)
from stats.rates import newcombe
from stats.scores import Score

BASE, FOG_3 = Condition("base"), Condition("corruption", corruption="fog", severity=3)
[FGSM], [PGD] = AttackGrid((0.3,), ()).fgsm(), AttackGrid((0.3,), ()).pgd()
ONE, TWO, TOGETHER = Condition("round", round="1"), Condition("round", round="2"), Condition("all_rounds")


@pytest.mark.parametrize(
    ("condition", "text"),
    [
        (BASE, "test set"),
        (FOG_3, "fog 3"),
        (Condition("corruption", corruption="fog"), "fog, all severities"),
        (FGSM, "linf 0.3"),
        (PGD, "linf 0.3, 40 steps of 0.01875, 1 restart"),
        (*AttackGrid((), (2.0,), 100, 5, 0.01).pgd(), "l2 2, 100 steps of 0.01, 5 restarts"),
        (Condition("moved", grid="shifted"), "shifted up to 4 pixels"),
        (Condition("moved", grid="turned"), "turned up to 30 degrees"),
        (Condition("moved", grid="both"), "shifted up to 4 pixels and turned up to 30 degrees"),
        (Condition("calibration", bins=15), "15 bins"),
        (ONE, "1"),
        (TOGETHER, "together"),
    ],
)
def test_a_condition_is_shown_in_words(condition, text):
    assert str(condition) == text


ROWS = [
    EvaluationRow("m", BASE, 8, 10),
    EvaluationRow("m", BASE, 2, 10, label=0, answer=0),
    EvaluationRow("m", Condition("calibration", bins=15), 8, 10, calibration_error=0.0),
    EvaluationRow("m", PGD, 0, 10),
]


def test_a_stored_table_is_flat_and_leaves_out_what_is_empty(tmp_path):
    write_rows(tmp_path, ROWS)
    assert json.loads((tmp_path / "evaluation.json").read_text()) == {
        "format": 2,
        "rows": [
            {"model": "m", "suite": "base", "correct": 8, "n": 10},
            {"model": "m", "suite": "base", "correct": 2, "n": 10, "label": 0, "answer": 0},
            {"model": "m", "suite": "calibration", "bins": 15, "correct": 8, "n": 10, "calibration_error": 0.0},
            {
                "model": "m",
                "suite": "pgd",
                "norm": "linf",
                "epsilon": 0.3,
                "steps": 40,
                "step_size": 0.01875,
                "restarts": 1,
                "correct": 0,
                "n": 10,
            },
        ],
    }
    assert read_rows(tmp_path) == ROWS


def test_the_same_table_is_stored_as_the_same_bytes(tmp_path):
    for folder in ("one", "two"):
        write_rows(tmp_path / folder, ROWS)
    assert (tmp_path / "one" / "evaluation.json").read_bytes() == (tmp_path / "two" / "evaluation.json").read_bytes()


@pytest.mark.parametrize(
    "stored",
    [
        [{"model": "m", "suite": "pgd", "parameter": "linf 0.3", "correct": 1, "n": 10, "error": None}],
        {**to_json(ROWS), "format": 1},
        {"rows": to_json(ROWS)["rows"]},
    ],
)
def test_a_table_of_another_format_is_not_read_and_a_warning_says_so(tmp_path, caplog, stored):
    (tmp_path / "evaluation.json").write_text(json.dumps(stored))
    assert read_rows(tmp_path) == []
    [message] = caplog.messages
    assert message.startswith(str(tmp_path / "evaluation.json"))
    assert message.endswith("was measured by an earlier version, so its rows are not read: measure again.")


def test_a_model_that_was_not_measured_has_no_rows(tmp_path, caplog):
    assert read_rows(tmp_path) == []
    assert not caplog.messages


def test_what_is_measured_again_replaces_and_all_else_stays():
    earlier = [
        EvaluationRow("m", BASE, 8, 10),
        EvaluationRow("m", BASE, 2, 10, label=3, answer=5),
        EvaluationRow("m", FGSM, 5, 10),
        EvaluationRow("m", FGSM, 5, 10, label=3, answer=5),
    ]
    again = [
        EvaluationRow("m", BASE, 9, 20),
        EvaluationRow("m", BASE, 1, 20, label=3, answer=8),
        EvaluationRow("m", PGD, 4, 20),
    ]
    assert merged([], again) == again
    assert merged(earlier, again) == [*again[:2], *earlier[2:], again[2]]


def test_rounds_measured_one_after_the_other_come_to_the_same_as_at_once():
    def a_round(condition, *cells):
        right = sum(times for label, answer, times in cells if label == answer)
        sizes = {label: sum(times for of, _, times in cells if of == label) for label, _, _ in cells}
        return [
            EvaluationRow("m", condition, right, sum(sizes.values())),
            *(EvaluationRow("m", condition, times, sizes[label], label, answer) for label, answer, times in cells),
        ]

    first, second = a_round(ONE, (0, 0, 4), (7, 1, 3)), a_round(TWO, (0, 0, 2), (0, 8, 1))
    together = a_round(TOGETHER, (0, 0, 6), (0, 8, 1), (7, 1, 3))
    assert all_rounds([*first, *second]) == together
    assert merged(first + all_rounds(first), second + all_rounds(second)) == [*first, *second, *together]


def test_without_rounds_there_is_nothing_of_all_of_them():
    assert all_rounds(ROWS) == []


def test_a_model_is_compared_where_both_were_measured_on_as_many_pictures():
    robust = [
        EvaluationRow("r", BASE, 90, 100),
        EvaluationRow("r", BASE, 9, 10, 3, 3),
        EvaluationRow("r", PGD, 60, 100),
        EvaluationRow("r", FGSM, 1, 2),
    ]
    plain = [
        EvaluationRow("p", BASE, 99, 100),
        EvaluationRow("p", BASE, 9, 10, 3, 3),
        EvaluationRow("p", PGD, 0, 100),
        EvaluationRow("p", FGSM, 1, 9),
    ]
    pairs = compare(robust, plain)
    assert [(pair.condition, round(pair.gain, 2)) for pair in pairs] == [(BASE, -0.09), (PGD, 0.6)]


def test_the_interval_of_a_gain_is_newcombes_and_there_is_none_under_five_pictures():
    assert Comparison(PGD, Score(56, 70), Score(48, 80)).interval == newcombe(56, 70, 48, 80)
    assert Comparison(PGD, Score(4, 4), Score(0, 4)).interval is None
