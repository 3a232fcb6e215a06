"""A whole crowd: annotators, validators, and writers who are held out to measure models on."""

from dataclasses import dataclass

import numpy as np

from crowd.annotators import Habits, SimulatedAnnotator
from crowd.drawings import MODEL_SIZE, SimulatedDrawing, draw_digit
from crowd.handwriting import Handwriting
from crowd.validators import CARELESS, ReadingErrors, SimulatedValidator
from crowd.writers import CrowdError, Writer, make_writers


@dataclass(frozen=True)
class Crowd:
    """People who share no trajectory."""

    handwriting: Handwriting
    annotators: list[SimulatedAnnotator]
    validators: list[SimulatedValidator]
    held_out: list[Writer]
    """Writers who are no annotators: to measure on, never to collect from."""

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
    reading_errors: ReadingErrors | None = None,
    careless: int | None = None,
) -> Crowd:
    """A crowd that is decided by its seed.

    Args:
        held_out: the number of writers to hold out; by default a quarter of the annotators, at least one.
        by_shape: whether the trajectories of a writer are similar, see `make_writers`.
        habits: how annotators behave.
        reading_errors: how well validators read.
        careless: how many of the validators, the first ones, are careless; by default `CARELESS` of them, or none if
            there are no more than that.

    Raises:
        CrowdError: `careless` is not 0 to `validators`, or there are too few trajectories for so many writers.
    """
    if held_out is None:
        held_out = max(1, annotators // 4)
    careless = _checked_careless(careless, validators)
    writers = make_writers(handwriting, annotators + held_out, seed=seed, by_shape=by_shape)
    return Crowd(
        handwriting,
        [
            SimulatedAnnotator(handwriting, writer, habits or Habits(), seed=seed, number=number)
            for number, writer in enumerate(writers[:annotators])
        ],
        [
            SimulatedValidator(
                reading_errors or ReadingErrors(), seed=seed, number=number, is_careless=number < careless
            )
            for number in range(validators)
        ],
        held_out=writers[annotators:],
    )


def _checked_careless(careless: int | None, validators: int) -> int:
    if careless is None:
        return CARELESS if validators > CARELESS else 0
    if not 0 <= careless <= validators:
        raise CrowdError(f"{careless} of {validators} validators can't be careless: choose 0 to {validators}.")
    return careless


def held_out_drawings(crowd: Crowd, *, seed: int = 0) -> list[SimulatedDrawing]:
    """Each trajectory of the held-out writers drawn once, in their usual style; ordered by writer, then by label."""
    random = np.random.default_rng([seed, 4])
    return [
        draw_digit(crowd.handwriting, int(trajectory), writer.usual_style(random), claimed=label)
        for writer in crowd.held_out
        for label, trajectories in enumerate(writer.trajectory_ids)
        for trajectory in trajectories
    ]


def as_arrays(drawings: list[SimulatedDrawing]) -> tuple[np.ndarray, np.ndarray]:
    """What a model reads, uint8 [n, 28, 28], bright ink on black; and the claimed labels, int64 [n], 0 to 9."""
    images = np.zeros((len(drawings), MODEL_SIZE, MODEL_SIZE), dtype=np.uint8)
    for image, drawing in zip(images, drawings, strict=True):
        image[:] = drawing.to_28x28()
    return images, np.array([drawing.claimed for drawing in drawings], dtype=np.int64)
