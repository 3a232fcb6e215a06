"""What the results page says is what the results say."""

import re
import xml.etree.ElementTree as ElementTree
from itertools import pairwise

import pytest

from bench.experiment import numbers, page
from bench.experiment.charts import Line, Point, line_chart
from bench.experiment.numbers import Results
from rounds.stats.rates import Rate


def result(wrong, *, of=100, hands=10, base_wrong=1, verified=20, attempts=100):
    """A round whose model misreads `wrong` of each of ten hands' `of` drawings."""
    return {
        "scores": {"held-out writers": [hands * (of - wrong), hands * of], "MNIST test": [1000 - base_wrong, 1000]},
        "by_hand": [[of - wrong, of]] * hands,
        "by_annotator": [[attempts // 10, verified // 10 + 1, verified // 10]] * 10,
        "counts": {"attempts": attempts, "fooled": verified + 10, "verified": verified, "fooled_rightly": verified + 4},
        "gate": True,
    }


def results(ours, theirs):
    first = result(30)
    return Results({0: {"dynamic": [first, *map(result, ours)], "ordinary": [first, *map(result, theirs)]}})


def test_errors_are_pooled_over_seeds_and_shown_with_their_counts():
    shown = numbers.held_out_errors([result(3), result(5)])
    assert shown.rate == Rate(80, 2000)
    assert shown.low < 0.04 < shown.high
    assert str(shown).endswith("80/2,000")


def test_fewer_errors_is_a_share_of_theirs_with_an_interval_around_it():
    share, low, high = numbers.fewer_errors([result(2)], [result(8)])
    assert share == pytest.approx(0.75)
    assert low <= share <= high


def test_the_lead_begins_where_intervals_are_apart_for_good():
    assert numbers.lead_from(results([9, 3, 9, 3, 3], [9, 9, 9, 9, 9]), "dynamic", "ordinary") == 4
    assert numbers.lead_from(results([9, 3, 9], [9, 9, 9]), "dynamic", "ordinary") is None


def test_fooled_rates_have_the_attempts_below_the_line():
    mer, vmer = numbers.fooled_rates([result(3)])
    assert (mer.rate, vmer.rate) == (Rate(30, 100), Rate(20, 100))


def test_a_round_that_one_seed_lacks_is_not_reported_as_if_all_had_it():
    both = Results({0: {"dynamic": [result(3)] * 4}, 1: {"dynamic": [result(3)] * 3}})
    assert both.after("dynamic") == [0, 1, 2]


@pytest.mark.parametrize(
    ("wrong", "said"), [(2, r"\*\*met\*\*: it is 1/15\.0"), (3, r"\*\*not met\*\*: it is 1/10\.0")]
)
def test_the_summary_says_met_only_when_it_is(wrong, said):
    assert re.search(said, page._in_short(results([9, wrong], [9, 9]), 2))


def test_prose_is_wrapped_and_tables_are_not():
    row = "| " + "word " * 60 + "|"
    assert page._wrapped(row) == row
    assert max(map(len, page._wrapped("word " * 60 + "\nword").splitlines())) <= 120
    assert page._wrapped("- one\n- two") == "- one\n- two"


def test_a_chart_is_valid_svg_with_every_number_in_it():
    lines = [Line("ours & theirs", [Point(1, 0.3, 0.25, 0.35), Point(2, 0.1, 0.05, 0.15)]), Line("none", [])]
    root = ElementTree.fromstring(line_chart("Errors <held out>", lines))
    text = "".join(root.itertext())
    assert "Errors <held out>" in text
    assert "ours & theirs, round 2: 10.00 % [5.00, 15.00]" in text
    assert "none" not in text


def test_names_of_lines_that_end_together_do_not_lie_on_each_other():
    end = [Point(1, 0.2, 0.2, 0.2), Point(2, 0.1, 0.1, 0.1)]
    root = ElementTree.fromstring(line_chart("Errors", [Line(name, end) for name in ("a", "b", "c")]))
    places = sorted(
        float(text.get("y")) for text in root.iter("{http://www.w3.org/2000/svg}text") if text.text in "abc"
    )
    assert min(below - above for above, below in pairwise(places)) >= 16
