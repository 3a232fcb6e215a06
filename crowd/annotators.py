"""People who draw: what they are asked for, mostly, and each time a little differently until the model is fooled."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from crowd.hands import CANVAS, VARIATIONS, Drawing, Hand, Style, digit_strokes, ink, smooth
from crowd.handwriting import Handwriting

FORGETTING = 0.9
"""What is left of an arm's old trials when it is tried once more: models change, and people notice."""


@dataclass(frozen=True)
class Habits:
    """How people behave. Rates are per drawing, 0 to 1."""

    patience: int = 12
    """Tries for one prompt before they give up."""
    wrong_digit: float = 0.01
    """How often another digit is drawn than was asked for; at most what scrawls leave."""
    scrawl: float = 0.005
    """How often it is no digit at all."""
    adapts: bool = True
    """Whether they come back to what fooled the model before; else every try is as likely as any other."""


@dataclass
class Memory:
    """How often each thing was tried and fooled the model, counted so that old trials fade."""

    trials: dict[str, list[float]] = field(default_factory=lambda: defaultdict(lambda: [0.0, 0.0]))
    """Name of an arm → [fooled, tried]."""

    def promise(self, arms: Sequence[str]) -> np.ndarray:
        """How likely each arm is to be tried, float [arms], sum 1: as often as it fooled, with one success in three
        trials taken for granted, so that what was never tried stays worth a try."""
        counts = np.array([self.trials.get(arm, (0.0, 0.0)) for arm in arms])
        weights = (counts[:, 0] + 1) / (counts[:, 1] + 3)
        return weights / weights.sum()

    def note(self, arm: str, *, fooled: bool) -> None:
        before = self.trials[arm]
        self.trials[arm] = [FORGETTING * before[0] + fooled, FORGETTING * before[1] + 1]

    def to_json(self) -> dict[str, list[float]]:
        return dict(self.trials)

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> "Memory":
        memory = cls()
        memory.trials.update({arm: list(counts) for arm, counts in value.items()})
        return memory


class Annotator:
    """One person at the canvas: `take` a prompt, `draw` and be `told`, until the model is fooled or it `gives_up`."""

    def __init__(self, handwriting: Handwriting, hand: Hand, habits: Habits, *, seed: int, number: int) -> None:
        self.handwriting, self.hand, self.habits = handwriting, hand, habits
        self.seed, self.number = seed, number
        self.memory = Memory()
        self.start(0)

    def start(self, round_number: int) -> None:
        """Begin a round: what they do in it depends on the seed, their number, the round and their memory."""
        self.random = np.random.default_rng([self.seed, 2, self.number, round_number])
        self.label, self.tries = 0, 0

    def take(self, label: int | str) -> None:
        """Read a prompt."""
        self.label, self.tries = int(label), 0

    @property
    def gives_up(self) -> bool:
        return self.tries >= self.habits.patience

    def draw(self) -> Drawing:
        """The first try for a prompt in their usual way, later ones with one or two things varied."""
        what = self.random.random()
        if what < self.habits.scrawl:
            return self._scrawl()
        others = [label for label in range(10) if label != self.label]
        is_wrong = what < self.habits.scrawl + self.habits.wrong_digit
        return self._digit(int(self.random.choice(others)) if is_wrong else self.label)

    def told(self, drawing: Drawing, *, fooled: bool) -> None:
        """Learn from the site's verdict which trajectories and which variations are worth coming back to."""
        self.tries += 1
        if self.habits.adapts and drawing.is_right:
            self.memory.note(_arm(drawing.trajectory), fooled=fooled)
            for name in drawing.variations:
                self.memory.note(name, fooled=fooled)

    def _digit(self, truth: int) -> Drawing:
        members = self.hand.members[truth]
        trajectory = int(self.random.choice(members, p=self.memory.promise([_arm(member) for member in members])))
        names = self._variations()
        style = self.hand.usual(self.random)
        for name in names:
            style = VARIATIONS[name](style, self.random)
        return digit(self.handwriting, trajectory, style, claimed=self.label, variations=names)

    def _variations(self) -> tuple[str, ...]:
        if not self.tries:
            return ()
        names = list(VARIATIONS)
        how_many = 1 if self.tries < 4 else 2
        chosen = self.random.choice(len(names), how_many, replace=False, p=self.memory.promise(names))
        return tuple(names[number] for number in sorted(chosen))

    def _scrawl(self) -> Drawing:
        points = self.random.uniform(0.1 * CANVAS, 0.9 * CANVAS, (int(self.random.integers(3, 9)), 2))
        return Drawing(
            pixels=ink([smooth(points)], self.hand.style.pen),
            claimed=self.label,
            truth=None,
            trajectory=-1,
            variations=(),
            hardness=1.0,
            mistaken_for=np.full(10, 0.1),
        )


def digit(
    handwriting: Handwriting, trajectory: int, style: Style, *, claimed: int, variations: tuple[str, ...] = ()
) -> Drawing:
    """One of the handwriting's digits in a style, with how hard it is for people: the more, the more it resembles
    other digits and the more was varied."""
    truth = int(handwriting.labels[trajectory])
    resembles = handwriting.looks_like[trajectory].astype(float)
    doubt = 1 - resembles[truth]
    # The digit's own look-alikes first, then those of its label, then any.
    mistaken_for = resembles + 0.1 * handwriting.confusable[truth] + 0.001
    mistaken_for[truth] = 0
    return Drawing(
        pixels=ink(digit_strokes(handwriting.trajectories[trajectory], truth, style), style.pen),
        claimed=claimed,
        truth=truth,
        trajectory=trajectory,
        variations=variations,
        hardness=min(1.0, doubt + 0.1 * len(variations)),
        mistaken_for=mistaken_for / mistaken_for.sum(),
    )


def _arm(trajectory: int) -> str:
    return f"trajectory {trajectory}"
