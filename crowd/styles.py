"""How a digit is put onto the canvas: its style, and the ways in which annotators vary it to fool the model."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

CANVAS = 280
"""Width and height of the site's canvas in pixels."""


@dataclass(frozen=True)
class Style:
    """Position, size and line of one digit on the canvas."""

    x: float = CANVAS / 2
    """Centre of the digit, in pixels from the left; moved inwards where the digit would leave the canvas."""
    y: float = CANVAS / 2
    """The same, from the top."""
    size: float = 160.0
    """Height in pixels."""
    stretch: float = 0.7
    """Width divided by height."""
    slant: float = 0.0
    """Pixels to the right for each pixel upwards."""
    rotation: float = 0.0
    """Degrees counterclockwise."""
    pen_width: float = 18.0
    """Pixels; 18 is the width of the pen on the site's drawing page."""
    gap: tuple[float, float] = (0.0, 0.0)
    """The part of the stroke that is left out: start and end as shares of its length, 0 to 1."""


def random_style(random: np.random.Generator) -> Style:
    """The style around which one person's drawings vary."""
    return Style(
        x=CANVAS / 2 + random.normal(0, 20),
        y=CANVAS / 2 + random.normal(0, 20),
        size=float(np.clip(random.normal(155, 30), 90, 220)),
        stretch=float(np.clip(random.normal(0.7, 0.1), 0.5, 1.0)),
        slant=random.normal(0, 0.12),
        pen_width=float(np.clip(random.normal(18, 3), 11, 26)),
    )


def jittered(style: Style, random: np.random.Generator) -> Style:
    """The style of a single drawing: the given one with random changes, since nobody draws exactly the same twice."""
    return replace(
        style,
        x=style.x + random.normal(0, 14),
        y=style.y + random.normal(0, 14),
        size=style.size * float(np.exp(random.normal(0, 0.12))),
        stretch=style.stretch * float(np.exp(random.normal(0, 0.1))),
        slant=style.slant + random.normal(0, 0.06),
        rotation=random.normal(0, 4),
    )


def _place(style: Style, random: np.random.Generator) -> Style:
    return replace(style, x=random.uniform(0, CANVAS), y=random.uniform(0, CANVAS))


def _size(style: Style, random: np.random.Generator) -> Style:
    return replace(style, size=style.size * random.choice([random.uniform(0.45, 0.75), random.uniform(1.25, 1.6)]))


def _slant(style: Style, random: np.random.Generator) -> Style:
    slant = style.slant + random.uniform(-0.5, 0.5)
    return replace(style, slant=slant, rotation=style.rotation + random.uniform(-15, 15))


def _width(style: Style, random: np.random.Generator) -> Style:
    return replace(style, pen_width=float(np.clip(style.pen_width * random.choice([0.5, 0.65, 1.5, 1.8]), 7, 34)))


def _stretch(style: Style, random: np.random.Generator) -> Style:
    return replace(style, stretch=style.stretch * random.choice([random.uniform(0.5, 0.75), random.uniform(1.3, 1.8)]))


def _broken(style: Style, random: np.random.Generator) -> Style:
    start = random.uniform(0.15, 0.75)
    return replace(style, gap=(start, start + random.uniform(0.06, 0.14)))


VARIATIONS: dict[str, Callable[[Style, np.random.Generator], Style]] = {
    "place": _place,
    "size": _size,
    "slant": _slant,
    "width": _width,
    "stretch": _stretch,
    "broken": _broken,
}
"""What annotators change when a drawing did not fool the model, by name."""
