"""The CSV files hold every count, and everything is read back from them."""

import csv

import pytest

from bench.experiment.results import BY_WRITER, TOTALS, NoResults, Result, Results, read_csv, write_csv

from .made_up import HARD, result, two_seeds


def rows_of(path):
    with path.open() as lines:
        return list(csv.DictReader(lines))


def test_every_count_is_in_the_file_of_totals(tmp_path):
    write_csv(tmp_path, found := two_seeds())
    rows = rows_of(tmp_path / TOTALS)
    held_out = [row for row in rows if row["what"] == "right on held-out writers"]
    assert len(held_out) == sum(len(rounds) for arms in found.seeds.values() for rounds in arms.values())
    assert {row["numerator"] for row in rows if row["what"] == "gate passed"} == {"1"}
    assert {(row["numerator"], row["denominator"]) for row in rows if row["what"] == "fooled"} == {("30", "100")}


def test_intervals_can_be_computed_from_the_counts_by_writer(tmp_path):
    write_csv(tmp_path, Results({0: {"dynamic": [result(30), result(4)]}}))
    rows = [row for row in rows_of(tmp_path / BY_WRITER) if row["round"] == "1"]
    writers = [row for row in rows if row["side"] == "held-out"]
    assert [int(row["drawings"]) - int(row["right"]) for row in writers] == [4 + more for more in HARD]
    annotators = [row for row in rows if row["what"] == "attempts"]
    assert sum(int(row["drawings"]) for row in annotators) == 120
    assert [row["writer"] for row in annotators if row["side"] == "test"] == ["9"]


def test_what_was_written_is_read_back(tmp_path):
    found = two_seeds()
    # An arm that trains after its second round only has nothing to count in the first.
    found.seeds[0]["once"] = [result(30), Result({}, []), result(4)]
    write_csv(tmp_path, found)
    assert read_csv(tmp_path) == found


@pytest.mark.parametrize("name", [TOTALS, BY_WRITER])
def test_a_missing_file_is_named(tmp_path, name):
    write_csv(tmp_path, two_seeds())
    (tmp_path / name).unlink()
    with pytest.raises(NoResults, match=f"{name} is missing: run without --page-only first"):
        read_csv(tmp_path)
