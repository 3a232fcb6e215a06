"""How far validators agree."""

from collections import Counter
from collections.abc import Sequence
from math import fsum

from .rates import Rate

Answers = Sequence[Counter[str]]
"""For each example, how often each answer was given."""


def krippendorff_alpha(answers: Answers) -> float | None:
    """Krippendorff's alpha for nominal data: 1 is perfect agreement, 0 what chance would give, below 0 is worse.

    Every pair of answers to one example counts, an example with m answers as m answers' worth; those with a single
    answer have no pair and are left out. None where it is undefined: without any pair, or when all paired answers are
    the same, so that nothing could have disagreed.

    Krippendorff, K. (2011), Computing Krippendorff's alpha-reliability, section C (nominal, any number of observers,
    missing data). Written out because the published package needs memory for examples x answers² (330 MB and over a
    second for 100,000 examples); the tests hold it to that package.
    """
    paired = [given for given in answers if given.total() > 1]
    totals: Counter[str] = sum_of(paired)
    n = totals.total()
    by_chance = n**2 - sum(times**2 for times in totals.values())
    if not by_chance:
        return None
    observed = fsum(
        (given.total() ** 2 - sum(times**2 for times in given.values())) / (given.total() - 1) for given in paired
    )
    return 1 - (n - 1) * observed / by_chance


def unanimity(answers: Answers) -> Rate:
    """Raw agreement: examples whose answers are all the same, of those with at least two answers.

    Counted in examples, not in pairs of answers, because the examples that were answered more often are just those on
    which the first two validators disagreed: pairs would count each of them up to ten times. With the usual two first
    votes this is how often two independent validators give the same answer.
    """
    paired = [given for given in answers if given.total() > 1]
    return Rate(sum(len(given) == 1 for given in paired), len(paired))


def sum_of(answers: Answers) -> Counter[str]:
    """All answers together; far faster than adding the counters up."""
    totals: Counter[str] = Counter()
    for given in answers:
        totals.update(given)
    return totals
