"""Markdown: prose in lines, tables, and numbers as the results page shows them."""

import re
import textwrap
from collections.abc import Iterable, Sequence

from stats.rates import Rate


def wrapped(paragraph: str) -> str:
    """Prose in lines of at most 120; tables, pictures, headings and comments as they are."""
    if paragraph.startswith(("|", "!", "#", "<")):
        return paragraph
    items = re.split(r"\n(?=- )", paragraph)
    return "\n".join(
        textwrap.fill(
            " ".join(item.split()),
            width=120,
            subsequent_indent="  " if item.startswith("- ") else "",
            break_long_words=False,
            break_on_hyphens=False,
        )
        for item in items
    )


def table(heads: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Numbers to the right, the first column to the left."""
    lines = [f"| {' | '.join(heads)} |", "|---" + "|---:" * (len(heads) - 1) + "|"]
    return "\n".join([*lines, *(f"| {' | '.join(map(str, row))} |" for row in rows)])


def plain(rate: Rate) -> str:
    """A rate in tenths of a percent, below one percent in hundredths, with its interval and its counts."""
    if rate.value is None:
        return "none"
    digits = 2 if rate.value < 0.01 else 1
    interval = rate.interval
    between = f" [{100 * interval[0]:.{digits}f}, {100 * interval[1]:.{digits}f}]" if interval else ""
    return f"{100 * rate.value:.{digits}f} %{between} {rate.numerator:,}/{rate.denominator:,}"


def listed(values: Sequence[object]) -> str:
    return ", ".join(map(str, values))


def runs(values: Sequence[int]) -> str:
    """Numbers in order, those in a row as `from to to`."""
    starts = [value for value in values if value - 1 not in values]
    ends = [value for value in values if value + 1 not in values]
    return ", ".join(str(a) if a == b else f"{a} to {b}" for a, b in zip(starts, ends, strict=True))
