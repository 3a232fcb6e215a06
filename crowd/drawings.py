"""One simulated drawing: its pixels, and what only the simulation knows about it."""

import io
from dataclasses import dataclass

import numpy as np
from PIL import Image

from crowd.handwriting import Handwriting
from crowd.rendering import catmull_rom, digit_strokes, render
from crowd.styles import CANVAS, Style
from models_zoo.data.images import PAPER

MODEL_SIZE = 28
"""Width and height in pixels of what a model reads."""


@dataclass(frozen=True)
class SimulatedDrawing:
    """A drawing with its ground truth."""

    pixels: np.ndarray
    """uint8 [280, 280], 0 (ink) to 255 (paper)."""
    claimed: int
    """The label of the prompt, 0 to 9."""
    truth: int | None
    """The label that was really drawn; None for a scrawl, which is no digit."""
    trajectory: int
    """Its index in `Handwriting.trajectories`; -1 for a scrawl."""
    variations: tuple[str, ...]
    """Names in `VARIATIONS`; empty for a drawing in the annotator's usual way."""
    hardness: float
    """How hard people find it to read, 0 to 1."""
    mistaken_for: np.ndarray
    """float [10], sum 1: the labels that people who misread it give; 0 at its truth."""

    @property
    def is_right(self) -> bool:
        """Whether it shows what it claims to show."""
        return self.truth == self.claimed

    def png(self) -> bytes:
        """As the site's canvas exports it."""
        out = io.BytesIO()
        Image.fromarray(self.pixels).save(out, format="PNG")
        return out.getvalue()

    def to_28x28(self) -> np.ndarray:
        """uint8 [28, 28], bright ink on black: what `models_zoo.data.images.to_array` makes of `png()`, but quicker."""
        size = (MODEL_SIZE, MODEL_SIZE)
        return PAPER - np.asarray(Image.fromarray(self.pixels).resize(size, Image.Resampling.BOX))


def draw_digit(
    handwriting: Handwriting, trajectory: int, style: Style, *, claimed: int, variations: tuple[str, ...] = ()
) -> SimulatedDrawing:
    """One trajectory of the handwriting, drawn in a style.

    It is the harder to read, the more its neighbours have other labels and the more was varied.
    """
    truth = int(handwriting.labels[trajectory])
    neighbours = handwriting.neighbour_labels[trajectory].astype(float)
    # The labels of its own neighbours count most, then what its label is often confused with, then any.
    mistaken_for = neighbours + 0.1 * handwriting.label_confusion[truth] + 0.001
    mistaken_for[truth] = 0
    return SimulatedDrawing(
        pixels=render(digit_strokes(handwriting.trajectories[trajectory], truth, style), style.pen_width),
        claimed=claimed,
        truth=truth,
        trajectory=trajectory,
        variations=variations,
        hardness=min(1.0, 1 - neighbours[truth] + 0.1 * len(variations)),
        mistaken_for=mistaken_for / mistaken_for.sum(),
    )


def draw_scrawl(random: np.random.Generator, pen_width: float, *, claimed: int) -> SimulatedDrawing:
    """A random line that is no digit."""
    points = random.uniform(0.1 * CANVAS, 0.9 * CANVAS, (int(random.integers(3, 9)), 2))
    return SimulatedDrawing(
        pixels=render([catmull_rom(points)], pen_width),
        claimed=claimed,
        truth=None,
        trajectory=-1,
        variations=(),
        hardness=1.0,
        mistaken_for=np.full(10, 0.1),
    )
