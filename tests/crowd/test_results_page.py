"""What the results page says is what the results say."""

import csv
import io
import re
import xml.etree.ElementTree as ElementTree
from itertools import pairwise

import numpy as np
import pytest

from bench.experiment import numbers, page
from bench.experiment.arms import ARMS, MAIN, NOISY_ROUNDS, ONCE_AFTER
from bench.experiment.charts import Line, Point, line_chart
from bench.experiment.markdown import runs, wrapped
from bench.experiment.numbers import Results
from bench.experiment.readings import Readings
from bench.experiment.run import Settings
from rounds.stats.rates import Rate


def result(wrong, *, of=100, hands=10, base_wrong=1, verified=20, attempts=100):
    """A round whose model misreads `wrong` of each of ten hands' `of` drawings."""
    scores = {"held-out writers": [hands * (of - wrong), hands * of], "MNIST test": [1000 - base_wrong, 1000]}
    return {
        "scores": scores | {"MNIST dev": [990, 1000], "corruptions": [5600, 6400]},
        "by_hand": [[of - wrong, of]] * hands,
        "by_annotator": [[attempts // 10, verified // 10 + 1, verified // 10]] * 10,
        "counts": {"attempts": attempts, "fooled": verified + 10, "verified": verified, "fooled_rightly": verified + 4},
        "collected": {"train": 16, "dev": 2, "test": 2},
        "gate": True,
        "train_cpu_seconds": 1.0,
        "seconds": 2.0,
    }


def results(ours, theirs):
    first = result(30)
    return Results({0: {"dynamic": [first, *map(result, ours)], "ordinary": [first, *map(result, theirs)]}})


def two_seeds():
    """Seed 0 with every arm, seed 1 with the dynamic one alone and worse."""
    first, rounds = result(30), max(ONCE_AFTER, NOISY_ROUNDS)
    every = {arm: [first, *[result(4)] * min(rounds, of.rounds)] for arm, of in ARMS.items()}
    return Results({0: every, 1: {"dynamic": [first, *[result(9)] * rounds]}})


def readings(of):
    """What would have been read off the models."""
    tested = {
        seed: {arm: [[(1, 2)] * (len(arms["dynamic"]) - 1)] * len(arms[arm]) for arm in MAIN if arm in arms}
        for seed, arms in of.seeds.items()
    }
    misread = np.zeros((2, len(of.seeds), 1000), dtype=bool)
    misread[0, :, :3] = misread[1, :, 5:6] = True
    told = {"versions": {"torch": "2"}, "device": "cpu", "threads": 1}
    return Readings(tested, dict.fromkeys(MAIN, (10, 20)), misread, told)


def test_errors_are_pooled_over_seeds_and_shown_with_their_counts():
    shown = numbers.held_out_errors([result(3), result(5)])
    assert shown.rate == Rate(80, 2000)
    assert shown.low < 0.04 < shown.high
    assert str(shown).endswith("80/2,000")


def test_pictures_that_all_seeds_read_count_once_in_the_interval():
    one, three = (numbers.suite_errors([result(3, base_wrong=8)] * seeds, "MNIST test") for seeds in (1, 3))
    assert three.rate == Rate(24, 3000)
    assert three.interval == one.interval


def test_corruptions_have_no_interval():
    assert str(numbers.suite_errors([result(3)], "corruptions")) == "12.50 % 800/6,400"


def test_fewer_errors_is_a_share_of_theirs_with_an_interval_around_it():
    share, low, high = numbers.fewer_errors(results([2], [8]), ("dynamic", 1), ("ordinary", 1))
    assert share == pytest.approx(0.75)
    assert low <= share <= high


def test_arms_are_compared_on_the_seeds_that_have_both():
    found = results([2], [8])
    found.seeds[1] = {"dynamic": [result(30), result(20)]}
    share, *_ = numbers.fewer_errors(found, ("dynamic", 1), ("ordinary", 1))
    assert share == pytest.approx(0.75)


def test_a_change_is_compared_picture_by_picture():
    before, after = np.zeros((2, 100), dtype=bool), np.zeros((2, 100), dtype=bool)
    before[:, :10] = after[:, :9] = True
    mean, low, high = numbers.paired_change(before, after)
    assert mean == pytest.approx(-0.01)
    assert low < mean < high
    # As two unpaired rates of 10 and 9 in 100 they would lie some eight points apart at most.
    assert high - low < 0.05


def test_the_lead_begins_where_intervals_are_apart_for_good():
    found = results([9, 3, 9, 3, 3], [9, 9, 9, 9, 9])
    assert numbers.apart(found, "dynamic", "ordinary") == [2, 4, 5]
    assert numbers.lead_from(found, "dynamic", "ordinary") == 4
    assert numbers.lead_from(results([9, 3, 9], [9, 9, 9]), "dynamic", "ordinary") is None


def test_fooled_rates_have_the_attempts_below_the_line():
    mer, vmer = numbers.fooled_rates([result(3)])
    assert (mer.rate, vmer.rate) == (Rate(30, 100), Rate(20, 100))


def test_a_round_that_one_seed_lacks_is_not_reported_as_if_all_had_it():
    both = Results({0: {"dynamic": [result(3)] * 4}, 1: {"dynamic": [result(3)] * 3}})
    assert both.after("dynamic") == [0, 1, 2]
    assert both.of("dynamic", 3) == []


def test_the_page_compares_like_with_like_when_seeds_have_different_arms():
    found = two_seeds()
    told = page.text(found, readings(found), Settings())
    rows = {line.split(" | ")[0].strip("| "): line for line in told.splitlines() if line.startswith("|")}
    assert "40/1,000" in rows["as it was played: the same after each of 8 rounds, averaged"]
    assert "130/2,000" in told.split("In short")[1].split("\n\n")[1].replace("\n", " ")
    assert "| 1 | 30.00 %" in told
    assert "ordinary (seed 0): errors on held-out writers" in told
    assert max(len(line) for line in told.splitlines() if not line.startswith(("|", "!"))) <= 120


def test_every_count_is_in_the_table():
    found = two_seeds()
    rows = list(csv.DictReader(io.StringIO(page.table_of_counts(found, readings(found)))))
    held_out = [row for row in rows if row["what"] == "right on held-out writers"]
    assert len(held_out) == sum(len(rounds) for arms in found.seeds.values() for rounds in arms.values())
    assert {row["seed"] for row in rows if row["what"] == "right on the test split of round 8"} == {"0", "1"}


def test_every_chart_is_valid_svg():
    pictures = page.charts(two_seeds())
    assert set(pictures) == {"fooled", "held-out", "mnist", "noise"}
    assert all(ElementTree.fromstring(picture).tag.endswith("svg") for picture in pictures.values())


def test_rounds_in_a_row_are_named_by_their_ends():
    assert runs([2, 3, 5, 6, 7, 9]) == "2 to 3, 5 to 7, 9"


@pytest.mark.parametrize(
    ("wrong", "said"), [(2, r"\*\*met\*\*: it is 1/15\.0"), (3, r"\*\*not met\*\*: it is 1/10\.0")]
)
def test_the_summary_says_met_only_when_it_is(wrong, said):
    assert re.search(said, page._in_short(results([9, wrong], [9, 9]), 2))


def test_prose_is_wrapped_and_tables_are_not():
    row = "| " + "word " * 60 + "|"
    assert wrapped(row) == row
    assert max(map(len, wrapped("word " * 60 + "\nword").splitlines())) <= 120
    assert wrapped("- one\n- two") == "- one\n- two"


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
