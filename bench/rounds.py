"""What rounds of adversarial collection do to a model: a simulated crowd, and two control arms to compare with.

    python -m bench.rounds                            20 rounds, 200 verified examples each, the three main arms, seed 0
    python -m bench.rounds --seeds 0 1 2 --arms all   everything; hours on two cores
    python -m bench.rounds --page-only                tables and charts of docs/results.md from its CSV files
    python -m bench.rounds --short                    three small rounds in about a minute; writes no page

Each round's result is stored in `--folder`; the same command resumes where it was stopped, at any instant. The page is
about everything in the folder, so name another `--page` for a folder of trials. Its prose is written by hand: only what
stands between the marking lines of a table is replaced.
"""

import argparse
import sys
from dataclasses import replace
from pathlib import Path

from models_zoo.process import prepare_process

if __name__ == "__main__":
    prepare_process()  # before the imports below load torch

import numpy as np

from bench.experiment import numbers
from bench.experiment.arms import ARMS, MAIN
from bench.experiment.page import check_places, store_counts, write_page
from bench.experiment.results import TOTALS, NoResults, Results, read_played, seeds_played
from bench.experiment.run import Experiment, NothingCollected, OtherSettings, Settings
from bench.markers import MissingMarkers
from crowd import CrowdError, HandwritingError, load_handwriting
from models_zoo.cli import BASE_FOLDER
from models_zoo.data.base_data import BaseDataError
from models_zoo.data.base_sets import base_set
from models_zoo.files import read_json
from models_zoo.training.config import FIRST
from models_zoo.training.progress import TrainingFailed

SHORT = Settings(
    rounds=3,
    per_round=60,
    annotators=20,
    first=replace(FIRST, epochs=2, base_replay=10_000),
    changes={"base_replay": 5_000},
)
"""A weak first adversary, and little collected: enough to see the direction."""
MINIMUM = {"rounds": 1, "per_round": 1, "annotators": 10, "seeds": 0, "threads": 0}
"""A tenth of the annotators is dev and another one test, so with fewer than ten there is little to train on."""
REFUSALS = (
    BaseDataError, CrowdError, HandwritingError, MissingMarkers, NoResults, NothingCollected, OtherSettings,
    TrainingFailed,
)  # fmt: skip


def main(arguments: list[str] | None = None) -> None:
    options = _options(arguments)
    try:
        if options.short:
            play(options, options.folder / "short", replace(SHORT, threads=options.threads))
            print(summary(options.folder / "short", options.seeds))
        else:
            play_and_write_page(options)
    except KeyboardInterrupt:
        sys.exit("Stopped; the same command goes on from there.")
    except REFUSALS as error:
        sys.exit(str(error))
    except OSError as error:
        sys.exit(f"Nothing more can be stored in {options.folder} or {options.page} ({error}): mend that, then go on.")


def play(options: argparse.Namespace, folder: Path, settings: Settings) -> None:
    """All rounds that are not stored yet."""
    for experiment in prepare_experiments(folder, settings, options.seeds):
        for arm in list(ARMS) if "all" in options.arms else options.arms:
            experiment.run(arm)


def play_and_write_page(options: argparse.Namespace) -> None:
    """Play what is not stored yet, then write the page's tables and charts."""
    check_places(options.page)
    if not options.page_only:
        settings = Settings(options.rounds, options.per_round, options.annotators, FIRST, threads=options.threads)
        play(options, options.folder, settings)
        # With the folder's own settings and seeds: the page is about everything that was played there.
        stored = Settings.from_json(read_json(options.folder / "settings.json"))
        experiments = prepare_experiments(options.folder, stored, seeds_played(options.folder))
        for left_out in store_counts(options.page.parent, experiments):
            print(f"Left out: {left_out}.")
    unchanged = write_page(options.page)
    print(f"{options.page} has the tables.")
    if unchanged:
        print(f"Unchanged, because {TOTALS} lacks the counts for them: {', '.join(unchanged)}.")


def prepare_experiments(folder: Path, settings: Settings, seeds: list[int]) -> list[Experiment]:
    """An experiment for each seed, with all data that it reads fetched."""
    base, handwriting = base_set("mnist").fetch(BASE_FOLDER, progress=print), load_handwriting()
    return [Experiment(folder, settings, seed, base, handwriting, _log) for seed in seeds]


def summary(folder: Path, seeds: list[int]) -> str:
    """Errors on held-out writers before and after the rounds of the dynamic arm, in a line."""
    results = Results({seed: arms for seed, arms in read_played(folder).seeds.items() if seed in seeds})
    if not (last := results.rounds("dynamic")):
        return "No round of the dynamic arm was played."
    before, after = (numbers.held_out_errors(results.of("dynamic", number)) for number in (0, last))
    change = numbers.fewer_errors(results, ("dynamic", last), ("dynamic", 0))
    return f"Errors on held-out writers: {before} at the start, {after} after round {last}: {change}."


def _log(line: str) -> None:
    print(line, flush=True)


def _options(arguments: list[str] | None) -> argparse.Namespace:
    """The command line's options, checked to go together."""
    parser = _parser()
    options = parser.parse_args(arguments)
    own = ("rounds", "per_round", "annotators", "page_only")
    if options.short and any(getattr(options, name) != parser.get_default(name) for name in own):
        parser.error("--short has a size of its own and no page: leave the other options out, or leave out --short")
    for name, least in MINIMUM.items():
        if np.min(getattr(options, name)) < least:
            parser.error(f"--{name.replace('_', '-')} must be {least} or more")
    return options


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m bench.rounds", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    defaults, arms = Settings(), f"all, or {', '.join(ARMS)}"
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--rounds", type=int, default=defaults.rounds, help="(%(default)s)")
    parser.add_argument("--per-round", type=int, default=defaults.per_round, help="verified examples (%(default)s)")
    parser.add_argument("--annotators", type=int, default=defaults.annotators, help="10 or more (%(default)s)")
    parser.add_argument("--arms", nargs="+", default=list(MAIN), choices=[*ARMS, "all"], metavar="ARM", help=arms)
    parser.add_argument("--threads", type=int, default=0, help="CPU threads of a training; 0 for all")
    parser.add_argument("--folder", type=Path, default=BASE_FOLDER.parent / "rounds", help="(%(default)s)")
    parser.add_argument("--page", type=Path, default=Path("docs/results.md"), help="(%(default)s)")
    parser.add_argument("--page-only", action="store_true", help="play nothing, write the page from its CSV files")
    parser.add_argument("--short", action="store_true", help="three small rounds of a size of their own, no page")
    return parser


if __name__ == "__main__":
    main()
