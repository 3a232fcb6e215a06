"""The coordinates of charts. Pure; the templates draw them as SVG, so that a chart is there without JavaScript."""

from dataclasses import dataclass, field
from typing import Any

from rounds.reports import Matrix, RoundReport
from stats.rates import RateJson

#: The size of the drawing, and the margins around the plot, in SVG units.
WIDTH, HEIGHT = 640, 260
LEFT, RIGHT, TOP, BOTTOM = 68, 16, 16, 36
#: MER is drawn this far left of its round's x and vMER this far right, so that their intervals don't overlap.
OFFSET = 7
#: With more rounds than this, only their numbers fit under the axis.
MOST_ROUNDS_WITH_NAMES = 6
#: The palest cell of the heat map stands for this accuracy, or for the lowest one shown if that is lower.
PALEST = 0.9


@dataclass(frozen=True)
class Mark:
    """A rate of one round at (x, y), and its interval from `low` to `high`, all in the chart's units."""

    x: float
    y: float
    low: float | None
    high: float | None
    title: str


@dataclass(frozen=True)
class Chart:
    width: int
    height: int
    left: int
    right: int
    base: float
    ticks: list[tuple[float, str]]
    """(y, text) of the horizontal lines."""
    names: list[tuple[float, str]]
    """(x, text) under the axis."""
    series: dict[str, list[Mark]] = field(default_factory=dict)
    paths: dict[str, str] = field(default_factory=dict)
    """The line through the marks of each series."""


def rates_by_round(reports: list[RoundReport]) -> Chart | None:
    """MER and vMER of each round, with their intervals; None before anything was tried.

    While fooling examples are pending, vMER is only a lower bound, which would look like a fall: it has no mark then.
    """
    shown = [report for report in reports if report["mer"]["value"] is not None]
    if not shown:
        return None
    top = _axis_end(max(_upper_bound(report["mer"]) for report in shown))
    xs = _evenly_spaced(len(shown), WIDTH)
    series: dict[str, list[Mark]] = {"mer": [], "vmer": []}
    for report, x in zip(shown, xs, strict=True):
        name = f"Round {report['number']}"
        series["mer"].append(_mark(report["mer"], x - OFFSET, top, name))
        if not report["counts"]["pending"]:
            series["vmer"].append(_mark(report["vmer"], x + OFFSET, top, name))
    return Chart(
        width=WIDTH,
        height=HEIGHT,
        left=LEFT,
        right=WIDTH - RIGHT,
        base=HEIGHT - BOTTOM,
        ticks=[(_y(top * part / 4, top), f"{100 * top * part / 4:g} %") for part in range(5)],
        names=[(x, _axis_name(report["number"], len(shown))) for report, x in zip(shown, xs, strict=True)],
        series=series,
        paths={name: _path(marks) for name, marks in series.items()},
    )


def loss_curve(history: list[dict[str, Any]], epochs: int) -> Chart | None:
    """The mean training loss of each epoch so far, on an axis as long as the whole training; None before the first."""
    if not history:
        return None
    width, height = 420, 140
    top = max(entry["loss"] for entry in history) * 1.1 or 1.0
    xs = _evenly_spaced(max(epochs, len(history)), width)
    marks = [
        Mark(
            xs[entry["epoch"] - 1],
            round(TOP + (1 - entry["loss"] / top) * (height - TOP - BOTTOM), 1),
            None,
            None,
            f"epoch {entry['epoch']}: {entry['loss']:.3f}",
        )
        for entry in history
    ]
    return Chart(
        width=width,
        height=height,
        left=LEFT,
        right=width - RIGHT,
        base=height - BOTTOM,
        ticks=[(TOP, f"{top:.2f}"), (height - BOTTOM, "0")],
        names=[(x, str(epoch)) for epoch, x in enumerate(xs, 1) if len(xs) <= 12 or epoch in (1, len(xs))],
        series={"loss": marks},
        paths={"loss": _path(marks)},
    )


def palest_accuracy(matrix: Matrix) -> float:
    """The accuracy that the palest cell of the heat map stands for, in 0…1."""
    shown = [cell["value"] for row in matrix["rows"] for cell in row["cells"] if cell]
    return min([PALEST, *(value for value in shown if value is not None)])


def _axis_name(number: int, rounds: int) -> str:
    return f"Round {number}" if rounds <= MOST_ROUNDS_WITH_NAMES else str(number)


def _upper_bound(rate: RateJson) -> float:
    return rate["interval"][1] if rate["interval"] else rate["value"] or 0.0


def _mark(rate: RateJson, x: float, top: float, name: str) -> Mark:
    value = rate["value"] or 0.0
    low, high = rate["interval"] or (None, None)
    return Mark(
        x=round(x, 1),
        y=_y(value, top),
        low=None if low is None else _y(low, top),
        high=None if high is None else _y(high, top),
        title=f"{name}: {100 * value:.1f} % ({rate['numerator']:,}/{rate['denominator']:,})",
    )


def _path(marks: list[Mark]) -> str:
    """The points, as an SVG polyline takes them."""
    return " ".join(f"{mark.x:g},{mark.y:g}" for mark in marks)


def _y(value: float, top: float) -> float:
    return round(TOP + (1 - min(value / top, 1)) * (HEIGHT - TOP - BOTTOM), 1)


def _evenly_spaced(n: int, width: int) -> list[float]:
    """The x of `n` marks, each in the middle of its part of the axis."""
    step = (width - LEFT - RIGHT) / n
    return [round(LEFT + (index + 0.5) * step, 1) for index in range(n)]


def _axis_end(highest: float) -> float:
    """The first of these shares that is not below `highest`."""
    return next((top for top in (0.02, 0.04, 0.08, 0.2, 0.4, 0.6, 0.8, 0.9) if highest <= top), 1.0)
