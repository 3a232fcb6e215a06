"""Hands: whose trajectories, and how they come onto the canvas, dark ink on white paper as the site sends it."""

import io
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from PIL import Image, ImageDraw

from crowd.handwriting import POINTS, Handwriting
from models_zoo.data.images import PAPER

CANVAS = 280
SMALL = 28
CURVE_POINTS = 7
"""Points drawn between two of the pen's."""
SMALLEST, LARGEST = 70.0, 250.0
"""How high a digit may be, in pixels of the canvas."""
MARGIN = 4.0
"""Paper that stays free around a drawing, in pixels."""
CLIMB = 8.0
"""A way that rises by so much, of 100, in a stroke that goes down, is the pen's way through the air."""
FIRST_CLIMB = {4: 2, 5: 3, 7: 3}
"""Digits that are often made of two strokes, and the first way that may lie between them."""


class CrowdError(ValueError):
    """No such people can be made of the handwriting. The message says what to ask for."""


@dataclass(frozen=True)
class Style:
    """How one digit is put onto the canvas."""

    x: float = CANVAS / 2
    """Middle of the digit, in pixels from the left; moved inwards where it would leave the canvas."""
    y: float = CANVAS / 2
    """The same from the top."""
    size: float = 160.0
    """Height in pixels."""
    stretch: float = 0.7
    """Width by height."""
    slant: float = 0.0
    """Pixels to the right for each pixel upwards."""
    turn: float = 0.0
    """Degrees against the clock."""
    pen: float = 18.0
    """Width of the line in pixels; the site's own pen has 18."""
    gap: tuple[float, float] = (0.0, 0.0)
    """Where the stroke is broken: from one share of its way to another, 0 to 1."""


@dataclass(frozen=True)
class Drawing:
    """A drawing, and what only the simulation knows about it."""

    pixels: np.ndarray
    """uint8 [280, 280], 0 (ink) to 255 (paper)."""
    claimed: int
    truth: int | None
    """The label that was drawn; None for a scrawl."""
    trajectory: int
    """Which of the handwriting's; -1 for a scrawl."""
    variations: tuple[str, ...]
    """Names in `VARIATIONS`; none for a hand's usual way."""
    hardness: float
    """How hard people find it to read, 0 to 1."""
    mistaken_for: np.ndarray
    """float [10]: what those who misread it take it for, as shares; 0 at its truth."""

    @property
    def is_right(self) -> bool:
        """Whether it is what it claims to be."""
        return self.truth == self.claimed

    def png(self) -> bytes:
        """As the site's canvas exports it."""
        out = io.BytesIO()
        Image.fromarray(self.pixels).save(out, format="PNG")
        return out.getvalue()

    def small(self) -> np.ndarray:
        """uint8 [28, 28], bright ink on black: what `models_zoo.data.images` makes of `png()`, without the detour."""
        return PAPER - np.asarray(Image.fromarray(self.pixels).resize((SMALL, SMALL), Image.Resampling.BOX))


@dataclass(frozen=True)
class Hand:
    """One person's writing: some trajectories of each digit and a way to put them onto the canvas."""

    members: tuple[np.ndarray, ...]
    """For each label the numbers of its trajectories, int64 [any]."""
    style: Style
    """What this hand's usual drawings scatter around."""

    def usual(self, random: np.random.Generator) -> Style:
        """The style of one drawing, with the scatter of a hand that draws the same twice."""
        style = self.style
        return replace(
            style,
            x=style.x + random.normal(0, 14),
            y=style.y + random.normal(0, 14),
            size=style.size * float(np.exp(random.normal(0, 0.12))),
            stretch=style.stretch * float(np.exp(random.normal(0, 0.1))),
            slant=style.slant + random.normal(0, 0.06),
            turn=random.normal(0, 4),
        )


def make_hands(handwriting: Handwriting, count: int, *, seed: int, by_shape: bool = True) -> list[Hand]:
    """Disjoint hands that together have every trajectory.

    Args:
        count: how many, 1 to the number of trajectories of the rarest label; each gets an equal part of each label's
            trajectories, rounded.
        by_shape: each part holds similar shapes, as one person's digits are alike; else it is any.

    Raises:
        CrowdError: so many can't each have a trajectory of every label.
    """
    most = int(np.bincount(handwriting.labels, minlength=10).min())
    if not 1 <= count <= most:
        raise CrowdError(
            f"{count} hands were asked for, and each needs its own trajectory of every label: ask for 1 to {most}, "
            "the annotators' and those held out together."
        )
    random = np.random.default_rng([seed, 1])
    parts = []
    for label in range(10):
        of_label = random.permutation(np.flatnonzero(handwriting.labels == label))
        shapes = handwriting.trajectories[of_label].reshape(len(of_label), -1)
        split = similar_parts(shapes, count) if by_shape else np.array_split(np.arange(len(of_label)), count)
        # Which ways to write a 3 and a 7 go together is not known: any do.
        parts.append([np.sort(of_label[split[part]]) for part in random.permutation(count)])
    return [Hand(tuple(part[number] for part in parts), _usual_style(random)) for number in range(count)]


def similar_parts(points: np.ndarray, count: int) -> list[np.ndarray]:
    """Cut float [n, d] into `count` parts of similar points and equal sizes, each the numbers of its rows.

    Halves along the direction of most variance, again and again (principal direction divisive partitioning, Boley
    1998, Data Mining and Knowledge Discovery 2:325), at the middle instead of the mean so that sizes stay equal.
    """

    def cut(rows: np.ndarray, count: int) -> list[np.ndarray]:
        if count == 1:
            return [rows]
        centred = points[rows] - points[rows].mean(axis=0)
        direction = np.linalg.eigh(centred.T @ centred)[1][:, -1]
        ordered = rows[np.argsort(centred @ direction, kind="stable")]
        middle = round(len(rows) * (count // 2) / count)
        return [*cut(ordered[:middle], count // 2), *cut(ordered[middle:], count - count // 2)]

    return cut(np.arange(len(points)), count)


def _usual_style(random: np.random.Generator) -> Style:
    return Style(
        x=CANVAS / 2 + random.normal(0, 20),
        y=CANVAS / 2 + random.normal(0, 20),
        size=float(np.clip(random.normal(155, 30), 90, 220)),
        stretch=float(np.clip(random.normal(0.7, 0.1), 0.5, 1.0)),
        slant=random.normal(0, 0.12),
        pen=float(np.clip(random.normal(18, 3), 11, 26)),
    )


# --- Variations ---------------------------------------------------------------------------------------------------


def _place(style: Style, random: np.random.Generator) -> Style:
    return replace(style, x=random.uniform(0, CANVAS), y=random.uniform(0, CANVAS))


def _size(style: Style, random: np.random.Generator) -> Style:
    return replace(style, size=style.size * random.choice([random.uniform(0.45, 0.75), random.uniform(1.25, 1.6)]))


def _slant(style: Style, random: np.random.Generator) -> Style:
    return replace(style, slant=style.slant + random.uniform(-0.5, 0.5), turn=style.turn + random.uniform(-15, 15))


def _width(style: Style, random: np.random.Generator) -> Style:
    return replace(style, pen=float(np.clip(style.pen * random.choice([0.5, 0.65, 1.5, 1.8]), 7, 34)))


def _stretch(style: Style, random: np.random.Generator) -> Style:
    return replace(style, stretch=style.stretch * random.choice([random.uniform(0.5, 0.75), random.uniform(1.3, 1.8)]))


def _broken(style: Style, random: np.random.Generator) -> Style:
    start = random.uniform(0.15, 0.75)
    return replace(style, gap=(start, start + random.uniform(0.06, 0.14)))


VARIATIONS = {
    "place": _place,
    "size": _size,
    "slant": _slant,
    "width": _width,
    "stretch": _stretch,
    "broken": _broken,
}
"""What people change when they were not believed, by name: (style, random) -> style."""


# --- Ink ----------------------------------------------------------------------------------------------------------


def ink(strokes: Sequence[np.ndarray], pen: float) -> np.ndarray:
    """Strokes, float [any, 2] in pixels of the canvas, as uint8 [280, 280] dark on white."""
    sheet = Image.new("L", (CANVAS, CANVAS), PAPER)
    paint, half = ImageDraw.Draw(sheet), pen / 2
    for stroke in strokes:
        points = [tuple(point) for point in stroke.tolist()]
        paint.line(points, fill=0, width=round(pen))
        for x, y in points:
            paint.ellipse((x - half, y - half, x + half, y + half), fill=0)
    return np.asarray(sheet)


def digit_strokes(trajectory: np.ndarray, label: int, style: Style) -> list[np.ndarray]:
    """A trajectory, float [8, 2], as smooth strokes on the canvas, cut where the pen was in the air or gives out."""
    curve = smooth(trajectory)
    down = np.repeat(pen_down(trajectory, label), CURVE_POINTS)
    way = np.arange(len(down)) / len(down)
    down &= ~((way >= style.gap[0]) & (way < style.gap[1]))
    return _runs(_on_canvas(curve, style), down)


def smooth(points: np.ndarray) -> np.ndarray:
    """A Catmull-Rom spline (Catmull and Rom 1974) through float [n, 2], ends doubled: [(n - 1) * 7 + 1, 2]."""
    padded = np.concatenate([points[:1], points, points[-1:]])
    p0, p1, p2, p3 = padded[:-3, None], padded[1:-2, None], padded[2:-1, None], padded[3:, None]
    t = (np.arange(CURVE_POINTS) / CURVE_POINTS)[None, :, None]
    curve = 0.5 * (2 * p1 + (p2 - p0) * t + (2 * p0 - 5 * p1 + 4 * p2 - p3) * t**2 + (3 * (p1 - p2) + p3 - p0) * t**3)
    return np.concatenate([curve.reshape(-1, 2), points[-1:]])


def pen_down(trajectory: np.ndarray, label: int) -> np.ndarray:
    """bool [7]: which of the ways between the points left ink.

    The data joins a digit's strokes and does not say where the pen was lifted. In a 4, a 5 or a 7 of two strokes the
    pen climbs to where the second begins, and from there on it draws to the end; a 7's second stroke is a bar, which
    begins as far from its own end as it can. Nobody who reads the digit would think of those ways as drawn.
    """
    steps = np.diff(trajectory, axis=0)
    down = np.ones(len(steps), dtype=bool)
    if label not in FIRST_CLIMB:
        return down
    # To the left only a steep way counts: the tail of a 5 curls up there.
    climbs = steps[:, 1] > np.maximum(CLIMB, np.maximum(steps[:, 0] / 2, -steps[:, 0]))
    down[FIRST_CLIMB[label] : -1] = ~climbs[FIRST_CLIMB[label] : -1]
    lowest = int(trajectory[:, 1].argmin())
    if label == 7 and lowest < POINTS - 2:
        x = trajectory[lowest + 1 :, 0]
        down[lowest : lowest + 1 + int(np.abs(x[:-1] - x[-1]).argmax())] = False
    return down


def _on_canvas(points: np.ndarray, style: Style) -> np.ndarray:
    """Points in 0 to 100, y upwards, to pixels, y downwards, all of it and the pen inside the canvas."""
    size = float(np.clip(style.size, SMALLEST, LARGEST))
    x = (points[:, 0] / 100 - 0.5) * size * style.stretch
    y = (0.5 - points[:, 1] / 100) * size
    x = x - style.slant * y
    angle = np.deg2rad(style.turn)
    x, y = x * np.cos(angle) + y * np.sin(angle), y * np.cos(angle) - x * np.sin(angle)
    placed = np.stack([x, y], axis=1)
    placed -= (placed.min(axis=0) + placed.max(axis=0)) / 2
    room = CANVAS - 2 * MARGIN - style.pen
    placed *= min(1.0, room / float(np.ptp(placed, axis=0).max()))
    half = np.ptp(placed, axis=0) / 2 + style.pen / 2 + MARGIN
    return placed + np.clip([style.x, style.y], half, CANVAS - half)


def _runs(points: np.ndarray, down: np.ndarray) -> list[np.ndarray]:
    """The strokes: points [n, 2] cut where `down` [n - 1] says that the way to the next point left no ink."""
    strokes, start = [], 0
    for end in [*np.flatnonzero(~down).tolist(), len(down)]:
        if end > start:
            strokes.append(points[start : end + 1])
        start = end + 1
    return strokes
