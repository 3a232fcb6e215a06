"""From a pen trajectory to pixels: dark ink on white paper, as the site's canvas exports it."""

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw

from crowd.handwriting import POINTS
from crowd.styles import CANVAS, Style
from models_zoo.data.images import PAPER

CURVE_POINTS = 7
"""Points of the drawn curve for each step between two points of the trajectory."""
MIN_SIZE, MAX_SIZE = 70.0, 250.0
"""How high a digit may be, in pixels."""
MARGIN = 4.0
"""Pixels of paper that stay free at the edges of the canvas."""
MIN_RISE = 8.0
"""A step that rises by more than this, of 100, where the strokes of a digit go down, was made with the pen lifted."""
FIRST_LIFTED_STEP = {4: 2, 5: 3, 7: 3}
"""Digits that are often written in two strokes → the first step that may lie between the strokes."""


def render(strokes: Sequence[np.ndarray], pen_width: float) -> np.ndarray:
    """Strokes, float [any, 2] in pixels of the canvas, as an image: uint8 [280, 280], 0 (ink) to 255 (paper)."""
    image = Image.new("L", (CANVAS, CANVAS), PAPER)
    draw, radius = ImageDraw.Draw(image), pen_width / 2
    for stroke in strokes:
        points = [tuple(point) for point in stroke.tolist()]
        draw.line(points, fill=0, width=round(pen_width))
        for x, y in points:
            draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=0)
    return np.asarray(image)


def digit_strokes(trajectory: np.ndarray, label: int, style: Style) -> list[np.ndarray]:
    """A trajectory, float [8, 2] in 0…100, as smooth strokes, float [any, 2] in pixels of the canvas.

    The curve is cut where the pen was lifted and where the style has its gap.
    """
    curve = catmull_rom(trajectory)
    has_ink = np.repeat(pen_down(trajectory, label), CURVE_POINTS)
    position = np.arange(len(has_ink)) / len(has_ink)
    has_ink &= ~((position >= style.gap[0]) & (position < style.gap[1]))
    return _cut(_on_canvas(curve, style), has_ink)


def catmull_rom(points: np.ndarray) -> np.ndarray:
    """A Catmull-Rom spline (Catmull and Rom 1974) through float [n, 2], both ends doubled: [(n - 1) * 7 + 1, 2]."""
    padded = np.concatenate([points[:1], points, points[-1:]])
    p0, p1, p2, p3 = padded[:-3, None], padded[1:-2, None], padded[2:-1, None], padded[3:, None]
    t = (np.arange(CURVE_POINTS) / CURVE_POINTS)[None, :, None]
    curve = 0.5 * (2 * p1 + (p2 - p0) * t + (2 * p0 - 5 * p1 + 4 * p2 - p3) * t**2 + (3 * (p1 - p2) + p3 - p0) * t**3)
    return np.concatenate([curve.reshape(-1, 2), points[-1:]])


def pen_down(trajectory: np.ndarray, label: int) -> np.ndarray:
    """bool [7]: which of the steps between the 8 points left ink.

    The data set joins the strokes of a digit and does not record where the pen was lifted. In a 4, a 5 or a 7 of two
    strokes the lifted pen rises to where the second stroke begins, which goes on to the end. The second stroke of a 7
    is its bar: it begins at the point that is horizontally farthest from its end.
    """
    steps = np.diff(trajectory, axis=0)
    down = np.ones(len(steps), dtype=bool)
    if label not in FIRST_LIFTED_STEP:
        return down
    first = FIRST_LIFTED_STEP[label]
    # To the left, only a steep step counts as lifted: the tail of a 5 curls upwards there.
    rises = steps[:, 1] > np.maximum(MIN_RISE, np.maximum(steps[:, 0] / 2, -steps[:, 0]))
    down[first:-1] = ~rises[first:-1]
    lowest = int(trajectory[:, 1].argmin())
    if label == 7 and lowest < POINTS - 2:
        x = trajectory[lowest + 1 :, 0]
        down[lowest : lowest + 1 + int(np.abs(x[:-1] - x[-1]).argmax())] = False
    return down


def _on_canvas(points: np.ndarray, style: Style) -> np.ndarray:
    """Points in 0…100, y upwards, to pixels, y downwards; the whole line stays inside the canvas."""
    size = float(np.clip(style.size, MIN_SIZE, MAX_SIZE))
    x = (points[:, 0] / 100 - 0.5) * size * style.stretch
    y = (0.5 - points[:, 1] / 100) * size
    x = x - style.slant * y
    angle = np.deg2rad(style.rotation)
    x, y = x * np.cos(angle) + y * np.sin(angle), y * np.cos(angle) - x * np.sin(angle)
    placed = np.stack([x, y], axis=1)
    placed -= (placed.min(axis=0) + placed.max(axis=0)) / 2
    room = CANVAS - 2 * MARGIN - style.pen_width
    placed *= min(1.0, room / float(np.ptp(placed, axis=0).max()))
    half = np.ptp(placed, axis=0) / 2 + style.pen_width / 2 + MARGIN
    return placed + np.clip([style.x, style.y], half, CANVAS - half)


def _cut(points: np.ndarray, has_ink: np.ndarray) -> list[np.ndarray]:
    """Points [n, 2] as strokes: cut wherever `has_ink` [n - 1] is False for the step to the next point."""
    strokes, start = [], 0
    for end in [*np.flatnonzero(~has_ink).tolist(), len(has_ink)]:
        if end > start:
            strokes.append(points[start : end + 1])
        start = end + 1
    return strokes
