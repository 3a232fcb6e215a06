"""How many tries and how much time a verified example takes, and how unevenly annotators contribute."""

from collections.abc import Sequence
from statistics import fmean, median
from typing import TypedDict

from .rates import Share


class Spread(TypedDict):
    """Mean and median; both null without a value. A few very long searches pull the mean far above the median."""

    mean: float | None
    median: float | None


def spread(values: Sequence[float]) -> Spread:
    """The mean and median of `values`, whatever their order."""
    if not values:
        return {"mean": None, "median": None}
    return {"mean": fmean(values), "median": float(median(values))}


def most_active(attempts: Sequence[int]) -> Share:
    """The largest share of all attempts that came from one annotator; `attempts` has one count an annotator."""
    return Share(max(attempts, default=0), sum(attempts))
