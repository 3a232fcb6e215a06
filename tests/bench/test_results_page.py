"""`docs/results.md`: its tables, charts and the numbers in its prose are those of its CSV files."""

import re
from pathlib import Path

import pytest

from bench.experiment import numbers, tables
from bench.experiment.after_rounds import FRESH_VERIFIED, HELD_OUT_TWICE, right_on_split, right_on_splits
from bench.experiment.arms import TWENTY_FIVE_EPOCHS
from bench.experiment.figures import figures
from bench.experiment.measure import CORRUPTED, CORRUPTION
from bench.experiment.page import check_places, marker, tables_of
from bench.experiment.results import GATE, collected_for, read_csv
from bench.markers import MissingMarkers, put_table
from models_zoo.training.config import NEXT

from .made_up import table_in

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "results.md").read_text()
PROSE = " ".join(re.sub(r"<!-- table:.*?<!-- end -->", "", PAGE, flags=re.DOTALL).split())
FROM_THE_RUN = {"variety", "fresh-annotators", "still-misread", "test-splits", "training-time", "averaging"}
"""Tables that came out of the run and whose counts for each person or training it did not store."""


@pytest.fixture(scope="module")
def results():
    return read_csv(DOCS)


def rows_of(name):
    lines = table_in(PAGE, name).splitlines()[2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


# --- Tables and charts --------------------------------------------------------------------------------------------


def test_its_tables_are_made_from_the_csv_files(results):
    made = tables_of(results)
    assert set(tables.TABLES) - set(made) == FROM_THE_RUN
    assert {name: table_in(PAGE, name) for name in made} == made


def test_the_other_tables_agree_with_the_totals_in_the_csv_files(results):
    for row in rows_of("fresh-annotators"):
        arm, number = ("dynamic", 0) if row[0] == "first adversary" else (row[0].split(",")[0], 20)
        found = results.of(arm, number)
        attempts = sum(result.totals[FRESH_VERIFIED][1] for result in found)
        assert row[1].endswith(f" {numbers.total(found, FRESH_VERIFIED):,}/{attempts:,}")
    for arm, number, *cells in rows_of("test-splits"):
        found = results.of(arm, int(number))
        kinds = [[right_on_split("dynamic", test) for test in range(start, start + 5)] for start in (1, 6, 11, 16)]
        for cell, names in zip(cells, [*kinds, [right_on_splits("static", range(1, 21))]], strict=True):
            right, drawings = (sum(r.totals[name][index] for r in found for name in names) for index in (0, 1))
            assert cell.endswith(f" {drawings - right:,}/{drawings:,}")
    for number, averaged, _, _, mnist, _ in rows_of("averaging"):
        found = results.of("dynamic", int(number))
        assert (averaged, mnist) == (str(numbers.held_out_errors(found)), str(numbers.base_errors(found)))


def test_its_charts_are_made_from_the_csv_files(results):
    folder = DOCS / "images/results"
    assert {name: (folder / f"{name}.svg").read_text() for name in ("main", "mnist", "noise")} == figures(results)
    named = set(re.findall(r"images/results/([\w-]+)\.svg", PAGE))
    assert named == {path.stem for path in folder.iterdir()}


def test_one_figure_and_one_table_come_first():
    lines = PAGE.splitlines()
    assert next(number for number, line in enumerate(lines, 1) if line.startswith("|")) <= 30
    assert sum(line.startswith("![") for line in PAGE.partition("## Findings")[0].splitlines()) == 1


def test_it_speaks_of_no_demands():
    assert re.findall(r"\basked\b|\bnot met\b|\bpilot\b", PAGE) == []


# --- Prose --------------------------------------------------------------------------------------------------------


def test_the_numbers_of_its_findings_are_those_of_the_csv_files(results):
    assert [sentence for sentence in findings(results) if sentence not in PROSE] == []


def test_the_numbers_of_its_details_are_those_of_the_csv_files(results):
    assert [sentence for sentence in details(results) if sentence not in PROSE] == []


def percent(value, digits=2):
    return f"{100 * value:.{digits}f} %"


def mean(results, measure, arm, number):
    """Of one rate over seeds."""
    return percent(numbers.mean_rate(results, (arm, number), measure)[0])


def start_and_end(results, measure):
    """Of the dynamic arm, over seeds."""
    return "from {} to {}".format(*(mean(results, measure, "dynamic", number) for number in (0, 20)))


def mean_reduction(results, ours, theirs):
    value, interval = numbers.mean_reduction(results, ours, theirs)
    return [round(100 * number) for number in (value, *interval)]


def change(results, measure):
    """Of a rate from the first adversary to the dynamic arm's last model, over seeds."""
    value, (low, high) = numbers.over_seeds(
        numbers.each_seed(results, lambda s: measure(s.of("dynamic", 20)).value - measure(s.of("dynamic", 0)).value)
    )
    return f"{100 * value:+.2f} points [{100 * low:+.2f}, {100 * high:+.2f}]"


def fewer(results, ours, theirs):
    """`41 % [29, 52]`, pooled over seeds."""
    return re.sub(" (fewer|more)", "", str(numbers.fewer_errors(results, ours, theirs)))


def errors(results, arm, number):
    return percent(numbers.held_out_errors(results.of(arm, number)).value)


def trained_on(results, arm, number):
    return f"{numbers.total(results.of(arm, number), collected_for('train')):,}"


def in_all_rounds(results, arm, what):
    return sum(numbers.total(results.of(arm, number), what) for number in range(1, 21))


def corrupted(found):
    return numbers.suite_errors(found, CORRUPTION)


def findings(results):
    """Pieces of the findings, with the numbers that the counts give."""
    vmer, held_out, base = numbers.vmer, numbers.held_out_errors, numbers.base_errors
    of_the_start, misread = rows_of("seeds")[-1][3], rows_of("still-misread")[0][1]
    seeds, seed_0 = results.by_seed(), results.shared("everything")
    each = [numbers.fewer_errors(s, ("dynamic", 20), ("ordinary", 20)).share for s in seeds.values()]
    costs = [
        f"{in_all_rounds(results, arm, what):,}" for arm in ("dynamic", "ordinary") for what in ("attempts", "votes")
    ]
    ordinary, static = (mean_reduction(results, ("dynamic", 20), (arm, 20)) for arm in ("ordinary", "static"))
    return [
        f"falls from {mean(results, vmer, 'dynamic', 1)} in round 1",
        f"to {mean(results, vmer, 'dynamic', 20)} in round 20.",
        f"ends at {mean(results, vmer, 'static', 20)}.",
        f"writers fall {start_and_end(results, held_out)}, to {of_the_start} of the start.",
        "makes {} % [{}, {}] fewer errors than the ordinary one".format(*ordinary),
        "and {} % [{}, {}] fewer than the static one".format(*static),
        "three seeds: {}, {} and {}.".format(*(percent(share, 0) for share in each)),
        f"smallest difference, {fewer(seeds[2], ('dynamic', 20), ('ordinary', 20))} (writers resampled)",
        f"the same {in_all_rounds(results, 'dynamic', 'verified'):,} verified examples",
        "the dynamic arm took {} drawings and {} votes of validators, the ordinary arm {} and {}.".format(*costs),
        f"{trained_on(seed_0, 'everything', 1)} drawings to train on, leaves {errors(seed_0, 'everything', 1)} errors",
        f"arm's {trained_on(seed_0, 'dynamic', 20)} leave {errors(seed_0, 'dynamic', 20)} (seed 0 only)",
        f"test set go {start_and_end(results, base)}, {change(results, base)} over seeds",
        f"MNIST digits {start_and_end(results, corrupted)}, {change(results, corrupted)}.",
        f"Of the {held_out(results.of('dynamic', 20)).rate.numerator} held-out drawings that the last dynamic models",
        f"{misread} are misread by each of the last five models.",
    ]


def details(results):
    """Pieces of the other sections."""
    seed_0, seed_2 = results.shared("everything"), results.by_seed()[2]
    twice = [sum(result.totals[HELD_OUT_TWICE][index] for result in results.of("dynamic", 0)) for index in (0, 1)]
    everything = str(numbers.held_out_errors(seed_0.of("everything", 1))).rpartition(" ")[0]
    noise = mean_reduction(results, ("unchecked", 4), ("dynamic", 4))
    largest, default = (percent(numbers.base_errors(results.of(arm, 8)).value) for arm in ("weight-64", "once"))
    models = sum(
        result.has_model for arms in results.seeds.values() for rounds in arms.values() for result in rounds[1:]
    )
    return [
        f"{percent(twice[0] / twice[1], 0)} of the held-out drawings are of trajectories that another seed",
        "but {:,} of their {:,} drawings are of".format(*seed_2.of("dynamic", 0)[0].totals[HELD_OUT_TWICE]),
        f"to {rows_of('fooled-rates')[-1][-1].split(' [')[0]} in round 20.",
        f"in rounds 4 and 19, {fewer(results, ('dynamic', 4), ('ordinary', 4)).split(' [')[0]} (exploratory",
        f"static arm it is {fewer(results, ('dynamic', 20), ('static', 20))} after 20 rounds",
        f"runs {TWENTY_FIVE_EPOCHS.epochs} epochs",
        f"misreads {everything}; the dynamic arm of the same seed",
        f"same seed makes {fewer(seed_0, ('dynamic', 20), ('everything', 1))} fewer errors.",
        f"on {CORRUPTED} test digits",
        f"after {in_all_rounds(results, 'dynamic', GATE)} of 60 rounds of the dynamic arm",
        f"Without validation {rows_of('noise')[-1][1].split(' [')[0]} of the labels are wrong",
        f"these models make {fewer(results, ('unchecked', 4), ('dynamic', 4))} more errors",
        f"reaches from {-noise[1]} % more to {noise[2]} % fewer",
        f"{in_all_rounds(results, 'dynamic', 'verified_wrongly')} of 12,000 verified drawings were not what they claim",
        f"collected example {NEXT.collected_weight:g} times, at most {percent(NEXT.collected_share, 0)} of the epoch",
        f"A warm start makes {fewer(results, ('once', 8), ('cold', 8))} fewer errors than one epoch from scratch",
        f"64 × misreads {largest} of MNIST, the default {default}",
        f"its {fewer(results, ('weight-64', 8), ('once', 8))} fewer errors on held-out writers are not",
        f"{errors(results, 'longest', 20)} with dynamic and {errors(results, 'longest-on-ordinary', 20)} with ordinary",
        f"{errors(results, 'sampled', 8)} after 8 rounds on {trained_on(results, 'sampled', 8)} examples",
        f"without them {errors(results, 'dynamic', 8)} on {trained_on(results, 'dynamic', 8)}.",
        f"After 20 rounds averaging makes {rows_of('averaging')[-1][3].replace(' fewer', '')} fewer errors",
        f"at most {percent(NEXT.parent_share, 0)}. The table",
        f"one make {fewer(results, ('longer', 8), ('once', 8))} fewer errors",
        f"for {models} models",
    ]


def test_it_says_in_every_round_where_that_is_so(results):
    assert "fewer errors than the ordinary one in every round, with these models." in PROSE
    leads = {n: numbers.fewer_errors(results, ("dynamic", n), ("ordinary", n)) for n in range(1, 21)}
    assert all(lead.is_significant for lead in leads.values())
    assert sorted(sorted(leads, key=lambda n: leads[n].share)[-2:]) == [4, 19]


# --- Places -------------------------------------------------------------------------------------------------------


def test_a_table_is_put_into_its_place_and_nothing_else_changes():
    changed = put_table(PAGE, marker("costs"), "| new |")
    assert table_in(changed, "costs") == "| new |"
    assert put_table(changed, marker("costs"), table_in(PAGE, "costs")) == PAGE


def test_it_has_a_place_for_every_table():
    check_places(DOCS / "results.md")


@pytest.mark.parametrize("missing", ["<!-- table: costs, made by python -m bench.rounds -->", "<!-- end -->"])
def test_a_page_without_a_place_is_refused(missing):
    before, found, after = PAGE.partition("<!-- table: costs")
    page = before + (found + after).replace(missing, "", 1)
    with pytest.raises(MissingMarkers, match="no place for a table: it needs the lines <!-- table: costs"):
        put_table(page, marker("costs"), "| new |")


def test_a_missing_page_is_refused(tmp_path):
    with pytest.raises(MissingMarkers, match=r"results\.md is missing: copy docs/results\.md there"):
        check_places(tmp_path / "results.md")
