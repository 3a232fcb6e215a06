"""What each recipe minimises in one step: `loss(recipe, step)`, one function a recipe.

Attacks are found with the model in eval mode, so that they see no dropout and leave no trace in batch statistics.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import singledispatch

import torch
import torch.nn.functional as F
from torch import nn

from models_zoo.robustness import attacks
from models_zoo.training.recipes import AdversarialRegularization, Fgsm, Pgd, Recipe, Standard, Trades


@dataclass(frozen=True)
class Step:
    """One batch, and all else that a loss depends on."""

    model: nn.Module
    """In training mode; left so."""
    images: torch.Tensor
    """float32 [n, channels, height, width] in 0 to 1."""
    labels: torch.Tensor
    """int64 [n]."""
    random: torch.Generator
    """On the images' device, for whatever the recipe draws."""
    smoothing: float = 0.0
    """Share of each target spread over all classes, 0 to 1."""
    done: float = 1.0
    """Share of the run's steps before this one, 0 to 1; decides how strong an attack with a warm-up is."""

    def cross_entropy(self, logits: torch.Tensor) -> torch.Tensor:
        """Mean over the batch, a scalar, of logits, float32 [n, classes]."""
        return F.cross_entropy(logits, self.labels, label_smoothing=self.smoothing)


@singledispatch
def loss(recipe: Recipe, step: Step) -> torch.Tensor:
    """The mean loss of a batch: a scalar that can be differentiated with respect to the model's parameters."""
    raise TypeError(f"There is no loss for the recipe {recipe}.")


@loss.register
def _standard(recipe: Standard, step: Step) -> torch.Tensor:
    return step.cross_entropy(step.model(step.images))


@loss.register
def _fgsm(recipe: Fgsm, step: Step) -> torch.Tensor:
    with _eval_mode(step.model):
        epsilon = recipe.attack(step.done).epsilon
        attacked = attacks.fgsm(step.model, step.images, step.labels, epsilon=epsilon)
    clean = step.cross_entropy(step.model(step.images))
    adversarial = step.cross_entropy(step.model(attacked))
    return recipe.clean_share * clean + (1 - recipe.clean_share) * adversarial


@loss.register
def _pgd(recipe: Pgd, step: Step) -> torch.Tensor:
    with _eval_mode(step.model):
        attack = recipe.attack(step.done)
        attacked = attacks.pgd(step.model, step.images, step.labels, attack, random=step.random)
    return step.cross_entropy(step.model(attacked))


@loss.register
def _trades(recipe: Trades, step: Step) -> torch.Tensor:
    with _eval_mode(step.model):
        attacked = _most_divergent(recipe, step)
    clean = step.model(step.images)
    divergence = F.kl_div(
        step.model(attacked).log_softmax(dim=1), clean.log_softmax(dim=1), reduction="batchmean", log_target=True
    )
    return step.cross_entropy(clean) + recipe.beta * divergence


def _most_divergent(recipe: Trades, step: Step) -> torch.Tensor:
    """Pictures within epsilon whose answers differ most from those to the clean ones."""
    with torch.no_grad():
        target = step.model(step.images).log_softmax(dim=1)

    def divergence(pictures: torch.Tensor) -> torch.Tensor:
        return F.kl_div(step.model(pictures).log_softmax(dim=1), target, reduction="sum", log_target=True)

    # At the clean picture itself the divergence has no gradient, so the search starts near it.
    noise = torch.randn(step.images.shape, generator=step.random, device=step.random.device)
    return attacks.ascend(divergence, step.images, step.images + 0.001 * noise, recipe.attack(step.done))


@loss.register
def _adversarial_regularization(recipe: AdversarialRegularization, step: Step) -> torch.Tensor:
    norm = {"infinity": "linf", "l2": "l2"}[recipe.adv_grad_norm]
    with _eval_mode(step.model):
        objective = attacks.cross_entropy(step.model, step.labels)
        neighbour = attacks.gradient_step(objective, step.images, recipe.adv_step_size, norm)
    own = step.cross_entropy(step.model(step.images))
    return own + recipe.multiplier * step.cross_entropy(step.model(neighbour))


@contextmanager
def _eval_mode(model: nn.Module) -> Iterator[None]:
    model.eval()
    try:
        yield
    finally:
        model.train()
