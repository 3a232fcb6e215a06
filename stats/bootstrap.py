"""Intervals for attempts in clusters: those of one annotator are more alike than those of two."""

from collections.abc import Sequence

import numpy as np

from .rates import Interval

RESAMPLES = 2_000
#: With fewer annotators, resampling them shows too little of how annotators differ.
FEWEST_CLUSTERS = 5
SEED = 20
#: So many drawn annotators are held in memory at once.
BLOCK = 1_000_000


def cluster_intervals(attempts: Sequence[int], *outcomes: Sequence[int]) -> list[Interval | None]:
    """95 % percentile bootstrap interval of sum(outcome) / sum(attempts) for each of `outcomes`, bounds in 0…1.

    The resampled unit is the annotator with everything they did. `attempts` and each of `outcomes` are counts
    [annotators], with attempts at least 1 and outcomes at most the attempts. All outcomes share the same 2,000
    resamples; the seed is fixed and the order of annotators is irrelevant, so that anybody who has the counts gets the
    same interval. None under 5 annotators.

    Efron & Tibshirani (1993), An Introduction to the Bootstrap, ch. 13; for whole clusters Cameron, Gelbach & Miller
    (2008), Bootstrap-based improvements for inference with clustered errors, Review of Economics and Statistics 90(3).
    With few annotators such intervals are still too narrow: read them together with their number.
    """
    clusters = len(attempts)
    if clusters < FEWEST_CLUSTERS:
        return [None] * len(outcomes)
    counts = np.array([attempts, *outcomes], dtype=np.int64)
    counts = counts[:, np.lexsort(counts)]
    rng = np.random.default_rng(SEED)
    rates = np.empty((len(outcomes), RESAMPLES))
    step = max(1, BLOCK // clusters)
    for start in range(0, RESAMPLES, step):
        stop = min(start + step, RESAMPLES)
        drawn = rng.integers(clusters, size=(stop - start, clusters))
        totals = np.array([row[drawn].sum(axis=1) for row in counts])
        rates[:, start:stop] = totals[1:] / totals[0]
    return [(float(low), float(high)) for low, high in np.quantile(rates, [0.025, 0.975], axis=1).T]
