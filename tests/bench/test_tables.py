"""The tables show what the counts are."""

import pytest

from bench.experiment import tables
from bench.experiment.arms import NOISY_ROUNDS
from bench.experiment.numbers import Reduction
from bench.experiment.page import tables_of
from bench.experiment.results import Results, WriterCounts
from bench.experiment.tables import TABLES, part_left, with_wilson
from stats.rates import Rate

from .made_up import result, results, row_of, two_seeds


def test_every_table_is_made_where_everything_was_counted():
    assert set(tables_of(two_seeds())) == set(TABLES)


def test_a_table_without_counts_is_none():
    assert set(tables_of(results([9, 8], [9, 9]))) == {"main", "seeds", "costs", "fooled-rates", "held-out", "mnist"}


def test_the_main_table_has_means_over_seeds():
    row = row_of(tables.main(two_seeds()), "8")
    # 60 and 110 of 1,000 drawings misread; a mean of 0.085 and Student's half-width of 12.706 times 0.025.
    assert row[3] == "8.50 % [-23.27, 40.27]"
    assert row[4] == "6.00 %"
    assert row[6] == "0 %"
    assert row_of(tables.main(two_seeds()), "0")[1:3] == ["", ""]


def test_arms_are_compared_on_the_same_seeds_where_these_have_different_arms():
    found = two_seeds()
    assert "60/1,000" in row_of(tables.trainings(found), "dynamic, as played: after each of 8 rounds, averaged")[1]
    assert "170/2,000" in row_of(tables.held_out(found), "8")[1]
    assert "ordinary (seed 0): errors on held-out writers" in tables.held_out(found)
    assert row_of(tables.held_out(found), "8")[-1] == "0 % fewer [0, 0]"


def test_the_table_of_seeds_has_each_and_their_mean():
    table = tables.seeds(two_seeds())
    assert "60/1,000" in row_of(table, "0")[2]
    assert "110/1,000" in row_of(table, "1")[2]
    assert row_of(table, "1")[4] == ""  # no ordinary arm
    assert row_of(table, "mean")[1] == "32.00 % [32.00, 32.00]"
    assert "mean" not in tables.seeds(results([9], [9]))


def test_an_arm_that_loses_is_shown_so():
    assert "% more [" in row_of(tables.held_out(results([9, 9], [1, 1])), "2")[-1]


def test_costs_are_added_up_over_rounds_and_seeds():
    row = row_of(tables.costs(two_seeds()), "dynamic")
    assert row[1:4] == ["8", "320", "1,600"]  # 20 verified and 100 attempts in 8 rounds of 2 seeds
    assert row[5] == "32"  # trained on after the last round


def test_annotators_who_are_never_trained_on_have_a_column():
    found = Results({0: {"dynamic": [result(30), result(9, verified=40)]}})
    of_round = found.seeds[0]["dynamic"][1]
    of_round.writers[-2:] = [
        WriterCounts("attempts", side, number, 10, fooled=9, verified=8) for number, side in ((8, "dev"), (9, "test"))
    ]
    assert row_of(tables.fooled_rates(found), "1")[3].endswith("16/20")


def test_what_fresh_annotators_did_is_added_up_over_seeds():
    table = tables.fresh_annotators(two_seeds())
    assert "80/200" in row_of(table, "first adversary")[1]
    assert "40/200" in row_of(table, "dynamic, after round 8")[1]
    assert "20/100" in row_of(table, "ordinary (seed 0), after round 8")[1]
    assert "16/40" in row_of(table, "first adversary")[2]


def test_test_splits_of_the_static_arm_have_a_column_of_their_own():
    rows = [line.strip("| ").split(" | ") for line in tables.test_splits(two_seeds()).splitlines()]
    row = next(row for row in rows if row[:2] == ["ordinary (seed 0)", "8"])
    # Two annotators with 1 and 2 right of 2, in 5, 3 and 8 rounds.
    assert [cell.split()[-1] for cell in row[2:]] == ["5/20", "3/12", "8/32"]


def test_remaining_errors_are_counted_of_the_seeds_that_have_the_arm():
    table = tables.still_misread(two_seeds())
    assert row_of(table, "dynamic, each of the last 5")[1:] == ["6", "14"]
    assert row_of(table, "ordinary: no model in the loop")[1:] == ["3", "7"]


def test_label_noise_is_shown_only_where_all_its_arms_were_played():
    found = two_seeds()
    found.seeds[0]["noisy"] = [result(30), *(result(7) for _ in range(NOISY_ROUNDS))]
    assert row_of(tables.noise(found), "five times the mistakes")[4].startswith("50 % more [")
    del found.seeds[0]["clean"]
    assert tables.noise(found) == ""


def test_averaged_weights_are_compared_with_the_same_models_before():
    row = row_of(tables.averaging(two_seeds()), "8")
    assert row[1].startswith("8.50 %")  # 4 and 9 of 100 by the easiest writers of two seeds
    assert row[2].startswith("14.00 %")
    assert "% fewer [" in row[3]


def test_what_is_left_has_its_ends_the_right_way_round():
    assert part_left(Reduction(0.875, 0.75, 0.9)) == "1/8.0 [1/10.0, 1/4.0]"


@pytest.mark.parametrize(
    ("rate", "shown"),
    [
        (Rate(8, 12_000), "0.07 % [0.03, 0.13] 8/12,000"),
        (Rate(4, 16), "25.0 % [10.2, 49.5] 4/16"),
        (Rate(0, 0), "none"),
    ],
)
def test_small_rates_have_another_digit(rate, shown):
    assert with_wilson(rate) == shown
