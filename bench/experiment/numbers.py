"""What is computed from the counts: rates with intervals, pooled over seeds, and means over seeds."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats as scipy_stats

from bench.experiment.measure import BASE_TEST, CORRUPTION, HELD_OUT
from bench.experiment.results import ATTEMPTS, Result, Results, WriterCounts, right_on
from stats.bootstrap import RESAMPLES, SEED, cluster_intervals
from stats.rates import Interval, Rate, Share, wilson

ArmRound = tuple[str, int]
"""An arm and one of its rounds, for the model after it."""


@dataclass(frozen=True)
class Estimate:
    """A rate and its interval, None where there is too little for one."""

    rate: Rate
    interval: Interval | None

    @property
    def value(self) -> float:
        return self.rate.value or 0.0

    @property
    def low(self) -> float:
        """Of the interval; the rate itself where there is none."""
        return self.interval[0] if self.interval else self.value

    @property
    def high(self) -> float:
        return self.interval[1] if self.interval else self.value

    def __str__(self) -> str:
        between = f" [{100 * self.low:.2f}, {100 * self.high:.2f}]" if self.interval else ""
        return f"{100 * self.value:.2f} %{between} {self.rate.numerator:,}/{self.rate.denominator:,}"


PooledRate = Callable[[Sequence[Result]], Estimate]
"""Computes a rate from one result for each seed, pooled over them."""


@dataclass(frozen=True)
class Reduction:
    """By which share one model makes fewer errors than another on the same drawings, -inf to 1, and its interval."""

    share: float
    low: float
    high: float

    @property
    def is_significant(self) -> bool:
        """Whether the whole interval lies above 0: fewer errors."""
        return self.low > 0

    def __str__(self) -> str:
        """`45 % fewer [32, 55]`, or `31 % more [15, 65]`; an end of the other kind has a minus."""
        kind, values = "fewer", (self.share, self.low, self.high)
        if self.share < 0:
            kind, values = "more", (-self.share, -self.high, -self.low)
        # As floats, small negative ones would be shown as -0.
        share, low, high = (round(100 * value) for value in values)
        return f"{share} % {kind} [{low}, {high}]"


def held_out_errors(results: Sequence[Result]) -> Estimate:
    """Misread drawings of held-out writers, over all seeds.

    The interval resamples writers (each seed holds out its own). It is about these models: how much another training
    would differ is seen by comparing seeds.
    """
    return errors_by_writer(writers_in(results, HELD_OUT))


def suite_errors(results: Sequence[Result], suite: str) -> Estimate:
    """Misread pictures of a suite that is the same for all seeds.

    Wilson's interval counts each picture once, however many seeds' models read it. Corruptions have none, since the
    same few digits stand in them again and again.
    """
    right, n = (sum(result.totals[right_on(suite)][index] or 0 for result in results) for index in (0, 1))
    if suite == CORRUPTION:
        return Estimate(Share(n - right, n), None)
    models = len(results)
    return Estimate(Rate(n - right, n), wilson(round((n - right) / models), n // models))


def base_errors(results: Sequence[Result]) -> Estimate:
    """Misread digits of MNIST's test set."""
    return suite_errors(results, BASE_TEST)


def errors_by_writer(counts: Sequence[WriterCounts]) -> Estimate:
    """Misread drawings; the interval resamples writers."""
    wrong, drawings = [of.drawings - (of.right or 0) for of in counts], [of.drawings for of in counts]
    return Estimate(Rate(sum(wrong), sum(drawings)), cluster_intervals(drawings, wrong)[0])


def mer_and_vmer(counts: Iterable[WriterCounts]) -> tuple[Estimate, Estimate]:
    """MER and vMER of some annotators' attempts; the intervals resample annotators."""
    rows = [(of.drawings, of.fooled or 0, of.verified or 0) for of in counts if of.drawings]
    attempts, fooled, verified = ([row[index] for row in rows] for index in range(3))
    mer, vmer = cluster_intervals(attempts, fooled, verified)
    return Estimate(Rate(sum(fooled), sum(attempts)), mer), Estimate(Rate(sum(verified), sum(attempts)), vmer)


def vmer(results: Sequence[Result]) -> Estimate:
    """The validated model error rate of a round."""
    return mer_and_vmer(writers_in(results, ATTEMPTS))[1]


def writers_in(results: Iterable[Result], what: str) -> list[WriterCounts]:
    """Counts of one kind by writer, over seeds."""
    return [counts for result in results for counts in result.writers if counts.what == what]


def total(results: Iterable[Result], what: str) -> int:
    """The sum of one count over seeds and rounds; what was never counted is 0."""
    return sum(result.totals.get(what, (0, None))[0] for result in results)


def fewer_errors(results: Results, ours: ArmRound, theirs: ArmRound) -> Reduction:
    """By which share our models make fewer errors on held-out writers than theirs: 1 - our errors / their errors.

    On the same drawings, over the seeds that have both. The interval is the paired percentile bootstrap over writers.
    """
    both = results.shared(ours[0], theirs[0])
    our_errors, their_errors = (_errors_of_each(both.of(*arm_round)) for arm_round in (ours, theirs))
    interval = scipy_stats.bootstrap(
        (our_errors, their_errors),
        _reduction,
        paired=True,
        vectorized=True,
        n_resamples=RESAMPLES,
        method="percentile",
        rng=np.random.default_rng(SEED),
    ).confidence_interval
    return Reduction(float(_reduction(our_errors, their_errors)), float(interval.low), float(interval.high))


def _errors_of_each(results: Sequence[Result]) -> np.ndarray:
    """Misread drawings of each held-out writer, over seeds, int64 [writers]."""
    return np.array([of.drawings - (of.right or 0) for of in writers_in(results, HELD_OUT)])


def _reduction(ours: np.ndarray, theirs: np.ndarray, axis: int = -1) -> np.ndarray:
    return 1 - ours.sum(axis) / np.maximum(1, theirs.sum(axis))


def over_seeds(values: Sequence[float]) -> tuple[float, Interval | None]:
    """The mean of one value for each seed, and Student's 95 % interval of that mean; None for a single seed."""
    mean = float(np.mean(values))
    if len(values) < 2:
        return mean, None
    half = float(scipy_stats.t.ppf(0.975, len(values) - 1) * scipy_stats.sem(values))
    return mean, (mean - half, mean + half)


def each_seed(results: Results, measure: Callable[[Results], float]) -> list[float]:
    """A value computed for each seed by itself."""
    return [measure(of_seed) for of_seed in results.by_seed().values()]


def mean_rate(results: Results, arm_round: ArmRound, measure: PooledRate) -> tuple[float, Interval | None]:
    """`over_seeds` of a rate of one round, for the seeds that have the arm."""
    of_arm = results.shared(arm_round[0])
    return over_seeds(each_seed(of_arm, lambda seed: measure(seed.of(*arm_round)).value))


def mean_reduction(results: Results, ours: ArmRound, theirs: ArmRound) -> tuple[float, Interval | None]:
    """`over_seeds` of `fewer_errors`, for the seeds that have both arms."""
    both = results.shared(ours[0], theirs[0])
    return over_seeds(each_seed(both, lambda seed: fewer_errors(seed, ours, theirs).share))
