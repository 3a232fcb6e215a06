"""Simulated annotators: they draw what the prompt says, mostly, and vary it until the model is fooled."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from crowd.drawings import SimulatedDrawing, draw_digit, draw_scrawl
from crowd.handwriting import Handwriting
from crowd.styles import VARIATIONS
from crowd.writers import Writer

DECAY = 0.9
"""Older trials of a choice are multiplied by this at each new one: models change, and people notice."""
TRIES_WITH_ONE_VARIATION = 3
"""After these, each try has two variations."""


@dataclass(frozen=True)
class Habits:
    """How annotators behave. Rates are per drawing, 0 to 1."""

    patience: int = 12
    """Tries for one prompt before they give up."""
    wrong_digit: float = 0.01
    """How often another digit is drawn than the prompt says; at most 1 - `scrawl`."""
    scrawl: float = 0.005
    """How often the drawing is no digit at all."""
    adapts: bool = True
    """Whether they prefer what fooled the model before; otherwise every choice is always equally likely."""


@dataclass
class Memory:
    """How often each choice (a trajectory or a variation) fooled the model; older trials count less."""

    trials: dict[str, list[float]] = field(default_factory=lambda: defaultdict(lambda: [0.0, 0.0]))
    """Name of a choice → [fooled, tried]."""

    def probabilities(self, choices: Sequence[str]) -> np.ndarray:
        """How likely each choice is made next, float [choices], sum 1: in proportion to how often it fooled the model.

        Every choice begins with one success in three trials, so that what was never tried is tried, too.
        """
        counts = np.array([self.trials.get(choice, (0.0, 0.0)) for choice in choices])
        weights = (counts[:, 0] + 1) / (counts[:, 1] + 3)
        return weights / weights.sum()

    def record(self, choice: str, *, fooled: bool) -> None:
        before = self.trials[choice]
        self.trials[choice] = [DECAY * before[0] + fooled, DECAY * before[1] + 1]

    def to_json(self) -> dict[str, list[float]]:
        return dict(self.trials)

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> "Memory":
        memory = cls()
        memory.trials.update({choice: list(counts) for choice, counts in value.items()})
        return memory


class SimulatedAnnotator:
    """For each prompt: `start_prompt`, then `draw` and `record_verdict` until the model is fooled or `gives_up`."""

    def __init__(self, handwriting: Handwriting, writer: Writer, habits: Habits, *, seed: int, number: int) -> None:
        self.handwriting, self.writer, self.habits = handwriting, writer, habits
        self.seed, self.number = seed, number
        self.memory = Memory()
        self.start_round(0)

    def start_round(self, round_number: int) -> None:
        """Restarts their random generator from the seed, their number and the round; the memory stays."""
        self.random = np.random.default_rng([self.seed, 2, self.number, round_number])
        self.label, self.tries = 0, 0

    def start_prompt(self, label: int | str) -> None:
        self.label, self.tries = int(label), 0

    @property
    def gives_up(self) -> bool:
        """Whether they have no patience left for this prompt."""
        return self.tries >= self.habits.patience

    def draw(self) -> SimulatedDrawing:
        """The next try for the prompt. The first is in their usual way, later ones have one or two variations."""
        chance = self.random.random()
        if chance < self.habits.scrawl:
            return draw_scrawl(self.random, self.writer.style.pen_width, claimed=self.label)
        if chance < self.habits.scrawl + self.habits.wrong_digit:
            others = [label for label in range(10) if label != self.label]
            return self._draw_digit(int(self.random.choice(others)))
        return self._draw_digit(self.label)

    def record_verdict(self, drawing: SimulatedDrawing, *, fooled: bool) -> None:
        """Counts the try, and learns from the site's verdict which trajectories and variations fool the model."""
        self.tries += 1
        if self.habits.adapts and drawing.is_right:
            for choice in (_choice(drawing.trajectory), *drawing.variations):
                self.memory.record(choice, fooled=fooled)

    def _draw_digit(self, truth: int) -> SimulatedDrawing:
        ids = self.writer.trajectory_ids[truth]
        trajectory = int(self.random.choice(ids, p=self.memory.probabilities([_choice(one) for one in ids])))
        variations = self._choose_variations()
        style = self.writer.usual_style(self.random)
        for name in variations:
            style = VARIATIONS[name](style, self.random)
        return draw_digit(self.handwriting, trajectory, style, claimed=self.label, variations=variations)

    def _choose_variations(self) -> tuple[str, ...]:
        if not self.tries:
            return ()
        names = list(VARIATIONS)
        count = 1 if self.tries <= TRIES_WITH_ONE_VARIATION else 2
        chosen = self.random.choice(len(names), count, replace=False, p=self.memory.probabilities(names))
        return tuple(names[index] for index in sorted(chosen))


def _choice(trajectory: int) -> str:
    """A trajectory's name in `Memory`."""
    return f"trajectory {trajectory}"
