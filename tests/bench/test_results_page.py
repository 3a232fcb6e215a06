"""What the results page says is what the results say."""

import base64
import csv
import io
import re
import xml.etree.ElementTree as ElementTree
from itertools import pairwise

import numpy as np
import pytest
from PIL import Image

from bench.experiment import numbers, page, questions, tables, trainings
from bench.experiment.arms import ARMS, MAIN, NOISY_ROUNDS, ONCE_AFTER
from bench.experiment.charts import Line, Point, line_chart, sheet
from bench.experiment.markdown import plain, runs, wrapped
from bench.experiment.numbers import Fewer, Results
from bench.experiment.readings import FIRST_ADVERSARY, TEST_SOURCES, Misread, Readings
from bench.experiment.run import Settings
from bench.experiment.words import part_of
from stats.rates import Rate

SVG = "{http://www.w3.org/2000/svg}"
HARD = [1, 0, 2, 0, 5, 1, 0, 3, 8, 0]
"""How much more of each hand's drawings are misread than of the easiest's: models agree on which hands are hard."""


def result(wrong, *, of=100, base_wrong=1, verified=20, attempts=100, corrupted=800, gate=True):
    """A round whose model misreads `wrong` of `of` drawings by the easiest of ten hands, and more by others."""
    missed = [wrong + more for more in HARD]
    asked = of * len(missed)
    scores = {"held-out writers": [asked - sum(missed), asked], "MNIST test": [1000 - base_wrong, 1000]}
    share = verified / attempts
    people = [[attempts // 10 + more, 3 + more, round((attempts // 10 + more) * share)] for more in HARD]
    return {
        "scores": scores | {"MNIST dev": [990, 1000], "corruptions": [6400 - corrupted, 6400]},
        "by_hand": [[of - misread, of] for misread in missed],
        "by_annotator": people,
        "counts": {"attempts": attempts, "fooled": verified + 10, "verified": verified, "fooled_rightly": verified + 4},
        "collected": {"train": 16, "dev": 2, "test": 2},
        "gate": gate,
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
        source: {
            seed: {
                arm: [[{8: (1, 2), 9: (2, 2)}] * (len(arms[source]) - 1)] * len(arms[arm])
                for arm in MAIN
                if arm in arms
            }
            for seed, arms in of.seeds.items()
            if source in arms
        }
        for source in TEST_SOURCES
    }
    challenged = {
        name: {seed: {hand: [10, fooled + 1, fooled] for hand in range(10)} for seed in of.with_arm(arm)}
        for name, arm, fooled in [(FIRST_ADVERSARY, "dynamic", 4), *[(arm, arm, 2) for arm in MAIN]]
    }
    misread = np.zeros((2, len(of.seeds), 1000), dtype=bool)
    misread[0, :, :3] = misread[1, :, 5:6] = True
    still = [Misread(np.full((28, 28), 9, dtype=np.uint8), 7, 1)]
    told = {"versions": {"torch": "2"}, "device": "cpu", "threads": 1}
    return Readings(
        round_tests=tested,
        untrained={seed: {8, 9} for seed in of.seeds},
        challenged=challenged,
        as_trained={seed: [result(30), *[result(12)] * (len(arms["dynamic"]) - 1)] for seed, arms in of.seeds.items()},
        variety=dict.fromkeys(MAIN, (10, 20)),
        held_out_twice=(3, 10),
        misread=misread,
        corrupted=np.concatenate([misread[:, :, :20]] * 3, axis=1),
        still=still,
        others_misread={"ordinary": (1, 1)},
        models=[told] * len(of.seeds),
    )


def in_short(of):
    return " ".join(page._in_short(of, readings(of)).split())


def resampled(ours, theirs, *, paired):
    """The middle 95 in 100 of 1 - ours / theirs over many draws of hands, written another way."""
    random = np.random.default_rng(1)
    drawn = random.choice(len(ours), (20_000, len(ours)))
    others = drawn if paired else random.choice(len(ours), (20_000, len(ours)))
    return np.percentile(1 - np.take(ours, drawn).sum(1) / np.take(theirs, others).sum(1), [2.5, 97.5])


# --- Numbers ------------------------------------------------------------------------------------------------------


def test_errors_are_pooled_over_seeds_and_shown_with_their_counts():
    shown = numbers.held_out_errors([result(3), result(5)])
    assert shown.rate == Rate(120, 2000)
    assert shown.low < 0.06 < shown.high
    assert str(shown).endswith("120/2,000")


def test_hard_hands_make_the_interval_wider_than_that_of_as_many_single_drawings():
    shown = numbers.held_out_errors([result(1)])
    low, high = Rate(30, 1000).interval
    assert shown.high - shown.low > 1.2 * (high - low)


def test_pictures_that_all_seeds_read_count_once_in_the_interval():
    one, three = (numbers.suite_errors([result(3, base_wrong=8)] * seeds, "MNIST test") for seeds in (1, 3))
    assert three.rate == Rate(24, 3000)
    assert three.interval == one.interval


def test_corruptions_have_no_interval():
    assert str(numbers.suite_errors([result(3)], "corruptions")) == "12.50 % 800/6,400"


def test_fewer_errors_are_compared_hand_by_hand():
    fewer = numbers.fewer_errors(results([2], [8]), ("dynamic", 1), ("ordinary", 1))
    ours, theirs = np.array(HARD) + 2, np.array(HARD) + 8
    assert fewer.share == pytest.approx(1 - 40 / 100)
    assert (fewer.low, fewer.high) == pytest.approx(tuple(resampled(ours, theirs, paired=True)), abs=0.01)
    # Drawn apart, hands that are hard for both would blur the comparison.
    low, high = resampled(ours, theirs, paired=False)
    assert high - low > 1.5 * (fewer.high - fewer.low)


def test_arms_are_compared_on_the_seeds_that_have_both():
    found = results([2], [8])
    found.seeds[1] = {"dynamic": [result(30), result(20)]}
    assert numbers.fewer_errors(found, ("dynamic", 1), ("ordinary", 1)).share == pytest.approx(0.6)


@pytest.mark.parametrize(
    ("low", "high", "said"),
    [
        (0.01, 0.4, "measurably fewer"),
        (-0.1, 0.4, "not measurably fewer or more"),
        (-0.4, -0.1, "measurably more"),
    ],
)
def test_a_comparison_says_no_more_than_its_interval(low, high, said):
    assert Fewer((low + high) / 2, low, high).says == said


def test_a_change_is_compared_picture_by_picture():
    before, after = np.zeros((2, 100), dtype=bool), np.zeros((2, 100), dtype=bool)
    before[:, :10] = after[:, :9] = True
    mean, low, high = numbers.paired_change(before, after)
    assert mean == pytest.approx(-0.01)
    # One picture in a hundred changed: the standard error of such a mean is a hundredth.
    assert (low, high) == pytest.approx((-0.01 - 1.96 * 0.01, -0.01 + 1.96 * 0.01), abs=1e-4)


def test_the_interval_over_seeds_is_students():
    mean, interval = numbers.over_seeds([0.40, 0.46, 0.47])
    assert mean == pytest.approx(0.4433, abs=1e-4)
    # scipy.stats.t.interval(0.95, 2, 0.44333, 0.021858)
    assert interval == pytest.approx((0.34929, 0.53738), abs=1e-4)
    assert numbers.over_seeds([0.4]) == (0.4, None)


def test_the_lead_is_told_by_comparison_and_begins_where_it_stays():
    found = results([9, 8, 9, 8, 8], [9, 9, 9, 9, 9])
    assert numbers.ahead(found, "dynamic", "ordinary") == [2, 4, 5]
    assert numbers.ahead_from(found, "dynamic", "ordinary") == 4
    assert numbers.ahead_from(results([9, 3, 9], [9, 9, 9]), "dynamic", "ordinary") is None
    # A tenth less everywhere is sure, and far from being apart.
    assert not numbers.are_apart(found, ("dynamic", 2), ("ordinary", 2))
    assert numbers.are_apart(results([1], [9]), ("dynamic", 1), ("ordinary", 1))
    assert numbers.are_apart(results([9], [1]), ("dynamic", 1), ("ordinary", 1))


def test_an_arm_that_loses_is_told_so():
    found = results([9, 9], [1, 1])
    told = " ".join(questions.held_out(found, readings(found)).split())
    assert re.search(r"Against ordinary, after 2 rounds: \d+ % \[\d+, \d+\] more errors", told)
    assert "at the end. The intervals of the two rates by themselves are apart then." in told
    told = " ".join(questions.held_out(same := results([9, 9], [9, 9]), readings(same)).split())
    assert "They are apart after no round." in told


def test_people_are_said_to_learn_only_where_they_fool_more():
    for verified, said in ((20, False), (60, True)):
        found = results([9, 9], [9, 9])
        found.seeds[0]["static"] = [
            result(30),
            result(9, attempts=1000, verified=200),
            result(9, attempts=1000, verified=10 * verified),
        ]
        assert ("as people learn" in " ".join(questions.fooled_rate(found, readings(found)).split())) == said


def test_fooled_rates_have_the_attempts_below_the_line():
    mer, vmer = numbers.fooled_rates(numbers.people_in([result(3)]))
    assert (mer.rate, vmer.rate) == (Rate(50, 120), Rate(sum(round((10 + more) * 0.2) for more in HARD), 120))


def test_a_round_that_one_seed_lacks_is_not_reported_as_if_all_had_it():
    both = Results({0: {"dynamic": [result(3)] * 4}, 1: {"dynamic": [result(3)] * 3}})
    assert both.after("dynamic") == [0, 1, 2]
    assert both.of("dynamic", 3) == []


def test_hands_that_are_trained_on_nowhere_are_told_apart():
    found = Results({0: {"dynamic": [result(30), result(9, verified=40)]}})
    for hand in (8, 9):
        found.seeds[0]["dynamic"][1]["by_annotator"][hand] = [10, 9, 8]
    row = next(line for line in questions.fooled_rate(found, readings(found)).splitlines() if line.startswith("| 1 |"))
    assert "16/20" in row


def test_what_was_done_to_the_last_models_is_added_up_over_seeds():
    told = questions.fooled_rate(found := two_seeds(), readings(found))
    rows = {line.split(" | ")[0].strip("| "): line for line in told.splitlines()}
    assert "80/200" in rows["the first adversary"]
    assert "40/200" in rows["dynamic, after round 8"]
    assert "20/100" in rows["ordinary (seed 0), after round 8"]


def test_test_splits_of_the_static_arm_stand_beside_those_of_the_dynamic_one():
    told = questions.round_tests(found := two_seeds(), readings(found))
    row = next(line for line in told.splitlines() if line.startswith("| ordinary (seed 0) | 8 |"))
    # Two hands of 1 and 2 right of 2, in 5, 3 and 8 rounds.
    assert [cell.split()[-1] for cell in row.strip("| ").split(" | ")[2:]] == ["5/20", "3/12", "8/32"]


def test_errors_that_are_more_are_no_negative_fewer():
    assert Fewer(0.45, 0.32, 0.55).in_a_table == "45 % fewer [32, 55]"
    assert Fewer(0.09, -0.004, 0.2).in_a_table == "9 % fewer [0, 20]"
    assert Fewer(-2.63, -3.42, -2.06).in_a_table == "263 % more [206, 342]"


def test_a_seed_in_progress_does_not_cut_the_others_off():
    both = Results({0: {"dynamic": [result(3)] * 4, "static": [result(3)] * 2}, 1: {"dynamic": [result(3)] * 3}})
    whole, left_out = both.furthest()
    assert (whole.rounds("dynamic"), whole.with_arm("dynamic"), whole.with_arm("static")) == (3, [0], [0])
    assert left_out == ["dynamic (seed 1: 2 of 3 rounds)"]


# --- Page ---------------------------------------------------------------------------------------------------------


def test_the_page_compares_like_with_like_when_seeds_have_different_arms():
    found = two_seeds()
    told = page.text(found, readings(found), Settings(), ["dynamic (seed 2: 1 of 8 rounds)"])
    rows = {line.split(" | ")[0].strip("| "): line for line in told.splitlines() if line.startswith("|")}
    assert "60/1,000" in rows["as it was played: the same after each of 8 rounds, averaged"]
    assert "170/2,000" in told.split("In short")[1].split("\n\n")[1].replace("\n", " ")
    assert "| 1 | 32.00 %" in told
    assert "dynamic (seed 2: 1 of 8 rounds)" in rows["not here"]
    assert "ordinary (seed 0): errors on held-out writers" in told
    assert max(len(line) for line in told.splitlines() if not line.startswith(("|", "!"))) <= 120


def test_the_page_names_the_command_that_would_make_it_again():
    found = two_seeds()
    told = page.text(found, readings(found), Settings(per_round=12, annotators=10))
    assert "`python -m bench.rounds --seeds 0 1 --arms all --rounds 8 --per-round 12 --annotators 10" in told
    assert "10 simulated annotators" in " ".join(told.split())
    assert "Each round closes at 12 verified examples" in told


def test_every_count_is_in_the_table():
    found = two_seeds()
    rows = list(csv.DictReader(io.StringIO(tables.table_of_counts(found, readings(found)))))
    held_out = [row for row in rows if row["what"] == "right on held-out writers"]
    assert len(held_out) == sum(len(rounds) for arms in found.seeds.values() for rounds in arms.values())
    assert {row["seed"] for row in rows if row["what"] == "right on the test split of dynamic round 8"} == {"0", "1"}
    assert {row["numerator"] for row in rows if row["what"] == "gate passed"} == {"1"}
    last = {row["arm"]: row for row in rows if row["what"] == "right on the test split of static rounds 1 to 8"}
    assert (last["ordinary"]["round"], last["ordinary"]["numerator"], last["ordinary"]["denominator"]) == (
        "8",
        "24",
        "32",
    )


def test_intervals_can_be_computed_from_the_counts_by_hand():
    found = Results({0: {"dynamic": [result(30), result(4)]}})
    rows = list(csv.DictReader(io.StringIO(tables.table_by_hand(found))))
    hands = [row for row in rows if row["who"].startswith("held-out") and row["round"] == "1"]
    assert [int(row["drawings"]) - int(row["read"]) for row in hands] == [4 + more for more in HARD]
    people = [row for row in rows if row["who"].startswith("annotator") and row["round"] == "1"]
    assert sum(int(row["drawings"]) for row in people) == 120


def test_every_chart_is_valid_svg():
    pictures = page.charts(found := two_seeds(), readings(found))
    assert set(pictures) == {"fooled", "held-out", "mnist", "noise", "still-misread"}
    assert all(ElementTree.fromstring(picture).tag.endswith("svg") for picture in pictures.values())
    assert "Seed 0; bands" in pictures["noise"]
    assert "Seeds 0, 1; bands" in pictures["held-out"]


@pytest.mark.parametrize(
    ("misread", "said"), [(2, r"\*\*met\*\*: it is 1/16\.0 \["), (4, r"\*\*not met\*\*: it is 1/8\.0 \[")]
)
def test_the_summary_says_met_only_when_it_is(misread, said):
    found = results([9, 9], [9, 9])
    for number, wrong in ((0, 32), (2, misread)):
        found.seeds[0]["dynamic"][number]["by_hand"] = [[1000 - wrong, 1000]] * 10
    assert re.search(said, in_short(found))


def test_sixty_percent_fewer_are_asked_for_with_intervals_apart():
    assert "not apart. Asked: 60 %, intervals apart. **not met**" in in_short(results([9, 6], [9, 9]))
    assert "are apart. Asked: 60 %, intervals apart. **met**" in in_short(results([9, 0], [9, 20]))
    hardly = results([9, 0], [9, 2])
    for arm, bad in (("dynamic", [0] * 9 + [20]), ("ordinary", [1] * 9 + [60])):
        hardly.seeds[0][arm][2]["by_hand"] = [[100 - wrong, 100] for wrong in bad]
    assert "intervals of the two are not apart. Asked: 60 %" in in_short(hardly)


def test_rounds_that_the_gate_would_have_held_up_are_counted():
    found = results([9, 8], [9, 9])
    found.seeds[0]["dynamic"][2]["gate"] = False
    assert "would have done so after 1 of 2 rounds" in " ".join(questions.forgotten(found, readings(found)).split())


@pytest.mark.parametrize(
    ("verified", "said"), [([40, 4], "Yes."), ([20, 20], "Not measurably"), ([4, 40], "No, it rises.")]
)
def test_the_fooled_rate_falls_only_if_intervals_say_so(verified, said):
    rounds = [result(9, verified=count, attempts=1000) for count in (10 * count for count in verified)]
    found = Results({0: {"dynamic": [result(30), *rounds]}})
    told = questions.fooled_rate(found, readings(found))
    assert ("falls at the end" in told) == (said == "Yes.")
    assert told.split("\n\n")[1].startswith(said)


def test_label_noise_is_told_only_where_it_can_be():
    found = two_seeds()
    assert "no difference can be measured" in trainings.noise_in_short(found)
    found.seeds[0]["noisy"] = [result(30), *[result(7)] * NOISY_ROUNDS]
    assert "five times the mistakes, 50 % [" in (told := trainings.noise_in_short(found))
    assert "] more errors" in told


def test_averaged_weights_are_compared_with_the_same_models_before():
    found = two_seeds()
    told = trainings.averaging(found, readings(found))
    assert "| 8 | 8.50 %" in told  # 4 and 9 of 100 by the easiest hands of two seeds
    assert "| 14.00 %" in told
    assert "Of the 8 rounds below they are measurably fewer after 8." in told.replace("\n", " ")


def test_the_part_that_is_left_has_its_ends_the_right_way_round():
    assert part_of(Fewer(0.875, 0.75, 0.9)) == "1/8.0 [1/10.0, 1/4.0]"


def test_rounds_in_a_row_are_named_by_their_ends():
    assert runs([2, 3, 5, 6, 7, 9]) == "2 to 3, 5 to 7, 9"


def test_small_rates_have_another_digit():
    assert plain(Rate(8, 12_000)) == "0.07 % [0.03, 0.13] 8/12,000"
    assert plain(Rate(4, 16)) == "25.0 % [10.2, 49.5] 4/16"
    assert plain(Rate(0, 0)) == "none"


def test_prose_is_wrapped_and_tables_are_not():
    row = "| " + "word " * 60 + "|"
    assert wrapped(row) == row
    assert max(map(len, wrapped("word " * 60 + "\nword").splitlines())) <= 120
    assert wrapped("- one\n- two") == "- one\n- two"


# --- Charts -------------------------------------------------------------------------------------------------------


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


def test_a_sheet_shows_each_drawing_as_it_is_with_its_words():
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
