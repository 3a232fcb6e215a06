"""Rates and their differences, each with what it was divided by and an interval.

Both intervals are closed formulas, written out here so that no web process loads SciPy and pandas for them; the tests
hold them to statsmodels.
"""

from dataclasses import dataclass
from math import sqrt
from typing import Annotated, NamedTuple, TypedDict

#: Two-sided 95 % point of the standard normal distribution.
Z95 = 1.959963984540054
#: Under so many observations no interval is printed, only the counts.
FEWEST_FOR_INTERVAL = 5

Interval = tuple[float, float]


class Length(NamedTuple):
    """Notes on the type of a list how many items it has."""

    items: int


IntervalJson = Annotated[list[float], Length(2)]
"""[low, high]; JSON has no tuples."""


class RateJson(TypedDict):
    """A rate, with its numerator and denominator."""

    numerator: int
    denominator: int
    value: Annotated[float | None, "In 0…1; null without a denominator."]
    interval: Annotated[
        IntervalJson | None,
        "Wilson's 95 %, in 0…1; null under 5 observations, and where they are no independent trials.",
    ]


class ChangeJson(TypedDict):
    """The difference of two rates: this minus the other."""

    difference: Annotated[float, "In -1…1."]
    interval: Annotated[IntervalJson | None, "Newcombe's 95 %, in -1…1; null when one has under 5 observations."]


def wilson(successes: int, n: int) -> Interval | None:
    """Wilson's 95 % score interval of `successes` in `n`, each bound in 0…1; None under 5 observations.

    Wilson, E. B. (1927), Probable inference, the law of succession, and statistical inference, JASA 22(158).
    """
    if n < FEWEST_FOR_INTERVAL:
        return None
    share = successes / n
    centre = share + Z95**2 / (2 * n)
    spread = Z95 * sqrt(share * (1 - share) / n + Z95**2 / (4 * n**2))
    scale = 1 + Z95**2 / n
    # At 0 and n the bounds are exactly 0 and 1; rounding must not put them outside.
    low = 0.0 if successes == 0 else (centre - spread) / scale
    high = 1.0 if successes == n else (centre + spread) / scale
    return max(0.0, low), min(1.0, high)


def newcombe(successes: int, n: int, successes_before: int, n_before: int) -> Interval | None:
    """Newcombe's 95 % interval of successes / n - successes_before / n_before, each bound in -1…1.

    His hybrid score method 10, which takes the two as independent. Where both were measured on the same examples (two
    models on one test set) they go up and down together, and the interval is wider than it need be: it errs on the
    careful side. None when one of the two has under 5 observations.

    Newcombe, R. G. (1998), Interval estimation for the difference between independent proportions: comparison of
    eleven methods, Statistics in Medicine 17, 873-890.
    """
    bounds, bounds_before = wilson(successes, n), wilson(successes_before, n_before)
    if bounds is None or bounds_before is None:
        return None
    share, share_before = successes / n, successes_before / n_before
    difference = share - share_before
    down = sqrt((share - bounds[0]) ** 2 + (bounds_before[1] - share_before) ** 2)
    up = sqrt((bounds[1] - share) ** 2 + (share_before - bounds_before[0]) ** 2)
    return max(-1.0, difference - down), min(1.0, difference + up)


@dataclass(frozen=True)
class Rate:
    """`numerator` of `denominator`, always shown with both."""

    numerator: int
    denominator: int

    @property
    def value(self) -> float | None:
        """In 0…1; None when there is nothing to divide by."""
        return self.numerator / self.denominator if self.denominator else None

    @property
    def interval(self) -> Interval | None:
        return wilson(self.numerator, self.denominator)

    def to_json(self) -> RateJson:
        return {
            "numerator": self.numerator,
            "denominator": self.denominator,
            "value": self.value,
            "interval": listed(self.interval),
        }


class Share(Rate):
    """A part of a whole that is no count of independent trials, so it has no interval."""

    @property
    def interval(self) -> None:
        return None


@dataclass(frozen=True)
class Change:
    """The difference `rate` - `before`, in -1…1, and Newcombe's 95 % interval of it."""

    rate: Rate
    before: Rate

    @property
    def difference(self) -> float | None:
        """None when one of the two has nothing to divide by."""
        if self.rate.value is None or self.before.value is None:
            return None
        return self.rate.value - self.before.value

    @property
    def interval(self) -> Interval | None:
        """None when one of the two has under 5 observations, or is a `Share`."""
        if self.rate.interval is None or self.before.interval is None:
            return None
        return newcombe(self.rate.numerator, self.rate.denominator, self.before.numerator, self.before.denominator)

    def to_json(self) -> ChangeJson | None:
        """None where there is no difference."""
        if self.difference is None:
            return None
        return {"difference": self.difference, "interval": listed(self.interval)}


def listed(interval: Interval | None) -> list[float] | None:
    """An interval as JSON has it."""
    return list(interval) if interval else None
