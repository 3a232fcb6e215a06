"""Line charts as SVG text: rates over rounds with their intervals, readable on light and on dark pages."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from itertools import pairwise
from math import ceil, log10

WIDTH, HEIGHT = 790, 380
LEFT, RIGHT, TOP, BOTTOM = 64, 240, 44, 44
INK, PENCIL, RULE, PAPER = "#1b1f24", "#5a626c", "#d8d5ce", "#fbfaf7"
COLOURS = ("#0b6e69", "#8a5a00", "#5a626c", "#2b6e2f", "#b3261e")
DASHES = ("", "7 4", "2 4", "10 3 2 3", "4 2")
"""A line is told by its dashes and its name as well as by its colour."""
BETWEEN_NAMES = 16


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


def line_chart(title: str, lines: Sequence[Line], *, across: str = "round") -> str:
    """An SVG picture: rounds across, percent up from 0, each line with its band and its name at its end."""
    drawn = [line for line in lines if line.points]
    top = _nice(
        max(min(point.high, 1.5 * max(p.value for p in line.points)) for line in drawn for point in line.points)
    )
    first = min(point.round for line in drawn for point in line.points)
    last = max(max(point.round for line in drawn for point in line.points), first + 1)

    def x(round_number: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * (round_number - first) / (last - first)

    def y(value: float) -> float:
        return TOP + (HEIGHT - TOP - BOTTOM) * (1 - min(value, top) / top)

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        f'font-family="system-ui, sans-serif" font-size="13"><title>{escape(title)}</title>',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="{PAPER}"/>',
        f'<text x="16" y="26" font-size="15" font-weight="600" fill="{INK}">{escape(title)}</text>',
    ]
    for tick in _ticks(top):
        parts.append(f'<path d="M{LEFT} {y(tick):.1f}H{WIDTH - RIGHT}" stroke="{RULE}"/>')
        parts.append(_text(LEFT - 8, y(tick) + 4, f"{100 * tick:g} %", anchor="end"))
    numbers = range(first, last + 1, max(1, ceil((last - first) / 10)))
    parts += [_text(x(number), HEIGHT - BOTTOM + 20, str(number)) for number in numbers]
    parts.append(_text(LEFT + (WIDTH - LEFT - RIGHT) / 2, HEIGHT - 6, across))
    name_places = _apart([y(line.points[-1].value) for line in drawn])
    for number, (line, name_y) in enumerate(zip(drawn, name_places, strict=True)):
        colour, dash = COLOURS[number % len(COLOURS)], DASHES[number % len(DASHES)]
        upper = [f"{x(p.round):.1f},{y(p.high):.1f}" for p in line.points]
        lower = [f"{x(p.round):.1f},{y(p.low):.1f}" for p in reversed(line.points)]
        middle = " ".join(f"{x(p.round):.1f},{y(p.value):.1f}" for p in line.points)
        parts.append(f'<polygon points="{" ".join(upper + lower)}" fill="{colour}" opacity="0.14"/>')
        parts.append(
            f'<polyline points="{middle}" fill="none" stroke="{colour}" stroke-width="2" stroke-dasharray="{dash}"/>'
        )
        for p in line.points:
            shown = f"{line.name}, {across} {p.round}: {100 * p.value:.2f} % [{100 * p.low:.2f}, {100 * p.high:.2f}]"
            parts.append(
                f'<circle cx="{x(p.round):.1f}" cy="{y(p.value):.1f}" r="2.5" fill="{colour}">'
                f"<title>{escape(shown)}</title></circle>"
            )
        parts.append(_text(WIDTH - RIGHT + 10, name_y + 4, line.name, anchor="start", colour=colour))
    return "\n".join([*parts, "</svg>\n"])


def _text(x: float, y: float, text: str, *, anchor: str = "middle", colour: str = PENCIL) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{colour}">{escape(text)}</text>'


def _nice(value: float) -> float:
    """The next of 1, 2, 2.5, 4, 5 or 10 times a power of ten."""
    power = 10 ** int(log10(value) // 1) if value > 0 else 0.01
    return next(step * power for step in (1, 2, 2.5, 4, 5, 10) if step * power >= value - 1e-12)


def _ticks(top: float) -> list[float]:
    return [round(top * part / 5, 6) for part in range(6)]


def _apart(places: Sequence[float]) -> list[float]:
    """The same heights, pushed down where two names would lie on each other; in the order given."""
    found = list(places)
    order = sorted(range(len(found)), key=found.__getitem__)
    for above, below in pairwise(order):
        found[below] = max(found[below], found[above] + BETWEEN_NAMES)
    return found
