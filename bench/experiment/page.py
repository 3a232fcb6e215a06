"""`docs/results.md`: its prose is written by hand, its tables, charts and CSV files are made from the played rounds."""

from collections.abc import Sequence
from pathlib import Path

from bench.experiment.figures import figures, still_misread
from bench.experiment.readings import add_readings
from bench.experiment.results import NoResults, Results, read_csv, read_played, write_csv
from bench.experiment.run import Experiment
from bench.experiment.tables import TABLES
from models_zoo.files import write_bytes

PICTURES = "images/results"
END = "<!-- end -->"


class NoPlace(ValueError):
    """The page lacks the marking lines of a table."""


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
    misread = add_readings([experiment for experiment in experiments if experiment.seed in results.seeds], results)
    write_csv(folder, results)
    write_bytes(folder / PICTURES / "still-misread.svg", still_misread(misread).encode())
    return left_out


def write_page(page: Path) -> list[str]:
    """The page's tables and charts from the CSV files next to it.

    Returns:
        The tables that were left as they stand, since the CSV files lack the counts for them.

    Raises:
        NoResults: there are no CSV files.
        NoPlace: the page lacks the marking lines of a table.
    """
    results = read_csv(page.parent)
    tables = tables_of(results)
    text = page.read_text()
    for name, table in tables.items():
        text = put_table(text, name, table)
    write_bytes(page, text.encode())
    for name, picture in figures(results).items():
        write_bytes(page.parent / PICTURES / f"{name}.svg", picture.encode())
    return [name for name in TABLES if name not in tables]


def tables_of(results: Results) -> dict[str, str]:
    """Those that there are counts for, by name."""
    return {name: table for name, make in TABLES.items() if (table := make(results))}


def check_places(page: Path) -> None:
    """Raises NoPlace unless the page has a place for every table, so that nobody learns it hours later."""
    if not page.exists():
        raise NoPlace(f"{page} is missing: copy docs/results.md there, or name another --page.")
    for name in TABLES:
        put_table(page.read_text(), name, "")


def put_table(text: str, name: str, table: str) -> str:
    """The page's text with a table in its place.

    Raises:
        NoPlace: the marking lines of this table are missing.
    """
    begin = f"<!-- table: {name}, made by python -m bench.rounds -->"
    before, opened, rest = text.partition(begin)
    old, closed, after = rest.partition(END)
    if not opened or not closed or "<!-- table:" in old:
        raise NoPlace(f"The page has no place for the table {name}: it needs the lines {begin} and {END}.")
    return f"{before}{begin}\n\n{table}\n\n{END}{after}"


def table_in(text: str, name: str) -> str:
    """The table that stands in its place on a page."""
    return text.partition(f"<!-- table: {name},")[2].partition("-->")[2].partition(END)[0].strip()
