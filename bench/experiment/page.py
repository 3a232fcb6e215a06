"""`docs/results.md`: its prose is written by hand, its tables, charts and CSV files are made from the played rounds."""

from collections.abc import Sequence
from pathlib import Path

from bench.experiment.after_rounds import measure_after_rounds
from bench.experiment.figures import figures, still_misread_sheet
from bench.experiment.results import NoResults, Results, read_csv, read_played, write_csv
from bench.experiment.run import Experiment
from bench.experiment.tables import TABLES
from bench.markers import MissingMarkers, put_table
from models_zoo.files import write_bytes

PICTURES = "images/results"


def store_counts(folder: Path, experiments: Sequence[Experiment]) -> list[str]:
    """Everything that was played, as CSV files in a folder, and the drawings that are still misread.

    Returns:
        What is left out, as `Results.finished` says.

    Raises:
        NoResults: no round of the dynamic arm is finished, which everything is compared to.
    """
    results, left_out = read_played(experiments[0].folder).finished()
    if not results.rounds("dynamic"):
        raise NoResults("Every table compares with the dynamic arm, so run --arms dynamic as well.")
    results = results.shared("dynamic")
    misread = measure_after_rounds(
        [experiment for experiment in experiments if experiment.seed in results.seeds], results
    )
    write_csv(folder, results)
    write_bytes(folder / PICTURES / "still-misread.svg", still_misread_sheet(misread).encode())
    return left_out


def write_page(page: Path) -> list[str]:
    """The page's tables and charts from the CSV files next to it.

    Returns:
        The tables that were left as they stand, since the CSV files lack the counts for them.

    Raises:
        NoResults: there are no CSV files.
        MissingMarkers: the page lacks the marking lines of a table.
    """
    results = read_csv(page.parent)
    tables = tables_of(results)
    text = page.read_text()
    for name, table in tables.items():
        text = put_table(text, marker(name), table)
    write_bytes(page, text.encode())
    for name, picture in figures(results).items():
        write_bytes(page.parent / PICTURES / f"{name}.svg", picture.encode())
    return [name for name in TABLES if name not in tables]


def tables_of(results: Results) -> dict[str, str]:
    """Those that there are counts for, by name."""
    return {name: table for name, make in TABLES.items() if (table := make(results))}


def check_places(page: Path) -> None:
    """Raises MissingMarkers unless the page has a place for every table: better now than after hours of training."""
    if not page.exists():
        raise MissingMarkers(f"{page} is missing: copy docs/results.md there, or name another --page.")
    for name in TABLES:
        put_table(page.read_text(), marker(name), "")


def marker(name: str) -> str:
    """The marking line above a table."""
    return f"<!-- table: {name}, made by python -m bench.rounds -->"
