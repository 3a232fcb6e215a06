"""Selectors + statistics → what a page, the API and an export all show: plain JSON, described in `shapes`."""

from .accuracy import matrix
from .ranking import leaderboard
from .rounds import compute_round, round_report, task_report
from .shapes import Leaderboard, Matrix, RoundReport, TaskReport

__all__ = [
    "Leaderboard",
    "Matrix",
    "RoundReport",
    "TaskReport",
    "compute_round",
    "leaderboard",
    "matrix",
    "round_report",
    "task_report",
]
