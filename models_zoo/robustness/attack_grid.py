"""Which attacks the suites `fgsm` and `pgd` make. Imports no torch."""

from dataclasses import dataclass
from math import inf

from models_zoo.limits import ConfigError
from models_zoo.robustness.table import Condition


@dataclass(frozen=True)
class AttackGrid:
    """Attacks of several strengths: every epsilon of both norms, each with the same PGD settings.

    Raises ConfigError for an attack that cannot be made.
    """

    linf: tuple[float, ...] = (0.1, 0.2, 0.3)
    """Largest changes of a pixel, each more than 0; empty leaves the norm out."""
    l2: tuple[float, ...] = (1.0, 2.0)
    """Largest changes of the whole picture's length, each more than 0; empty leaves the norm out."""
    steps: int = 40
    """Of PGD."""
    restarts: int = 1
    """Random starts of PGD: a picture survives only if it is read right on the way from each."""
    step_size: float | None = None
    """Length of a step of PGD, more than 0, in the norm of the row, so mostly with one norm alone: Madry et al. 2018
    test with 100 steps of 0.01 in `linf`. None takes `usual_step_size`."""

    def __post_init__(self) -> None:
        if not all(0 < epsilon < inf for _, epsilon in self._norms_and_epsilons()):
            raise ConfigError("An attack's epsilon must be more than 0 and finite.")
        if self.step_size is not None and not 0 < self.step_size < inf:
            raise ConfigError("PGD's step_size must be more than 0 and finite.")
        if min(self.steps, self.restarts) < 1:
            raise ConfigError("PGD needs at least 1 step and 1 restart.")

    def fgsm(self) -> list[Condition]:
        return [Condition("fgsm", norm=norm, epsilon=epsilon) for norm, epsilon in self._norms_and_epsilons()]

    def pgd(self) -> list[Condition]:
        return [
            Condition(
                "pgd",
                norm=norm,
                epsilon=epsilon,
                steps=self.steps,
                step_size=self.step_size or usual_step_size(epsilon, self.steps),
                restarts=self.restarts,
            )
            for norm, epsilon in self._norms_and_epsilons()
        ]

    def _norms_and_epsilons(self) -> list[tuple[str, float]]:
        return [("linf", epsilon) for epsilon in self.linf] + [("l2", epsilon) for epsilon in self.l2]


DEFAULT_GRID = AttackGrid()


def usual_step_size(epsilon: float, steps: int) -> float:
    """2.5 epsilon / steps, with which PGD can reach the border of the ball from anywhere in it. Madry et al. 2018 take
    it where they vary epsilon."""
    return 2.5 * epsilon / steps
