"""Rates and counts for each label."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from .rates import Rate


@dataclass(frozen=True)
class Group:
    """`n` attempts with the same claimed label, the same predicted label and the same `verified`."""

    claimed: str
    predicted: str
    verified: bool
    n: int

    @property
    def fooled(self) -> bool:
        return self.claimed != self.predicted


@dataclass(frozen=True)
class ClassRates:
    """MER and vMER of the attempts that claim `label`; these attempts are the denominator of both."""

    label: str
    mer: Rate
    vmer: Rate


def class_rates(groups: Sequence[Group], labels: Sequence[str]) -> list[ClassRates]:
    """For each of `labels`, in their order: fooled / attempts, and verified fooled / attempts."""
    found = []
    for label in labels:
        of_label = [group for group in groups if group.claimed == label]
        attempts = sum(group.n for group in of_label)
        fooled = sum(group.n for group in of_label if group.fooled)
        verified = sum(group.n for group in of_label if group.fooled and group.verified)
        found.append(ClassRates(label, Rate(fooled, attempts), Rate(verified, attempts)))
    return found


def confusion(groups: Iterable[Group], labels: Sequence[str]) -> list[list[int]]:
    """Attempts by claimed label (row) and predicted label (column), [labels][labels].

    Off the diagonal are the fooling attempts, verified or not; all of it adds up to the attempts.
    """
    place = {label: index for index, label in enumerate(labels)}
    counts = [[0] * len(labels) for _ in labels]
    for group in groups:
        counts[place[group.claimed]][place[group.predicted]] += group.n
    return counts
