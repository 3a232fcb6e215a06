"""How strong an attack is, and by which steps it searches. Imports no torch: recipes are checked with it."""

from dataclasses import dataclass, replace
from typing import Self

NORMS = ("linf", "l2")


@dataclass(frozen=True)
class AttackParameters:
    """The parameters of a white-box attack of `robustness.attacks`.

    Lengths are on the grey scale 0 to 1: the largest change of any pixel for `linf`, a Euclidean length over the whole
    picture for `l2`.
    """

    epsilon: float
    """Largest change."""
    step_size: float
    """Length of one step."""
    steps: int
    norm: str = "linf"
    """One of `NORMS`."""

    def scaled(self, strength: float) -> Self:
        """The same attack with `strength` (0 to 1) times its epsilon and step size."""
        return replace(self, epsilon=strength * self.epsilon, step_size=strength * self.step_size)
