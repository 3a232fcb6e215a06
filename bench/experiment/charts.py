"""Pictures as SVG text, readable on light and on dark pages: rates over rounds with their intervals, and drawings."""

import base64
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from itertools import pairwise
from math import ceil, log10

import numpy as np
from PIL import Image

WIDTH, HEIGHT = 790, 400
LEFT, RIGHT, TOP, BOTTOM = 64, 240, 64, 44
BLACK, GREY, GRID_LINE, BACKGROUND = "#1b1f24", "#5a626c", "#d8d5ce", "#fbfaf7"
COLOURS = ("#0b6e69", "#8a5a00", "#5a626c", "#3d4fb8", "#b3261e")
DASHES = ("", "7 4", "2 4", "10 3 2 3", "4 2")
"""Lines differ in their dashes and their names as well as in their colours."""
NAME_SPACING = 16
"""Least distance of two lines' names, in pixels."""
DRAWINGS_IN_A_ROW, DRAWING_SIZE = 14, 48
"""Of a sheet of drawings; the size of each in pixels."""


@dataclass(frozen=True)
class Point:
    """A rate after a round, 0 to 1, and its interval."""

    round: int
    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Line:
    name: str
    points: Sequence[Point]
    style: int | None = None
    """Which colour and dashes, so that a line looks the same in two charts; None for its place among the lines."""


@dataclass(frozen=True)
class _Axes:
    """From rounds and rates to pixels."""

    first: int
    last: int
    ticks: Sequence[float]
    """Rates from the lowest to the highest shown."""
    stretch: Callable[[float], float]
    """Rate to any scale on which equal steps are equal lengths."""

    def x(self, number: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * (number - self.first) / (self.last - self.first)

    def y(self, rate: float) -> float:
        """Rates beyond the ticks lie on the border."""
        low, high = self.stretch(self.ticks[0]), self.stretch(self.ticks[-1])
        stretched = self.stretch(min(max(rate, self.ticks[0]), self.ticks[-1]))
        return TOP + (HEIGHT - TOP - BOTTOM) * (high - stretched) / (high - low)


def line_chart(
    title: str, lines: Sequence[Line], *, subtitle: str = "", across: str = "round", logarithmic: bool = False
) -> str:
    """An SVG picture: rounds across, percent up, each line with its band and its name at its end.

    Args:
        subtitle: a second line below the title: which seeds, and what the bands are.
        logarithmic: equal factors are equal heights, for rates that shrink to small parts of what they were; else the
            axis begins at 0.
    """
    drawn = [line for line in lines if line.points]
    axes = _axes(drawn, logarithmic=logarithmic)
    parts = [*_frame(title, subtitle, height=HEIGHT), *_drawn_axes(axes, across)]
    name_heights = _spread([axes.y(line.points[-1].value) for line in drawn])
    for number, (line, name_y) in enumerate(zip(drawn, name_heights, strict=True)):
        style = number if line.style is None else line.style
        colour = COLOURS[style % len(COLOURS)]
        parts += _drawn_line(line, axes, across, colour, DASHES[style % len(DASHES)])
        parts.append(_text(WIDTH - RIGHT + 10, name_y + 4, line.name, anchor="start", colour=colour))
    return "\n".join([*parts, "</svg>\n"])


def stacked(pictures: Sequence[str]) -> str:
    """Several pictures of `line_chart` below each other, as one."""
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT * len(pictures)}" role="img" '
        'font-family="system-ui, sans-serif" font-size="13">'
    ]
    for number, picture in enumerate(pictures):
        parts.append(picture.replace("<svg ", f'<svg y="{HEIGHT * number}" width="{WIDTH}" height="{HEIGHT}" ', 1))
    return "\n".join([*parts, "</svg>\n"])


def sheet(title: str, drawings: Sequence[tuple[np.ndarray, str]], *, subtitle: str = "") -> str:
    """An SVG picture of drawings, each with a caption below it.

    Args:
        drawings: uint8 [28, 28], bright ink on black, which is shown as dark ink on paper; and the caption.
    """
    cell, rows = (WIDTH - 32) / DRAWINGS_IN_A_ROW, ceil(len(drawings) / DRAWINGS_IN_A_ROW)
    tall = DRAWING_SIZE + 22
    parts = _frame(title, subtitle, height=TOP + rows * tall + 8)
    for number, (image, caption) in enumerate(drawings):
        x, y = 16 + number % DRAWINGS_IN_A_ROW * cell, TOP + number // DRAWINGS_IN_A_ROW * tall
        Image.fromarray(255 - image).save(png := io.BytesIO(), format="PNG")
        parts.append(
            f'<image x="{x:.1f}" y="{y}" width="{DRAWING_SIZE}" height="{DRAWING_SIZE}" '
            f'href="data:image/png;base64,{base64.b64encode(png.getvalue()).decode()}"/>'
        )
        parts.append(_text(x + DRAWING_SIZE / 2, y + DRAWING_SIZE + 13, caption))
    return "\n".join([*parts, "</svg>\n"])


def _frame(title: str, subtitle: str, *, height: float) -> list[str]:
    """How every picture begins."""
    return [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:g}" role="img" '
        f'font-family="system-ui, sans-serif" font-size="13"><title>{escape(title)}</title>',
        f'<rect width="{WIDTH}" height="{height:g}" fill="{BACKGROUND}"/>',
        f'<text x="16" y="26" font-size="15" font-weight="600" fill="{BLACK}">{escape(title)}</text>',
        _text(16, 45, subtitle, anchor="start"),
    ]


def _axes(lines: Sequence[Line], *, logarithmic: bool) -> _Axes:
    points = [point for line in lines for point in line.points]
    first = min(point.round for point in points)
    last = max(max(point.round for point in points), first + 1)
    highest = max(min(p.high, 1.5 * max(q.value for q in line.points)) for line in lines for p in line.points)
    if not logarithmic:
        top = _nice(highest)
        return _Axes(first, last, [round(top * part / 5, 6) for part in range(6)], lambda rate: rate)
    # A band that reaches down to 0 has no end on such an axis: it is cut off at half the rate.
    lowest = min((max(point.low, point.value / 2) for point in points if point.value), default=0.001)
    steps = [step * 10.0**power for power in range(-5, 1) for step in (1, 2, 5)]
    below, above = max(s for s in steps if s <= lowest), min((s for s in steps if s >= highest), default=1.0)
    return _Axes(first, last, [s for s in steps if below <= s <= max(above, 2 * below)], log10)


def _drawn_axes(axes: _Axes, across: str) -> list[str]:
    parts = []
    for tick in axes.ticks:
        parts.append(f'<path d="M{LEFT} {axes.y(tick):.1f}H{WIDTH - RIGHT}" stroke="{GRID_LINE}"/>')
        parts.append(_text(LEFT - 8, axes.y(tick) + 4, f"{100 * tick:g} %", anchor="end"))
    numbers = range(axes.first, axes.last + 1, max(1, ceil((axes.last - axes.first) / 10)))
    parts += [_text(axes.x(number), HEIGHT - BOTTOM + 20, str(number)) for number in numbers]
    return [*parts, _text(LEFT + (WIDTH - LEFT - RIGHT) / 2, HEIGHT - 6, across)]


def _drawn_line(line: Line, axes: _Axes, across: str, colour: str, dash: str) -> list[str]:
    upper = [f"{axes.x(p.round):.1f},{axes.y(p.high):.1f}" for p in line.points]
    lower = [f"{axes.x(p.round):.1f},{axes.y(p.low):.1f}" for p in reversed(line.points)]
    middle = " ".join(f"{axes.x(p.round):.1f},{axes.y(p.value):.1f}" for p in line.points)
    parts = [
        f'<polygon points="{" ".join(upper + lower)}" fill="{colour}" opacity="0.14"/>',
        f'<polyline points="{middle}" fill="none" stroke="{colour}" stroke-width="2" stroke-dasharray="{dash}"/>',
    ]
    for p in line.points:
        shown = f"{line.name}, {across} {p.round}: {100 * p.value:.2f} % [{100 * p.low:.2f}, {100 * p.high:.2f}]"
        parts.append(
            f'<circle cx="{axes.x(p.round):.1f}" cy="{axes.y(p.value):.1f}" r="2.5" fill="{colour}">'
            f"<title>{escape(shown)}</title></circle>"
        )
    return parts


def _text(x: float, y: float, text: str, *, anchor: str = "middle", colour: str = GREY) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{colour}">{escape(text)}</text>'


def _nice(value: float) -> float:
    """The smallest of 1, 1.5, 2, 2.5, 4, 5 or 10 times a power of ten that is at least `value`."""
    power = 10 ** int(log10(value) // 1) if value > 0 else 0.01
    return next(step * power for step in (1, 1.5, 2, 2.5, 4, 5, 10) if step * power >= value - 1e-12)


def _spread(heights: Sequence[float]) -> list[float]:
    """The same heights, pushed down where two names would lie on each other; in the order given."""
    spread = list(heights)
    order = sorted(range(len(spread)), key=spread.__getitem__)
    for above, below in pairwise(order):
        spread[below] = max(spread[below], spread[above] + NAME_SPACING)
    return spread
