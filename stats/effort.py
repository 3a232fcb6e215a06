"""How many tries and how much time a verified example takes, and how unevenly annotators contribute."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, median

from .rates import Share


@dataclass(frozen=True)
class Spread:
    """Mean and median of some tries or seconds; both None when there are none.

    Both are given because a few very long searches pull the mean far above the median.
    """

    mean: float | None
    median: float | None


def spread(values: Sequence[float]) -> Spread:
    """The mean and median of `values`, whatever their order."""
    return Spread(fmean(values), float(median(values))) if values else Spread(None, None)


def most_active(attempts: Sequence[int]) -> Share:
    """The largest share of all attempts that came from one annotator; `attempts` has one count an annotator."""
    return Share(max(attempts, default=0), sum(attempts))
