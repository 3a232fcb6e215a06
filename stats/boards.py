"""Leaderboards: counts of annotators that add up over rounds, and ranks."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from .rates import Rate

#: Nobody's rate is published under so many attempts.
FEWEST_FOR_RATE = 20


@dataclass(frozen=True)
class AnnotatorCounts:
    """What one annotator did: attempts, the fooling ones among them, and those by state of verification."""

    attempts: int = 0
    fooled: int = 0
    verified: int = 0
    pending: int = 0
    rejected: int = 0

    def __add__(self, other: "AnnotatorCounts") -> "AnnotatorCounts":
        return AnnotatorCounts(
            self.attempts + other.attempts,
            self.fooled + other.fooled,
            self.verified + other.verified,
            self.pending + other.pending,
            self.rejected + other.rejected,
        )

    @property
    def vmer(self) -> Rate | None:
        """Verified fooling examples / attempts; None under 20 attempts."""
        return Rate(self.verified, self.attempts) if self.attempts >= FEWEST_FOR_RATE else None


def add_up(rounds: Iterable[Mapping[str, AnnotatorCounts]]) -> dict[str, AnnotatorCounts]:
    """The counts of several rounds as one, by annotator."""
    total: dict[str, AnnotatorCounts] = {}
    for by_annotator in rounds:
        for annotator, counts in by_annotator.items():
            total[annotator] = total.get(annotator, AnnotatorCounts()) + counts
    return total


def ranks(scores: Sequence[float]) -> list[int]:
    """The place of each of `scores`, sorted best first: equals share a place, and the next place is skipped."""
    places: list[int] = []
    for index, score in enumerate(scores):
        places.append(places[-1] if index and score == scores[index - 1] else index + 1)
    return places
