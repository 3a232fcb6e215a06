"""Coordinates of charts, and how pages show numbers."""

import pytest

from rounds.templatetags import display
from rounds.web import charts


def report(number: int, fooled: int, attempts: int, pending: int = 0) -> dict:
    value = fooled / attempts if attempts else None
    rate = {
        "numerator": fooled,
        "denominator": attempts,
        "value": value,
        "interval": [value * 0.5, value] if attempts else None,
    }
    return {"number": number, "mer": rate, "vmer": rate, "counts": {"pending": pending}}


def test_nothing_tried_makes_no_chart():
    assert charts.rates_by_round([]) is None
    assert charts.rates_by_round([report(1, 0, 0)]) is None


def test_a_higher_rate_lies_higher():
    chart = charts.rates_by_round([report(1, 10, 100), report(2, 40, 100)])
    low, high = chart.series["mer"]
    assert high.y < low.y
    assert low.x < high.x
    assert high.title == "Round 2: 40.0 % (40/100)"


def test_a_round_that_is_not_yet_validated_does_not_look_like_a_fall():
    chart = charts.rates_by_round([report(1, 10, 100), report(2, 10, 100, pending=3)])
    assert [mark.title for mark in chart.series["vmer"]] == ["Round 1: 10.0 % (10/100)"]
    assert len(chart.series["mer"]) == 2


def test_every_mark_lies_inside_the_chart():
    chart = charts.rates_by_round([report(number, number, 20) for number in range(1, 21)])
    for marks in chart.series.values():
        for mark in marks:
            assert chart.left <= mark.x <= chart.right
            assert 0 <= mark.high <= mark.y <= mark.low <= chart.base
    assert chart.names[0][1] == "1"  # twenty rounds leave no room for the word


def test_a_round_in_which_every_attempt_fooled_fits():
    full = report(1, 5, 5)
    full["mer"]["interval"] = [0.57, 1.0]
    assert charts.rates_by_round([full]).series["mer"][0].y >= charts.TOP


def test_a_loss_curve_starts_with_the_first_epoch():
    assert charts.loss_curve([], 8) is None
    curve = charts.loss_curve([{"epoch": 1, "loss": 2.0}, {"epoch": 2, "loss": 1.0}], 8)
    first, second = curve.series["loss"]
    assert first.y < second.y
    assert len(curve.names) == 8


@pytest.mark.parametrize(
    ("shown", "value"),
    [("12.4\u00a0%", 0.1239), ("0.0\u00a0%", 0.0), ("100.0\u00a0%", 1.0), ("–", None)],
)
def test_a_share_is_shown_in_per_cent(shown, value):
    assert display.percent(value) == shown


def test_intervals_and_differences_are_shown_with_their_signs():
    assert display.bounds([0.109, 0.14]) == "[10.9, 14.0]"
    assert display.bounds(None) == ""
    assert display.points(-0.021) == "−2.1"
    assert display.points(-0.0004) == "+0.0"
    assert display.signed_bounds([-0.03, 0.01]) == "[−3.0, +1.0]"


@pytest.mark.parametrize(("seconds", "shown"), [(5, "5 s"), (95, "1 min 35 s"), (7300, "2 h 1 min"), (None, "–")])
def test_times_are_shown_in_hours_minutes_and_seconds(seconds, shown):
    assert display.short_time(seconds) == shown


def test_the_darkest_cell_is_the_best_and_the_palest_the_worst():
    assert display.accuracy_shade(1.0, 0.5) == 1.0
    assert display.accuracy_shade(0.5, 0.5) == 0.0
    assert display.count_shade(0, [[0, 0]]) == 0.0
    assert display.count_shade(4, [[1, 4]]) == 1.0


@pytest.mark.parametrize(
    ("label", "shown"), [("7", "a 7"), ("8", "an 8"), ("18", "an 18"), ("80", "an 80"), ("Owl", "an Owl")]
)
def test_labels_get_the_article_that_is_spoken(label, shown):
    assert display.with_article(label) == shown
