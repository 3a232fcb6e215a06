"""People who check: they say what they see, err where a person would, and some do not care."""

from dataclasses import dataclass

import numpy as np

from crowd.hands import Drawing

CARELESS = 2
"""How many validators of a crowd are careless, when it has more."""
CARELESS_ERRORS = 0.25


@dataclass(frozen=True)
class Eyes:
    """How well somebody reads. Rates are 0 to 1."""

    errors: float = 0.03
    """How often a drawing of `REFERENCE_HARDNESS` is misread; the plainest half as often."""
    unreadable: float = 0.1
    """How often `unreadable` is said of a drawing as hard as can be; of others by the square of their hardness."""


REFERENCE_HARDNESS = 0.1
"""That of a plain digit with one thing varied. Drawn in the usual way, 95 in 100 have 0, and the mean is 0.015."""


class Validator:
    """One person who answers blind."""

    def __init__(self, eyes: Eyes, *, seed: int, number: int, is_careless: bool = False) -> None:
        self.eyes, self.seed, self.number, self.is_careless = eyes, seed, number, is_careless
        self.start(0)

    def start(self, round_number: int) -> None:
        """Begin a round: the answers in it depend on the seed, the validator's number, the round and their order."""
        self.random = np.random.default_rng([self.seed, 3, self.number, round_number])

    def answer(self, drawing: Drawing) -> str:
        """`0` to `9`, or `unreadable`."""
        if drawing.truth is None:
            return self._of_a_scrawl()
        if self.random.random() < self.eyes.unreadable * drawing.hardness**2:
            return "unreadable"
        if self.random.random() < self.error_rate(drawing):
            return str(self.random.choice(10, p=self._mistakes(drawing)))
        return str(drawing.truth)

    def error_rate(self, drawing: Drawing) -> float:
        """How likely this drawing is misread, 0 to 0.9: half of `errors` on the plainest, more on harder ones."""
        usual = self.eyes.errors * 0.5 * (1 + drawing.hardness / REFERENCE_HARDNESS)
        return min(0.9, max(usual, CARELESS_ERRORS if self.is_careless else 0.0))

    def _mistakes(self, drawing: Drawing) -> np.ndarray:
        """float [10], sum 1: what it is taken for. Who does not look presses anything."""
        if not self.is_careless:
            return drawing.mistaken_for
        anything = np.full(10, 1 / 9)
        anything[drawing.truth] = 0
        return anything

    def _of_a_scrawl(self) -> str:
        sees_a_digit = CARELESS_ERRORS * 2 if self.is_careless else CARELESS_ERRORS / 2
        return str(self.random.integers(10)) if self.random.random() < sees_a_digit else "unreadable"
