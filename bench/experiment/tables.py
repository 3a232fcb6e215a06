"""Every count behind the results page, as CSV."""

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Any

from bench.experiment.numbers import Results
from bench.experiment.readings import FIRST_ADVERSARY, ByHand, Readings


def table_of_counts(results: Results, readings: Readings) -> str:
    """Every count as CSV: seed, arm, round, what, numerator (right, or counted), denominator (asked)."""
    rows = []
    for place, result in _every(results):
        rows += [[*place, f"right on {suite}", *counts] for suite, counts in result.get("scores", {}).items()]
        counts = result.get("counts", {})
        rows += [[*place, name, count, counts.get("attempts", "")] for name, count in counts.items()]
        rows += [[*place, f"collected for {side}", n, ""] for side, n in result.get("collected", {}).items()]
        if result.get("gate") is not None:
            rows.append([*place, "gate passed", int(result["gate"]), 1])
    rows += [*_rows_of_round_tests(readings), *_rows_of_challenge(results, readings)]
    return _as_csv(["seed", "arm", "round", "what", "numerator", "denominator"], rows)


def _rows_of_round_tests(readings: Readings) -> Iterable[list[Any]]:
    """Round by round on the dynamic arm's test splits; on the static arm's, which all fooled one model, together."""
    for source, seeds in readings.round_tests.items():
        for seed, arms in seeds.items():
            for arm, models in arms.items():
                for number, of_rounds in enumerate(models):
                    place, what = [seed, arm, number], f"right on the test split of {source} round"
                    if source == "static":
                        yield [*place, f"{what}s 1 to {len(of_rounds)}", *_summed(of_rounds)]
                    else:
                        yield from (
                            [*place, f"{what} {test}", *_summed([one])] for test, one in enumerate(of_rounds, 1)
                        )


def _summed(of_rounds: Iterable[ByHand]) -> list[int]:
    """Right and asked, over hands and rounds."""
    counts = [one for by_hand in of_rounds for one in by_hand.values()]
    return [sum(one[place] for one in counts) for place in (0, 1)]


def _rows_of_challenge(results: Results, readings: Readings) -> Iterable[list[Any]]:
    for name, seeds in readings.challenged.items():
        arm, number = ("dynamic", 0) if name == FIRST_ADVERSARY else (name, results.rounds(name))
        for seed, people in seeds.items():
            attempts, *outcomes = (sum(counts[place] for counts in people.values()) for place in range(3))
            for what, count in zip(("fooled", "verified"), outcomes, strict=True):
                yield [seed, arm, number, f"{what} by a crowd that began without memories", count, attempts]


def table_by_hand(results: Results) -> str:
    """What intervals are computed from, as CSV: for each held-out hand right of asked, for each annotator attempts,
    fooled and verified."""
    rows: list[list[Any]] = []
    for place, result in _every(results):
        for hand, (right, asked) in enumerate(result.get("by_hand", [])):
            rows.append([*place, f"held-out hand {hand}", asked, right, "", ""])
        for who, (attempts, fooled, verified) in enumerate(result.get("by_annotator", [])):
            if attempts:
                rows.append([*place, f"annotator {who}", attempts, "", fooled, verified])
    return _as_csv(["seed", "arm", "round", "who", "drawings", "read", "fooled", "verified"], rows)


def _every(results: Results) -> Iterable[tuple[tuple[int, str, int], dict[str, Any]]]:
    for seed, arms in results.seeds.items():
        for arm, found in arms.items():
            for number, result in enumerate(found):
                yield (seed, arm, number), result


def _as_csv(heads: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows([heads, *rows])
    return out.getvalue()
