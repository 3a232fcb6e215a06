"""Training recipes: what is minimised in one step. Each is a frozen dataclass, stored whole with the model.

A recipe's `loss(model, images, labels, smoothing=..., random=..., done=...)` gives the mean loss of one batch, a scalar
that can be differentiated with respect to the model's parameters:

    model      in training mode; left so
    images     float32 [n, channels, height, width] in 0 to 1
    labels     int64 [n]
    smoothing  share of each target spread over all classes, 0 to 1
    random     a generator on the images' device, for whatever the recipe draws
    done       share of the run's steps that lie behind, 0 to 1; decides how strong an attack with a warm-up is by now

Attacks are found with the model in eval mode, so that they see no dropout and leave no trace in batch statistics.

A network that meets a strong attack before it has learned anything may never begin to learn: it gives one and the same
answer to every picture, with a loss of ln(classes), to the end. With `warm_up` the attack grows: over that share of the
run its `epsilon`, and its `step_size` with it, goes in a straight line from 0 to its full value.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Annotated, ClassVar

import torch
import torch.nn.functional as F
from torch import nn

from models_zoo.limits import NonNegativeFloat, PositiveFloat, PositiveInt, Share, check, one_of
from models_zoo.robustness import attacks
from models_zoo.training import schedules


@dataclass(frozen=True)
class Standard:
    """Cross-entropy on the pictures as they are."""

    name: ClassVar[str] = "standard"

    def loss(
        self,
        model: nn.Module,
        images: torch.Tensor,
        labels: torch.Tensor,
        *,
        smoothing: float,
        random: torch.Generator,
        done: float = 1.0,
    ) -> torch.Tensor:
        return F.cross_entropy(model(images), labels, label_smoothing=smoothing)


@dataclass(frozen=True)
class Fgsm:
    """FGSM adversarial training: clean and adversarial loss mixed (Goodfellow et al. 2015)."""

    name: ClassVar[str] = "fgsm"

    epsilon: NonNegativeFloat = 0.25
    """Largest change of a pixel, 0 to 1; 0.25 is the paper's for MNIST."""
    clean_share: Share = 0.5
    """Share of the clean loss, 0 to 1; 0.5 is the paper's."""
    warm_up: Share = 0.0
    """Share of the run, 0 to 1, over which epsilon grows from 0 to its full value. 0 attacks with all of it at once."""

    def __post_init__(self) -> None:
        check(self, f"recipe {self.name}")

    def loss(
        self,
        model: nn.Module,
        images: torch.Tensor,
        labels: torch.Tensor,
        *,
        smoothing: float,
        random: torch.Generator,
        done: float = 1.0,
    ) -> torch.Tensor:
        strength = schedules.warm_up(done, self.warm_up)
        with _eval_mode(model):
            attacked = attacks.fgsm(model, images, labels, epsilon=strength * self.epsilon)
        clean = F.cross_entropy(model(images), labels, label_smoothing=smoothing)
        adversarial = F.cross_entropy(model(attacked), labels, label_smoothing=smoothing)
        return self.clean_share * clean + (1 - self.clean_share) * adversarial


@dataclass(frozen=True)
class Pgd:
    """PGD adversarial training: cross-entropy on attacked pictures only (Madry et al. 2018)."""

    name: ClassVar[str] = "pgd"

    epsilon: NonNegativeFloat = 0.3
    """Largest change: of a pixel (`linf`), or of the whole picture's length (`l2`)."""
    step_size: PositiveFloat = 0.01
    """Length of one step, in the same norm."""
    steps: PositiveInt = 40
    """Steps per picture; a training step costs about this many times the standard one."""
    norm: Annotated[str, one_of(*attacks.NORMS)] = "linf"
    """`linf` or `l2`."""
    warm_up: Share = 0.0
    """Share of the run, 0 to 1, over which epsilon and step size grow from 0 to their full values. 0 attacks at full
    strength at once. Early stopping looks at clean pictures: it tends to keep an epoch from before the end of it."""

    def __post_init__(self) -> None:
        check(self, f"recipe {self.name}")

    def loss(
        self,
        model: nn.Module,
        images: torch.Tensor,
        labels: torch.Tensor,
        *,
        smoothing: float,
        random: torch.Generator,
        done: float = 1.0,
    ) -> torch.Tensor:
        strength = schedules.warm_up(done, self.warm_up)
        with _eval_mode(model):
            attacked = attacks.pgd(
                model,
                images,
                labels,
                epsilon=strength * self.epsilon,
                step_size=strength * self.step_size,
                steps=self.steps,
                norm=self.norm,
                random=random,
            )
        return F.cross_entropy(model(attacked), labels, label_smoothing=smoothing)


@dataclass(frozen=True)
class Trades:
    """TRADES: cross-entropy + beta * KL(clean answer, answer within epsilon) (Zhang et al. 2019)."""

    name: ClassVar[str] = "trades"

    epsilon: NonNegativeFloat = 0.3
    """Largest change of a pixel, 0 to 1."""
    step_size: PositiveFloat = 0.01
    """Largest change of a pixel in one step."""
    steps: PositiveInt = 40
    """Steps per picture."""
    beta: NonNegativeFloat = 6.0
    """What robustness counts beside accuracy: 1 / lambda in the paper."""
    warm_up: Share = 0.0
    """Share of the run, 0 to 1, over which epsilon and step size grow from 0 to their full values. 0 attacks at full
    strength at once. Early stopping looks at clean pictures: it tends to keep an epoch from before the end of it."""

    def __post_init__(self) -> None:
        check(self, f"recipe {self.name}")

    def loss(
        self,
        model: nn.Module,
        images: torch.Tensor,
        labels: torch.Tensor,
        *,
        smoothing: float,
        random: torch.Generator,
        done: float = 1.0,
    ) -> torch.Tensor:
        with _eval_mode(model):
            attacked = self._attacked(model, images, random, schedules.warm_up(done, self.warm_up))
        clean = model(images)
        divergence = F.kl_div(
            model(attacked).log_softmax(dim=1), clean.log_softmax(dim=1), reduction="batchmean", log_target=True
        )
        return F.cross_entropy(clean, labels, label_smoothing=smoothing) + self.beta * divergence

    def _attacked(
        self, model: nn.Module, images: torch.Tensor, random: torch.Generator, strength: float
    ) -> torch.Tensor:
        """Where within epsilon the answer differs most from the clean one; from a start beside it, for at the picture
        itself the divergence has no gradient."""
        with torch.no_grad():
            target = model(images).log_softmax(dim=1)

        def divergence(pictures: torch.Tensor) -> torch.Tensor:
            return F.kl_div(model(pictures).log_softmax(dim=1), target, reduction="sum", log_target=True)

        start = images + 0.001 * torch.randn(images.shape, generator=random, device=random.device)
        return attacks.ascend(
            divergence,
            images,
            start,
            epsilon=strength * self.epsilon,
            step_size=strength * self.step_size,
            steps=self.steps,
            norm="linf",
        )


@dataclass(frozen=True)
class AdversarialRegularization:
    """Loss + multiplier * loss on a one-step neighbour, as in TensorFlow's Neural Structured Learning.

    Names are that library's, defaults those of its MNIST tutorial. As there, the neighbour is not clipped to 0 to 1.
    """

    name: ClassVar[str] = "adversarial_regularization"

    multiplier: NonNegativeFloat = 0.2
    """What the neighbour's loss counts beside the picture's own."""
    adv_step_size: NonNegativeFloat = 0.2
    """Length of the step to the neighbour, in the norm below."""
    adv_grad_norm: Annotated[str, one_of("infinity", "l2")] = "infinity"
    """`infinity` (a step along the gradient's sign) or `l2` (along the gradient)."""

    def __post_init__(self) -> None:
        check(self, f"recipe {self.name}")

    def loss(
        self,
        model: nn.Module,
        images: torch.Tensor,
        labels: torch.Tensor,
        *,
        smoothing: float,
        random: torch.Generator,
        done: float = 1.0,
    ) -> torch.Tensor:
        norm = {"infinity": "linf", "l2": "l2"}[self.adv_grad_norm]
        with _eval_mode(model):
            beside = attacks.neighbour(attacks.cross_entropy(model, labels), images, self.adv_step_size, norm)
        own = F.cross_entropy(model(images), labels, label_smoothing=smoothing)
        return own + self.multiplier * F.cross_entropy(model(beside), labels, label_smoothing=smoothing)


@contextmanager
def _eval_mode(model: nn.Module) -> Iterator[None]:
    model.eval()
    try:
        yield
    finally:
        model.train()


Recipe = Standard | Fgsm | Pgd | Trades | AdversarialRegularization
RECIPES: dict[str, type[Recipe]] = {
    "standard": Standard,
    "fgsm": Fgsm,
    "pgd": Pgd,
    "trades": Trades,
    "adversarial_regularization": AdversarialRegularization,
}
