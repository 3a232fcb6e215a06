"""Training recipes: the settings of what one step minimises, stored whole with the model. `losses` computes them.

A network that meets a strong attack before it has learned anything may never begin to learn: it gives one and the same
answer to every picture, with a loss of ln(classes), to the end. With `warm_up` the attack grows: over that share of the
run its `epsilon` and `step_size` rise in a straight line from 0 to their full values.
"""

from dataclasses import dataclass
from typing import Annotated, ClassVar

from models_zoo.limits import NonNegativeFloat, PositiveFloat, PositiveInt, ZeroToOne, check, one_of
from models_zoo.robustness.attack_parameters import NORMS, AttackParameters
from models_zoo.training import schedules


@dataclass(frozen=True)
class Recipe:
    """The settings of one recipe. Raises ConfigError for a value out of range."""

    name: ClassVar[str]

    def __post_init__(self) -> None:
        check(self, f"recipe {self.name}")


@dataclass(frozen=True)
class AdversarialRecipe(Recipe):
    """A recipe that attacks the pictures it trains on, more strongly as the run goes on if it has a warm-up."""

    epsilon: NonNegativeFloat = 0.3
    """Largest change of a pixel, 0 to 1."""
    warm_up: ZeroToOne = 0.0
    """Share of the run, 0 to 1, over which the attack (epsilon and step size) grows from nothing to its full strength.
    0 attacks at full strength at once. Early stopping measures on clean pictures: it tends to keep an epoch from before
    the end of the warm-up."""

    def attack(self, done: float) -> AttackParameters:
        """The attack when the share `done` (0 to 1) of the run's steps is done."""
        return self._full_attack().scaled(schedules.warm_up(done, self.warm_up))

    def _full_attack(self) -> AttackParameters:
        return AttackParameters(self.epsilon, step_size=self.epsilon, steps=1)


@dataclass(frozen=True)
class IteratedRecipe(AdversarialRecipe):
    """A recipe whose attack takes several steps."""

    step_size: PositiveFloat = 0.01
    """Length of one step, in the same norm as epsilon."""
    steps: PositiveInt = 40
    """Steps per picture; a training step costs about this many times the standard one."""

    def _full_attack(self) -> AttackParameters:
        return AttackParameters(self.epsilon, self.step_size, self.steps)


@dataclass(frozen=True)
class Standard(Recipe):
    """Cross-entropy on the pictures as they are."""

    name: ClassVar[str] = "standard"


@dataclass(frozen=True)
class Fgsm(AdversarialRecipe):
    """FGSM adversarial training: clean and adversarial loss mixed (Goodfellow et al. 2015)."""

    name: ClassVar[str] = "fgsm"

    epsilon: NonNegativeFloat = 0.25
    """Largest change of a pixel, 0 to 1; 0.25 is the paper's for MNIST."""
    clean_share: ZeroToOne = 0.5
    """Share of the clean loss, 0 to 1; 0.5 is the paper's."""


@dataclass(frozen=True)
class Pgd(IteratedRecipe):
    """PGD adversarial training: cross-entropy on attacked pictures only (Madry et al. 2018)."""

    name: ClassVar[str] = "pgd"

    epsilon: NonNegativeFloat = 0.3
    """Largest change: of a pixel (`linf`), or of the whole picture's length (`l2`)."""
    norm: Annotated[str, one_of(*NORMS)] = "linf"
    """`linf` or `l2`."""

    def _full_attack(self) -> AttackParameters:
        return AttackParameters(self.epsilon, self.step_size, self.steps, self.norm)


@dataclass(frozen=True)
class Trades(IteratedRecipe):
    """TRADES: cross-entropy + beta * KL(clean answer, answer within epsilon) (Zhang et al. 2019)."""

    name: ClassVar[str] = "trades"

    beta: NonNegativeFloat = 6.0
    """Weight of the divergence against the cross-entropy: 1 / lambda in the paper."""


@dataclass(frozen=True)
class AdversarialRegularization(Recipe):
    """Loss + multiplier * loss on a one-step neighbour, as in TensorFlow's Neural Structured Learning.

    Names are that library's, defaults those of its MNIST tutorial. As there, the neighbour is not clipped to 0 to 1.
    """

    name: ClassVar[str] = "adversarial_regularization"

    multiplier: NonNegativeFloat = 0.2
    """Weight of the neighbour's loss against the picture's own."""
    adv_step_size: NonNegativeFloat = 0.2
    """Length of the step to the neighbour, in the norm below."""
    adv_grad_norm: Annotated[str, one_of("infinity", "l2")] = "infinity"
    """`infinity` (a step along the gradient's sign) or `l2` (along the gradient)."""


RECIPES: dict[str, type[Recipe]] = {
    recipe.name: recipe for recipe in (Standard, Fgsm, Pgd, Trades, AdversarialRegularization)
}
