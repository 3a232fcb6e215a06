"""White-box attacks: small changes of a picture, found along the loss's gradient, that make a model err.

Pictures are float32 [n, channels, height, width] in 0 to 1, and stay so. Attack a model in eval mode: dropout and batch
statistics would hide its gradient.
"""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import nn

from models_zoo.robustness.attack_parameters import AttackParameters

Objective = Callable[[torch.Tensor], torch.Tensor]
"""Pictures to a scalar, summed over them so that none depends on the others."""


def fgsm(
    model: nn.Module, images: torch.Tensor, labels: torch.Tensor, *, epsilon: float, norm: str = "linf"
) -> torch.Tensor:
    """Fast gradient sign method: clip(x + epsilon * sign(gradient of the cross-entropy)).

    Goodfellow et al. 2015, "Explaining and harnessing adversarial examples". With `l2` the step goes along the
    gradient itself, with length epsilon.
    """
    return gradient_step(cross_entropy(model, labels), images, epsilon, norm).clamp(0, 1)


def pgd(
    model: nn.Module, images: torch.Tensor, labels: torch.Tensor, attack: AttackParameters, *, random: torch.Generator
) -> torch.Tensor:
    """Projected gradient descent on the cross-entropy, from a random start within epsilon.

    Madry et al. 2018, "Towards deep learning models resistant to adversarial attacks".
    """
    start = random_within(images, attack, random)
    return ascend(cross_entropy(model, labels), images, start, attack)


def ascend(objective: Objective, images: torch.Tensor, start: torch.Tensor, attack: AttackParameters) -> torch.Tensor:
    """Raise an objective from `start` (within epsilon of `images`) by the attack's steps along its gradient, each
    followed by a projection to within epsilon of `images`."""
    current = start
    for _ in range(attack.steps):
        current = project(gradient_step(objective, current, attack.step_size, attack.norm), images, attack)
    return current


def gradient_step(objective: Objective, images: torch.Tensor, step_size: float, norm: str) -> torch.Tensor:
    """One step of length `step_size` along the objective's gradient; not clipped."""
    images = images.detach().requires_grad_()
    with torch.enable_grad():
        (gradient,) = torch.autograd.grad(objective(images), images)
    return images.detach() + step_size * (gradient.sign() if norm == "linf" else _unit(gradient))


def project(images: torch.Tensor, centre: torch.Tensor, attack: AttackParameters) -> torch.Tensor:
    """The nearest pictures within epsilon of `centre`, then clipped to 0 to 1."""
    change = images - centre
    if attack.norm == "linf":
        change = change.clamp(-attack.epsilon, attack.epsilon)
    else:
        change = change * (attack.epsilon / lengths(change).clamp(min=1e-12)).clamp(max=1)
    return (centre + change).clamp(0, 1)


def random_within(images: torch.Tensor, attack: AttackParameters, random: torch.Generator) -> torch.Tensor:
    """A uniformly random point of the epsilon ball around each picture, clipped to 0 to 1."""
    if attack.norm == "linf":
        change = (torch.rand(images.shape, generator=random, device=random.device) * 2 - 1) * attack.epsilon
    else:
        change = torch.randn(images.shape, generator=random, device=random.device)
        radius = torch.rand(len(images), 1, 1, 1, generator=random, device=random.device) ** (1 / images[0].numel())
        change = change / lengths(change) * radius * attack.epsilon
    return (images + change).clamp(0, 1)


def lengths(images: torch.Tensor) -> torch.Tensor:
    """Euclidean length of each picture: float32 [n, 1, 1, 1]."""
    return images.flatten(1).norm(dim=1).view(-1, 1, 1, 1)


def _unit(gradient: torch.Tensor) -> torch.Tensor:
    """Each picture's gradient with length 1; where all of it is 0 it stays so."""
    # A model that is sure of itself has gradients whose squares are 0 in float32: it would pass for a robust one if its
    # steps came out short. So the largest entry is made 1 first, which leaves a length of 1 or more.
    largest = gradient.flatten(1).abs().amax(dim=1).view(-1, 1, 1, 1)
    scaled = gradient / largest.where(largest > 0, 1)
    return scaled / lengths(scaled).clamp(min=1)


def cross_entropy(model: nn.Module, labels: torch.Tensor) -> Objective:
    return lambda images: F.cross_entropy(model(images), labels, reduction="sum")
