"""A whole crowd at once: who draws, who checks, and whose hands nobody collects from."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from crowd.annotators import Annotator, Habits, digit
from crowd.hands import CrowdError, Drawing, Hand, make_hands
from crowd.handwriting import Handwriting
from crowd.validators import CARELESS, Eyes, Validator


@dataclass(frozen=True)
class Crowd:
    """People with disjoint hands."""

    handwriting: Handwriting
    annotators: list[Annotator]
    validators: list[Validator]
    held_out: list[Hand]
    """Hands that no annotator has: to measure on, never to collect from."""

    def start(self, round_number: int) -> None:
        """Everybody begins a round."""
        for annotator in self.annotators:
            annotator.start(round_number)
        for validator in self.validators:
            validator.start(round_number)


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
    """So many people, decided by the seed.

    Args:
        held_out: how many hands to keep for measuring; None for a quarter of the annotators, at least one.
        by_shape: whether a hand's trajectories are similar (see `make_hands`).
        habits: how annotators behave.
        eyes: how well validators read.
        careless: how many of the validators are, 0 to all of them, the first ones; None for two when there are more,
            else for none.

    Raises:
        CrowdError: there are fewer validators than careless ones, or `make_hands` can't make so many hands.
    """
    first_careful = _how_many_careless(careless, validators)
    kept = max(1, annotators // 4) if held_out is None else held_out
    hands = make_hands(handwriting, annotators + kept, seed=seed, by_shape=by_shape)
    return Crowd(
        handwriting=handwriting,
        annotators=[
            Annotator(handwriting, hand, habits or Habits(), seed=seed, number=number)
            for number, hand in enumerate(hands[:annotators])
        ],
        validators=[
            Validator(eyes or Eyes(), seed=seed, number=number, is_careless=number < first_careful)
            for number in range(validators)
        ],
        held_out=hands[annotators:],
    )


def _how_many_careless(asked: int | None, validators: int) -> int:
    if asked is None:
        return CARELESS if validators > CARELESS else 0
    if not 0 <= asked <= validators:
        raise CrowdError(f"{asked} of {validators} validators can't be careless: give a number from 0 to {validators}.")
    return asked


class HeldOut(NamedTuple):
    """What writers drew whom nobody collects from."""

    images: np.ndarray
    """uint8 [n, 28, 28], bright ink on black."""
    labels: np.ndarray
    """int64 [n]"""


def held_out_drawings(crowd: Crowd, *, seed: int = 0) -> list[Drawing]:
    """Each trajectory of the held-out hands drawn once, in the hand's usual way."""
    random = np.random.default_rng([seed, 4])
    return [
        digit(crowd.handwriting, int(trajectory), hand.usual(random), claimed=label)
        for hand in crowd.held_out
        for label, members in enumerate(hand.members)
        for trajectory in members
    ]


def as_arrays(drawings: list[Drawing]) -> HeldOut:
    """Drawings as a network reads them, with the labels that they claim."""
    images = np.stack([drawing.small() for drawing in drawings]) if drawings else np.zeros((0, 28, 28), np.uint8)
    return HeldOut(images, np.array([drawing.claimed for drawing in drawings], dtype=np.int64))
