"""A whole crowd: annotators, validators, and hands that are held out to measure models on."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from crowd.annotators import Habits, SimulatedAnnotator
from crowd.drawings import MODEL_SIZE, SimulatedDrawing, draw_digit
from crowd.hands import CrowdError, Hand, make_hands
from crowd.handwriting import Handwriting
from crowd.validators import CARELESS, Eyes, SimulatedValidator


@dataclass(frozen=True)
class Crowd:
    """People whose hands share no trajectory."""

    handwriting: Handwriting
    annotators: list[SimulatedAnnotator]
    validators: list[SimulatedValidator]
    held_out: list[Hand]
    """Hands that no annotator has: to measure on, never to collect from."""

    def start_round(self, round_number: int) -> None:
        for annotator in self.annotators:
            annotator.start_round(round_number)
        for validator in self.validators:
            validator.start_round(round_number)


def make_crowd(
    handwriting: Handwriting,
    *,
    annotators: int = 40,
    validators: int = 10,
    held_out: int | None = None,
    seed: int = 0,
    by_shape: bool = True,
    habits: Habits | None = None,
    eyes: Eyes | None = None,
    careless: int | None = None,
) -> Crowd:
    """A crowd that is decided by its seed.

    Args:
        held_out: the number of hands to hold out; by default a quarter of the annotators, at least one.
        by_shape: whether the trajectories of a hand are similar, see `make_hands`.
        habits: how annotators behave.
        eyes: how well validators read.
        careless: how many of the validators, the first ones, are careless; by default `CARELESS` of them, or none if
            there are no more than that.

    Raises:
        CrowdError: `careless` is not 0 to `validators`, or there are too few trajectories for so many hands.
    """
    if held_out is None:
        held_out = max(1, annotators // 4)
    careless = _checked_careless(careless, validators)
    hands = make_hands(handwriting, annotators + held_out, seed=seed, by_shape=by_shape)
    return Crowd(
        handwriting,
        [
            SimulatedAnnotator(handwriting, hand, habits or Habits(), seed=seed, number=number)
            for number, hand in enumerate(hands[:annotators])
        ],
        [
            SimulatedValidator(eyes or Eyes(), seed=seed, number=number, is_careless=number < careless)
            for number in range(validators)
        ],
        held_out=hands[annotators:],
    )


def _checked_careless(careless: int | None, validators: int) -> int:
    if careless is None:
        return CARELESS if validators > CARELESS else 0
    if not 0 <= careless <= validators:
        raise CrowdError(f"{careless} of {validators} validators can't be careless: choose 0 to {validators}.")
    return careless


def held_out_drawings(crowd: Crowd, *, seed: int = 0) -> list[SimulatedDrawing]:
    """Each trajectory of the held-out hands drawn once, in the hand's usual style; ordered by hand, then by label."""
    random = np.random.default_rng([seed, 4])
    return [
        draw_digit(crowd.handwriting, int(trajectory), hand.usual_style(random), claimed=label)
        for hand in crowd.held_out
        for label, trajectories in enumerate(hand.trajectory_ids)
        for trajectory in trajectories
    ]


class LabelledImages(NamedTuple):
    """Drawings as a model reads them."""

    images: np.ndarray
    """uint8 [n, 28, 28], bright ink on black."""
    labels: np.ndarray
    """int64 [n], 0 to 9: the claimed labels."""


def as_arrays(drawings: list[SimulatedDrawing]) -> LabelledImages:
    images = np.zeros((len(drawings), MODEL_SIZE, MODEL_SIZE), dtype=np.uint8)
    for image, drawing in zip(images, drawings, strict=True):
        image[:] = drawing.to_28x28()
    return LabelledImages(images, np.array([drawing.claimed for drawing in drawings], dtype=np.int64))
