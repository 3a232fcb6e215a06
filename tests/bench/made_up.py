"""Counts that are made up, small enough to be added up in one's head."""

from bench.experiment.after_rounds import (
    FRESH,
    NOT_AVERAGED,
    STILL_MISREAD,
    TEST_SOURCES,
    TRAJECTORIES,
    groups_of,
    models_shown,
    right_on_splits,
)
from bench.experiment.arms import ARMS, COMPARED_AFTER, MAIN, NOISY_ROUNDS
from bench.experiment.results import Result, Results, WriterCounts
from bench.markers import END

HARD = [1, 0, 2, 0, 5, 1, 0, 3, 8, 0]
"""How many more of each writer's drawings are misread than of the easiest writer's: models agree on who is hard."""
SIDES = ["train"] * 8 + ["dev", "test"]


def result(wrong, *, of=100, base_wrong=1, verified=20, attempts=100, corrupted=800, gate=True):
    """A round whose model misreads `wrong` of `of` drawings by the easiest of ten writers, and more by others."""
    missed = [wrong + more for more in HARD]
    drawings = of * len(missed)
    scores = {"held-out writers": [drawings - sum(missed), drawings], "MNIST test": [1000 - base_wrong, 1000]}
    share = verified / attempts
    people = [[attempts // 10 + more, 3 + more, round((attempts // 10 + more) * share)] for more in HARD]
    stored = {
        "scores": scores | {"MNIST dev": [990, 1000], "corruptions": [6400 - corrupted, 6400]},
        "by_writer": [[of - misread, of] for misread in missed],
        "by_annotator": people,
        "counts": {"attempts": attempts, "fooled": verified + 10, "verified": verified, "fooled_rightly": verified + 4},
        "collected": {"train": 16, "dev": 2, "test": 2},
        "gate": gate,
        "train_cpu_seconds": 1.0,
        "seconds": 2.0,
    }
    return Result.from_json(stored, SIDES)


def results(ours, theirs):
    return Results({
        0: {"dynamic": [result(30), *map(result, ours)], "ordinary": [result(30), *map(result, theirs)]}
    })  # fmt: skip


def two_seeds():
    """Seed 0 with every arm, seed 1 with the dynamic one alone and worse; with everything that readings add."""
    rounds = max(COMPARED_AFTER, NOISY_ROUNDS)
    every = {arm: [result(30), *(result(4) for _ in range(min(rounds, of.rounds)))] for arm, of in ARMS.items()}
    found = Results({0: every, 1: {"dynamic": [result(30), *(result(9) for _ in range(rounds))]}})
    for arms in found.seeds.values():
        for arm in (arm for arm in MAIN if arm in arms):
            _read(arms, arm)
        arms["dynamic"][0].writers.extend(_fresh(fooling=4))
        arms[NOT_AVERAGED] = [result(30), *(result(12) for _ in range(rounds))]
    return found


def _read(arms, arm):
    last = len(arms[arm]) - 1
    for source in (source for source in TEST_SOURCES if source in arms):
        for group in groups_of(source, len(arms[source]) - 1):
            for number in models_shown(arm, last):
                arms[arm][number].writers.extend(
                    WriterCounts(right_on_splits(source, group), "test", writer, 2 * len(group), right * len(group))
                    for writer, right in ((8, 1), (9, 2))
                )
    arms[arm][last].writers.extend(_fresh(fooling=2))
    arms[arm][last].totals.update({TRAJECTORIES: (10, 20), STILL_MISREAD: (3, 7)})


def _fresh(fooling):
    return [WriterCounts(FRESH, SIDES[n], n, 10, fooled=fooling + 1, verified=fooling) for n in range(10)]


def table_in(page, name):
    """The table that stands between its marking lines on a page."""
    return page.partition(f"<!-- table: {name},")[2].partition("-->")[2].partition(END)[0].strip()


def row_of(table, first):
    """The cells of the row of a Markdown table that begins with this cell."""
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()]
    return next(row for row in rows if row[0] == first)
