"""What the loop does to a model: rounds of collection with a simulated crowd, against two control arms.

    python -m bench.rounds                            20 rounds, 200 verified examples each, the three main arms, seed 0
    python -m bench.rounds --seeds 0 1 2 --arms all   everything; hours on two cores
    python -m bench.rounds --page-only                write docs/results.md anew from what is there
    python -m bench.rounds --short                    three small rounds in about a minute; writes no page

Each round's result is kept under `--folder`; the same command goes on where it was stopped, at any instant.
"""

import argparse
import sys
from dataclasses import replace
from pathlib import Path

from bench.crowd import HandwritingError, load_handwriting
from bench.experiment.arms import ARMS, MAIN
from bench.experiment.page import write_page
from bench.experiment.run import Experiment, OtherSettings, Settings
from models_zoo.base_data import BaseDataError, ensure_mnist, load_mnist
from models_zoo.command import BASE_FOLDER
from models_zoo.config import FIRST
from models_zoo.train import TrainingFailed

SHORT = Settings(
    rounds=3,
    per_round=60,
    annotators=20,
    first=replace(FIRST, epochs=2, base_replay=10_000),
    changes={"base_replay": 5_000},
)
"""A weak first adversary, and little collected: enough to see the direction."""


def main(arguments: list[str] | None = None) -> None:
    given = _parser().parse_args(arguments)
    settings = Settings(rounds=given.rounds, per_round=given.per_round, annotators=given.annotators)
    if given.short:
        settings = SHORT
    settings = replace(settings, threads=given.threads)
    try:
        experiments = prepare(given.folder / "short" if given.short else given.folder, settings, given.seeds)
        for experiment in [] if given.page_only else experiments:
            for arm in list(ARMS) if given.arms == ["all"] else given.arms:
                experiment.run(arm)
        if not given.short:
            write_page(given.page, prepare(given.folder, settings, seeds_in(given.folder)))
            print(f"{given.page} has the results.")
    except (BaseDataError, HandwritingError, OtherSettings, TrainingFailed) as error:
        sys.exit(str(error))


def prepare(folder: Path, settings: Settings, seeds: list[int]) -> list[Experiment]:
    """An experiment for each seed, with everything that it reads fetched."""
    ensure_mnist(BASE_FOLDER, progress=print)
    base, handwriting = load_mnist(BASE_FOLDER), load_handwriting()
    return [Experiment(folder, settings, seed, base, handwriting, _say) for seed in seeds]


def seeds_in(folder: Path) -> list[int]:
    """The seeds that a folder has a first adversary of: the page is about all of them."""
    found = sorted(
        int(path.parent.parent.name.removeprefix("seed-")) for path in folder.glob("seed-*/first/result.json")
    )
    if not found:
        raise OtherSettings(f"{folder} has no results yet: run without --page-only first.")
    return found


def _say(sentence: str) -> None:
    print(sentence, flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m bench.rounds", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    defaults, arms = Settings(), f"all, or {', '.join(ARMS)}"
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--rounds", type=int, default=defaults.rounds, help="(%(default)s)")
    parser.add_argument("--per-round", type=int, default=defaults.per_round, help="verified examples (%(default)s)")
    parser.add_argument("--annotators", type=int, default=defaults.annotators, help="(%(default)s)")
    parser.add_argument("--arms", nargs="+", default=list(MAIN), choices=[*ARMS, "all"], metavar="ARM", help=arms)
    parser.add_argument("--threads", type=int, default=0, help="CPU threads of a training; 0 for all")
    parser.add_argument("--folder", type=Path, default=BASE_FOLDER.parent / "rounds", help="(%(default)s)")
    parser.add_argument("--page", type=Path, default=Path("docs/results.md"), help="(%(default)s)")
    parser.add_argument("--page-only", action="store_true", help="train nothing, write the page from what is there")
    parser.add_argument("--short", action="store_true", help="three small rounds, no page")
    return parser


if __name__ == "__main__":
    main()
