"""Where the marks of a chart lie. Pure; the templates draw them as SVG, so that a chart is there without JavaScript."""

from dataclasses import dataclass, field
from math import ceil
from typing import Any

WIDTH, HEIGHT = 640, 260
LEFT, RIGHT, TOP, BOTTOM = 68, 16, 16, 36
#: Beside each other, so that the two intervals of a round don't hide each other.
ASIDE = 7
#: With more rounds than this, only their numbers fit under the axis.
ROOM_FOR_NAMES = 6


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
    """The points of each series, as an SVG polyline takes them."""


def rates_by_round(reports: list[dict[str, Any]]) -> Chart | None:
    """MER and vMER of each round, with their intervals; None before anything was tried.

    While fooling examples are pending, vMER is only a lower bound, which would look like a fall: it has no mark then.
    """
    drawn = [report for report in reports if report["mer"]["value"] is not None]
    if not drawn:
        return None
    top = _nice_top(max((report["mer"]["interval"] or [0, report["mer"]["value"]])[1] for report in drawn))
    xs = _spread(len(drawn), WIDTH)
    series: dict[str, list[Mark]] = {
        name: [
            _mark(report[name], x + aside, top, f"Round {report['number']}")
            for report, x in zip(drawn, xs, strict=True)
            if name == "mer" or not report["counts"]["pending"]
        ]
        for name, aside in (("mer", -ASIDE), ("vmer", ASIDE))
    }
    return Chart(
        width=WIDTH,
        height=HEIGHT,
        left=LEFT,
        right=WIDTH - RIGHT,
        base=HEIGHT - BOTTOM,
        ticks=[(_y(top * part / 4, top), f"{100 * top * part / 4:g} %") for part in range(5)],
        names=[(x, _round_name(report["number"], len(drawn))) for report, x in zip(drawn, xs, strict=True)],
        series=series,
        paths={name: " ".join(f"{mark.x:g},{mark.y:g}" for mark in marks) for name, marks in series.items()},
    )


def loss_curve(history: list[dict[str, Any]], epochs: int) -> Chart | None:
    """The mean training loss of each epoch so far, on an axis as long as the whole training; None before the first."""
    if not history:
        return None
    width, height = 420, 140
    top = max(entry["loss"] for entry in history) * 1.1 or 1.0
    xs = _spread(max(epochs, len(history)), width)
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
        paths={"loss": " ".join(f"{mark.x:g},{mark.y:g}" for mark in marks)},
    )


def heat_range(matrix: dict[str, Any]) -> float:
    """The accuracy that the palest cell stands for: the least one shown, and at most 90 %."""
    return min([cell["value"] for row in matrix["rows"] for cell in row["cells"] if cell] + [0.9])


def _round_name(number: int, of: int) -> str:
    return f"Round {number}" if of <= ROOM_FOR_NAMES else str(number)


def _mark(rate: dict[str, Any], x: float, top: float, where: str) -> Mark:
    low, high = rate["interval"] or (None, None)
    shown = f"{100 * rate['value']:.1f} % ({rate['numerator']:,}/{rate['denominator']:,})"
    return Mark(
        x=round(x, 1),
        y=_y(rate["value"], top),
        low=None if low is None else _y(low, top),
        high=None if high is None else _y(high, top),
        title=f"{where}: {shown}",
    )


def _y(value: float, top: float) -> float:
    return round(TOP + (1 - min(value / top, 1)) * (HEIGHT - TOP - BOTTOM), 1)


def _spread(n: int, width: int) -> list[float]:
    step = (width - LEFT - RIGHT) / n
    return [round(LEFT + (place + 0.5) * step, 1) for place in range(n)]


def _nice_top(highest: float) -> float:
    """The axis's end: the next of 2, 4, 8, 20, 40, 60, 80, 100 %."""
    for top in (0.02, 0.04, 0.08, 0.2, 0.4, 0.6, 0.8):
        if highest <= top:
            return top
    return min(1.0, ceil(highest * 10) / 10) if highest <= 1 else 1.0
