"""Simulated validators: they answer what a drawing shows, misread some as people do, and a few of them are careless."""

from dataclasses import dataclass

import numpy as np

from crowd.drawings import SimulatedDrawing
from rounds.rules import UNREADABLE

CARELESS = 2
"""How many validators of a crowd are careless, if it has more than that."""
CARELESS_ERRORS = 0.25
"""How often a careless validator misreads a drawing, at least."""
REFERENCE_HARDNESS = 0.1
"""The hardness of a plain digit with one variation. Without variations 95 % of digits have 0, and the mean is 0.015."""


@dataclass(frozen=True)
class ReadingErrors:
    """How often validators misread a drawing. Rates are 0 to 1."""

    errors: float = 0.03
    """How often a drawing of `REFERENCE_HARDNESS` is misread; one of hardness 0 half as often."""
    unreadable: float = 0.1
    """How often a drawing of hardness 1 is called unreadable; others in proportion to the square of their hardness."""


class SimulatedValidator:
    """Answers by what a drawing really shows; like the site's validators, they don't know what it claims to show."""

    def __init__(self, reading_errors: ReadingErrors, *, seed: int, number: int, is_careless: bool = False) -> None:
        self.reading_errors, self.seed, self.number, self.is_careless = reading_errors, seed, number, is_careless
        self.start_round(0)

    def start_round(self, round_number: int) -> None:
        """Restarts their random generator from the seed, their number and the round."""
        self.random = np.random.default_rng([self.seed, 3, self.number, round_number])

    def answer(self, drawing: SimulatedDrawing) -> str:
        """`0` to `9`, or `unreadable`."""
        if drawing.truth is None:
            return self._answer_to_scrawl()
        if self.random.random() < self.reading_errors.unreadable * drawing.hardness**2:
            return UNREADABLE
        if self.random.random() < self.error_rate(drawing):
            return str(self.random.choice(10, p=self._wrong_labels(drawing)))
        return str(drawing.truth)

    def error_rate(self, drawing: SimulatedDrawing) -> float:
        """The probability that this drawing is misread, 0 to 0.9; it grows linearly with the hardness."""
        usual = self.reading_errors.errors * 0.5 * (1 + drawing.hardness / REFERENCE_HARDNESS)
        return min(0.9, max(usual, CARELESS_ERRORS if self.is_careless else 0.0))

    def _wrong_labels(self, drawing: SimulatedDrawing) -> np.ndarray:
        """float [10], sum 1: how likely each label is given by mistake. The careless choose any label."""
        if not self.is_careless:
            return drawing.mistaken_for
        uniform = np.full(10, 1 / 9)
        uniform[drawing.truth] = 0
        return uniform

    def _answer_to_scrawl(self) -> str:
        reads_a_digit = CARELESS_ERRORS * 2 if self.is_careless else CARELESS_ERRORS / 2
        return str(self.random.integers(10)) if self.random.random() < reads_a_digit else UNREADABLE
