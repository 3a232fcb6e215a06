"""How a model reads pictures under attacks and moves, in the worst case that is found for each picture.

Each function gives a confusion matrix, int64 [labels, answers], in which every picture counts once: with its own label
if it survives (it is read right whatever was tried), else with the first wrong answer. Pictures are uint8 [n, 28, 28]
or, in colour, [n, side, side, 3], labels int64 [n]. Models are left in eval mode.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import torch
from torch import nn

from models_zoo.data.geometry import resample, rotation, translation
from models_zoo.data.run_data import LabelledImages
from models_zoo.networks.predict import batches, probabilities, to_input
from models_zoo.robustness import attacks
from models_zoo.robustness.attack_grid import usual_step_size
from models_zoo.robustness.attack_parameters import AttackParameters

STEPS_BETWEEN_CHECKS = 5
"""After so many steps of PGD the pictures are read again. Only survivors are attacked further."""

RotationAndShift = tuple[int, int, int]
"""Degrees, pixels to the right, pixels down."""


def under_fgsm(model: nn.Module, pictures: LabelledImages, *, norm: str, epsilon: float) -> np.ndarray:
    errors = FirstErrors(model, pictures)
    for images, labels in _batches(model, pictures):
        errors.survivors(attacks.fgsm(model, images, labels, epsilon=epsilon, norm=norm), labels)
    return errors.confusion_matrix()


def under_pgd(
    model: nn.Module,
    pictures: LabelledImages,
    *,
    norm: str,
    epsilon: float,
    steps: int,
    restarts: int = 1,
    step_size: float | None = None,
    seed: int = 0,
) -> np.ndarray:
    """A picture survives if it is read right as it is, and at each check of the trajectory from every random start.

    `step_size` is as for `AttackGrid`.
    """
    attack = AttackParameters(epsilon, step_size or usual_step_size(epsilon, steps), steps, norm)
    random = torch.Generator(_device(model)).manual_seed(seed)
    errors = FirstErrors(model, pictures)
    for images, labels in _batches(model, pictures):
        survived = errors.survivors(images, labels)
        images, labels = images[survived], labels[survived]
        for _ in range(restarts):
            if not len(labels):
                break
            current = attacks.random_within(images, attack, random)
            for done in range(0, steps, STEPS_BETWEEN_CHECKS):
                a_few_steps = replace(attack, steps=min(STEPS_BETWEEN_CHECKS, steps - done))
                current = attacks.ascend(attacks.cross_entropy(model, labels), images, current, a_few_steps)
                survived = errors.survivors(current, labels)
                images, labels, current = images[survived], labels[survived], current[survived]
    return errors.confusion_matrix()


def under_moves(model: nn.Module, pictures: LabelledImages, moves: Sequence[RotationAndShift]) -> np.ndarray:
    """A picture survives if it is read right after each of the moves."""
    errors = FirstErrors(model, pictures)
    for images, labels in _batches(model, pictures):
        for move in moves:
            if not len(labels):
                break
            survived = errors.survivors(_moved(images, move), labels)
            images, labels = images[survived], labels[survived]
    return errors.confusion_matrix()


class FirstErrors:
    """Counts the first wrong answer to each picture of a set, while the model is shown variants of these pictures."""

    def __init__(self, model: nn.Module, pictures: LabelledImages) -> None:
        self.model = model.eval()  # for the attacks too: dropout would hide the gradient
        images, self.labels = pictures
        classes = probabilities(model, images[:1]).shape[1]
        self.wrong = np.zeros((classes, classes), dtype=np.int64)

    def survivors(self, images: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        """Which pictures are read right, bool [n]; the wrong answers to the others are counted.

        Give only survivors of one call to the next for the same pictures: each picture may be counted once.
        """
        with torch.no_grad():
            answers = self.model(images).argmax(dim=1)
        survived = answers == labels
        np.add.at(self.wrong, (labels[~survived].cpu().numpy(), answers[~survived].cpu().numpy()), 1)
        return survived

    def confusion_matrix(self) -> np.ndarray:
        """int64 [labels, answers]; those that were never read wrong are on the diagonal."""
        sizes = np.bincount(self.labels, minlength=len(self.wrong))
        return self.wrong + np.diag(sizes - self.wrong.sum(axis=1))


def _moved(images: torch.Tensor, move: RotationAndShift) -> torch.Tensor:
    degrees, across, down = move
    ones = torch.ones(len(images), device=images.device)
    turned = resample(images, rotation(torch.deg2rad(degrees * ones)))
    return resample(turned, translation(across * ones, down * ones, size=images.shape[-1]))


def _batches(model: nn.Module, pictures: LabelledImages) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    images, labels = pictures
    device = _device(model)
    for batch in batches(images):
        yield to_input(images[batch], device), torch.tensor(labels[batch], device=device)


def _device(model: nn.Module) -> torch.device:
    return next(model.parameters()).device
