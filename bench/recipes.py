"""All recipes trained on MNIST with the same budget, measured with all suites, in one table.

    python -m bench.recipes

stores each model in a folder of its own, goes on where it was stopped, and writes its tables into
`docs/adversaries.md`, between the two lines that mark their place.
"""

import argparse
import sys
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from models_zoo.process import prepare_process

if __name__ == "__main__":
    prepare_process()  # before the imports below load torch

from bench.markers import MissingMarkers, put_table
from models_zoo.cli import BASE_FOLDER
from models_zoo.data.base_data import BaseData, BaseDataError
from models_zoo.data.base_sets import base_set
from models_zoo.files import write_bytes
from models_zoo.limits import ConfigError
from models_zoo.robustness.attack_grid import DEFAULT_GRID
from models_zoo.robustness.suites import CHEAP, SUITES, evaluate
from models_zoo.robustness.table import EvaluationRow, read_rows
from models_zoo.training.augment import Augment
from models_zoo.training.config import Config
from models_zoo.training.fit import choose_device, fit
from models_zoo.training.model_card import ReferenceModel, record
from models_zoo.training.progress import Fitted, TrainingFailed, show_progress
from models_zoo.training.recipes import AdversarialRegularization, Fgsm, Pgd, Trades
from stats.rates import newcombe
from stats.scores import Score

MARKER = "<!-- made by python -m bench.recipes -->"
REFERENCE = "standard"

# The budget is 160,000 pictures each, and attacks take seven large steps instead of Madry's forty small ones: what two
# cores can do in minutes.
BUDGET = 160_000
PLAIN_CONFIG = Config(epochs=8, base_replay=BUDGET // 8, lr=0.1)
LINE_UP = {
    "standard, mnist_cnn": replace(PLAIN_CONFIG, architecture="mnist_cnn", lr=0.05),
    REFERENCE: PLAIN_CONFIG,
    "augment": replace(PLAIN_CONFIG, augment=Augment()),
    "fgsm": replace(PLAIN_CONFIG, recipe=Fgsm()),
    "pgd": replace(PLAIN_CONFIG, recipe=Pgd(steps=7, step_size=0.1)),
    "pgd, l2": replace(PLAIN_CONFIG, recipe=Pgd(norm="l2", epsilon=2.0, step_size=0.5, steps=7)),
    "trades": replace(PLAIN_CONFIG, recipe=Trades(steps=7, step_size=0.1)),
    "trades, augment": replace(PLAIN_CONFIG, recipe=Trades(steps=7, step_size=0.1), augment=Augment()),
    "adversarial_regularization": replace(PLAIN_CONFIG, recipe=AdversarialRegularization()),
}


@dataclass(frozen=True)
class TableColumn:
    """One figure of each model: all its accuracies under conditions with these fields, as one."""

    where: dict[str, Any]
    """Fields of a `Condition` and the values that they must have."""
    digits: int = 1
    """After the decimal point, in per cent."""
    has_interval: bool = True
    """Not where the same picture was shown in several rows: they are no independent trials."""

    def share(self, rows: list[EvaluationRow]) -> str:
        """In %, with its interval below it; under 5 pictures the counts alone."""
        score = self._score(rows)
        if score.interval is None:
            return f"{score.correct}/{score.n}"
        low, high = (f"{100 * end:.{self.digits}f}" for end in score.interval)
        return f"{100 * score.accuracy:.{self.digits}f}" + self._below(f"{low}-{high}")

    def gain(self, rows: list[EvaluationRow], reference: list[EvaluationRow]) -> str:
        """In points, with its interval below it; nothing under 5 pictures, whose counts are in the other table."""
        score, other = self._score(rows), self._score(reference)
        interval = newcombe(score.correct, score.n, other.correct, other.n)
        if interval is None:
            return ""
        low, high = (f"{100 * end:+.{self.digits}f}" for end in interval)
        return f"{100 * (score.accuracy - other.accuracy):+.{self.digits}f}" + self._below(f"{low} to {high}")

    def _score(self, rows: list[EvaluationRow]) -> Score:
        chosen = (row.score for row in rows if not row.is_cell and self.where.items() <= asdict(row.condition).items())
        return sum(chosen, Score(0, 0))

    def _below(self, interval: str) -> str:
        return f"<br><sub>{interval}</sub>" if self.has_interval else ""


PGD = {"suite": "pgd", "steps": DEFAULT_GRID.steps, "restarts": DEFAULT_GRID.restarts}
COLUMNS = {
    "clean": TableColumn({"suite": "base"}, digits=2),
    "corruptions": TableColumn({"suite": "corruption"}, has_interval=False),
    "FGSM 0.3": TableColumn({"suite": "fgsm", "norm": "linf", "epsilon": 0.3}),
    "PGD 0.1": TableColumn({**PGD, "norm": "linf", "epsilon": 0.1}),
    "PGD 0.2": TableColumn({**PGD, "norm": "linf", "epsilon": 0.2}),
    "PGD 0.3": TableColumn({**PGD, "norm": "linf", "epsilon": 0.3}),
    "PGD l2 2": TableColumn({**PGD, "norm": "l2", "epsilon": 2.0}),
    "shifted": TableColumn({"suite": "moved", "grid": "shifted"}),
    "turned": TableColumn({"suite": "moved", "grid": "turned"}),
    "both": TableColumn({"suite": "moved", "grid": "both"}),
}


def train_and_measure(
    folder: Path, config: Config, base: BaseData, *, at_most: int
) -> tuple[Fitted, list[EvaluationRow]]:
    """One model of `LINE_UP`: trained unless it was already, and measured unless it was on as many pictures."""
    fitted = fit(folder, config, base=base, on_progress=show_progress)
    rows = read_rows(folder)
    whole, few = len(base.test_labels), min(at_most, len(base.test_labels))
    wanted = {(suite, whole if suite in CHEAP else few) for suite in SUITES if suite != "confusion"}
    if not wanted <= {(row.condition.suite, row.n) for row in rows if not row.is_cell}:
        pictures = base.test_images, base.test_labels
        model = fitted.model.to(choose_device(config.device))
        rows = evaluate(model, fitted.weights_hash[:12], pictures, suites=SUITES, at_most=at_most)
    return fitted, rows


def tables(results: dict[str, tuple[Fitted, list[EvaluationRow]]]) -> str:
    """Markdown: everything in one table, and how each model differs from the plainly trained one."""
    reference = results[REFERENCE][1]
    n = {row.condition.suite: row.n for row in reference if not row.is_cell}
    kinds = {row.condition.corruption for row in reference} - {""}
    head = f"| recipe | {' | '.join(COLUMNS)} |"
    lines = [
        f"Accuracy in %, with Wilson's 95 % interval below it. Clean on all {n['base']:,} test digits, the rest on "
        f"{n['pgd']:,} of them, evenly spaced. `corruptions` is over all severities of {len(kinds)} kinds together, "
        "each on the same digits, so it has no interval; PGD has 40 steps and one random start; `shifted`, `turned` "
        "and `both` are the worst case per picture. CPU seconds are of the training, over all cores; every model saw "
        f"{BUDGET:,} pictures.",
        "",
        f"{head} calibration error | CPU seconds |",
        "|---" * (len(COLUMNS) + 3) + "|",
    ]
    for name, (fitted, rows) in results.items():
        shares = " | ".join(column.share(rows) for column in COLUMNS.values())
        error = next(row.calibration_error for row in rows if row.condition.suite == "calibration")
        seconds = sum(row["cpu_seconds"] for row in fitted.epochs)
        lines.append(f"| {name} | {shares} | {error:.4f} | {seconds:.0f} |")
    lines += [
        "",
        f"The same as points above or below `{REFERENCE}`, with Newcombe's 95 % interval below them; it takes the two "
        "for measured on different digits and so is rather too wide.",
        "",
        head,
        "|---" * (len(COLUMNS) + 1) + "|",
    ]
    for name, (_, rows) in results.items():
        if name != REFERENCE:
            gains = " | ".join(column.gain(rows, reference) for column in COLUMNS.values())
            lines.append(f"| {name} | {gains} |")
    return "\n".join(lines)


def reference_in(folder: Path) -> ReferenceModel | None:
    """The plainly trained model, to compare the others with; None when it is not there yet."""
    about = f"{PLAIN_CONFIG.architecture}, trained plainly on the same data with the same budget."
    rows = read_rows(folder / REFERENCE)
    return ReferenceModel("its plainly trained reference", about, rows) if rows else None


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        prog="python -m bench.recipes", description="Train and measure every recipe with the same budget."
    )
    parser.add_argument("--folder", type=Path, default=BASE_FOLDER.parent / "adversaries", help="(%(default)s)")
    parser.add_argument("--base", type=Path, default=BASE_FOLDER, help="where MNIST is or will be put (%(default)s)")
    parser.add_argument("--page", type=Path, default=Path("docs/adversaries.md"), help="(%(default)s)")
    parser.add_argument("--only", nargs="*", choices=LINE_UP, default=list(LINE_UP), help="train just these, no page")
    parser.add_argument("--at-most", type=int, default=1000, help="digits for each costly suite (%(default)s)")
    options = parser.parse_args(arguments)
    try:
        base, results = base_set("mnist").fetch(options.base, progress=print), {}
        for name in options.only:
            print(f"{name}:", flush=True)
            folder = options.folder / name.replace(", ", "-")
            results[name] = train_and_measure(folder, LINE_UP[name], base, at_most=options.at_most)
            record(folder, results[name][1], reference=None if name == REFERENCE else reference_in(options.folder))
        if set(results) == set(LINE_UP):
            write_bytes(options.page, put_table(options.page.read_text(), MARKER, tables(results)).encode())
            print(f"{options.page} has the tables.")
    except (BaseDataError, ConfigError, MissingMarkers, TrainingFailed) as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
