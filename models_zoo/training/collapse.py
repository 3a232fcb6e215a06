"""Detects a collapsed training: a model that gives every picture the same answer has learned nothing."""

import numpy as np
from torch import nn

from models_zoo.data.run_data import LabelledImages
from models_zoo.networks.predict import probabilities
from models_zoo.training.config import Config
from models_zoo.training.progress import TrainingFailed
from models_zoo.training.recipes import AdversarialRecipe

ENOUGH_TO_JUDGE = 200
"""Dev pictures that it takes, at least, to conclude that a model has learned nothing."""


def refuse_if_nothing_was_learned(
    model: nn.Module, config: Config, dev: dict[str, LabelledImages], scores: dict[str, dict[str, int]]
) -> None:
    """Refuse a model that gives its whole dev set one answer.

    Args:
        dev: the dev sets, `base` and `collected`, whichever there are.
        scores: `correct` and `n` of the model on each of them.

    Raises:
        TrainingFailed: it does; the message says what to change.
    """
    answer = _single_answer(model, dev, sum(score["correct"] for score in scores.values()))
    if answer is None:
        return
    milder = ", with a warm_up (such as 0.5) or with a smaller epsilon"
    raise TrainingFailed(
        f"The model learned nothing: it gives every picture of its dev set the label {answer}. Train again with a "
        f"lower lr{milder if isinstance(config.recipe, AdversarialRecipe) else ''}."
    )


def _single_answer(model: nn.Module, dev: dict[str, LabelledImages], correct: int) -> int | None:
    """The label that the model gives every dev picture; None when it gives several, or when the dev set is too small,
    or of one label only, to conclude anything from that."""
    labels = np.concatenate([np.zeros(0, np.int64), *(labels for _, labels in dev.values())])
    if len(labels) < ENOUGH_TO_JUDGE or (labels == labels[0]).all():
        return None
    # A model with one answer is right as often as that label occurs. Any other number needs no second measuring.
    if correct not in np.bincount(labels):
        return None
    answers = [probabilities(model, images).argmax(axis=1) for images, _ in dev.values()]
    given = np.unique(np.concatenate(answers))
    return int(given[0]) if len(given) == 1 else None
