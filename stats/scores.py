"""How well something was read: right answers of all, with their interval."""

from dataclasses import dataclass

from .rates import Interval, wilson


@dataclass(frozen=True)
class Score:
    """`correct` answers of `n`."""

    correct: int
    n: int

    @property
    def accuracy(self) -> float:
        """Share of correct answers, 0…1; NaN where there was nothing to answer."""
        return self.correct / self.n if self.n else float("nan")

    @property
    def interval(self) -> Interval | None:
        """Wilson's 95 % interval of the accuracy; None under 5 answers."""
        return wilson(self.correct, self.n)

    def __add__(self, other: "Score") -> "Score":
        return Score(self.correct + other.correct, self.n + other.n)

    def __str__(self) -> str:
        """`98.60 % (9,860/10,000)`."""
        return f"{100 * self.accuracy:.2f} % ({self.correct:,}/{self.n:,})" if self.n else "no examples"
