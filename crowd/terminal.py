"""A campaign in the terminal: a line for each round that was played, and a bar for the one in play."""

import time
from collections.abc import Callable
from typing import Any

from tqdm import tqdm

Json = dict[str, Any]

COLUMNS = ("round", "adversary", "tries", "fooled", "verified", "rejected", "fooled %", "verified %", "seconds")
WIDTHS = (5, 14, 7, 7, 9, 9, 9, 11, 8)


class RoundTable:
    """To be told of the round at every look: the bar moves, and at its end the round becomes a line."""

    def __init__(self, target: int | None = None, say: Callable[[str], None] = tqdm.write) -> None:
        self.target, self.say = target, say
        self._number = 0
        self._started = 0.0

    def __enter__(self) -> "RoundTable":
        self.bar = tqdm(total=1, dynamic_ncols=True, bar_format="{desc} {bar} {n_fmt}/{total_fmt} {postfix}")
        self.say(_line(COLUMNS))
        return self

    def __exit__(self, *error: object) -> None:
        self.bar.close()

    def show(self, round: Json) -> None:
        """`round` is as the API gives it."""
        if round["number"] != self._number:
            self._number, self._started = round["number"], time.monotonic()
        if round["status"] == "done":
            self.say(_line(_cells(round, time.monotonic() - self._started)))
        self._move_bar(round)

    def _move_bar(self, round: Json) -> None:
        counts = round["counts"]
        needs = [criterion["need"] for criterion in round["criteria"] if criterion["unit"] == "examples"]
        needs += [self.target] if self.target else []
        self.bar.total = max(counts["verified"], int(min(needs, default=1)))
        self.bar.n = counts["verified"]
        self.bar.set_description_str(f"round {round['number']}, {round['status']}", refresh=False)
        self.bar.set_postfix_str(_said(round), refresh=False)
        self.bar.refresh()


def _said(round: Json) -> str:
    """What else is worth knowing while one waits."""
    progress = (round["training"] or {}).get("progress") or {}
    if round["status"] == "training" and "epoch" in progress:
        return f"epoch {progress['epoch']}/{progress['epochs']}"
    counts = round["counts"]
    return f"{counts['fooled']} of {counts['attempts']} fooled, {round['waiting_for_validation']} to validate"


def _cells(round: Json, seconds: float) -> tuple[str, ...]:
    counts = round["counts"]
    return (
        str(round["number"]),
        round["adversary"]["name"],
        *(f"{counts[name]:,}" for name in ("attempts", "fooled", "verified", "rejected")),
        *(_percent(counts[name], counts["attempts"]) for name in ("fooled", "verified")),
        f"{seconds:.0f}",
    )


def _percent(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f}" if whole else "none"


def _line(cells: tuple[str, ...]) -> str:
    return " ".join(cell.rjust(width) for cell, width in zip(cells, WIDTHS, strict=True))
