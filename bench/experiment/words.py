"""What several parts of the page say or choose alike."""

from collections.abc import Iterable, Sequence

from bench.experiment import numbers
from bench.experiment.markdown import listed
from bench.experiment.numbers import Fewer, Results, Shown

PICTURES = "images/results"
TABLE, BY_HAND = "results.csv", "results-by-hand.csv"
ROUNDS_SHOWN = (0, 1, 2, 3, 4, 5, 6, 8, 10, 12, 14, 16, 18, 20)


def vmer(results: Results, arm: str, number: int) -> Shown:
    """The validated model error rate of a round."""
    return numbers.fooled_rates(numbers.people_in(results.of(arm, number)))[1]


def played(results: Results, arm: str) -> list[int]:
    """The rounds of an arm that have a model, without the first adversary."""
    return [number for number in results.after(arm) if number]


def rounds_of_both(results: Results, ours: str, theirs: str) -> int:
    """How many rounds two arms have in common, on the seeds that have both."""
    both = results.shared(ours, theirs)
    return min(both.rounds(ours), both.rounds(theirs))


def some(rounds: Sequence[int], *, step: int = 1) -> list[int]:
    """Those that tables show, and the last."""
    shown = [number for number in rounds if number in ROUNDS_SHOWN][::step]
    return shown if not rounds or rounds[-1] in shown else [*shown, rounds[-1]]


def named(results: Results, arm: str) -> str:
    """An arm, with its seeds where they are not all."""
    seeds = results.with_arm(arm)
    return arm if len(seeds) == len(results.seeds) else f"{arm} ({seeds_named(seeds)})"


def seeds_named(seeds: Iterable[int]) -> str:
    ordered = sorted(seeds)
    return f"seed{'' if len(ordered) == 1 else 's'} {listed(ordered)}"


def part_of(fewer: Fewer) -> str:
    """What is left of errors of which a share is gone, as `1/7.4 [1/9.0, 1/6.1]`."""
    whole, *ends = (f"1/{1 / max(1 - value, 1e-9):.1f}" for value in (fewer.share, fewer.high, fewer.low))
    return f"{whole} [{', '.join(ends)}]"


def in_points(change: tuple[float, float, float]) -> str:
    """A difference of two shares and its interval, as `+0.92 points [+0.31, +1.53]`."""
    mean, low, high = (f"{100 * value:+.2f}" for value in change)
    return f"{mean} points [{low}, {high}]"


def met(is_met: bool) -> str:
    return "met" if is_met else "not met"
