"""A campaign in the terminal: a line for each finished round, a bar for the current one, and how to stop it."""

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from tqdm import tqdm

Json = dict[str, Any]

HEADINGS = ("round", "adversary", "tries", "fooled", "verified", "rejected", "fooled %", "verified %", "seconds")
WIDTHS = (5, 14, 7, 7, 9, 9, 9, 11, 8)


@contextmanager
def stop_signals_as_ctrl_c() -> Iterator[None]:
    """SIGTERM and SIGHUP raise KeyboardInterrupt, as Ctrl-C does, so that everything is cleaned up.

    A service manager sends SIGTERM; a terminal that is closed sends SIGHUP.
    """
    before = {number: signal.signal(number, signal.default_int_handler) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class ProgressTable:
    """`update` moves the bar, and adds a line when the round is done. Use it in a `with` block.

    Args:
        target: verified fooling examples at which the campaign closes a round.
        write: prints a line above the bar.
    """

    def __init__(self, target: int | None = None, write: Callable[[str], None] = tqdm.write) -> None:
        self.target, self.write = target, write
        self._number = 0
        self._started = 0.0

    def __enter__(self) -> "ProgressTable":
        self.bar = tqdm(total=1, dynamic_ncols=True, bar_format="{desc} {bar} {n_fmt}/{total_fmt} {postfix}")
        self.write(_line(HEADINGS))
        return self

    def __exit__(self, *error: object) -> None:
        self.bar.close()

    def update(self, round: Json) -> None:
        """`round` is as the API shows it."""
        if round["number"] != self._number:
            self._number, self._started = round["number"], time.monotonic()
        if round["status"] == "done":
            self.write(_line(_cells(round, time.monotonic() - self._started)))
        self._move_bar(round)

    def _move_bar(self, round: Json) -> None:
        verified = round["counts"]["verified"]
        needs = [criterion["need"] for criterion in round["criteria"] if criterion["unit"] == "examples"]
        needs += [self.target] if self.target else []
        self.bar.total = max(verified, int(min(needs, default=1)))
        self.bar.n = verified
        self.bar.set_description_str(f"round {round['number']}, {round['status']}", refresh=False)
        self.bar.set_postfix_str(_details(round), refresh=False)
        self.bar.refresh()


def _details(round: Json) -> str:
    """The epoch of a training, otherwise counts of examples."""
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
